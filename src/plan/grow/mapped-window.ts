/** The end of a growing file in mapped memory: rows are stored there without a system call. The protocol: docs/design/mapped-growth.md. */
import { copyElements, type Elements, type ElementsClass } from "../../memory/growing-buffer.ts";
import { lengthen, mapEnd, type Plan, reserve } from "../step.ts";
import type { GrowingFile } from "./growing-file.ts";
import type { Rows } from "./growth.ts";
import type { MappedCount } from "./mapped-count.ts";

/** Bytes of the first window and of the largest. */
const FIRST = 2 ** 16;
const LARGEST = 2 ** 26;

/** More bytes are written faster than they are stored: the first store in each page takes longer than a system call. */
const STORED = 2 ** 11;

/** More bytes get no room in a window. */
const SMALL = 2 ** 16;

const ZEROS = new Uint8Array(2 ** 12);

/** What {@link MappedWindow.most} is while nothing is mapped. */
const NOTHING = -1;

/** Memory and disk space for rows to come, part after part. */
export class MappedWindow {
  /** Up to this count rows can be copied and their count stored now. Negative while nothing is mapped. */
  most: number = NOTHING;
  /** The next count that cannot be stored, but must be written. */
  limit = 0;
  /** Why the last window could not be had, if that was an error. */
  problem: unknown;
  readonly #growing: GrowingFile;
  readonly #count: MappedCount;
  /** The mapped part of the file, and its position there. */
  #bytes = new Uint8Array(0);
  #position = 0;
  /** All of it as elements of the class that was last copied, which has this prototype. */
  #elements: Elements | undefined;
  #prototype: object | undefined;
  #itemsize = 0;
  /** Where the reserved blocks end. */
  #end = 0;
  #size = FIRST;

  constructor(growing: GrowingFile, count: MappedCount) {
    this.#growing = growing;
    this.#count = count;
  }

  get isMapped(): boolean {
    return this.most !== NOTHING;
  }

  /** Whether rows are few enough to be stored. */
  stores(added: Rows): boolean {
    return added.copyTo === undefined && added.rows * this.#growing.bytesPerRow <= STORED;
  }

  /** Whether rows are few enough to make room for. */
  takes(added: Rows): boolean {
    return added.copyTo === undefined && added.rows * this.#growing.bytesPerRow <= SMALL;
  }

  /** Copies rows to their place in mapped memory, which is there. `false`: they are not in memory, or too many. */
  copy(added: Rows): boolean {
    const growing = this.#growing;
    const length = added.rows * growing.bytesPerRow;
    if (length > STORED) return false;
    const at = growing.endOf(growing.rows) - this.#position;
    const { elements } = added;
    if (elements !== undefined) {
      return this.#copyElements(elements, length, at);
    }
    const block = added.onlyBlock;
    if (block?.length !== length) return false;
    this.#bytes.set(block, at);
    return true;
  }

  #copyElements(from: Elements, byteLength: number, at: number): boolean {
    // Before the prototype, as in `RowEncoder`.
    const { length } = from;
    if (Object.getPrototypeOf(from) !== this.#prototype) this.#viewAs(from.constructor as ElementsClass);
    const itemsize = this.#itemsize;
    // The caller may have detached or resized the memory.
    if (length * itemsize !== byteLength) return false;
    copyElements(from, this.#elements as Elements, at / itemsize);
    return true;
  }

  #viewAs(Class: ElementsClass): void {
    this.#elements = new Class(this.#bytes.buffer);
    this.#prototype = Class.prototype;
    this.#itemsize = this.#elements.BYTES_PER_ELEMENT;
  }

  /** Reserves blocks after `end`, at least `least` bytes and as many as the size of the next window. `false`: there are none. */
  *reserve(end: number, least: number = FIRST): Plan<boolean> {
    for (let size = Math.max(this.#size, least); size >= least; size /= 2) {
      if (!(yield* reserve(this.#growing.file, end, size))) continue;
      this.#end = end + size;
      this.#size = Math.min(2 * size, LARGEST);
      return true;
    }
    return false;
  }

  /** Maps what is reserved after the rows, and makes the file reach into it. `false`: that is not possible, and nothing is mapped. */
  *map(): Plan<boolean> {
    const growing = this.#growing;
    const start = growing.endOf(growing.rows);
    this.problem = undefined;
    try {
      const part = yield* mapEnd(growing.file, start, this.#end - start);
      if (part === undefined) return false;
      if (part.bytes !== this.#bytes) this.#prototype = undefined;
      this.#bytes = part.bytes;
      this.#position = part.position;
      yield* this.#lengthen();
      return true;
    } catch (error) {
      this.problem = error;
      this.most = 0;
      this.release();
      return false;
    }
  }

  /** Does what it can of {@link makeRoom}, without steps: running a plan takes longer than a few appends. */
  extend(): void {
    const growing = this.#growing;
    const { file, reservedEnd } = growing;
    const size = Math.min(this.#end, growing.endOf(this.#count.limitAfter(growing.rows)));
    try {
      // Writing a few bytes takes less time than to change the size alone.
      if (size - reservedEnd > ZEROS.length) file.truncateSync(size);
      else if (size > reservedEnd) file.writeSync(ZEROS.subarray(0, size - reservedEnd), reservedEnd);
      growing.reservedEnd = Math.max(size, reservedEnd);
    } catch {
      // Some of the bytes may be there. The next append tries again, and says why it fails.
      growing.reservedEnd = Math.max(reservedEnd, file.sizeSync());
    }
    this.setLimits();
  }

  /** Makes the file as long as it may be: to the end of the window, but not beyond the next count that cannot be stored. */
  *#lengthen(): Plan<void> {
    const growing = this.#growing;
    const limit = this.#count.limitAfter(growing.rows);
    const size = Math.min(this.#end, growing.endOf(limit));
    if (size > Math.max(growing.reservedEnd, growing.endOf(growing.rows))) {
      yield* lengthen(growing.file, size);
      growing.reservedEnd = size;
    }
    this.setLimits();
  }

  /** Call it after a count was written. */
  setLimits(): void {
    const growing = this.#growing;
    this.limit = this.#count.limitAfter(growing.rows);
    const fitting = Math.floor((growing.reservedEnd - growing.header.headerLength) / growing.bytesPerRow);
    this.most = Math.min(fitting, this.limit - 1);
  }

  /** Makes room for up to `rows` rows, which must be no more than the limit. `false`: that is not possible. */
  *makeRoom(rows: number): Plan<boolean> {
    const growing = this.#growing;
    const needed = growing.endOf(rows);
    if (needed <= growing.reservedEnd) return true;
    if (needed > this.#end) {
      const end = Math.max(this.#end, growing.reservedEnd);
      return (yield* this.reserve(end, Math.max(FIRST, needed - end))) && (yield* this.map());
    }
    try {
      yield* this.#lengthen();
      return true;
    } catch (error) {
      this.problem = error;
      return false;
    }
  }

  /** The mapping must not outlive the end of the file. */
  release(): void {
    if (this.isMapped) this.#growing.file.unmapEnd?.();
    this.most = NOTHING;
  }

  /** Begins again with small windows. */
  reset(): void {
    this.#end = 0;
    this.#size = FIRST;
  }
}
