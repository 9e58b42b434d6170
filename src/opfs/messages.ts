/** What a page and its worker say to each other. */
import { NpyError, type NpyErrorCode } from "../errors.ts";
import type { OpenMode } from "../storage/storage.ts";

/** What the worker is asked for. A file is a number, a storage its path. */
export interface Requests {
  open(path: string, mode: OpenMode): Opened;
  create(path: string): Opened;
  createTemporary(path: string): Opened;
  replace(path: string, file: number): void;
  place(path: string, file: number): boolean;
  remove(path: string, file: number): void;
  size(file: number): number;
  currentSize(file: number): number | undefined;
  /** Returns the bytes that were read, up to `length`. */
  read(file: number, position: number, length: number): Uint8Array;
  write(file: number, position: number, bytes: Uint8Array): void;
  truncate(file: number, size: number): void;
  sync(file: number): void;
  lock(file: number): "locked" | "taken";
  close(file: number): void;
}

export interface Opened {
  readonly file: number;
  readonly key: unknown;
}

/** The number of a call, what is called, and its arguments. */
export type Call = readonly [id: number, name: keyof Requests, args: readonly unknown[]];

/** The number of a call, its result, and what it failed with. */
export type Reply = readonly [id: number, result: unknown, failure?: Failure];

/** What the worker says first: the Web Lock that it holds as long as it lives, or what it lacks. */
export interface Greeting {
  readonly life: string;
  readonly problem: Failure | undefined;
}

/** An error on its way between realms: browsers keep neither codes nor classes. */
export interface Failure {
  readonly npyCode: NpyErrorCode | undefined;
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function failureOf(error: unknown): Failure {
  if (error instanceof NpyError) return { npyCode: error.code, text: error.reason, fields: { path: error.path } };
  if (!(error instanceof Error)) return { npyCode: undefined, text: String(error), fields: {} };
  const { name, message, code, syscall, path } = error as Error & Readonly<Record<string, unknown>>;
  return { npyCode: undefined, text: message, fields: { name, code, syscall, path } };
}

export function errorOf({ npyCode, text, fields }: Failure): Error {
  if (npyCode !== undefined) return new NpyError(npyCode, text, fields);
  return Object.assign(new Error(text), fields);
}
