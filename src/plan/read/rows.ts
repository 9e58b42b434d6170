/** Reads rows of an array, into new memory or as mapped memory. */

import { decodesInPlace } from "../../decode/decode.ts";
import type { DataOf, NpyArray } from "../../decode/npy-array.ts";
import { decodeElements } from "../../decode/record-array.ts";
import { NpyError } from "../../errors.ts";
import { counted } from "../../format/counted.ts";
import type { DType } from "../../format/dtype.ts";
import type { NpyHeader } from "../../format/header.ts";
import { bytesPerRow, dataLength, rowShape, shapeOf, sizeOf } from "../../format/layout.ts";
import type { StorageFile } from "../../storage/storage.ts";
import { type Plan, read, size } from "../step.ts";
import { dataMissing } from "./header.ts";
import type { MappedWindows } from "./mapped-windows.ts";

/** The rows `start` to `stop` (exclusive) in the file's order; mapped, if `windows` is given. */
export function* readRows<D>(
  file: StorageFile,
  header: NpyHeader,
  start: number,
  stop: number,
  windows: MappedWindows | undefined,
): Plan<NpyArray<D>> {
  const { dtype, fortranOrder } = header;
  const shape = header.shape.length === 0 ? [] : shapeOf(stop - start, rowShape(header), fortranOrder);
  const elements = sizeOf(shape);
  const length = elements * dtype.itemsize;
  const position = start * bytesPerRow(header);
  // A mapping cannot be empty.
  const isMapped = windows !== undefined && length > 0;
  const bytes = isMapped ? yield* mapBytes(file, header, position, length, windows) : allocate(file, length);
  if (!isMapped) {
    const count = yield* read(file, bytes, header.headerLength + position);
    if (count < length) throw dataMissing(header, position + count);
  }
  const data = decodeElements(dtype, bytes, elements);
  return { data: data as DataOf<D>, shape, dtype: dtype as DType<D>, fortranOrder };
}

/** The mapped bytes of elements of `type`, or a copy if they must be converted or are not aligned. */
export function* mapBytes(
  file: StorageFile,
  header: NpyHeader,
  position: number,
  length: number,
  windows: MappedWindows,
  type: DType = header.dtype,
): Plan<Uint8Array<ArrayBuffer>> {
  const present = yield* presentBytes({ file, header }, position + length);
  const bytes = yield* mappedBytes(windows, position, length, present);
  if (decodesInPlace(type, bytes)) return bytes;
  const copy = allocate(file, length);
  copy.set(bytes);
  return copy;
}

/**
 * How many bytes of the counted rows are there. Touching mapped memory past the end of the file kills the process.
 *
 * @throws NpyError `ERR_NPY_NEEDS_RECOVERY` if they are fewer than `needed`.
 */
export function* presentBytes(
  { file, header }: { readonly file: StorageFile; readonly header: NpyHeader },
  needed: number,
): Plan<number> {
  const present = (yield* size(file)) - header.headerLength;
  if (present < needed) throw dataMissing(header, present);
  return Math.min(present, dataLength(header));
}

/** `length` bytes at `position` in the data, of which `end` are there. */
export function* mappedBytes(
  windows: MappedWindows,
  position: number,
  length: number,
  end: number,
): Plan<Uint8Array<ArrayBuffer>> {
  try {
    return yield* windows.bytes(position, length, end);
  } catch (error) {
    throw error instanceof RangeError ? tooLarge(length, error) : error;
  }
}

/** Memory to read into. */
export function allocate(file: StorageFile, length: number): Uint8Array<ArrayBuffer> {
  try {
    return file.allocate?.(length) ?? new Uint8Array(length);
  } catch (error) {
    throw error instanceof RangeError ? tooLarge(length, error) : error;
  }
}

function tooLarge(length: number, cause: RangeError): NpyError {
  return new NpyError(
    "ERR_NPY_SHAPE",
    `${counted(length, "byte")} are more than this runtime can hold in one array: read slices or chunks instead.`,
    { cause },
  );
}
