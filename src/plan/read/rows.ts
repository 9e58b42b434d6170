/** Reading an array's rows. */
import { decodesInPlace } from "../../decode/decode.ts";
import type { DataOf, NpyArray } from "../../decode/npy-array.ts";
import { decodeElements } from "../../decode/record-array.ts";
import { NpyError } from "../../errors.ts";
import type { DType, DTypeLike } from "../../format/dtype.ts";
import type { NpyHeader } from "../../format/header.ts";
import { bytesPerRow, dataLength, rowCount, rowShape, shapeOf, sizeOf } from "../../format/layout.ts";
import type { StorageFile } from "../../storage/storage.ts";
import { type Plan, read, size } from "../step.ts";
import { readHeader } from "./header.ts";
import type { Windows } from "./mapped-windows.ts";

/**
 * The header of a file whose rows can all be read. Bytes after the last row are no fault: a writer puts them there before its
 * header counts them.
 *
 * @throws NpyError as `parseHeader` does, and `ERR_NPY_NEEDS_RECOVERY` if the file ends before its last row does.
 */
export function* readCompleteHeader(file: StorageFile, maxHeaderSize: number, path: string | undefined): Plan<NpyHeader> {
  return yield* checkComplete(file, yield* readHeader(file, maxHeaderSize), path);
}

/** Refuses a file that ends before its last row does. */
export function* checkComplete(file: StorageFile, header: NpyHeader, path: string | undefined): Plan<NpyHeader> {
  const present = (yield* size(file)) - header.headerLength;
  if (present < dataLength(header)) throw incomplete(header, present, path);
  return header;
}

/**
 * The header of a file that is being written to, of which `known` rows have been seen. A read that meets a write may get digits of both
 * headers: what they make counts only if a later read finds no fewer rows.
 */
export function* readLiveHeader(file: StorageFile, known: number, maxHeaderSize: number): Plan<NpyHeader> {
  let header = yield* readHeader(file, maxHeaderSize);
  while (rowCount(header) !== known) {
    const later = yield* readHeader(file, maxHeaderSize);
    const isSettled = rowCount(later) === rowCount(header) || (rowCount(later) > rowCount(header) && rowCount(header) > known);
    if (isSettled) break;
    header = later;
  }
  return header;
}

/** There are only so many bytes of the data. */
export function incomplete(header: NpyHeader, present: number, path: string | undefined): NpyError {
  return new NpyError(
    "ERR_NPY_NEEDS_RECOVERY",
    `${path ?? "The file"} ends before its last row: its header says ${dataLength(header)} bytes of data, ${present} are there. Call ` +
      "recover on it first.",
    { path },
  );
}

/** The rows `start` to `stop` (not included), in the order of the file: in mapped memory, if there are windows to it. */
export function* readRows<D extends DTypeLike>(
  file: StorageFile,
  header: NpyHeader,
  start: number,
  stop: number,
  path: string | undefined,
  windows: Windows | undefined,
): Plan<NpyArray<D>> {
  const { dtype, fortranOrder } = header;
  const shape = header.shape.length === 0 ? [] : shapeOf(stop - start, rowShape(header), fortranOrder);
  const elements = sizeOf(shape);
  const length = elements * dtype.itemsize;
  const position = start * bytesPerRow(header);
  // There are no mappings of nothing.
  const bytes =
    windows !== undefined && length > 0
      ? yield* mapBytes(file, header, position, length, path, windows)
      : yield* readBytes(file, header, position, makeRoom(file, length), path);
  const data = decodeElements(dtype, bytes, elements);
  return { data: data as DataOf<D>, shape, dtype: dtype as DType<D>, fortranOrder };
}

function* readBytes(
  file: StorageFile,
  header: NpyHeader,
  position: number,
  bytes: Uint8Array<ArrayBuffer>,
  path: string | undefined,
): Plan<Uint8Array<ArrayBuffer>> {
  const count = yield* read(file, bytes, header.headerLength + position);
  if (count < bytes.length) throw incomplete(header, position + count, path);
  return bytes;
}

function* mapBytes(
  file: StorageFile,
  header: NpyHeader,
  position: number,
  length: number,
  path: string | undefined,
  windows: Windows,
): Plan<Uint8Array<ArrayBuffer>> {
  // To look at what is mapped and behind the end of the file ends the process.
  const present = (yield* size(file)) - header.headerLength;
  if (present < position + length) throw incomplete(header, present, path);
  const end = Math.min(present, dataLength(header));
  try {
    const bytes = yield* windows.bytes(position, length, end);
    if (decodesInPlace(header.dtype, bytes)) return bytes;
    const copy = makeRoom(file, length);
    copy.set(bytes);
    return copy;
  } catch (error) {
    throw error instanceof RangeError ? tooLarge(length, error) : error;
  }
}

function makeRoom(file: StorageFile, length: number): Uint8Array<ArrayBuffer> {
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
