/** Checking that a header has room to grow, and making room. */
import { inspecting } from "./inspect.ts";
import { abortSignal, checkOptions, flag, type HeaderOptions, type InspectOptions, maxHeaderSize, optional } from "./options.ts";
import { claiming } from "./plan/claims.ts";
import { rewriteByCopy } from "./plan/rewrite/by-copy.ts";
import type { CopyOptions } from "./plan/rewrite/copy-data.ts";
import { rewriteInPlace } from "./plan/rewrite/in-place.ts";
import type { Plan } from "./plan/step.ts";
import type { FileLike } from "./storage/locate.ts";
import type { Storage } from "./storage/storage.ts";
import { onFile, onFileSync } from "./verb.ts";

/** How a header is given room to grow. */
export interface EnsureAppendableOptions extends HeaderOptions, CopyOptions {
  /**
   * Make room within the file instead of copying it, which needs at most 17 MB more on the disk, and keeps hard links.
   *
   * On Linux, with the package koffi, ext4 and XFS insert a block before the data of a large file, which takes no time, and makes the header as much
   * longer; else the data are moved. While that is under way the file is not a `.npy` file, so that nobody can open it. A reader that already has it
   * open reads wrong values until it calls `refresh()`, or opens the file again. If it is interrupted, `ensureAppendable` or `recover` completes it.
   * `signal` is heeded only before it begins.
   *
   * @defaultValue `false`
   * @example inplace: true
   */
  readonly inplace?: boolean;
}

/**
 * Whether the header of a file can be rewritten in its place for any number of rows. NumPy from 1.25 on and this package leave room for
 * that; older and other writers may not. 0-d arrays are not appendable.
 *
 * @throws NpyError `ERR_NPY_HEADER`, `ERR_NPY_DTYPE`, `ERR_NPY_SHAPE` if it cannot be read as `.npy`; `ERR_NPY_NEEDS_RECOVERY` while an
 * in-place `ensureAppendable` is under way, or after it was interrupted; the file system's own errors.
 */
export async function isAppendable(file: FileLike, options: InspectOptions = {}): Promise<boolean> {
  return (await onFile(inspecting, file, options)).appendable;
}

/** {@link isAppendable}, synchronously. */
export function isAppendableSync(file: FileLike, options: InspectOptions = {}): boolean {
  return onFileSync(inspecting, file, options).appendable;
}

const ENSURE_OPTIONS = {
  inplace: flag(false),
  signal: abortSignal,
  onProgress: optional<CopyOptions["onProgress"]>("a function", (value) => typeof value === "function"),
  maxHeaderSize,
};

function ensuring(storage: Storage, options: EnsureAppendableOptions): Plan<boolean> {
  const { inplace, signal, onProgress, maxHeaderSize } = checkOptions(options, ENSURE_OPTIONS);
  return claiming(storage, function* (claim) {
    const opened = yield* claim.open("r");
    yield* claim.hold(opened);
    const rewriting = { signal, onProgress, claim: (isNeeded: boolean) => claim.claimRewrite(opened, isNeeded) };
    if (inplace) yield* rewriteInPlace(storage, maxHeaderSize, rewriting);
    else yield* rewriteByCopy(storage, maxHeaderSize, rewriting, (copy) => claim.replace(copy, true));
    yield* claim.tidyRewrite();
    return true;
  });
}

/**
 * Gives a file a header that can grow, if its own cannot. The file is copied beside itself, synced and put in its place, with its mode,
 * owner and times, and through symbolic links: readers see the old or the new one, whole, and if anything fails the old one stands and
 * the copy is removed. With `inplace` the data are moved within the file instead. An in-place run that was interrupted is completed first,
 * either way.
 *
 * While a file is rewritten in place, a file `.NAME.rewriting` beside it names the process, so that no other one does the same: processes that
 * have no locks cannot tell otherwise.
 *
 * @returns `true`: the file is appendable.
 * @throws NpyError `ERR_NPY_SHAPE` for 0-d arrays, which cannot be appended to; `ERR_NPY_OPTION` for a file with several hard links, which
 * only `inplace` keeps, and without koffi nothing; `ERR_NPY_TRAILING` if another array begins after the last row; `ERR_NPY_NEEDS_RECOVERY` if `inplace`
 * and the data are not what the header says;
 * `ERR_NPY_UNRECOVERABLE` if an interrupted run cannot be completed; `ERR_NPY_HEADER`; `ERR_NPY_LOCKED`; `ERR_NPY_CHANGED` if another program
 * replaced, deleted or appended to the file while it was copied, or as it was about to be rewritten; the reason of `signal`; the file system's own
 * errors.
 * @example
 * ```ts
 * await ensureAppendable("old.npy", { onProgress: (done, total) => console.log(done / total) });
 * ```
 */
export async function ensureAppendable(file: FileLike, options: EnsureAppendableOptions = {}): Promise<boolean> {
  return await onFile(ensuring, file, options);
}

/** {@link ensureAppendable}, synchronously. */
export function ensureAppendableSync(file: FileLike, options: EnsureAppendableOptions = {}): boolean {
  return onFileSync(ensuring, file, options);
}
