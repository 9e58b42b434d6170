/** Who writes to which file within this process. */
import { NpyError } from "../errors.ts";
import { close, open, type Plan, quietly } from "../plan/step.ts";
import type { Storage } from "./storage.ts";

const claimed = new Set<unknown>();

/** The right to write to a file, held until `release`. */
export class Claim {
  readonly #path: string | undefined;
  #place: unknown;
  #file: unknown;

  constructor(path: string | undefined) {
    this.#path = path;
  }

  /**
   * Claims a storage by its key, whether a file is there or not.
   *
   * @throws NpyError `ERR_NPY_LOCKED` if another claim holds it.
   */
  place(key: unknown): void {
    this.#exchange(this.#place, key);
    this.#place = key;
  }

  /**
   * Claims the file that is there by its key, and lets go of the one that was: when a file is deleted, the system may give its key to
   * another one.
   *
   * @throws NpyError `ERR_NPY_LOCKED` if another claim holds it.
   */
  file(key: unknown): void {
    this.#exchange(this.#file, key);
    this.#file = key;
  }

  #exchange(old: unknown, key: unknown): void {
    if (key === old) return;
    if (claimed.has(key)) {
      throw new NpyError(
        "ERR_NPY_LOCKED",
        `${this.#path ?? "This storage"} is being written to by another object of this process: close that first, or append through it.`,
        { path: this.#path },
      );
    }
    claimed.add(key);
    claimed.delete(old);
  }

  release(): void {
    claimed.delete(this.#place);
    claimed.delete(this.#file);
    this.#place = undefined;
    this.#file = undefined;
  }
}

/** Runs a plan that claims files, and releases them when it ends. */
export function* claiming<Result>(storage: Storage, use: (claim: Claim) => Plan<Result>): Plan<Result> {
  const claim = new Claim(storage.path);
  try {
    return yield* use(claim);
  } finally {
    claim.release();
  }
}

/** Claims the file that is in a storage. */
export function* claimExisting(storage: Storage, claim: Claim): Plan<void> {
  const file = yield* open(storage, "r");
  try {
    claim.place(storage.key);
    claim.file(file.key);
  } catch (error) {
    yield* quietly(close(file));
    throw error;
  }
  yield* close(file);
}
