/**
 * Who appends what to a file that several threads share: words of shared memory, and what can be told from them.
 *
 * Every writer has one slot, since it appends one thing at a time: the rows from `start` to `end`, and a state. A transition is one store
 * to the state, made when all that it stands for is there, so that whatever a thread that is terminated had not stored yet is as if it
 * had not begun it. Nothing is counted twice: where the next reservation begins is told from the slots, and a slot whose `end` is
 * committed is done whatever its state says.
 *
 * | From                  | To        | By                | Meaning                                                              |
 * | --------------------- | --------- | ----------------- | -------------------------------------------------------------------- |
 * | `FREE`, `DROPPED`     | `WRITING` | owner, `RESERVE`  | the rows are reserved, behind all others that are                    |
 * | `WRITING`             | `WRITTEN` | owner             | their bytes are in the file                                          |
 * | `WRITING`             | `STOPPED` | owner             | a reservation before this one failed; no more of this one is written |
 * | `WRITING`, `WRITTEN`  | `FAILED`  | owner             | they will not be in the file: all from here on has to be taken back  |
 * | any but `DROPPED`     | `FAILED`  | sharer, `COMMIT`  | the same, for a thread that is gone                                  |
 * | all from a failed one | `DROPPED` | any, both locks   | the file is cut off before them; owners that did not fail begin anew |
 * | `WRITTEN`, `DROPPED`  | `FREE`    | owner, or sharer  | done                                                                 |
 */

/** The locks, which hold the number of a slot, plus one. */
export type Lock = typeof RESERVE | typeof COMMIT;

// Words of 32 bits.
const STATUS = 0;
/** Counts what others may wait for. */
const CHANGES = 1;
/** Held to place a reservation behind all others. */
export const RESERVE = 2;
/** Held to write the header, and to take back what failed. */
export const COMMIT = 3;
/** All slots that anybody ever had are below this one. */
const USED = 4;
const FIRST_SLOT = 5;
const SLOT_WORDS = 2;

// Words of 64 bits.
const COMMITTED = 0;
const INTENT = 1;
const FIRST_RANGE = 2;

/** How many writers a file can have at a time. */
export const SLOTS = 128;

/** The slot of the writer that shared the file. */
export const SHARER = 0;

/** In whose name the sharer does what a thread that is gone left undone: its own operation may be under way. */
export const BURIER: number = SLOTS + 1;

const INT_BYTES = Math.ceil((4 * (FIRST_SLOT + SLOT_WORDS * SLOTS)) / 8) * 8;
const BYTES = INT_BYTES + 8 * (FIRST_RANGE + 2 * SLOTS);

/** What can be done with a shared file. From `CLOSED` on, nothing. */
export const STATUSES = {
  /** What was called before the file was shared is still under way. */
  STARTING: 0,
  OPEN: 1,
  /** Nothing more is reserved. */
  CLOSING: 2,
  CLOSED: 3,
  BROKEN: 4,
  CHANGED: 5,
  /** The thread that shared it is gone. */
  ENDED: 6,
} as const;

export type Status = (typeof STATUSES)[keyof typeof STATUSES];

export const STATES = { FREE: 0, WRITING: 1, WRITTEN: 2, STOPPED: 3, FAILED: 4, DROPPED: 5 } as const;

export type State = (typeof STATES)[keyof typeof STATES];

/** Rows from `start` to `end`, not included. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Shared words, read and written one by one, in an order that all threads see alike. */
export class SharedWords {
  readonly buffer: SharedArrayBuffer;
  /** What can be waited on. */
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
  /** Puts `value` in place of `expected`; `false`, and nothing is changed, where something else is. */
  exchange(index: number, expected: number, value: number): boolean {
    return Atomics.compareExchange(this.ints, index, expected, value) === expected;
  }
  increment(index: number): void {
    Atomics.add(this.ints, index, 1);
  }
  /** Wakes all that wait for a word: one alone might belong to a thread that is about to end. */
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

  /** The rows that the file has for sure: all of them were written, and unless one is being written the header counts just these. */
  get committed(): number {
    return this.words.loadLong(COMMITTED);
  }
  set committed(rows: number) {
    this.words.storeLong(COMMITTED, rows);
  }

  /** The rows that a header counts which is being written: all of them were. Else what is committed. */
  get intent(): number {
    return this.words.loadLong(INTENT);
  }
  set intent(rows: number) {
    this.words.storeLong(INTENT, rows);
  }

  /** A word to wait on, with what it was: it differs as soon as something happened. */
  get changes(): { readonly index: number; readonly value: number } {
    return { index: CHANGES, value: this.words.load(CHANGES) };
  }

  /** Tells all who wait that something happened. */
  signal(): void {
    this.words.increment(CHANGES);
    this.words.wake(CHANGES);
  }

  // ---- locks ----

  /** Takes a lock for a slot, if nobody has it. */
  tryLock(lock: Lock, slot: number): boolean {
    return this.words.exchange(lock, 0, slot + 1);
  }

  /** A word to wait on for a lock, with what it was. */
  holder(lock: Lock): { readonly index: number; readonly value: number } {
    return { index: lock, value: this.words.load(lock) };
  }

  unlock(lock: Lock): void {
    this.words.store(lock, 0);
    this.words.wake(lock);
  }

  /** Lets all who wait for a lock look at the status. */
  wakeLocks(): void {
    for (const lock of [RESERVE, COMMIT]) this.words.wake(lock);
  }

  /** Takes a lock away from a slot whose thread is gone; `false` if it did not have it. */
  inherit(lock: Lock, from: number, to: number): boolean {
    return this.words.exchange(lock, from + 1, to + 1);
  }

  // ---- slots ----

  /** Takes a slot that nobody has; `undefined` if all are taken. By the sharer, for itself and for those who attach. */
  take(): number | undefined {
    for (let slot = 0; slot < SLOTS; slot++) {
      // A free one may have had an owner whose rows are still to be taken back.
      if (this.isTaken(slot) || isReserved(this.state(slot))) continue;
      this.words.store(takenWord(slot), 1);
      this.words.store(USED, Math.max(this.words.load(USED), slot + 1));
      return slot;
    }
    return undefined;
  }

  /** Gives back a slot, by the sharer. If its rows are still to be taken back, nobody takes it before. */
  leave(slot: number): void {
    this.words.store(takenWord(slot), 0);
  }

  isTaken(slot: number): boolean {
    return this.words.load(takenWord(slot)) !== 0;
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

  /** Reserves rows behind all others. With the lock `RESERVE`. */
  reserve(slot: number, rows: number): Range {
    const start = this.reservedEnd();
    const first = FIRST_RANGE + 2 * slot;
    this.words.storeLong(first, start);
    this.words.storeLong(first + 1, start + rows);
    this.setState(slot, STATES.WRITING);
    return { start, end: start + rows };
  }

  /** Where all reservations end. With the lock `RESERVE`. */
  reservedEnd(): number {
    let end = 0;
    for (const slot of this.#inState(isReserved)) end = Math.max(end, this.range(slot).end);
    // Last: what became free while the slots were looked at, was committed before.
    return Math.max(end, this.committed);
  }

  /** Whether something failed, and is still to be taken back. */
  hasFailed(): boolean {
    return this.cut() !== undefined;
  }

  /** Where what failed begins. */
  cut(): number | undefined {
    let cut: number | undefined;
    for (const slot of this.#inState(isFailed)) {
      const { start } = this.range(slot);
      cut = cut === undefined ? start : Math.min(cut, start);
    }
    return cut;
  }

  /** How many rows are written without a gap. With the lock `COMMIT`. */
  writtenEnd(): number {
    let end = this.committed;
    for (let found = true; found; ) {
      found = false;
      for (const slot of this.#inState(isWritten)) {
        const range = this.range(slot);
        // A slot that was done may be reserved anew between the two looks at its state: then it is no longer written.
        if (range.start !== end || range.end <= end || !isWritten(this.state(slot))) continue;
        end = range.end;
        found = true;
      }
    }
    return end;
  }

  /** Whether nothing from `cut` on is being written. With the locks `RESERVE` and `COMMIT`. */
  isQuiet(cut: number): boolean {
    for (const slot of this.#inState(isBeingWritten)) if (this.range(slot).start >= cut) return false;
    return true;
  }

  /** Forgets all from `cut` on. What says that this is to be done goes last. With the locks `RESERVE` and `COMMIT`. */
  drop(cut: number): void {
    let first: number | undefined;
    for (const slot of this.#inState(isReserved)) {
      const { start } = this.range(slot);
      if (start < cut) continue;
      if (start === cut && isFailed(this.state(slot))) first = slot;
      else this.#dropSlot(slot);
    }
    if (first !== undefined) this.#dropSlot(first);
  }

  #dropSlot(slot: number): void {
    this.setState(slot, this.isTaken(slot) ? STATES.DROPPED : STATES.FREE);
  }

  /** Whether all that was reserved is committed. With the lock `RESERVE`. */
  isIdle(): boolean {
    return this.reservedEnd() === this.committed && !this.hasFailed();
  }

  *#inState(test: (state: State) => boolean): Generator<number, void, void> {
    const used = this.words.load(USED);
    for (let slot = 0; slot < used; slot++) if (test(this.state(slot))) yield slot;
  }
}

function isReserved(state: State): boolean {
  return state !== STATES.FREE && state !== STATES.DROPPED;
}

function isFailed(state: State): boolean {
  return state === STATES.FAILED;
}

function isWritten(state: State): boolean {
  return state === STATES.WRITTEN;
}

function isBeingWritten(state: State): boolean {
  return state === STATES.WRITING;
}

function stateWord(slot: number): number {
  return FIRST_SLOT + SLOT_WORDS * slot;
}

function takenWord(slot: number): number {
  return FIRST_SLOT + SLOT_WORDS * slot + 1;
}
