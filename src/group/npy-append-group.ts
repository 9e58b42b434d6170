/** Growing several `.npy` files in step. */
import type { RecordObject } from "../input/array-input.ts";
import { run, runSync } from "../plan/run.ts";
import type { Plan } from "../plan/step.ts";
import { type FolderLike, locateFolder } from "../storage/locate.ts";
import { attempt, attemptLater, outward } from "../verb.ts";
import { RowAppender } from "../writer/each-row.ts";
import { type Appended, appendAll, appendRows } from "../writer/streams.ts";
import type { CheckedRows } from "./group-batch.ts";
import type { GroupAppendFromOptions, GroupOptions, GroupRowAppendOptions } from "./group-options.ts";
import { GroupQueue } from "./group-queue.ts";
import { checkGroupSource, GroupRowChecker, hintingAtGroupRows, type SizedGroupRows } from "./group-sources.ts";
import { GroupWriter } from "./group-writer.ts";
import { closed, type GroupInput, GrowingGroup } from "./growing-group.ts";
import { NpyAppendGroupSync } from "./npy-append-group-sync.ts";

/**
 * Arrays that grow in step: a folder of `.npy` files with one number of rows, each of which NumPy reads by itself. An append takes as many rows of each
 * array, and is in all files or in none, also if the process is killed between two of them: opening the group then completes the append, or takes it
 * back.
 *
 * Operations take effect in the order of their calls. Appends that are called while a write is under way, or before the event loop turns, are written
 * together; if that write fails, they fail together and none of them is in the files.
 *
 * @example
 * ```ts
 * await using group = await NpyAppendGroup.open("documents", {
 *   arrays: { id: { dtype: "int64" }, vec: { dtype: "float32", rowShape: [3] }, text: { dtype: "utf8" } },
 * });
 * await group.append({ id: [1, 2], vec: new Float32Array(6), text: ["one", "two"] });
 * await group.append([{ id: 3, vec: [1, 2, 3], text: "three" }]);
 * group.length; // 3
 * ```
 */
export class NpyAppendGroup extends GrowingGroup implements AsyncDisposable {
  readonly #writer: GroupWriter;
  readonly #queue: GroupQueue;
  #closed: Promise<void> | undefined;

  private constructor(writer: GroupWriter) {
    super(writer, "NpyAppendGroup");
    this.#writer = writer;
    this.#queue = new GroupQueue(writer);
  }

  /**
   * Opens a group for appending. Creates the folder and those of `arrays` that do not exist, if the group has no rows yet. If an append was interrupted, it
   * is completed or taken back: nothing else is changed without being asked.
   *
   * @throws NpyError `ERR_NPY_NEEDS_RECOVERY` if a file is missing, or was replaced or shortened; `ERR_NPY_UNRECOVERABLE` if `onNeedsRecovery` cannot help;
   * what {@link NpyAppendArray.open} throws; the file system's own errors.
   */
  static async open(folder: FolderLike, options: GroupOptions = {}): Promise<NpyAppendGroup> {
    const located = attempt(undefined, () => locateFolder(folder));
    return await attemptLater(located.path, async () => new NpyAppendGroup(await run(GroupWriter.open(located, options))));
  }

  /** {@link NpyAppendGroup.open}, synchronously. */
  static openSync(folder: FolderLike, options: GroupOptions = {}): NpyAppendGroupSync {
    const located = attempt(undefined, () => locateFolder(folder));
    return attempt(located.path, () => new NpyAppendGroupSync(runSync(GroupWriter.open(located, options))));
  }

  /**
   * Appends as many rows of each array: an object of them, a list of objects with one row of each, or a table of Arrow. Resolves when they are in all
   * files and readers see them. Everything is checked, and up to 64 KiB of each array are copied, before this returns; larger data must not be changed
   * before the promise resolves.
   *
   * @throws NpyError `ERR_NPY_SHAPE` if the numbers of rows differ; `ERR_NPY_VALUE` for arrays that the group does not have, or that are missing; what
   * {@link NpyAppendArray.append} throws, with the array as `field`. An error leaves all files unchanged.
   */
  append(rows: GroupInput): Promise<void> {
    try {
      return this.#append(rows).done;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #append(rows: GroupInput): Appended {
    try {
      const checked = this.#check(() => this.#writer.check(rows));
      return { rows: checked.rows, done: this.#queue.append(checked) };
    } catch (error) {
      throw outward(error, this.path, this.#append);
    }
  }

  #check(check: () => CheckedRows): CheckedRows {
    this.#checkOpen();
    const checked = check();
    // A getter of the input may have closed the group.
    this.#checkOpen();
    return checked;
  }

  /** Appends single rows of an iterable. */
  appendFrom(source: AsyncIterable<RecordObject> | Iterable<RecordObject>, options: GroupRowAppendOptions): Promise<number>;
  /**
   * Appends all inputs of an iterable, such as a generator, the batches of an Arrow table or the chunks of an {@link NpyGroupReader}, each as
   * {@link append} does: in all files, or in none. It asks for the next one while the last one is being written.
   *
   * With `each: "row"` the inputs are objects with one row of each array. Each is checked and copied as it comes. They are written together, 256 KiB at a
   * time or when the source pauses. Rows before one that is refused are appended.
   *
   * @returns the number of rows appended.
   * @throws `ERR_NPY_OPTION` if the source cannot be iterated; what {@link append} or the iterable throws; the reason of `signal`. Rows that were appended
   * before stay, and the iterable is told to stop.
   * @example
   * ```ts
   * await using group = await NpyAppendGroup.open("documents", { arrays: { id: { dtype: "int64" }, text: { dtype: "utf8" } } });
   * await group.appendFrom([{ id: [1, 2], text: ["one", "two"] }, [{ id: 3, text: "three" }]]); // 3
   * await group.appendFrom([{ id: 4, text: "four" }], { each: "row" }); // 1
   * ```
   */
  appendFrom(source: AsyncIterable<GroupInput> | Iterable<GroupInput>, options?: GroupAppendFromOptions): Promise<number>;
  async appendFrom(
    source: AsyncIterable<unknown> | Iterable<unknown>,
    options: GroupAppendFromOptions | GroupRowAppendOptions = {},
  ): Promise<number> {
    const { each, signal } = attempt(this.path, () => {
      this.#checkOpen();
      return checkGroupSource(source, options, false);
    });
    if (each === "row") return await appendRows(source, signal, this.#rowAppender());
    return await appendAll(
      source,
      signal,
      (input) => this.#appendInput(input),
      () => undefined,
    );
  }

  #appendInput(input: unknown): Appended {
    try {
      return this.#append(input as GroupInput);
    } catch (error) {
      throw outward(hintingAtGroupRows(error, input, this.#writer), this.path, this.#appendInput);
    }
  }

  #rowAppender(): RowAppender {
    const queue = this.#queue;
    const rows = { append: (checked: SizedGroupRows) => queue.appendLater(checked), flush: queue.flush };
    const check = (row: unknown, number: number): CheckedRows =>
      attempt(this.path, () => this.#check(() => this.#writer.checkRow(row, number)));
    return new RowAppender<SizedGroupRows>(rows, (emit) => new GroupRowChecker(check, emit));
  }

  /**
   * Replaces rows of some of the arrays, from row `start` on, as {@link NpyAppendArray.set} does: one array after the other, so that a process that is
   * killed meanwhile leaves new rows in some of them.
   *
   * @throws NpyError `ERR_NPY_OPTION` for ragged arrays; what {@link append} and {@link NpyAppendArray.set} throw.
   */
  set(start: number, rows: GroupInput): Promise<void> {
    try {
      this.#checkOpen();
      const plans = this.#writer.checkNew(start, rows);
      return this.#perform(function* () {
        for (const plan of plans) yield* plan;
      });
    } catch (error) {
      return Promise.reject(outward(error, this.path, this.set));
    }
  }

  /**
   * Keeps the first `rows` rows of each array. All headers are written and synced before the first file is cut: a process that is killed meanwhile
   * leaves a group that has all rows when it is opened again, or the first ones.
   *
   * @throws NpyError `ERR_NPY_OPTION`; `ERR_NPY_SHAPE` if there are fewer rows; `ERR_NPY_CLOSED`, `ERR_NPY_BROKEN`, `ERR_NPY_CHANGED`; the file system's
   * own errors.
   */
  truncate(rows: number): Promise<void> {
    return this.#perform(() => this.#writer.truncate(rows));
  }

  /** Resolves when everything appended so far survives a power cut. */
  sync(): Promise<void> {
    return this.#perform(() => this.#writer.sync());
  }

  /** Waits for earlier operations, and closes all files. Idempotent. */
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

  #perform(plan: () => Plan<void>): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(closed(this.path));
    return this.#queue.perform(plan);
  }
}
