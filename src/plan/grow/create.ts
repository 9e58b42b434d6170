/** Creates files for rows to be appended to. */
import { NpyError } from "../../errors.ts";
import { formatHeader, parseHeader } from "../../format/header.ts";
import type { ArrayLayout } from "../../format/layout.ts";
import { hasCode, type Storage, type StorageFile } from "../../storage/storage.ts";
import type { Claim } from "../claims.ts";
import { close, create, createTemporary, discard, open, type Plan, quietly, size, sync, truncate, write } from "../step.ts";
import { ExclusiveGrowth, type ExclusiveOptions } from "./exclusive-growth.ts";
import { GrowingFile } from "./growing-file.ts";
import type { Rows } from "./growth.ts";
import { rollBack } from "./rollback.ts";

/**
 * Creates a file that holds a header with 0 rows. An existing file is an error, unless it is empty. The file is claimed before anything is
 * written.
 *
 * @throws NpyError `ERR_NPY_CHANGED` if a file appeared meanwhile.
 */
export function* createFile(
  storage: Storage,
  claim: Claim,
  layout: ArrayLayout,
  options: ExclusiveOptions,
): Plan<ExclusiveGrowth> {
  const { file, isOurs } = yield* createOrOpen(storage);
  let isClaimed = false;
  try {
    yield* claim.take(file);
    if ((yield* size(file)) > 0) {
      throw new NpyError(
        "ERR_NPY_CHANGED",
        "The file appeared since this object was opened, and is not overwritten: open it again to append to it, or with deleteIfExists.",
      );
    }
    isClaimed = true;
    return yield* writeFirstHeader(file, layout, options);
  } catch (error) {
    // Before it is claimed, another program may already write to it.
    if (isClaimed && !isOurs) yield* quietly(truncate(file, 0));
    yield* isClaimed && isOurs ? discard(storage, file) : quietly(close(file));
    throw error;
  }
}

/** How often to try again if the existing file disappears, or is a dangling link. */
const TRIES = 10;

function* createOrOpen(storage: Storage): Plan<{ readonly file: StorageFile; readonly isOurs: boolean }> {
  for (let tries = 1; ; tries++) {
    try {
      return { file: yield* create(storage), isOurs: true };
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
    try {
      return { file: yield* open(storage, "r+"), isOurs: false };
    } catch (error) {
      if (!hasCode(error, "ENOENT") || tries === TRIES) throw error;
    }
  }
}

function* writeFirstHeader(file: StorageFile, layout: ArrayLayout, options: ExclusiveOptions): Plan<ExclusiveGrowth> {
  const bytes = formatHeader(layout);
  yield* write(file, bytes, 0);
  if (options.durability !== "os") yield* sync(file);
  const header = parseHeader(bytes, { maxHeaderSize: bytes.length });
  return new ExclusiveGrowth(new GrowingFile(file, header, options.durability), options);
}

/** Replaces the existing file by a new one with its first rows. If that fails, the existing file stays unchanged. */
export function* createReplacement(
  storage: Storage,
  claim: Claim,
  layout: ArrayLayout,
  options: ExclusiveOptions,
  rows: Rows,
): Plan<ExclusiveGrowth> {
  const file = yield* createTemporary(storage);
  try {
    const growth = yield* writeFirstHeader(file, layout, options);
    // Before others can find it under its name.
    yield* claim.lock(file);
    yield* growth.append(rows, false) ?? [];
    yield* claim.replace(file);
    return growth;
  } catch (error) {
    yield* discard(storage, file);
    throw error;
  }
}

/** Claims a replacement, and syncs its new name. If that fails its rows are undone; the old file no longer exists by then. */
export function* adoptReplacement({ growing }: ExclusiveGrowth, claim: Claim): Plan<void> {
  yield* claim.take(growing.file);
  yield* quietly(claim.letGo());
  if (growing.durability === "os") return;
  try {
    yield* sync(growing.file);
  } catch (error) {
    growing.rows = 0;
    growing.headerRows = 0;
    yield* rollBack(growing, true, error);
  }
}
