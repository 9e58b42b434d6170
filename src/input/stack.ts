/** Lists of arrays of one shape and dtype -> one array with more axes: `numpy.stack`. */
import { NpyError, quoted } from "../errors.ts";
import { passCodePoints } from "../format/code-points.ts";
import { sameDType, showDType } from "../format/dtype.ts";
import { stridedIndex, unravelIndex } from "../format/flat-index.ts";
import { contiguousStrides, sizeOf } from "../format/layout.ts";
import { copyElements, laneOf, laneView } from "../memory/lanes.ts";
import {
  checkPlainCount,
  contiguous,
  type ParsedInput,
  type PlainInput,
  type StridedBytes,
  type TypedInput,
} from "./parsed-input.ts";

/** Understands an array in a list; `undefined` if it is none. */
export type ParseItem = (item: object) => ParsedInput | undefined;

/**
 * Copies the arrays of a list into one. `first` is the first of them, as it was understood.
 *
 * @throws NpyError `ERR_NPY_SHAPE` for other shapes or dtypes than those of the first, or items that are no arrays.
 */
export function stack(
  first: ParsedInput,
  items: readonly unknown[],
  outer: readonly number[],
  parseItem: ParseItem,
): ParsedInput {
  const parts = items.map((item, i) => {
    const part = i === 0 ? first : typeof item === "object" && item !== null ? parseItem(item) : undefined;
    if (part !== undefined && isLike(part, first)) return part;
    const found = part === undefined ? quoted(item) : described(part);
    throw new NpyError(
      "ERR_NPY_SHAPE",
      `A list of arrays needs arrays of one shape and dtype: found ${found}, and ${described(first)} first.`,
      {
        index: unravelIndex(i, outer),
      },
    );
  });
  return first.kind === "typed" ? stackTyped(parts as TypedInput[], outer) : stackPlain(parts as PlainInput[], outer);
}

function isLike(part: ParsedInput, first: ParsedInput): boolean {
  if (part.kind === "typed" && first.kind === "typed") {
    return (
      isSameShape(part.array, first.array) && sameDType(part.dtype, first.dtype) && sameDType(part.array.dtype, first.array.dtype)
    );
  }
  return part.kind === "plain" && first.kind === "plain" && isSameShape(part, first) && part.dtype?.str === first.dtype?.str;
}

function isSameShape(a: { readonly shape: readonly number[] }, b: { readonly shape: readonly number[] }): boolean {
  return a.shape.join() === b.shape.join();
}

function described(part: ParsedInput): string {
  if (part.kind === "columns") return "a table (appendFrom appends each of a list)";
  if (part.kind === "plain") return `values of shape (${part.shape.join(", ")})`;
  return `${showDType(part.array.dtype)} of shape (${part.array.shape.join(", ")})`;
}

function stackTyped(parts: readonly TypedInput[], outer: readonly number[]): TypedInput {
  const [{ dtype, array }] = parts as readonly [TypedInput];
  const count = sizeOf(array.shape);
  const size = count * array.dtype.itemsize;
  const bytes = new Uint8Array(parts.length * size);
  parts.forEach((part, i) => {
    copyInto(bytes.subarray(i * size, (i + 1) * size), part.array);
  });
  const ofBuffer = parts.some((part) => part.ofBuffer);
  return { kind: "typed", dtype, array: contiguous(bytes, array.dtype, [...outer, ...array.shape], false), ofBuffer };
}

/** Copies the elements of an array in C order. */
function copyInto(out: Uint8Array, { bytes, dtype: { itemsize }, shape, strides, offset }: StridedBytes): void {
  if (out.length === 0) return;
  const run = shape.at(-1) ?? 1;
  const stride = strides.at(-1) ?? 1;
  const lane = laneOf(bytes.byteOffset, out.byteOffset, itemsize);
  const [source, target] = [laneView(bytes, lane), laneView(out, lane)];
  const width = itemsize / lane;
  const packed = contiguousStrides(shape, false);
  const count = sizeOf(shape);
  const length = strides.every((stride, axis) => stride === packed[axis]) ? count : run;
  for (let at = 0; at < count; at += length) {
    const start = (offset + stridedIndex(at, shape, strides)) * width;
    copyElements(
      { lanes: source, start, stride: stride * width },
      { lanes: target, start: at * width, stride: width },
      width,
      length,
    );
  }
}

/** The array with its first axis as the last one: `numpy.moveaxis(array, 0, -1)`. */
export function alongLastAxis(parsed: ParsedInput): ParsedInput {
  if (parsed.kind === "columns") return parsed;
  if (parsed.kind === "typed") {
    const { array } = parsed;
    return {
      ...parsed,
      array: { ...array, shape: turned(array.shape), strides: turned(array.strides) },
      fortranOrder: undefined,
    };
  }
  const shape = turned(parsed.shape);
  const rows = shape.at(-1) ?? 0;
  const perRow = parsed.values.length / rows;
  checkPlainCount(parsed.values.length);
  const values: unknown[] = [];
  for (let at = 0; at < parsed.values.length; at++) {
    const from = (at % rows) * perRow + Math.floor(at / rows);
    passCodePoints(parsed.values, from, values, at);
    values.push(parsed.values[from]);
  }
  return { kind: "plain", values, shape, dtype: parsed.dtype };
}

function turned([first, ...rest]: readonly number[]): number[] {
  return first === undefined ? [] : [...rest, first];
}

function stackPlain(parts: readonly PlainInput[], outer: readonly number[]): PlainInput {
  const [{ dtype, shape }] = parts as readonly [PlainInput];
  checkPlainCount(parts.reduce((sum, { values }) => sum + values.length, 0));
  const values = parts.flatMap((part) => {
    if (!part.fortranOrder) return part.values;
    const strides = contiguousStrides(shape, true);
    return part.values.map((_, at) => part.values[stridedIndex(at, shape, strides)]);
  });
  return { kind: "plain", values, shape: [...outer, ...shape], dtype };
}
