/** Appends the rows of sources to a file: what `append` and `concat` share. */
import { setImmediate as turnOfEventLoop } from "node:timers/promises";
import {
  type ArrayInput,
  type Casting,
  canCast,
  type Durability,
  NpyAppendArray,
  NpyError,
  type NpyErrorCode,
  type NpyReader,
  type NpyReaderSync,
  type OnOverflow,
  type OpenOptions,
} from "../../node.ts";
import { nameOf } from "../files/object-names.ts";
import { fileAt } from "../files/places.ts";
import { about, counted, FileProblem, reasonOf, shown } from "../program/failure.ts";
import { Interrupted, interruptible } from "../program/interruption.ts";
import { Progress, type ProgressOptions } from "../program/progress.ts";
import { tell } from "../program/terminal.ts";
import type { Block, OpenSource, Source, SourceOptions } from "../sources/source.ts";
import { type RowLayout, shapeText } from "./columns.ts";

export interface GrowOptions extends ProgressOptions, SourceOptions {
  readonly casting?: Casting;
  readonly onOverflow?: OnOverflow;
  readonly durability?: Durability;
}

/** An open source and its name. */
export interface NamedSource {
  readonly path: string;
  readonly source: Source;
}

/** Counts of rows. */
export interface Growth {
  readonly appended: number;
  /** All rows of the file, old and new. */
  readonly length: number;
}

/**
 * Opens all sources, and checks before anything is written that their rows fit the file. Where no file exists, the first source
 * decides the layout.
 */
export async function openSources(
  files: readonly { readonly path: string; readonly open: OpenSource }[],
  existing: RowLayout | undefined,
  options: GrowOptions,
): Promise<{ readonly sources: NamedSource[]; readonly layout: RowLayout }> {
  const sources: NamedSource[] = [];
  let layout = existing;
  let isInferred = false;
  for (const { path, open } of files) {
    const source: Source = await open(path, layout, { ...options, isInferred }).catch((error: unknown) => {
      throw about(path, error);
    });
    if (layout === undefined) {
      layout = { ...source.layout, dtype: options.dtype ?? source.layout.dtype };
      isInferred = source.isInferred ?? false;
    }
    checkFits(path, source.layout, layout, options.casting);
    sources.push({ path, source });
  }
  return { sources, layout: layout as RowLayout };
}

/** Checks that rows of one layout can be appended to a file of another. */
export function checkFits(
  path: string,
  { dtype: type, rowShape }: RowLayout,
  target: RowLayout,
  casting: Casting = "same_kind",
): void {
  if (rowShape.join() !== target.rowShape.join()) {
    throw new FileProblem(
      path,
      `its rows have shape ${shapeText(rowShape)}, those of the file ${shapeText(target.rowShape)}: leave it out`,
    );
  }
  if (canCast(type, target.dtype, casting)) return;
  const [from, to] = [type, target.dtype].map(({ fields, name, descr }) => (fields === undefined ? name : JSON.stringify(descr)));
  throw new FileProblem(path, `${from} cannot become ${to} by the rule ${casting}: choose another dtype, or --casting unsafe`);
}

/**
 * Appends all rows of `sources`. If it stops early, the file keeps the whole rows that were appended, and the message says how
 * many it holds. With `isNew` it refuses a file that appeared while the sources were opened.
 */
export async function grow(
  file: string,
  open: OpenOptions,
  sources: readonly NamedSource[],
  options: GrowOptions,
  { isNew = false }: { readonly isNew?: boolean } = {},
): Promise<Growth> {
  let appended = 0;
  const npaa = await openFile(file, open, options);
  if (isNew && npaa.shape !== undefined) {
    await npaa.close();
    throw appeared(file);
  }
  const before = npaa.length;
  const total = totalOf(sources);
  const progress = await Progress.start(shown(file), total, options);
  const appendAll = async (signal: AbortSignal): Promise<void> => {
    for (const named of sources) appended += await appendSource(npaa, file, named, progress, signal);
  };
  try {
    await interruptible(appendAll, { fed: total === undefined });
  } catch (error) {
    progress.stop();
    await npaa.close();
    if (isTaken(file, npaa, open, error)) throw appeared(file);
    if (error instanceof Interrupted) tell(`interrupted: ${shown(file)} holds ${counted(npaa.length, "row")}`);
    else if (npaa.length > before && error instanceof Error) {
      error.message += ` (${shown(file)} holds ${counted(npaa.length, "row")}, ${npaa.length - before} of them new)`;
    }
    throw error;
  }
  try {
    // Of an object, this sends the last rows.
    await npaa.close();
  } catch (error) {
    throw about(file, error);
  } finally {
    progress.stop();
  }
  return { appended, length: npaa.length };
}

/** Whether an append failed because a file appeared where it was creating one. */
function isTaken(file: string, { shape }: GrowingFile, { deleteIfExists = false }: OpenOptions, error: unknown): boolean {
  const { cause } = error as Error;
  const isChanged = cause instanceof NpyError && cause.code === "ERR_NPY_CHANGED" && nameOf(cause.path ?? "") === file;
  return isChanged && shape === undefined && !deleteIfExists;
}

function appeared(file: string): FileProblem {
  return new FileProblem(file, "it appeared in the meantime: run the command again, or choose another name");
}

/** The codes of errors that concern the appended rows. */
const OF_INPUT: ReadonlySet<NpyErrorCode> = new Set(["ERR_NPY_SHAPE", "ERR_NPY_CAST", "ERR_NPY_VALUE", "ERR_NPY_DTYPE"]);

/** A writer of either kind. Readers must be of the same kind. */
export interface GrowingFile extends Pick<NpyAppendArray, "shape" | "length"> {
  append(rows: ArrayInput): unknown;
  appendFrom(reader: NpyReader | NpyReaderSync, rows: { readonly start: number; readonly stop: number }): unknown;
  close(): unknown;
}

/** Writes to files are synchronous, for the reason given in sources/bytes.ts. */
async function openFile(file: string, open: OpenOptions, options: GrowOptions): Promise<GrowingFile> {
  const { casting, onOverflow, durability, isAsync } = options;
  const chosen = { ...(casting && { casting }), ...(onOverflow && { onOverflow }), ...(durability && { durability }) };
  try {
    if (isAsync) return await NpyAppendArray.open(await fileAt(file), { ...open, ...chosen });
    return NpyAppendArray.openSync(file, { ...open, ...chosen });
  } catch (error) {
    throw about(file, error);
  }
}

function totalOf(sources: readonly NamedSource[]): number | undefined {
  const sizes = sources.map(({ source }) => source.bytes);
  return sizes.includes(undefined) ? undefined : sizes.reduce<number>((sum, size) => sum + (size as number), 0);
}

async function appendSource(
  npaa: GrowingFile,
  file: string,
  { path, source }: NamedSource,
  progress: Progress,
  signal: AbortSignal,
): Promise<number> {
  let last: Block | undefined;
  let reached = 0;
  const reach = (bytes: number): void => {
    progress.advance(bytes - reached);
    reached = bytes;
  };
  const rows = npaa.length;
  const blocks = source.blocks(reach, signal)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await unlessAborted(signal, blocks.next()).catch((error: unknown) => {
        throw error instanceof Interrupted ? error : about(path, error);
      });
      if (next.done === true) return npaa.length - rows;
      last = next.value;
      if ("reader" in last) await npaa.appendFrom(last.reader, { start: last.start, stop: last.stop });
      else await npaa.append(last.input as ArrayInput);
      // Signals and progress bars are handled between blocks.
      await turnOfEventLoop();
    }
  } catch (error) {
    if (error instanceof Interrupted || error instanceof FileProblem) throw error;
    // Invalid rows are a problem of their source, everything else is one of the file.
    if (!(error instanceof NpyError) || (nameOf(error.path ?? "") === file && !OF_INPUT.has(error.code)))
      throw about(file, error);
    const [at] = error.index ?? [];
    if (at === undefined) throw about(path, error);
    throw new FileProblem(path, `${last?.placeOf(at)}: ${reasonOf(error)}`, { cause: error });
  } finally {
    // Not awaited: the source may hang.
    void blocks.return?.().catch(() => undefined);
  }
}

/**
 * Settles as `promise` does, or rejects when the signal aborts, whichever comes first. `Promise.race` against one promise of the
 * signal would keep every result in memory as long as that promise exists.
 */
function unlessAborted<Result>(signal: AbortSignal, promise: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
