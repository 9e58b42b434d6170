/** What is saved into an archive: arrays, readers, functions that open readers, and groups. */
import { NpyError, quoted, within } from "../errors.ts";
import { optionError } from "../options.ts";
import { type Plan, perform } from "../plan/step.ts";
import type { NpyReader } from "../reader/npy-reader.ts";
import type { NpyReaderSync } from "../reader/npy-reader-sync.ts";
import { groupParts, type HeldArray, holdOpen, isReader, isReaderSync, openArrayOf } from "../reader/open-readers.ts";
import { npyBytes } from "../save.ts";
import type { Eventually } from "../storage/storage.ts";
import { SUFFIX } from "./archive.ts";
import { type Content, contentOfArray, contentOfFile, contentOfReader, type OpenedArray } from "./content.ts";

/** One array, and where it comes from. */
interface Entry {
  readonly name: string;
  readonly source: unknown;
  /** The rows to save; `undefined`: all. */
  readonly rows?: number;
}

/** Checks all arrays, and uses their contents. Readers among them are not closed meanwhile. */
export function* withContents(
  arrays: object,
  signal: AbortSignal | undefined,
  use: (contents: readonly Content[]) => Plan<void>,
): Plan<void> {
  const entries = yield* entriesOf(arrays);
  const held = new Map<unknown, HeldArray>();
  try {
    for (const { name, source } of entries) {
      if (isReader(source as object) && !held.has(source)) held.set(source, yield* named(name, hold(source as object)));
    }
    const contents: Content[] = [];
    for (const entry of entries) {
      signal?.throwIfAborted();
      contents.push(yield* contentOf(entry, held));
    }
    yield* use(contents);
  } finally {
    for (const { release } of held.values()) release();
  }
}

function* entriesOf(arrays: object): Plan<Entry[]> {
  const isObject = typeof arrays === "object" && arrays !== null && !Array.isArray(arrays) && !ArrayBuffer.isView(arrays);
  const parts = isObject ? groupParts(arrays) : undefined;
  if (parts !== undefined) return (yield* parts).map(({ name, reader, rows }) => ({ name, source: reader, rows }));
  if (isObject && !isReader(arrays) && !isReaderSync(arrays)) {
    return Object.entries(arrays).map(([name, source]) => ({ name, source }));
  }
  throw optionError(`arrays must be an object of names and arrays, as in { x: [1, 2] }: found ${quoted(arrays)}`);
}

function* named<Result>(name: string, plan: Plan<Result>): Plan<Result> {
  try {
    return yield* plan;
  } catch (error) {
    throw within(error, { field: name });
  }
}

function hold(reader: object): Plan<HeldArray> {
  return perform(
    () => {
      throw new NpyError(
        "ERR_NPY_OPTION",
        "This reader works asynchronously: open it with NpyReader.openSync, or await saveNpz.",
      );
    },
    () => holdOpen(reader),
  );
}

/** The longest name of a member, in bytes. */
const LONGEST_NAME = 0xffff;

/** Checks an array, and gives its bytes. */
function* contentOf({ name, source, rows }: Entry, held: ReadonlyMap<unknown, HeldArray>): Plan<Content> {
  const file = name + SUFFIX;
  if (/\0|[\ud800-\udfff]/u.test(file) || new TextEncoder().encode(file).length > LONGEST_NAME) {
    throw optionError(`${quoted(name)} is no name for an array: it must be at most 65,531 bytes of UTF-8, without NUL`);
  }
  if (typeof source === "function") {
    return yield* contentOfFile(file, () => named(name, opening(source as () => unknown)));
  }
  try {
    const reader = isReaderSync(source as object) ? openArrayOf(source as object) : held.get(source)?.array;
    return reader === undefined ? contentOfArray(file, npyBytes(source)) : contentOfReader(file, reader, rows);
  } catch (error) {
    throw within(error, { field: name });
  }
}

/** Calls a function that opens a reader. */
function* opening(open: () => unknown): Plan<OpenedArray> {
  const reader = yield* perform<unknown>(open, open as () => Eventually<unknown>);
  if (isReaderSync<NpyReaderSync>(reader as object)) {
    return {
      array: openArrayOf(reader as object),
      close: () =>
        perform(
          () => (reader as NpyReaderSync).close(),
          () => (reader as NpyReaderSync).close(),
        ),
    };
  }
  if (!isReader<NpyReader>(reader as object)) {
    const hint = reader instanceof Promise ? ". Open it with NpyReader.openSync, or await saveNpz" : "";
    throw optionError(
      `a function in arrays opens a reader, as in () => NpyReader.open("x.npy"): this one gave ${quoted(reader)}${hint}`,
    );
  }
  const { array, release } = yield* hold(reader as object);
  return {
    array,
    close: () =>
      perform(release, async () => {
        release();
        await (reader as NpyReader).close();
      }),
  };
}
