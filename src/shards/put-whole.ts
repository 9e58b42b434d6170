/** Makes shards of private files in folders that take files whole, such as object stores. */
import { NpyError } from "../errors.ts";
import { run } from "../plan/run.ts";
import { close, create, open, type Plan, quietly, read, remove, size, sync, withFile, write } from "../plan/step.ts";
import { inOrder, shardName, shardNumber } from "../reader/shard-names.ts";
import type { Folder, WholeFiles } from "../storage/folder.ts";
import { hasCode, type Storage, type StorageFile } from "../storage/storage.ts";
import { idOf, isPrivate } from "./private-files.ts";

/** The digits of a number in a note. */
const DIGITS = 16;

/** Bytes that are read at once into a blob. */
const PIECE = 2 ** 22;

/**
 * A private file that becomes a shard by being sent, under the first free name. The request may succeed without an answer: so the number is noted beside a
 * spooled file before it is tried, and it is tried until it is known who has it. Only then comes the next one.
 */
export class WholeShard {
  readonly #folder: Folder;
  readonly #whole: WholeFiles;
  /** Where the private file is. */
  readonly #place: Folder;
  readonly #name: string;
  /** The number that was tried last, and may yet be this shard's. */
  #number: number | undefined;

  constructor(folder: Folder, place: Folder, name: string) {
    this.#folder = folder;
    this.#whole = folder.whole as WholeFiles;
    this.#place = place;
    this.#name = name;
  }

  /** Whether the folder may have the file: it must not change any more. */
  get isTried(): boolean {
    return this.#number !== undefined;
  }

  /** Reads what a writer that is gone had tried. */
  async readNote(): Promise<void> {
    if (this.#whole.spool !== undefined) this.#number = await run(readNote(this.#place.file(noteOf(this.#name))));
  }

  /** Sends the file, from number `next` on. Returns the number that it has got. */
  async send(next: number, isSafe: boolean): Promise<number> {
    const id = idOf(this.#name);
    const content = await blobOf(this.#place.file(this.#name));
    this.#number ??= await this.#freeFrom(next);
    for (;;) {
      await this.#note(this.#number, isSafe);
      if (await this.#whole.putIfAbsent(shardName(this.#number), content, id)) return this.#number;
      // Its name is another shard's for good, so that no request for it that is still on its way can succeed.
      this.#number = await this.#freeFrom(this.#number + 1);
    }
  }

  /** A number whose name is free, as far as is known: sending a file in vain costs more than a listing. */
  async #freeFrom(number: number): Promise<number> {
    const names = number === 0 ? await this.#folder.list() : await this.#whole.listAfter(shardName(number - 1));
    const last = inOrder(names).at(-1);
    return last === undefined ? number : Math.max(number, (shardNumber(last) as number) + 1);
  }

  async #note(number: number, isSafe: boolean): Promise<void> {
    if (this.#whole.spool !== undefined) await run(writeNote(this.#place.file(noteOf(this.#name)), number, isSafe));
  }

  /** Removes the file that has become a shard. The note goes last: without it, the file would be sent again. */
  async forget(): Promise<void> {
    await run(removing(this.#place.file(this.#name)));
    if (this.#whole.spool !== undefined) await run(quietly(removing(this.#place.file(noteOf(this.#name)))));
  }
}

/** The name of the note beside a private file. */
function noteOf(name: string): string {
  return name.replace(/\.npy$/, ".tried");
}

/** Removes notes whose files have become shards, and whose writers were killed before they removed them. */
export async function dropNotes(place: Folder, tag: string, names: readonly string[]): Promise<void> {
  const known = new Set(names);
  for (const name of names) {
    const file = name.replace(/\.tried$/, ".npy");
    if (file !== name && isPrivate(file, tag) && !known.has(file)) await run(quietly(removing(place.file(name))));
  }
}

function* readNote(storage: Storage): Plan<number | undefined> {
  const bytes = new Uint8Array(DIGITS);
  let count: number;
  try {
    count = yield* withFile(storage, "r", (file) => read(file, bytes, 0));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
  // A shorter one was being written, and nothing had been sent.
  return count < DIGITS ? undefined : Number(String.fromCharCode(...bytes));
}

function* writeNote(storage: Storage, number: number, isSafe: boolean): Plan<void> {
  const digits = String(number).padStart(DIGITS, "0");
  const file = yield* openOrCreate(storage);
  try {
    yield* write(
      file,
      Uint8Array.from(digits, (digit) => digit.charCodeAt(0)),
      0,
    );
    if (isSafe) yield* sync(file);
  } finally {
    yield* quietly(close(file));
  }
}

function* openOrCreate(storage: Storage): Plan<StorageFile> {
  try {
    return yield* open(storage, "r+");
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    return yield* create(storage);
  }
}

/** Removes a file of this writer. */
export function* removing(storage: Storage): Plan<void> {
  const file = yield* open(storage, "r");
  try {
    yield* remove(storage, file);
  } finally {
    yield* quietly(close(file));
  }
}

/** All bytes of a file. Where the storage cannot say otherwise, they are in memory. */
async function blobOf(storage: Storage): Promise<Blob> {
  const blob = await storage.blob?.();
  if (blob !== undefined) return blob;
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  await run(
    withFile(storage, "r", function* (file) {
      const length = yield* size(file);
      for (let done = 0; done < length; ) {
        const piece = new Uint8Array(Math.min(PIECE, length - done));
        const count = yield* read(file, piece, done);
        if (count < piece.length) throw new NpyError("ERR_NPY_CHANGED", "The file became shorter while it was being read.", {});
        pieces.push(piece);
        done += count;
      }
    }),
  );
  return new Blob(pieces);
}
