/** Reading `.npy` files: whole, by slices, or in chunks that fit into memory. */

import type { NpyArray } from "./decode/npy-array.ts";
import { NpyError } from "./errors.ts";
import { followRows } from "./follow.ts";
import type { DType, DTypeLike } from "./format/dtype.ts";
import { checkChunkOptions, checkReaderOptions, OpenArray, position } from "./open-array.ts";
import { checkNames, checkSignal, notConstructible } from "./options.ts";
import { run, runSync } from "./plan/run.ts";
import { close, type Plan, withFile } from "./plan/step.ts";
import { type FileLike, locate } from "./storage/locate.ts";
import type { StorageFile } from "./storage/storage.ts";
import { readableOf } from "./streams.ts";

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
  /**
   * Map the file into memory, as `numpy.load` with `mmap_mode="c"`: what `read` and `chunks` give are the file's own bytes, without a copy,
   * and only what is looked at is read from the disk. Other byte orders, float16, strings, and elements that an old header has left unaligned
   * are converted into copies. What is written into an array does not reach the file, but later reads may show it. An array stays valid
   * after `close()`, and is unmapped when it has been collected. Its `buffer` may hold more of the file than the array, and cannot be
   * transferred. Takes a path, the package koffi, and a system other than Windows. The file must not be cut while it is
   * mapped: looking at what is gone ends the process. Default `false`.
   */
  readonly mmap?: boolean;
  /**
   * With `mmap`: in what order the rows will be looked at, so that the system reads ahead, or does not (`madvise`). Default: it guesses.
   */
  readonly advise?: "sequential" | "random";
}

/** What {@link NpyReader.follow} gives. */
export interface FollowOptions {
  /** The first row; negative ones count from the end. Default: the first that the reader has not seen yet, its `length`. */
  readonly from?: number;
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined;
  /** Rows of a chunk, at most. Default: about 4 MiB of them, at least one. */
  readonly rows?: number;
}

/** Where {@link NpyReader.read} puts the rows. */
export interface ReadRowsOptions {
  /**
   * The typed array to read into, instead of a new one, as NumPy's `out`: of the class that `data` has (for structures a `Uint8Array`), and at
   * least as long. What is returned is a view of it. Reading into the same memory again and again is several times as fast as into new
   * memory, which the system has to provide. With `mmap` it is a copy. Not for dtypes whose elements are converted: float16 and strings.
   */
  readonly out?: ArrayBufferView | undefined;
}

/** How {@link NpyReader.chunks} divides an array. */
export interface ChunkOptions extends ReadRowsOptions {
  /** Rows of a chunk; the last one may have fewer. Default: about 4 MiB of them, at least one. */
  readonly rows?: number;
}

const READER_OPTIONS = ["dtype", "maxHeaderSize", "mmap", "advise"];

/** Uses what a reader has open, which is not closed meanwhile. */
export let whileOpen: <Result>(reader: NpyReader, use: (array: OpenArray<DTypeLike>) => Promise<Result>) => Promise<Result>;

/** What a reader has open. */
export let openArrayOf: (reader: NpyReaderSync) => OpenArray<DTypeLike>;

function closed(path: string | undefined): NpyError {
  return new NpyError("ERR_NPY_CLOSED", `The file was closed: open it again to read it.`, { path });
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
  readonly #closing = new AbortController();
  #refreshing: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  private constructor(array: OpenArray<D>) {
    if (!(array instanceof OpenArray)) throw notConstructible("NpyReader");
    this.#array = array;
  }

  static {
    whileOpen = async (reader, use) => {
      if (reader.#closing.signal.aborted) throw closed(reader.path);
      return await reader.#hold(use(reader.#array));
    };
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
    return new NpyReader(await run(OpenArray.open<D>(locate(file), checkReaderOptions(options, READER_OPTIONS))));
  }

  /** The same for synchronous use: see {@link NpyReader.open}. */
  static openSync<const D extends DTypeLike = DTypeLike>(file: FileLike, options: ReaderOptions<D> = {}): NpyReaderSync<D> {
    return new NpyReaderSync(runSync(OpenArray.open<D>(locate(file), checkReaderOptions(options, READER_OPTIONS))));
  }

  /** The file's path or URL; `undefined` for storages without one. */
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

  /** Whether the last axis grows, and the first index changes fastest. */
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
  async read(start?: number, stop?: number, options: ReadRowsOptions = {}): Promise<NpyArray<D>> {
    if (this.#closing.signal.aborted) throw closed(this.path);
    checkNames(options, ["out"]);
    const { out } = options;
    const reading = out === undefined ? run(this.#array.read(start, stop)) : this.#array.readInto(out, start, stop);
    return reading instanceof Promise ? await this.#hold(reading) : reading;
  }

  /** Counts as a read under way what reads from the file. */
  async #hold<Result>(reading: Promise<Result>): Promise<Result> {
    this.#reads.add(reading);
    try {
      return await reading;
    } finally {
      this.#reads.delete(reading);
    }
  }

  /**
   * Looks at the file again: rows that were appended since, by whomever, count from now on.
   *
   * If another file has its name, that is the same array only if it begins with the rows that were counted, all of which are compared; of a
   * URL whose file changed, and of a file that was written over, the first and the last of their bytes are.
   *
   * @throws NpyError `ERR_NPY_CHANGED` if it holds another array now, or fewer rows, `ERR_NPY_NEEDS_RECOVERY`, `ERR_NPY_CLOSED`; the file
   * system's own errors. The reader goes on with what it has open.
   */
  async refresh(): Promise<void> {
    if (this.#closing.signal.aborted) throw closed(this.path);
    // One after the other: each may find that the file was replaced.
    this.#refreshing = this.#refreshing.catch(() => undefined).then(() => this.#refresh());
    await this.#refreshing;
  }

  async #refresh(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const { signal } = this.#closing;
    let replaced: StorageFile | undefined;
    try {
      replaced = await run(this.#array.refresh(signal));
    } catch (error) {
      if (error === signal.reason) return;
      throw error;
    }
    if (replaced === undefined) return;
    await Promise.allSettled(this.#reads);
    await run(close(replaced));
  }

  /**
   * The rows from `from` on, and then each new one as it is appended by this or another process, until `signal` is aborted or the reader
   * closed. No row comes twice, none is left out, and none comes before its header counts it.
   *
   * @throws NpyError what {@link refresh} and {@link read} throw.
   * @example
   * ```ts
   * await using reader = await NpyReader.open("log.npy");
   * const signal = AbortSignal.timeout(200);
   * for await (const { data } of reader.follow({ from: -1, signal })) console.log(data);
   * ```
   */
  follow(options: FollowOptions = {}): AsyncIterable<NpyArray<D>> {
    if (this.#closing.signal.aborted) throw closed(this.path);
    checkNames(options, ["from", "signal", "rows"]);
    const { length } = this;
    return followRows(this, {
      from: position(options.from ?? length, length, "from"),
      rows: checkChunkOptions(options.rows === undefined ? {} : { rows: options.rows }).rows ?? this.#array.rowsPerChunk(),
      stops: [this.#closing.signal, ...(options.signal === undefined ? [] : [checkSignal(options.signal) as AbortSignal])],
      watch: (onChange) => this.#array.storage.watch?.(onChange),
    });
  }

  /** {@link chunks} as a stream, which reads no chunk before it is asked for. */
  readable(options: Omit<ChunkOptions, "out"> = {}): ReadableStream<NpyArray<D>> {
    checkNames(options, ["rows"]);
    return readableOf(this.chunks(options));
  }

  /** All rows, a chunk at a time: no more than one is held in memory. With `out` a chunk is valid until the next one is asked for. */
  chunks(options: ChunkOptions = {}): AsyncIterable<NpyArray<D>> {
    const checked = checkChunkOptions(options);
    const read = (start: number, stop: number): Promise<NpyArray<D>> => this.read(start, stop, { out: checked.out });
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
    this.#closing.abort();
    await Promise.allSettled([...this.#reads, this.#refreshing]);
    await run(this.#array.close());
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
    if (!(array instanceof OpenArray)) throw notConstructible("NpyReaderSync");
    this.#array = array;
  }

  static {
    openArrayOf = (reader) => {
      if (reader.#isClosed) throw closed(reader.path);
      return reader.#array;
    };
  }

  /** The file's path or URL; `undefined` for storages without one. */
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

  /** Whether the last axis grows, and the first index changes fastest. */
  get fortranOrder(): boolean {
    return this.#array.header.fortranOrder;
  }

  /** The rows: the size of the growth axis; 1 for a 0-d array. */
  get length(): number {
    return this.#array.length;
  }

  /** Looks at the file again: see {@link NpyReader.refresh}. */
  refresh(): void {
    if (this.#isClosed) throw closed(this.path);
    const replaced = runSync(this.#array.refresh());
    if (replaced !== undefined) runSync(close(replaced));
  }

  /** The rows `start` to `stop` of the growth axis: see {@link NpyReader.read}. */
  read(start?: number, stop?: number, options: ReadRowsOptions = {}): NpyArray<D> {
    if (this.#isClosed) throw closed(this.path);
    checkNames(options, ["out"]);
    const { out } = options;
    return out === undefined ? runSync(this.#array.read(start, stop)) : this.#array.readIntoSync(out, start, stop);
  }

  /** All rows, a chunk at a time: no more than one is held in memory. With `out` a chunk is valid until the next one is asked for. */
  chunks(options: ChunkOptions = {}): Iterable<NpyArray<D>> {
    const checked = checkChunkOptions(options);
    const read = (start: number, stop: number): NpyArray<D> => this.read(start, stop, { out: checked.out });
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
    runSync(this.#array.close());
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function* loading<D extends DTypeLike>(file: FileLike, options: ReadOptions<D>): Plan<NpyArray<D>> {
  const checked = checkReaderOptions(options, ["dtype", "maxHeaderSize"]);
  const storage = locate(file);
  return yield* withFile(storage, "r", function* (opened) {
    const array = yield* OpenArray.of<D>(storage, opened, checked);
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
