/** The parts of shared growth: locks, checks, undoing what failed, and cleaning up after dead threads. */
import { NpyError } from "../../errors.ts";
import { type Plan, size, sync, truncate, wait, write } from "../step.ts";
import type { GrowingFile } from "./growing-file.ts";
import { BURIER, COMMIT, type Lock, RESERVE, type Reservations, STATES, STATUSES } from "./reservations.ts";
import { notUndone } from "./rollback.ts";
import { changed, checkUnchanged } from "./unchanged.ts";

/** Most locks are held for less time than it takes to wait for one. */
const TRIES = 64;

/** A shared file, as one of its threads sees it. */
export class SharedFile {
  readonly growing: GrowingFile;
  readonly reservations: Reservations;
  /** This thread's. */
  readonly slot: number;

  constructor(growing: GrowingFile, reservations: Reservations, slot: number) {
    this.growing = growing;
    this.reservations = reservations;
    this.slot = slot;
  }

  // ---- locks ----

  /**
   * Runs `use` under a lock. Once nothing more can be appended, `use` only finds that out, so it runs without the lock, which a dead thread may
   * hold.
   */
  protected *locked<Result>(lock: Lock, use: () => Plan<Result>, slot: number = this.slot): Plan<Result> {
    const { reservations } = this;
    for (let tries = 1; !reservations.tryLock(lock, slot); tries++) {
      if (tries % TRIES !== 0) continue;
      if (this.isOver) return yield* use();
      const holder = reservations.word(lock);
      if (holder.value !== 0) yield* this.waitFor(holder);
    }
    return yield* this.#holding(lock, use);
  }

  /** {@link locked}, for a function without steps. */
  protected lockedAtOnce<Result>(lock: Lock, use: () => Result): Plan<Result> {
    // biome-ignore lint/correctness/useYield: it has no steps
    return this.locked(lock, function* () {
      return use();
    });
  }

  *#holding<Result>(lock: Lock, use: () => Plan<Result>): Plan<Result> {
    try {
      return yield* use();
    } finally {
      this.reservations.unlock(lock);
    }
  }

  protected waitFor({ index, value }: Reservations["changes"]): Plan<void> {
    return wait(this.reservations.words.ints, index, value);
  }

  // ---- the file ----

  /** Whether nothing more can be appended. */
  protected get isOver(): boolean {
    return this.reservations.status > STATUSES.CLOSING;
  }

  /** Why nothing more can be appended. */
  protected over(): NpyError {
    const { growing } = this;
    if (growing.broken !== undefined) return growing.broken;
    const { status } = this.reservations;
    if (status === STATUSES.ENDED) {
      const problem = "The file is no longer shared: the thread that shared it has ended. Open it again to append to it.";
      return new NpyError("ERR_NPY_CLOSED", problem);
    }
    if (status === STATUSES.CLOSING || status === STATUSES.CLOSED) {
      return new NpyError("ERR_NPY_CLOSED", "The file was closed by the thread that shared it: open it again to append to it.");
    }
    growing.broken = status === STATUSES.CHANGED ? changed() : notUndone();
    return growing.broken;
  }

  /** Tells all threads that a write could not be undone. */
  protected break(second: unknown, cause: unknown = second): NpyError {
    this.growing.broken = notUndone(second, cause);
    this.reservations.status = STATUSES.BROKEN;
    return this.growing.broken;
  }

  /** Checks that no other program changed the file. With the lock `COMMIT`. */
  protected *checkUnchanged(): Plan<void> {
    if (this.isOver) throw this.over();
    const { growing, reservations } = this;
    const { committed } = reservations;
    try {
      yield* checkUnchanged(growing, committed, committed, () => this.lockedAtOnce(RESERVE, () => reservations.reservedEnd()));
    } catch (error) {
      if (growing.broken !== undefined) reservations.status = STATUSES.CHANGED;
      throw error;
    }
  }

  /** Writes the header. With the lock `COMMIT`. */
  protected *writeHeader(rows: number): Plan<void> {
    const { file, render, durability } = this.growing;
    yield* write(file, render(rows), 0);
    if (durability === "full") yield* sync(file);
  }

  // ---- undoing what failed ----

  /** Undoes what failed, if anything did. */
  protected *helpRollBack(): Plan<void> {
    if (this.reservations.hasFailed()) yield* this.locked(COMMIT, () => this.#rollBack(this.slot));
  }

  /** Undoes what failed and everything after it, unless some of that is still being written. With the lock `COMMIT`. */
  #rollBack(slot: number): Plan<void> {
    return this.locked(RESERVE, () => this.#cutOff(), slot);
  }

  *#cutOff(): Plan<void> {
    const { growing, reservations } = this;
    const cut = reservations.cut();
    if (cut === undefined || this.isOver || !reservations.isQuiet(cut)) return;
    try {
      const end = growing.endOf(cut);
      // Earlier rows may not be written yet: the file must not become longer, since the disk may be full.
      if ((yield* size(growing.file)) > end) yield* truncate(growing.file, end);
    } catch (error) {
      throw this.break(error);
    }
    reservations.drop(cut);
    reservations.signal();
  }

  /**
   * Cleans up after a writer that was closed, or whose thread is dead. The sharer does this.
   *
   * @throws NpyError `ERR_NPY_BROKEN` if that fails. All writers learn it.
   */
  *bury(dead: number): Plan<void> {
    const { reservations } = this;
    if (reservations.inherit(RESERVE, dead, BURIER)) reservations.unlock(RESERVE);
    // It may have unlocked something, and woken nobody.
    reservations.wakeLocks();
    try {
      if (reservations.inherit(COMMIT, dead, BURIER)) yield* this.#holding(COMMIT, () => this.#completeCommit());
      yield* this.locked(COMMIT, () => this.#buryRows(dead), BURIER);
    } finally {
      reservations.signal();
    }
  }

  /** Writes the header that the dead thread was about to write: the rows that it counts are in the file. */
  *#completeCommit(): Plan<void> {
    const { reservations } = this;
    if (this.isOver) return;
    const { intent } = reservations;
    if (intent === reservations.committed) return;
    try {
      yield* this.writeHeader(intent);
    } catch (error) {
      throw this.break(error);
    }
    reservations.committed = intent;
    reservations.signal();
  }

  *#buryRows(dead: number): Plan<void> {
    const { reservations } = this;
    const state = reservations.state(dead);
    const isDone = state === STATES.FREE || state === STATES.DROPPED || reservations.range(dead).end <= reservations.committed;
    if (isDone) {
      reservations.setState(dead, STATES.FREE);
      reservations.leave(dead);
    } else {
      reservations.leave(dead);
      reservations.setState(dead, STATES.FAILED);
    }
    yield* this.#rollBack(BURIER);
  }
}
