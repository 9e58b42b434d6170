/** Headers that have room to grow, and giving it to those that have not. */
import { checkMaxHeaderSize, checkNames, oneOf, optionError } from "./options.ts";
import { type CopyOptions, isAppendableHeader, rewriteByCopy, rewriteInPlace } from "./plan/ensure-appendable.ts";
import { readHeader } from "./plan/read-header.ts";
import { type Plan, withFile } from "./plan/step.ts";
import type { HeaderOptions } from "./recovery.ts";
import { claimExisting, claiming } from "./storage/claims.ts";
import { type FileLike, locate } from "./storage/locate.ts";
import { run, runSync } from "./storage/run.ts";

/** How a header is given room to grow. */
export interface EnsureAppendableOptions extends HeaderOptions, CopyOptions {
  /**
   * Move the data within the file instead of copying it. This needs no space for a second file, but a process that is killed in the
   * middle leaves a file that is neither the old nor the new one. Default `false`.
   */
  readonly inplace?: boolean;
}

function* checking(file: FileLike, options: HeaderOptions): Plan<boolean> {
  checkNames(options, ["maxHeaderSize"]);
  const maxHeaderSize = checkMaxHeaderSize(options.maxHeaderSize);
  return yield* withFile(locate(file), "r", function* (opened) {
    return isAppendableHeader(yield* readHeader(opened, maxHeaderSize));
  });
}

/**
 * Whether the header of a file can be rewritten in its place for any number of rows. NumPy from 1.25 on and this package leave room for
 * that; older and other writers may not. 0-d arrays are not appendable.
 *
 * @throws NpyError `ERR_NPY_HEADER`, `ERR_NPY_DTYPE`, `ERR_NPY_SHAPE` if it cannot be read as `.npy`; the file system's own errors.
 */
export async function isAppendable(file: FileLike, options: HeaderOptions = {}): Promise<boolean> {
  return await run(checking(file, options));
}

/** {@link isAppendable}, synchronously. */
export function isAppendableSync(file: FileLike, options: HeaderOptions = {}): boolean {
  return runSync(checking(file, options));
}

function* ensuring(file: FileLike, options: EnsureAppendableOptions): Plan<boolean> {
  checkNames(options, ["inplace", "signal", "onProgress", "maxHeaderSize"]);
  const { signal, onProgress } = options;
  const maxHeaderSize = checkMaxHeaderSize(options.maxHeaderSize);
  const inplace = oneOf("inplace", options.inplace ?? false, [true, false]);
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw optionError("signal must be an AbortSignal");
  if (onProgress !== undefined && typeof onProgress !== "function") throw optionError("onProgress must be a function");
  const storage = locate(file);
  return yield* claiming(storage, function* (claim) {
    yield* claimExisting(storage, claim);
    yield* (inplace ? rewriteInPlace : rewriteByCopy)(storage, maxHeaderSize, { signal, onProgress });
    return true;
  });
}

/**
 * Gives a file a header that can grow, if its own cannot. The file is copied beside itself, synced and put in its place, with its mode
 * and through symbolic links: readers see the old or the new one, whole, and if anything fails the old one stands and the copy is
 * removed. With `inplace` the data are moved within the file instead.
 *
 * @returns `true`: the file is appendable.
 * @throws NpyError `ERR_NPY_SHAPE` for 0-d arrays, which cannot be appended to, `ERR_NPY_HEADER`, `ERR_NPY_LOCKED`; the reason of
 * `signal`; the file system's own errors.
 * @example
 * ```ts
 * await ensureAppendable("old.npy", { onProgress: (done, total) => console.log(done / total) });
 * ```
 */
export async function ensureAppendable(file: FileLike, options: EnsureAppendableOptions = {}): Promise<boolean> {
  return await run(ensuring(file, options));
}

/** {@link ensureAppendable}, synchronously. */
export function ensureAppendableSync(file: FileLike, options: EnsureAppendableOptions = {}): boolean {
  return runSync(ensuring(file, options));
}
