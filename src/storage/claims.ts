/** Who writes to which file within this process. */
import { NpyError } from "../errors.ts";
import { close, open, type Plan } from "../plan/step.ts";
import type { Storage } from "./storage.ts";

const claimed = new Set<unknown>();

/** The right to write to a file, held until `release`. */
export class Claim {
  readonly #path: string | undefined;
  readonly #keys: unknown[] = [];

  constructor(path: string | undefined) {
    this.#path = path;
  }

  /**
   * Claims what has this key (the path of a file that may not be there, or the file itself).
   *
   * @throws NpyError `ERR_NPY_LOCKED` if another claim holds it.
   */
  add(key: unknown): void {
    if (this.#keys.includes(key)) return;
    if (claimed.has(key)) {
      throw new NpyError(
        "ERR_NPY_LOCKED",
        `${this.#path ?? "This storage"} is being written to by another object of this process: close that first, or append through it.`,
        { path: this.#path },
      );
    }
    claimed.add(key);
    this.#keys.push(key);
  }

  release(): void {
    for (const key of this.#keys.splice(0)) claimed.delete(key);
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
    claim.add(storage.key);
    claim.add(file.key);
  } finally {
    yield* close(file);
  }
}
