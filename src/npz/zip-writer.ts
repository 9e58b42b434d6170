/** Writes members one after the other, and the directory after them. */
import { checkThere, isThere, shrunk } from "../memory/blocks.ts";
import { finishWrite, type Plan, quietly, type StartedWrite, startWrite, write } from "../plan/step.ts";
import { hasCode, type StorageFile } from "../storage/storage.ts";
import { startCompressor } from "./compressor.ts";
import type { Content, Data } from "./content.ts";
import { crc32 } from "./crc32.ts";
import {
  centralEntry,
  DEFLATED,
  encodeName,
  endRecords,
  IN_ZIP64_4,
  localHeader,
  localLength,
  STORED,
  type WrittenEntry,
} from "./zip-format.ts";

/** Bytes that are gathered before they are written: many small members take few writes. */
const GATHERED = 2 ** 18;

/** How saving is watched and stopped. */
export interface Watched {
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((done: number, total: number) => void) | undefined;
  /** The bytes of all members before they are compressed. */
  readonly total: number;
}

/** A block that is being written, and the length that its memory must keep until then. */
interface StartedBlock {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly write: StartedWrite;
}

/** More than deflate makes of data that cannot be compressed: it adds 5 bytes to each 16 KiB. */
function mostDeflated(length: number): number {
  return 1.001 * length + 100;
}

export class ZipWriter {
  readonly #file: StorageFile;
  readonly #watched: Watched;
  readonly #entries: WrittenEntry[] = [];
  readonly #gathered: Uint8Array = new Uint8Array(GATHERED);
  #used = 0;
  /** Where the gathered bytes will be written: the end of the file. */
  #end = 0;
  #done = 0;

  constructor(file: StorageFile, watched: Watched) {
    this.#file = file;
    this.#watched = watched;
  }

  get #position(): number {
    return this.#end + this.#used;
  }

  *add({ name, header, length, open }: Content, isCompressed: boolean): Plan<void> {
    const most = isCompressed ? mostDeflated(length) : length;
    const place = {
      name,
      ...encodeName(name),
      method: isCompressed ? DEFLATED : STORED,
      size: length,
      offset: this.#position,
      isWide: most >= IN_ZIP64_4,
    };
    // Sizes and checksum are known when the data have been written.
    yield* this.#put(new Uint8Array(localLength(place)));
    const start = this.#position;
    const data = open();
    let crc: number;
    try {
      if (isCompressed) crc = yield* this.#compress(header, data);
      else crc = length <= GATHERED ? yield* this.#gather(header, data) : yield* this.#stream(header, data);
    } finally {
      yield* data.end();
    }
    const compressedSize = this.#position - start;
    if (!isCompressed && compressedSize !== length) throw shrunk();
    const entry = { ...place, crc, compressedSize };
    yield* this.#overwrite(localHeader(entry), place.offset);
    this.#entries.push(entry);
  }

  /** Writes the directory. */
  *finish(): Plan<void> {
    const start = this.#position;
    for (const entry of this.#entries) yield* this.#put(centralEntry(entry));
    yield* this.#put(endRecords(this.#entries.length, start, this.#position - start));
    yield* this.#flush();
  }

  *#put(bytes: Uint8Array): Plan<void> {
    if (this.#used + bytes.length > GATHERED) yield* this.#flush();
    if (bytes.length > GATHERED) {
      yield* write(this.#file, bytes, this.#end);
      this.#end += bytes.length;
    } else {
      this.#gathered.set(bytes, this.#used);
      this.#used += bytes.length;
    }
  }

  *#flush(): Plan<void> {
    if (this.#used > 0) yield* write(this.#file, this.#gathered.subarray(0, this.#used), this.#end);
    this.#end += this.#used;
    this.#used = 0;
  }

  /** Writes again what was put at once. */
  *#overwrite(bytes: Uint8Array, position: number): Plan<void> {
    if (position >= this.#end) this.#gathered.set(bytes, position - this.#end);
    else yield* write(this.#file, bytes, position);
  }

  #advance(bytes: number): void {
    const { signal, onProgress, total } = this.#watched;
    signal?.throwIfAborted();
    this.#done += bytes;
    onProgress?.(this.#done, total);
  }

  *#gather(header: Uint8Array, data: Data): Plan<number> {
    yield* this.#put(header);
    let crc = crc32(header);
    let length = header.length;
    for (let bytes = yield* data.next(false); bytes !== undefined; bytes = yield* data.next(false)) {
      yield* this.#put(bytes);
      crc = crc32(bytes, crc);
      length += bytes.length;
    }
    this.#advance(length);
    return crc;
  }

  /** Writes large data from where they are. Where steps are asynchronous, the next block is made while the last one is being written. */
  *#stream(header: Uint8Array, data: Data): Plan<number> {
    yield* this.#put(header);
    yield* this.#flush();
    let crc = crc32(header);
    this.#advance(header.length);
    let started: StartedBlock | undefined;
    try {
      for (;;) {
        const bytes = yield* data.next(started?.write.pending !== undefined);
        if (bytes !== undefined) crc = crc32(bytes, crc);
        if (started !== undefined) yield* this.#finishBlock(started);
        started = undefined;
        if (bytes === undefined) return crc;
        const { length } = bytes;
        started = { bytes, length, write: yield* startWrite(this.#file, bytes, this.#end) };
        this.#end += length;
      }
    } catch (error) {
      // A pending write would go on while the file is removed.
      if (started !== undefined) yield* quietly(finishWrite(started.write));
      const isGone = started !== undefined && (hasCode(error, "EFAULT") || !isThere(started.bytes, started.length));
      throw isGone ? shrunk(error) : error;
    }
  }

  *#finishBlock({ write, bytes, length }: StartedBlock): Plan<void> {
    yield* finishWrite(write);
    checkThere(bytes, length);
    this.#advance(length);
  }

  *#compress(header: Uint8Array, data: Data): Plan<number> {
    const compressor = yield* startCompressor();
    try {
      let crc = crc32(header);
      yield* this.#putAll(yield* compressor.push(header));
      for (let bytes = yield* data.next(false); bytes !== undefined; bytes = yield* data.next(false)) {
        crc = crc32(bytes, crc);
        const { length } = bytes;
        yield* this.#putAll(yield* compressor.push(bytes));
        this.#advance(length);
      }
      yield* this.#putAll(yield* compressor.finish());
      this.#advance(header.length);
      return crc;
    } catch (error) {
      compressor.end();
      throw error;
    }
  }

  *#putAll(parts: readonly Uint8Array[]): Plan<void> {
    for (const part of parts) yield* this.#put(part);
  }
}
