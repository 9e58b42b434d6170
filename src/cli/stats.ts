/** `stats`: statistics of the columns of a file. */
import { Command } from "commander";
import { type DType, dtype as dtypeOf, type NpyReader } from "../node.ts";
import { listArgument } from "./arguments.ts";
import { roundedText, textOfValue } from "./cell.ts";
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
import { Moments } from "./moments.ts";
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
    .argument("<file>", "the .npy file")
    .option("--columns <list>", "only these columns", listArgument)
    .action(async (file: string, _options: StatsOptions, command: Command) => {
      const options = command.optsWithGlobals<StatsOptions>();
      await readingRows(file, async (reader) => {
        const columns = chosenColumns(columnsOf(layoutOf(reader)).flatMap(numericColumns), options.columns);
        const progress = await Progress.start(shown(file), sizeOfData(reader), options);
        const moments = await momentsOf(reader, columns, progress);
        const isRight = [false, false, true, true, true, true, true, true, false];
        const table = new Table(["column", "dtype", "rows", "nan", "min", "max", "mean", "std", "histogram"], isRight);
        await print(
          table.lines(
            columns.map((column, i) => lineOf(column, reader.length, moments[i])),
            true,
          ),
        );
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

async function momentsOf(reader: NpyReader, columns: readonly Column[], progress: Progress): Promise<(Moments | undefined)[]> {
  const moments = columns.map((column) => (isNumeric(column) ? new Moments("Mm".includes(column.dtype.kind)) : undefined));
  try {
    for await (const chunk of reader.chunks()) {
      const dataOf = columnData(chunk);
      const count = rowsOf(chunk);
      for (const [i, column] of columns.entries()) {
        if (moments[i] === undefined) continue;
        moments[i].add({ data: dataOf(column), offset: column.offset, step: column.perRow, count });
      }
      progress.advance((count * sizeOfData(reader)) / reader.length);
    }
  } finally {
    progress.stop();
  }
  return moments;
}

function lineOf({ label, dtype }: Column, rows: number, moments: Moments | undefined): string[] {
  const start = [label, dtype.fields === undefined ? dtype.name : dtype.str, String(rows)];
  if (moments === undefined) return start;
  const { missing, min, max } = moments;
  const bars = min === undefined || max === undefined ? "" : moments.histogram.bars(Number(min), Number(max), HISTOGRAM_WIDTH);
  return [
    ...start,
    String(missing),
    valueText(dtype, min),
    valueText(dtype, max),
    meanText(dtype, moments),
    deviationText(dtype, moments),
    bars,
  ];
}

function valueText(dtype: DType, value: number | bigint | undefined): string {
  if (value === undefined) return "";
  if (dtype.kind === "b") return String(value);
  return textOfValue(value, dtype.kind === "c" ? dtypeOf(`f${dtype.itemsize / 2}` as "f8") : dtype);
}

/** The mean of times is a time. */
function meanText(dtype: DType, { mean }: Moments): string {
  if (Number.isNaN(mean)) return "nan";
  return dtype.kind === "M" ? valueText(dtype, BigInt(Math.round(mean))) : roundedText(mean);
}

function deviationText(dtype: DType, { deviation }: Moments): string {
  const { unit } = dtype.datetime ?? {};
  return roundedText(deviation) + (dtype.kind === "M" && !Number.isNaN(deviation) ? ` ${unit}` : "");
}
