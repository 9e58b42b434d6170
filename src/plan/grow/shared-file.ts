/** What the operations of a shared file are made of: locks that threads take turns by, checks, and why nothing more can be done. */
import { NpyError } from "../../errors.ts";
import { type Plan, sync, wait, write } from "../step.ts";
import type { GrowingFile } from "./growing-file.ts";
import { type Lock, RESERVE, type Reservations, STATUSES } from "./reservations.ts";
import { notUndone } from "./rollback.ts";
import { changed, whatChanged } from "./unchanged.ts";

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

  /** Whether nothing more can be done. */
  get isOver(): boolean {
    return this.reservations.status > STATUSES.CLOSING;
  }

  /**
   * Runs `use` under a lock. When nothing more can be done, `use` only finds that out, so it runs without the lock: the thread that has it may be
   * gone.
   */
  *locked<Result>(lock: Lock, use: () => Plan<Result>, slot: number = this.slot): Plan<Result> {
    const { reservations } = this;
    for (let tries = 1; !reservations.tryLock(lock, slot); tries++) {
      if (tries % TRIES !== 0) continue;
      if (this.isOver) return yield* use();
      const { index, value } = reservations.holder(lock);
      if (value !== 0) yield* wait(reservations.words.ints, index, value);
    }
    return yield* this.holding(lock, use);
  }

  /** The same, for a function without steps. */
  lockedAtOnce<Result>(lock: Lock, use: () => Result): Plan<Result> {
    // biome-ignore lint/correctness/useYield: it has no steps
    return this.locked(lock, function* () {
      return use();
    });
  }

  /** Runs `use` under a lock that is already held, and unlocks it. */
  *holding<Result>(lock: Lock, use: () => Plan<Result>): Plan<Result> {
    try {
      return yield* use();
    } finally {
      this.reservations.unlock(lock);
    }
  }

  *waitFor({ index, value }: Reservations["changes"]): Plan<void> {
    yield* wait(this.reservations.words.ints, index, value);
  }

  /** Checks that no other program wrote to the file. With the lock `COMMIT`. */
  *checkUnchanged(): Plan<void> {
    if (this.isOver) throw this.over();
    const { growing, reservations } = this;
    const { committed } = reservations;
    const mostRows = () => this.lockedAtOnce(RESERVE, () => reservations.reservedEnd());
    const problem = yield* whatChanged(growing, committed, committed, mostRows);
    if (problem === undefined) return;
    reservations.status = STATUSES.CHANGED;
    growing.broken = changed(growing.path, problem);
    throw growing.broken;
  }

  /** Writes the header. With the lock `COMMIT`. */
  *writeHeader(rows: number): Plan<void> {
    const { file, render, durability } = this.growing;
    yield* write(file, render(rows), 0);
    if (durability === "full") yield* sync(file);
  }

  /** Tells all threads that a write could not be undone. */
  break(second: unknown, cause: unknown = second): NpyError {
    const { growing } = this;
    growing.broken = notUndone(growing.path, second, cause);
    this.reservations.status = STATUSES.BROKEN;
    return growing.broken;
  }

  /** Why nothing more can be done. */
  over(): NpyError {
    const { growing } = this;
    const { path } = growing;
    if (growing.broken !== undefined) return growing.broken;
    const { status } = this.reservations;
    const closed = (text: string): NpyError => new NpyError("ERR_NPY_CLOSED", `The file ${text}`, { path });
    if (status === STATUSES.ENDED) {
      return closed("is no longer shared: the thread that shared it has ended. Open it again to append to it.");
    }
    if (status === STATUSES.CLOSED) return closed("was closed by the thread that shared it: open it again to append to it.");
    growing.broken = status === STATUSES.CHANGED ? changed(path) : notUndone(path);
    return growing.broken;
  }
}
