/** `tail --follow`: waits for a file, prints rows as they are appended, and goes on with the array that takes the place of another. */
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { NodeStorage, NpyReader, type StorageFile } from "../../node.ts";
import { isDirectory } from "../files/places.ts";
import { about, FileProblem, lineOf, shown } from "../program/failure.ts";
import { Interrupted, interruptible } from "../program/interruption.ts";
import { tell } from "../program/terminal.ts";
import { layoutOf, type RowLayout, rowsOf } from "./columns.ts";
import { printerFor, printPart, type RowOptions, type RowPrinter } from "./printing.ts";
import { type View, viewOf } from "./view.ts";

export interface FollowOptions extends RowOptions {
  /** How many of the last rows to print first. */
  readonly rows: number;
  /** Whether to go on with another array that takes the file's name. */
  readonly followName?: boolean;
  readonly quiet?: boolean;
}

/** Milliseconds between attempts to open a file. */
const RETRY = 100;

/** Prints the last rows of a file, and each new one until Ctrl-C. */
export async function followFile(file: string, options: FollowOptions): Promise<void> {
  await interruptible(async (signal) => {
    const following = new Following(file, options, signal);
    try {
      await following.run();
    } catch (error) {
      throw error instanceof Interrupted ? error : about(file, error);
    } finally {
      await following.close();
    }
  });
}

/** An array that is followed. */
interface Opened {
  readonly reader: NpyReader;
  /** Its file, which stays open when another one takes its name: what was appended to it last can still be read. Folders have none. */
  readonly held: StorageFile | undefined;
}

class Following {
  readonly #file: string;
  readonly #options: FollowOptions;
  readonly #signal: AbortSignal;
  #opened: Opened | undefined;
  #printer: RowPrinter | undefined;
  #layout: RowLayout | undefined;
  /** Rows of the array that are printed, or that came before those. */
  #next = 0;

  constructor(file: string, options: FollowOptions, signal: AbortSignal) {
    this.#file = file;
    this.#options = options;
    this.#signal = signal;
  }

  async run(): Promise<never> {
    let [opened, skipped] = await this.#first();
    for (;;) {
      this.#opened = opened;
      this.#next = Math.max(0, skipped);
      await this.#begin(opened.reader);
      opened = await this.#untilReplaced(opened);
      skipped = 0;
    }
  }

  async close(): Promise<void> {
    if (this.#opened !== undefined) await closed(this.#opened);
    this.#opened = undefined;
  }

  /** The file, and how many of its rows not to print. All rows are new in a file that was waited for. */
  async #first(): Promise<[Opened, number]> {
    try {
      const opened = await openedFile(this.#file);
      return [opened, opened.reader.length - this.#options.rows];
    } catch (error) {
      if (!isMissing(error) && this.#options.followName !== true) throw error;
      return [await this.#whenReadable(error), 0];
    }
  }

  /** Opens the file as soon as that is possible. */
  async #whenReadable(first?: unknown): Promise<Opened> {
    let last: string | undefined;
    let told: string | undefined;
    for (let error = first; ; ) {
      if (error !== undefined) {
        const problem = isMissing(error) ? `${shown(this.#file)}: there is no such file yet` : lineOf(about(this.#file, error));
        // A file that is being written cannot be read for a moment: that is not worth a message.
        if (problem !== told && (problem === last || isMissing(error))) {
          this.#report(`${problem} (waiting for it)`);
          told = problem;
        }
        last = problem;
      }
      await this.#pause();
      try {
        return await openedFile(this.#file);
      } catch (next) {
        error = next;
      }
    }
  }

  async #pause(): Promise<void> {
    await delay(RETRY, undefined, { signal: this.#signal }).catch(() => undefined);
    this.#signal.throwIfAborted();
  }

  /** Prints the rows that an array has when it is opened. */
  async #begin(reader: NpyReader): Promise<void> {
    const { length } = reader;
    const view = this.#viewOf(reader, this.#next, length);
    const layout = layoutOf(reader);
    if (this.#printer === undefined || !isSame(layout, this.#layout as RowLayout)) {
      if (this.#printer !== undefined) this.#checkContinues(layout);
      this.#printer = printerFor(reader, view, this.#options);
      this.#layout = layout;
    }
    await printPart(view, this.#printer);
    this.#next = length;
  }

  #viewOf(reader: NpyReader, start: number, stop: number): View {
    const { raw = false, followName = false } = this.#options;
    const view = viewOf(reader, this.#options, { rows: { start, count: stop - start }, isWhole: !raw });
    // Bytes are copied from the file that has the name, which may be another one by then.
    return followName ? { ...view, isPlain: false } : view;
  }

  /** CSV and raw bytes cannot say that the rows after them have another form. */
  #checkContinues({ dtype, rowShape }: RowLayout): void {
    const form = (["csv", "raw"] as const).find((name) => this.#options[name]);
    if (form === undefined) return;
    const type = dtype.fields === undefined ? dtype.name : dtype.str;
    throw new Error(
      `the new array has another dtype or shape (${[type, ...rowShape].join(" x ")}), which --${form} cannot show after the old one: ` +
        "run tail again",
    );
  }

  /** Prints new rows, until another array has the name of the file. */
  async #untilReplaced(opened: Opened): Promise<Opened> {
    const { reader } = opened;
    for (;;) {
      const error = await this.#printNew(reader);
      if (this.#options.followName !== true) {
        await this.#checkIsBack(reader, error);
        continue;
      }
      const found = await this.#whenReadable();
      try {
        // The same rows may have been written again, or the file may have been repaired.
        await reader.refresh();
        await closed(found);
      } catch (changed) {
        if (isChanged(changed)) {
          await this.#switchFrom(opened);
          return found;
        }
        await closed(found);
      }
    }
  }

  /**
   * Looks once more at a file that could not be read on: a program that writes a file anew empties it first.
   *
   * @throws The error of reading, if the rows are not there again.
   */
  async #checkIsBack(reader: NpyReader, error: unknown): Promise<void> {
    await this.#pause();
    try {
      await reader.refresh();
    } catch (again) {
      if (isChanged(again)) throw this.#ended(again);
      throw error;
    }
  }

  #ended(error: unknown): FileProblem {
    const problem =
      "another array took its place, or its rows were changed or cut off: run tail again, with -F to go on with such arrays";
    return new FileProblem(this.#file, problem, { cause: error });
  }

  /** Prints rows as they are appended, until an error of reading, which is returned. */
  async #printNew(reader: NpyReader): Promise<unknown> {
    const printer = this.#printer as RowPrinter;
    const chunks = reader.follow({ from: this.#next, rows: printer.atOnce, signal: this.#signal })[Symbol.asyncIterator]();
    const watch = this.#options.followName ? setInterval(this.#reporterOfAbsence(), 5 * RETRY) : undefined;
    try {
      for (;;) {
        const found = await chunks.next().catch((error: unknown) => ({ error }));
        if ("error" in found) return found.error;
        if (found.done) throw this.#signal.reason instanceof Interrupted ? this.#signal.reason : new Error("the file was closed");
        const first = this.#next;
        const stop = first + rowsOf(found.value);
        // Rows of raw bytes are printed as they are read, with only the fields that were chosen.
        if (this.#options.raw) await printPart(this.#viewOf(reader, first, stop), printer);
        else await printer.print(found.value, (i) => first + i);
        this.#next = stop;
      }
    } finally {
      clearInterval(watch);
      await chunks.return?.();
    }
  }

  #reporterOfAbsence(): () => void {
    let isGone = false;
    return () => {
      const wasGone = isGone;
      isGone = !existsSync(this.#file);
      if (isGone && !wasGone)
        this.#report(`${shown(this.#file)}: it was moved or deleted (waiting for another file of that name)`);
    };
  }

  /** Prints the last rows of a file that lost its name, and closes it. */
  async #switchFrom({ reader, held }: Opened): Promise<void> {
    this.#opened = undefined;
    const isReplaced = held !== undefined && held.currentSizeSync?.() === undefined;
    await reader.close();
    if (isReplaced) await this.#printRest(held);
    else held?.closeSync();
    this.#report(
      `${shown(this.#file)}: ${isReplaced ? "it was replaced" : "another array was written into it"}: its rows follow from the first on`,
    );
  }

  async #printRest(held: StorageFile): Promise<void> {
    let reader: NpyReader;
    try {
      reader = await NpyReader.open(new HeldStorage(this.#file, held));
    } catch {
      // It was damaged, or never complete: there is nothing more to print.
      return;
    }
    try {
      if (reader.length > this.#next && isSame(layoutOf(reader), this.#layout as RowLayout)) await this.#begin(reader);
    } finally {
      await reader.close();
    }
  }

  #report(line: string): void {
    if (!this.#options.quiet) tell(line);
  }
}

/** Opens a file twice: for the reader, which follows its name, and to hold it. */
async function openedFile(file: string): Promise<Opened> {
  for (;;) {
    if (isDirectory(file)) return { reader: await NpyReader.open(file), held: undefined };
    const held = new NodeStorage(file).openSync("r");
    let reader: NpyReader | undefined;
    try {
      reader = await NpyReader.open(file);
      if (held.currentSizeSync?.() !== undefined) return { reader, held };
    } catch (error) {
      held.closeSync();
      throw error;
    }
    // Another file took the name in between.
    await closed({ reader, held });
  }
}

async function closed({ reader, held }: Opened): Promise<void> {
  held?.closeSync();
  await reader.close();
}

/** A file that is open already, whatever has its name. */
class HeldStorage extends NodeStorage {
  readonly #held: StorageFile;

  constructor(path: string, held: StorageFile) {
    super(path);
    this.#held = held;
  }

  override openSync(): StorageFile {
    return this.#held;
  }
}

function isSame(a: RowLayout, b: RowLayout): boolean {
  const descr = ({ dtype }: RowLayout): string => JSON.stringify(dtype.descr);
  return descr(a) === descr(b) && a.rowShape.join() === b.rowShape.join() && a.fortranOrder === b.fortranOrder;
}

function isMissing(error: unknown): boolean {
  return (error as { code?: unknown }).code === "ENOENT";
}

function isChanged(error: unknown): boolean {
  return (error as { code?: unknown }).code === "ERR_NPY_CHANGED";
}
