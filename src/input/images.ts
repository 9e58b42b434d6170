/** Images: pixels in rows, as `(height, width, channels)`. */

import { NpyError, quoted } from "../errors.ts";
import { counted } from "../format/counted.ts";
import type { DTypeLike } from "../format/dtype.ts";
import type { ArrayView, ImageLike, SharpOutput } from "./array-input.ts";
import { peek } from "./properties.ts";

/** An object of columns has arrays where an image has its sizes. */
export function isImage(input: object): input is ImageLike {
  return "data" in input && "width" in input && "height" in input && hasSizes(input) && ArrayBuffer.isView(peek(input, "data"));
}

export function isSharpOutput(input: object): input is SharpOutput {
  if (!("info" in input && "data" in input)) return false;
  const info = peek(input, "info");
  return typeof info === "object" && info !== null && hasSizes(info) && typeof peek(info, "channels") === "number";
}

function hasSizes(image: object): boolean {
  return typeof peek(image, "width") === "number" && typeof peek(image, "height") === "number";
}

/**
 * Without `channels`, the data tell how many there are. One element for each pixel is then a matrix.
 *
 * @throws NpyError `ERR_NPY_SHAPE` if they are not whole pixels.
 */
export function readImage({ data, width, height, channels }: ImageLike): ArrayView {
  const { length } = data as Uint8Array;
  const perPixel = channels ?? length / (width * height);
  if (!(Number.isInteger(perPixel) && perPixel > 0)) {
    throw new NpyError(
      "ERR_NPY_SHAPE",
      `An image has the same number of elements for each pixel: found ${length} for ${counted(height, "row")} of ${width} pixels.`,
    );
  }
  const shape = channels === undefined && perPixel === 1 ? [height, width] : [height, width, perPixel];
  return { data, dtype: dtypeOf(data), shape };
}

/** The types of elements of libvips. */
const DEPTHS: ReadonlyMap<string | undefined, DTypeLike> = new Map([
  ["uchar", "uint8"],
  ["char", "int8"],
  ["ushort", "uint16"],
  ["short", "int16"],
  ["uint", "uint32"],
  ["int", "int32"],
  ["float", "float32"],
  ["double", "float64"],
  ["complex", "complex64"],
  ["dpcomplex", "complex128"],
]);

/** @throws NpyError `ERR_NPY_VALUE` if the data are those of an image file, `ERR_NPY_DTYPE` for a type of elements that is not known. */
export function readSharpOutput({ data, info }: SharpOutput): ArrayView {
  const { format, width, height, channels, depth = "uchar" } = info;
  if (format !== "raw") {
    throw new NpyError(
      "ERR_NPY_VALUE",
      `The data are a file of format ${quoted(format)}, not pixels: call raw() before toBuffer().`,
    );
  }
  const dtype = DEPTHS.get(depth);
  if (dtype === undefined) throw new NpyError("ERR_NPY_DTYPE", `NumPy has no dtype for elements of depth ${quoted(depth)}.`);
  return { data, dtype, shape: [height, width, channels] };
}

/** The bytes of an image are numbers, even in a `Buffer`. */
function dtypeOf(data: ArrayBufferView): DTypeLike | undefined {
  return (data as Uint8Array)[Symbol.toStringTag] === "Uint8Array" ? "uint8" : undefined;
}
