/** A member of an archive as a file of its own, which readers of `.npy` files read. */

import { NpyError } from "../errors.ts";
import { counted } from "../format/counted.ts";
import type { Plan } from "../plan/step.ts";
import type { Advice, Eventually, OpenMode, ReadPurpose, Storage, StorageFile } from "../storage/storage.ts";
import { isPending } from "../storage/storage.ts";
import type { Archive } from "./archive.ts";
import { Checksum } from "./checksum.ts";
import { checkRatio, Inflater } from "./inflate.ts";
import { type Member, type MemberStart, readLocalHeader } from "./zip-directory.ts";
import { brokenArchive, DEFLATED, ENCRYPTED, STORED } from "./zip-format.ts";

function refuse(): never {
  throw new NpyError(
    "ERR_NPY_OPTION",
    "A member of an archive can only be read: after it stands the archive's directory, where rows would go. To append, write it into a file of its own.",
  );
}

/** What members have in common, compressed or not. */
abstract class MemberFile implements StorageFile {
  readonly isSnapshot = true;
  readonly key: unknown;
  protected readonly archive: Archive;
  protected readonly member: Member;
  #isClosed = false;

  constructor(archive: Archive, member: Member) {
    this.archive = archive;
    this.member = member;
    this.key = member;
    archive.retain();
  }

  allocate(length: number): Uint8Array<ArrayBuffer> {
    return this.archive.file.allocate?.(length) ?? new Uint8Array(length);
  }
  size(): number {
    return this.member.size;
  }
  sizeSync(): number {
    return this.member.size;
  }
  abstract read(buffer: Uint8Array, position: number, signal?: AbortSignal): Eventually<number>;
  abstract readSync(buffer: Uint8Array, position: number): number;

  close(): Eventually<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    return this.archive.release();
  }
  closeSync(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.archive.releaseSync();
  }

  readonly write: () => never = refuse;
  readonly writeSync: () => never = refuse;
  readonly truncate: () => never = refuse;
  readonly truncateSync: () => never = refuse;
  readonly sync: () => never = refuse;
  readonly syncSync: () => never = refuse;
}

/** Bytes that are read at a time where their checksum is computed meanwhile. */
const PIECE = 2 ** 22;

/** Bytes of the archive as they are. */
class StoredFile extends MemberFile {
  declare readonly readOverhead?: number;
  readonly #start: MemberStart;
  readonly #checksum: Checksum;
  readonly #signal: AbortSignal | undefined;

  constructor(archive: Archive, member: Member, start: MemberStart, isWhole: boolean, signal: AbortSignal | undefined) {
    super(archive, member);
    const { readOverhead } = archive.file;
    if (readOverhead !== undefined) this.readOverhead = readOverhead;
    this.#start = start;
    this.#checksum = new Checksum(member, isWhole);
    this.#signal = signal;
  }

  /** The part of a buffer that is in the member. */
  #within(buffer: Uint8Array, position: number): Uint8Array {
    const room = Math.max(0, this.member.size - position);
    return buffer.length <= room ? buffer : buffer.subarray(0, room);
  }

  /** Whether all of this was read with the local header; if so, copies it. A part of it is read again: an odd rest would be read slowly. */
  #isInHead(bytes: Uint8Array, position: number): boolean {
    const { head } = this.#start;
    if (position + bytes.length > head.length) return false;
    bytes.set(head.subarray(position, position + bytes.length));
    return true;
  }

  read(buffer: Uint8Array, position: number, signal?: AbortSignal): Eventually<number> {
    const bytes = this.#within(buffer, position);
    if (this.#isInHead(bytes, position)) return this.#checked(bytes, position, bytes.length);
    const { file } = this.archive;
    const both = anyOf(signal, this.#signal);
    // A Blob or URL takes one request.
    if (bytes.length >= 2 * PIECE && !file.isSnapshot && this.#checksum.counts(position))
      return this.#readPieces(bytes, position, both);
    const count = file.read(bytes, this.#start.position + position, both);
    if (!isPending(count)) return this.#checked(bytes, position, count);
    return count.then((read) => this.#checked(bytes, position, read));
  }

  /** Reads a large part: the checksum of a piece is computed while the next one is being read. */
  async #readPieces(bytes: Uint8Array, position: number, signal: AbortSignal | undefined): Promise<number> {
    let reading: Eventually<number> | undefined;
    const start = (at: number): Eventually<number> =>
      this.archive.file.read(bytes.subarray(at, at + PIECE), this.#start.position + position + at, signal);
    try {
      reading = start(0);
      for (let at = 0; ; ) {
        const count: number = await reading;
        const end = at + count;
        reading = count === PIECE && end < bytes.length ? start(end) : undefined;
        this.#checked(bytes.subarray(at, end), position + at, count);
        at = end;
        if (reading === undefined) return at;
      }
    } finally {
      // After an error nothing may still write to the caller's memory.
      await Promise.allSettled([reading]);
    }
  }

  readSync(buffer: Uint8Array, position: number): number {
    const bytes = this.#within(buffer, position);
    if (this.#isInHead(bytes, position)) return this.#checked(bytes, position, bytes.length);
    return this.#checked(bytes, position, this.archive.file.readSync(bytes, this.#start.position + position));
  }
  #checked(bytes: Uint8Array, position: number, count: number): number {
    this.#checksum.add(bytes.subarray(0, count), position);
    return count;
  }

  /** `byteOffset` modulo 8 is that of the place in the archive. */
  map(position: number, length: number, advice: Advice | undefined): Uint8Array<ArrayBuffer> {
    return this.archive.file.map?.(this.#start.position + position, length, advice) as Uint8Array<ArrayBuffer>;
  }
}

/** The archive's file was opened before this reader, whose end must end its reads. */
function anyOf(signal: AbortSignal | undefined, own: AbortSignal | undefined): AbortSignal | undefined {
  return signal === undefined || own === undefined ? (signal ?? own) : AbortSignal.any([signal, own]);
}

/** Bytes that are decompressed as they are read. */
class DeflatedFile extends MemberFile {
  /** What is between two parts has to be decompressed in any case. */
  readonly readOverhead: number = 2 ** 20;
  readonly #inflater: Inflater;

  constructor(archive: Archive, member: Member, start: MemberStart, signal: AbortSignal | undefined) {
    super(archive, member);
    this.#inflater = new Inflater(archive.file, member, start, signal);
  }

  read(buffer: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    return this.#inflater.read(buffer, position, signal);
  }
  readSync(buffer: Uint8Array, position: number): number {
    return this.#inflater.readSync(buffer, position);
  }
  override async close(): Promise<void> {
    await this.#inflater.stop();
    await super.close();
  }
}

/** The place of a member. Each opening of it shares the archive's file. */
class MemberStorage implements Storage {
  readonly path: string;
  readonly key: unknown;
  readonly mapProblem?: (isWritten: boolean) => string | undefined;
  readonly #archive: Archive;
  readonly #member: Member;
  readonly #start: MemberStart;
  readonly #isWhole: boolean;

  constructor(archive: Archive, member: Member, start: MemberStart, isWhole: boolean) {
    const { storage } = archive;
    this.path = archive.pathOf(member);
    this.key = member;
    this.#archive = archive;
    this.#member = member;
    this.#start = start;
    this.#isWhole = isWhole;
    if (member.method !== STORED) {
      this.mapProblem = () =>
        "this array is compressed, and only arrays that are not can be mapped: save it with compress: false";
    } else if (storage.mapProblem !== undefined) {
      this.mapProblem = (isWritten) => storage.mapProblem?.(isWritten);
    }
  }

  open(mode: OpenMode, { signal }: ReadPurpose = {}): StorageFile {
    if (mode !== "r") refuse();
    return this.#member.method === STORED
      ? new StoredFile(this.#archive, this.#member, this.#start, this.#isWhole, signal)
      : new DeflatedFile(this.#archive, this.#member, this.#start, signal);
  }
  openSync(mode: OpenMode): StorageFile {
    return this.open(mode);
  }

  readonly create: () => never = refuse;
  readonly createSync: () => never = refuse;
  readonly createTemporary: () => never = refuse;
  readonly createTemporarySync: () => never = refuse;
  readonly replace: () => never = refuse;
  readonly replaceSync: () => never = refuse;
  readonly remove: () => never = refuse;
  readonly removeSync: () => never = refuse;
}

/**
 * A member, as a file to read. With `isWhole` all of it will be read.
 *
 * @throws NpyError `ERR_NPY_HEADER` for a member that cannot be read.
 */
export function* memberStorage(archive: Archive, member: Member, isWhole: boolean): Plan<Storage> {
  const { flags, method, size, compressedSize } = member;
  if ((flags & ENCRYPTED) !== 0) throw refused("it is encrypted");
  if (method !== STORED && method !== DEFLATED) throw refused(`it is compressed by method ${method}${METHODS.get(method) ?? ""}`);
  if (method === STORED && size !== compressedSize) {
    throw brokenArchive(
      `it is not compressed, and its directory says ${counted(size, "byte")}, of which ${compressedSize} are stored`,
    );
  }
  if (method === DEFLATED) checkRatio(member);
  return new MemberStorage(archive, member, yield* readLocalHeader(archive.file, member), isWhole);
}

const METHODS: ReadonlyMap<number, string> = new Map([
  [9, " (Deflate64)"],
  [12, " (bzip2)"],
  [14, " (LZMA)"],
  [93, " (Zstandard)"],
  [95, " (xz)"],
]);

function refused(what: string): NpyError {
  return new NpyError(
    "ERR_NPY_HEADER",
    `This member cannot be read: ${what}. NumPy writes members stored or deflated: unpack the archive, and save it again.`,
  );
}
