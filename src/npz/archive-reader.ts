/** What both readers of archives share. */
import type { NpyArray } from "../decode/npy-array.ts";
import { NpyError } from "../errors.ts";
import { loading } from "../load.ts";
import { notConstructible } from "../options.ts";
import { closing, type Plan } from "../plan/step.ts";
import { closed } from "../reader/array-reader.ts";
import { checkLoadOptions, type LoadOptions } from "../reader/reader-options.ts";
import type { Storage } from "../storage/storage.ts";
import { Archive, SUFFIX, withoutSuffix } from "./archive.ts";
import { memberStorage } from "./member.ts";
import type { Member } from "./zip-directory.ts";
import { STORED } from "./zip-format.ts";

/** A member of an archive, as its directory describes it. */
export interface NpzMember {
  /** As in {@link NpzReader.names}. */
  readonly name: string;
  /** The name in the archive, with `.npy`. */
  readonly file: string;
  /** The bytes of the `.npy` file. */
  readonly size: number;
  /** The bytes that it takes in the archive, without its headers. */
  readonly compressedSize: number;
  readonly isCompressed: boolean;
}

/** What both readers tell of their archive. */
export abstract class ArchiveReader {
  readonly #archive: Archive;
  #isClosed = false;

  constructor(archive: Archive, name: string) {
    if (!(archive instanceof Archive)) throw notConstructible(name, "openNpz");
    this.#archive = archive;
  }

  /** The archive's path or URL; `undefined` for storages without one. */
  get path(): string | undefined {
    return this.#archive.storage.path;
  }

  /** The names of all members in their order, those of arrays without `.npy`, as NumPy's `files`. */
  get names(): string[] {
    return this.#archive.members.map(({ name }) => withoutSuffix(name));
  }

  /** What the directory says of each member. */
  get members(): NpzMember[] {
    return this.#archive.members.map(({ name, size, compressedSize, method }) => ({
      name: withoutSuffix(name),
      file: name,
      size,
      compressedSize,
      isCompressed: method !== STORED,
    }));
  }

  protected checkOpen(): void {
    if (this.#isClosed) throw closed(this.path);
  }

  /** Returns whether it was open. */
  protected markClosed(): boolean {
    const wasOpen = !this.#isClosed;
    this.#isClosed = true;
    return wasOpen;
  }
}

/** Loads a member, and verifies its checksum. */
export function* loadMember<D>(archive: Archive, member: Member, options: LoadOptions<D>): Plan<NpyArray<D>> {
  try {
    return yield* loading<D>(yield* memberStorage(archive, member, true), options);
  } catch (error) {
    throw ofMember(error, archive, member);
  }
}

/** How {@link loadNpz} reads: as {@link load}, but for the dtype. */
export type LoadNpzOptions = Omit<LoadOptions, "dtype">;

/** Loads each member that is an array. */
export function* loadingAll(storage: Storage, options: LoadNpzOptions): Plan<{ [name: string]: NpyArray }> {
  const archive = yield* Archive.open(storage, checkLoadOptions(options));
  return yield* closing(archive.file, function* () {
    const loaded: [string, NpyArray][] = [];
    for (const member of archive.members) {
      if (!member.name.endsWith(SUFFIX)) continue;
      loaded.push([withoutSuffix(member.name), yield* loadMember(archive, member, options)]);
    }
    return Object.fromEntries(loaded);
  });
}

/** The error of a member: names it, and gives no advice that holds only for files. */
export function ofMember(error: unknown, archive: Archive, member: Member): unknown {
  if (!(error instanceof NpyError)) return error;
  const path = archive.pathOf(member);
  if (error.code !== "ERR_NPY_NEEDS_RECOVERY") return error.within({ path });
  const reason = `The array needs more bytes than the ${member.size} of its member: it was damaged before it was archived. Save it again.`;
  return new NpyError("ERR_NPY_HEADER", reason, { cause: error, path });
}
