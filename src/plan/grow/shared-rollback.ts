/** Undoes what failed in a shared file, and what dead threads left undone. */
import { type Plan, size, truncate } from "../step.ts";
import { BURIER, COMMIT, RESERVE, STATES } from "./reservations.ts";
import type { SharedFile } from "./shared-file.ts";

/** Undoes what failed, if anything did. */
export function* helpRollBack(shared: SharedFile): Plan<void> {
  if (shared.reservations.hasFailed()) yield* shared.locked(COMMIT, () => rollBack(shared, shared.slot));
}

/** Undoes what failed and everything after it, unless some of that is still being written. With the lock `COMMIT`. */
function rollBack(shared: SharedFile, slot: number): Plan<void> {
  return shared.locked(RESERVE, () => cutOff(shared), slot);
}

function* cutOff(shared: SharedFile): Plan<void> {
  const { growing, reservations } = shared;
  const cut = reservations.cut();
  if (cut === undefined || shared.isOver || !reservations.isQuiet(cut)) return;
  try {
    const end = growing.endOf(cut);
    // Earlier rows may still be on their way: the file must not become longer, since there may be no room for that.
    if ((yield* size(growing.file)) > end) yield* truncate(growing.file, end);
  } catch (error) {
    throw shared.break(error);
  }
  reservations.drop(cut);
  reservations.signal();
}

/**
 * Cleans up after a writer that was closed, or whose thread is dead. The sharer does this.
 *
 * @throws NpyError `ERR_NPY_BROKEN` if that fails. Then all writers know.
 */
export function* bury(shared: SharedFile, dead: number): Plan<void> {
  const { reservations } = shared;
  if (reservations.inherit(RESERVE, dead, BURIER)) reservations.unlock(RESERVE);
  // It may have unlocked something, and woken nobody.
  reservations.wakeLocks();
  try {
    if (reservations.inherit(COMMIT, dead, BURIER)) yield* shared.holding(COMMIT, () => completeCommit(shared));
    yield* shared.locked(COMMIT, () => buryRows(shared, dead), BURIER);
  } finally {
    reservations.signal();
  }
}

/** The rows that a header was about to count are in the file, so that header can be written as well. */
function* completeCommit(shared: SharedFile): Plan<void> {
  const { reservations } = shared;
  if (shared.isOver) return;
  const { intent } = reservations;
  if (intent === reservations.committed) return;
  try {
    yield* shared.writeHeader(intent);
  } catch (error) {
    throw shared.break(error);
  }
  reservations.committed = intent;
  reservations.signal();
}

function* buryRows(shared: SharedFile, dead: number): Plan<void> {
  const { reservations } = shared;
  const state = reservations.state(dead);
  const isDone = state === STATES.FREE || state === STATES.DROPPED || reservations.range(dead).end <= reservations.committed;
  if (isDone) {
    reservations.setState(dead, STATES.FREE);
    reservations.leave(dead);
  } else {
    reservations.leave(dead);
    reservations.setState(dead, STATES.FAILED);
  }
  yield* rollBack(shared, BURIER);
}
