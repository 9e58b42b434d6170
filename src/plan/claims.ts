/**
 * Who writes to which file: within this process by a claim, between processes by a lock as well, and, while a file is rewritten in place, by a
 * claim file, which needs no lock.
 */
import { NpyError, withPath } from "../errors.ts";
import { hasCode, type OpenMode, type Storage, type StorageFile } from "../storage/storage.ts";
import {
  claimRewrite,
  close,
  create,
  currentSize,
  isCurrent,
  lock,
  open,
  type Plan,
  place,
  quietly,
  releaseRewrite,
  remove,
  replace,
} from "./step.ts";

/** How often a file is opened again that another one has replaced meanwhile. */
const TRIES = 10;

/** No file can be created beside another one: it may not, or the disk is full, which is when files need recovery. */
const CANNOT_CREATE = ["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT"];

const claimed = new Set<unknown>();

/** The right to write to a file, held until `release`. A lock is held by the file that it was taken with, until that is closed. */
export class Claim {
  readonly #storage: Storage;
  readonly #wanted: boolean | "auto";
  #place: unknown;
  #file: unknown;
  #locked: StorageFile | undefined;
  /** A file that is open for the sake of its lock, and so that the system does not give its key to another one. */
  #held: StorageFile | undefined;
  #isHeldLocked = false;
  /** The key of the last file that was held. */
  #heldKey: unknown;
  /** Whether this object may rewrite the file in place. */
  #rewrites = false;

  /**
   * Nothing is claimed yet. `wanted` is the option `lock`.
   *
   * @throws NpyError `ERR_NPY_OPTION` if locks are demanded where there are none.
   */
  constructor(storage: Storage, wanted: boolean | "auto") {
    this.#storage = storage;
    this.#wanted = wanted;
    if (wanted !== true) return;
    const problem = storage.lockProblem === undefined ? "this storage has none" : storage.lockProblem();
    if (problem !== undefined) throw noLocks(problem, storage.path);
  }

  /**
   * Opens the file that is there, claimed and locked. Where none is, the place is claimed before that is told.
   *
   * @throws NpyError `ERR_NPY_LOCKED` if another object or process writes to it.
   */
  *open(mode: OpenMode): Plan<StorageFile> {
    for (let tries = 0; tries < TRIES; tries++) {
      let file: StorageFile | undefined;
      try {
        file = yield* open(this.#storage, mode);
      } finally {
        // Its key is known once opening has been tried.
        if (file === undefined) this.#claimPlace();
      }
      try {
        this.#claimPlace();
        this.#claimFile(file);
        if (yield* this.lock(file)) return file;
      } catch (error) {
        yield* quietly(close(file));
        throw error;
      }
      // Another file took its place before the lock was there.
      yield* close(file);
    }
    throw this.#isTaken("a program that replaces it again and again");
  }

  #claimPlace(): void {
    this.#exchange(this.#place, this.#storage.key);
    this.#place = this.#storage.key;
  }

  /** When a file is deleted, the system may give its key to another one: the claim to the one that was there ends. */
  #claimFile({ key }: StorageFile): void {
    this.#exchange(this.#file, key);
    this.#file = key;
  }

  #exchange(old: unknown, key: unknown): void {
    if (key === old) return;
    if (claimed.has(key)) {
      throw this.#isTaken("another object of this process: close that first, or append through it");
    }
    claimed.add(key);
    claimed.delete(old);
  }

  /**
   * Claims the right to rewrite a file in place that this claim has opened, until {@link releaseRewrite}. It `isNeeded` where data are moved.
   * Elsewhere a lock is enough, and where there is none, and no claim can be made, it is done without. Gives whether it was claimed: what was known
   * of the file before may be out of date then.
   *
   * @throws NpyError `ERR_NPY_LOCKED` if another process has the right, `ERR_NPY_OPTION` if the file has several names; the file system's errors.
   */
  *claimRewrite(file: StorageFile, isNeeded: boolean): Plan<boolean> {
    const isLocked = this.#locked !== undefined;
    if (isLocked && !isNeeded) return false;
    if (isNeeded && !isLocked && (file.links ?? 1) > 1) throw severalNames(this.#storage.path, file.links);
    let holder: string | undefined;
    try {
      holder = yield* claimRewrite(this.#storage, isLocked);
    } catch (error) {
      if ((!isNeeded || isLocked) && CANNOT_CREATE.some((code) => hasCode(error, code))) return false;
      throw error;
    }
    if (holder !== undefined) throw this.#isRewritten(holder);
    this.#rewrites = true;
    return true;
  }

  /** Takes the right back, if it was claimed. */
  *releaseRewrite(): Plan<void> {
    if (this.#rewrites) yield* this.tidyRewrite();
  }

  /** The same; and removes a claim that a process has left which is gone. */
  *tidyRewrite(): Plan<void> {
    yield* quietly(releaseRewrite(this.#storage));
    this.#rewrites = false;
  }

  #isRewritten(by: string): NpyError {
    const { path } = this.#storage;
    return new NpyError("ERR_NPY_LOCKED", `${path ?? "This storage"} is being rewritten by ${by}.`, { path });
  }

  #isTaken(by: string): NpyError {
    const { path } = this.#storage;
    return new NpyError("ERR_NPY_LOCKED", `${path ?? "This storage"} is being written to by ${by}.`, { path });
  }

  /**
   * Claims and locks a file that was created or put in place, instead of the one that was there.
   *
   * @throws NpyError `ERR_NPY_LOCKED`, `ERR_NPY_CHANGED`.
   */
  *take(file: StorageFile): Plan<void> {
    this.#claimFile(file);
    if (yield* this.lock(file)) return;
    const { path } = this.#storage;
    throw new NpyError(
      "ERR_NPY_CHANGED",
      `Another file took the place of ${path ?? "this one"} as soon as it was created: open it again.`,
      { path },
    );
  }

  /**
   * Locks a file, if locks are wanted. `false`: it is no longer the one that the storage has.
   *
   * @throws NpyError `ERR_NPY_LOCKED` if another process has the lock, `ERR_NPY_OPTION` if there are none and they are demanded.
   */
  *lock(file: StorageFile): Plan<boolean> {
    if (this.#wanted === false || file === this.#locked) return true;
    const result = yield* lock(file);
    if (result === "taken") throw this.#isTaken("another process (or another thread of this one): let it finish first");
    if (result === "locked") this.#locked = file;
    else if (this.#wanted === true) throw noLocks("the file system has none", this.#storage.path);
    return yield* isCurrent(file);
  }

  /** Keeps a file open that is needed for nothing but its lock, and for telling it from another one. */
  *hold(file: StorageFile): Plan<void> {
    yield* this.letGo();
    this.#held = file;
    this.#heldKey = file.key;
    this.#isHeldLocked = file === this.#locked;
  }

  /**
   * Puts a temporary file in the place of the file that has the name now, or gives it the name, if that is free. What has the name is
   * looked at here, not when the claim began: writing the temporary file may have taken long. A file that appeared since then is
   * replaced only if its lock shows that nobody writes to it; with `isCopy`, none but the one that was found is.
   *
   * @throws NpyError `ERR_NPY_LOCKED`, `ERR_NPY_CHANGED`. Nothing is replaced then.
   */
  *replace(temporary: StorageFile, isCopy: boolean = false): Plan<void> {
    if (!isCopy && (yield* this.#isHeldThere())) return yield* this.#replaceHeld(temporary);
    for (let tries = 0; tries < TRIES; tries++) {
      const found = yield* this.#openAgain();
      if (isCopy && found?.key !== this.#heldKey) {
        if (found !== undefined) yield* quietly(close(found));
        throw this.#changed(
          "Another file took its place, or it was deleted, while it was being copied. The copy is dropped: try again.",
        );
      }
      if (found === undefined) {
        if (yield* this.#giveName(temporary)) return;
      } else if (yield* this.#secure(found)) {
        return yield* this.#replaceHeld(temporary);
      }
    }
    throw this.#isTaken("a program that replaces it again and again");
  }

  /** Whether the file that is held still has the name, as far as that is known without opening it again, which takes longer. */
  *#isHeldThere(): Plan<boolean> {
    const held = this.#held;
    if (held?.currentSize === undefined || this.#storage.key !== this.#place) return false;
    return (yield* currentSize(held)) !== undefined;
  }

  /** The file that has the name now. Links may lead to another place than before, which is claimed then. */
  *#openAgain(): Plan<StorageFile | undefined> {
    let file: StorageFile | undefined;
    try {
      file = yield* open(this.#storage, "r");
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
    }
    try {
      this.#claimPlace();
    } catch (error) {
      if (file !== undefined) yield* quietly(close(file));
      throw error;
    }
    return file;
  }

  /** Makes sure that no other program writes to a file that is about to be replaced. `false`: it no longer has the name. */
  *#secure(found: StorageFile): Plan<boolean> {
    if (found.key === this.#heldKey) {
      yield* close(found);
      return true;
    }
    let isCurrent: boolean;
    try {
      this.#claimFile(found);
      isCurrent = yield* this.lock(found);
      if (found !== this.#locked) {
        throw this.#changed(
          "Another file took its place meanwhile, and is not overwritten: without locks nothing shows whether another program is writing " +
            "to it. See what it holds, and try again.",
        );
      }
    } catch (error) {
      yield* quietly(close(found));
      throw error;
    }
    yield* this.hold(found);
    return isCurrent;
  }

  *#replaceHeld(temporary: StorageFile): Plan<void> {
    // Windows, which has no locks here, replaces no file that is open.
    if (!this.#isHeldLocked) yield* this.letGo();
    yield* replace(this.#storage, temporary);
  }

  /** Gives a temporary file the name. `false`: another program was faster. */
  *#giveName(temporary: StorageFile): Plan<boolean> {
    let empty: StorageFile;
    try {
      if (yield* place(this.#storage, temporary)) return true;
      empty = yield* create(this.#storage);
    } catch (error) {
      if (hasCode(error, "EEXIST")) return false;
      throw error;
    }
    let isOurs: boolean;
    try {
      isOurs = yield* this.lock(empty);
    } catch (error) {
      // Not removed: who was faster may write to it already.
      yield* quietly(close(empty));
      throw error;
    }
    if (!isOurs) {
      yield* close(empty);
      return false;
    }
    yield* this.hold(empty);
    try {
      yield* this.#replaceHeld(temporary);
    } catch (error) {
      yield* quietly(remove(this.#storage, empty));
      throw error;
    }
    return true;
  }

  #changed(message: string): NpyError {
    const { path } = this.#storage;
    return new NpyError("ERR_NPY_CHANGED", `${path ?? "This storage"} has changed: ${message}`, { path });
  }

  /** Closes what is held. */
  *letGo(): Plan<void> {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) yield* close(held);
  }

  *release(): Plan<void> {
    // Before the lock: a process that has the lock takes a claim of one that had it for left behind.
    yield* this.releaseRewrite();
    yield* quietly(this.letGo());
    claimed.delete(this.#place);
    claimed.delete(this.#file);
    this.#place = undefined;
    this.#file = undefined;
  }
}

function severalNames(path: string | undefined, links: number | undefined): NpyError {
  return new NpyError(
    "ERR_NPY_OPTION",
    `${path ?? "The file"} has ${links} names (hard links), and without locks nothing keeps other processes from rewriting it by another one: ` +
      "install koffi (npm install koffi), or delete the other names first.",
    { path },
  );
}

function noLocks(problem: string, path: string | undefined): NpyError {
  return new NpyError(
    "ERR_NPY_OPTION",
    `lock: true asks for locks between processes, and ${problem}. With "auto" or false, see to it that one process writes.`,
    { path },
  );
}

/** Runs a plan that claims files, and releases them when it ends. */
export function* claiming<Result>(storage: Storage, use: (claim: Claim) => Plan<Result>): Plan<Result> {
  const claim = new Claim(storage, "auto");
  try {
    const result = yield* use(claim);
    yield* claim.releaseRewrite();
    yield* claim.letGo();
    return result;
  } catch (error) {
    throw withPath(error, storage.path);
  } finally {
    yield* claim.release();
  }
}
