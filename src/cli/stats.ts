/** `stats`: statistics of the columns of a file. */
import { Command } from "commander";
import type { NpyReader } from "../node.ts";
import { readingRows } from "./files/each-file.ts";
import { listArgument } from "./program/arguments.ts";
import { counted, shown, UsageError } from "./program/failure.ts";
import { Progress, type ProgressOptions } from "./program/progress.ts";
import { print, printData, styled } from "./program/terminal.ts";
import {
  type Column,
  chosenColumns,
  columnData,
  columnsOf,
  isNumeric,
  layoutOf,
  numericColumns,
  rowsOf,
  shapeText,
  sizeOf,
} from "./rows/columns.ts";
import { byLines, GroupedMoments } from "./stats/by.ts";
import { type ColumnGroup, extremeLines, groupLines, groupsOf, jsonOfColumn, MOST_LISTED } from "./stats/many.ts";
import { Moments } from "./stats/moments.ts";
import { dtypeText } from "./stats/texts.ts";
import { jsonText } from "./text/escaping.ts";

interface StatsOptions extends ProgressOptions {
  readonly columns?: readonly string[];
  readonly all?: boolean;
  readonly by?: string;
  readonly json?: boolean;
}

/** Bars of a histogram, one character each. */
const HISTOGRAM = 16;

export function statsCommand(): Command {
  return new Command("stats")
    .summary("min, max, mean, standard deviation, NaNs, zeros and a histogram of each column")
    .description(
      "Shows for each column the number of NaNs (or NaTs), infinities and zeros, of integers that of different values; and of all " +
        "values but NaNs the smallest and largest, the mean, the standard deviation (of the population, like numpy.std) and a " +
        `histogram from the smallest to the largest. Of more than ${MOST_LISTED} columns that are one array or field, it shows the total ` +
        "and the columns with the least and greatest values. Reads the file once.",
    )
    .argument("<file>", "the .npy file, a folder of shards, or FILE.npz:NAME")
    .option("--columns <list>", "only these columns", listArgument)
    .option("--all", "show each column, however many there are")
    .option("--by <column>", "statistics for each value of this column, such as a field of a structure")
    .option("--json", "print one line of JSON, with each column")
    .action(async (file: string, _options: StatsOptions, command: Command) => {
      const options = command.optsWithGlobals<StatsOptions>();
      await readingRows(file, async (reader) => {
        const all = columnsOf(layoutOf(reader));
        const by = options.by === undefined ? undefined : (chosenColumns(all, [options.by])[0] as Column);
        const others = by === undefined ? all : all.filter((column) => column !== by);
        const columns = chosenColumns(others.flatMap(numericColumns), options.columns);
        if (by === undefined) await printStats(file, reader, columns, options);
        else await printBy(file, reader, by, columns, options);
      });
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array stats log.npy
  npy-append-array stats --columns t,level log.npy
  npy-append-array stats --by station log.npy
  npy-append-array stats --json log.npy | jq '.columns[] | select(.nan > 0).column'`,
    );
}

async function printStats(file: string, reader: NpyReader, columns: readonly Column[], options: StatsOptions): Promise<void> {
  const moments = new Moments(columns.length, reader.length);
  const isCounted = columns.map(isNumeric);
  const isTime = columns.map(({ dtype }) => "Mm".includes(dtype.kind));
  if (isCounted.includes(true)) {
    await reading(file, reader, options, (chunk) => {
      const dataOf = columnData(chunk);
      const count = rowsOf(chunk);
      for (let i = 0; i < columns.length; i++) {
        const column = columns[i] as Column;
        if (!isCounted[i]) continue;
        moments.add(i, { data: dataOf(column), offset: column.offset, step: column.perRow, count }, isTime[i] as boolean);
      }
    });
  }
  if (options.json) {
    const all = columns.map((column, i) => jsonOfColumn(column, moments.of(i, HISTOGRAM), reader.length));
    return await printData(`${jsonStart(file, reader)},"columns":[${all.join(",")}]}\n`);
  }
  const groups = groupsOf(columns, options.all === true);
  await printHeading(reader);
  for (const lines of groupLines(groups, moments, HISTOGRAM)) await print(lines);
  const many = groups.filter(({ members }) => members !== undefined);
  for (const group of many) await print(extremesOf(group, moments));
  if (many.length > 0) await print(`\n${styled("dim", "Each column: --all")}\n`);
}

function extremesOf(group: ColumnGroup, moments: Moments): string {
  const lines = extremeLines(group, moments);
  return lines === "" ? "" : `\n${lines}`;
}

async function printBy(
  file: string,
  reader: NpyReader,
  by: Column,
  columns: readonly Column[],
  options: StatsOptions,
): Promise<void> {
  const numeric = columns.filter(isNumeric);
  if (numeric.length === 0) throw new UsageError(`--by ${by.label}: there is no other column of numbers or times`);
  if (numeric.length > MOST_LISTED && options.all !== true && options.json !== true)
    throw new UsageError(
      `--by ${by.label}: there are ${numeric.length} other columns: choose some with --columns, or show --all`,
    );
  const grouped = new GroupedMoments(by, numeric, reader.length);
  await reading(file, reader, options, (chunk) => grouped.add(chunk));
  const groups = grouped.groups();
  if (options.json) {
    const all = groups.map(({ name, moments, rows }) => {
      const found = numeric.map((column, i) => jsonOfColumn(column, moments.of(i, HISTOGRAM), rows));
      return `{"value":${jsonText(name)},"rows":${rows},"columns":[${found.join(",")}]}`;
    });
    return await printData(`${jsonStart(file, reader)},"by":${jsonText(by.label)},"groups":[${all.join(",")}]}\n`);
  }
  await printHeading(reader);
  for (const lines of byLines(by, numeric, groups, HISTOGRAM)) await print(lines);
}

function jsonStart(file: string, { length, shape, dtype }: NpyReader): string {
  return `{"path":${jsonText(file)},"rows":${length},"shape":${jsonText(shape)},"dtype":${jsonText(dtypeText(dtype))}`;
}

async function printHeading({ shape, dtype, length }: NpyReader): Promise<void> {
  const type = dtype.fields === undefined ? `${dtype.name} ${shapeText(shape)}` : counted(dtype.fields.length, "field");
  await print(`${styled("bold", counted(length, "row"))}, ${type}\n`);
}

/** Reads all rows, with a progress bar. */
async function reading(
  file: string,
  reader: NpyReader,
  options: StatsOptions,
  add: (chunk: Parameters<typeof columnData>[0]) => void,
): Promise<void> {
  const bytes = sizeOf(reader.shape) * reader.dtype.itemsize;
  const progress = await Progress.start(shown(file), bytes, options);
  try {
    for await (const chunk of reader.chunks()) {
      add(chunk);
      progress.advance((rowsOf(chunk) * bytes) / reader.length);
    }
  } finally {
    progress.stop();
  }
}
