/** A source for trying things out, and for tests: each row follows from its number and the rate alone. */
import type { Batch, Source } from "./source.ts";

/** Milliseconds between batches. */
const INTERVAL = 50;

/** The most rows of a batch: a page that slept catches up in steps. */
const MOST = 2 ** 17;

/** Rows `first` to `first + rows`: the row's number, a sine of one period a second, and a triangle of one period in three seconds. */
export function syntheticBatch(first: number, rows: number, rate: number): Batch {
  const row = BigInt64Array.from({ length: rows }, (_, i) => BigInt(first + i));
  // Within its period a row's place is exact, however many rows came before it.
  const place = (i: number, period: number): number => ((first + i) % period) / period;
  const sine = Float32Array.from({ length: rows }, (_, i) => Math.sin(2 * Math.PI * place(i, rate)));
  const triangle = Float32Array.from({ length: rows }, (_, i) => 2 * Math.abs(place(i, 3 * rate) - 0.5) - 0.5);
  return { rows, input: { row, sine, triangle }, lines: [sine, triangle] };
}

export function synthetic(rate: number): Source {
  let timer: ReturnType<typeof setInterval> | undefined;
  let tick = async (): Promise<void> => {};
  return {
    kind: "synthetic",
    dtype: [
      ["row", "<i8"],
      ["sine", "<f4"],
      ["triangle", "<f4"],
    ],
    rate,
    lineNames: ["sine", "triangle"],
    start(first, take) {
      const begun = performance.now();
      let next = first;
      let isStoring = false;
      tick = async () => {
        const due = first + Math.floor(((performance.now() - begun) / 1000) * rate);
        const rows = Math.min(MOST, due - next);
        if (isStoring || rows <= 0) return;
        isStoring = true;
        const batch = syntheticBatch(next, rows, rate);
        next += rows;
        await take(batch);
        isStoring = false;
      };
      timer = setInterval(() => void tick(), INTERVAL);
    },
    async stop() {
      clearInterval(timer);
      await tick();
    },
  };
}
