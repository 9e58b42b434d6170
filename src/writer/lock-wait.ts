/** Waiting for another writer. */
import { NpyError } from "../errors.ts";
import { delay, type Plan } from "../plan/step.ts";
import { isHeldByThisThread } from "../plan/writer-lock.ts";

/** Milliseconds between two looks at a file that another writer has. */
const LOOK_AGAIN = 20;

/**
 * Opens what another writer may have, looking again and again for up to `lockWait` milliseconds.
 *
 * @throws NpyError `ERR_NPY_LOCKED` once they have passed.
 */
export function* waitingForLock<Result>(lockWait: number, open: () => Plan<Result>): Plan<Result> {
  const start = performance.now();
  for (;;) {
    try {
      return yield* open();
    } catch (error) {
      if (!(error instanceof NpyError) || error.code !== "ERR_NPY_LOCKED" || lockWait === 0) throw error;
      const left = lockWait - (performance.now() - start);
      if (left <= 0) throw new NpyError(error.code, `${error.reason} Waited ${lockWait} ms for it.`, { cause: error });
      if (!(yield* delay(Math.min(LOOK_AGAIN, left), isHeldByThisThread(error)))) throw error;
    }
  }
}
