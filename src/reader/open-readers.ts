/** What readers have open. It is found without importing their classes, which would bring all of reading along wherever rows are appended. */
import type { Plan } from "../plan/step.ts";
import type { OpenArray } from "./open-array.ts";

/** Uses what a reader has open, which is not closed meanwhile. */
export type WhileOpen = <Result>(use: (array: OpenArray<unknown>) => Promise<Result>) => Promise<Result>;

const readers = new WeakMap<object, WhileOpen>();
const syncReaders = new WeakMap<object, () => OpenArray<unknown>>();

/** Called by each `NpyReader` that is made. */
export function addReader(reader: object, whileOpen: WhileOpen): void {
  readers.set(reader, whileOpen);
}

/** Called by each `NpyReaderSync` that is made. */
export function addReaderSync(reader: object, open: () => OpenArray<unknown>): void {
  syncReaders.set(reader, open);
}

/** Whether this is a `NpyReader`. */
export function isReader<Reader extends object>(source: object): source is Reader {
  return readers.has(source);
}

/** Whether this is a `NpyReaderSync`. */
export function isReaderSync<Reader extends object>(source: object): source is Reader {
  return syncReaders.has(source);
}

/** Uses what a reader has open, which is not closed meanwhile. */
export function whileOpen<Result>(reader: object, use: (array: OpenArray<unknown>) => Promise<Result>): Promise<Result> {
  return (readers.get(reader) as WhileOpen)(use);
}

/** What a reader has open. */
export function openArrayOf(reader: object): OpenArray<unknown> {
  return (syncReaders.get(reader) as () => OpenArray<unknown>)();
}

/** What a reader has open, which is not closed before it is released. */
export interface HeldArray {
  readonly array: OpenArray<unknown>;
  release(): void;
}

/** {@link whileOpen}, where the use does not end with a call. */
export function holdOpen(reader: object): Promise<HeldArray> {
  return new Promise((resolve, reject) => {
    whileOpen(reader, (array) => new Promise<void>((release) => resolve({ array, release }))).catch(reject);
  });
}

/** An array of a group, as it lies in one file. */
export interface GroupPart {
  /** The name of the file, without `.npy`. */
  readonly name: string;
  /** An `NpyReader`, or its synchronous twin. */
  readonly reader: object;
  /** The rows of the file that count. */
  readonly rows: number;
}

const groups = new WeakMap<object, () => Plan<readonly GroupPart[]>>();

/** Called by each reader of a group that is made. `parts` throws once it was closed. */
export function addGroup(reader: object, parts: () => Plan<readonly GroupPart[]>): void {
  groups.set(reader, parts);
}

/** The files of a group that a reader of groups has open; `undefined` for anything else. */
export function groupParts(reader: object): Plan<readonly GroupPart[]> | undefined {
  return groups.get(reader)?.();
}
