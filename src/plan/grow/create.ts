/** Creates files for rows to be appended to. */
import { NpyError } from "../../errors.ts";
import { formatHeader, parseHeader } from "../../format/header.ts";
import type { ArrayLayout } from "../../format/layout.ts";
import { hasCode, type Storage, type StorageFile } from "../../storage/storage.ts";
import type { Claim } from "../claims.ts";
import { close, create, createTemporary, discard, open, type Plan, quietly, size, sync, truncate, write } from "../step.ts";
import { append } from "./append.ts";
import { type Durability, GrowingFile } from "./growing-file.ts";
import type { Rows } from "./growth.ts";
import { rollBack } from "./rollback.ts";

/**
 * Creates a file that holds a header with 0 rows. An existing file is an error, unless it is empty. The file is claimed before anything is
 * written.
 *
 * @throws NpyError `ERR_NPY_CHANGED` if a file appeared meanwhile.
 */
export function* createFile(storage: Storage, claim: Claim, layout: ArrayLayout, durability: Durability): Plan<GrowingFile> {
  const { file, isOurs } = yield* createOrOpen(storage);
  let isClaimed = false;
  try {
    yield* claim.take(file);
    if ((yield* size(file)) > 0) throw appeared(storage.path);
    isClaimed = true;
    return yield* writeFirstHeader(file, layout, durability, storage.path);
  } catch (error) {
    // Before it is claimed, another program may already write to it.
    if (isClaimed && !isOurs) yield* quietly(truncate(file, 0));
    yield* isClaimed && isOurs ? discard(storage, file) : quietly(close(file));
    throw error;
  }
}

/** How often creating is tried again when the file in its way disappears, or is a dangling link. */
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

function appeared(path: string | undefined): NpyError {
  return new NpyError(
    "ERR_NPY_CHANGED",
    "The file appeared since this object was opened, and is not overwritten: open it again to append to it, or with deleteIfExists.",
    { path },
  );
}

function* writeFirstHeader(
  file: StorageFile,
  layout: ArrayLayout,
  durability: Durability,
  path: string | undefined,
): Plan<GrowingFile> {
  const bytes = formatHeader(layout);
  yield* write(file, bytes, 0);
  if (durability !== "os") yield* sync(file);
  return new GrowingFile(file, parseHeader(bytes, { maxHeaderSize: bytes.length }), path, durability);
}

/** Puts a new file with its first rows in the place of the existing one, which stays as it is until then. */
export function* createReplacement(
  storage: Storage,
  claim: Claim,
  layout: ArrayLayout,
  durability: Durability,
  rows: Rows,
  rewriteHeader: boolean,
): Plan<GrowingFile> {
  const file = yield* createTemporary(storage);
  try {
    const growing = yield* writeFirstHeader(file, layout, durability, storage.path);
    // Before others can find it under its name.
    yield* claim.lock(file);
    yield* append(growing, rows, rewriteHeader);
    yield* claim.replace(file);
    return growing;
  } catch (error) {
    yield* discard(storage, file);
    throw error;
  }
}

/** Claims a replacement, and makes its new name safe. If that fails its rows are undone; the old file is gone by then. */
export function* adoptReplacement(growing: GrowingFile, claim: Claim): Plan<void> {
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
