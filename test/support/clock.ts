/** The clock by which a writer knows when to see again whether another program wrote to its file. */
import { onTestFinished, vi } from "vitest";

/** Until the test ends it is always time. */
export function rushClock(): void {
  let now = Date.now();
  replaceClock(() => {
    now += 1000;
    return now;
  });
}

/** Until the test ends it is never time, but for the first append. */
export function stopClock(): void {
  const now = Date.now();
  replaceClock(() => now);
}

/** Until the test ends the clock is set back with every look at it. */
export function reverseClock(): void {
  let now = Date.now();
  replaceClock(() => {
    now -= 10_000;
    return now;
  });
}

function replaceClock(now: () => number): void {
  const spy = vi.spyOn(Date, "now").mockImplementation(now);
  onTestFinished(() => spy.mockRestore());
}
