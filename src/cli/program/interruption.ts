/** Ctrl-C, SIGTERM and a terminal that is closed: work stops at a safe point. */
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
 * The signals that stop the work. Windows has SIGBREAK for Ctrl-Break, and SIGHUP for a window that is closed, which leaves 10 seconds. Elsewhere
 * `nohup` asks to ignore SIGHUP, and leaves no terminal.
 */
function signalsHere(): readonly NodeJS.Signals[] {
  if (process.platform === "win32") return ["SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"];
  // Imported above, it would make each start longer.
  const { isatty } = process.getBuiltinModule("node:tty");
  return [0, 1, 2].some((descriptor) => isatty(descriptor)) ? ["SIGINT", "SIGTERM", "SIGHUP"] : ["SIGINT", "SIGTERM"];
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
  const signals = signalsHere();
  const controller = new AbortController();
  const { signal } = controller;
  const stop = (by: NodeJS.Signals): void => {
    controller.abort(new Interrupted(by));
    if (!vital) forget();
  };
  const forget = (): void => {
    for (const signal of signals) process.off(signal, stop);
  };
  for (const signal of signals) process.on(signal, stop);
  try {
    return await work(signal);
  } finally {
    if (fed) await delay(SIGNAL_DELAY);
    forget();
    signal.throwIfAborted();
  }
}
