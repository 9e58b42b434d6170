/** What readers have open. It is found without importing their classes, which would bring all of reading along wherever rows are appended. */
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
