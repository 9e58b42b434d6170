/**
 * Enforces one writer per file: within this process by a set of claimed keys, between processes by the operating system's lock, and, while a file is
 * rewritten in place, by a claim file, which works without locks.
 */
import { NpyError } from "../errors.ts";
import { hasCode, type OpenMode, type Storage, type StorageFile } from "../storage/storage.ts";
import { claimRewrite, close, isCurrent, lock, open, type Plan, quietly, releaseRewrite } from "./step.ts";

/** How often to open a file again that was replaced meanwhile. */
export const MAX_TRIES: number = 10;

/** No file may be created there, or the disk is full, which is when files need recovery. */
const CANNOT_CREATE = ["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT"];

/** The keys of places and those of files: a backend may use the same values for both. */
interface Claimed {
  readonly places: Set<unknown>;
  readonly files: Set<unknown>;
}

/** All copies of this package in a process share what they claim: one may be loaded as an ES module, and another as CommonJS. */
const CLAIMED = Symbol.for("npy-append-array.claimed");

function claimed(): Claimed {
  const shared = globalThis as { [CLAIMED]?: Claimed };
  shared[CLAIMED] ??= { places: new Set(), files: new Set() };
  return shared[CLAIMED];
}

/** The right to write to a file, held until `release`. The open file that was locked holds the lock until it is closed. */
export class WriterLock {
  protected readonly storage: Storage;
  readonly #wanted: boolean | "auto";
  protected place: unknown;
  #file: unknown;
  protected locked: StorageFile | undefined;
  /** A file that is kept open for its lock, and so that the system does not reuse its key. */
  protected held: StorageFile | undefined;
  protected isHeldLocked: boolean = false;
  /** The key of the last file that was held. */
  protected heldKey: unknown;
  /** Whether this object may rewrite the file in place. */
  #rewrites = false;

  /**
   * Nothing is claimed yet. `wanted` is the option `lock`.
   *
   * @throws NpyError `ERR_NPY_OPTION` if locks are demanded where there are none.
   */
  constructor(storage: Storage, wanted: boolean | "auto") {
    this.storage = storage;
    this.#wanted = wanted;
    if (wanted !== true) return;
    const problem = storage.lockProblem === undefined ? "this storage has none" : storage.lockProblem();
    if (problem !== undefined) throw noLocks(problem);
  }

  /**
   * Opens, claims and locks the existing file. If there is none, the place is claimed before `ENOENT` is thrown.
   *
   * @throws NpyError `ERR_NPY_LOCKED` if another object or process writes to it.
   */
  *open(mode: OpenMode): Plan<StorageFile> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      let file: StorageFile | undefined;
      try {
        file = yield* open(this.storage, mode);
      } finally {
        // The storage knows its key only after trying to open it.
        if (file === undefined) this.claimPlace();
      }
      try {
        this.claimPlace();
        this.claimFile(file);
        if (yield* this.lock(file)) return file;
      } catch (error) {
        yield* quietly(close(file));
        throw error;
      }
      // Another file took its place before it was locked.
      yield* close(file);
    }
    throw isTaken("a program that replaces it again and again");
  }

  /** Whether no other process can have the file open for writing, if it asks for locks. */
  isLocked(file: StorageFile): boolean {
    return file === this.locked;
  }

  protected claimPlace(): void {
    exchange(claimed().places, this.place, this.storage.key);
    this.place = this.storage.key;
  }

  /** Ends the claim of the file before: once that is deleted, the system may reuse its key. */
  protected claimFile({ key }: StorageFile): void {
    exchange(claimed().files, this.#file, key);
    this.#file = key;
  }

  /**
   * Claims the right to rewrite in place the file that was opened here, until {@link releaseRewrite}. It `isNeeded` if data are moved. Otherwise a lock
   * is enough, and if there is neither a lock nor a way to claim, the file is rewritten without. Returns whether it was claimed: the file may have
   * changed since it was looked at, then.
   *
   * @throws NpyError `ERR_NPY_LOCKED` if another process has the right, `ERR_NPY_OPTION` if the file has several names; the file system's errors.
   */
  *claimRewrite(file: StorageFile, isNeeded: boolean): Plan<boolean> {
    const isLocked = this.locked !== undefined;
    if (isLocked && !isNeeded) return false;
    if (isNeeded && !isLocked && (file.links ?? 1) > 1) throw severalNames(file.links);
    let holder: string | undefined;
    try {
      holder = yield* claimRewrite(this.storage, isLocked);
    } catch (error) {
      if ((!isNeeded || isLocked) && CANNOT_CREATE.some((code) => hasCode(error, code))) return false;
      throw error;
    }
    if (holder !== undefined) throw isTaken(holder, "rewritten");
    this.#rewrites = true;
    return true;
  }

  /** Gives up the right, if it was claimed. */
  *releaseRewrite(): Plan<void> {
    if (this.#rewrites) yield* this.tidyRewrite();
  }

  /** The same, and removes the claim of a dead process. */
  *tidyRewrite(): Plan<void> {
    yield* quietly(releaseRewrite(this.storage));
    this.#rewrites = false;
  }

  /**
   * Claims and locks a new file instead of the one before.
   *
   * @throws NpyError `ERR_NPY_LOCKED`, `ERR_NPY_CHANGED`.
   */
  *take(file: StorageFile): Plan<void> {
    this.claimFile(file);
    if (yield* this.lock(file)) return;
    throw new NpyError("ERR_NPY_CHANGED", "Another file took the place of this one as soon as it was created: open it again.");
  }

  /**
   * Locks a file, if locks are wanted. Returns `false` if it no longer has its name.
   *
   * @throws NpyError `ERR_NPY_LOCKED` if another process has the lock, `ERR_NPY_OPTION` if there are none and they are demanded.
   */
  *lock(file: StorageFile): Plan<boolean> {
    if (this.#wanted === false || file === this.locked) return true;
    const result = yield* lock(file);
    if (result === "taken") throw isTaken("another process (or another thread of this one): let it finish first");
    if (result === "locked") this.locked = file;
    else if (this.#wanted === true) throw noLocks("the file system has none");
    return yield* isCurrent(file);
  }

  /** Keeps a file open for its lock, and to recognize it later. */
  *hold(file: StorageFile): Plan<void> {
    yield* this.letGo();
    this.held = file;
    this.heldKey = file.key;
    this.isHeldLocked = file === this.locked;
  }

  /** Closes the file that is held. */
  *letGo(): Plan<void> {
    const held = this.held;
    this.held = undefined;
    if (held !== undefined) yield* close(held);
  }

  *release(): Plan<void> {
    // Before the lock: whoever gets the lock next takes the claim of its former owner for stale.
    yield* this.releaseRewrite();
    yield* quietly(this.letGo());
    claimed().places.delete(this.place);
    claimed().files.delete(this.#file);
    this.place = undefined;
    this.#file = undefined;
  }
}

const heldHere = new WeakSet<object>();

/** Whether an error says that an object of this very thread writes to the file, which cannot end while the thread is blocked. */
export function isHeldByThisThread(error: NpyError): boolean {
  return heldHere.has(error);
}

/** Claims a key instead of an old one. */
function exchange(claimed: Set<unknown>, old: unknown, key: unknown): void {
  if (key === old) return;
  if (claimed.has(key)) {
    const error = isTaken("another object of this process: close that first, or append through it");
    heldHere.add(error);
    throw error;
  }
  claimed.add(key);
  claimed.delete(old);
}

/** `by` names the other writer. */
export function isTaken(by: string, what: string = "written to"): NpyError {
  return new NpyError("ERR_NPY_LOCKED", `The file is being ${what} by ${by}.`);
}

function severalNames(links: number | undefined): NpyError {
  return new NpyError(
    "ERR_NPY_OPTION",
    `The file has ${links} names (hard links), and without locks another process could rewrite it by another name: ` +
      "install koffi (npm install koffi), or delete the other names first.",
  );
}

function noLocks(problem: string): NpyError {
  return new NpyError(
    "ERR_NPY_OPTION",
    `lock: true asks for locks between processes, and ${problem}. With "auto" or false, make sure that only one process writes.`,
  );
}
