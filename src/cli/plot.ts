/** `plot`: draws columns. */
import { Command } from "commander";
import type { NpyReader } from "../node.ts";
import { listArgument, type RowRange, rangeArgument } from "./arguments.ts";
import { type Column, chosenColumns, columnData, columnsOf, isNumeric, layoutOf, numericColumns, rowsOf } from "./columns.ts";
import { printable } from "./escaping.ts";
import { counted, FileProblem, shown, UsageError } from "./failure.ts";
import { readingRows } from "./files.ts";
import { checkPictureFile, writePicture } from "./picture.ts";
import { Progress, type ProgressOptions } from "./progress.ts";
import { rowsIn } from "./slice.ts";
import { print, terminalWidth } from "./terminal.ts";

interface PlotOptions extends ProgressOptions {
  readonly columns?: readonly string[];
  readonly rows?: RowRange;
  readonly heatmap?: boolean;
  readonly svg?: string;
  readonly overwrite?: boolean;
}

/** More lines than this are hard to tell apart. */
const MOST_LINES = 6;

/** The most groups of rows in an SVG. */
const SVG_POINTS = 1000;

export function plotCommand(): Command {
  return new Command("plot")
    .summary("draw columns as lines or as a heat map")
    .description(
      "Draws columns over rows: one line per column, or a heat map if there are more than 6 columns. " +
        "If not all rows fit, it draws means of neighbouring rows.",
    )
    .argument("<file>", "the .npy file")
    .option("--columns <list>", "which columns, such as 0 or t,level (default: all)", listArgument)
    .option("--rows <range>", "which rows: START:STOP, as for slice", rangeArgument)
    .option("--heatmap", "draw a heat map even of few columns")
    .option("--svg <out>", "write an SVG file instead of drawing in the terminal")
    .option("--overwrite", "replace OUT if it is an existing SVG")
    .action(async (file: string, _options: PlotOptions, command: Command) => {
      await readingRows(file, (reader) => plot(file, reader, command.optsWithGlobals<PlotOptions>()));
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array plot --columns level log.npy
  npy-append-array plot --rows -1000: --svg level.svg log.npy`,
    );
}

async function plot(file: string, reader: NpyReader, options: PlotOptions): Promise<void> {
  const { svg, overwrite = false } = options;
  if (svg !== undefined) await checkPictureFile(svg, file, overwrite);
  const all = columnsOf(layoutOf(reader)).flatMap(numericColumns);
  const columns = chosenColumns(all, options.columns);
  const drawn = columns.filter(isNumeric);
  const [text] = columns.filter((column) => !isNumeric(column));
  if (options.columns !== undefined && text !== undefined)
    throw new UsageError(`column ${JSON.stringify(text.label)} holds no numbers`);
  const [start, stop] = rowsIn(options.rows, reader.length, file);
  if (drawn.length === 0 || start === stop) throw new FileProblem(file, "there is nothing to draw: these rows hold no numbers");
  const isMap = options.heatmap ?? drawn.length > MOST_LINES;
  const width = svg === undefined ? Math.max(20, (terminalWidth() ?? 80) - 14) : SVG_POINTS;
  const progress = await Progress.start(shown(file), (stop - start) * reader.dtype.itemsize, options);
  const series = await meansOf(reader, drawn, start, stop, Math.min(width, stop - start), progress).finally(() =>
    progress.stop(),
  );
  const [min, max] = rangeOf(series);
  const picture = { title: shown(file), labels: drawn.map(({ label }) => printable(label)), series, min, max, start, stop };
  // Only this command loads the drawing libraries.
  if (svg === undefined) {
    const { drawHeatMap, drawLines } = await import("./plot-terminal.ts");
    return await print(isMap ? drawHeatMap(picture, width) : drawLines(picture, width));
  }
  const { heatMapSvg, linesSvg } = await import("./plot-svg.ts");
  await writePicture(svg, isMap ? heatMapSvg(picture) : linesSvg(picture), file, overwrite);
  if (!options.quiet)
    await print(
      `${shown(svg)}: ${isMap ? "a heat map" : "lines"} of ${counted(drawn.length, "column")}, ${counted(stop - start, "row")}\n`,
    );
}

/** The smallest and largest number; 0 and 0 if all are NaN. */
function rangeOf(series: readonly Float64Array[]): [min: number, max: number] {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const values of series) {
    for (const value of values) {
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  return min <= max ? [min, max] : [0, 0];
}

/** The means of `groups` groups of rows, all of nearly equal size, in one pass. */
async function meansOf(
  reader: NpyReader,
  columns: readonly Column[],
  start: number,
  stop: number,
  groups: number,
  progress: Progress,
): Promise<Float64Array[]> {
  const sums = columns.map(() => new Float64Array(groups));
  const counts = columns.map(() => new Float64Array(groups));
  const step = Math.max(1, Math.floor(2 ** 22 / Math.max(1, reader.dtype.itemsize * columns.length)));
  for (let first = start; first < stop; first += step) {
    const chunk = await reader.read(first, Math.min(stop, first + step));
    const dataOf = columnData(chunk);
    for (const [c, column] of columns.entries()) {
      const data = dataOf(column) as ArrayLike<number | bigint>;
      for (let i = 0; i < rowsOf(chunk); i++) {
        const value = Number(data[i * column.perRow + column.offset]);
        if (!Number.isFinite(value)) continue;
        const group = Math.floor(((first - start + i) * groups) / (stop - start));
        (sums[c] as Float64Array)[group] = ((sums[c] as Float64Array)[group] as number) + value;
        (counts[c] as Float64Array)[group] = ((counts[c] as Float64Array)[group] as number) + 1;
      }
    }
    progress.advance(rowsOf(chunk) * reader.dtype.itemsize);
  }
  return sums.map((sum, c) => sum.map((total, group) => total / ((counts[c] as Float64Array)[group] as number)));
}
