/** One array in many files, which any number of writers append to at the same time. */
import type { EncodedRows } from "../encode/encoded-rows.ts";
import { RowEncoder } from "../encode/row-encoder.ts";
import { NpyError } from "../errors.ts";
import type { DType } from "../format/dtype.ts";
import { shapeOf } from "../format/layout.ts";
import type { AppendInput } from "../input/record-types.ts";
import { notConstructible, optionError, position } from "../options.ts";
import { run } from "../plan/run.ts";
import type { NpyReader } from "../reader/npy-reader.ts";
import { isReader } from "../reader/open-readers.ts";
import { shardName } from "../reader/shard-names.ts";
import type { Folder } from "../storage/folder.ts";
import { type FolderLike, locateFolder } from "../storage/locate.ts";
import { attempt, attemptLater, outward } from "../verb.ts";
import { checkAppendFrom } from "../writer/growing-array.ts";
import { appendEncoded } from "../writer/npy-append-array.ts";
import { type Appended, type AppendFromOptions, type AppendRowsOptions, appendAll } from "../writer/streams.ts";
import { adoptAll } from "./adopt.ts";
import { ClaimedShards } from "./claimed-shards.ts";
import { RowsInParts } from "./cut-rows.ts";
import { checkNames, nextNumber } from "./give-name.ts";
import { layoutOf } from "./layout-of.ts";
import { PrivateFile, type ShardLayout } from "./private-file.ts";
import { type CheckedShardsOptions, checkShardsOptions, rowsOfShard, type ShardsOptions } from "./shards-options.ts";

const KEY = Symbol("NpyShards");

/**
 * An array in a folder of many `.npy` files, `00000000.npy`, `00000001.npy` and so on, each of `rowsPerShard` rows. Any number of writers append to
 * it, on any number of machines, without a lock: each fills a file of its own, which becomes the next shard when it is complete, or when the writer is
 * closed. Shards never change. {@link NpyReader.open} reads them as one array, in the order in which they became shards; the rows of each writer keep
 * their order.
 *
 * `append` resolves when the rows are in the writer's own file: readers see them once that is a shard, and a process that is killed before leaves them
 * there. The next writer of the same machine makes a shard of them, where locks show that their writer is gone; elsewhere {@link recoverShards} does.
 *
 * @example
 * ```ts
 * await using shards = await NpyShards.open("shards", { rowsPerShard: 100_000, dtype: "float32", rowShape: [3] });
 * await shards.append([[1, 2, 3], [4, 5, 6]]);
 * await shards.close();
 * (await load("shards")).shape; // [2, 3]
 * ```
 */
export class NpyShards<D = unknown> implements AsyncDisposable {
  readonly #folder: Folder;
  readonly #options: CheckedShardsOptions;
  readonly #layout: ShardLayout;
  readonly #encoder: RowEncoder;
  /** Rows of a shard. */
  readonly #most: number;
  /** The numbers of shards that opening made of the files of writers that are gone. */
  readonly #adopted: readonly number[];
  #file: PrivateFile | undefined;
  /** Rows that certainly fit into the file, beside those that are being appended. */
  #room = 0;
  /** Rows of this writer that are in shards. */
  #claimed = 0;
  /** The number at which to look for a free name. */
  #next: number;
  readonly #shards: ClaimedShards;
  /** What is done one after the other, and how much of it is left. */
  #work: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed: Promise<void> | undefined;

  private constructor(
    key: symbol,
    folder: Folder,
    options: CheckedShardsOptions,
    layout: ShardLayout,
    next: number,
    adopted: readonly number[],
  ) {
    if (key !== KEY) throw notConstructible("NpyShards");
    const { dtype, rowShape, fortranOrder } = layout;
    const array = { dtype, fortranOrder, shape: shapeOf(0, rowShape, fortranOrder) };
    this.#folder = folder;
    this.#shards = new ClaimedShards(folder);
    this.#options = options;
    this.#layout = layout;
    this.#encoder = new RowEncoder(array, { ...options.checked, isInferred: false });
    this.#most = rowsOfShard(options, array, folder);
    this.#next = next;
    this.#adopted = adopted;
  }

  /**
   * Opens a folder for appending, and creates it if it does not exist. The dtype and the row shape may be left out if there are shards. Files that other
   * writers of this machine left when they were killed become shards first.
   *
   * @throws NpyError `ERR_NPY_OPTION`, also where files cannot be given names by hard links; `ERR_NPY_DTYPE` and `ERR_NPY_SHAPE` if there are shards of another
   * kind; what {@link NpyAppendArray.open} throws; the file system's own errors.
   */
  static async open<const D = unknown>(folder: FolderLike, options: ShardsOptions<D>): Promise<NpyShards<D>> {
    const place = locateFolder(folder);
    return await attemptLater(place.path, async () => {
      const checked = checkShardsOptions(options);
      await place.create();
      const layout = await layoutOf(place, checked);
      await checkNames(place);
      const isSafe = checked.checked.durability !== "os";
      const { adopted } = await adoptAll(place, { layout, isForced: false, isSafe, maxHeaderSize: checked.files.maxHeaderSize });
      return new NpyShards<D>(KEY, place, checked, layout, await run(nextNumber(place)), adopted);
    });
  }

  /** The folder's path; `undefined` for folders without one. */
  get path(): string | undefined {
    return this.#folder.path;
  }

  /** The dtype of the shards. */
  get dtype(): DType<D> {
    return this.#layout.dtype as DType<D>;
  }

  /** The shape of a row. */
  get rowShape(): readonly number[] {
    return this.#layout.rowShape;
  }

  /** The rows that this object has appended. */
  get length(): number {
    return this.#claimed + (this.#file?.length ?? 0);
  }

  /** The names of shards that opening made of files that other writers had left. */
  get adopted(): readonly string[] {
    return this.#adopted.map((number) => shardName(number));
  }

  /**
   * Appends rows, as {@link NpyAppendArray.append} does. They are cut where a shard is full, and shards of other writers may stand between the parts. An
   * error of the file system leaves the parts that were written before it: {@link length} says how many rows that are.
   *
   * @throws NpyError what {@link NpyAppendArray.append} throws. What is wrong with the rows is found before anything is written.
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
      const encoded = this.#encoder.encode(input);
      // A getter of the input may have closed it.
      this.#checkOpen();
      return { rows: encoded.rows, done: this.#write(encoded) };
    } catch (error) {
      throw outward(error, this.path, this.#append);
    }
  }

  #write(rows: EncodedRows): Promise<void> {
    // Appends that leave room take the way of one file, and share its writes.
    if (this.#waiting === 0 && this.#file !== undefined && rows.rows < this.#room) {
      this.#room -= rows.rows;
      return appendEncoded(this.#file.npaa, rows);
    }
    const parts = new RowsInParts(rows);
    return this.#perform(() => this.#writeParts(parts));
  }

  async #writeParts(parts: RowsInParts): Promise<void> {
    try {
      while (parts.left > 0) {
        const file = await this.#fileWithRoom();
        const rows = Math.min(parts.left, this.#most - file.length);
        await appendEncoded(file.npaa, parts.take(rows));
        this.#room = this.#most - file.length;
      }
    } finally {
      parts.end();
    }
    await this.#claimFull();
  }

  /** Appends rows of another file. */
  appendFrom(source: NpyReader, options?: AppendRowsOptions): Promise<number>;
  /**
   * Appends all inputs of an iterable, or all rows of a reader or a range of them, as {@link NpyAppendArray.appendFrom} does. The bytes of a reader are copied if
   * it has the same dtype and order.
   *
   * @returns the number of rows appended.
   */
  appendFrom(source: AsyncIterable<AppendInput<D>> | Iterable<AppendInput<D>>, options?: AppendFromOptions): Promise<number>;
  async appendFrom(
    source: NpyReader | AsyncIterable<unknown> | Iterable<unknown>,
    options: AppendRowsOptions = {},
  ): Promise<number> {
    const { signal } = attempt(this.path, () => {
      this.#checkOpen();
      const checked = checkAppendFrom(source, options, false);
      if (checked.raw || checked.each === "row") throw optionError("shards take whole arrays of rows: leave raw and each out");
      return checked;
    });
    if (isReader<NpyReader>(source)) return await attemptLater(this.path, () => this.#transfer(source, options, signal));
    return await appendAll(
      source,
      signal,
      (input) => this.#append(input as AppendInput<D>),
      () => undefined,
    );
  }

  async #transfer(reader: NpyReader, range: AppendRowsOptions, signal: AbortSignal | undefined): Promise<number> {
    const { length } = reader;
    const start = position(range.start ?? 0, length, "start");
    const stop = Math.max(start, position(range.stop ?? length, length, "stop"));
    for (let next = start; next < stop; ) {
      next = await this.#perform(async () => {
        signal?.throwIfAborted();
        const file = await this.#fileWithRoom();
        const end = Math.min(stop, next + this.#most - file.length);
        try {
          await file.npaa.appendFrom(reader, { start: next, stop: end, ...(signal !== undefined && { signal }) });
        } finally {
          this.#room = this.#most - file.length;
        }
        await this.#claimFull();
        return end;
      });
    }
    return stop - start;
  }

  /**
   * Resolves when everything appended so far survives a power cut. In an object store it is a shard then, which may be short: all is safe there, and readers
   * see it.
   */
  sync(): Promise<void> {
    return this.#perform(async () => {
      if (this.#folder.whole !== undefined) return await this.#claim();
      await this.#file?.npaa.sync();
      await this.#shards.sync();
    });
  }

  /**
   * Makes a shard of the rows that are not in one yet, and closes it. Idempotent. If that fails, the rows are where {@link recoverShards} finds them; those in
   * memory, for an object store without `spool`, still wait there: call it again.
   */
  close(): Promise<void> {
    if (this.#closed !== undefined) return this.#closed;
    const closing = this.#perform(() => this.#finish());
    this.#closed = closing;
    closing.catch(() => {
      if (this.#isInMemory) this.#closed = undefined;
    });
    return closing;
  }

  /** Whether rows that are not in a shard are in memory alone. */
  get #isInMemory(): boolean {
    const { whole } = this.#folder;
    return whole !== undefined && whole.spool === undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #finish(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      await this.#claim();
    } finally {
      await this.#shards.close();
      if (!this.#isInMemory) await this.#file?.npaa.close();
    }
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw closed(this.path);
  }

  /** Does something after all that was asked for before, and before all that is asked for later. */
  #perform<Result>(action: () => Promise<Result>): Promise<Result> {
    if (this.#closed !== undefined) return Promise.reject(closed(this.path));
    this.#waiting++;
    const result = this.#work.then(async () => {
      try {
        // Earlier appends are in the file: its length is what it will be.
        await this.#file?.npaa.updateHeader().catch(() => undefined);
        return await action();
      } catch (error) {
        throw outward(error, this.path, this.append);
      } finally {
        this.#waiting--;
      }
    });
    this.#work = result.catch(() => undefined);
    return result;
  }

  /** The file to append to. One that should have become a shard is tried again. */
  async #fileWithRoom(): Promise<PrivateFile> {
    if (this.#file !== undefined && (this.#file.isTried || this.#file.length >= this.#most)) await this.#claim();
    this.#file ??= await PrivateFile.create(this.#folder, this.#layout, this.#options.files);
    const { maxAge } = this.#options;
    if (maxAge !== undefined && this.#timer === undefined) this.#timer = this.#timerAfter(maxAge);
    return this.#file;
  }

  /** Completes the file after some time, without keeping the process alive. */
  #timerAfter(milliseconds: number): ReturnType<typeof setTimeout> {
    // If it fails, the next append tries again.
    const timer = setTimeout(() => void this.#perform(() => this.#claim()).catch(() => undefined), milliseconds);
    timer.unref?.();
    return timer;
  }

  /** Makes a shard of a full file. The rows are safe whether that succeeds or not, so that a failure is not that of the append: it is tried again later. */
  async #claimFull(): Promise<void> {
    if (this.#file !== undefined && this.#file.length >= this.#most) await this.#claim().catch(() => undefined);
  }

  /** Makes a shard of the file. */
  async #claim(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const file = this.#file;
    if (file === undefined) return;
    if (file.length === 0) {
      await file.discard();
      this.#file = undefined;
      return;
    }
    const isSafe = this.#options.checked.durability !== "os";
    // Whatever becomes of it, the next append asks again.
    this.#room = 0;
    const claimed = await file.claim(this.#next, isSafe);
    this.#next = claimed.number + 1;
    this.#claimed += file.length;
    this.#file = undefined;
    if (claimed.file !== undefined) await this.#shards.add(claimed.number, claimed.file, isSafe);
  }
}

function closed(path: string | undefined): NpyError {
  return new NpyError("ERR_NPY_CLOSED", "The shards were closed: open the folder again to append to it.", { path });
}
