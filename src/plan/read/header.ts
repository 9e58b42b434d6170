/** Reads the header of an open file. */
import { NpyError } from "../../errors.ts";
import { MAGIC, MAX_HEADER_SIZE, type NpyHeader, parseHeader, parsePrefix } from "../../format/header.ts";
import type { StorageFile } from "../../storage/storage.ts";
import { isRewriting } from "../journal.ts";
import { type Plan, read, size } from "../step.ts";

/** Nearly every header is 128 bytes long: one read gets them all. */
export const FIRST_READ = 512;

/**
 * The header at the beginning of `file`.
 *
 * @throws NpyError as `parseHeader` does; a file that ends within its header is `ERR_NPY_HEADER`, one that is being rewritten in place
 * `ERR_NPY_NEEDS_RECOVERY`.
 */
export function* readHeader(file: StorageFile, maxHeaderSize: number = MAX_HEADER_SIZE): Plan<NpyHeader> {
  const first = new Uint8Array(FIRST_READ);
  const bytes = first.subarray(0, yield* read(file, first, 0));
  if (yield* isRewriting(file, bytes)) {
    throw new NpyError(
      "ERR_NPY_NEEDS_RECOVERY",
      "An in-place ensureAppendable of this file is under way, or was interrupted. If a file .NAME.rewriting is beside it, that says which process " +
        "does it: once that has ended, run it again, or call recover.",
    );
  }
  return yield* parse(file, bytes, maxHeaderSize);
}

/** The header of a file that has a marker in place of its magic. */
export function* readMarkedHeader(file: StorageFile, maxHeaderSize: number): Plan<NpyHeader> {
  const first = new Uint8Array(FIRST_READ);
  const bytes = first.subarray(0, yield* read(file, first, 0));
  bytes.set(MAGIC);
  return yield* parse(file, bytes, maxHeaderSize);
}

/** The header that begins with `start`, of which the file may have more. */
function* parse(file: StorageFile, start: Uint8Array, maxHeaderSize: number): Plan<NpyHeader> {
  const { headerLength } = parsePrefix(start, maxHeaderSize);
  if (headerLength <= start.length || start.length < FIRST_READ) return parseHeader(start, { maxHeaderSize });
  // A file may say more than it has, where the caller allows long headers.
  const all = new Uint8Array(Math.min(headerLength, yield* size(file)));
  const count = yield* read(file, all, 0);
  all.set(start.subarray(0, MAGIC.length));
  return parseHeader(all.subarray(0, count), { maxHeaderSize });
}
