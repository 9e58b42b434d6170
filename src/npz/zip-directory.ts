/** Finds the members of an archive: the end record, the directory, and each member's local header. */

import { quoted } from "../errors.ts";
import { counted } from "../format/counted.ts";
import { type Plan, read, size } from "../plan/step.ts";
import type { StorageFile } from "../storage/storage.ts";
import {
  brokenArchive,
  decodeName,
  END,
  END_LENGTH,
  END64,
  END64_LENGTH,
  IN_ZIP64_2,
  LOCAL,
  LOCAL_LENGTH,
  LOCATOR64,
  LOCATOR64_LENGTH,
  parseDirectory,
  readSize,
  viewOfBytes,
  type ZipEntry,
} from "./zip-format.ts";

/** Bytes read at the end of the file: the end record, and a directory of some dozens of members. */
const TAIL = 2 ** 13;

/** The same where the end record is not among them: it may have a comment of up to 65,535 bytes. */
const LONGEST_TAIL = END_LENGTH + IN_ZIP64_2 + END64_LENGTH + LOCATOR64_LENGTH;

/** A member of an archive. */
export interface Member extends ZipEntry {
  /** Where the next member, or the directory, begins. */
  readonly end: number;
}

/** The last bytes of a file. */
interface Tail {
  readonly bytes: Uint8Array;
  readonly start: number;
}

/** Reads exactly these bytes. */
function* readExactly(file: StorageFile, position: number, length: number): Plan<Uint8Array> {
  const bytes = new Uint8Array(length);
  const count = yield* read(file, bytes, position);
  if (count < length) throw brokenArchive(`it ends at byte ${position + count}, within what its records promise`);
  return bytes;
}

function* readTail(file: StorageFile, whole: number, length: number): Plan<Tail> {
  const start = Math.max(0, whole - length);
  return { bytes: yield* readExactly(file, start, whole - start), start };
}

/** The members of an archive, in the order of its directory. */
export function* readMembers(file: StorageFile): Plan<Member[]> {
  const whole = yield* size(file);
  let tail = yield* readTail(file, whole, TAIL);
  let end = endIn(tail.bytes);
  if (end === undefined && whole > TAIL) {
    tail = yield* readTail(file, whole, LONGEST_TAIL);
    end = endIn(tail.bytes);
  }
  if (end === undefined) {
    const what = whole === 0 ? "it is empty" : "it has no end record, as all zip files do";
    throw brokenArchive(`${what}${yield* otherwise(file)}`);
  }
  const { count, length, offset, position } = directoryAt(tail, end);
  const start = position - length;
  if (start < 0 || offset > start) throw brokenArchive(`its directory of ${counted(length, "byte")} would begin before the file`);
  const bytes =
    start >= tail.start
      ? tail.bytes.subarray(start - tail.start, position - tail.start)
      : yield* readExactly(file, start, length);
  // Bytes before the archive, such as those of a program that unpacks it, count in no offset.
  return withEnds(parseDirectory(bytes, count, start - offset), start);
}

/** What a file is that is no archive. */
function* otherwise(file: StorageFile): Plan<string> {
  const start = new Uint8Array(6);
  yield* read(file, start, 0);
  return viewOfBytes(start).getUint32(0, false) === 0x934e554d ? ". It is a .npy file: call load or NpyReader.open" : "";
}

/** Where the end record begins. Its comment ends the file, and may itself hold what looks like one. */
function endIn(bytes: Uint8Array): number | undefined {
  const view = viewOfBytes(bytes);
  let last: number | undefined;
  for (let at = bytes.length - END_LENGTH; at >= 0; at--) {
    if (bytes[at] !== 0x50 || view.getUint32(at, true) !== END) continue;
    const end = at + END_LENGTH + view.getUint16(at + 20, true);
    if (end === bytes.length) return at;
    if (end < bytes.length) last ??= at;
  }
  // Some programs leave bytes after it.
  return last;
}

interface DirectoryPlace {
  readonly count: number;
  readonly length: number;
  /** Where it begins by the archive's own count, and where it ends in the file. */
  readonly offset: number;
  readonly position: number;
}

function directoryAt({ bytes, start }: Tail, at: number): DirectoryPlace {
  const view = viewOfBytes(bytes);
  const locator = at - LOCATOR64_LENGTH;
  if (locator >= END64_LENGTH && view.getUint32(locator, true) === LOCATOR64) {
    const end = locator - END64_LENGTH;
    if (view.getUint32(end, true) !== END64) throw brokenArchive("its Zip64 end record is not where it should be");
    checkDisks(view.getUint32(end + 16, true), view.getUint32(end + 20, true));
    const [count, length, offset] = [readSize(view, end + 32), readSize(view, end + 40), readSize(view, end + 48)];
    return { count, length, offset, position: start + end };
  }
  checkDisks(view.getUint16(at + 4, true), view.getUint16(at + 6, true));
  const count = view.getUint16(at + 10, true);
  return { count, length: view.getUint32(at + 12, true), offset: view.getUint32(at + 16, true), position: start + at };
}

function checkDisks(...disks: number[]): void {
  if (disks.some((disk) => disk !== 0)) throw brokenArchive("it is one part of several, which this package cannot join");
}

/** No member may reach into the next one: otherwise a small file could claim the same bytes thousands of times. */
function withEnds(entries: readonly ZipEntry[], directory: number): Member[] {
  const offsets = Float64Array.from(entries, ({ offset }) => offset).sort();
  const ends = new Map<number, number>();
  for (const [i, offset] of offsets.entries()) ends.set(offset, Math.min(directory, offsets[i + 1] ?? directory));
  // Of two that begin at the same byte neither can be read.
  for (let i = 1; i < offsets.length; i++) {
    const offset = offsets[i] as number;
    if (offset === offsets[i - 1]) ends.set(offset, offset);
  }
  return entries.map((entry) => ({ ...entry, end: ends.get(entry.offset) as number }));
}

/** The first bytes of a member: those of its data, and where they begin. */
export interface MemberStart {
  readonly position: number;
  /** The first of its data, as far as they were read with the local header. */
  readonly head: Uint8Array;
}

/** Bytes read with a local header: those of a `.npy` header, which nearly always follow soon. */
const HEAD = 2 ** 9;

/** Reads a member's local header, and with it the beginning of its data. */
export function* readLocalHeader(file: StorageFile, member: Member): Plan<MemberStart> {
  const { offset, end, name, compressedSize, flags } = member;
  // In UTF-8 a name takes up to 3 bytes for each of its 16 bits.
  const wanted = Math.min(end - offset, LOCAL_LENGTH + 3 * name.length + 2 * 64 + HEAD);
  if (wanted < LOCAL_LENGTH) throw brokenArchive("another member, or the directory, begins within its header");
  const bytes = yield* readExactly(file, offset, wanted);
  const view = viewOfBytes(bytes);
  if (view.getUint32(0, true) !== LOCAL) throw brokenArchive(`no member begins at byte ${offset}, where its directory says`);
  const nameLength = view.getUint16(26, true);
  const position = offset + LOCAL_LENGTH + nameLength + view.getUint16(28, true);
  const own = decodeName(bytes.subarray(LOCAL_LENGTH, LOCAL_LENGTH + nameLength), flags);
  if (own !== name) throw brokenArchive(`the member calls itself ${quoted(own)}, and its directory calls it ${quoted(name)}`);
  if (position + compressedSize > end) {
    throw brokenArchive(
      `${counted(compressedSize, "byte")} from byte ${position} on reach into what follows, which begins at byte ${end}`,
    );
  }
  return { position, head: bytes.subarray(position - offset, position - offset + compressedSize) };
}
