/** Maps parts of a file into memory on demand, and keeps them for later reads. */
import type { Advice, StorageFile } from "../../storage/storage.ts";
import { map, type Plan } from "../step.ts";

/**
 * Bytes from the start of one window to the next. A mapping costs as much as a hundred small reads, a process may have about 65,000 of them,
 * and each lives until it is garbage-collected. So a window must serve many reads, and even the largest file must need only a few thousand.
 */
export const STRIDE: number = 2 ** 29;

/** Windows overlap, so any range of up to one stride lies within a single window. */
const WINDOW = 2 * STRIDE;

/** Mapped bytes of the data, from `start` on. */
export interface MappedWindow {
  readonly start: number;
  readonly window: Uint8Array<ArrayBuffer>;
}

/** The windows into the data of one file. The data begin at `dataStart` in the file. */
export class MappedWindows {
  readonly #file: StorageFile;
  readonly #dataStart: number;
  readonly #advice: Advice | undefined;
  readonly #windows: MappedWindow[] = [];

  constructor(file: StorageFile, dataStart: number, advice: Advice | undefined) {
    this.#file = file;
    this.#dataStart = dataStart;
    this.#advice = advice;
  }

  /** The longest range that always lies within a single window. */
  get span(): number {
    return STRIDE;
  }

  /** `length` bytes at `position` in the data, which are `end` bytes long now. A range longer than a stride gets a mapping of its own. */
  *bytes(position: number, length: number, end: number): Plan<Uint8Array<ArrayBuffer>> {
    const { window, start } = this.known(position, length) ?? (yield* this.around(position, length, end));
    return window.subarray(position - start, position - start + length);
  }

  /** The window with these bytes, if it is mapped already. */
  known(position: number, length: number): MappedWindow | undefined {
    const found = this.#windows[Math.floor(position / STRIDE)];
    // A window mapped before the file grew may be too short.
    return found === undefined || position + length > found.start + found.window.length ? undefined : found;
  }

  /** Maps the window with these bytes. */
  *around(position: number, length: number, end: number): Plan<MappedWindow> {
    if (length > STRIDE) {
      return { start: position, window: yield* map(this.#file, this.#dataStart + position, length, this.#advice) };
    }
    const index = Math.floor(position / STRIDE);
    const start = index * STRIDE;
    const window = yield* map(this.#file, this.#dataStart + start, Math.min(WINDOW, end - start), this.#advice);
    const mapped = { start, window };
    this.#windows[index] = mapped;
    return mapped;
  }
}
