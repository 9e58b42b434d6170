/**
 * The records of a zip file, as far as `.npz` needs them. Pure.
 *
 * Source: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5. A file has its members, each after a local header; the central directory, an entry for each; and an
 * end record, which says where the directory is. Zip64 adds records and fields of 8 bytes for what has no room in 4.
 */
import { NpyError } from "../errors.ts";
import { latin1 } from "../format/latin1.ts";

/** The compression methods that NumPy writes. */
export const STORED = 0;
export const DEFLATED = 8;

/** The signatures of records: "PK" and two bytes. */
export const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
export const END = 0x06054b50;
export const END64 = 0x06064b50;
export const LOCATOR64 = 0x07064b50;

/** Lengths of records without what follows them. */
export const LOCAL_LENGTH = 30;
export const CENTRAL_LENGTH = 46;
export const END_LENGTH = 22;
export const END64_LENGTH = 56;
export const LOCATOR64_LENGTH = 20;

/** Bits of a member's flags. */
export const ENCRYPTED = 1;
const UTF8: number = 1 << 11;

/** In a field of 2 or 4 bytes: the value is in a record or field of Zip64. */
export const IN_ZIP64_2 = 0xffff;
export const IN_ZIP64_4 = 0xffffffff;

/** Ids of extra fields. Zip64's; and padding, as Android's zipalign writes it. */
const ZIP64_FIELD = 1;
const PADDING_FIELD = 0xd935;

/** What the directory says of a member. */
export interface ZipEntry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly compressedSize: number;
  readonly size: number;
  /** Where its local header begins. */
  readonly offset: number;
}

/** The error for an archive that cannot be read. */
export function brokenArchive(what: string, cause?: unknown): NpyError {
  const message = `Not a readable .npz archive: ${what}. It may be damaged or incomplete: get or save it again.`;
  return new NpyError("ERR_NPY_HEADER", message, cause === undefined ? {} : { cause });
}

export function viewOfBytes({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}

/** A number of 8 bytes. */
export function readSize(view: DataView, at: number): number {
  const size = Number(view.getBigUint64(at, true));
  if (Number.isSafeInteger(size)) return size;
  throw brokenArchive(`it says ${size} for a size or position, which no file has`);
}

/** Code page 437 from 128 on: the characters of names without {@link UTF8}. */
const CP437: string =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";

export function decodeName(bytes: Uint8Array, flags: number): string {
  if ((flags & UTF8) === 0) {
    return latin1(bytes).replace(/[\x80-\xff]/g, (char) => CP437.charAt(char.charCodeAt(0) - 128));
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw brokenArchive("a member's name is marked as UTF-8, and is not", error);
  }
}

/** All entries of a directory, which are `count`. */
export function parseDirectory(bytes: Uint8Array, count: number, prefix: number): ZipEntry[] {
  const view = viewOfBytes(bytes);
  const entries: ZipEntry[] = [];
  for (let at = 0; entries.length < count; ) {
    if (at + CENTRAL_LENGTH > bytes.length || view.getUint32(at, true) !== CENTRAL) {
      throw brokenArchive(`its directory has ${entries.length} readable entries of ${count}`);
    }
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const end = at + CENTRAL_LENGTH + nameLength + extraLength + view.getUint16(at + 32, true);
    if (end > bytes.length) throw brokenArchive("its directory ends within an entry");
    const extra = at + CENTRAL_LENGTH + nameLength;
    const flags = view.getUint16(at + 8, true);
    const sizes = wideSizes(view, at, bytes.subarray(extra, extra + extraLength));
    entries.push({
      name: decodeName(bytes.subarray(at + CENTRAL_LENGTH, extra), flags),
      flags,
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      ...sizes,
      offset: sizes.offset + prefix,
    });
    at = end;
  }
  return entries;
}

/** The sizes of an entry at `at`; those that do not fit there are in an extra field, in this order. */
function wideSizes(view: DataView, at: number, extra: Uint8Array): Pick<ZipEntry, "size" | "compressedSize" | "offset"> {
  const field = zip64Field(extra);
  let next = 0;
  const sizeAt = (place: number): number => {
    const size = view.getUint32(place, true);
    if (size !== IN_ZIP64_4) return size;
    if (field === undefined || next + 8 > field.byteLength) throw brokenArchive("an entry of its directory lacks a size");
    next += 8;
    return readSize(field, next - 8);
  };
  return { size: sizeAt(at + 24), compressedSize: sizeAt(at + 20), offset: sizeAt(at + 42) };
}

function zip64Field(extra: Uint8Array): DataView | undefined {
  const view = viewOfBytes(extra);
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = view.getUint16(at + 2, true);
    if (at + 4 + length > extra.length) return undefined;
    if (view.getUint16(at, true) === ZIP64_FIELD) return viewOfBytes(extra.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return undefined;
}

/** Where a member's data begin must be a multiple of this, so that they can be mapped: that of a `.npy` header. */
const ALIGNMENT = 64;

/** NumPy's, 1 January 1980: the same arrays give the same bytes. */
const DATE = 0x21;

/** 2.0, or 4.5 for Zip64; made on Unix, so that the mode of files counts. */
const VERSION = 20;
const VERSION64 = 45;
const UNIX = 3 << 8;

/** A regular file that its owner may write, and all may read. */
const MODE: number = 0o100644 * 2 ** 16;

/** A member that is written. */
export interface WrittenEntry extends ZipEntry {
  readonly nameBytes: Uint8Array;
  /** Whether its local header has sizes of 8 bytes. */
  readonly isWide: boolean;
}

/** The name and flags of a member. */
export function encodeName(name: string): { readonly nameBytes: Uint8Array; readonly flags: number } {
  const nameBytes = new TextEncoder().encode(name);
  return { nameBytes, flags: nameBytes.length === name.length ? 0 : UTF8 };
}

/** The length of a local header, so that data that are stored begin at a multiple of {@link ALIGNMENT}. */
export function localLength(entry: Pick<WrittenEntry, "method" | "nameBytes" | "isWide" | "offset">): number {
  const { method, nameBytes, isWide, offset } = entry;
  const bare = LOCAL_LENGTH + nameBytes.length + (isWide ? 20 : 0);
  if (method !== STORED) return bare;
  const gap = -(offset + bare) & (ALIGNMENT - 1);
  // A padding field takes 6 bytes at least.
  return bare + (gap === 0 || gap >= 6 ? gap : gap + ALIGNMENT);
}

/** The bytes before a member's data. */
export function localHeader(entry: WrittenEntry): Uint8Array {
  const { nameBytes, flags, method, crc, size, compressedSize, isWide } = entry;
  const bytes = new Uint8Array(localLength(entry));
  const view = viewOfBytes(bytes);
  const extra = LOCAL_LENGTH + nameBytes.length;
  view.setUint32(0, LOCAL, true);
  view.setUint16(4, isWide ? VERSION64 : VERSION, true);
  view.setUint16(6, flags, true);
  view.setUint16(8, method, true);
  view.setUint16(12, DATE, true);
  view.setUint32(14, crc, true);
  view.setUint32(18, isWide ? IN_ZIP64_4 : compressedSize, true);
  view.setUint32(22, isWide ? IN_ZIP64_4 : size, true);
  view.setUint16(26, nameBytes.length, true);
  view.setUint16(28, bytes.length - extra, true);
  bytes.set(nameBytes, LOCAL_LENGTH);
  let at = extra;
  if (isWide) at += putZip64(view, at, [size, compressedSize]);
  if (at < bytes.length) {
    view.setUint16(at, PADDING_FIELD, true);
    view.setUint16(at + 2, bytes.length - at - 4, true);
    view.setUint16(at + 4, ALIGNMENT, true);
  }
  return bytes;
}

/** Puts an extra field, and returns its length. */
function putZip64(view: DataView, at: number, sizes: readonly number[]): number {
  view.setUint16(at, ZIP64_FIELD, true);
  view.setUint16(at + 2, 8 * sizes.length, true);
  for (const [i, size] of sizes.entries()) view.setBigUint64(at + 4 + 8 * i, BigInt(size), true);
  return 4 + 8 * sizes.length;
}

/** A member's entry in the directory. */
export function centralEntry({ nameBytes, flags, method, crc, size, compressedSize, offset }: WrittenEntry): Uint8Array {
  const wide = [size, compressedSize, offset].filter((value) => value >= IN_ZIP64_4);
  const bytes = new Uint8Array(CENTRAL_LENGTH + nameBytes.length + (wide.length > 0 ? 4 + 8 * wide.length : 0));
  const view = viewOfBytes(bytes);
  const version = wide.length > 0 ? VERSION64 : VERSION;
  view.setUint32(0, CENTRAL, true);
  view.setUint16(4, UNIX | version, true);
  view.setUint16(6, version, true);
  view.setUint16(8, flags, true);
  view.setUint16(10, method, true);
  view.setUint16(14, DATE, true);
  view.setUint32(16, crc, true);
  view.setUint32(20, Math.min(compressedSize, IN_ZIP64_4), true);
  view.setUint32(24, Math.min(size, IN_ZIP64_4), true);
  view.setUint16(28, nameBytes.length, true);
  view.setUint16(30, bytes.length - CENTRAL_LENGTH - nameBytes.length, true);
  view.setUint32(38, MODE, true);
  view.setUint32(42, Math.min(offset, IN_ZIP64_4), true);
  bytes.set(nameBytes, CENTRAL_LENGTH);
  if (wide.length > 0) putZip64(view, CENTRAL_LENGTH + nameBytes.length, wide);
  return bytes;
}

/** The end of the file, after a directory of `count` entries. */
export function endRecords(count: number, offset: number, length: number): Uint8Array {
  const isWide = count >= IN_ZIP64_2 || offset >= IN_ZIP64_4 || length >= IN_ZIP64_4;
  const bytes = new Uint8Array(isWide ? END64_LENGTH + LOCATOR64_LENGTH + END_LENGTH : END_LENGTH);
  const view = viewOfBytes(bytes);
  if (isWide) {
    view.setUint32(0, END64, true);
    view.setBigUint64(4, BigInt(END64_LENGTH - 12), true);
    view.setUint16(12, UNIX | VERSION64, true);
    view.setUint16(14, VERSION64, true);
    for (const [i, value] of [count, count, length, offset].entries()) view.setBigUint64(24 + 8 * i, BigInt(value), true);
    view.setUint32(END64_LENGTH, LOCATOR64, true);
    view.setBigUint64(END64_LENGTH + 8, BigInt(offset + length), true);
    view.setUint32(END64_LENGTH + 16, 1, true);
  }
  const end = bytes.length - END_LENGTH;
  view.setUint32(end, END, true);
  view.setUint16(end + 8, Math.min(count, IN_ZIP64_2), true);
  view.setUint16(end + 10, Math.min(count, IN_ZIP64_2), true);
  view.setUint32(end + 12, Math.min(length, IN_ZIP64_4), true);
  view.setUint32(end + 16, Math.min(offset, IN_ZIP64_4), true);
  return bytes;
}
