/**
 * Several files that grow in step, each by rows of its own. The data of an append are in all of them before the first header counts any, so whatever
 * interrupts it, either no file counts them, or every file holds them: docs/design/groups.md.
 */
import { type Plan, publish, size, sync, syncTogether, truncate, write } from "../step.ts";
import { type Durability, type GrowingFile, SHORT_WRITE } from "./growing-file.ts";
import type { Rows } from "./growth.ts";
import { cutUncounted, notUndone, restoreHeader } from "./rollback.ts";
import { checkUnchanged } from "./unchanged.ts";
import { writeData } from "./write-blocks.ts";

/** The commit of one file after the other. */
export class JointGrowth {
  readonly #files: readonly GrowingFile[];
  readonly #commit: GrowingFile;
  readonly #durability: Durability;
  /** The block of each file, while they are written at once. */
  readonly #blocks: Uint8Array[] = [];

  /**
   * `files` in the order in which their headers are written. The header of `commit` is the first that makes rows count: those before it prove
   * nothing. All files have one durability.
   */
  constructor(files: readonly GrowingFile[], commit: GrowingFile) {
    this.#files = files;
    this.#commit = commit;
    this.#durability = commit.durability;
  }

  /** @throws NpyError if nothing more can be appended. */
  check(): void {
    for (const { broken } of this.#files) if (broken !== undefined) throw broken;
  }

  /**
   * Writes rows of each file: all of them, or none. `undefined`: it is done. With `isBlocking` any number of rows may be written before this returns.
   *
   * @throws NpyError `ERR_NPY_CHANGED` if another program wrote to one of the files. Nothing is appended then.
   */
  append(added: readonly Rows[], isBlocking: boolean): Plan<void> | undefined {
    this.check();
    return this.#fitsAtOnce(added, isBlocking) ? this.#appendAtOnce(added) : this.#append(added);
  }

  /** Whether every file was just checked, and its rows are one block of memory that can be written without waiting or syncing. */
  #fitsAtOnce(added: readonly Rows[], isBlocking: boolean): boolean {
    if (this.#durability !== "os") return false;
    for (let i = 0; i < added.length; i++) {
      const growing = this.#files[i] as GrowingFile;
      const { rows, onlyBlock } = added[i] as Rows;
      const block = rows === 0 ? NOTHING : onlyBlock;
      if (
        block === undefined ||
        growing.isCheckDue() ||
        !(isBlocking || block.length <= (growing.file.writesAtOnce ?? 0)) ||
        // The caller may have detached or resized the memory.
        block.length !== rows * growing.bytesPerRow ||
        growing.endOf(growing.rows) + block.length > Number.MAX_SAFE_INTEGER
      ) {
        return false;
      }
      this.#blocks[i] = block;
    }
    return true;
  }

  /** Does what {@link #append} does, without steps: running a plan costs as much as appending a few rows. */
  #appendAtOnce(added: readonly Rows[]): Plan<void> | undefined {
    const files = this.#files;
    const blocks = this.#blocks;
    let isHeaderTouched = false;
    try {
      let isDue = false;
      for (let i = 0; i < files.length; i++) {
        const growing = files[i] as GrowingFile;
        const block = blocks[i] as Uint8Array;
        blocks[i] = NOTHING;
        if (block.length === 0) continue;
        growing.file.writeSync(block, growing.endOf(growing.rows));
        isDue ||= block.length > SHORT_WRITE && growing.isCheckDue();
      }
      if (isDue) return this.#countRows(added);
      isHeaderTouched = true;
      for (let i = 0; i < files.length; i++) {
        const growing = files[i] as GrowingFile;
        const rows = growing.rows + (added[i] as Rows).rows;
        if (rows === growing.headerRows) continue;
        growing.asFound = undefined;
        growing.file.writeSync(growing.render(rows), 0);
      }
    } catch (error) {
      return this.#takeBack(isHeaderTouched, error);
    }
    this.#commitRows(added);
    return undefined;
  }

  *#append(added: readonly Rows[]): Plan<void> {
    const files = this.#files;
    for (const [i, growing] of files.entries()) {
      growing.checkLength(growing.rows + (added[i] as Rows).rows);
      if (growing.isCheckDue()) yield* checkUnchanged(growing);
    }
    try {
      for (const [i, growing] of files.entries()) {
        const rows = added[i] as Rows;
        if (rows.rows > 0) yield* writeData(growing, rows, growing.rows);
      }
      if (this.#durability !== "os") yield* syncTogether(files.map(({ file }) => file));
    } catch (error) {
      yield* this.#takeBack(false, error);
    }
    yield* this.#countRows(added);
  }

  /** Makes the headers count rows whose data are in all files. */
  *#countRows(added: readonly Rows[]): Plan<void> {
    let isHeaderTouched = false;
    try {
      for (const [i, growing] of this.#files.entries()) {
        const { rows } = added[i] as Rows;
        if (growing.isCheckDueAfter(rows * growing.bytesPerRow)) yield* checkUnchanged(growing, growing.rows + rows);
      }
      isHeaderTouched = true;
      for (const [i, growing] of this.#files.entries()) {
        const rows = growing.rows + (added[i] as Rows).rows;
        if (rows === growing.headerRows) continue;
        growing.asFound = undefined;
        yield* write(growing.file, growing.render(rows), 0);
      }
      // Once one header survives, opening completes the commit.
      if (this.#durability === "data") yield* sync(this.#commit.file);
      if (this.#durability === "full") yield* syncTogether(this.#files.map(({ file }) => file));
    } catch (error) {
      yield* this.#takeBack(isHeaderTouched, error);
    }
    this.#commitRows(added);
  }

  /** Makes all appended rows survive a power cut. */
  *sync(): Plan<void> {
    this.check();
    for (const growing of this.#files) yield* checkUnchanged(growing);
    yield* syncTogether(this.#files.map(({ file }) => file));
    for (const { file } of this.#files) yield* publish(file);
  }

  #commitRows(added: readonly Rows[]): void {
    for (let i = 0; i < added.length; i++) {
      const growing = this.#files[i] as GrowingFile;
      growing.rows += (added[i] as Rows).rows;
      growing.headerRows = growing.rows;
    }
  }

  /** Restores the committed rows of all files, and throws `cause`. No file is cut before every header is what it was. */
  *#takeBack(isHeaderTouched: boolean, cause: unknown): Plan<never> {
    // What another program changed is left alone.
    const files = this.#files.filter(({ broken }) => broken === undefined);
    try {
      if (isHeaderTouched) {
        for (const growing of files) yield* restoreHeader(growing);
        if (this.#durability !== "os") yield* syncTogether(files.map(({ file }) => file));
      }
      for (const growing of files) yield* cutUncounted(growing);
    } catch (error) {
      this.#break(notUndone(error, cause));
    }
    throw cause;
  }

  #break(error: NonNullable<GrowingFile["broken"]>): void {
    for (const growing of this.#files) growing.broken ??= error;
  }

  /**
   * Keeps the first rows of each file. All headers are written and synced before the first file is cut, whatever the durability. If it fails before
   * that, all rows are there; if it fails later, nothing more can be appended until the files are opened again.
   */
  *truncate(kept: readonly number[]): Plan<void> {
    this.check();
    const files = this.#files;
    const all = files.map(({ file }) => file);
    for (const growing of files) yield* checkUnchanged(growing);
    if (files.some((growing, i) => growing.rows !== kept[i])) {
      // After a power cut the most advanced header must be the old one or the new one, and none in between.
      if (this.#durability === "data") yield* syncTogether(all);
      yield* this.#countFewer(kept);
      yield* this.#cut(kept);
    }
    if (this.#durability !== "os") yield* syncTogether(all);
  }

  *#countFewer(kept: readonly number[]): Plan<void> {
    const files = this.#files;
    try {
      // In the other order, so that readers always find what a header that proves something counts on.
      for (let i = files.length - 1; i >= 0; i--) {
        const growing = files[i] as GrowingFile;
        const rows = kept[i] as number;
        if (rows === growing.headerRows) continue;
        growing.asFound = undefined;
        yield* write(growing.file, growing.render(rows), 0);
      }
      yield* syncTogether(files.map(({ file }) => file));
      // The sync may have taken long. What another program appended meanwhile must not be cut off.
      for (const [i, growing] of files.entries()) {
        if (growing.isCheckDue()) yield* checkUnchanged(growing, growing.rows, kept[i]);
      }
    } catch (error) {
      yield* this.#takeBack(true, error);
    }
  }

  *#cut(kept: readonly number[]): Plan<void> {
    try {
      for (const [i, growing] of this.#files.entries()) {
        const rows = kept[i] as number;
        if (rows < growing.rows) yield* truncate(growing.file, growing.endOf(rows));
      }
    } catch (error) {
      // Only if nothing was cut can all rows come back.
      if (yield* this.#isWhole()) yield* this.#takeBack(true, error);
      this.#break(notUndone(undefined, error));
      throw error;
    }
    for (const [i, growing] of this.#files.entries()) {
      growing.rows = kept[i] as number;
      growing.headerRows = growing.rows;
    }
  }

  /** Whether no file was cut, as far as that can be found out. */
  *#isWhole(): Plan<boolean> {
    try {
      for (const growing of this.#files) if ((yield* size(growing.file)) !== growing.endOf(growing.rows)) return false;
      return true;
    } catch {
      return false;
    }
  }
}

const NOTHING = new Uint8Array(0);
