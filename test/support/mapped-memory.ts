/** A part of a file in memory, as mmap(2) gives it: what is stored there is in the file. Storing beyond the file's end is what ends a process. */
import type { StorageFile } from "../../src/storage/storage.ts";

/** What lies beyond the end of the file. */
const BEYOND = 0xa5;

export class MappedMemory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #file: StorageFile;
  readonly #position: number;
  /** Bytes of the part that the file has. */
  #length = 0;
  /** What they were before anything was stored: another part may hold the same bytes. */
  #before = new Uint8Array(0);

  constructor(file: StorageFile, position: number, length: number) {
    this.#file = file;
    this.#position = position;
    this.bytes = new Uint8Array(length);
    this.refresh();
  }

  /** Before the file is looked at: what was stored is there. */
  flush(): void {
    const { bytes } = this;
    for (let i = this.#length; i < bytes.length; i++) {
      if (bytes[i] !== BEYOND) throw new Error(`SIGBUS: byte ${this.#position + i} was stored, beyond the end of the file`);
    }
    for (let i = 0; i < this.#length; i++) {
      if (bytes[i] !== this.#before[i]) this.#file.writeSync(bytes.subarray(i, i + 1), this.#position + i);
    }
  }

  /** After the file was changed. */
  refresh(): void {
    this.bytes.fill(BEYOND);
    this.#length = Math.max(0, Math.min(this.bytes.length, this.#file.sizeSync() - this.#position));
    const present = this.bytes.subarray(0, this.#length);
    this.#file.readSync(present, this.#position);
    this.#before = present.slice();
  }
}
