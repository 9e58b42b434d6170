/** Gives a file a header that can grow, in a copy that takes its place. */
import { NpyError } from "../../errors.ts";
import { formatHeader, isGrowable, type NpyHeader, zeroDimensional } from "../../format/header.ts";
import type { Storage, StorageFile } from "../../storage/storage.ts";
import { readHeader } from "../read/header.ts";
import { closing, copyTimes, createTemporary, discard, type Plan, size, sync, withFile, write } from "../step.ts";
import { copyData } from "./copy-data.ts";
import { completeInterrupted, type RewriteOptions } from "./interrupted-rewrite.ts";

/** Whether rows can be appended to a file with this header, whatever their number. */
export function isAppendableHeader(header: NpyHeader): boolean {
  return header.shape.length > 0 && isGrowable(header);
}

/** The header that NumPy would write for the same array today, which has room to grow; always longer than the old one. */
export function roomyHeader({ dtype, fortranOrder, shape, version, headerLength }: NpyHeader): Uint8Array {
  if (shape.length === 0) throw zeroDimensional();
  const header = formatHeader({ dtype, fortranOrder, shape });
  // A needlessly new version has a longer prefix, and could hide that there is no room.
  return header.length > headerLength ? header : formatHeader({ dtype, fortranOrder, shape, version });
}

/**
 * Copies the file beside itself with a new header, and puts the copy in its place: readers see the old or the new one, whole. The copy
 * is removed if anything fails. `replace` puts it in the place of the file that was copied.
 *
 * @throws NpyError `ERR_NPY_OPTION` if the file has other names, which would go on naming the old one.
 */
export function* rewriteByCopy(
  storage: Storage,
  maxHeaderSize: number | undefined,
  options: RewriteOptions,
  replace: (copy: StorageFile) => Plan<void>,
): Plan<void> {
  let copy = undefined as StorageFile | undefined;
  try {
    yield* withFile(storage, "r+", function* (source) {
      yield* completeInterrupted(source, maxHeaderSize, options);
      const header = yield* readHeader(source, maxHeaderSize);
      if (isAppendableHeader(header)) return;
      const start = roomyHeader(header);
      if ((source.links ?? 1) > 1) throw hardLinked(storage.path, source.links);
      options.signal?.throwIfAborted();
      copy = yield* createTemporary(storage);
      yield* write(copy, start, 0);
      yield* copyData(source, header.headerLength, copy, start.length, options);
      yield* checkCopied(source, header.headerLength, copy, start.length, storage.path);
      yield* copyTimes(source, copy);
      yield* sync(copy);
    });
    if (copy === undefined) return;
    // Not before the source is closed: Windows refuses to replace a file that is open.
    yield* replace(copy);
  } catch (error) {
    if (copy !== undefined) yield* discard(storage, copy);
    throw error;
  }
  const inPlace = copy;
  yield* closing(inPlace, () => sync(inPlace));
}

/** A program that asks for no lock may have appended to the file while it was copied: its rows would be lost. */
function* checkCopied(source: StorageFile, from: number, copy: StorageFile, to: number, path: string | undefined): Plan<void> {
  const [found, copied] = [(yield* size(source)) - from, (yield* size(copy)) - to];
  if (found === copied) return;
  throw new NpyError(
    "ERR_NPY_CHANGED",
    `${path ?? "The file"} changed while it was copied: ${copied} bytes of data were copied, ${found} are there now. The copy is dropped: call ` +
      "ensureAppendable again when no other program writes to the file.",
    { path },
  );
}

function hardLinked(path: string | undefined, links: number | undefined): NpyError {
  return new NpyError(
    "ERR_NPY_OPTION",
    `${path ?? "The file"} has ${links} names (hard links), and a copy would take the place of this one only: call ensureAppendable with ` +
      "inplace: true, which keeps them, or delete the others first.",
    { path },
  );
}
