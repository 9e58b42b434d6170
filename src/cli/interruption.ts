/** Ctrl-C, as something that work can finish before it ends. */
import { setTimeout as delay } from "node:timers/promises";

/** How long a signal can take to arrive, in milliseconds. */
const NEWS_TRAVELS = 10;

/** The work was stopped by a signal. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly by: NodeJS.Signals;

  constructor(by: NodeJS.Signals) {
    super(`Interrupted by ${by}.`);
    this.by = by;
  }
}

/**
 * Does work that stops where it can when a signal asks for it; whatever it came to then, it was interrupted. A second signal
 * ends the process on the spot, unless the work is `vital`: half of it leaves a file that nobody can open. Ctrl-C also ends a program whose
 * output is read, if the work is `fed` by one: that it has no more to say may be known sooner than why.
 */
export async function interruptible<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
  { vital = false, fed = false }: { readonly vital?: boolean; readonly fed?: boolean } = {},
): Promise<Result> {
  const controller = new AbortController();
  const { signal } = controller;
  const stop = (by: NodeJS.Signals): void => {
    controller.abort(new Interrupted(by));
    if (!vital) forget();
  };
  const forget = (): void => {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  try {
    return await work(signal);
  } finally {
    if (fed) await delay(NEWS_TRAVELS);
    forget();
    signal.throwIfAborted();
  }
}
