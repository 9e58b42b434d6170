/**
 * An array that several threads append to at the same time: its rows are reserved in shared memory, written by each thread where it
 * reserved them, and committed in that order, so that the header never counts a gap. `reservations.ts` says what the memory holds.
 *
 * - **append**: reserve; write; say so; then, whoever finds that what is written without a gap reaches the end of its own rows, writes one
 *   header for all of that.
 * - **a failure** takes its own rows back and all that were reserved behind them: nobody reserves, who writes there stops, and when all
 *   have, the file is cut off where the failed rows begin. Who did not fail reserves anew and writes once more: until its append is
 *   acknowledged, the rows are still there. What was reserved before the failed rows is not touched.
 * - **a thread that is gone** is seen by the one that shared the file, the sharer. Locks that it held are taken over: what it left undone
 *   is either as if never begun, or (a header that counts what is written already) completed. Rows of it that are not committed failed.
 *   This needs a thread of which no write is under way when it is gone.
 * - **the sharer gone**: nobody appends any more. The file is as after the end of a process.
 *
 * Each commit writes the header, also where headers are written on demand else: whatever ends, and however, what is behind the counted
 * rows may have gaps, and nothing else in the file tells them from rows.
 */
import { NpyError, type NpyErrorCode } from "../../errors.ts";
import { type Plan, quietly, size, sync, truncate, turn, wait, write } from "../step.ts";
import { checkLength, type Durability, messageOf, type Rows, SHORT_WRITE } from "./grow.ts";
import { endOf, type GrowingFile } from "./growing-file.ts";
import { BURIER, COMMIT, type Lock, type Range, RESERVE, type Reservations, STATES, STATUSES } from "./reservations.ts";
import { checkUnchanged, isDue, noteCheck, whatChanged } from "./unchanged.ts";
import { writeBlocks } from "./write-blocks.ts";

/** Locks are mostly held for less time than waiting takes. */
const TRIES = 64;

/** One thread's part in growing a shared file. */
export class SharedGrowth {
  readonly #growing: GrowingFile;
  readonly #reservations: Reservations;
  readonly #slot: number;
  readonly #durability: Durability;

  constructor(growing: GrowingFile, reservations: Reservations, slot: number, durability: Durability) {
    this.#growing = growing;
    this.#reservations = reservations;
    this.#slot = slot;
    this.#durability = durability;
  }

  get length(): number {
    return this.#reservations.committed;
  }

  /** @throws NpyError if nothing more can be appended. */
  check(): void {
    const { status } = this.#reservations;
    if (status > STATUSES.OPEN) throw this.#growing.broken ?? this.#over();
  }

  // ---- appending ----

  /** Writes rows, all or none; they are committed when it returns. */
  *append(added: Rows): Plan<void> {
    this.check();
    if (added.rows === 0) return;
    if (isDue(this.#growing)) {
      // Appends that wait for nothing else would never let this thread know that another one has ended, or wants to attach.
      yield* turn();
      yield* this.#check();
    }
    for (;;) {
      const range = yield* this.#reserve(added.rows);
      let failure: { readonly error: unknown } | undefined;
      try {
        const isWhole = yield* this.#write(added, range);
        this.#become(isWhole ? STATES.WRITTEN : STATES.STOPPED);
      } catch (error) {
        failure = { error };
        this.#become(STATES.FAILED);
      }
      const isCommitted = yield* this.#settle(range, failure);
      this.#reservations.setState(this.#slot, STATES.FREE);
      if (isCommitted) return;
    }
  }

  *#reserve(rows: number): Plan<Range> {
    for (;;) {
      const { changes } = this.#reservations;
      const range = yield* this.#locked(RESERVE, this.#slot, () => this.#tryReserve(rows));
      if (range !== undefined) return range;
      yield* this.#helpTakingBack();
      yield* this.#waitFor(changes);
    }
  }

  // biome-ignore lint/correctness/useYield: run under a lock, as those that have steps
  *#tryReserve(rows: number): Plan<Range | undefined> {
    this.check();
    const reservations = this.#reservations;
    if (reservations.status !== STATUSES.OPEN || reservations.hasFailed()) return undefined;
    const end = reservations.reservedEnd() + rows;
    checkLength(this.#growing, end);
    return reservations.reserve(this.#slot, rows);
  }

  /** `false`: stopped, since rows before these failed. */
  *#write(added: Rows, { start, end }: Range): Plan<boolean> {
    const { file } = this.#growing;
    const [from, to] = [endOf(this.#growing, start), endOf(this.#growing, end)];
    if (added.copyTo !== undefined) yield* added.copyTo(file, from);
    else if (!(yield* writeBlocks(file, added.blocks, from, to, () => this.#isCutOff(start)))) return false;
    if (this.#growing.bytesPerRow > 0 && this.#durability !== "os") yield* sync(file);
    return true;
  }

  #isCutOff(start: number): boolean {
    const cut = this.#reservations.cut();
    return cut !== undefined && cut < start;
  }

  #become(state: typeof STATES.WRITTEN | typeof STATES.STOPPED | typeof STATES.FAILED): void {
    this.#reservations.setState(this.#slot, state);
    this.#reservations.signal();
  }

  /** Waits until rows are committed, or taken back; does what is to be done for that. Throws the failure when it is taken back. */
  *#settle(range: Range, failed: { readonly error: unknown } | undefined): Plan<boolean> {
    const reservations = this.#reservations;
    let failure = failed;
    for (;;) {
      const { changes } = reservations;
      const isCounted = reservations.committed >= range.end;
      // After that: once these rows are taken back, what is counted there may be somebody else's.
      const state = reservations.state(this.#slot);
      if (isCounted && state === STATES.WRITTEN) return true;
      if (state === STATES.DROPPED || reservations.status > STATUSES.CLOSING) {
        if (failure !== undefined) throw failure.error;
        if (state === STATES.DROPPED) return false;
        throw this.#growing.broken ?? this.#over();
      }
      try {
        yield* this.#helpTakingBack();
        if (state !== STATES.WRITTEN || reservations.writtenEnd() < range.end) yield* this.#waitFor(changes);
        else yield* this.#locked(COMMIT, this.#slot, () => this.#commit(range));
      } catch (error) {
        failure ??= { error };
      }
    }
  }

  /** Writes the header that counts all rows that are written without a gap. With the lock `COMMIT`. */
  *#commit(own: Range): Plan<void> {
    const reservations = this.#reservations;
    if (reservations.status > STATUSES.CLOSING || reservations.state(this.#slot) !== STATES.WRITTEN) return;
    const end = reservations.writtenEnd();
    if (end < own.end || reservations.committed >= own.end) return;
    try {
      yield* this.#count(own, end);
    } catch (error) {
      // Others have the same to expect of the file; but each of them has to see it for itself.
      reservations.setState(this.#slot, STATES.FAILED);
      throw error;
    }
    reservations.committed = end;
    reservations.signal();
  }

  *#count(own: Range, end: number): Plan<void> {
    const isLong = this.#durability !== "os" || (own.end - own.start) * this.#growing.bytesPerRow > SHORT_WRITE;
    if (isLong && isDue(this.#growing)) yield* this.#checkUnchanged();
    yield* this.#writeHeader(end);
  }

  /** Writes the header; if that fails, the old one. With the lock `COMMIT`. */
  *#writeHeader(rows: number): Plan<void> {
    const { file, render } = this.#growing;
    const reservations = this.#reservations;
    reservations.intent = rows;
    try {
      yield* write(file, render(rows), 0);
      if (this.#durability === "full") yield* sync(file);
    } catch (error) {
      try {
        yield* write(file, render(reservations.committed), 0);
      } catch (second) {
        throw this.#break(error, second);
      }
      reservations.intent = reservations.committed;
      throw error;
    }
  }

  // ---- failures ----

  *#helpTakingBack(): Plan<void> {
    if (this.#reservations.hasFailed()) yield* this.#locked(COMMIT, this.#slot, () => this.#takeBack(this.#slot));
  }

  /** Takes back what failed and all that is behind it, if nothing of that is being written. With the lock `COMMIT`. */
  *#takeBack(slot: number): Plan<void> {
    yield* this.#locked(RESERVE, slot, () => this.#cutOff());
  }

  *#cutOff(): Plan<void> {
    const reservations = this.#reservations;
    const cut = reservations.cut();
    if (cut === undefined || reservations.status > STATUSES.CLOSING || !reservations.isQuiet(cut)) return;
    try {
      const end = endOf(this.#growing, cut);
      // What was reserved before may still be on its way there: the file must not become longer, for which there may be no room.
      if ((yield* size(this.#growing.file)) > end) yield* truncate(this.#growing.file, end);
    } catch (error) {
      throw this.#break("rows could not be written", error);
    }
    reservations.drop(cut);
    reservations.signal();
  }

  /**
   * Does away with a writer whose thread is gone, or that was closed. By the sharer.
   *
   * @throws NpyError `ERR_NPY_BROKEN` if what it left could not be put right; then all writers know.
   */
  *bury(dead: number): Plan<void> {
    const reservations = this.#reservations;
    if (reservations.inherit(RESERVE, dead, BURIER)) reservations.unlock(RESERVE);
    // It may have let go of a lock, and woken nobody.
    reservations.wakeLocks();
    try {
      if (reservations.inherit(COMMIT, dead, BURIER)) {
        yield* this.#holding(COMMIT, () => this.#completeCommit());
      }
      yield* this.#locked(COMMIT, BURIER, () => this.#buryRows(dead));
    } finally {
      reservations.signal();
    }
  }

  /** What a header was going to count was written: it may have been written as well. */
  *#completeCommit(): Plan<void> {
    const reservations = this.#reservations;
    if (reservations.status > STATUSES.CLOSING) return;
    const { intent } = reservations;
    if (intent === reservations.committed) return;
    const { file, render } = this.#growing;
    try {
      yield* write(file, render(intent), 0);
      if (this.#durability === "full") yield* sync(file);
    } catch (error) {
      throw this.#break("a thread ended while it wrote the header", error);
    }
    reservations.committed = intent;
    reservations.signal();
  }

  *#buryRows(dead: number): Plan<void> {
    const reservations = this.#reservations;
    const state = reservations.state(dead);
    const isDone = state === STATES.FREE || state === STATES.DROPPED || reservations.range(dead).end <= reservations.committed;
    if (isDone) {
      reservations.setState(dead, STATES.FREE);
      reservations.leave(dead);
    } else {
      reservations.leave(dead);
      reservations.setState(dead, STATES.FAILED);
    }
    yield* this.#takeBack(BURIER);
  }

  /** The thread that shared the file has closed it, or is gone: then nobody takes locks over any more. */
  abandon(): void {
    const reservations = this.#reservations;
    if (reservations.status <= STATUSES.CLOSING) reservations.status = STATUSES.ENDED;
    // Also what was woken by a thread that ended before it did.
    reservations.signal();
    reservations.wakeLocks();
  }

  // ---- the other operations ----

  /** The sharer begins: the file is as `#growing` says, and its header written by us. */
  *start(): Plan<void> {
    const growing = this.#growing;
    const reservations = this.#reservations;
    try {
      yield* checkUnchanged(growing);
    } catch (error) {
      reservations.status = STATUSES.CHANGED;
      throw error;
    }
    try {
      yield* write(growing.file, growing.render(growing.rows), 0);
      // Also its name, if it is new: who opens it in another thread does not know.
      yield* sync(growing.file);
    } catch (error) {
      yield* quietly(write(growing.file, growing.asFound ?? growing.render(growing.headerRows), 0));
      throw this.#break(error, error);
    }
    growing.asFound = undefined;
    reservations.intent = growing.rows;
    reservations.committed = growing.rows;
    reservations.status = STATUSES.OPEN;
  }

  /** Another thread begins: waits until the sharer has. */
  *join(): Plan<void> {
    while (this.#reservations.status === STATUSES.STARTING) yield* this.#waitFor(this.#reservations.changes);
    this.check();
  }

  /** The header counts what is committed anyway. */
  *updateHeader(): Plan<void> {
    yield* this.#check();
  }

  *sync(): Plan<void> {
    yield* this.#check();
    yield* sync(this.#growing.file);
  }

  /** The sharer's last operation: lets others finish what they write, and nothing more. */
  *finish(): Plan<void> {
    const reservations = this.#reservations;
    yield* this.#locked(RESERVE, this.#slot, () => this.#stopReserving());
    try {
      for (;;) {
        const { changes } = reservations;
        if (yield* this.#locked(RESERVE, this.#slot, () => this.#isIdle())) break;
        yield* this.#helpTakingBack();
        yield* this.#waitFor(changes);
      }
      yield* this.#locked(COMMIT, this.#slot, () => this.#checkAndClose());
    } catch (error) {
      if (reservations.status <= STATUSES.CLOSING) reservations.status = STATUSES.CLOSED;
      throw error;
    }
  }

  // biome-ignore lint/correctness/useYield: run under a lock, as those that have steps
  *#stopReserving(): Plan<void> {
    if (this.#reservations.status <= STATUSES.OPEN) this.#reservations.status = STATUSES.CLOSING;
  }

  // biome-ignore lint/correctness/useYield: run under a lock, as those that have steps
  *#isIdle(): Plan<boolean> {
    return this.#reservations.status > STATUSES.CLOSING || this.#reservations.isIdle();
  }

  *#checkAndClose(): Plan<void> {
    yield* this.#checkUnchanged();
    this.#reservations.status = STATUSES.CLOSED;
  }

  /** The last operation of another thread. Nothing is to be done if the sharer was faster. */
  *leave(): Plan<void> {
    yield* this.#locked(COMMIT, this.#slot, () => this.#leave());
  }

  *#leave(): Plan<void> {
    const { status } = this.#reservations;
    if (status !== STATUSES.CLOSED && status !== STATUSES.ENDED) yield* this.#checkUnchanged();
  }

  // ---- what they are made of ----

  /** Runs a plan under a lock. Where nothing can be done any more it only finds that out, and needs none: who has it may be gone. */
  *#locked<Result>(lock: Lock, slot: number, use: () => Plan<Result>): Plan<Result> {
    const reservations = this.#reservations;
    for (let tries = 1; !reservations.tryLock(lock, slot); tries++) {
      if (tries % TRIES !== 0) continue;
      if (reservations.status > STATUSES.CLOSING) return yield* use();
      const { index, value } = reservations.holder(lock);
      if (value !== 0) yield* wait(reservations.words.ints, index, value);
    }
    return yield* this.#holding(lock, use);
  }

  *#holding<Result>(lock: Lock, use: () => Plan<Result>): Plan<Result> {
    try {
      return yield* use();
    } finally {
      this.#reservations.unlock(lock);
    }
  }

  *#waitFor({ index, value }: Reservations["changes"]): Plan<void> {
    yield* wait(this.#reservations.words.ints, index, value);
  }

  #check(): Plan<void> {
    return this.#locked(COMMIT, this.#slot, () => this.#checkUnchanged());
  }

  /** Checks that nobody else wrote to the file. With the lock `COMMIT`. */
  *#checkUnchanged(): Plan<void> {
    const reservations = this.#reservations;
    const growing = this.#growing;
    if (reservations.status > STATUSES.CLOSING) throw growing.broken ?? this.#over();
    const problem = yield* noteCheck(growing, () =>
      whatChanged(growing, reservations.committed, () => this.#allowedSize(reservations.committed)),
    );
    if (problem === undefined) return;
    reservations.status = STATUSES.CHANGED;
    throw this.#over(problem);
  }

  *#allowedSize(rows: number): Plan<readonly [least: number, most: number]> {
    const reserved = yield* this.#locked(RESERVE, this.#slot, () => this.#reservedEnd());
    return [endOf(this.#growing, rows), endOf(this.#growing, reserved)];
  }

  // biome-ignore lint/correctness/useYield: run under a lock, as those that have steps
  *#reservedEnd(): Plan<number> {
    return this.#reservations.reservedEnd();
  }

  #break(cause: unknown, second: unknown): NpyError {
    const { path } = this.#growing;
    this.#growing.broken = new NpyError(
      "ERR_NPY_BROKEN",
      `A write failed (${messageOf(cause)}) and could not be taken back (${messageOf(second)}). ${path ?? "The file"} may need recovery: ` +
        "close this object in all threads, and call recover on the file.",
      { path, cause: second },
    );
    this.#reservations.status = STATUSES.BROKEN;
    return this.#growing.broken;
  }

  /** Why nothing more can be done. */
  #over(problem?: string): NpyError {
    const { path = "The file" } = this.#growing;
    const { status } = this.#reservations;
    const [code, text]: [NpyErrorCode, string] =
      status === STATUSES.CHANGED
        ? [
            "ERR_NPY_CHANGED",
            `is not as its writers left it${problem === undefined ? "" : `: ${problem}`}. Another program writes to it, so no thread writes ` +
              "anything more. Close it, make sure that nothing else writes to the file, see what it holds, and open it again.",
          ]
        : status === STATUSES.BROKEN
          ? [
              "ERR_NPY_BROKEN",
              "may need recovery: a write of another thread failed and could not be taken back. Close it in all threads, and call recover.",
            ]
          : [
              "ERR_NPY_CLOSED",
              status === STATUSES.ENDED
                ? "is no longer shared: the thread that shared it has ended. Open it again to append to it."
                : "was closed by the thread that shared it: open it again to append to it.",
            ];
    const error = new NpyError(code, `${path} ${text}`, { path: this.#growing.path });
    if (code !== "ERR_NPY_CLOSED") this.#growing.broken = error;
    return error;
  }
}
