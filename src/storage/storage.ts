/**
 * The contract of a backend, which stores one file: positional, without a hidden cursor, each operation synchronous and asynchronous. An
 * asynchronous operation may return its result at once where waiting would cost more. `base.ts` derives it from the synchronous one. A backend may
 * also leave out the synchronous half.
 *
 * Errors are the backend's own. Two of their codes matter here: `ENOENT` (there is no file) from `open`, and `EEXIST` (there is one) from
 * `create`.
 */

/** A result now, or later. */
export type Eventually<Result> = Result | Promise<Result>;

/** Whether a result has to be waited for. A storage may give any thenable, such as the promise of another realm or library. */
export function isPending(result: unknown): result is PromiseLike<unknown> {
  return typeof result === "object" && result !== null && typeof (result as Partial<PromiseLike<unknown>>).then === "function";
}

/** What sends requests, as `globalThis.fetch` does, such as one that signs them. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** How a file elsewhere is read, and how long that may take. */
export interface ReadLimits {
  /**
   * Stops reading: once it is aborted, requests under way and all later reads fail with its `reason`. A read of a local file that has begun is
   * completed.
   *
   * @defaultValue none
   * @example signal: AbortSignal.timeout(10_000)
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * For URLs and responses: the milliseconds in which a request must bring at least 16 KiB, or the rest of what was asked for.
   *
   * Otherwise it fails with an error of the runtime's kind, whose `code` is `"ETIMEDOUT"`. With `Infinity` only the runtime's own limits hold.
   *
   * @defaultValue `30_000`
   * @example timeout: 5000
   */
  readonly timeout?: number | undefined;
  /**
   * For URLs: what sends the requests, such as one that signs them.
   *
   * Redirects are not followed then, since what is signed must not reach another server; requests that a server or a connection failed are made
   * again, up to five times, after a random while; and a file that is replaced meanwhile is `ERR_NPY_CHANGED`. It must not repeat requests itself,
   * and must heed `init.signal` and `init.redirect`.
   *
   * @defaultValue that of the runtime
   * @example fetch: (url, init) => client.fetch(url, init)
   */
  readonly fetch?: Fetch | undefined;
}

/** What is known of the reads of a file when it is opened. */
export interface ReadPurpose extends ReadLimits {
  /**
   * Whether the whole file will be read, once, from its beginning to its end; only the first 512 bytes may be read again. A backend that knows it
   * may take fewer requests. Where it does not know the size, it may then give an infinite one.
   */
  readonly isWhole?: boolean | undefined;
  /** Where reading will begin. A backend may fetch the first bytes from there as it opens the file. Default 0. */
  readonly position?: number | undefined;
}

/** A place that may hold a file, such as a path. */
export interface Storage {
  /** For messages. */
  readonly path: string | undefined;
  /** Equal for two storages that may hold the same file, once `open` has been tried. Compared like the keys of a `Map`. */
  readonly key: unknown;

  /** Opens the file; fails with `ENOENT` if there is none. The limits are those of all its reads; local backends may ignore them. */
  open(mode: OpenMode, limits?: ReadPurpose): Eventually<StorageFile>;
  openSync(mode: OpenMode): StorageFile;
  /** Creates an empty file, open for reading and writing; fails with `EEXIST` rather than touch an existing one. */
  create(): Eventually<StorageFile>;
  createSync(): StorageFile;
  /** Creates an empty file that may later {@link replace} the existing one, with the same permissions. */
  createTemporary(): Eventually<StorageFile>;
  createTemporarySync(): StorageFile;
  /** Puts a temporary file in place of the existing one: readers see either the old or the new file. An open file stays open. */
  replace(temporary: StorageFile): Eventually<void>;
  replaceSync(temporary: StorageFile): void;
  /**
   * Gives a temporary file the name in one step if the name is free; fails with `EEXIST` if it is taken. Returns `false`, and changes nothing, where
   * that is not possible. Leaving it out means the same.
   */
  place?(temporary: StorageFile): Eventually<boolean>;
  placeSync?(temporary: StorageFile): boolean;
  /** Whether a file that is open cannot be replaced, not even by who has it open. */
  readonly mustCloseToReplace?: boolean;
  /** Calls back when the file may have changed, until the returned function is called. Returns `undefined` where that is not possible. */
  watch?(onChange: () => void): (() => void) | undefined;
  /** The path by which other threads open the same file. Without it, the file cannot be shared with them. */
  readonly sharedPath?: string;
  /**
   * What keeps files from being locked against other processes, as the end of a sentence; `undefined` if nothing does. Without it, there are no
   * locks.
   */
  lockProblem?(): string | undefined;
  /**
   * Names all those whose locks exclude each other: two that see the same name see each other's locks on this file. `undefined` if that is not known.
   * Leaving it out means the same.
   */
  lockScope?(): string | undefined;
  /**
   * What keeps files from being mapped into memory, or with `isWritten` into memory that changes them, as a sentence without its end;
   * `undefined` if nothing does. Without it, files have no `map`.
   */
  mapProblem?(isWritten: boolean): string | undefined;
  /**
   * Claims the right to rewrite the file in place, until `releaseRewrite`, also against processes without locks. If another process has the right,
   * returns its name, to follow "is being rewritten by". Synchronous, like all operations on names. `isLocked`: the caller has the lock of the
   * file. Without this member, only a lock keeps others out.
   */
  claimRewrite?(isLocked: boolean): string | undefined;
  /** Gives the claim up, or removes that of a dead process. */
  releaseRewrite?(): void;
  /** The whole file; `undefined` if there is none. Its bytes need not be in memory. Leaving it out means that they are read. */
  blob?(): Eventually<Blob | undefined>;
  /** Deletes a file that `create` or `createTemporary` made; what was not published is dropped. */
  remove(file: StorageFile): Eventually<void>;
  removeSync(file: StorageFile): void;
}

/** The result of locking a file: another process may hold the lock, or there may be no locks. */
export type LockResult = "locked" | "taken" | "unsupported";

/** The order in which mapped memory will be read, so that the system reads ahead, or does not. */
export type Advice = "sequential" | "random";

/** `"r"` reads, `"r+"` reads and writes. */
export type OpenMode = "r" | "r+";

/** A part of a file in memory: `bytes[0]` is at `position` in the file, a multiple of 8. */
export interface MappedPart {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly position: number;
}

/** An open file. Positions and sizes are bytes, below 2^53. */
export interface StorageFile {
  /** Equal for two openings of one file, by whatever path. */
  readonly key: unknown;
  /** The number of names that the file has, where files can have several. */
  readonly links?: number;
  /** `insert` inserts multiples of it. `undefined` where inserting is not known to be possible. */
  readonly blockSize?: number | undefined;
  /** Whether its bytes never change: a change makes another file, with another key. */
  readonly isSnapshot?: boolean;
  /** Up to this many bytes, `write` writes at once and returns no promise. Default 0. */
  readonly writesAtOnce?: number;
  /**
   * The bytes that can be read in about the time by which one more call of `read` takes longer. Parts that lie closer together than this are read
   * at once, with what is between them. Default 8192.
   */
  readonly readOverhead?: number;
  /** How many reads to keep under way when a file is read from its beginning to its end. Default 1. */
  readonly readsAhead?: number;

  /** Memory to read into, with any contents: clearing it would take as long as reading. */
  allocate?(length: number): Uint8Array<ArrayBuffer>;
  size(): Eventually<number>;
  sizeSync(): number;
  /**
   * Fills `buffer` from `position` on; returns the bytes read, which are fewer only where the file ends. Once `signal` is aborted, this read may fail
   * with its reason.
   */
  read(buffer: Uint8Array, position: number, signal?: AbortSignal): Eventually<number>;
  readSync(buffer: Uint8Array, position: number): number;
  /**
   * Maps bytes of the file into memory; the file must not end before them. Copy-on-write: changes to them are not written to the file. They stay
   * mapped while they can be reached, even after the file is closed. Their `byteOffset` modulo 8 is that of `position`. Fails with a `RangeError`
   * if one buffer cannot hold them.
   */
  map?(position: number, length: number, advice: Advice | undefined): Uint8Array<ArrayBuffer>;
  /**
   * Maps the first `length` bytes of the file into memory that is shared with the file: each sees what is written to the other, until the file is
   * closed. Always called with the same length.
   */
  mapStart?(length: number): Uint8Array<ArrayBuffer>;
  /**
   * Reserves disk space for bytes after the end of the file, which keeps its size, so that storing them cannot fail once the file is lengthened.
   * Returns `false` if there is no space, or that is not possible. Cutting the file frees it.
   */
  reserve?(position: number, length: number): boolean;
  /**
   * Maps bytes of the file, from `position` on, into memory that is shared with the file, and releases the part that was mapped before. The file
   * may end before they do; nothing may be stored beyond its end, nor in what a released part was. Only for the holder of the lock.
   */
  mapEnd?(position: number, length: number): MappedPart;
  /** Releases the part. */
  unmapEnd?(): void;
  /** Calls back when the process ends by itself. Returns a function that forgets it. */
  onExit?(action: () => void): () => void;
  /**
   * Copies up to `length` bytes, from `start` on in another file, to `position`, without passing them through this process. Returns how many were
   * copied: 0 where that is not possible, or where the file ends. Has no synchronous form, since reading and writing takes no longer.
   */
  copyFrom?(from: StorageFile, start: number, position: number, length: number): Eventually<number>;
  /** Writes all of `bytes`; a gap between the end of the file and `position` reads as zeros. */
  write(bytes: Uint8Array, position: number): Eventually<void>;
  writeSync(bytes: Uint8Array, position: number): void;
  /** Cuts the file, or lengthens it with zeros. */
  truncate(size: number): Eventually<void>;
  truncateSync(size: number): void;
  /** Inserts zeros at the beginning. Returns `false`, and changes nothing, where that is not possible. */
  insert?(length: number): Eventually<boolean>;
  insertSync?(length: number): boolean;
  /**
   * Gives the first `length` bytes blocks of their own, if the file shares them with copies, so that writing to them takes no more space. Returns
   * `false` where that is not possible.
   */
  unshareSync?(length: number): boolean;
  /** Gives this file the access and modification times that another one had when it was opened. */
  copyTimes?(from: StorageFile): void;
  /** Takes the lock of the file against other processes, until the file is closed or this process ends. Does not wait for it. */
  lock?(): Eventually<LockResult>;
  lockSync?(): LockResult;
  /** The size of the file; `undefined` once it was deleted or replaced. Without this member, neither is noticed. */
  currentSize?(): Eventually<number | undefined>;
  currentSizeSync?(): number | undefined;
  /** Returns when everything written survives a power cut. */
  sync(): Eventually<void>;
  syncSync(): void;
  /**
   * Makes everything written visible under the file's name, all at once, and safe; does nothing for a temporary file, which {@link Storage.replace}
   * publishes. Only called while the file is whole. For stores in which a file is replaced as a whole: there `write`, `truncate` and `sync` change nothing
   * that others see. Where writing changes the file itself, this is left out.
   */
  publish?(): Eventually<void>;
  /** Drops what was not published. Only `close` is called afterwards, which without `publish` does the same. Left out together with it. */
  abort?(): Eventually<void>;
  /** Says about how many bytes the file will have, before they are written. Leaving it out means that this does not help. */
  expect?(size: number): void;
  close(): Eventually<void>;
  closeSync(): void;
}

/** The members whose names end in `Sync`. */
type SynchronousHalf<Backend> = Extract<keyof Backend, `${string}Sync`>;

/** An open file without the synchronous half. */
export interface AsyncStorageFile extends Omit<StorageFile, SynchronousHalf<StorageFile>> {}

/** A storage without the synchronous half: it is used by the verbs that return promises. */
export interface AsyncStorage extends Omit<Storage, SynchronousHalf<Storage> | "open" | "create" | "createTemporary"> {
  open(mode: OpenMode, purpose?: ReadPurpose): Eventually<AsyncStorageFile>;
  create(): Eventually<AsyncStorageFile>;
  createTemporary(): Eventually<AsyncStorageFile>;
}

/** Whether `error` is a backend's error of this code, such as `ENOENT`. */
export function hasCode(error: unknown, code: string): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === code;
}
