/** Growing a `.npy` file by appending. */

import type { EncodedRows } from "../encode/encoded-rows.ts";
import type { Carried } from "../format/dtype.ts";
import { isStream } from "../input/advice.ts";
import type { AppendInput, RowInput } from "../input/record-types.ts";
import { checkOptions } from "../options.ts";
import { run } from "../plan/run.ts";
import type { Plan } from "../plan/step.ts";
import type { NpyReader } from "../reader/npy-reader.ts";
import { isReader } from "../reader/open-readers.ts";
import { type FileLike, locate } from "../storage/locate.ts";
import type { Storage } from "../storage/storage.ts";
import { attempt, attemptLater, onFile, onFileSync, outward } from "../verb.ts";
import { AppendQueue } from "./append-queue.ts";
import { Batch } from "./batch.ts";
import { checkAppendFrom, closed, GrowingArray } from "./growing-array.ts";
import { NpyAppendArraySync } from "./npy-append-array-sync.ts";
import { checkOpenOptions, type OpenOptions } from "./open-options.ts";
import type { RawChunk } from "./raw-rows.ts";
import { checkToken, connect, type ShareToken } from "./share.ts";
import { Sources } from "./sources.ts";
import {
  type Appended,
  type AppendFromOptions,
  type AppendRowsOptions,
  appendAll,
  appendRows,
  checkEach,
  type Each,
  type RawAppendOptions,
  type RawWritableOptions,
  type RowAppendOptions,
  type RowWritableOptions,
  WRITABLE_OPTIONS,
  type WritableOptions,
  writableOf,
  writableOfRows,
} from "./streams.ts";
import { Writer } from "./writer.ts";

/** Appends rows that are checked and encoded, as they lie in a file of this dtype and row shape. */
export let appendEncoded: (npaa: NpyAppendArray, rows: EncodedRows) => Promise<void>;

function opening(storage: Storage, options: object): Plan<Writer> {
  return Writer.open(storage, checkOpenOptions(options));
}

/**
 * A `.npy` file that grows along its growth axis: axis 0 in C order, the last axis in Fortran order.
 *
 * At every moment the file is a valid `.npy`, equal to `numpy.concatenate` of what was appended. Operations take effect in the order
 * of their calls. Appends that are called while a write is under way, or before the event loop turns, are written together with one
 * header; if that write fails, they fail together and none of them is in the file.
 *
 * @example
 * ```ts
 * await using npaa = await NpyAppendArray.open("measured.npy");
 * await npaa.append([[1, 2, 3]]);
 * await npaa.append([[4, 5, 6], [7, 8, 9]]);
 * npaa.shape; // [3, 3]
 * ```
 */
export class NpyAppendArray<D = unknown> extends GrowingArray<D> implements AsyncDisposable {
  /** Never set: it lets the compiler carry `D`. */
  declare readonly "~like"?: Carried<D>;
  readonly #writer: Writer;
  readonly #queue: AppendQueue;
  readonly #sources: Sources;
  #closed: Promise<void> | undefined;

  private constructor(writer: Writer) {
    super(writer, "NpyAppendArray");
    this.#writer = writer;
    this.#queue = new AppendQueue(writer);
    this.#sources = new Sources(writer, this.#queue, {
      checkOpen: () => this.#checkOpen(),
      append: (input) => this.#append(input as AppendInput<D>),
      perform: (plan) => this.#perform(plan),
    });
    // If it fails, the next append tries again.
    writer.whenPausing(() => void this.#queue.perform(() => writer.settle()).catch(() => undefined));
  }

  static {
    appendEncoded = (npaa, rows) => {
      npaa.#checkOpen();
      return npaa.#queue.append(rows);
    };
  }

  /**
   * Opens a file for appending. If it does not exist (or is empty), the first append creates it, or `open` itself if `dtype` and
   * `rowShape` are given.
   *
   * @throws NpyError `ERR_NPY_OPTION`, `ERR_NPY_HEADER`, `ERR_NPY_DTYPE`, `ERR_NPY_SHAPE` (0-d), `ERR_NPY_NOT_APPENDABLE`,
   * `ERR_NPY_NEEDS_RECOVERY`, `ERR_NPY_TRAILING`, `ERR_NPY_LOCKED`, `ERR_NPY_CHANGED`; the file system's own errors. An error leaves the file unchanged.
   * @example
   * ```ts
   * const npaa = await NpyAppendArray.open("embeddings.npy", { dtype: "float16", rowShape: [768] });
   * ```
   */
  static async open<const D = unknown>(file: FileLike, options: OpenOptions<D> = {}): Promise<NpyAppendArray<D>> {
    return new NpyAppendArray<D>(await onFile(opening, file, options));
  }

  /** {@link NpyAppendArray.open}, synchronously. */
  static openSync<const D = unknown>(file: FileLike, options: OpenOptions<D> = {}): NpyAppendArraySync<D> {
    return new NpyAppendArraySync<D>(onFileSync(opening, file, options));
  }

  /**
   * Opens, in another thread, a file that was shared with {@link NpyAppendArray.share}, with the options that it was opened with. All
   * threads append to it at the same time, {@link length} counts the rows of all of them, and the rows of one thread keep their order. In a
   * worker, an append blocks the thread while it converts and writes.
   *
   * @throws NpyError `ERR_NPY_OPTION` for an invalid token, one of another process, or too many writers; `ERR_NPY_CLOSED` if the file is no
   * longer shared; `ERR_NPY_CHANGED`, `ERR_NPY_BROKEN`; the file system's own errors.
   * @example
   * ```ts
   * const npaa = await NpyAppendArray.open("shared.npy", { dtype: "float32", rowShape: [3] });
   * const token = npaa.share(); // worker.postMessage(token), and there:
   * const attached = await NpyAppendArray.attach(token);
   * await attached.append([[1, 2, 3]]);
   * await attached.close();
   * await npaa.close();
   * ```
   */
  static async attach<const D = unknown>(token: ShareToken): Promise<NpyAppendArray<D>> {
    const writer = await attemptLater(token?.path, async () => {
      const checked = checkToken(token);
      const attachment = await connect(checked);
      return await run(Writer.attach(locate(checked.path), checked, attachment));
    });
    return new NpyAppendArray<D>(writer);
  }

  /**
   * Appends rows. Resolves when they are in the file and readers see them (with `rewriteHeaderOnAppend: false`: when they are in the
   * file). Everything is checked, and up to 64 KiB are copied, before this returns; larger data must not be changed before the
   * promise resolves.
   *
   * Rows are {@link NpyArray}s, strided views, typed arrays (whole rows in the file's own order) or nested arrays; all axes but the
   * growth axis must have the file's sizes, as for `numpy.concatenate`.
   *
   * @throws NpyError `ERR_NPY_SHAPE`, `ERR_NPY_CAST` (typed data, by the rule of `casting`), `ERR_NPY_VALUE` (plain values, with the
   * `index`), `ERR_NPY_DTYPE`, `ERR_NPY_CLOSED`, `ERR_NPY_BROKEN`, `ERR_NPY_CHANGED` (another program wrote to the file, or
   * took its name before the first append), `ERR_NPY_LOCKED` (and writes to it); the file system's own errors. An error leaves the file unchanged.
   */
  append(rows: AppendInput<D>): Promise<void> {
    try {
      return this.#append(rows).done;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #append(input: AppendInput<D>): Appended {
    try {
      this.#checkOpen();
      const encoded = this.#writer.check(input);
      // A getter of the input may have closed the file.
      this.#checkOpen();
      return { rows: encoded.rows, done: this.#queue.append(encoded) };
    } catch (error) {
      throw outward(error, this.path, this.#append);
    }
  }

  /** Appends single rows of an iterable. */
  appendFrom(source: AsyncIterable<RowInput<D>> | Iterable<RowInput<D>>, options: RowAppendOptions): Promise<number>;
  /** Appends rows of which an iterable gives the bytes. */
  appendFrom(source: AsyncIterable<RawChunk> | Iterable<RawChunk>, options: RawAppendOptions): Promise<number>;
  /** Appends rows of another file. */
  appendFrom(source: NpyReader, options?: AppendRowsOptions): Promise<number>;
  /**
   * Appends all inputs of an iterable, such as a generator, a `ReadableStream` or the rows of a database. It asks for the next one while
   * the last one is being written.
   *
   * From an {@link NpyReader} it appends all rows, or a range of them; if dtype and order are the same, their bytes are copied. The reader
   * may read this very file. Other appends may come between pieces of 64 MiB (1 MiB where elements are converted), each of which is all
   * or nothing.
   *
   * With `each: "row"` the inputs are single rows, without the growth axis: numbers, texts, lists, typed arrays, records. Each is checked and
   * copied as it comes. They are written together, 256 KiB at a time or when the source pauses. Rows before one that is refused are appended.
   * A new file of text or records takes its dtype from the first 1000 rows, or those before the first pause: give a `dtype` that has room for all.
   *
   * With `raw: true` the inputs are the bytes of rows: see {@link writable}. Without it, bytes from a stream are refused as there; those of
   * any other iterable are cast, as by {@link append}.
   *
   * @returns the number of rows appended.
   * @throws `ERR_NPY_OPTION` if the source cannot be iterated; what {@link append}, the iterable or the reader throws; the reason of
   * `signal`. Whole rows that were appended before stay, and the iterable is told to stop.
   * @example
   * ```ts
   * await using npaa = await NpyAppendArray.open("log.npy");
   * const readings = [[[1, 2, 3]], new Float64Array(6)];
   * const rows = await npaa.appendFrom(readings, { signal: AbortSignal.timeout(60_000) });
   * rows; // 3
   * await using reader = await NpyReader.open("points.npy");
   * await npaa.appendFrom(reader, { start: -2 }); // 2
   * await npaa.appendFrom([[1, 2, 3], new Float32Array(3)], { each: "row" }); // 2
   * ```
   */
  appendFrom(source: AsyncIterable<AppendInput<D>> | Iterable<AppendInput<D>>, options?: AppendFromOptions): Promise<number>;
  async appendFrom(
    source: NpyReader | AsyncIterable<unknown> | Iterable<unknown>,
    options: AppendRowsOptions & { readonly raw?: boolean | undefined; readonly each?: Each | undefined } = {},
  ): Promise<number> {
    const { raw, each, signal } = attempt(this.path, () => {
      this.#checkOpen();
      return checkAppendFrom(source, options, false);
    });
    if (isReader<NpyReader>(source)) return await attemptLater(this.path, () => this.#sources.transfer(source, options, signal));
    if (each === "row") return await appendRows(source, signal, this.#sources.rowAppender(isStream(source)));
    const { append, finish } = this.#sources.sink(raw, isStream(source));
    return await appendAll(source, signal, append, finish);
  }

  /** A stream that appends single rows. */
  writable(options: RowWritableOptions): WritableStream<RowInput<D>>;
  /** A stream that appends rows of which it gets the bytes. */
  writable(options: RawWritableOptions): WritableStream<RawChunk>;
  /**
   * A stream that appends each input as {@link append} does, with back-pressure. Closing it makes the header count all rows, and leaves
   * the file open: several streams may append to it at the same time. Aborting it drops queued inputs; rows already written stay.
   *
   * In Node, `pipeline(source, npaa.writable())` takes it as it is; `source.pipe` takes `Writable.fromWeb(npaa.writable(), { objectMode: true })`.
   *
   * Bytes (`Uint8Array`, `Buffer`, `ArrayBuffer`, `DataView`) are refused if the file's elements are wider, or if they end within a row; a
   * `Buffer` also if the file has no dtype yet. With `raw: true` they are the
   * bytes of rows, as `createReadStream` or the body of a response gives them, and may break anywhere. If they end within a row, closing
   * fails with `ERR_NPY_SHAPE`; the whole rows before it stay. With `each: "row"` each chunk is one row: see {@link appendFrom}.
   *
   * @throws NpyError `ERR_NPY_OPTION`, `ERR_NPY_CLOSED`; the stream's chunks `ERR_NPY_DTYPE` for bytes, and what {@link append} throws.
   * @example
   * ```ts
   * await using npaa = await NpyAppendArray.open("log.npy");
   * await ReadableStream.from([[[1, 2, 3]], new Float64Array(6)]).pipeTo(npaa.writable());
   * ```
   */
  writable(options?: WritableOptions): WritableStream<AppendInput<D>>;
  writable(options: WritableOptions | RowWritableOptions | RawWritableOptions = {}): WritableStream {
    const { highWaterMark, raw, each } = attempt(this.path, () => {
      this.#checkOpen();
      return checkEach(checkOptions(options, WRITABLE_OPTIONS));
    });
    const strategy = new CountQueuingStrategy({ highWaterMark });
    if (each === "row") return writableOfRows(this.#sources.rowAppender(true), () => this.updateHeader(), strategy);
    const { append, finish } = this.#sources.sink(raw, true);
    const close = (): Promise<void> => this.updateHeader().then(finish);
    return writableOf({ write: (input) => append(input).done, close }, strategy);
  }

  /**
   * Lets other threads of this process append to the file at the same time: post the token to any number of them, and pass it to
   * {@link NpyAppendArray.attach} there. All tokens of a file are the same. The rows of each thread keep their order; failed appends and
   * threads that end leave no gap. From now on each append writes the header, whatever `rewriteHeaderOnAppend` says. If the whole process
   * is killed, {@link recover} with `dropUncounted` keeps the rows that the header counts. Closing this object waits for the other
   * threads' writes; after that they get `ERR_NPY_CLOSED`.
   *
   * @throws NpyError `ERR_NPY_OPTION` if the file does not exist yet, is not in a file system, or was attached itself, or if the runtime
   * is Bun or Deno; `ERR_NPY_CLOSED`, `ERR_NPY_BROKEN`.
   * @example
   * ```ts
   * await using npaa = await NpyAppendArray.open("shared.npy", { dtype: "float32", rowShape: [3] });
   * const token = npaa.share();
   * token.kind; // "npy-append-array/share/1"
   * ```
   */
  share(): ShareToken {
    const { token, start } = attempt(this.path, () => {
      this.#checkOpen();
      return this.#writer.share();
    });
    // If sharing fails when its turn comes, the threads that attach get the error.
    if (start !== undefined) this.#perform(start).catch(() => undefined);
    return token;
  }

  /**
   * Replaces rows that are in the file when the call's turn comes, from row `start` on; a negative one counts from the end. Rows are checked, cast
   * and copied as by {@link append}; they become safe as `durability` says. Readers may see some of the rows replaced and others not yet, and
   * so does whoever opens the file after this process was killed meanwhile; other rows and the header are not touched. If writing fails, the
   * rows are the old or the new ones: set them again.
   *
   * Rows that are mapped from this very file must not overlap those that they replace, because they would change while they are written: copy
   * them first.
   *
   * @throws NpyError what {@link append} throws; `ERR_NPY_SHAPE` with the `row` if there are no such rows: nothing is written then.
   * @example
   * ```ts
   * await using npaa = await NpyAppendArray.open("log.npy");
   * // The last row:
   * await npaa.set(-1, [[7, 8, 9]]);
   * ```
   */
  set(start: number, rows: AppendInput<D>): Promise<void> {
    try {
      this.#checkOpen();
      const batch = new Batch(undefined);
      batch.add(this.#writer.checkNew(start, rows));
      // A getter of the input may have closed the file.
      return this.#perform(() => this.#writer.set(start, batch));
    } catch (error) {
      return Promise.reject(outward(error, this.path, this.set));
    }
  }

  /**
   * Keeps the first `rows` rows, and cuts the others off. The header is written and synced first, whatever the durability: a process that is killed
   * meanwhile leaves a file that counts the first rows, with the others behind them, which {@link recover} brings back, and with
   * `dropUncounted` cuts off. If it fails, all rows are there, unless only the sync after the cut failed: {@link length} says which.
   *
   * Programs that have mapped the rows that are cut off, such as `numpy.load` with `mmap_mode`, end when they look at them.
   *
   * @throws NpyError `ERR_NPY_OPTION`, also while the file is shared; `ERR_NPY_SHAPE` if there are fewer rows; `ERR_NPY_CLOSED`, `ERR_NPY_BROKEN`,
   * `ERR_NPY_CHANGED`; the file system's own errors.
   */
  truncate(rows: number): Promise<void> {
    return this.#perform(() => this.#writer.truncate(rows));
  }

  /** Makes the header count all rows, for `rewriteHeaderOnAppend: false`. */
  updateHeader(): Promise<void> {
    return this.#perform(() => this.#writer.updateHeader());
  }

  /** Resolves when everything appended so far survives a power cut. */
  sync(): Promise<void> {
    return this.#perform(() => this.#writer.sync());
  }

  /** Waits for earlier operations, writes the header if it is out of date, and closes the file. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#perform(() => this.#writer.close());
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw closed(this.path);
  }

  /** Not an async function, whose promise would settle after those of later appends. */
  #perform(plan: () => Plan<void>): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(closed(this.path));
    return this.#queue.perform(plan);
  }
}
