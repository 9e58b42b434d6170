/** An archive that is open: its file, which all readers of its members share, and its members. */
import { NpyError, quoted } from "../errors.ts";
import { similarName } from "../format/similar.ts";
import { close, open, type Plan, quietly } from "../plan/step.ts";
import type { Eventually, ReadLimits, Storage, StorageFile } from "../storage/storage.ts";
import { type Member, readMembers } from "./zip-directory.ts";

/** What NumPy adds to the name of an array. */
export const SUFFIX = ".npy";

export class Archive {
  readonly storage: Storage;
  readonly file: StorageFile;
  readonly members: readonly Member[];
  /** Under a name that several have, the last one is found, as by Python's zipfile. */
  readonly #byName: ReadonlyMap<string, Member>;
  #users = 1;

  private constructor(storage: Storage, file: StorageFile, members: readonly Member[]) {
    this.storage = storage;
    this.file = file;
    this.members = members;
    this.#byName = new Map(members.map((member) => [member.name, member]));
  }

  static *open(storage: Storage, { signal, timeout, fetch }: ReadLimits): Plan<Archive> {
    const file = yield* open(storage, "r", { signal, timeout, fetch });
    try {
      return new Archive(storage, file, yield* readMembers(file));
    } catch (error) {
      yield* quietly(close(file));
      throw error;
    }
  }

  /** A member, by its name with or without `.npy`. */
  member(name: string): Member {
    const found = this.#byName.get(name) ?? this.#byName.get(name + SUFFIX);
    if (found !== undefined) return found;
    const names = this.members.map((member) => withoutSuffix(member.name));
    const meant = typeof name === "string" ? similarName(name, names) : undefined;
    const hint = meant === undefined ? "" : ` (did you mean ${quoted(meant)}?)`;
    const all = names.length === 0 ? "it is empty" : `it has ${quoted(names)}`;
    throw new NpyError("ERR_NPY_OPTION", `The archive has no array ${quoted(name)}${hint}: ${all}.`);
  }

  /** How messages call a member: as the command line does. */
  pathOf(member: Member): string {
    const name = withoutSuffix(member.name);
    return this.storage.path === undefined ? name : `${this.storage.path}:${name}`;
  }

  /** Keeps the file open until as many calls of {@link release} have followed. */
  retain(): void {
    this.#users++;
  }

  release(): Eventually<void> {
    if (this.#leave()) return this.file.close();
  }
  releaseSync(): void {
    if (this.#leave()) this.file.closeSync();
  }
  #leave(): boolean {
    this.#users--;
    return this.#users === 0;
  }
}

/** An array's name: that of its member, without `.npy`. */
export function withoutSuffix(name: string): string {
  return name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : name;
}
