/**
 * The steps that plans are made of. A plan is a generator that yields steps and is given their results; it touches nothing
 * itself, so that one and the same plan runs synchronously, asynchronously, in memory, or under a test that stops or fails it
 * at any step. The order of a plan's steps is its safety.
 */
import { withPath } from "../errors.ts";
import type { Advice, LockResult, OpenMode, Storage, StorageFile } from "../storage/storage.ts";

/** One operation on a storage or on an open file; or waiting until another thread changes a word. */
export type Step =
  | { readonly op: "open"; readonly storage: Storage; readonly mode: OpenMode }
  | { readonly op: "create"; readonly storage: Storage }
  | { readonly op: "createTemporary"; readonly storage: Storage }
  | { readonly op: "replace"; readonly storage: Storage; readonly file: StorageFile }
  | { readonly op: "place"; readonly storage: Storage; readonly file: StorageFile }
  | { readonly op: "remove"; readonly storage: Storage; readonly file: StorageFile }
  | { readonly op: "size"; readonly file: StorageFile }
  | { readonly op: "read"; readonly file: StorageFile; readonly buffer: Uint8Array; readonly position: number }
  | {
      readonly op: "map";
      readonly file: StorageFile;
      readonly position: number;
      readonly length: number;
      readonly advice: Advice | undefined;
    }
  | { readonly op: "write"; readonly file: StorageFile; readonly bytes: Uint8Array; readonly position: number }
  | { readonly op: "startWrite"; readonly file: StorageFile; readonly bytes: Uint8Array; readonly position: number }
  | { readonly op: "finishWrite"; readonly write: StartedWrite }
  | {
      readonly op: "copyRange";
      readonly from: StorageFile;
      readonly start: number;
      readonly file: StorageFile;
      readonly position: number;
      readonly length: number;
    }
  | { readonly op: "truncate"; readonly file: StorageFile; readonly size: number }
  | { readonly op: "insert"; readonly file: StorageFile; readonly length: number }
  | { readonly op: "copyTimes"; readonly from: StorageFile; readonly file: StorageFile }
  | { readonly op: "lock"; readonly file: StorageFile }
  | { readonly op: "claimRewrite"; readonly storage: Storage; readonly isLocked: boolean }
  | { readonly op: "releaseRewrite"; readonly storage: Storage }
  | { readonly op: "currentSize"; readonly file: StorageFile }
  | { readonly op: "sync"; readonly file: StorageFile }
  | { readonly op: "wait"; readonly words: Int32Array<SharedArrayBuffer>; readonly index: number; readonly value: number }
  | { readonly op: "turn" }
  | { readonly op: "close"; readonly file: StorageFile };

/** A write that may still be under way, where steps are asynchronous. */
export interface StartedWrite {
  readonly pending: Promise<void> | undefined;
}

/** What a step gives: a file, a number, yes or no, what came of a lock, who has a claim, bytes, a write, or nothing. */
// biome-ignore lint/suspicious/noConfusingVoidType: what functions without a result return
export type StepResult = StorageFile | number | boolean | string | Uint8Array<ArrayBuffer> | StartedWrite | void;

/** A procedure in steps, with a result. */
export type Plan<Result> = Generator<Step, Result, StepResult>;

// One function a step, which knows the type of the step's result.

export function* open(storage: Storage, mode: OpenMode): Plan<StorageFile> {
  return (yield { op: "open", storage, mode }) as StorageFile;
}

export function* create(storage: Storage): Plan<StorageFile> {
  return (yield { op: "create", storage }) as StorageFile;
}

export function* createTemporary(storage: Storage): Plan<StorageFile> {
  return (yield { op: "createTemporary", storage }) as StorageFile;
}

export function* replace(storage: Storage, file: StorageFile): Plan<void> {
  yield { op: "replace", storage, file };
}

/** Whether a temporary file could be given its name in one step: if not, nothing was changed. Fails with `EEXIST` if the name is taken. */
export function* place(storage: Storage, file: StorageFile): Plan<boolean> {
  return (yield { op: "place", storage, file }) as boolean;
}

export function* remove(storage: Storage, file: StorageFile): Plan<void> {
  yield { op: "remove", storage, file };
}

export function* size(file: StorageFile): Plan<number> {
  return (yield { op: "size", file }) as number;
}

export function* read(file: StorageFile, buffer: Uint8Array, position: number): Plan<number> {
  return (yield { op: "read", file, buffer, position }) as number;
}

/** Of a file whose storage has no `mapProblem`. */
export function* map(
  file: StorageFile,
  position: number,
  length: number,
  advice: Advice | undefined,
): Plan<Uint8Array<ArrayBuffer>> {
  return (yield { op: "map", file, position, length, advice }) as Uint8Array<ArrayBuffer>;
}

export function* write(file: StorageFile, bytes: Uint8Array, position: number): Plan<void> {
  yield { op: "write", file, bytes, position };
}

/** Begins a write: what it writes must stay as it is until the write is finished. */
export function* startWrite(file: StorageFile, bytes: Uint8Array, position: number): Plan<StartedWrite> {
  return (yield { op: "startWrite", file, bytes, position }) as StartedWrite;
}

/** Waits for a write that was started; throws what it failed with. */
export function* finishWrite(write: StartedWrite): Plan<void> {
  yield { op: "finishWrite", write };
}

/** How many bytes could be copied without reading and writing them: 0 if that is not possible. */
export function* copyRange(from: StorageFile, start: number, file: StorageFile, position: number, length: number): Plan<number> {
  return (yield { op: "copyRange", from, start, file, position, length }) as number;
}

export function* truncate(file: StorageFile, size: number): Plan<void> {
  yield { op: "truncate", file, size };
}

/** Whether zeros were inserted at the beginning; if not, nothing was changed. */
export function* insert(file: StorageFile, length: number): Plan<boolean> {
  return (yield { op: "insert", file, length }) as boolean;
}

export function* copyTimes(from: StorageFile, file: StorageFile): Plan<void> {
  yield { op: "copyTimes", from, file };
}

export function* lock(file: StorageFile): Plan<LockResult> {
  return (yield { op: "lock", file }) as LockResult;
}

/** Who has the right to rewrite the file in place, if it cannot be had. */
export function* claimRewrite(storage: Storage, isLocked: boolean): Plan<string | undefined> {
  return (yield { op: "claimRewrite", storage, isLocked }) as string | undefined;
}

export function* releaseRewrite(storage: Storage): Plan<void> {
  yield { op: "releaseRewrite", storage };
}

/** `undefined` once the file was deleted, or another one took its place. */
export function* currentSize(file: StorageFile): Plan<number | undefined> {
  return (yield { op: "currentSize", file }) as number | undefined;
}

/** Whether it is still there, as far as that can be noticed. */
export function* isCurrent(file: StorageFile): Plan<boolean> {
  return file.currentSize === undefined || (yield* currentSize(file)) !== undefined;
}

export function* sync(file: StorageFile): Plan<void> {
  yield { op: "sync", file };
}

/** Waits until a word that threads share is woken, unless it is no longer what it was. */
export function* wait(words: Int32Array<SharedArrayBuffer>, index: number, value: number): Plan<void> {
  yield { op: "wait", words, index, value };
}

/** Lets the event loop turn, if there is one. */
export function* turn(): Plan<void> {
  yield { op: "turn" };
}

export function* close(file: StorageFile): Plan<void> {
  yield { op: "close", file };
}

/** Cleans up after an error as far as that can be done: one more error must not hide the first. */
export function* quietly(plan: Plan<void>): Plan<void> {
  try {
    yield* plan;
  } catch {
    // The error that is being cleaned up after says more.
  }
}

/** Runs `use`, and closes the file whatever happens. */
export function* closing<Result>(file: StorageFile, use: () => Plan<Result>): Plan<Result> {
  let result: Result;
  try {
    result = yield* use();
  } catch (error) {
    yield* quietly(close(file));
    throw error;
  }
  yield* close(file);
  return result;
}

/** Opens a file, runs `use` on it, and closes it whatever happens. */
export function* withFile<Result>(storage: Storage, mode: OpenMode, use: (file: StorageFile) => Plan<Result>): Plan<Result> {
  const file = yield* open(storage, mode);
  try {
    return yield* closing(file, () => use(file));
  } catch (error) {
    throw withPath(error, storage.path);
  }
}

/** Closes and deletes, after an error, a file that `create` or `createTemporary` made. */
export function* discard(storage: Storage, file: StorageFile): Plan<void> {
  yield* quietly(close(file));
  yield* quietly(remove(storage, file));
}
