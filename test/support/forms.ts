/** The verbs on files, synchronous and asynchronous. */
import {
  ensureAppendable,
  ensureAppendableSync,
  NpyAppendArray,
  type OpenOptions,
  recover,
  recoverSync,
  save,
  saveSync,
} from "../../src/node.ts";
import type { Eventually, Storage } from "../../src/storage/storage.ts";

/** What `NpyAppendArray` and `NpyAppendArraySync` have in common. */
export interface Appender {
  readonly shape: readonly number[] | undefined;
  readonly length: number;
  append(rows: Int16Array | Int32Array | Float32Array | Float64Array | number[]): Eventually<void>;
  appendFrom(source: never): Eventually<number>;
  set(start: number, rows: Int16Array | number[]): Eventually<void>;
  truncate(rows: number): Eventually<void>;
  updateHeader(): Eventually<void>;
  sync(): Eventually<void>;
  close(): Eventually<void>;
}

export interface FileVerbs {
  open(file: string | Storage, options?: OpenOptions): Eventually<Appender>;
  readonly recover: typeof recover | typeof recoverSync;
  readonly ensureAppendable: typeof ensureAppendable | typeof ensureAppendableSync;
  readonly save: typeof save | typeof saveSync;
}

export const FILE_FORMS: readonly (readonly ["sync" | "async", FileVerbs])[] = [
  ["sync", { open: NpyAppendArray.openSync, recover: recoverSync, ensureAppendable: ensureAppendableSync, save: saveSync }],
  ["async", { open: NpyAppendArray.open, recover, ensureAppendable, save }],
];

/** Rejects also what a synchronous function throws. */
export async function attempt(action: () => unknown): Promise<unknown> {
  return await action();
}
