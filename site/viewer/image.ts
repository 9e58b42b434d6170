/** A picture of two axes, and of a third one for colours. */
import type { Column } from "../shared/library.ts";
import { type Scanning, valuesOf } from "./scan.ts";
import { countOf, type Readable } from "./sheet.ts";
import type { ImageResult, ImageTask } from "./task-types.ts";

export async function image(
  { sheet, signal }: Scanning,
  { rows, indices, channels }: ImageTask,
  reader: Readable,
): Promise<ImageResult> {
  const { slicing, dtype } = sheet;
  const [height, width] = [countOf(rows), countOf(indices)];
  const depth = channels === undefined ? 1 : (reader.shape[channels] as number);
  const selection = slicing.fixed.map((at, axis) => {
    if (axis === channels) return null;
    return axis === slicing.rows ? rows : axis === slicing.columns ? indices : at;
  });
  const array = await reader.select(selection, { order: "C", signal });
  const all = new Float64Array(height * width * depth);
  const column: Column = { label: "", dtype, path: undefined, offset: 0, perRow: 1 };
  valuesOf({ data: array.data as never, column, rows: all.length }, all);
  // The result has the axes in the order of the file.
  const axes = [slicing.rows, slicing.columns, channels].filter((axis) => axis !== undefined).sort((a, b) => a - b);
  const sizeOf = (axis: number): number => (axis === slicing.rows ? height : axis === slicing.columns ? width : depth);
  const strideOf = (axis: number | undefined): number =>
    axis === undefined ? 0 : axes.filter((other) => other > axis).reduce((product, other) => product * sizeOf(other), 1);
  const [down, across, deep] = [strideOf(slicing.rows), strideOf(slicing.columns), strideOf(channels)];
  const planes = Array.from({ length: depth }, (_, channel) => {
    const plane = new Float64Array(height * width);
    for (let y = 0, to = 0; y < height; y++) {
      for (let x = 0; x < width; x++) plane[to++] = all[y * down + x * across + channel * deep] as number;
    }
    return plane;
  });
  return { width, height, channels: planes, isBytes: dtype.kind === "u" && dtype.itemsize === 1 };
}
