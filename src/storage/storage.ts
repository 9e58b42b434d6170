/**
 * The contract of a place that holds one file: positional, without a hidden cursor, each operation synchronous and
 * asynchronous. An asynchronous operation may return its result at once where waiting would cost more than doing.
 *
 * Failures are the backend's own errors. Two of their codes mean something here: `ENOENT` (nothing is there) from `open`, and
 * `EEXIST` (something is there) from `create`.
 */

/** A result now, or later. */
export type Eventually<Result> = Result | Promise<Result>;

/** Whether a result has to be waited for. A storage may give any thenable, such as the promise of another realm or library. */
export function isPending(result: unknown): result is PromiseLike<unknown> {
  return typeof result === "object" && result !== null && typeof (result as Partial<PromiseLike<unknown>>).then === "function";
}

/** A place that may hold a file, such as a path. */
export interface Storage {
  /** For messages. */
  readonly path: string | undefined;
  /** Two storages that may hold the same file have equal keys, once `open` has been tried. Compared as a `Map` compares. */
  readonly key: unknown;

  /** Opens what is there; fails with `ENOENT`. */
  open(mode: OpenMode): Eventually<StorageFile>;
  openSync(mode: OpenMode): StorageFile;
  /** Creates an empty file, open for reading and writing; fails with `EEXIST` rather than touch one that is there. */
  create(): Eventually<StorageFile>;
  createSync(): StorageFile;
  /** Creates an empty file that may later {@link replace} the one that is there, with the same permissions. */
  createTemporary(): Eventually<StorageFile>;
  createTemporarySync(): StorageFile;
  /** Puts a temporary file in place of what is there: readers see either the old or the new one. If it is open, it stays so. */
  replace(temporary: StorageFile): Eventually<void>;
  replaceSync(temporary: StorageFile): void;
  /**
   * Gives a temporary file the name in one step if nothing has it, and fails with `EEXIST` rather than replace anything. `false`, and
   * nothing is changed, where that is not possible. Without it, it is not.
   */
  place?(temporary: StorageFile): Eventually<boolean>;
  placeSync?(temporary: StorageFile): boolean;
  /** Calls back when the file may have changed, until the function that it gives is called; `undefined` where that is not possible. */
  watch?(onChange: () => void): (() => void) | undefined;
  /** The path by which other threads open the same file; without it, the file cannot be shared with them. */
  readonly sharedPath?: string;
  /**
   * What keeps files from being locked against other processes, as the end of a sentence; `undefined` if nothing does. Without it, there are no
   * locks here.
   */
  lockProblem?(): string | undefined;
  /**
   * What keeps files from being mapped into memory, or with `isWritten` into memory that changes them, as a sentence without its end;
   * `undefined` if nothing does. Without it, files have no `map` here.
   */
  mapProblem?(isWritten: boolean): string | undefined;
  /**
   * Claims the right to rewrite the file in place, until `releaseRewrite`, also against processes that have no locks. Gives who has it, as the end
   * of "is being rewritten by", if it cannot be had. Takes effect at once, as all that only names files. `isLocked`: the caller has the lock of
   * the file. Without it, nothing keeps others out but a lock.
   */
  claimRewrite?(isLocked: boolean): string | undefined;
  /** Takes the claim back, or what is left of one whose process is gone. */
  releaseRewrite?(): void;
  /** Deletes a file that `create` or `createTemporary` made. */
  remove(file: StorageFile): Eventually<void>;
  removeSync(file: StorageFile): void;
}

/** What came of locking a file: another process may have it, or there may be no locks where it is. */
export type LockResult = "locked" | "taken" | "unsupported";

/** In what order mapped memory will be looked at, so that the system reads ahead, or does not. */
export type Advice = "sequential" | "random";

/** `"r"` reads, `"r+"` reads and writes. */
export type OpenMode = "r" | "r+";

/** An open file. Positions and sizes are bytes, below 2^53. */
export interface StorageFile {
  /** Equal for two openings of one file, whatever the way to it. */
  readonly key: unknown;
  /** The names that the file has, where files can have several. */
  readonly links?: number;
  /** What `insert` can insert: multiples of it. `undefined` where it is not known that anything can be inserted. */
  readonly blockSize?: number | undefined;
  /** Whether its bytes stay as they are: what changes at its place is another file, with another key. */
  readonly isSnapshot?: boolean;
  /** Up to so many bytes `write` writes at once, and gives no promise. Default 0. */
  readonly writesAtOnce?: number;

  /** Memory to read into, with whatever is in it: to write zeros first takes as long as to read. */
  allocate?(length: number): Uint8Array<ArrayBuffer>;
  size(): Eventually<number>;
  sizeSync(): number;
  /** Fills `buffer` from `position` on; returns the bytes read, which are fewer only where the file ends. */
  read(buffer: Uint8Array, position: number): Eventually<number>;
  readSync(buffer: Uint8Array, position: number): number;
  /**
   * The bytes of the file themselves, in memory; the file must not end before them. Copy-on-write: what is written into them is not
   * written into the file. They stay as long as they can be reached, also when the file is closed. Their `byteOffset` is aligned to 8 bytes
   * as `position` is. Fails with a `RangeError` if they are more than one buffer can hold.
   */
  map?(position: number, length: number, advice: Advice | undefined): Uint8Array<ArrayBuffer>;
  /**
   * The first `length` bytes of the file, in memory that is the file's: what is stored there is in the file, and what is written to the file is
   * there, until it is closed. Always asked for with the same length.
   */
  mapStart?(length: number): Uint8Array<ArrayBuffer>;
  /**
   * Copies up to `length` bytes, from `start` on in another file, to `position`, without their passing through this process. Gives how many it
   * could: 0 where that is not possible, or where there are none. Synchronously, reading and writing takes no longer.
   */
  copyFrom?(from: StorageFile, start: number, position: number, length: number): Eventually<number>;
  /** Writes all of `bytes`; a gap between the end of the file and `position` reads as zeros. */
  write(bytes: Uint8Array, position: number): Eventually<void>;
  writeSync(bytes: Uint8Array, position: number): void;
  /** Cuts the file, or lengthens it with zeros. */
  truncate(size: number): Eventually<void>;
  truncateSync(size: number): void;
  /** Inserts zeros at the beginning; `false`, and nothing is changed, where that is not possible. */
  insert?(length: number): Eventually<boolean>;
  insertSync?(length: number): boolean;
  /** Gives this file the times of access and change that another one had when it was opened. */
  copyTimes?(from: StorageFile): void;
  /** Keeps other processes that ask for the lock from having it, until the file is closed or this process ends. Does not wait for it. */
  lock?(): Eventually<LockResult>;
  lockSync?(): LockResult;
  /** The size of the file; `undefined` once it was deleted, or another one took its place. Without it, neither is noticed. */
  currentSize?(): Eventually<number | undefined>;
  currentSizeSync?(): number | undefined;
  /** Returns when everything written survives a power cut. */
  sync(): Eventually<void>;
  syncSync(): void;
  close(): Eventually<void>;
  closeSync(): void;
}

/** Whether `error` is a backend's error of this code, such as `ENOENT`. */
export function hasCode(error: unknown, code: string): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === code;
}
