/** Writing `.npz` archives: arrays in memory and arrays of open readers, one after the other. */
import { NpyError, quoted, within } from "../errors.ts";
import type { ArrayInput } from "../input/array-input.ts";
import { abortSignal, checkOptions, flag, optional, optionError } from "../options.ts";
import { run, runSync } from "../plan/run.ts";
import type { Plan } from "../plan/step.ts";
import type { NpyReader } from "../reader/npy-reader.ts";
import type { NpyReaderSync } from "../reader/npy-reader-sync.ts";
import type { OpenArray } from "../reader/open-array.ts";
import { isReader, isReaderSync, openArrayOf, whileOpen } from "../reader/open-readers.ts";
import { npyBytes, replacing } from "../save.ts";
import { type FileLike, locate } from "../storage/locate.ts";
import type { Storage } from "../storage/storage.ts";
import { attempt, attemptLater } from "../verb.ts";
import { SUFFIX } from "./archive.ts";
import { type Content, contentOfArray, contentOfReader } from "./content.ts";
import { ZipWriter } from "./zip-writer.ts";

/** An array that is saved into an archive: what {@link save} takes. */
export type NpzInput = ArrayInput | number | bigint | boolean | string | Date;

/** How an archive is saved. */
export interface SaveNpzOptions {
  /** Compress the arrays by deflate, as `numpy.savez_compressed`. They can then be neither mapped nor read in any order. Default `false`. */
  readonly compress?: boolean | undefined;
  /** Stops saving, with its reason. An existing file stays as it was. */
  readonly signal?: AbortSignal | undefined;
  /** Is told the bytes that are done, of all arrays, and all there are. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

const OPTIONS = {
  compress: flag(false),
  signal: abortSignal,
  onProgress: optional<(done: number, total: number) => void>("a function", (value) => typeof value === "function"),
};

/**
 * Saves arrays into an `.npz` archive, as `numpy.savez`. Each is the `.npy` file that `numpy.save` would write. Arrays of readers are copied a block at
 * a time, so that they may be larger than memory. The archive is written beside an existing one and put in its place: readers see the old or the new
 * one, whole. The same arrays give the same bytes, whenever they are saved.
 *
 * Arrays begin at a multiple of 64 bytes, so that they can be mapped; those that NumPy writes into archives cannot.
 *
 * @throws NpyError what {@link save} throws, for arrays also the name; `ERR_NPY_CLOSED` for a reader that was closed. An error leaves an existing file
 * unchanged.
 * @example
 * ```ts
 * await saveNpz("points.npz", { xy: [[1, 2], [3, 4]], id: Int32Array.of(7, 8) });
 * await using reader = await NpyReader.open("log.npy"); // of any size
 * await saveNpz("log.npz", { log: reader }, { compress: true });
 * ```
 */
export async function saveNpz(
  file: FileLike,
  arrays: { readonly [name: string]: NpzInput | NpyReader | NpyReaderSync },
  options: SaveNpzOptions = {},
): Promise<void> {
  const storage = locate(file);
  await attemptLater(storage.path, async () => {
    const given = entriesOf(arrays);
    const readers = given.map(([, array]) => array).filter((array) => isReader<NpyReader>(array as object)) as NpyReader[];
    await whileAllOpen(readers, async (opened) => {
      const contents = given.map(([name, array]) => contentOf(name, array, opened));
      await run(saving(storage, contents, options));
    });
  });
}

/** {@link saveNpz}, synchronously. A compressed array is then held in memory, whole. */
export function saveNpzSync(
  file: FileLike,
  arrays: { readonly [name: string]: NpzInput | NpyReaderSync },
  options: SaveNpzOptions = {},
): void {
  const storage = locate(file);
  attempt(storage.path, () => {
    const contents = entriesOf(arrays).map(([name, array]) => contentOf(name, array, new Map()));
    runSync(saving(storage, contents, options));
  });
}

function entriesOf(arrays: object): [string, unknown][] {
  const isPlain = typeof arrays === "object" && arrays !== null && !Array.isArray(arrays) && !ArrayBuffer.isView(arrays);
  if (isPlain && !isReader(arrays) && !isReaderSync(arrays)) return Object.entries(arrays);
  throw optionError(`arrays must be an object of names and arrays, as in { x: [1, 2] }: found ${quoted(arrays)}`);
}

/** Uses the arrays of readers, none of which is closed meanwhile. */
async function whileAllOpen(
  readers: readonly NpyReader[],
  use: (opened: ReadonlyMap<unknown, OpenArray<unknown>>) => Promise<void>,
): Promise<void> {
  const opened = new Map<unknown, OpenArray<unknown>>();
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const holding = readers.map((reader) =>
    whileOpen(reader, (array) => {
      opened.set(reader, array);
      return released;
    }),
  );
  try {
    // One that was closed has no array here, and an error instead.
    if (readers.every((reader) => opened.has(reader))) await use(opened);
  } finally {
    release();
    await Promise.allSettled(holding);
  }
  await Promise.all(holding);
}

/** The longest name of a member, in bytes. */
const LONGEST_NAME = 0xffff;

/** Checks an array, and gives its bytes. */
function contentOf(name: string, array: unknown, opened: ReadonlyMap<unknown, OpenArray<unknown>>): Content {
  const file = name + SUFFIX;
  if (/\0|[\ud800-\udfff]/u.test(file) || new TextEncoder().encode(file).length > LONGEST_NAME) {
    throw optionError(`${quoted(name)} is no name for an array: it must be at most 65,531 bytes of UTF-8, without NUL`);
  }
  try {
    if (isReader(array as object) && !opened.has(array)) {
      throw new NpyError(
        "ERR_NPY_OPTION",
        "This reader works asynchronously: open it with NpyReader.openSync, or await saveNpz.",
      );
    }
    const source = isReaderSync<NpyReaderSync>(array as object) ? openArrayOf(array as object) : opened.get(array);
    return source === undefined ? contentOfArray(file, npyBytes(array)) : contentOfReader(file, source);
  } catch (error) {
    throw within(error, { field: name });
  }
}

function* saving(storage: Storage, contents: readonly Content[], options: SaveNpzOptions): Plan<void> {
  const { compress, signal, onProgress } = checkOptions(options, OPTIONS);
  signal?.throwIfAborted();
  yield* replacing(storage, function* (file) {
    const writer = new ZipWriter(file, { signal, onProgress, total: contents.reduce((sum, { length }) => sum + length, 0) });
    for (const content of contents) yield* writer.add(content, compress);
    yield* writer.finish();
    signal?.throwIfAborted();
  });
}
