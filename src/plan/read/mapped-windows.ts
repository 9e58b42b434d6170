/** Maps parts of a file into memory on demand, and keeps them for later reads. */
import type { Advice, StorageFile } from "../../storage/storage.ts";
import { map, type Plan } from "../step.ts";

/**
 * Bytes from the start of one window to the next. A mapping costs as much as a hundred small reads, a process may have about 65,000 of them,
 * and each lives until it is garbage-collected. So a window must serve many reads, and even the largest file must need only a few thousand.
 */
const STRIDE = 2 ** 29;

/** Windows overlap, so any range of up to one stride lies within a single window. */
const WINDOW = 2 * STRIDE;

/** The windows into the data of one file. The data begin at `dataStart` in the file. */
export class MappedWindows {
  readonly #file: StorageFile;
  readonly #dataStart: number;
  readonly #advice: Advice | undefined;
  readonly #windows: Uint8Array<ArrayBuffer>[] = [];

  constructor(file: StorageFile, dataStart: number, advice: Advice | undefined) {
    this.#file = file;
    this.#dataStart = dataStart;
    this.#advice = advice;
  }

  /** `length` bytes at `position` in the data, which are `end` bytes long now. A range longer than a stride gets a mapping of its own. */
  *bytes(position: number, length: number, end: number): Plan<Uint8Array<ArrayBuffer>> {
    if (length > STRIDE) return yield* map(this.#file, this.#dataStart + position, length, this.#advice);
    const index = Math.floor(position / STRIDE);
    const windowStart = index * STRIDE;
    const start = position - windowStart;
    let window = this.#windows[index];
    // A window mapped before the file grew may be too short.
    if (window === undefined || start + length > window.length) {
      window = yield* map(this.#file, this.#dataStart + windowStart, Math.min(WINDOW, end - windowStart), this.#advice);
      this.#windows[index] = window;
    }
    return window.subarray(start, start + length);
  }
}
