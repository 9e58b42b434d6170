/**
 * Which thread appends what to a shared file: words of shared memory, and what follows from them.
 *
 * Every writer has one slot, since it appends one thing at a time: the rows from `start` to `end`, and a state. A transition is one store to the
 * state, made when everything that it stands for is in memory: what a terminated thread had not stored yet counts as never begun. Nothing is
 * counted twice: the slots say where the next reservation begins, and a slot whose `end` is committed is done, whatever its state.
 *
 * | From                  | To        | By                | Meaning                                                              |
 * | --------------------- | --------- | ----------------- | -------------------------------------------------------------------- |
 * | `FREE`, `DROPPED`     | `WRITING` | owner, `RESERVE`  | the rows are reserved, after all other reservations                  |
 * | `WRITING`             | `WRITTEN` | owner             | their bytes are in the file                                          |
 * | `WRITING`             | `STOPPED` | owner             | an earlier reservation failed; no more of this one is written        |
 * | `WRITING`, `WRITTEN`  | `FAILED`  | owner             | they will not be in the file: all from here on must be undone        |
 * | any but `DROPPED`     | `FAILED`  | sharer, `COMMIT`  | the same, for a dead thread                                          |
 * | all from a failed one | `DROPPED` | any, both locks   | the file is cut off before them; owners that did not fail try again  |
 * | `WRITTEN`, `DROPPED`  | `FREE`    | owner, or sharer  | done                                                                 |
 */

/** A lock holds the slot of the thread that has it, plus one. */
export type Lock = typeof RESERVE | typeof COMMIT;

// Words of 32 bits.
const STATUS = 0;
/** Counts the changes that threads wait for. */
const CHANGES = 1;
/** Held to make a reservation after all others. */
export const RESERVE = 2;
/** Held to write the header, and to undo what failed. */
export const COMMIT = 3;
/** Every slot that was ever taken is below this one. */
const USED = 4;
/** Counts the writers that there ever were. */
const OWNERS = 5;
const FIRST_SLOT = 6;
const SLOT_WORDS = 2;

// Words of 64 bits.
const COMMITTED = 0;
const INTENT = 1;
const FIRST_RANGE = 2;

/** How many writers a file can have at a time. */
export const SLOTS = 128;

/** The slot of the writer that shared the file. */
export const SHARER = 0;

/** Owner of locks while the sharer cleans up after a dead thread: an operation of its own may be under way. */
export const BURIER: number = SLOTS + 1;

const INT_BYTES = Math.ceil((4 * (FIRST_SLOT + SLOT_WORDS * SLOTS)) / 8) * 8;
const BYTES = INT_BYTES + 8 * (FIRST_RANGE + 2 * SLOTS);

/** What can be done with a shared file: nothing from `CLOSED` on. */
export const STATUSES = {
  /** Operations from before the file was shared are still under way. */
  STARTING: 0,
  OPEN: 1,
  /** Nothing more is reserved. */
  CLOSING: 2,
  CLOSED: 3,
  BROKEN: 4,
  CHANGED: 5,
  /** The sharer is dead. */
  ENDED: 6,
} as const;

export type Status = (typeof STATUSES)[keyof typeof STATUSES];

export const STATES = { FREE: 0, WRITING: 1, WRITTEN: 2, STOPPED: 3, FAILED: 4, DROPPED: 5 } as const;

export type State = (typeof STATES)[keyof typeof STATES];

const { WRITING, WRITTEN, STOPPED, FAILED, DROPPED, FREE } = STATES;

const RESERVED: readonly State[] = [WRITING, WRITTEN, STOPPED, FAILED];

/** Rows from `start` to `end`, not included. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Shared words, read and written one at a time, in an order that all threads agree on. */
export class SharedWords {
  readonly buffer: SharedArrayBuffer;
  /** Words that can be waited on. */
  readonly ints: Int32Array<SharedArrayBuffer>;
  readonly #longs: BigInt64Array<SharedArrayBuffer>;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(BYTES)) {
    this.buffer = buffer;
    this.ints = new Int32Array(buffer, 0, INT_BYTES / 4);
    this.#longs = new BigInt64Array(buffer, INT_BYTES);
  }

  load(index: number): number {
    return Atomics.load(this.ints, index);
  }
  store(index: number, value: number): void {
    Atomics.store(this.ints, index, value);
  }
  /** Replaces `expected` by `value`. `false`: the word was something else, and stays. */
  exchange(index: number, expected: number, value: number): boolean {
    return Atomics.compareExchange(this.ints, index, expected, value) === expected;
  }
  /** Adds 1, and returns the sum. */
  increment(index: number): number {
    return Atomics.add(this.ints, index, 1) + 1;
  }
  /** Wakes all threads that wait for a word: a single one might be about to die. */
  wake(index: number): void {
    Atomics.notify(this.ints, index);
  }
  loadLong(index: number): number {
    return Number(Atomics.load(this.#longs, index));
  }
  storeLong(index: number, value: number): void {
    Atomics.store(this.#longs, index, BigInt(value));
  }
}

/** The reservations of a shared file. */
export class Reservations {
  readonly words: SharedWords;

  constructor(words: SharedWords) {
    this.words = words;
  }

  get status(): Status {
    return this.words.load(STATUS) as Status;
  }
  set status(status: Status) {
    this.words.store(STATUS, status);
    this.signal();
  }

  /** Rows that are in the file for good. The header counts exactly these, unless it is being written. */
  get committed(): number {
    return this.words.loadLong(COMMITTED);
  }
  set committed(rows: number) {
    this.words.storeLong(COMMITTED, rows);
  }

  /** Rows that the header being written counts; all of them are in the file. Otherwise the same as `committed`. */
  get intent(): number {
    return this.words.loadLong(INTENT);
  }
  set intent(rows: number) {
    this.words.storeLong(INTENT, rows);
  }

  /** A word to wait on, and its value, which changes whenever something does. */
  get changes(): { readonly index: number; readonly value: number } {
    return this.word(CHANGES);
  }

  /** A word to wait on, and its value: a lock's is 0 while it is free. */
  word(index: number): { readonly index: number; readonly value: number } {
    return { index, value: this.words.load(index) };
  }

  /** Tells all waiting threads that something has changed. */
  signal(): void {
    this.words.increment(CHANGES);
    this.words.wake(CHANGES);
  }

  // ---- locks ----

  /** Takes a lock if it is free. */
  tryLock(lock: Lock, slot: number): boolean {
    return this.words.exchange(lock, 0, slot + 1);
  }

  unlock(lock: Lock): void {
    this.words.store(lock, 0);
    this.words.wake(lock);
  }

  /** Lets all threads that wait for a lock look at the status. */
  wakeLocks(): void {
    for (const lock of [RESERVE, COMMIT]) this.words.wake(lock);
  }

  /** Takes a lock over from a dead thread. `false`: that thread did not have it. */
  inherit(lock: Lock, from: number, to: number): boolean {
    return this.words.exchange(lock, from + 1, to + 1);
  }

  // ---- slots ----

  /** A number for a writer, which no other one has. */
  newOwner(): number {
    return this.words.increment(OWNERS);
  }

  /** Takes a free slot, if there is one. In one store: if the thread ends there, the sharer finds the slot by its owner. */
  take(owner: number): number | undefined {
    for (let slot = 0; slot < SLOTS; slot++) {
      // The rows of its last owner may still have to be undone.
      if (this.isTaken(slot) || RESERVED.includes(this.state(slot))) continue;
      if (!this.words.exchange(ownerWord(slot), 0, owner)) continue;
      if (RESERVED.includes(this.state(slot))) {
        // Another owner came and ended meanwhile.
        this.leave(slot);
        continue;
      }
      this.#use(slot);
      return slot;
    }
    return undefined;
  }

  #use(slot: number): void {
    for (let used = this.words.load(USED); used <= slot; used = this.words.load(USED)) {
      this.words.exchange(USED, used, slot + 1);
    }
  }

  /** The slot that a writer took; `undefined` if it has none any more. */
  slotOf(owner: number): number | undefined {
    for (let slot = 0; slot < SLOTS; slot++) if (this.words.load(ownerWord(slot)) === owner) return slot;
    return undefined;
  }

  /** Gives back a slot; its owner does this, or the sharer after the owner's end. Nobody takes it before its rows are undone. */
  leave(slot: number): void {
    this.words.store(ownerWord(slot), 0);
  }

  isTaken(slot: number): boolean {
    return this.words.load(ownerWord(slot)) !== 0;
  }

  state(slot: number): State {
    return this.words.load(stateWord(slot)) as State;
  }

  setState(slot: number, state: State): void {
    this.words.store(stateWord(slot), state);
  }

  range(slot: number): Range {
    const first = FIRST_RANGE + 2 * slot;
    return { start: this.words.loadLong(first), end: this.words.loadLong(first + 1) };
  }

  // ---- reservations ----

  /** Reserves rows after all other reservations. With the lock `RESERVE`. */
  reserve(slot: number, rows: number): Range {
    const start = this.reservedEnd();
    const first = FIRST_RANGE + 2 * slot;
    this.words.storeLong(first, start);
    this.words.storeLong(first + 1, start + rows);
    this.setState(slot, WRITING);
    return { start, end: start + rows };
  }

  /** Where all reservations end. With the lock `RESERVE`. */
  reservedEnd(): number {
    let end = 0;
    for (const slot of this.#slotsIn(RESERVED)) end = Math.max(end, this.range(slot).end);
    // Read last: rows whose slot became free during the loop were committed before that.
    return Math.max(end, this.committed);
  }

  /** Whether something failed, and must still be undone. */
  hasFailed(): boolean {
    return this.cut() !== undefined;
  }

  /** The first row that failed. */
  cut(): number | undefined {
    let cut: number | undefined;
    for (const slot of this.#slotsIn([FAILED])) cut = Math.min(cut ?? Number.POSITIVE_INFINITY, this.range(slot).start);
    return cut;
  }

  /** How many rows are written without a gap. With the lock `COMMIT`. */
  writtenEnd(): number {
    let end = this.committed;
    for (let found = true; found; ) {
      found = false;
      for (const slot of this.#slotsIn([WRITTEN])) {
        const range = this.range(slot);
        // The slot may have been reserved anew since its state was read: then it is no longer written.
        if (range.start !== end || range.end <= end || this.state(slot) !== WRITTEN) continue;
        end = range.end;
        found = true;
      }
    }
    return end;
  }

  /** Whether nothing from `cut` on is being written. With both locks. */
  isQuiet(cut: number): boolean {
    for (const slot of this.#slotsIn([WRITING])) if (this.range(slot).start >= cut) return false;
    return true;
  }

  /** Drops all reservations from `cut` on. The failed one, which says that this must be done, goes last. With both locks. */
  drop(cut: number): void {
    let first: number | undefined;
    for (const slot of this.#slotsIn(RESERVED)) {
      const { start } = this.range(slot);
      if (start < cut) continue;
      if (start === cut && this.state(slot) === FAILED) first = slot;
      else this.#dropSlot(slot);
    }
    if (first !== undefined) this.#dropSlot(first);
  }

  #dropSlot(slot: number): void {
    this.setState(slot, this.isTaken(slot) ? DROPPED : FREE);
  }

  /** Whether all reserved rows are committed. With the lock `RESERVE`. */
  isIdle(): boolean {
    return this.reservedEnd() === this.committed && !this.hasFailed();
  }

  *#slotsIn(states: readonly State[]): Generator<number, void, void> {
    const used = this.words.load(USED);
    for (let slot = 0; slot < used; slot++) if (states.includes(this.state(slot))) yield slot;
  }
}

function stateWord(slot: number): number {
  return FIRST_SLOT + SLOT_WORDS * slot;
}

function ownerWord(slot: number): number {
  return FIRST_SLOT + SLOT_WORDS * slot + 1;
}
