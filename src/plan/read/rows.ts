/** Reads rows of an array, into new memory or as mapped memory. */
import { decodesInPlace } from "../../decode/decode.ts";
import type { DataOf, NpyArray } from "../../decode/npy-array.ts";
import { decodeElements } from "../../decode/record-array.ts";
import { NpyError } from "../../errors.ts";
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

function* mapBytes(
  file: StorageFile,
  header: NpyHeader,
  position: number,
  length: number,
  windows: MappedWindows,
): Plan<Uint8Array<ArrayBuffer>> {
  // Touching mapped memory past the end of the file kills the process.
  const present = (yield* size(file)) - header.headerLength;
  if (present < position + length) throw dataMissing(header, present);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = yield* windows.bytes(position, length, Math.min(present, dataLength(header)));
  } catch (error) {
    throw error instanceof RangeError ? tooLarge(length, error) : error;
  }
  if (decodesInPlace(header.dtype, bytes)) return bytes;
  const copy = allocate(file, length);
  copy.set(bytes);
  return copy;
}

function allocate(file: StorageFile, length: number): Uint8Array<ArrayBuffer> {
  try {
    return file.allocate?.(length) ?? new Uint8Array(length);
  } catch (error) {
    throw error instanceof RangeError ? tooLarge(length, error) : error;
  }
}

function tooLarge(length: number, cause: RangeError): NpyError {
  return new NpyError(
    "ERR_NPY_SHAPE",
    `${length} bytes are more than this runtime can hold in one array: read slices or chunks instead.`,
    { cause },
  );
}
