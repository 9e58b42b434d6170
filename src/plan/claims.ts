/** Takes the name of a file: replaces the file that has it, which other programs may be writing to or have replaced. */
import { NpyError } from "../errors.ts";
import { hasCode, type Storage, type StorageFile } from "../storage/storage.ts";
import { close, create, currentSize, open, type Plan, place, quietly, remove, replace } from "./step.ts";
import { isTaken, MAX_TRIES, WriterLock } from "./writer-lock.ts";

/** The right to write to a file, or to give its name to another one. */
export class Claim extends WriterLock {
  /**
   * Replaces the file that has the name now by a temporary file, or gives that the name if it is free. The name is checked here, not when the claim
   * began: writing the temporary file may have taken long. A file that appeared since then is replaced only if its lock shows that nobody writes to
   * it. With `isCopy`, only the file that was copied is replaced.
   *
   * @throws NpyError `ERR_NPY_LOCKED`, `ERR_NPY_CHANGED`. Nothing is replaced then.
   */
  *replace(temporary: StorageFile, isCopy: boolean = false): Plan<void> {
    if (!isCopy && (yield* this.#isHeldThere())) return yield* this.#replaceHeld(temporary);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const found = yield* this.#openAgain();
      if (isCopy && found?.key !== this.heldKey) {
        if (found !== undefined) yield* quietly(close(found));
        throw hasChanged(
          "Another file took its place, or it was deleted, while it was being copied. The copy is dropped: try again.",
        );
      }
      if (found === undefined) {
        if (yield* this.#giveName(temporary)) return;
      } else if (yield* this.#secure(found)) {
        return yield* this.#replaceHeld(temporary);
      }
    }
    throw isTaken("a program that replaces it again and again");
  }

  /** Whether the file that is held is known to have the name still. Opening it again would take longer. */
  *#isHeldThere(): Plan<boolean> {
    const held = this.held;
    if (held?.currentSize === undefined || this.storage.key !== this.place) return false;
    return (yield* currentSize(held)) !== undefined;
  }

  /** Opens the file that has the name now. If links now lead to another place, that is claimed. */
  *#openAgain(): Plan<StorageFile | undefined> {
    let file: StorageFile | undefined;
    try {
      file = yield* open(this.storage, "r");
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
    }
    try {
      this.claimPlace();
    } catch (error) {
      if (file !== undefined) yield* quietly(close(file));
      throw error;
    }
    return file;
  }

  /** Makes sure that no other program writes to a file that is about to be replaced. Returns `false` if it no longer has the name. */
  *#secure(found: StorageFile): Plan<boolean> {
    if (found.key === this.heldKey) {
      yield* close(found);
      return true;
    }
    let isCurrent: boolean;
    try {
      this.claimFile(found);
      isCurrent = yield* this.lock(found);
      if (found !== this.locked) {
        throw hasChanged(
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
    // Closing it gives up its lock: where that is necessary, a writer that comes right now finds the new file, or keeps it from being placed.
    if (!this.isHeldLocked || this.storage.mustCloseToReplace === true) yield* this.letGo();
    yield* replace(this.storage, temporary);
  }

  /** Gives a temporary file the name. Returns `false` if another program was faster. */
  *#giveName(temporary: StorageFile): Plan<boolean> {
    let empty: StorageFile;
    try {
      if (yield* place(this.storage, temporary)) return true;
      empty = yield* create(this.storage);
    } catch (error) {
      if (hasCode(error, "EEXIST")) return false;
      throw error;
    }
    let isOurs: boolean;
    try {
      isOurs = yield* this.lock(empty);
    } catch (error) {
      // Not removed: the faster program may already be writing to it.
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
      yield* quietly(remove(this.storage, empty));
      throw error;
    }
    return true;
  }
}

function hasChanged(message: string): NpyError {
  return new NpyError("ERR_NPY_CHANGED", `The file has changed: ${message}`);
}

/** Runs a plan with a claim, which is released when the plan ends. `wanted` is the option `lock`. */
export function* claiming<Result>(
  storage: Storage,
  use: (claim: Claim) => Plan<Result>,
  wanted: boolean | "auto" = "auto",
): Plan<Result> {
  const claim = new Claim(storage, wanted);
  try {
    const result = yield* use(claim);
    yield* claim.releaseRewrite();
    yield* claim.letGo();
    return result;
  } finally {
    yield* claim.release();
  }
}
