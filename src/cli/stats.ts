/** `stats`: statistics of the columns of a file. */
import { Command } from "commander";
import { type DType, dtype as dtypeOf, type NpyReader } from "../node.ts";
import { listArgument } from "./arguments.ts";
import { rounded, textsOfValues } from "./cell.ts";
import {
  type Column,
  chosenColumns,
  columnData,
  columnsOf,
  isNumeric,
  layoutOf,
  numericColumns,
  rowsOf,
  sizeOf,
} from "./columns.ts";
import { shown } from "./failure.ts";
import { readingRows } from "./files.ts";
import { Moments, type Summary } from "./moments.ts";
import { Progress, type ProgressOptions } from "./progress.ts";
import { Table } from "./table.ts";
import { print } from "./terminal.ts";

interface StatsOptions extends ProgressOptions {
  readonly columns?: readonly string[];
}

const HISTOGRAM_WIDTH = 16;

export function statsCommand(): Command {
  return new Command("stats")
    .summary("min, max, mean, standard deviation, NaNs and a histogram of each column")
    .description(
      "Shows for each column the number of NaNs (or NaTs), and of all other values the smallest and largest, the mean, the " +
        "standard deviation (of the population, like numpy.std) and a histogram from the smallest to the largest. " +
        "Reads the file once.",
    )
    .argument("<file>", "the .npy file, a folder of shards, or FILE.npz:NAME")
    .option("--columns <list>", "only these columns", listArgument)
    .action(async (file: string, _options: StatsOptions, command: Command) => {
      const options = command.optsWithGlobals<StatsOptions>();
      await readingRows(file, async (reader) => {
        const columns = chosenColumns(columnsOf(layoutOf(reader)).flatMap(numericColumns), options.columns);
        const progress = await Progress.start(shown(file), sizeOfData(reader), options);
        const moments = await momentsOf(reader, columns, progress);
        await printTable(columns, reader.length, moments);
      });
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array stats log.npy
  npy-append-array stats --columns t,level log.npy`,
    );
}

function sizeOfData({ shape, dtype }: NpyReader): number {
  return sizeOf(shape) * dtype.itemsize;
}

async function momentsOf(reader: NpyReader, columns: readonly Column[], progress: Progress): Promise<Moments> {
  const moments = new Moments(columns.length, reader.length);
  const isCounted = columns.map(isNumeric);
  const isTime = columns.map(({ dtype }) => "Mm".includes(dtype.kind));
  try {
    if (!isCounted.includes(true)) return moments;
    for await (const chunk of reader.chunks()) {
      const dataOf = columnData(chunk);
      const count = rowsOf(chunk);
      for (let i = 0; i < columns.length; i++) {
        const column = columns[i] as Column;
        if (!isCounted[i]) continue;
        moments.add(i, { data: dataOf(column), offset: column.offset, step: column.perRow, count }, isTime[i] as boolean);
      }
      progress.advance((count * sizeOfData(reader)) / reader.length);
    }
  } finally {
    progress.stop();
  }
  return moments;
}

const HEADER = ["column", "dtype", "rows", "nan", "min", "max", "mean", "std", "histogram"];
const IS_RIGHT = [false, false, true, true, true, true, true, true, false];

/** Columns formatted, and printed, at a time. */
const PART = 2 ** 12;

/** Prints all digits of means and deviations, unless only fewer fit into the terminal. */
async function printTable(columns: readonly Column[], rows: number, moments: Moments): Promise<void> {
  let [table, parts] = tableOf(columns, rows, moments, false);
  if (!table.isWhole) [table, parts] = tableOf(columns, rows, moments, true);
  for (const [i, part] of parts.entries()) await print(table.lines(part, i === 0));
}

function tableOf(columns: readonly Column[], rows: number, moments: Moments, isShort: boolean): [Table, string[][][]] {
  const table = new Table(HEADER, IS_RIGHT);
  const parts: string[][][] = [];
  for (let first = 0; first === 0 || first < columns.length; first += PART) {
    const part = columns.slice(first, first + PART);
    const cells = part.map(({ label, dtype }) => [label, dtype.fields === undefined ? dtype.name : dtype.str, String(rows)]);
    for (const [type, places] of placesOfDTypes(part)) {
      const summaries = places.map((place) => moments.of(first + place, HISTOGRAM_WIDTH));
      for (const [i, texts] of textsOfSummaries(type, summaries, isShort).entries()) cells[places[i] as number]?.push(...texts);
    }
    table.widen(cells);
    parts.push(cells);
  }
  return [table, parts];
}

/** The dtypes of columns of numbers, and which columns have them. */
function placesOfDTypes(columns: readonly Column[]): Iterable<readonly [DType, number[]]> {
  const found = new Map<string, readonly [DType, number[]]>();
  for (const [i, column] of columns.entries()) {
    if (!isNumeric(column)) continue;
    const { str } = column.dtype;
    const known = found.get(str) ?? ([column.dtype, []] as const);
    known[1].push(i);
    found.set(str, known);
  }
  return found.values();
}

/** The texts of columns of one dtype, beginning with the number of NaNs. */
function textsOfSummaries(type: DType, summaries: readonly Summary[], isShort: boolean): string[][] {
  const { kind, itemsize, datetime } = type;
  const { unit = "generic", count = 1 } = datetime ?? {};
  const isDate = kind === "M";
  const unitsPerTick = isDate ? count : 1;
  const valuesOf = (values: readonly (number | bigint | undefined)[]): string[] => {
    if (kind === "b") return values.map((value) => String(value ?? ""));
    return textsOrNothing(values, kind === "c" ? dtypeOf(`f${itemsize / 2}` as "f8") : type);
  };
  const mins = valuesOf(summaries.map(({ min }) => min));
  const maxs = valuesOf(summaries.map(({ max }) => max));
  // The mean of times is a time.
  const ticks = isDate ? valuesOf(summaries.map(({ tick }) => tick)) : [];
  const short = (value: number, digits?: number): number => (isShort ? rounded(value, digits) : value);
  const means = floatTexts(summaries.map(({ mean, deviation }) => short(mean, digitsOf(mean, deviation))));
  const deviations = floatTexts(summaries.map(({ deviation }) => short(deviation * unitsPerTick)));
  return summaries.map(({ missing, deviation, bars }, i) => [
    String(missing),
    mins[i] as string,
    maxs[i] as string,
    ticks[i] || (means[i] as string),
    (deviations[i] as string) + (isDate && !Number.isNaN(deviation) ? ` ${unit}` : ""),
    bars,
  ]);
}

/** An empty text for `undefined`. */
function textsOrNothing(values: readonly (number | bigint | undefined)[], type: DType): string[] {
  const texts = textsOfValues(
    values.filter((value) => value !== undefined),
    type,
  );
  let next = 0;
  return values.map((value) => (value === undefined ? "" : (texts[next++] as string)));
}

function floatTexts(values: readonly number[]): string[] {
  return textsOrNothing(values, dtypeOf("float64"));
}

/** The number of digits that tells a mean from values a millionth of the deviation away. */
function digitsOf(mean: number, deviation: number): number {
  const size = Math.abs(mean / deviation);
  return size > 1 ? Math.min(17, 6 + Math.ceil(Math.log10(size))) : 6;
}
