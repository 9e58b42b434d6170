/** Reads the header of an open file. */
import { MAX_HEADER_SIZE, type NpyHeader, parseHeader, parsePrefix } from "../format/header.ts";
import type { StorageFile } from "../storage/storage.ts";
import { type Plan, read } from "./step.ts";

/** Nearly every header is 128 bytes long: one read gets them all. */
const FIRST_READ = 512;

/**
 * The header at the beginning of `file`.
 *
 * @throws NpyError as `parseHeader` does; a file that ends within its header is `ERR_NPY_HEADER`.
 */
export function* readHeader(file: StorageFile, maxHeaderSize: number = MAX_HEADER_SIZE): Plan<NpyHeader> {
  const first = new Uint8Array(FIRST_READ);
  const bytes = first.subarray(0, yield* read(file, first, 0));
  const { headerLength } = parsePrefix(bytes, maxHeaderSize);
  if (headerLength <= bytes.length || bytes.length < FIRST_READ) return parseHeader(bytes, { maxHeaderSize });
  const all = new Uint8Array(headerLength);
  const count = yield* read(file, all, 0);
  return parseHeader(all.subarray(0, count), { maxHeaderSize });
}
