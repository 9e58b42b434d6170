/** Prints rows of an array as NumPy prints the array: in brackets, aligned, with `...` where a line would be too long. */
import type { NpyArray, NpyData } from "../../node.ts";
import { type Column, columnData, rowsOf, sizeOf } from "../rows/columns.ts";
import type { View } from "../rows/view.ts";
import { isRaw } from "./cell.ts";
import { alignedTexts, PRECISION } from "./numpy-text.ts";

export interface ArrayOptions {
  readonly table?: boolean;
  readonly precision?: number;
}

/** More elements are printed as a table, which needs no memory for them. */
const MOST_ELEMENTS = 2 ** 18;

/** NumPy's `threshold` and `edgeitems`: beyond so many elements, all axes but the rows and the last show so many at each end. */
const THRESHOLD = 1000;
const EDGE = 3;

/** NumPy's `linewidth`, where an array of one axis breaks its lines. */
const LINE_WIDTH = 75;

/** Bytes of rows read at a time. */
const BYTES = 2 ** 26;

/** Whether rows can be printed so: structures are tables, and some dtypes NumPy alone can print. */
export function isPrintable({ layout, columns, rows }: View, { table = false }: ArrayOptions): boolean {
  const { dtype, rowShape } = layout;
  if (table || dtype.fields !== undefined || isRaw(dtype)) return false;
  return rows.count * Math.min(columns.length, sizeOf(rowShape), THRESHOLD) <= MOST_ELEMENTS;
}

/** What is shown of an axis: `undefined` stands for what is left out. */
type Shown = readonly (number | undefined)[];

/** The text of the rows of a view. `width` is that of a line, `isScalar` says that the array has no axes. */
export async function arrayText(
  view: View,
  isScalar: boolean,
  width: number,
  { precision = PRECISION }: ArrayOptions,
): Promise<string> {
  const { layout, columns, rows, isList } = view;
  const shape = isList ? [columns.length] : layout.rowShape;
  const last = shape.at(-1) ?? 1;
  const isLong = rows.count * columns.length > THRESHOLD;
  const middle = shape.slice(0, -1).map((size) => (isLong ? edges(size, EDGE) : edges(size, size)));
  if (rows.count * columns.length === 0) return "[]\n";
  if (shape.length === 0) {
    const texts = alignedTexts(await gathered(view, [0]), layout.dtype, precision, isScalar);
    if (isScalar) return `${texts[0]}\n`;
    return `${brokenLines(texts, Number.isFinite(width) ? width : LINE_WIDTH)}\n`;
  }
  const textWith = async (edge: number): Promise<string> => {
    const shown = [...middle, edges(last, edge)];
    const texts = alignedTexts(await gathered(view, placesOf(shown, shape)), layout.dtype, precision);
    return bracketed(texts, [edges(rows.count, rows.count), ...shown]);
  };
  let edge = Math.min(last, Number.isFinite(width) ? Math.ceil(width / 4) + 1 : last);
  let text = await textWith(edge);
  while (edge > 1 && widthOf(text) > width) {
    const perElement = widthOf(text) / Math.min(last, 2 * edge);
    edge = Math.max(1, Math.min(edge - 1, (last - 1) >> 1, Math.floor(width / perElement / 2)));
    text = await textWith(edge);
  }
  // Fewer elements may need fewer digits, and leave room for others.
  while (2 * edge < last) {
    const more = await textWith(edge + 1);
    if (widthOf(more) > width) break;
    edge++;
    text = more;
  }
  return `${text}\n`;
}

function widthOf(text: string): number {
  return text.split("\n").reduce((longest, { length }) => Math.max(longest, length), 0);
}

/** All indices of an axis, or `count` from each end. */
function edges(size: number, count: number): Shown {
  if (size <= 2 * count) return Array.from({ length: size }, (_, i) => i);
  const first = Array.from({ length: count }, (_, i) => i);
  return [...first, undefined, ...first.map((i) => size - count + i)];
}

/** The flat indices, within a row, of all elements that are shown. */
function placesOf(shown: readonly Shown[], shape: readonly number[]): number[] {
  return shown.reduce<number[]>(
    (places, axis, i) =>
      places.flatMap((place) => axis.flatMap((at) => (at === undefined ? [] : [place * (shape[i] as number) + at]))),
    [0],
  );
}

/** The elements of all rows at some places, row by row. */
async function gathered(view: View, places: readonly number[]): Promise<NpyData> {
  const { columns, rows, bytesPerRow } = view;
  const chosen = places.map((place) => columns[place] as Column);
  const atOnce = Math.max(1, Math.floor(BYTES / Math.max(1, bytesPerRow)));
  let all: unknown[] | undefined;
  let made: NpyData | undefined;
  for (let first = 0; first === 0 || first < rows.count; first += atOnce) {
    const part = await view.read(first, Math.min(rows.count, first + atOnce));
    const { data } = part;
    if (made === undefined) {
      const length = rows.count * chosen.length * (view.layout.dtype.kind === "c" ? 2 : 1);
      made = (Array.isArray(data) ? new Array(length) : new (data.constructor as Float64ArrayConstructor)(length)) as NpyData;
      all = made as unknown as unknown[];
    }
    copyElements(part, chosen, all as unknown[], first, view.layout.dtype.kind === "c" ? 2 : 1);
  }
  return made as NpyData;
}

function copyElements(part: NpyArray, columns: readonly Column[], to: unknown[], first: number, items: number): void {
  const dataOf = columnData(part);
  const count = rowsOf(part);
  for (const [i, column] of columns.entries()) {
    const from = dataOf(column) as unknown as unknown[];
    for (let row = 0; row < count; row++) {
      const source = (row * column.perRow + column.offset) * items;
      const target = ((first + row) * columns.length + i) * items;
      for (let item = 0; item < items; item++) to[target + item] = from[source + item];
    }
  }
}

/** Texts in brackets, an axis of which may be shown in part. */
function bracketed(texts: readonly string[], shown: readonly Shown[]): string {
  let next = 0;
  const nested = (axis: number): string => {
    const indices = shown[axis] as Shown;
    const isLast = axis === shown.length - 1;
    const parts = indices.map((index) => {
      if (index === undefined) return "...";
      return isLast ? (texts[next++] as string) : nested(axis + 1);
    });
    const separator = isLast ? " " : "\n".repeat(shown.length - 1 - axis) + " ".repeat(axis + 1);
    return `[${parts.join(separator)}]`;
  };
  return nested(0);
}

/** An array of one axis, on lines of at most `width` characters. */
function brokenLines(texts: readonly string[], width: number): string {
  const lines: string[] = [];
  let line = " ";
  for (const [i, text] of texts.entries()) {
    // A line leaves room for the bracket at the end.
    if (line.length + text.length > width - 1 && line.length > 1) {
      lines.push(line.trimEnd());
      line = " ";
    }
    line += text + (i === texts.length - 1 ? "" : " ");
  }
  lines.push(line);
  return `[${lines.join("\n").slice(1)}]`;
}
