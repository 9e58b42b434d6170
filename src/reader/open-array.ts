/** An open file and its array as it was last seen: what both readers share, as plans. */

import { decodeRoom, type Room, roomIn } from "../decode/decode.ts";
import type { DataOf, NpyArray } from "../decode/npy-array.ts";
import { decodeElements } from "../decode/record-array.ts";
import { NpyError, type NpyErrorCode } from "../errors.ts";
import { counted } from "../format/counted.ts";
import { type DType, sameDType, showDType } from "../format/dtype.ts";
import type { NpyHeader } from "../format/header.ts";
import { bytesPerRow, dataLength, rowCount, rowShape, shapeOf, sizeOf } from "../format/layout.ts";
import type { Selection } from "../format/selection.ts";
import { isThere } from "../memory/blocks.ts";
import { checkMappable, position } from "../options.ts";
import type { Source } from "../plan/read/gather.ts";
import { checkDataPresent, dataMissing, readLiveHeader } from "../plan/read/header.ts";
import { MappedWindows } from "../plan/read/mapped-windows.ts";
import { readRows } from "../plan/read/rows.ts";
import { hasSameBytes, hasSample, type Sample, sampleOf } from "../plan/read/same-rows.ts";
import { copyBytes } from "../plan/rewrite/copy-data.ts";
import { close, open, type Plan, quietly, read } from "../plan/step.ts";
import { type Eventually, hasCode, type Storage, type StorageFile } from "../storage/storage.ts";
import { readArrayHeader } from "./array-header.ts";
import { type Choosing, selectFrom, takeFrom } from "./choose.ts";
import { JoinedFile, JoinedWindows } from "./joined-file.ts";
import { type Placing, readOrdered, roomGone } from "./ordered.ts";
import type { CheckedReaderOptions, ChunkOptions, RowsOptions } from "./reader-options.ts";

/** Bytes of a chunk by default. */
const CHUNK = 2 ** 22;

/** The same where several are under way: requests cost time and money, whatever they bring. */
const CHUNK_AHEAD = 2 ** 23;

/** The codes of files that are not readable arrays. */
const UNREADABLE: readonly NpyErrorCode[] = ["ERR_NPY_HEADER", "ERR_NPY_DTYPE", "ERR_NPY_SHAPE"];

const NOTHING: Sample = { first: new Uint8Array(0), last: undefined };

/** An open file, and the array that it held when it was last looked at. */
export class OpenArray<D> {
  readonly storage: Storage;
  readonly #options: CheckedReaderOptions;
  #file: StorageFile;
  #header: NpyHeader;
  /** Never changes, whatever is appended. */
  readonly #rowShape: readonly number[];
  readonly #bytesPerRow: number;
  #windows: MappedWindows | undefined;
  /** The bytes by which `refresh` notices that the rows were replaced. */
  #sample: Sample = NOTHING;

  private constructor(storage: Storage, file: StorageFile, header: NpyHeader, options: CheckedReaderOptions) {
    this.storage = storage;
    this.#file = file;
    this.#header = header;
    this.#rowShape = rowShape(header);
    this.#bytesPerRow = bytesPerRow(header);
    this.#options = options;
    this.#windows = this.#newWindows();
  }

  static *open<D>(storage: Storage, options: CheckedReaderOptions): Plan<OpenArray<D>> {
    if (options.mmap) checkMappable(storage, false);
    const file = yield* open(storage, "r", options);
    try {
      const array = yield* OpenArray.of<D>(storage, file, options);
      array.#sample = yield* sampleOf(file, array.#header);
      return array;
    } catch (error) {
      yield* quietly(close(file));
      throw error;
    }
  }

  static *of<D>(storage: Storage, file: StorageFile, options: CheckedReaderOptions): Plan<OpenArray<D>> {
    return new OpenArray<D>(storage, file, yield* readArrayHeader(file, options), options);
  }

  get path(): string | undefined {
    return this.storage.path;
  }

  get header(): NpyHeader {
    return this.#header;
  }

  /** What plans read from. */
  get source(): Source {
    return { file: this.#file, header: this.#header, windows: this.#windows, signal: this.signal };
  }

  /** Ends all reading when it is aborted. */
  get signal(): AbortSignal | undefined {
    return this.#options.signal;
  }

  /** Until the next {@link refresh}, which may replace it. */
  get file(): StorageFile {
    return this.#file;
  }

  close(): Plan<void> {
    this.#windows = undefined;
    return close(this.#file);
  }

  #newWindows(): MappedWindows | undefined {
    const { mmap, advise } = this.#options;
    if (mmap && this.#file instanceof JoinedFile) return new JoinedWindows(this.#file, advise);
    return mmap ? new MappedWindows(this.#file, this.#header.headerLength, advise) : undefined;
  }

  /**
   * Looks at the file again: rows that were appended count from now on. If another file has taken its place, as `ensureAppendable` does,
   * the old one is returned, for the caller to close when nothing reads from it any more. The rows of both files are compared, as far as they
   * were counted.
   *
   * @throws NpyError `ERR_NPY_CHANGED` if it is another array now.
   */
  *refresh(): Plan<StorageFile | undefined> {
    const found = yield* this.#openAgain();
    const isSame = found === undefined || found.key === this.#file.key;
    const { headerLength } = this.#header;
    try {
      const looked = found ?? this.#file;
      let header = yield* this.#readHeader(looked);
      while (!(yield* this.#beginsWithRows(looked, header, isSame))) {
        // The rows may have been moved within the file since its header was read.
        const later = yield* this.#readHeader(looked);
        if (later.headerLength === header.headerLength) throw this.#otherRows();
        header = later;
      }
      yield* checkDataPresent(looked, header);
      if (!isSame || rowCount(header) !== rowCount(this.#header)) {
        this.#sample = yield* sampleOf(looked, header, isSame && looked.isSnapshot);
      }
      this.#header = header;
    } catch (error) {
      if (found !== undefined) yield* quietly(close(found));
      throw error;
    }
    if (found !== undefined && isSame) yield* close(found);
    const old = isSame ? undefined : this.#file;
    if (!isSame) this.#file = found;
    // The data may have been moved within the file, too.
    if (!isSame || this.#header.headerLength !== headerLength) this.#windows = this.#newWindows();
    return old;
  }

  /** The file that has the name now; `undefined` between its deletion and its replacement. */
  *#openAgain(): Plan<StorageFile | undefined> {
    try {
      return yield* open(this.storage, "r", this.#options);
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  /** The header; if it can no longer be read, another program wrote over it. */
  *#readHeader(file: StorageFile): Plan<NpyHeader> {
    try {
      return yield* readLiveHeader(file, rowCount(this.#header), this.#options.maxHeaderSize);
    } catch (error) {
      if (!(error instanceof NpyError) || !UNREADABLE.includes(error.code)) throw error;
      throw new NpyError("ERR_NPY_CHANGED", `The file can no longer be read as the array that it was: ${error.reason}`, {
        cause: error,
      });
    }
  }

  /**
   * Whether a file with that header begins with the rows that were counted.
   *
   * @throws NpyError `ERR_NPY_CHANGED` if the header alone shows that they are other rows.
   */
  *#beginsWithRows(file: StorageFile, header: NpyHeader, isSame: boolean): Plan<boolean> {
    this.#checkSame(header);
    const length = dataLength(this.#header);
    const { headerLength } = header;
    const { first, last } = this.#sample;
    // If the server says that nothing changed, only bytes that cost no request are compared.
    const sample = { first, last: isSame && file.isSnapshot ? undefined : last };
    if (!(yield* hasSample(file, headerLength, length, sample))) return false;
    if (isSame || file.isSnapshot) return true;
    // In another file all bytes are compared, where the old ones can still be read.
    return yield* hasSameBytes(this.#file, this.#header.headerLength, file, headerLength, length);
  }

  #otherRows(): NpyError {
    return new NpyError(
      "ERR_NPY_CHANGED",
      `The file no longer begins with the ${counted(rowCount(this.#header), "row")} that were there when it was last looked at: ` +
        "another array took their place, or they were changed or cut off. Open it again.",
    );
  }

  #checkSame(header: NpyHeader): void {
    const known = this.#header;
    const isSame =
      sameDType(header.dtype, known.dtype) &&
      header.fortranOrder === known.fortranOrder &&
      rowShape(header).join() === this.#rowShape.join();
    if (isSame && rowCount(header) >= rowCount(known)) return;
    throw new NpyError(
      "ERR_NPY_CHANGED",
      `The file was an array of shape (${known.shape.join(", ")}) and dtype ${showDType(known.dtype)}, and is one of shape ` +
        `(${header.shape.join(", ")}) and dtype ${showDType(header.dtype)} now: open it again.`,
    );
  }

  get length(): number {
    return rowCount(this.#header);
  }

  read(start: number | undefined, stop: number | undefined): Plan<NpyArray<D>> {
    const from = this.#first(start);
    return readRows(this.#file, this.#header, from, this.#end(from, stop), this.#windows);
  }

  /** {@link read}, in an order of its own. */
  readOrdered(start: number | undefined, stop: number | undefined, placing: Placing): Plan<NpyArray<D>> {
    const from = this.#first(start);
    return readOrdered<D>(this.source, from, this.#end(from, stop), placing);
  }

  take(rows: ArrayLike<number | bigint>, placing: Placing): Plan<NpyArray<D>> {
    return takeFrom<D>(this.source, rows, placing);
  }

  select(selection: Selection, choosing: Choosing): Plan<NpyArray<D>> {
    return selectFrom<D>(this.source, selection, choosing);
  }

  /** Reads into the caller's memory. Bypasses the driver: its overhead exceeds a small read. */
  readInto(
    out: ArrayBufferView,
    start: number | undefined,
    stop: number | undefined,
    signal?: AbortSignal,
  ): Eventually<NpyArray<D>> {
    signal?.throwIfAborted();
    const header = this.#header;
    const from = this.#first(start);
    const rows = this.#end(from, stop) - from;
    const room = this.#room(out, rows);
    const count = this.#file.read(room.bytes, this.#offset(from), signal);
    if (typeof count === "number") return this.#filled(header, room, from, rows, count);
    return count.then(
      (read) => this.#filled(header, room, from, rows, read),
      (error: unknown) => {
        throw hasCode(error, "EFAULT") || !isThere(room.bytes, rows * this.#bytesPerRow) ? roomGone(error) : error;
      },
    );
  }

  /** {@link readInto}, synchronously. */
  readIntoSync(out: ArrayBufferView, start: number | undefined, stop: number | undefined): NpyArray<D> {
    const from = this.#first(start);
    const rows = this.#end(from, stop) - from;
    const room = this.#room(out, rows);
    return this.#filled(this.#header, room, from, rows, this.#file.readSync(room.bytes, this.#offset(from)));
  }

  #first(start: number | undefined): number {
    return position(start ?? 0, this.length, "start");
  }

  #end(from: number, stop: number | undefined): number {
    const { length } = this;
    const end = Math.max(from, position(stop ?? length, length, "stop"));
    if (this.#header.shape.length > 0 || end - from === 1) return end;
    throw new NpyError("ERR_NPY_SHAPE", "A 0-d array has no rows to choose from: read it whole.");
  }

  /** Where a row begins in the file. */
  #offset(row: number): number {
    return this.#header.headerLength + row * this.#bytesPerRow;
  }

  #room(out: ArrayBufferView, rows: number): Room {
    return roomIn(this.#header.dtype, out, rows * this.#bytesPerRow);
  }

  /** The rows, of which `count` bytes were read. */
  #filled(header: NpyHeader, room: Room, from: number, rows: number, count: number): NpyArray<D> {
    const { bytes } = room;
    const length = rows * this.#bytesPerRow;
    if (!isThere(bytes, length)) throw roomGone();
    if (count < length) throw dataMissing(header, from * this.#bytesPerRow + count);
    const { dtype, fortranOrder } = header;
    const shape = header.shape.length === 0 ? [] : shapeOf(rows, this.#rowShape, fortranOrder);
    const data = decodeRoom(room) ?? decodeElements(dtype, bytes, sizeOf(shape));
    return { data: data as DataOf<D>, shape, dtype: dtype as DType<D>, fortranOrder };
  }

  /** Fills `bytes` with the file's own bytes, from byte `offset` of the data on. */
  *readData(bytes: Uint8Array, offset: number): Plan<void> {
    const count = yield* read(this.#file, bytes, this.#header.headerLength + offset);
    if (count < bytes.length) throw dataMissing(this.#header, offset + count);
  }

  /** Copies `length` bytes of the data to `position` in another file. */
  *copyData(offset: number, length: number, file: StorageFile, position: number): Plan<void> {
    yield* copyBytes(this.#file, this.#header.headerLength + offset, length, file, position);
  }

  /** Rows of a chunk of `bytes` bytes. Rows without bytes, of which a short file can claim any number, are all in one chunk. */
  rowsPerChunk(bytes: number = (this.#file.readsAhead ?? 1) > 1 ? CHUNK_AHEAD : CHUNK): number {
    return this.#bytesPerRow === 0 ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(bytes / this.#bytesPerRow));
  }

  /** The first rows of all chunks, and the row after the last. */
  *chunkBounds(options: ChunkOptions & RowsOptions): Generator<[start: number, stop: number], void, void> {
    const from = this.#first(options.start);
    const end = position(options.stop ?? this.length, this.length, "stop");
    const rows = options.rows ?? this.rowsPerChunk(options.out?.byteLength);
    for (let start = from; start < end; start += rows) yield [start, Math.min(end, start + rows)];
  }
}
