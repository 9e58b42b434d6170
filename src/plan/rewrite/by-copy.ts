/** Gives a file a longer header in a copy that takes the file's place. */

import { NpyError } from "../../errors.ts";
import { counted } from "../../format/counted.ts";
import { dataLength } from "../../format/layout.ts";
import type { Storage, StorageFile } from "../../storage/storage.ts";
import { readHeader } from "../read/header.ts";
import { closing, copyTimes, createTemporary, discard, type Plan, size, sync, withFile, write } from "../step.ts";
import { appendableHeader, isAppendableHeader } from "./appendable-header.ts";
import { copyData } from "./copy-data.ts";
import { completeInterrupted, type RewriteOptions } from "./interrupted-rewrite.ts";
import { refuseSecondArray } from "./recover.ts";

/**
 * Writes a copy beside the file, and calls `replace` to put it in the file's place. Readers see the old file or the new one, never a mixture.
 * If anything fails, the copy is removed.
 *
 * @throws NpyError `ERR_NPY_OPTION` if the file has several hard links: the others would keep naming the old file; `ERR_NPY_TRAILING` if it
 * holds two arrays.
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
      const newHeader = appendableHeader(header);
      if ((source.links ?? 1) > 1) throw hardLinked(source.links);
      yield* refuseSecondArray(source, header.headerLength + dataLength(header));
      options.signal?.throwIfAborted();
      copy = yield* createTemporary(storage);
      yield* write(copy, newHeader, 0);
      yield* copyData(source, header.headerLength, copy, newHeader.length, options);
      yield* checkCopied(source, header.headerLength, copy, newHeader.length);
      yield* copyTimes(source, copy);
      yield* sync(copy);
    });
    if (copy === undefined) return;
    // Only after the source is closed: Windows cannot replace an open file.
    yield* replace(copy);
  } catch (error) {
    if (copy !== undefined) yield* discard(storage, copy);
    throw error;
  }
  const replaced = copy;
  yield* closing(replaced, () => sync(replaced));
}

/** A program that ignores locks may have appended during the copy: its rows would be lost. */
function* checkCopied(source: StorageFile, from: number, copy: StorageFile, to: number): Plan<void> {
  const [found, copied] = [(yield* size(source)) - from, (yield* size(copy)) - to];
  if (found === copied) return;
  throw new NpyError(
    "ERR_NPY_CHANGED",
    `The file changed while it was copied: ${counted(copied, "byte")} of data were copied, found ${found} now. The copy was discarded: call ` +
      "ensureAppendable again when no other program writes to the file.",
  );
}

function hardLinked(links: number | undefined): NpyError {
  return new NpyError(
    "ERR_NPY_OPTION",
    `The file has ${links} names (hard links), and a copy would replace only this one: call ensureAppendable with inplace: true, ` +
      "which keeps all names, or delete the other names first.",
  );
}
