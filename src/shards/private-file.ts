/** A file that a writer of shards fills. */
import { NpyError } from "../errors.ts";
import type { DType } from "../format/dtype.ts";
import { run } from "../plan/run.ts";
import { close, open, type Plan, quietly, remove } from "../plan/step.ts";
import type { Folder } from "../storage/folder.ts";
import type { StorageFile } from "../storage/storage.ts";
import { NpyAppendArray } from "../writer/npy-append-array.ts";
import type { OpenOptions } from "../writer/open-options.ts";
import { giveName } from "./give-name.ts";
import { lockScopeOf, privateName } from "./private-files.ts";

/** What the rows of all shards are. */
export interface ShardLayout {
  readonly dtype: DType;
  readonly rowShape: readonly number[];
  readonly fortranOrder: boolean;
}

/** Names to try: a program that looks at a new file before it is locked may lock it. */
const TRIES = 10;

/** Opens the array in a private file with a lock that shows others that its writer lives, if there can be one. */
async function openLocked(
  folder: Folder,
  options: OpenOptions,
  scope: string | undefined,
): Promise<{ readonly name: string; readonly npaa: NpyAppendArray }> {
  for (let tries = 1; ; tries++) {
    const name = privateName(scope);
    try {
      const lock = scope === undefined ? options.lock : true;
      return { name, npaa: await NpyAppendArray.open(folder.file(name), { ...options, ...(lock !== undefined && { lock }) }) };
    } catch (error) {
      const isSeen = error instanceof NpyError && (error.code === "ERR_NPY_LOCKED" || error.code === "ERR_NPY_CHANGED");
      if (!isSeen || tries === TRIES) throw error;
    }
  }
}

export class PrivateFile {
  readonly npaa: NpyAppendArray;
  readonly #folder: Folder;
  readonly #name: string;

  private constructor(folder: Folder, name: string, npaa: NpyAppendArray) {
    this.#folder = folder;
    this.#name = name;
    this.npaa = npaa;
  }

  static async create(
    folder: Folder,
    { dtype, rowShape, fortranOrder }: ShardLayout,
    options: OpenOptions,
  ): Promise<PrivateFile> {
    const all: OpenOptions = { ...options, dtype, rowShape, fortranOrder };
    const scope = options.lock === false ? undefined : lockScopeOf(folder);
    const { name, npaa } = await openLocked(folder, all, scope).catch((error: unknown) => {
      const isWithoutLocks = scope !== undefined && error instanceof NpyError && error.code === "ERR_NPY_OPTION";
      if (!isWithoutLocks) throw error;
      return openLocked(folder, all, undefined);
    });
    return new PrivateFile(folder, name, npaa);
  }

  /** A private file that a writer left behind, and whose lock `npaa` has. */
  static of(folder: Folder, name: string, npaa: NpyAppendArray): PrivateFile {
    return new PrivateFile(folder, name, npaa);
  }

  get length(): number {
    return this.npaa.length;
  }

  /**
   * Makes it the next shard, from number `next` on, and closes it. All that it holds is in the file before it has the name; if `isSafe`, it and the name
   * also survive a power cut. Returns the number, and the open file of the shard.
   */
  async claim(next: number, isSafe: boolean): Promise<{ readonly number: number; readonly file: StorageFile }> {
    const { npaa } = this;
    await (isSafe ? npaa.sync() : npaa.updateHeader());
    const file = await run(open(this.#folder.file(this.#name), "r"));
    let number: number;
    try {
      number = await run(giveName(this.#folder, this.#name, file, next));
      if (isSafe) await file.sync();
    } catch (error) {
      await run(quietly(close(file)));
      throw error;
    }
    // Not before it has its name: the lock keeps others from giving it another one.
    await npaa.close().catch(() => undefined);
    return { number, file };
  }

  /** Closes a file without rows, which leaves nothing. */
  async discard(): Promise<void> {
    await run(removing(this.#folder, this.#name));
    await this.npaa.close().catch(() => undefined);
  }
}

function* removing(folder: Folder, name: string): Plan<void> {
  const storage = folder.file(name);
  const file = yield* open(storage, "r");
  try {
    yield* remove(storage, file);
  } finally {
    yield* quietly(close(file));
  }
}
