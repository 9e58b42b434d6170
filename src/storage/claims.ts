/**
 * Who writes to which file: within this process by a claim, between processes by a lock as well, and, while a file is rewritten in place, by a
 * claim file, which needs no lock.
 */
import { NpyError } from "../errors.ts";
import { claimRewrite, close, isCurrent, lock, open, type Plan, quietly, releaseRewrite } from "../plan/step.ts";
import { hasCode, type OpenMode, type Storage, type StorageFile } from "./storage.ts";

const claimed = new Set<unknown>();

/** The right to write to a file, held until `release`. A lock is held by the file that it was taken with, until that is closed. */
export class Claim {
  readonly #storage: Storage;
  readonly #wanted: boolean | "auto";
  #place: unknown;
  #file: unknown;
  #locked: StorageFile | undefined;
  /** A file that is open for the sake of its lock alone. */
  #held: StorageFile | undefined;
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
    for (let tries = 0; tries < 10; tries++) {
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
   * Claims the right to rewrite a file in place that this claim has opened, until {@link releaseRewrite}. Where that is not possible, and there is no
   * lock either, it is an error only if the right `isNeeded`.
   *
   * @throws NpyError `ERR_NPY_LOCKED` if another process has the right, `ERR_NPY_OPTION` if the file has several names; the file system's errors.
   */
  *claimRewrite(file: StorageFile, isNeeded: boolean): Plan<void> {
    const isLocked = this.#locked !== undefined;
    if (isNeeded && !isLocked && (file.links ?? 1) > 1) throw severalNames(this.#storage.path, file.links);
    let holder: string | undefined;
    try {
      holder = yield* claimRewrite(this.#storage, isLocked);
    } catch (error) {
      if ((!isNeeded || isLocked) && ["EACCES", "EPERM", "EROFS"].some((code) => hasCode(error, code))) return;
      throw error;
    }
    if (holder !== undefined) throw this.#isRewritten(holder);
    this.#rewrites = true;
  }

  *releaseRewrite(): Plan<void> {
    if (this.#rewrites) yield* quietly(releaseRewrite(this.#storage));
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

  /** Keeps the lock of a file that is not needed for anything else; without one it is closed, since Windows replaces no open file. */
  *hold(file: StorageFile): Plan<void> {
    if (file === this.#locked) this.#held = file;
    else yield* close(file);
  }

  /** Closes what is held: another file took its place. */
  *letGo(): Plan<void> {
    if (this.#held !== undefined) yield* quietly(close(this.#held));
    this.#held = undefined;
  }

  *release(): Plan<void> {
    // Before the lock: a process that has that takes this for left behind.
    yield* this.releaseRewrite();
    yield* this.letGo();
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
    return yield* use(claim);
  } finally {
    yield* claim.release();
  }
}
