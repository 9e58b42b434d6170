/** A file that a writer of shards fills. */
import { NpyError } from "../errors.ts";
import type { DType } from "../format/dtype.ts";
import { run } from "../plan/run.ts";
import { close, open, quietly } from "../plan/step.ts";
import type { Folder } from "../storage/folder.ts";
import type { StorageFile } from "../storage/storage.ts";
import { NpyAppendArray } from "../writer/npy-append-array.ts";
import type { OpenOptions } from "../writer/open-options.ts";
import { giveName } from "./give-name.ts";
import { lockScopeOf, placeOfPrivate, privateName } from "./private-files.ts";
import { removing, WholeShard } from "./put-whole.ts";

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
  tag: string | undefined,
): Promise<{ readonly name: string; readonly npaa: NpyAppendArray }> {
  for (let tries = 1; ; tries++) {
    const name = privateName(scope, tag);
    try {
      const lock = scope === undefined ? options.lock : true;
      return { name, npaa: await NpyAppendArray.open(folder.file(name), { ...options, ...(lock !== undefined && { lock }) }) };
    } catch (error) {
      const isSeen = error instanceof NpyError && (error.code === "ERR_NPY_LOCKED" || error.code === "ERR_NPY_CHANGED");
      if (!isSeen || tries === TRIES) throw error;
    }
  }
}

/** The number of a new shard, and its open file, unless the folder took it whole. */
export interface Claimed {
  readonly number: number;
  readonly file: StorageFile | undefined;
}

export class PrivateFile {
  readonly npaa: NpyAppendArray;
  /** Where the file is. */
  readonly #place: Folder;
  readonly #name: string;
  /** How it becomes a shard of a folder that takes files whole. */
  readonly #sent: WholeShard | undefined;

  private constructor(folder: Folder, place: Folder, name: string, npaa: NpyAppendArray) {
    this.#place = place;
    this.#name = name;
    this.#sent = folder.whole && new WholeShard(folder, place, name);
    this.npaa = npaa;
  }

  static async create(
    folder: Folder,
    { dtype, rowShape, fortranOrder }: ShardLayout,
    options: OpenOptions,
  ): Promise<PrivateFile> {
    const place = placeOfPrivate(folder);
    const tag = folder.whole?.tag;
    const all: OpenOptions = { ...options, dtype, rowShape, fortranOrder };
    const scope = options.lock === false ? undefined : lockScopeOf(place);
    const { name, npaa } = await openLocked(place, all, scope, tag).catch((error: unknown) => {
      const isWithoutLocks = scope !== undefined && error instanceof NpyError && error.code === "ERR_NPY_OPTION";
      if (!isWithoutLocks) throw error;
      return openLocked(place, all, undefined, tag);
    });
    return new PrivateFile(folder, place, name, npaa);
  }

  /** A private file that a writer left behind, and whose lock `npaa` has. */
  static async of(folder: Folder, place: Folder, name: string, npaa: NpyAppendArray): Promise<PrivateFile> {
    const file = new PrivateFile(folder, place, name, npaa);
    await file.#sent?.readNote();
    return file;
  }

  get length(): number {
    return this.npaa.length;
  }

  /** Whether it may be a shard already, although nobody answered so: it takes no more rows, and is claimed again. */
  get isTried(): boolean {
    return this.#sent?.isTried ?? false;
  }

  /**
   * Makes it the next shard, from number `next` on, and closes it. All that it holds is in the file before it has the name; if `isSafe`, it and the name
   * also survive a power cut. Returns the number, and the open file of the shard.
   */
  async claim(next: number, isSafe: boolean): Promise<Claimed> {
    const { npaa } = this;
    await (isSafe ? npaa.sync() : npaa.updateHeader());
    if (this.#sent !== undefined) {
      const number = await this.#sent.send(next, isSafe);
      // Not before it is gone: the lock keeps others from sending it, too.
      await this.#sent.forget();
      await npaa.close().catch(() => undefined);
      return { number, file: undefined };
    }
    const file = await run(open(this.#place.file(this.#name), "r"));
    let number: number;
    try {
      number = await run(giveName(this.#place, this.#name, file, next));
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
    await run(removing(this.#place.file(this.#name)));
    await this.npaa.close().catch(() => undefined);
  }
}
