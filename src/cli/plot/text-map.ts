/** Heat maps and pictures in the terminal: two pixels in each character, above each other. */
import { type Cell, type Color, type Depth, styledCells, viridis } from "./colors.ts";
import type { Image, ImagePlot, MapPlot } from "./plot.ts";
import type { Scale } from "./scale.ts";
import { fittingTitle, type Screen, xAxisLines, yLabels } from "./text-axes.ts";

/** From low to high, for terminals without colours. */
const SHADES = "░▒▓█";
const ASCII_SHADES = ".:-=+*#%@";

/** Characters for the names of columns, and for the bar of colours with its labels. */
const LABEL_WIDTH = 10;
const BAR_WIDTH = 14;

/** How many pixels a heat map has room for. */
export function mapSize(
  labels: readonly string[],
  screen: Screen,
  x: Scale,
  notes = 0,
): { readonly width: number; readonly height: number } {
  const left = leftOf(labels);
  const width = Math.max(8, screen.width - left - BAR_WIDTH);
  const rows = Math.max(2, screen.height - 1 - xAxisLines(x, left, width, screen.isAscii).length - notes);
  return { width, height: rows * pixelsPerRow(screen) };
}

/** Colours show two pixels in a character. */
function pixelsPerRow({ depth, isAscii }: Screen): 1 | 2 {
  return hasMapColors(depth) && !isAscii ? 2 : 1;
}

/** 16 colours are too few. */
function hasMapColors(depth: Depth): boolean {
  return depth >= 8;
}

function leftOf(labels: readonly string[]): number {
  return 2 + Math.min(LABEL_WIDTH, Math.max(1, ...labels.map((label) => [...label].length)));
}

export function mapText(plot: MapPlot, screen: Screen): string {
  const { grid, labels, scale } = plot;
  const size = mapSize(labels, screen, plot.x, plot.notes.length);
  const per = pixelsPerRow(screen);
  const rows = size.height / per;
  const left = leftOf(labels);
  const partAt = (x: number, y: number): number => {
    const [column, row] = [Math.floor((x * grid.width) / size.width), Math.floor((y * grid.height) / size.height)];
    return scale.place(grid.values[row * grid.width + column] as number);
  };
  const names = namesOf(labels, rows);
  const bar = yLabels(scale, rows);
  const body = Array.from({ length: rows }, (_, row) => {
    const cells = Array.from({ length: size.width }, (_, x) =>
      cellOf(
        [0, per - 1].map((below) => partAt(x, row * per + below)),
        screen,
      ),
    );
    const barPart = 1 - (row + 0.5) / rows;
    const barCell = cellOf([barPart + 0.25 / rows, barPart - 0.25 / rows], screen);
    const name = names.get(row) ?? "";
    const edge = screen.isAscii ? (name === "" ? "|" : "+") : name === "" ? "│" : "┤";
    const beside = styledCells([...cells, { char: " " }, { char: " " }, barCell, barCell], screen.depth);
    return `${name.padStart(left - 2)} ${edge}${beside} ${bar.get(row) ?? ""}`;
  });
  const lines = [
    fittingTitle(plot.title, screen.width),
    ...body,
    ...xAxisLines(plot.x, left, size.width, screen.isAscii),
    ...plot.notes,
  ];
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}

/** The names that have room beside the rows. */
function namesOf(labels: readonly string[], rows: number): Map<number, string> {
  const names = new Map<number, string>();
  const every = labels.length <= rows ? 1 : roundStep(labels.length / (rows / 2));
  for (let i = 0; i < labels.length; i += every) {
    const row = Math.min(rows - 1, Math.floor(((i + 0.5) * rows) / labels.length));
    names.set(row, [...(labels[i] as string)].slice(0, LABEL_WIDTH).join(""));
  }
  return names;
}

/** The smallest of 1, 2, 5, 10, 20 ... that is not below `value`. */
export function roundStep(value: number): number {
  for (let power = 1; ; power *= 10) {
    for (const digit of [1, 2, 5]) if (digit * power >= value) return digit * power;
  }
}

/** One or two pixels, each 0 to 1, or NaN for none. */
function cellOf(parts: readonly number[], { depth, isAscii }: Screen): Cell {
  const [above = Number.NaN, below = above] = parts;
  if (!hasMapColors(depth)) {
    const shades = isAscii ? ASCII_SHADES : SHADES;
    return { char: Number.isNaN(above) ? " " : shadeOf(shades, (above + below) / 2) };
  }
  return pixels(colorOf(above), colorOf(below), isAscii);
}

function colorOf(part: number): Color | undefined {
  return Number.isNaN(part) ? undefined : viridis(part);
}

function shadeOf(shades: string, part: number): string {
  return shades[Math.min(shades.length - 1, Math.max(0, Math.floor(part * shades.length)))] as string;
}

/** A character of two pixels. Terminals without block characters get spaces on coloured ground. */
function pixels(above: Color | undefined, below: Color | undefined, isAscii: boolean): Cell {
  if (isAscii || above === below) return above === undefined ? { char: " " } : { char: " ", ground: above };
  if (above === undefined) return { char: "▄", color: below };
  return { char: "▀", color: above, ground: below };
}

/** How many pixels a picture has room for. */
export function imageSize(screen: Screen, lines: number): { width: number; height: number } {
  return { width: screen.width, height: Math.max(2, screen.height - lines) * 2 };
}

/** Draws a picture that is no larger than {@link imageSize}. */
export function imageText({ title, image, notes }: ImagePlot, screen: Screen): string {
  const lines = [fittingTitle(title, screen.width)];
  for (let y = 0; y < image.height; y += 2) {
    const cells = Array.from({ length: image.width }, (_, x) => imageCell(image, x, y, screen));
    lines.push(styledCells(cells, screen.depth));
  }
  return [...lines, ...notes].map((line) => `${line}\n`).join("");
}

function imageCell(image: Image, x: number, y: number, { depth, isAscii }: Screen): Cell {
  const [above, below] = [pixelAt(image, x, y), pixelAt(image, x, y + 1)];
  if (hasMapColors(depth)) return pixels(above, isAscii ? above : below, isAscii);
  if (above === undefined && below === undefined) return { char: " " };
  const light = (brightness(above ?? below ?? 0) + brightness(below ?? above ?? 0)) / 2;
  return { char: shadeOf(isAscii ? ` ${ASCII_SHADES}` : ` ${SHADES}`, light) };
}

/** `undefined` for transparent pixels. */
function pixelAt({ pixels, width, height }: Image, x: number, y: number): Color | undefined {
  const at = 4 * (y * width + x);
  if (y >= height || (pixels[at + 3] as number) < 128) return undefined;
  return ((pixels[at] as number) << 16) | ((pixels[at + 1] as number) << 8) | (pixels[at + 2] as number);
}

function brightness(color: Color): number {
  return (0.299 * (color >> 16) + 0.587 * ((color >> 8) & 255) + 0.114 * (color & 255)) / 255;
}
