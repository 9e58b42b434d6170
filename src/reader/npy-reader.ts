/** Reading `.npy` files: whole, by slices, or in chunks that fit into memory. */

import type { FieldName, NpyArray, NpyChunk, RowOf, WithFields } from "../decode/npy-array.ts";
import { NpyError } from "../errors.ts";
import type { Selection } from "../format/selection.ts";
import { checkOptions, position } from "../options.ts";
import { run } from "../plan/run.ts";
import { close, type Plan } from "../plan/step.ts";
import { Lifetime } from "../storage/signals.ts";
import type { Eventually, Storage, StorageFile } from "../storage/storage.ts";
import { attempt, attemptLater, outward } from "../verb.ts";
import { ArrayReader, closed } from "./array-reader.ts";
import { type Following, followRows } from "./follow.ts";
import { NpyReaderSync } from "./npy-reader-sync.ts";
import { OpenArray } from "./open-array.ts";
import { addReader } from "./open-readers.ts";
import { readAhead } from "./read-ahead.ts";
import { readableOf } from "./readable.ts";
import {
  CHUNK_OPTIONS,
  type ChunkOptions,
  checkedRead,
  checkReaderOptions,
  FOLLOW_OPTIONS,
  type FollowOptions,
  READABLE_OPTIONS,
  type ReaderOptions,
  type ReadRowsOptions,
  ROWS_OPTIONS,
  type RowsOptions,
  SELECT_OPTIONS,
  type SelectOptions,
  TAKE_OPTIONS,
} from "./reader-options.ts";
import { rowsLater } from "./rows.ts";
import { checkSearchOptions, type SearchOptions, type SearchValue, searchSorted } from "./search-sorted.ts";
import { onSource, onSourceSync, type SourceLike } from "./sources.ts";

/** Opens a file that is read until `lifetime` ends. */
function opening<D>(storage: Storage, options: ReaderOptions<D>, lifetime?: Lifetime): Plan<OpenArray<D>> {
  const checked = checkReaderOptions(options);
  lifetime?.follow(checked.signal);
  return OpenArray.open<D>(storage, { ...checked, signal: lifetime?.signal ?? checked.signal });
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
export class NpyReader<D = unknown> extends ArrayReader<D> implements AsyncDisposable {
  readonly #array: OpenArray<D>;
  /** Reads under way: the descriptor must not be closed (and given to another file) below them. */
  readonly #reads = new Set<Promise<unknown>>();
  /** Ends with the reader, or when the signal that it was opened with is aborted. */
  readonly #lifetime: Lifetime;
  #refreshing: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  private constructor(array: OpenArray<D>, lifetime: Lifetime) {
    super(array, "NpyReader");
    this.#array = array;
    this.#lifetime = lifetime;
    addReader(this, (use) => this.#whileOpen(use));
  }

  /**
   * Opens a file for reading, or several files as one array: a list of files in its order, or the shards of a folder, whose names are digits alone
   * (`00000000.npy`), in the order of their numbers. Other files of the folder are left alone. All must have the same dtype, order and row shape.
   * Their headers are read now, and no more than 32 of them are open at once. Only the last one may grow meanwhile.
   *
   * @throws NpyError `ERR_NPY_HEADER`, `ERR_NPY_DTYPE`, `ERR_NPY_SHAPE`, `ERR_NPY_NEEDS_RECOVERY` if the file ends before its last row,
   * `ERR_NPY_OPTION`, also for a server that does not send the range that was asked for; the file system's and the connection's own errors, such as
   * `ETIMEDOUT`; the reason of `signal`.
   */
  static async open<const D = unknown>(file: SourceLike, options: ReaderOptions<D> = {}): Promise<NpyReader<D>> {
    const lifetime = new Lifetime();
    try {
      const array = await onSource((storage, given) => opening<D>(storage, given, lifetime), file, options);
      return new NpyReader(array, lifetime);
    } catch (error) {
      lifetime.end();
      throw error;
    }
  }

  /** {@link NpyReader.open}, synchronously. */
  static openSync<const D = unknown>(file: SourceLike, options: ReaderOptions<D> = {}): NpyReaderSync<D> {
    return new NpyReaderSync(onSourceSync(opening<D>, file, options));
  }

  /**
   * The rows `start` (default 0) to `stop` (not included; default all) of the growth axis. Negative ones count from the end, as in
   * `Array.prototype.slice`.
   *
   * @throws NpyError `ERR_NPY_CLOSED`, `ERR_NPY_OPTION`, `ERR_NPY_NEEDS_RECOVERY` if the file has become shorter, `ERR_NPY_SHAPE` if the
   * rows are more than this runtime can hold in one array; the reason of a signal.
   */
  async read(start?: number, stop?: number, options: ReadRowsOptions = {}): Promise<NpyArray<D>> {
    try {
      this.#checkOpen();
      const { out, order, signal } = checkedRead(options);
      const array = this.#array;
      let reading: Eventually<NpyArray<D>>;
      if (order !== undefined) reading = run(array.readOrdered(start, stop, { out, order }), signal);
      else reading = out === undefined ? run(array.read(start, stop), signal) : array.readInto(out, start, stop, signal);
      return reading instanceof Promise ? await this.#hold(reading) : reading;
    } catch (error) {
      throw outward(this.#reason(error), this.path, this.read);
    }
  }

  /**
   * Rows in any order, as `numpy.take` along the growth axis: repeated ones, and negative ones that count from the end. Rows that are close together
   * in the file are read together, and where reading takes time, several parts at once. With `mmap` they are copied.
   *
   * @throws NpyError `ERR_NPY_SHAPE` if there is no such row; what {@link read} throws.
   * @example
   * ```ts
   * await using reader = await NpyReader.open("log.npy", { dtype: "float64" });
   * const { shape } = await reader.take([2, 0, -1, 2]); // [4, ...]
   * ```
   */
  async take(rows: ArrayLike<number | bigint>, options: ReadRowsOptions = {}): Promise<NpyArray<D>> {
    try {
      this.#checkOpen();
      const { signal, ...placing } = checkOptions(options, TAKE_OPTIONS);
      signal?.throwIfAborted();
      return await this.#hold(run(this.#array.take(rows, placing), signal));
    } catch (error) {
      throw outward(this.#reason(error), this.path, this.take);
    }
  }

  /**
   * A part of the array, by NumPy's basic indexing: an entry for each axis, `null` for the whole axis, an integer for one index of it (which drops
   * the axis), or `{ start, stop, step }` with the meaning of Python's `slice`. Only the bytes that are needed are read, and gaps of a few
   * KiB between them. With `mmap` the result is the file's own bytes if they are contiguous, and a copy otherwise.
   *
   * @throws NpyError `ERR_NPY_SHAPE` for more entries than axes, or an index that does not exist; `ERR_NPY_OPTION` for other entries, or a field that
   * does not exist; what {@link read} throws.
   * @example
   * ```ts
   * await using reader = await NpyReader.open("log.npy", { dtype: "float64" });
   * const { data } = await reader.select([{ step: 10 }, 0]); // the first column of every tenth row
   * ```
   */
  async select<const Name extends FieldName<D> = never>(
    selection: Selection,
    options: SelectOptions<Name> = {},
  ): Promise<NpyArray<WithFields<D, Name>>> {
    try {
      this.#checkOpen();
      const { signal, ...choosing } = checkOptions(options, SELECT_OPTIONS);
      signal?.throwIfAborted();
      return (await this.#hold(run(this.#array.select(selection, choosing), signal))) as NpyArray<WithFields<D, Name>>;
    } catch (error) {
      throw outward(this.#reason(error), this.path, this.select);
    }
  }

  async #whileOpen<Result>(use: (array: OpenArray<unknown>) => Promise<Result>): Promise<Result> {
    this.#checkOpen();
    try {
      return await this.#hold(use(this.#array));
    } catch (error) {
      throw this.#reason(error);
    }
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw closed(this.path);
    this.#lifetime.signal.throwIfAborted();
  }

  /** Why something failed; an error of its own for each caller whose work `close` ended. */
  #reason(error: unknown): unknown {
    return this.#closed !== undefined && error === this.#lifetime.signal.reason ? closed(this.path) : error;
  }

  /** Counts what reads from the file as a read under way. */
  async #hold<Result>(reading: Eventually<Result>): Promise<Result> {
    if (!(reading instanceof Promise)) return reading;
    this.#reads.add(reading);
    try {
      return await reading;
    } finally {
      this.#reads.delete(reading);
    }
  }

  /**
   * Looks at the file again: rows that were appended since, by any program, count from now on.
   *
   * If another file has its name, that is the same array only if it begins with the rows that were counted, all of which are compared; of a
   * URL whose file changed, and of a file that was written over, the first and the last of their bytes are.
   *
   * @throws NpyError `ERR_NPY_CHANGED` if it holds another array now, or fewer rows, `ERR_NPY_NEEDS_RECOVERY`, `ERR_NPY_CLOSED`; the file
   * system's own errors. The reader goes on with what it has open.
   */
  async refresh(): Promise<void> {
    await attemptLater(this.path, () => {
      this.#checkOpen();
      // One after the other: each may find that the file was replaced.
      this.#refreshing = this.#refreshing.catch(() => undefined).then(() => this.#refresh());
      return this.#refreshing;
    });
  }

  async #refresh(): Promise<void> {
    this.#checkOpen();
    let replaced: StorageFile | undefined;
    try {
      replaced = await run(this.#array.refresh(), this.#lifetime.signal);
    } catch (error) {
      throw this.#reason(error);
    }
    if (replaced === undefined) return;
    await Promise.allSettled(this.#reads);
    await run(close(replaced));
  }

  /**
   * The rows from `from` on, and then each new one as it is appended by this or another process, until `signal` is aborted or the reader
   * closed. No row comes twice, none is left out, and none comes before its header counts it.
   *
   * @throws NpyError what {@link refresh} and {@link read} throw; the reason of the signal that the reader was opened with.
   * @example
   * ```ts
   * await using reader = await NpyReader.open("log.npy");
   * const signal = AbortSignal.timeout(200);
   * for await (const { data } of reader.follow({ from: -1, signal })) console.log(data);
   * ```
   */
  follow(options: FollowOptions = {}): AsyncIterable<NpyChunk<D>> {
    return attempt(this.path, () => {
      this.#checkOpen();
      const { length } = this;
      const { from = length, signal, rows = this.#array.rowsPerChunk() } = checkOptions(options, FOLLOW_OPTIONS);
      return this.#follow({
        from: position(from, length, "from"),
        rows,
        lifetime: this.#lifetime.signal,
        signal,
        watch: (onChange) => this.#array.storage.watch?.(onChange),
      });
    });
  }

  async *#follow(following: Following): AsyncGenerator<NpyChunk<D>, void, void> {
    try {
      yield* followRows(this, following, (chunk, start) => ({ ...chunk, start }));
      this.#checkOpen();
    } catch (error) {
      const isEnd = this.#closed !== undefined && error instanceof NpyError && error.code === "ERR_NPY_CLOSED";
      if (!isEnd) throw error;
    }
  }

  /** {@link chunks} as a stream, which reads no chunk before it is asked for. */
  readable(options: Omit<ChunkOptions, "out"> = {}): ReadableStream<NpyChunk<D>> {
    const { rows, order, signal } = attempt(this.path, () => checkOptions(options, READABLE_OPTIONS));
    const lifetime = new Lifetime();
    lifetime.follow(signal);
    return readableOf(this.chunks({ rows, order, signal: lifetime.signal }), () => lifetime.end());
  }

  /**
   * All rows, a chunk at a time. No more than one is held in memory, or four where they come through the option `fetch` or from an object store: so many
   * requests are under way. With `out` it is one in any case, and a chunk is valid until the next one is asked for.
   */
  chunks(options: ChunkOptions = {}): AsyncIterable<NpyChunk<D>> {
    const checked = attempt(this.path, () => checkOptions(options, CHUNK_OPTIONS));
    const { out, order, signal } = checked;
    const read = async (start: number, stop: number, signal: AbortSignal | undefined): Promise<NpyChunk<D>> => ({
      ...(await this.read(start, stop, { out, order, signal })),
      start,
    });
    const bounds = (): Iterable<[number, number]> => this.#array.chunkBounds(checked);
    const ahead = (): number => (out === undefined ? (this.#array.file.readsAhead ?? 1) : 1);
    return { [Symbol.asyncIterator]: () => readAhead(bounds(), read, ahead(), signal) };
  }

  /**
   * The index at which `value` would have to be inserted into a sorted 1-D array, or by a `field` of sorted records, so that it stays sorted, as
   * `numpy.searchsorted`. It is found by halving, in a few small reads: of 1 GiB about 17, from a URL 13 requests. What is not sorted gives any index.
   *
   * @throws NpyError `ERR_NPY_VALUE` if the value cannot be compared with the elements, `ERR_NPY_SHAPE` unless the array has one axis and the field
   * one element in each record, `ERR_NPY_DTYPE` if the elements have no order, `ERR_NPY_OPTION`, and what {@link read} throws.
   * @example
   * ```ts
   * await save("times.npy", [0.5, 1, 1.5, 2]);
   * await using reader = await NpyReader.open("times.npy");
   * const { data } = await reader.read(await reader.searchsorted(1.2)); // Float64Array [1.5, 2]: all from 1.2 on
   * ```
   */
  async searchsorted(value: SearchValue, options: SearchOptions = {}): Promise<number> {
    return await attemptLater(this.path, () =>
      this.#whileOpen(async (array) => {
        const checked = checkSearchOptions(options);
        checked.signal?.throwIfAborted();
        return await run(searchSorted(array, value, checked), checked.signal);
      }),
    );
  }

  /**
   * Rows one by one: of a 1-D array numbers, bigints, texts, `{ re, im }` or records, of any other the row's `data`, flat in the file's order. Such
   * rows are views of a chunk of about 4 MiB, which they keep in memory: to keep a few of many, `slice()` them.
   *
   * @example
   * ```ts
   * await using reader = await NpyReader.open("log.npy");
   * for await (const row of reader.rows({ start: -10 })) console.log(row);
   * ```
   */
  rows(options: RowsOptions = {}): AsyncIterable<RowOf<D>, undefined> {
    const checked = attempt(this.path, () => checkOptions(options, ROWS_OPTIONS));
    const { signal } = checked;
    const read = (start: number, stop: number): Promise<NpyArray<D>> => this.read(start, stop, { signal });
    return rowsLater(() => ({ bounds: this.#array.chunkBounds(checked), read, signal }));
  }

  /** Ends requests under way, whose promises reject with `ERR_NPY_CLOSED`, waits for reads of local files, and closes the file. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#lifetime.end(closed(this.path));
    await Promise.allSettled([...this.#reads, this.#refreshing]);
    await attemptLater(this.path, () => run(this.#array.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
