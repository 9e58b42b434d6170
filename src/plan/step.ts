/**
 * The steps that plans are made of. A plan is a generator that yields steps and receives their results. It does no I/O itself, so
 * the same plan runs synchronously, asynchronously, in memory, or under a test that stops or fails it at any step. The order of its
 * steps keeps a plan safe.
 */
import { NpyError } from "../errors.ts";
import type { Folder } from "../storage/folder.ts";
import type {
  Advice,
  Eventually,
  LockResult,
  MappedPart,
  OpenMode,
  ReadPurpose,
  Storage,
  StorageFile,
} from "../storage/storage.ts";
import { isPending } from "../storage/storage.ts";
import { type Part, readTogether } from "./read-together.ts";

/** One operation on a storage or an open file, or a wait for another thread. The drivers in `run.ts` call one of its functions. */
export interface Step<Result = unknown> {
  /** The name of the function below that makes it. */
  readonly op: string;
  readonly now: () => Result;
  /** Returns a promise only where the result takes time. A read fails once `signal` is aborted; no other step heeds it. */
  readonly later: (signal?: AbortSignal) => Eventually<Result>;
}

/** A procedure in steps, with a result. */
export type Plan<Result> = Generator<Step, Result, unknown>;

/** Without `later`, the step runs at once in either driver. */
interface Declaration<Result> extends Pick<Step<Result>, "op" | "now"> {
  readonly later?: Step<Result>["later"];
}

function* step<Result>({ op, now, later = now }: Declaration<Result>): Plan<Result> {
  return (yield { op, now, later }) as Result;
}

/** @throws NpyError `ERR_NPY_OPTION` for a storage without a synchronous half. */
function synchronous(storage: Storage): Storage {
  if ("openSync" in storage) return storage;
  throw new NpyError(
    "ERR_NPY_OPTION",
    "This storage has no openSync and works asynchronously only: call the verb whose name does not end in Sync, and await it.",
  );
}

export function open(storage: Storage, mode: OpenMode, limits: ReadPurpose = {}): Plan<StorageFile> {
  limits.signal?.throwIfAborted();
  return step({ op: "open", now: () => synchronous(storage).openSync(mode), later: () => storage.open(mode, limits) });
}

/** The names of the files in a folder. */
export function list(folder: Folder): Plan<readonly string[]> {
  return step({ op: "list", now: () => synchronousFolder(folder).listSync(), later: () => folder.list() });
}

/** @throws NpyError `ERR_NPY_OPTION` for a folder without a synchronous half. */
function synchronousFolder(folder: Folder): Folder {
  if ("listSync" in folder) return folder;
  throw new NpyError(
    "ERR_NPY_OPTION",
    "This folder has no listSync and works asynchronously only: call the verb whose name does not end in Sync, and await it.",
  );
}

export function create(storage: Storage): Plan<StorageFile> {
  return step({ op: "create", now: () => synchronous(storage).createSync(), later: () => storage.create() });
}

export function createTemporary(storage: Storage): Plan<StorageFile> {
  return step({
    op: "createTemporary",
    now: () => synchronous(storage).createTemporarySync(),
    later: () => storage.createTemporary(),
  });
}

export function replace(storage: Storage, file: StorageFile): Plan<void> {
  return step({ op: "replace", now: () => storage.replaceSync(file), later: () => storage.replace(file) });
}

/** Gives a temporary file its name. Returns `false`, and changes nothing, where that takes several steps. Fails with `EEXIST` if the name is taken. */
export function place(storage: Storage, file: StorageFile): Plan<boolean> {
  return step({ op: "place", now: () => storage.placeSync?.(file) ?? false, later: () => storage.place?.(file) ?? false });
}

export function remove(storage: Storage, file: StorageFile): Plan<void> {
  return step({ op: "remove", now: () => storage.removeSync(file), later: () => storage.remove(file) });
}

/** Returns the holder of the right to rewrite the file in place, if it is held. */
export function claimRewrite(storage: Storage, isLocked: boolean): Plan<string | undefined> {
  return step({ op: "claimRewrite", now: () => storage.claimRewrite?.(isLocked) });
}

export function releaseRewrite(storage: Storage): Plan<void> {
  return step({ op: "releaseRewrite", now: () => storage.releaseRewrite?.() });
}

export function lock(file: StorageFile): Plan<LockResult> {
  return step<LockResult>({
    op: "lock",
    now: () => file.lockSync?.() ?? "unsupported",
    later: () => file.lock?.() ?? "unsupported",
  });
}

export function size(file: StorageFile): Plan<number> {
  return step({ op: "size", now: () => file.sizeSync(), later: () => file.size() });
}

/** Returns `undefined` once the file was deleted, or another one took its place. */
export function currentSize(file: StorageFile): Plan<number | undefined> {
  const now = (): number | undefined => (file.currentSizeSync === undefined ? file.sizeSync() : file.currentSizeSync());
  return step({ op: "currentSize", now, later: () => (file.currentSize === undefined ? file.size() : file.currentSize()) });
}

/** Returns how many bytes were read: fewer than asked for only at the end of the file. */
export function read(file: StorageFile, buffer: Uint8Array, position: number): Plan<number> {
  return step({
    op: "read",
    now: () => file.readSync(buffer, position),
    later(signal) {
      signal?.throwIfAborted();
      return file.read(buffer, position, signal);
    },
  });
}

/** Reads several parts, at the same time where reading takes time. Returns where the file ended, if it did before the end of a part. */
export function readParts(file: StorageFile, parts: readonly Part[]): Plan<number | undefined> {
  return step({
    op: "readParts",
    now() {
      for (const { bytes, position } of parts) {
        const count = file.readSync(bytes, position);
        if (count < bytes.length) return position + count;
      }
      return undefined;
    },
    later: (signal) => readTogether(file, parts, signal),
  });
}

/** Only for files whose storage has no `mapProblem`. */
export function map(
  file: StorageFile,
  position: number,
  length: number,
  advice: Advice | undefined,
): Plan<Uint8Array<ArrayBuffer>> {
  return step({ op: "map", now: () => file.map?.(position, length, advice) as Uint8Array<ArrayBuffer> });
}

export function write(file: StorageFile, bytes: Uint8Array, position: number): Plan<void> {
  return step({ op: "write", now: () => file.writeSync(bytes, position), later: () => file.write(bytes, position) });
}

/** A write that may still be under way. */
export interface StartedWrite {
  readonly pending: Promise<void> | undefined;
}

/** Begins a write. Its bytes must not change before {@link finishWrite}. */
export function startWrite(file: StorageFile, bytes: Uint8Array, position: number): Plan<StartedWrite> {
  return step<StartedWrite>({
    op: "startWrite",
    now() {
      file.writeSync(bytes, position);
      return { pending: undefined };
    },
    later() {
      const writing = file.write(bytes, position);
      const pending = isPending(writing) ? Promise.resolve(writing) : undefined;
      // finishWrite reports a failure.
      pending?.catch(() => undefined);
      return { pending };
    },
  });
}

/** Waits for a write that was started, and throws the error of one that failed. */
export function finishWrite({ pending }: StartedWrite): Plan<void> {
  return step<void>({ op: "finishWrite", now: () => undefined, later: () => pending });
}

/** Returns how many bytes were copied without passing through this process: 0 where that is impossible, or not faster. */
export function copyRange(from: StorageFile, start: number, file: StorageFile, position: number, length: number): Plan<number> {
  return step({ op: "copyRange", now: () => 0, later: () => file.copyFrom?.(from, start, position, length) ?? 0 });
}

export function truncate(file: StorageFile, size: number): Plan<void> {
  return step({ op: "truncate", now: () => file.truncateSync(size), later: () => file.truncate(size) });
}

/** Lengthens the file by a hole, or by what was reserved. At once: a longer size takes no time. */
export function lengthen(file: StorageFile, size: number): Plan<void> {
  return step({ op: "truncate", now: () => file.truncateSync(size) });
}

/** Reserves disk space after the end of the file. Returns `false` where that is impossible. */
export function reserve(file: StorageFile, position: number, length: number): Plan<boolean> {
  return step({ op: "reserve", now: () => file.reserve?.(position, length) ?? false });
}

/** Maps a part of the file for storing into it. `undefined` where that is impossible. */
export function mapEnd(file: StorageFile, position: number, length: number): Plan<MappedPart | undefined> {
  return step({ op: "mapEnd", now: () => file.mapEnd?.(position, length) });
}

/** Inserts zeros at the beginning. Returns `false`, and changes nothing, where that is impossible. */
export function insert(file: StorageFile, length: number): Plan<boolean> {
  return step({ op: "insert", now: () => file.insertSync?.(length) ?? false, later: () => file.insert?.(length) ?? false });
}

/** Makes writing to the first `length` bytes need no more space. Returns `false` where that is impossible, or not known to be done. */
export function unshare(file: StorageFile, length: number): Plan<boolean> {
  return step({ op: "unshare", now: () => file.unshareSync?.(length) ?? false });
}

export function copyTimes(from: StorageFile, file: StorageFile): Plan<void> {
  return step({ op: "copyTimes", now: () => file.copyTimes?.(from) });
}

export function sync(file: StorageFile): Plan<void> {
  return step({ op: "sync", now: () => file.syncSync(), later: () => file.sync() });
}

/** Syncs several files, at the same time where that takes time. Every sync has ended when this returns, or throws the first error. */
export function syncTogether(files: readonly StorageFile[]): Plan<void> {
  return step<void>({
    op: "syncTogether",
    now() {
      for (const file of files) file.syncSync();
    },
    async later() {
      const results = await Promise.allSettled(files.map(async (file) => await file.sync()));
      for (const result of results) if (result.status === "rejected") throw result.reason;
    },
  });
}

/** Makes what was written visible, or drops it, where writing alone changes nothing that others see. */
function* conclude(file: StorageFile, op: "publish" | "abort"): Plan<void> {
  if (file[op] !== undefined) yield* step<unknown>({ op, now: () => file[op]?.(), later: () => file[op]?.() });
}

/** Makes what was written visible. */
export function publish(file: StorageFile): Plan<void> {
  return conclude(file, "publish");
}

export function close(file: StorageFile): Plan<void> {
  return step({ op: "close", now: () => file.closeSync(), later: () => file.close() });
}

/** Does work on memory that takes long, such as compression, and may go on in another thread. */
export function perform<Result>(now: () => Result, later: () => Eventually<Result>): Plan<Result> {
  return step<Result>({ op: "perform", now, later });
}

/** Waits until another thread wakes the waiters of a shared word, unless the word is no longer `value`. */
export function wait(words: Int32Array<SharedArrayBuffer>, index: number, value: number): Plan<void> {
  return step({ op: "wait", now: () => void Atomics.wait(words, index, value), later: () => untilWoken(words, index, value) });
}

/** The longest delay of a timer. */
const MAX_DELAY = 2 ** 31 - 1;

function untilWoken(words: Int32Array<SharedArrayBuffer>, index: number, value: number): Eventually<void> {
  const waiting = Atomics.waitAsync(words, index, value);
  if (!waiting.async) return;
  // Waiting for another thread does not keep the program running by itself.
  const alive = setTimeout(() => undefined, MAX_DELAY);
  return waiting.value.then(() => clearTimeout(alive));
}

/** Waits so many milliseconds. The synchronous step blocks the thread, so it returns `false` at once if that is what is waited for. */
export function delay(milliseconds: number, isForThisThread: boolean): Plan<boolean> {
  return step<boolean>({
    op: "delay",
    now() {
      if (isForThisThread) return false;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
      return true;
    },
    later: () => new Promise((resolve) => setTimeout(() => resolve(true), milliseconds)),
  });
}

/** Lets the event loop turn, if there is one. */
export function turn(): Plan<void> {
  return step<void>({ op: "turn", now: () => undefined, later: () => new Promise((resolve) => nextTurn(resolve)) });
}

/** Browsers have no `setImmediate`. */
const nextTurn: (callback: () => void) => unknown = typeof setImmediate === "undefined" ? setTimeout : setImmediate;

// Plans that others are made of.

/** Whether the file still has its name, as far as its storage can tell. */
export function* isCurrent(file: StorageFile): Plan<boolean> {
  return file.currentSize === undefined || (yield* currentSize(file)) !== undefined;
}

/** Cleans up after an error as far as possible: a second error must not hide the first. */
export function* quietly(plan: Plan<void>): Plan<void> {
  try {
    yield* plan;
  } catch {
    // The first error says more.
  }
}

/** Runs `use`, publishes what it wrote, and closes the file whatever happens. */
export function* closing<Result>(file: StorageFile, use: () => Plan<Result>): Plan<Result> {
  let result: Result;
  try {
    result = yield* use();
    yield* publish(file);
  } catch (error) {
    yield* quietly(conclude(file, "abort"));
    yield* quietly(close(file));
    throw error;
  }
  yield* close(file);
  return result;
}

/** Opens a file, runs `use` on it, publishes what it wrote, and closes it whatever happens. */
export function* withFile<Result>(
  storage: Storage,
  mode: OpenMode,
  use: (file: StorageFile) => Plan<Result>,
  limits?: ReadPurpose,
): Plan<Result> {
  const file = yield* open(storage, mode, limits);
  return yield* closing(file, () => use(file));
}

/** Closes and deletes, after an error, a file that `create` or `createTemporary` made. */
export function* discard(storage: Storage, file: StorageFile): Plan<void> {
  yield* quietly(close(file));
  yield* quietly(remove(storage, file));
}
