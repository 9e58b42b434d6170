/** `take`: rows by their numbers, in any order, printed or written into a new file. */
import { Command, InvalidArgumentError } from "commander";
import { type AsyncStorage, NpyAppendArray, type NpyReader } from "../node.ts";
import { openReader } from "./files/archives.ts";
import { readingRows } from "./files/each-file.ts";
import { checkFree, writingNew } from "./files/new-file.ts";
import { nameOf } from "./files/object-names.ts";
import { about, counted, FileProblem, shown, UsageError } from "./program/failure.ts";
import { interruptible } from "./program/interruption.ts";
import { Progress, type ProgressOptions } from "./program/progress.ts";
import { print, printingInto } from "./program/terminal.ts";
import { layoutOf, sizeOf } from "./rows/columns.ts";
import { printTaken, type RowOptions, withRowOptions } from "./rows/printing.ts";
import { viewOf } from "./rows/view.ts";
import { type IndexEntry, type IndexText, indexArgument, indexAt, takenAxis } from "./text/index-text.ts";

interface TakeOptions extends RowOptions, ProgressOptions {
  readonly from?: string;
}

/** Bytes and rows read at a time, unless one row has more. */
const BYTES = 2 ** 24;
const ROWS = 2 ** 16;

export function takeCommand(): Command {
  const command = new Command("take")
    .summary("print rows by their numbers, or write them into a new file")
    .description(
      "Takes rows by their numbers, in the given order and as often as they are named, as numpy.take. Negative numbers count from the end. " +
        "Prints them as slice does, or writes them into a new .npy file with --out. Rows lie along the growth axis: the last one in Fortran order.",
    )
    .argument("<file>", "the .npy file, a folder of shards, or FILE.npz:NAME")
    .argument(
      "[rows...]",
      "numbers and slices of rows, such as 3 -1 10:20 or 5,5,2; - reads numbers from stdin",
      (text: string, previous: readonly (IndexText | "-")[] = []) => [...previous, rowsArgument(text)],
    )
    .option("--from <file>", "take the rows whose numbers this .npy file of integers holds")
    .action(async (file: string, rows: readonly (IndexText | "-")[] = [], _options: TakeOptions, self: Command) => {
      const options = self.optsWithGlobals<TakeOptions>();
      if (rows.length === 0 && options.from === undefined)
        throw new UsageError("no rows are named: give their numbers, - to read them from stdin, or --from indices.npy");
      if (rows.filter((row) => row === "-").length > 1) throw new UsageError("- is stdin, which can be read once: name it once");
      await readingRows(file, async (reader) => {
        if (reader.shape.length === 0) throw new FileProblem(file, "it is a 0-d array, which has no rows");
        const numbers = await numbersOf(rows, options.from, reader.length);
        await (options.out !== undefined && !options.raw
          ? writeTaken(reader, numbers, options.out, options)
          : printNumbers(reader, numbers, options));
      });
    });
  return withRowOptions(
    command,
    "write the rows into a new .npy file instead of printing them; with --raw, their bytes alone",
  ).addHelpText(
    "after",
    `
Examples:
  npy-append-array take log.npy 5 -1 10:20
  npy-append-array take images.npy 7,7,3 --out some.npy
  npy-append-array take vectors.npy --from best.npy --csv
  sort -n numbers.txt | npy-append-array take log.npy - --out chosen.npy`,
  );
}

function rowsArgument(text: string): IndexText | "-" {
  if (text.trim() === "-") return "-";
  const index = indexArgument(text);
  if (index.entries.includes("...")) throw new InvalidArgumentError("It must be numbers and slices of rows: ... is none.");
  return index;
}

/** The numbers of all rows that are named, counted from 0. */
async function numbersOf(rows: readonly (IndexText | "-")[], from: string | undefined, length: number): Promise<Float64Array> {
  const numbers = new Numbers(length);
  for (const named of rows) {
    if (named === "-") await addFromStdin(numbers);
    else for (const entry of named.entries) addEntry(numbers, entry);
  }
  if (from !== undefined) await addFromFile(numbers, from);
  return numbers.all();
}

function addEntry(numbers: Numbers, entry: IndexEntry): void {
  if (entry === "...") return;
  if (typeof entry === "number") {
    numbers.add(entry);
    return;
  }
  const taken = takenAxis(entry, numbers.length, () => "");
  for (let i = 0; i < taken.count; i++) numbers.add(indexAt(taken, i));
}

/** Reads numbers that whitespace or commas separate. */
async function addFromStdin(numbers: Numbers): Promise<void> {
  const addText = (text: string): void => {
    for (const [word] of text.matchAll(/[^\s,]+/g)) {
      if (!/^[+-]?\d+$/.test(word))
        throw new FileProblem("-", `expected the numbers of rows, found ${JSON.stringify(word.slice(0, 40))}`);
      numbers.add(Number(word));
    }
  };
  let rest = "";
  process.stdin.setEncoding("utf8");
  for await (const part of process.stdin as AsyncIterable<string>) {
    const text = rest + part;
    const end = text.search(/[^\s,]*$/);
    addText(text.slice(0, end));
    rest = text.slice(end);
  }
  addText(rest);
}

async function addFromFile(numbers: Numbers, path: string): Promise<void> {
  let reader: NpyReader;
  try {
    reader = await openReader(path);
  } catch (error) {
    throw about(path, error);
  }
  try {
    const { dtype, shape } = reader;
    if (!"iu".includes(dtype.kind)) throw new FileProblem(path, `it holds ${dtype.name}: expected integers, the numbers of rows`);
    if (shape.length !== 1) throw new FileProblem(path, `it has ${shape.length} axes: expected 1, a list of the numbers of rows`);
    for await (const { data } of reader.chunks()) {
      for (const number of data as unknown as ArrayLike<number | bigint> & Iterable<number | bigint>) numbers.add(Number(number));
    }
  } catch (error) {
    throw about(path, error);
  } finally {
    await reader.close();
  }
}

/** Numbers of rows in an array of `length` rows, which grows as they are added. */
class Numbers {
  readonly length: number;
  #numbers = new Float64Array(1024);
  #count = 0;

  constructor(length: number) {
    this.length = length;
  }

  /** @throws Error if there is no such row. */
  add(number: number): void {
    if (number >= this.length || number < -this.length) {
      throw new Error(`there is no row ${number}: the array has ${counted(this.length, "row")}`);
    }
    if (this.#count === this.#numbers.length) {
      const more = new Float64Array(2 * this.#count);
      more.set(this.#numbers);
      this.#numbers = more;
    }
    this.#numbers[this.#count++] = number < 0 ? number + this.length : number;
  }

  all(): Float64Array {
    return this.#numbers.subarray(0, this.#count);
  }
}

async function printNumbers(reader: NpyReader, numbers: Float64Array, options: TakeOptions): Promise<void> {
  if (options.raw && options.fields !== undefined)
    throw new UsageError("--raw and --fields cannot be combined in take: leave out one of them, or use slice");
  const printAll = (): Promise<void> => printTaken(reader, numbers, viewOf(reader, options, { isWhole: true }), options);
  await (options.out === undefined ? printAll() : printingInto(options.out, printAll));
}

/** Writes the rows into a new file. */
async function writeTaken(reader: NpyReader, numbers: Float64Array, out: string, options: TakeOptions): Promise<void> {
  const given = (["csv", "ndjson", "columns", "fields", "width"] as const).find((name) => options[name] !== undefined);
  if (given !== undefined)
    throw new UsageError(`--${given} and --out cannot be combined: --out writes whole rows into a .npy file`);
  const isNew = { overwrites: false, advice: "choose another name" };
  await checkFree(out, isNew);
  await interruptible((signal) =>
    writingNew(out, isNew, (file) => copyRows(reader, numbers, file, { ...options, label: shown(out) }, signal)),
  ).catch((error: unknown) => {
    throw isOf(out, error) ? about(out, error) : error;
  });
  if (!options.quiet) await print(`${shown(out)}: ${counted(numbers.length, "row")}\n`);
}

/** Whether an error is one of writing the file. */
function isOf(out: string, error: unknown): boolean {
  const { path } = error as { path?: unknown };
  return typeof path === "string" && nameOf(path) === out;
}

async function copyRows(
  reader: NpyReader,
  numbers: Float64Array,
  file: AsyncStorage,
  { label, ...options }: ProgressOptions & { readonly label: string },
  signal: AbortSignal,
): Promise<void> {
  const { dtype, fortranOrder } = reader;
  const { rowShape } = layoutOf(reader);
  const rowBytes = sizeOf(rowShape) * dtype.itemsize;
  const atOnce = Math.max(1, Math.min(ROWS, Math.floor(BYTES / Math.max(1, rowBytes))));
  const npaa = await NpyAppendArray.open(file, { dtype, rowShape, fortranOrder, lock: false });
  const progress = await Progress.start(label, rowBytes * numbers.length, options);
  try {
    for (let first = 0; first < numbers.length; first += atOnce) {
      signal.throwIfAborted();
      await npaa.append((await reader.take([...numbers.subarray(first, first + atOnce)])) as never);
      progress.advance(rowBytes * Math.min(atOnce, numbers.length - first));
    }
  } finally {
    progress.stop();
    await npaa.close();
  }
}
