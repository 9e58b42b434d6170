/** Reading an array's rows. */
import { type Decoding, decoding } from "../array/decode.ts";
import type { DataOf, NpyArray } from "../array/npy-array.ts";
import { NpyError } from "../errors.ts";
import type { DType, DTypeLike } from "../format/dtype.ts";
import type { NpyHeader } from "../format/header.ts";
import { bytesPerRow, dataLength, rowShape, shapeOf, sizeOf } from "../format/layout.ts";
import type { StorageFile } from "../storage/storage.ts";
import { readHeader } from "./read-header.ts";
import { type Plan, read, size } from "./step.ts";

/**
 * The header of a file whose rows can all be read. Bytes after the last row are no fault: a writer puts them there before its
 * header counts them.
 *
 * @throws NpyError as `parseHeader` does, and `ERR_NPY_NEEDS_RECOVERY` if the file ends before its last row does.
 */
export function* readCompleteHeader(file: StorageFile, maxHeaderSize: number, path: string | undefined): Plan<NpyHeader> {
  const header = yield* readHeader(file, maxHeaderSize);
  const present = (yield* size(file)) - header.headerLength;
  if (present < dataLength(header)) throw incomplete(header, present, path);
  return header;
}

function incomplete(header: NpyHeader, present: number, path: string | undefined): NpyError {
  return new NpyError(
    "ERR_NPY_NEEDS_RECOVERY",
    `${path ?? "The file"} ends before its last row: its header says ${dataLength(header)} bytes of data, ${present} are there. Call ` +
      "recover on it first.",
    { path },
  );
}

/** The rows `start` to `stop` (not included), in the order of the file. */
export function* readRows<D extends DTypeLike>(
  file: StorageFile,
  header: NpyHeader,
  start: number,
  stop: number,
  path: string | undefined,
): Plan<NpyArray<D>> {
  const { dtype, fortranOrder } = header;
  const rowBytes = bytesPerRow(header);
  const shape = header.shape.length === 0 ? [] : [...shapeOf(stop - start, rowShape(header), fortranOrder)];
  const { bytes, finish } = makeRoom(dtype, sizeOf(shape));
  const count = yield* read(file, bytes, header.headerLength + start * rowBytes);
  if (count < bytes.length) throw incomplete(header, start * rowBytes + count, path);
  return { data: finish() as DataOf<D>, shape, dtype: dtype as DType<D>, fortranOrder };
}

function makeRoom(dtype: DType, count: number): Decoding {
  try {
    return decoding(dtype, count);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new NpyError(
      "ERR_NPY_SHAPE",
      `${count * dtype.itemsize} bytes are more than this runtime can hold in one array: read slices or chunks instead.`,
      { cause },
    );
  }
}
