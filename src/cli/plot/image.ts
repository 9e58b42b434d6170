/** Reads a row or a slice of an array as a picture. */
import type { NpyReader } from "../../node.ts";
import { shapeText, sizeOf } from "../rows/columns.ts";
import { indexedAxes } from "../rows/view.ts";
import { isRaw } from "../text/cell.ts";
import { entryOfSelection, type IndexText, type TakenAxis } from "../text/index-text.ts";
import { drawnColumn, noGaps, readValues } from "./columns.ts";
import { type Range, rangeOf } from "./envelope.ts";
import type { Image } from "./plot.ts";

/** Of longer sides, every second, third ... pixel is read. */
const LONGEST = 4096;

/** The most pictures that are shown beside each other. */
const MOST_PICTURES = 400;

export interface ArrayImage {
  readonly image: Image;
  /** Whether it is the first row of an array that holds several pictures. */
  readonly isFirst: boolean;
  /** The size in the file. */
  readonly width: number;
  readonly height: number;
  readonly pictures: number;
  /** What is black and what is white; `undefined` for colours. */
  readonly range: Range | undefined;
}

/** One axis of a picture, and where its elements lie. */
interface Side {
  readonly count: number;
  readonly stride: number;
}

interface Layout {
  readonly pictures: Side;
  readonly rows: Side;
  readonly columns: Side;
  readonly channels: Side;
}

const NONE: Side = { count: 1, stride: 0 };

/** @throws Error if it is no picture. */
export async function readImage(reader: NpyReader, index: IndexText | undefined): Promise<ArrayImage> {
  const { dtype, shape, fortranOrder } = reader;
  if (dtype.fields !== undefined || isRaw(dtype) || !"biufc".includes(dtype.kind)) {
    throw new Error(`elements of dtype ${dtype.name} are no pixels: expected numbers`);
  }
  const growth = fortranOrder ? shape.length - 1 : 0;
  const whole = layoutOf(shape, shape, false);
  const isFirst = index === undefined && (whole === undefined || whole.pictures !== NONE) && shape.length > 2;
  const taken = indexedAxes(shape, growth, isFirst ? FIRST : index);
  const kept = shapeOf(taken);
  const isRow = taken[growth]?.isDropped === true;
  const found = layoutOf(kept, kept, isRow);
  if (found === undefined || sizeOf(kept) === 0) {
    throw new Error(
      `an array of shape ${shapeText(kept)} is no picture: expected (height, width), or (height, width, 3) for colours. An index chooses ` +
        `a part of ${shapeText(shape)}, such as '0, ...'`,
    );
  }
  const thin = taken.map((axis) => (axis.isDropped || kept.length === 1 ? axis : thinned(axis)));
  const counts = shapeOf(thin);
  const chunk = await reader.select(thin.map((axis) => entryOfSelection(axis)));
  const values = new Float64Array(sizeOf(counts));
  readValues(
    drawnColumn({ label: "", dtype, path: undefined, offset: 0, perRow: 1 }),
    chunk.data,
    values.length,
    values,
    noGaps(),
    false,
  );
  const all = layoutOf(counts, stridesOf(counts, chunk.fortranOrder), isRow) as Layout;
  const layout = { ...all, pictures: { ...all.pictures, count: Math.min(MOST_PICTURES, all.pictures.count) } };
  const isColor = layout.channels.count > 1;
  const range = rangeOf([values]);
  if (range === undefined) throw new Error("there is nothing to draw: all values are NaN or infinite");
  return {
    image: arranged(values, layout, isColor ? colorRange(range, dtype.kind) : range),
    isFirst,
    width: found.columns.count,
    height: found.rows.count,
    pictures: found.pictures.count,
    range: isColor ? undefined : range,
  };
}

const FIRST: IndexText = { entries: [0], isTuple: false };

function shapeOf(axes: readonly TakenAxis[]): number[] {
  return axes.filter((axis) => !axis.isDropped).map(({ count }) => count);
}

function thinned(axis: TakenAxis): TakenAxis {
  const every = Math.ceil(axis.count / LONGEST);
  return { ...axis, step: axis.step * every, count: Math.ceil(axis.count / every) };
}

function stridesOf(shape: readonly number[], fortranOrder: boolean): number[] {
  return shape.map((_, axis) => sizeOf(fortranOrder ? shape.slice(0, axis) : shape.slice(axis + 1)));
}

/** What the axes of a picture are. Colours come last, or first in a single row. One axis is a square, if its size is. */
function layoutOf(shape: readonly number[], strides: readonly number[], isRow: boolean): Layout | undefined {
  const side = (axis: number): Side => ({ count: shape[axis] as number, stride: strides[axis] as number });
  const areColors = (axis: number): boolean => [1, 3, 4].includes(shape[axis] as number);
  const layout = (picture: number | undefined, row: number, column: number, channel: number | undefined): Layout => ({
    pictures: picture === undefined ? NONE : side(picture),
    rows: side(row),
    columns: side(column),
    channels: channel === undefined ? NONE : side(channel),
  });
  switch (shape.length) {
    case 1: {
      const { count, stride } = side(0);
      const length = Math.sqrt(count);
      if (!Number.isInteger(length)) return { pictures: NONE, rows: NONE, columns: side(0), channels: NONE };
      return {
        pictures: NONE,
        rows: { count: length, stride: stride * length },
        columns: { count: length, stride },
        channels: NONE,
      };
    }
    case 2:
      return layout(undefined, 0, 1, undefined);
    case 3:
      if (areColors(2)) return layout(undefined, 0, 1, 2);
      return isRow && areColors(0) ? layout(undefined, 1, 2, 0) : layout(0, 1, 2, undefined);
    case 4:
      if (areColors(3)) return layout(0, 1, 2, 3);
      return areColors(1) ? layout(0, 2, 3, 1) : undefined;
    default:
      return undefined;
  }
}

/** Floats up to 1 and bytes are colours as they are. */
function colorRange({ min, max }: Range, kind: string): Range {
  if (kind === "f" && min >= 0 && max <= 1) return { min: 0, max: 1 };
  return min >= 0 && max <= 255 ? { min: 0, max: 255 } : { min, max };
}

/** Pictures beside and below each other, with a gap of one pixel. NaN is transparent. */
function arranged(values: Float64Array, { pictures, rows, columns, channels }: Layout, { min, max }: Range): Image {
  const across = Math.min(
    pictures.count,
    Math.max(1, Math.round(Math.sqrt((pictures.count * rows.count * 1.75) / columns.count))),
  );
  const down = Math.ceil(pictures.count / across);
  const gap = pictures.count > 1 ? 1 : 0;
  const [width, height] = [across * (columns.count + gap) - gap, down * (rows.count + gap) - gap];
  const pixels = new Uint8ClampedArray(4 * width * height);
  const factor = Number.isFinite(max - min) ? 1 : 0.25;
  const length = max * factor - min * factor;
  const channel = (value: number): number => (length === 0 ? 128 : ((value * factor - min * factor) / length) * 255);
  const isGray = channels.count === 1;
  for (let picture = 0; picture < pictures.count; picture++) {
    const [left, top] = [(picture % across) * (columns.count + gap), Math.floor(picture / across) * (rows.count + gap)];
    for (let y = 0; y < rows.count; y++) {
      for (let x = 0; x < columns.count; x++) {
        const from = picture * pictures.stride + y * rows.stride + x * columns.stride;
        const to = 4 * ((top + y) * width + left + x);
        let isSeen = true;
        for (let c = 0; c < 3; c++) {
          const value = values[from + (isGray ? 0 : c * channels.stride)] as number;
          if (Number.isNaN(value)) isSeen = false;
          pixels[to + c] = channel(value);
        }
        pixels[to + 3] = !isSeen ? 0 : channels.count === 4 ? channel(values[from + 3 * channels.stride] as number) : 255;
      }
    }
  }
  return { width, height, pixels, isGray };
}

/** Enlarged less than this, pixels of equal size would leave much room unused. */
const SMOOTH_BELOW = 3;

/** The picture as large as it fits: smoothly enlarged a little, by whole numbers if more, or reduced to the means of its pixels. */
export function fitted(image: Image, room: { readonly width: number; readonly height: number }, enlarges: boolean): Image {
  const factor = Math.min(room.width / image.width, room.height / image.height);
  const size = (length: number): number => Math.max(1, Math.round(length * factor));
  if (factor < 1) return reduced(image, size(image.width), size(image.height));
  if (!enlarges) return image;
  if (factor < SMOOTH_BELOW) return smoothed(image, size(image.width), size(image.height));
  return enlarged(image, Math.floor(factor));
}

function enlarged(image: Image, factor: number): Image {
  return sampled(image, image.width * factor, image.height * factor, (x, y) => {
    const from = 4 * (Math.floor(y / factor) * image.width + Math.floor(x / factor));
    return image.pixels.subarray(from, from + 4);
  });
}

/** Each pixel is the mean of the four around its place, by their distances. */
function smoothed(image: Image, width: number, height: number): Image {
  const place = (at: number, length: number, of: number): [number, number, number] => {
    const exact = Math.min(of - 1, Math.max(0, ((at + 0.5) * of) / length - 0.5));
    const before = Math.floor(exact);
    return [before, Math.min(of - 1, before + 1), exact - before];
  };
  return sampled(image, width, height, (x, y) => {
    const [left, right, across] = place(x, width, image.width);
    const [top, bottom, down] = place(y, height, image.height);
    const at = (column: number, row: number, channel: number): number =>
      image.pixels[4 * (row * image.width + column) + channel] as number;
    return [0, 1, 2, 3].map((channel) => {
      const above = at(left, top, channel) * (1 - across) + at(right, top, channel) * across;
      const below = at(left, bottom, channel) * (1 - across) + at(right, bottom, channel) * across;
      return above * (1 - down) + below * down;
    });
  });
}

function sampled(image: Image, width: number, height: number, colorAt: (x: number, y: number) => ArrayLike<number>): Image {
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) pixels.set(colorAt(x, y), 4 * (y * width + x));
  }
  return { ...image, width, height, pixels };
}

function reduced(image: Image, width: number, height: number): Image {
  const bounds = (at: number, length: number, of: number): [number, number] => {
    const start = Math.floor((at * of) / length);
    return [start, Math.max(start + 1, Math.floor(((at + 1) * of) / length))];
  };
  return sampled(image, width, height, (x, y) => {
    const [left, right] = bounds(x, width, image.width);
    const [top, bottom] = bounds(y, height, image.height);
    return meanColor(image, left, top, right, bottom);
  });
}

/** The mean of pixels, each by its opacity. */
function meanColor(
  { pixels, width }: Image,
  left: number,
  top: number,
  right: number,
  bottom: number,
): [number, number, number, number] {
  let [red, green, blue, opacity] = [0, 0, 0, 0];
  for (let y = top; y < bottom; y++) {
    for (let at = 4 * (y * width + left); at < 4 * (y * width + right); at += 4) {
      const weight = pixels[at + 3] as number;
      red += weight * (pixels[at] as number);
      green += weight * (pixels[at + 1] as number);
      blue += weight * (pixels[at + 2] as number);
      opacity += weight;
    }
  }
  const count = (right - left) * (bottom - top);
  return opacity === 0 ? [0, 0, 0, 0] : [red / opacity, green / opacity, blue / opacity, opacity / count];
}
