/** Reading groups of arrays. */
import { abortSignal, checkOptions, position, rowNumber } from "../options.ts";
import { run, runSync } from "../plan/run.ts";
import type { Plan } from "../plan/step.ts";
import { followRows } from "../reader/follow.ts";
import { NpyReader } from "../reader/npy-reader.ts";
import { addGroup } from "../reader/open-readers.ts";
import { type FolderLike, locateFolder } from "../storage/locate.ts";
import { Lifetime } from "../storage/signals.ts";
import { attempt, attemptLater } from "../verb.ts";
import {
  CHUNK_OPTIONS,
  chunkOf,
  closed,
  type GroupChunkOptions,
  GroupReader,
  type GroupReadOptions,
  READ_OPTIONS,
} from "./group-reader.ts";
import { type GroupArraysOf, type GroupReaderOptions, GroupReading } from "./group-reading.ts";
import { NpyGroupReaderSync } from "./npy-group-reader-sync.ts";

/** What {@link NpyGroupReader.follow} returns, and for how long. */
export interface GroupFollowOptions extends GroupChunkOptions {
  /**
   * The first row; negative ones count from the end.
   *
   * @defaultValue the first row that the reader has not seen yet, its `length`
   * @example from: 0
   */
  readonly from?: number;
}

const FOLLOW_OPTIONS = { from: rowNumber, ...CHUNK_OPTIONS, signal: abortSignal };

/**
 * Reads a group of arrays: rows that every file counts. It writes nothing, whatever an interrupted append left.
 *
 * @example
 * ```ts
 * await using group = await NpyAppendGroup.open("documents", { arrays: { id: { dtype: "int64" }, text: { dtype: "utf8" } } });
 * await group.append({ id: [1, 2], text: ["one", "two"] });
 * await using reader = await NpyGroupReader.open("documents");
 * const { id, text } = await reader.read(-1);
 * ```
 */
export class NpyGroupReader<A = unknown> extends GroupReader implements AsyncDisposable {
  readonly #reading: GroupReading;
  readonly #lifetime: Lifetime = new Lifetime();
  #closed: Promise<void> | undefined;

  private constructor(reading: GroupReading) {
    super(reading, "NpyGroupReader");
    this.#reading = reading;
    addGroup(this, () => {
      if (this.#closed !== undefined) throw closed(this.path);
      return reading.parts();
    });
  }

  /**
   * Opens a group for reading.
   *
   * @throws NpyError `ERR_NPY_NEEDS_RECOVERY` if a file is missing, or ends before its last row; what {@link NpyReader.open} throws.
   */
  static async open<const A = unknown>(folder: FolderLike, options: GroupReaderOptions<A> = {}): Promise<NpyGroupReader<A>> {
    const located = attempt(undefined, () => locateFolder(folder));
    return await attemptLater(located.path, async () => {
      const reading = await run(GroupReading.open(located, options, (file, given) => NpyReader.open(file, given)));
      return new NpyGroupReader<A>(reading);
    });
  }

  /** {@link NpyGroupReader.open}, synchronously. */
  static openSync<const A = unknown>(folder: FolderLike, options: GroupReaderOptions<A> = {}): NpyGroupReaderSync<A> {
    const located = attempt(undefined, () => locateFolder(folder));
    return attempt(located.path, () => {
      return new NpyGroupReaderSync<A>(
        runSync(GroupReading.open(located, options, (file, given) => NpyReader.openSync(file, given))),
      );
    });
  }

  /**
   * The rows `start` (default 0) to `stop` (not included; default all) of each array. Negative ones count from the end, as in `Array.prototype.slice`.
   *
   * @throws NpyError what {@link NpyReader.read} throws; `ERR_NPY_VALUE` for offsets that decrease.
   */
  read(start?: number, stop?: number, options: GroupReadOptions = {}): Promise<GroupArraysOf<A>> {
    return this.#perform(() => this.#reading.read<A>(start, stop, checkOptions(options, READ_OPTIONS)));
  }

  /**
   * Rows in any order, as {@link NpyReader.take}: repeated ones, and negative ones that count from the end.
   *
   * @throws NpyError `ERR_NPY_SHAPE` if there is no such row; what {@link read} throws.
   */
  take(rows: ArrayLike<number | bigint>, options: GroupReadOptions = {}): Promise<GroupArraysOf<A>> {
    return this.#perform(() => this.#reading.take<A>(rows, checkOptions(options, READ_OPTIONS)));
  }

  /** All rows, a chunk at a time: no more than one is held in memory. Each array of a chunk has its first row as `start`. */
  async *chunks(options: GroupChunkOptions = {}): AsyncGenerator<GroupArraysOf<A>, undefined, unknown> {
    const { rows = this.#reading.rowsPerChunk(), signal } = attempt(this.path, () => checkOptions(options, CHUNK_OPTIONS));
    for (let start = 0; start < this.length; start += rows) {
      yield chunkOf(await this.read(start, Math.min(this.length, start + rows), { signal }), start);
    }
  }

  /**
   * Looks at the files again: rows that were appended since to all of them count from now on.
   *
   * @throws NpyError what {@link NpyReader.refresh} throws.
   */
  refresh(): Promise<void> {
    return this.#perform(() => this.#reading.refresh());
  }

  /**
   * The rows from `from` on, and then each new one as it is appended by this or another process, until `signal` is aborted or the reader closed. No row
   * comes twice, none is left out, and none comes before every file counts it.
   *
   * @throws NpyError what {@link refresh} and {@link read} throw.
   */
  async *follow(options: GroupFollowOptions = {}): AsyncGenerator<GroupArraysOf<A>, void, void> {
    const { length } = this;
    const checked = attempt(this.path, () => {
      if (this.#closed !== undefined) throw closed(this.path);
      return checkOptions<GroupFollowOptions>(options, FOLLOW_OPTIONS);
    });
    const { from = length, signal, rows = this.#reading.rowsPerChunk() } = checked;
    const following = {
      from: position(from, length, "from"),
      rows,
      lifetime: this.#lifetime.signal,
      signal,
      watch: (onChange: () => void) => this.#reading.watch(onChange),
    };
    try {
      yield* followRows(this, following, chunkOf);
    } catch (error) {
      // What was under way when it was closed.
      if (this.#closed === undefined) throw error;
    }
  }

  /** Closes all files. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#lifetime.end(closed(this.path));
    await attemptLater(this.path, () => run(this.#reading.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #perform<Result>(plan: () => Plan<Result>): Promise<Result> {
    return await attemptLater(this.path, () => {
      if (this.#closed !== undefined) throw closed(this.path);
      return run(plan());
    });
  }
}
