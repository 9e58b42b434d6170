/** Reading `.npy` files: whole, by slices, or in chunks that fit into memory. */

import { canCast } from "./array/casting.ts";
import type { NpyArray } from "./array/npy-array.ts";
import { NpyError } from "./errors.ts";
import { type DType, type DTypeLike, dtype, formatDType } from "./format/dtype.ts";
import type { NpyHeader } from "./format/header.ts";
import { bytesPerRow, rowCount } from "./format/layout.ts";
import { checkMaxHeaderSize, checkNames, oneOf, optionError } from "./options.ts";
import { readCompleteHeader, readRows } from "./plan/read-rows.ts";
import { close, open, type Plan, quietly, withFile } from "./plan/step.ts";
import { type FileLike, locate } from "./storage/locate.ts";
import { run, runSync } from "./storage/run.ts";
import type { StorageFile } from "./storage/storage.ts";

/** How a file is read. */
export interface ReadOptions<D extends DTypeLike = DTypeLike> {
  /**
   * The dtype that the file must have (in either byte order); nothing is converted. With it the compiler knows what `data` is:
   * `dtype: "float32"` gives a `Float32Array`.
   */
  readonly dtype?: D;
  /** The longest header accepted, in characters, as NumPy's `max_header_size`. Default 10,000. */
  readonly maxHeaderSize?: number;
}

/** How an {@link NpyReader} reads. */
export interface ReaderOptions<D extends DTypeLike = DTypeLike> extends ReadOptions<D> {
  /** Memory mapping is not available yet: `true` is an error. Default `false`. */
  readonly mmap?: boolean;
}

/** How {@link NpyReader.chunks} divides an array. */
export interface ChunkOptions {
  /** Rows of a chunk; the last one may have fewer. Default: about 4 MiB of them, at least one. */
  readonly rows?: number;
}

/** Bytes of a chunk, if the caller has no other wish. */
const CHUNK = 2 ** 22;

interface CheckedReaderOptions {
  readonly dtype: DType | undefined;
  readonly maxHeaderSize: number;
}

function checkOptions(options: ReaderOptions, known: readonly string[]): CheckedReaderOptions {
  checkNames(options, known);
  if (oneOf("mmap", options.mmap ?? false, [true, false])) {
    throw optionError("mmap: true is not available in this version: leave it out, and read slices or chunks");
  }
  return {
    dtype: options.dtype === undefined ? undefined : dtype(options.dtype),
    maxHeaderSize: checkMaxHeaderSize(options.maxHeaderSize),
  };
}

/** An open file, and the array that it held when it was opened. */
class OpenArray<D extends DTypeLike> {
  readonly file: StorageFile;
  readonly header: NpyHeader;
  readonly path: string | undefined;

  private constructor(file: StorageFile, header: NpyHeader, path: string | undefined) {
    this.file = file;
    this.header = header;
    this.path = path;
  }

  static *open<D extends DTypeLike>(fileLike: FileLike, options: CheckedReaderOptions): Plan<OpenArray<D>> {
    const storage = locate(fileLike);
    const file = yield* open(storage, "r");
    try {
      return yield* OpenArray.of<D>(file, options, storage.path);
    } catch (error) {
      yield* quietly(close(file));
      throw error;
    }
  }

  static *of<D extends DTypeLike>(
    file: StorageFile,
    options: CheckedReaderOptions,
    path: string | undefined,
  ): Plan<OpenArray<D>> {
    const header = yield* readCompleteHeader(file, options.maxHeaderSize, path);
    if (options.dtype !== undefined && !canCast(header.dtype, options.dtype, "equiv")) {
      throw new NpyError(
        "ERR_NPY_DTYPE",
        `${path ?? "The file"} has dtype ${formatDType(header.dtype)}, expected ${formatDType(options.dtype)}: leave dtype out, or name the ` +
          "one that it has.",
        { path },
      );
    }
    return new OpenArray<D>(file, header, path);
  }

  get length(): number {
    return rowCount(this.header);
  }

  read(start: number | undefined, stop: number | undefined): Plan<NpyArray<D>> {
    const { length } = this;
    const from = position(start ?? 0, length, "start");
    const to = Math.max(from, position(stop ?? length, length, "stop"));
    if (this.header.shape.length === 0 && to - from !== 1) {
      throw new NpyError("ERR_NPY_SHAPE", "A 0-d array has no rows to choose from: read it whole.", { path: this.path });
    }
    return readRows(this.file, this.header, from, to, this.path);
  }

  /** The first rows of all chunks, and the row after the last. */
  *chunkBounds(options: ChunkOptions): Generator<[start: number, stop: number], void, void> {
    const { length } = this;
    const rows = options.rows ?? Math.max(1, Math.floor(CHUNK / (bytesPerRow(this.header) || 1)));
    for (let start = 0; start < length; start += rows) yield [start, Math.min(length, start + rows)];
  }
}

function checkChunkOptions(options: ChunkOptions): ChunkOptions {
  checkNames(options, ["rows"]);
  const { rows } = options;
  if (rows !== undefined && !(Number.isSafeInteger(rows) && rows > 0)) {
    throw optionError(`rows must be a whole number of 1 or more: found ${String(rows)}`);
  }
  return options;
}

/** A row as in `Array.prototype.slice`: negative ones count from the end, those beyond it are the end. */
function position(row: number, length: number, name: string): number {
  if (!Number.isInteger(row) && Math.abs(row) !== Number.POSITIVE_INFINITY) {
    throw optionError(`${name} must be a whole number of rows: found ${String(row)}`);
  }
  return row < 0 ? Math.max(0, length + row) : Math.min(row, length);
}

function closed(path: string | undefined): NpyError {
  return new NpyError("ERR_NPY_CLOSED", `${path ?? "The file"} was closed: open it again to read it.`, { path });
}

/**
 * Reads slices of a `.npy` file that may be larger than memory. It sees the rows that the file had when it was opened.
 *
 * @example
 * ```ts
 * await using reader = await NpyReader.open("log.npy", { dtype: "float64" });
 * const last = await reader.read(-10); // the last ten rows
 * for await (const { data, shape } of reader.chunks()) console.log(shape, data[0]);
 * ```
 */
export class NpyReader<D extends DTypeLike = DTypeLike> implements AsyncDisposable {
  readonly #array: OpenArray<D>;
  /** Reads under way: the descriptor must not be closed (and given to another file) below them. */
  readonly #reads = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  private constructor(array: OpenArray<D>) {
    this.#array = array;
  }

  /**
   * Opens a file for reading.
   *
   * @throws NpyError `ERR_NPY_HEADER`, `ERR_NPY_DTYPE`, `ERR_NPY_SHAPE`, `ERR_NPY_NEEDS_RECOVERY` if the file ends before its last row,
   * `ERR_NPY_OPTION`; the file system's own errors.
   */
  static async open<const D extends DTypeLike = DTypeLike>(
    file: FileLike,
    options: ReaderOptions<D> = {},
  ): Promise<NpyReader<D>> {
    return new NpyReader(await run(OpenArray.open<D>(file, checkOptions(options, ["dtype", "maxHeaderSize", "mmap"]))));
  }

  /** The same for synchronous use: see {@link NpyReader.open}. */
  static openSync<const D extends DTypeLike = DTypeLike>(file: FileLike, options: ReaderOptions<D> = {}): NpyReaderSync<D> {
    return new NpyReaderSync(runSync(OpenArray.open<D>(file, checkOptions(options, ["dtype", "maxHeaderSize", "mmap"]))));
  }

  get path(): string | undefined {
    return this.#array.path;
  }

  /** The shape of the whole array. */
  get shape(): readonly number[] {
    return this.#array.header.shape;
  }

  /** The file's dtype, with its byte order; what is read is always in this machine's. */
  get dtype(): DType<D> {
    return this.#array.header.dtype as DType<D>;
  }

  get fortranOrder(): boolean {
    return this.#array.header.fortranOrder;
  }

  /** The rows: the size of the growth axis; 1 for a 0-d array. */
  get length(): number {
    return this.#array.length;
  }

  /**
   * The rows `start` (default 0) to `stop` (not included; default all) of the growth axis. Negative ones count from the end, as in
   * `Array.prototype.slice`.
   *
   * @throws NpyError `ERR_NPY_CLOSED`, `ERR_NPY_OPTION`, `ERR_NPY_NEEDS_RECOVERY` if the file has become shorter, `ERR_NPY_SHAPE` if the
   * rows are more than this runtime can hold in one array.
   */
  async read(start?: number, stop?: number): Promise<NpyArray<D>> {
    if (this.#closed !== undefined) throw closed(this.path);
    const reading = run(this.#array.read(start, stop));
    if (!(reading instanceof Promise)) return reading;
    this.#reads.add(reading);
    try {
      return await reading;
    } finally {
      this.#reads.delete(reading);
    }
  }

  /** All rows, a chunk at a time: no more than one is held in memory. */
  chunks(options: ChunkOptions = {}): AsyncIterable<NpyArray<D>> {
    const checked = checkChunkOptions(options);
    const read = (start: number, stop: number): Promise<NpyArray<D>> => this.read(start, stop);
    const bounds = (): Iterable<[number, number]> => this.#array.chunkBounds(checked);
    return {
      async *[Symbol.asyncIterator]() {
        for (const [start, stop] of bounds()) yield await read(start, stop);
      },
    };
  }

  /** Waits for reads under way and closes the file. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#reads);
    await run(close(this.#array.file));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** {@link NpyReader} with synchronous operations. */
export class NpyReaderSync<D extends DTypeLike = DTypeLike> implements Disposable {
  readonly #array: OpenArray<D>;
  #isClosed = false;

  /** @internal Use {@link NpyReader.openSync}. */
  constructor(array: OpenArray<D>) {
    this.#array = array;
  }

  get path(): string | undefined {
    return this.#array.path;
  }

  /** The shape of the whole array. */
  get shape(): readonly number[] {
    return this.#array.header.shape;
  }

  /** The file's dtype, with its byte order; what is read is always in this machine's. */
  get dtype(): DType<D> {
    return this.#array.header.dtype as DType<D>;
  }

  get fortranOrder(): boolean {
    return this.#array.header.fortranOrder;
  }

  /** The rows: the size of the growth axis; 1 for a 0-d array. */
  get length(): number {
    return this.#array.length;
  }

  /** The rows `start` to `stop` of the growth axis: see {@link NpyReader.read}. */
  read(start?: number, stop?: number): NpyArray<D> {
    if (this.#isClosed) throw closed(this.path);
    return runSync(this.#array.read(start, stop));
  }

  /** All rows, a chunk at a time: no more than one is held in memory. */
  chunks(options: ChunkOptions = {}): Iterable<NpyArray<D>> {
    const checked = checkChunkOptions(options);
    const read = (start: number, stop: number): NpyArray<D> => this.read(start, stop);
    const bounds = (): Iterable<[number, number]> => this.#array.chunkBounds(checked);
    return {
      *[Symbol.iterator]() {
        for (const [start, stop] of bounds()) yield read(start, stop);
      },
    };
  }

  /** Closes the file. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    runSync(close(this.#array.file));
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function* loading<D extends DTypeLike>(file: FileLike, options: ReadOptions<D>): Plan<NpyArray<D>> {
  const checked = checkOptions(options, ["dtype", "maxHeaderSize"]);
  const storage = locate(file);
  return yield* withFile(storage, "r", function* (opened) {
    const array = yield* OpenArray.of<D>(opened, checked, storage.path);
    return yield* array.read(undefined, undefined);
  });
}

/**
 * Reads a whole array, as `numpy.load`.
 *
 * @throws NpyError what {@link NpyReader.open} and {@link NpyReader.read} throw.
 * @example
 * ```ts
 * const { data, shape } = await load("points.npy", { dtype: "float32" }); // data is a Float32Array
 * ```
 */
export async function load<const D extends DTypeLike = DTypeLike>(
  file: FileLike,
  options: ReadOptions<D> = {},
): Promise<NpyArray<D>> {
  return await run(loading(file, options));
}

/** {@link load}, synchronously. */
export function loadSync<const D extends DTypeLike = DTypeLike>(file: FileLike, options: ReadOptions<D> = {}): NpyArray<D> {
  return runSync(loading(file, options));
}
