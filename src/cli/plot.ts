/** `plot`: draws columns, heat maps, histograms and pictures. */
import { Command, InvalidArgumentError } from "commander";
import { readingRows } from "./files/each-file.ts";
import type { PlotOptions } from "./plot/options.ts";
import { rangeArgument } from "./program/arguments.ts";
import { type IndexText, indexArgument } from "./text/index-text.ts";

export function plotCommand(): Command {
  return new Command("plot")
    .summary("draw columns as lines, a heat map, a histogram or a picture")
    .description(
      "Draws columns over rows: one line per column, or a heat map if there are more than 6 columns. Of many rows, lines show " +
        "the smallest and largest value in each place, so no spike is lost; heat maps show means. A structure with dates is drawn over the first " +
        "of them. Columns whose ranges differ more than tenfold get panels with scales of their own. NaN and NaT are gaps, and of complex " +
        "numbers the magnitude is drawn. The picture fills the terminal.",
    )
    .argument("<file>", "the .npy file, or FILE.npz:NAME")
    .argument(
      "[index]",
      "which part: NumPy's index, as for slice, such as 100:200, -1 or '0, ..., ::2'; of a single row, its elements are drawn",
      indexArgument,
    )
    .option("--columns <list>", "which columns, such as 0:3, t,level or z.real (default: all)")
    .option("--rows <range>", "which rows: START:STOP", rangeArgument)
    .option("--x <column>", "the column along the x axis; rows in no order are drawn as points")
    .option("--no-x", "draw over the numbers of the rows, even if there are dates")
    .option("--panels", "draw each column in a panel with its own scale")
    .option("--no-panels", "draw all columns on one scale")
    .option("--normalize", "draw each column from its smallest to its largest value (default for heat maps of structures)")
    .option("--log", "use a logarithmic scale; numbers that are not above 0 are gaps")
    .option(
      "--bins <n>",
      "draw a histogram of at most n bins for each column, or of all elements of more than 6 columns",
      countArgument(1),
    )
    .option("--heatmap", "draw a heat map even of few columns")
    .option("--image", "show a row or another part of the array as a picture, such as (height, width) or (height, width, 3)")
    .option("--width <n>", "characters of a line (default: the terminal, or 80)", countArgument(20))
    .option("--height <n>", "lines (default: the terminal without its last line, or 23)", countArgument(6))
    .option("--ascii", "draw with ASCII characters (default if the locale is not UTF-8)")
    .option("--svg <out>", "write an SVG file instead of drawing in the terminal")
    .option("--overwrite", "replace OUT if it is an existing SVG")
    .action(async (file: string, index: IndexText | undefined, _options: PlotOptions, command: Command) => {
      // Only this command loads the drawing code.
      const { draw } = await import("./plot/draw.ts");
      await readingRows(file, (reader) => draw(file, reader, index, command.optsWithGlobals<PlotOptions>()));
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array plot log.npy --columns level,speed
  npy-append-array plot log.npy --rows -1000: --svg level.svg
  npy-append-array plot log.npy --columns level --bins 40
  npy-append-array plot digits.npy 7 --image`,
    );
}

function countArgument(least: number): (text: string) => number {
  return (text) => {
    if (/^\d+$/.test(text) && Number(text) >= least && Number(text) <= 10_000) return Number(text);
    throw new InvalidArgumentError(`It must be a whole number from ${least} to 10000.`);
  };
}
