/** Reading a whole array. */
import type { NpyArray } from "./decode/npy-array.ts";
import { rowCount } from "./format/layout.ts";
import { readRows } from "./plan/read/rows.ts";
import { type Plan, withFile } from "./plan/step.ts";
import { readArrayHeader } from "./reader/array-header.ts";
import { readOrdered } from "./reader/ordered.ts";
import { checkLoadOptions, type LoadOptions } from "./reader/reader-options.ts";
import { onSource, onSourceSync, type SourceLike } from "./reader/sources.ts";
import type { Storage, StorageFile } from "./storage/storage.ts";

/** The plan of {@link load}. */
export function loading<D>(storage: Storage, options: LoadOptions<D>): Plan<NpyArray<D>> {
  const checked = checkLoadOptions(options);
  const read = function* (opened: StorageFile): Plan<NpyArray<D>> {
    const header = yield* readArrayHeader(opened, checked);
    const rows = rowCount(header);
    const { order, signal } = checked;
    if (order === undefined) return yield* readRows<D>(opened, header, 0, rows, undefined);
    return yield* readOrdered<D>({ file: opened, header, windows: undefined, signal }, 0, rows, { order }, true);
  };
  return withFile(storage, "r", read, { ...checked, isWhole: true });
}

/**
 * Reads a whole array, as `numpy.load`. A URL takes one request, or two if the file is larger than 1 MiB; also of servers that know no ranges.
 * A folder of shards and a list of files are read as one array, as by {@link NpyReader.open}.
 *
 * @throws NpyError what `NpyReader.open` and `NpyReader.read` throw.
 * @example
 * ```ts
 * const { data, shape } = await load("points.npy", { dtype: "float32" }); // data is a Float32Array
 * ```
 */
export async function load<const D = unknown>(file: SourceLike, options: LoadOptions<D> = {}): Promise<NpyArray<D>> {
  return await onSource(loading<D>, file, options);
}

/** {@link load}, synchronously. */
export function loadSync<const D = unknown>(file: SourceLike, options: LoadOptions<D> = {}): NpyArray<D> {
  return onSourceSync(loading<D>, file, options);
}
