/**
 * Growing a file that several threads append to at the same time. Each thread reserves its rows in shared memory and writes them where it
 * reserved them. Rows are committed in that order, so the header never counts a gap. The protocol: docs/design/shared-growth.md.
 */
import { NpyError } from "../../errors.ts";
import { type Plan, quietly, sync, turn, write } from "../step.ts";
import type { Growth, Rows } from "./growth.ts";
import { COMMIT, type Range, RESERVE, SHARER, STATES, STATUSES } from "./reservations.ts";
import { SharedFile } from "./shared-file.ts";
import { checkUnchanged } from "./unchanged.ts";
import { writeRows } from "./write-blocks.ts";

/** One thread's part in growing a shared file. */
export class SharedGrowth extends SharedFile implements Growth {
  get length(): number {
    return this.reservations.committed;
  }

  check(): void {
    if (this.reservations.status > STATUSES.OPEN) throw this.over();
  }

  // ---- beginning ----

  /** The sharer begins. It was the only writer until now. */
  *start(): Plan<void> {
    const { growing, reservations } = this;
    try {
      yield* checkUnchanged(growing);
    } catch (error) {
      reservations.status = STATUSES.CHANGED;
      throw error;
    }
    try {
      yield* write(growing.file, growing.render(growing.rows), 0);
      // Syncs a new file's name as well: the threads that open it do not know that it is new.
      yield* sync(growing.file);
    } catch (error) {
      yield* quietly(write(growing.file, growing.asFound ?? growing.render(growing.headerRows), 0));
      throw this.break(error);
    }
    growing.asFound = undefined;
    reservations.intent = growing.rows;
    reservations.committed = growing.rows;
    reservations.status = STATUSES.OPEN;
  }

  /** Another thread begins: waits until the sharer has. */
  *join(): Plan<void> {
    while (this.reservations.status === STATUSES.STARTING) yield* this.waitFor(this.reservations.changes);
    this.check();
  }

  // ---- appending ----

  *append(added: Rows): Plan<void> {
    this.check();
    if (added.rows === 0) return;
    if (this.growing.isCheckDue()) {
      // Otherwise a thread that never waits would not learn that another one has ended, or wants to attach.
      yield* turn();
      yield* this.#checkInTurn();
    }
    for (;;) {
      const range = yield* this.#reserve(added.rows);
      let failure: { readonly error: unknown } | undefined;
      try {
        const isStopped = (): boolean => (this.reservations.cut() ?? range.end) < range.start;
        const isWhole = yield* writeRows(this.growing, added, range.start, isStopped);
        this.#become(isWhole ? STATES.WRITTEN : STATES.STOPPED);
      } catch (error) {
        failure = { error };
        this.#become(STATES.FAILED);
      }
      const isCommitted = yield* this.#settle(range, failure);
      this.reservations.setState(this.slot, STATES.FREE);
      if (isCommitted) return;
    }
  }

  *#reserve(rows: number): Plan<Range> {
    for (;;) {
      const { changes } = this.reservations;
      const range = yield* this.lockedAtOnce(RESERVE, () => this.#tryReserve(rows));
      if (range !== undefined) return range;
      yield* this.helpRollBack();
      yield* this.waitFor(changes);
    }
  }

  #tryReserve(rows: number): Range | undefined {
    this.check();
    const { reservations } = this;
    if (reservations.status !== STATUSES.OPEN || reservations.hasFailed()) return undefined;
    this.growing.checkLength(reservations.reservedEnd() + rows);
    return reservations.reserve(this.slot, rows);
  }

  #become(state: typeof STATES.WRITTEN | typeof STATES.STOPPED | typeof STATES.FAILED): void {
    this.reservations.setState(this.slot, state);
    this.reservations.signal();
  }

  /** Waits until rows are committed (`true`) or undone (`false`), and helps with that. Throws the failure once they are undone. */
  *#settle(range: Range, failed: { readonly error: unknown } | undefined): Plan<boolean> {
    const { reservations } = this;
    let failure = failed;
    for (;;) {
      const { changes } = reservations;
      const isCounted = reservations.committed >= range.end;
      // Read second: once these rows are undone, the rows counted there may be another thread's.
      const state = reservations.state(this.slot);
      if (isCounted && state === STATES.WRITTEN) return true;
      if (state === STATES.DROPPED || this.isOver) {
        if (failure !== undefined) throw failure.error;
        if (state === STATES.DROPPED) return false;
        throw this.over();
      }
      try {
        yield* this.helpRollBack();
        if (state !== STATES.WRITTEN || reservations.writtenEnd() < range.end) yield* this.waitFor(changes);
        else yield* this.locked(COMMIT, () => this.#commit(range));
      } catch (error) {
        failure ??= { error };
      }
    }
  }

  /** Writes the header that counts all rows written without a gap. With the lock `COMMIT`. */
  *#commit(own: Range): Plan<void> {
    const { reservations, slot } = this;
    if (this.isOver || reservations.state(slot) !== STATES.WRITTEN) return;
    const end = reservations.writtenEnd();
    if (end < own.end || reservations.committed >= own.end) return;
    try {
      if (this.growing.isCheckDueAfter((own.end - own.start) * this.growing.bytesPerRow)) yield* this.checkUnchanged();
      yield* this.#count(end);
    } catch (error) {
      // The other threads will probably fail as well, but each tries for itself.
      reservations.setState(slot, STATES.FAILED);
      throw error;
    }
    reservations.committed = end;
    reservations.signal();
  }

  /** Writes the header; if that fails, the old one. */
  *#count(rows: number): Plan<void> {
    const { growing, reservations } = this;
    reservations.intent = rows;
    try {
      yield* this.writeHeader(rows);
    } catch (error) {
      try {
        yield* write(growing.file, growing.render(reservations.committed), 0);
      } catch (second) {
        throw this.break(second, error);
      }
      reservations.intent = reservations.committed;
      throw error;
    }
  }

  // ---- the other operations ----

  /** Rows that are committed are never undone. With the lock `COMMIT`, for which closing waits. */
  *set(start: number, rows: Rows): Plan<void> {
    yield* this.locked(COMMIT, () => this.#overwrite(start, rows));
  }

  *#overwrite(start: number, rows: Rows): Plan<void> {
    if (this.isOver) throw this.over();
    if (this.growing.isCheckDue()) yield* this.checkUnchanged();
    yield* writeRows(this.growing, rows, start);
  }

  truncate(): never {
    throw new NpyError(
      "ERR_NPY_OPTION",
      "The file is shared with other threads, which may be appending to it, so no rows are cut off: close it, open it again, and truncate it then.",
    );
  }

  /** Only checks: every commit writes the header, whatever `rewriteHeaderOnAppend` says. */
  updateHeader(): Plan<void> {
    return this.#checkInTurn();
  }

  *sync(): Plan<void> {
    yield* this.#checkInTurn();
    yield* sync(this.growing.file);
  }

  #checkInTurn(): Plan<void> {
    return this.locked(COMMIT, () => this.checkUnchanged());
  }

  // ---- ending ----

  finish(): Plan<void> {
    return this.slot === SHARER ? this.#close() : this.#leave();
  }

  /** The sharer ends: other threads finish the rows that they reserved, and reserve no more. */
  *#close(): Plan<void> {
    const { reservations } = this;
    yield* this.lockedAtOnce(RESERVE, () => {
      if (reservations.status <= STATUSES.OPEN) reservations.status = STATUSES.CLOSING;
    });
    try {
      for (;;) {
        const { changes } = reservations;
        if (yield* this.lockedAtOnce(RESERVE, () => this.isOver || reservations.isIdle())) break;
        yield* this.helpRollBack();
        yield* this.waitFor(changes);
      }
      yield* this.locked(COMMIT, () => this.#checkAndClose());
    } catch (error) {
      if (!this.isOver) reservations.status = STATUSES.CLOSED;
      throw error;
    }
  }

  *#checkAndClose(): Plan<void> {
    yield* this.checkUnchanged();
    this.reservations.status = STATUSES.CLOSED;
  }

  /** Another thread ends, and gives back its slot: the sharer may be busy. Without a lock, which the sharer could not take over any more. */
  *#leave(): Plan<void> {
    yield* this.locked(COMMIT, () => this.#checkLast());
    this.reservations.leave(this.slot);
  }

  /** If the sharer has already ended, there is nothing to check. */
  *#checkLast(): Plan<void> {
    const { status } = this.reservations;
    if (status !== STATUSES.CLOSED && status !== STATUSES.ENDED) yield* this.checkUnchanged();
  }

  /** The sharer has closed the file or is dead, so nobody takes over locks. */
  abandon(): void {
    const { reservations } = this;
    if (!this.isOver) reservations.status = STATUSES.ENDED;
    // A thread may have ended before it woke others.
    reservations.signal();
    reservations.wakeLocks();
  }
}
