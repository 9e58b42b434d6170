/**
 * Lets worker threads load koffi. Node ends the whole process if a worker is terminated while it loads koffi: native code cannot be
 * interrupted there. So the threads that might terminate the worker, its ancestors, hold still meanwhile, for a few milliseconds.
 */
import * as workers from "node:worker_threads";

/** Whether this is Node itself, not Bun or Deno. */
export const IS_NODE: boolean = !("bun" in process.versions || "deno" in process.versions);

/** The message to an ancestor, which sets the word to `HELD` and waits until it is `DONE`. Other listeners for messages between threads see it as well. */
interface HoldRequest {
  readonly npyAppendArrayHold: Int32Array<SharedArrayBuffer>;
}

const WANTED = 0;
const HELD = 1;
const DONE = 2;

/** Under this key, workers find their ancestors that imported this package before they started them: the numbers of the threads. */
const ANCESTORS = "npy-append-array/ancestors";

/** Milliseconds that a worker waits for an ancestor. One that is busy or blocked for longer will hardly terminate it in the next few. */
const MAX_WAIT = 500;

/** Milliseconds that an ancestor holds still, in case the worker never says that it is done. */
const MAX_HOLD = 2000;

const ancestors: readonly number[] = IS_NODE ? ((workers.getEnvironmentData(ANCESTORS) ?? []) as readonly number[]) : [];

/** Whether this thread can be terminated while the process goes on, and nobody holds still for it. */
export const IS_UNPROTECTED: boolean = IS_NODE && !workers.isMainThread && ancestors.length === 0;

/** Called by the entry point, before it can start workers. */
export function holdStillForWorkers(): void {
  const { postMessageToThread } = workers as Partial<typeof workers>;
  // Included: another copy of this package has done it.
  if (!IS_NODE || postMessageToThread === undefined || ancestors.includes(workers.threadId)) return;
  workers.setEnvironmentData(ANCESTORS, [...ancestors, workers.threadId]);
  process.on("workerMessage", hold);
}

function hold(message: unknown): void {
  const word = (message as Partial<HoldRequest> | null | undefined)?.npyAppendArrayHold;
  // The worker may have given up, or another copy of this package may have held.
  if (word === undefined || Atomics.compareExchange(word, 0, WANTED, HELD) !== WANTED) return;
  Atomics.notify(word, 0);
  Atomics.wait(word, 0, HELD, MAX_HOLD);
}

/** Runs a function, in a worker while its ancestors hold still. */
export function uninterrupted<Result>(use: () => Result): Result {
  // The main thread last: it passes the other messages on.
  const others = workers.isMainThread ? [] : ancestors.filter((thread) => thread !== workers.threadId);
  const words = others.reverse().map(requestHold);
  for (const word of words) Atomics.wait(word, 0, WANTED, MAX_WAIT);
  try {
    return use();
  } finally {
    for (const word of words) {
      Atomics.store(word, 0, DONE);
      Atomics.notify(word, 0);
    }
  }
}

function requestHold(thread: number): Int32Array<SharedArrayBuffer> {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const request: HoldRequest = { npyAppendArrayHold: word };
  // The thread may have ended.
  workers.postMessageToThread(thread, request).catch(() => undefined);
  return word;
}
