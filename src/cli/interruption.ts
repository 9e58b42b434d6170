/** Ctrl-C and SIGTERM: work stops at a safe point. */
import { setTimeout as delay } from "node:timers/promises";

/** How long a signal can take to arrive, in milliseconds. */
const SIGNAL_DELAY = 10;

/** A signal stopped the work. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly by: NodeJS.Signals;

  constructor(by: NodeJS.Signals) {
    super(`Interrupted by ${by}.`);
    this.by = by;
  }
}

/**
 * Does work that stops at a safe point when a signal aborts it, and then rejects with {@link Interrupted}, even if the work succeeded.
 * A second signal ends the process at once, unless the work is `vital`: stopped half-way, it would leave an unreadable file. `fed`: the
 * work reads another program's output. Ctrl-C ends that program too, and the end of its output may arrive before our own signal.
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
    if (fed) await delay(SIGNAL_DELAY);
    forget();
    signal.throwIfAborted();
  }
}
