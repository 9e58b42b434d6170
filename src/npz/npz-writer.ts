/** Writing `.npz` archives: arrays in memory and arrays of open readers, one after the other. */
import type { NpyGroupReader } from "../group/npy-group-reader.ts";
import type { NpyGroupReaderSync } from "../group/npy-group-reader-sync.ts";
import type { ArrayInput } from "../input/array-input.ts";
import { abortSignal, checkOptions, flag, optional } from "../options.ts";
import { run, runSync } from "../plan/run.ts";
import type { Plan } from "../plan/step.ts";
import type { NpyReader } from "../reader/npy-reader.ts";
import type { NpyReaderSync } from "../reader/npy-reader-sync.ts";
import { replacing } from "../save.ts";
import { type FileLike, locate } from "../storage/locate.ts";
import type { Storage } from "../storage/storage.ts";
import { attempt, attemptLater } from "../verb.ts";
import { withContents } from "./contents.ts";
import { ZipWriter } from "./zip-writer.ts";

/** An array that is saved into an archive: what {@link save} takes. */
export type NpzInput = ArrayInput | number | bigint | boolean | string | Date;

/** What {@link saveNpz} takes as an array: the array, a reader, or a function that opens one each time it is called. */
export type NpzSource =
  | NpzInput
  | NpyReader
  | NpyReaderSync
  | (() => NpyReader | NpyReaderSync | Promise<NpyReader | NpyReaderSync>);

/** What {@link saveNpzSync} takes as an array: the array, a synchronous reader, or a function that opens one. */
export type NpzSourceSync = NpzInput | NpyReaderSync | (() => NpyReaderSync);

/** How an archive is saved. */
export interface SaveNpzOptions {
  /**
   * Compress the arrays by deflate, as `numpy.savez_compressed`. They can then be neither mapped nor read in any order.
   *
   * @defaultValue `false`
   * @example compress: true
   */
  readonly compress?: boolean | undefined;
  /**
   * Stops saving, with its reason. An existing file stays as it was.
   *
   * @defaultValue none
   * @example signal: AbortSignal.timeout(60_000)
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Is told the bytes that are done, of all arrays, and all there are.
   *
   * @defaultValue none
   * @example onProgress: (done, total) => console.log(done / total)
   */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

const OPTIONS = {
  compress: flag(false),
  signal: abortSignal,
  onProgress: optional<(done: number, total: number) => void>("a function", (value) => typeof value === "function"),
};

/**
 * Saves arrays into an `.npz` archive, as `numpy.savez`. Each is the `.npy` file that `numpy.save` would write. Arrays of readers are copied a block at
 * a time, so that they may be larger than memory. A function opens a reader when the turn of its array comes, and the reader is closed then: so any number
 * of files can be archived. It is called twice, because all arrays are looked at before anything is written. Of an {@link NpyGroupReader}, the rows that
 * every file counts are saved; a ragged array `x` becomes `x.values` and `x.offsets`.
 *
 * The archive is written beside an existing one and put in its place: readers see the old or the new one, whole. The same arrays give the same bytes,
 * whenever they are saved. Arrays begin at a multiple of 64 bytes, so that they can be mapped; those that NumPy writes into archives cannot.
 *
 * @throws NpyError what {@link save} throws, for arrays also the name; `ERR_NPY_CLOSED` for a reader that was closed; `ERR_NPY_CHANGED` if a file that
 * is opened by a function was replaced meanwhile, or lost rows. An error leaves an existing file unchanged.
 * @example
 * ```ts
 * await saveNpz("points.npz", { xy: [[1, 2], [3, 4]], id: Int32Array.of(7, 8) });
 * await using reader = await NpyReader.open("log.npy"); // of any size
 * await saveNpz("log.npz", { log: reader, points: () => NpyReader.open("points.npy") }, { compress: true });
 * ```
 */
export async function saveNpz(
  file: FileLike,
  arrays: { readonly [name: string]: NpzSource } | NpyGroupReader | NpyGroupReaderSync,
  options: SaveNpzOptions = {},
): Promise<void> {
  const storage = locate(file);
  await attemptLater(storage.path, () => run(saving(storage, arrays, options)));
}

/** {@link saveNpz}, synchronously. A compressed array is then held in memory, whole. */
export function saveNpzSync(
  file: FileLike,
  arrays: { readonly [name: string]: NpzSourceSync } | NpyGroupReaderSync,
  options: SaveNpzOptions = {},
): void {
  const storage = locate(file);
  attempt(storage.path, () => runSync(saving(storage, arrays, options)));
}

function* saving(storage: Storage, arrays: object, options: SaveNpzOptions): Plan<void> {
  const { compress, signal, onProgress } = checkOptions(options, OPTIONS);
  signal?.throwIfAborted();
  yield* withContents(arrays, signal, (contents) =>
    replacing(storage, function* (file) {
      const writer = new ZipWriter(file, { signal, onProgress, total: contents.reduce((sum, { length }) => sum + length, 0) });
      for (const content of contents) yield* writer.add(content, compress);
      yield* writer.finish();
      signal?.throwIfAborted();
    }),
  );
}
