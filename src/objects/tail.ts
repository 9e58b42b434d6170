/** Bytes at the end of an object that is being written: cut into parts, and sent while more are written. */
import { wasSent } from "./object-errors.ts";
import type { Part, PartLimits } from "./object-store.ts";

/** How many parts are sent at the same time. */
const AT_ONCE = 4;

/** So many full parts are held in memory although no header counts their bytes yet. Beyond that, they are sent, and can no longer be cut off. */
const UNCOUNTED = 8;

/** After so many parts the next ones are twice as long, so that an object can be larger than expected. */
const PARTS_OF_A_SIZE = 1000;

/** A part that is filled, or sent. */
interface Piece {
  readonly index: number;
  readonly position: number;
  readonly capacity: number;
  /** Where its bytes end. */
  end: number;
  /** Its bytes, until they are sent. The memory may be longer. */
  bytes: Uint8Array<ArrayBuffer> | undefined;
  sending: Promise<void> | undefined;
  sent: Part | undefined;
  /** Whether the store may have it. All that it has must be in the object. */
  isKnown: boolean;
}

/** How parts are cut. */
export interface Cutting {
  /** The bytes of a part. */
  readonly size: number;
  /** Whether all parts but the last must have that size. */
  readonly isEqual: boolean;
  readonly limits: PartLimits;
}

export class Tail {
  /** Where it begins in the object. */
  readonly position: number;
  /** Bytes before this are counted by a header. Only they are sent, unless there are too many others. */
  #counted: number;
  readonly #cutting: Cutting;
  readonly #send: (index: number, bytes: Uint8Array) => Promise<Part>;
  readonly #pieces: Piece[] = [];
  /** The memory of parts that were sent, for those to come: at most as many as are sent at once. */
  readonly #spares: Uint8Array<ArrayBuffer>[] = [];
  #failure: { readonly error: unknown } | undefined;
  #underWay = 0;

  /** `send` is given the index of a part, from 0 on. */
  constructor(position: number, counted: number, cutting: Cutting, send: (index: number, bytes: Uint8Array) => Promise<Part>) {
    this.position = position;
    this.#counted = counted;
    this.#cutting = cutting;
    this.#send = send;
  }

  get end(): number {
    return this.#pieces.at(-1)?.end ?? this.position;
  }

  /** Bytes before `end` are counted from now on. */
  count(end: number): void {
    this.#counted = end;
    for (const piece of this.#pieces) this.#release(piece);
    this.#pump();
  }

  /** Adds bytes. Returns a promise where more memory would be held than is allowed. */
  append(bytes: Uint8Array): Promise<void> | undefined {
    for (let done = 0; done < bytes.length; ) {
      const piece = this.#filling();
      const count = Math.min(piece.capacity - (piece.end - piece.position), bytes.length - done);
      this.#room(piece, count).set(bytes.subarray(done, done + count), piece.end - piece.position);
      piece.end += count;
      done += count;
    }
    this.#pump();
    return this.#isCrowded() || this.#failure !== undefined ? this.#untilRoom() : undefined;
  }

  /** The part that is not full. */
  #filling(): Piece {
    const last = this.#pieces.at(-1);
    if (last !== undefined && !isFull(last)) {
      // It was sent for an object that could not be completed, and is sent again.
      last.sent = undefined;
      return last;
    }
    const index = this.#pieces.length;
    const { size, isEqual, limits } = this.#cutting;
    const capacity = isEqual ? size : Math.min(limits.most, size * 2 ** Math.floor(index / PARTS_OF_A_SIZE));
    const position = this.end;
    const piece = {
      index,
      position,
      capacity,
      end: position,
      bytes: undefined,
      sending: undefined,
      sent: undefined,
      isKnown: false,
    };
    this.#pieces.push(piece);
    return piece;
  }

  /** Memory for `count` more bytes. That of the first part grows as it is needed: most objects are small. */
  #room(piece: Piece, count: number): Uint8Array {
    const { bytes, capacity } = piece;
    const length = piece.end - piece.position;
    if (bytes !== undefined && bytes.length >= length + count) return bytes;
    const spare = bytes === undefined ? this.#spares.pop() : undefined;
    const wanted = piece.index > 0 ? capacity : Math.min(capacity, Math.max(length + count, 2 * length, 2 ** 16));
    const larger = spare?.length === capacity ? spare : new Uint8Array(wanted);
    if (bytes !== undefined) larger.set(bytes.subarray(0, length));
    piece.bytes = larger;
    return larger;
  }

  #waiting(): Piece[] {
    return this.#pieces.filter((piece) => isFull(piece) && piece.sent === undefined && piece.sending === undefined);
  }

  #isCrowded(): boolean {
    return this.#waiting().length + this.#underWay > UNCOUNTED;
  }

  /** Starts to send what may be sent. */
  #pump(): void {
    if (this.#failure !== undefined) return;
    const waiting = this.#waiting();
    for (const [i, piece] of waiting.entries()) {
      if (this.#underWay >= AT_ONCE) return;
      const isHeld = waiting.length - i + this.#underWay <= UNCOUNTED;
      if (piece.end > this.#counted && isHeld) return;
      void this.#start(piece);
    }
  }

  #start(piece: Piece): Promise<void> {
    this.#underWay++;
    piece.isKnown = true;
    const bytes = piece.bytes as Uint8Array<ArrayBuffer>;
    const length = piece.end - piece.position;
    piece.sending = (async () => {
      try {
        piece.sent = await this.#send(piece.index, bytes.subarray(0, length));
        this.#release(piece);
      } catch (error) {
        this.#failure ??= { error };
      } finally {
        piece.sending = undefined;
        this.#underWay--;
        this.#pump();
      }
    })();
    return piece.sending;
  }

  /** Gives back the memory of a part that was sent, unless it may be continued or cut off: it is not full, or counted in part. */
  #release(piece: Piece): void {
    const { bytes, sent, position, end } = piece;
    if (bytes === undefined || sent === undefined || !isFull(piece)) return;
    if (position < this.#counted && this.#counted < end) return;
    piece.bytes = undefined;
    if (this.#spares.length < AT_ONCE) this.#spares.push(bytes);
  }

  async #untilRoom(): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) await this.#fail();
      if (!this.#isCrowded()) return;
      await Promise.race(this.#sending());
    }
  }

  #sending(): Promise<void>[] {
    return this.#pieces.flatMap(({ sending }) => sending ?? []);
  }

  /** Throws the error of a part that could not be sent. It is sent again later. */
  async #fail(): Promise<void> {
    await Promise.all(this.#sending());
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.error;
  }

  /** Sends everything, also the last part, which may be short. Returns all parts. */
  async finish(): Promise<Part[]> {
    this.#failure = undefined;
    await Promise.all(this.#sending());
    for (const piece of this.#pieces) {
      while (this.#underWay >= AT_ONCE && this.#failure === undefined) await Promise.race(this.#sending());
      if (this.#failure !== undefined) break;
      if (piece.sent === undefined && piece.sending === undefined) void this.#start(piece);
    }
    await Promise.all(this.#sending());
    await this.#fail();
    return this.#pieces.flatMap(({ sent }) => sent ?? []);
  }

  /** Waits until nothing is sent any more, whatever comes of it. */
  async settle(): Promise<void> {
    this.#failure = { error: undefined };
    await Promise.all(this.#sending());
  }

  /** Cuts bytes off that were not sent. Returns `false`, and changes nothing, if some were. */
  cut(end: number): boolean {
    const isHeld = ({ bytes, sending, isKnown, position }: Piece): boolean =>
      bytes !== undefined && sending === undefined && !(isKnown && position >= end);
    if (!this.#pieces.every((piece) => piece.end <= end || isHeld(piece))) return false;
    while (this.end > end) {
      const last = this.#pieces.at(-1) as Piece;
      if (last.position >= end) this.#pieces.pop();
      else {
        last.end = end;
        last.sent = undefined;
      }
    }
    this.#counted = Math.min(this.#counted, end);
    return true;
  }

  /**
   * Calls back with the memory of bytes from `position` on, piece by piece.
   *
   * @throws NpyError `ERR_NPY_OPTION` if some of them were sent.
   */
  visit(position: number, length: number, use: (memory: Uint8Array, offset: number) => void, isWritten: boolean): void {
    const end = position + length;
    for (const piece of this.#pieces) {
      const from = Math.max(position, piece.position);
      const to = Math.min(end, piece.end);
      if (from >= to) continue;
      if (piece.bytes === undefined || (isWritten && piece.sending !== undefined)) throw wasSent();
      if (isWritten) piece.sent = undefined;
      use(piece.bytes.subarray(from - piece.position, to - piece.position), from - position);
    }
  }

  /** The bytes from `position` to `end`, which must be in memory. */
  bytesFrom(position: number, end: number = this.end): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(end - position);
    this.visit(position, bytes.length, (memory, offset) => bytes.set(memory, offset), false);
    return bytes;
  }
}

function isFull({ position, end, capacity }: Piece): boolean {
  return end - position === capacity;
}
