/** Parts of a file that are mapped into memory when they are first asked for, and kept for later reads. */
import type { Advice, StorageFile } from "../../storage/storage.ts";
import { map, type Plan } from "../step.ts";

/**
 * Bytes from one window to the next. A mapping costs as much as a hundred small reads, a process may have some ten thousand of them, and they
 * are taken back no sooner than garbage is collected: a window must serve many reads, and the largest file be no more than a few thousand.
 */
const STRIDE = 2 ** 29;

/** Windows overlap, so that up to a stride of bytes is in one of them wherever it begins. */
const WINDOW = 2 * STRIDE;

/** The windows to the data of one file, which begin at `first`. */
export class Windows {
  readonly #file: StorageFile;
  readonly #first: number;
  readonly #advice: Advice | undefined;
  readonly #windows: Uint8Array<ArrayBuffer>[] = [];

  constructor(file: StorageFile, first: number, advice: Advice | undefined) {
    this.#file = file;
    this.#first = first;
    this.#advice = advice;
  }

  /** `length` bytes from `position` on, both within the data, which are `end` bytes now. More than a stride has a mapping of its own. */
  *bytes(position: number, length: number, end: number): Plan<Uint8Array<ArrayBuffer>> {
    if (length > STRIDE) return yield* map(this.#file, this.#first + position, length, this.#advice);
    const index = Math.floor(position / STRIDE);
    const start = position - index * STRIDE;
    const known = this.#windows[index];
    // One from before the file has grown may be too short.
    if (known !== undefined && start + length <= known.length) return known.subarray(start, start + length);
    const windowStart = index * STRIDE;
    const window = yield* map(this.#file, this.#first + windowStart, Math.min(WINDOW, end - windowStart), this.#advice);
    this.#windows[index] = window;
    return window.subarray(start, start + length);
  }
}
