/**
 * What a file says of itself while it is rewritten in place: a marker instead of the magic, so that nothing takes it for a `.npy` file,
 * and a journal at its end, from which the rewrite can be completed.
 */
import { MAGIC } from "../format/header.ts";
import type { StorageFile } from "../storage/storage.ts";
import { type Plan, read, size, write } from "./step.ts";

/** The marker, but for its last byte. No byte of it is that of the magic, so that a marker that is half written is one, too. */
const MARKER = [0x94, 0x6e, 0x70, 0x79, 0x3e]; // "\x94npy>"

/**
 * The last byte of the marker. The header is right and the data are where it says: nothing was moved yet, or everything was. A journal no longer
 * counts, since it may be partly written, or partly cut off.
 */
const SETTLED = 0x30;
/** The last byte of the marker. The data are being moved, and only the journal knows how far. */
const MOVING = 0x31;

const LAST = MARKER.length;

/** Bytes of the marker, and of the magic. */
export const MARKER_LENGTH: number = MAGIC.length;

/** An in-place rewrite, as its journal says. Positions are those before anything was moved. */
export interface Journal {
  /** Whether the data are moved by copying them, or by a block that the file system inserts before them. */
  readonly kind: "shift" | "insert";
  /** Where the data begin and end. */
  readonly from: number;
  readonly end: number;
  /** The new header. The data move by as much as it is longer. */
  readonly header: Uint8Array;
  /** Bytes that are moved at a time, and the size of each of the two places to which they are saved before; 0 for an insertion. */
  readonly block: number;
}

/** At the very end of the file, where it can be found whatever the file begins with. */
const TRAILER = 64;
const SIGNATURE = new TextEncoder().encode("npy-append-array in-place rewrite"); // 33 bytes
const RECORD = 12;

export function distanceOf({ header, from }: Journal): number {
  return header.length - from;
}

/** Where the journal of a shift lies: behind where the data will end. That of an insertion is moved with the data. */
function startOf(journal: Journal): number {
  return journal.kind === "shift" ? journal.end + distanceOf(journal) : journal.end;
}

/** Where a block is saved before it is moved. */
export function savedAt(journal: Journal, place: number): number {
  return startOf(journal) + place * journal.block;
}

function recordAt(journal: Journal, place: number): number {
  return savedAt(journal, 2) + place * RECORD;
}

/** Where the part of the journal begins that never changes. */
function bodyAt(journal: Journal): number {
  return recordAt(journal, 2);
}

/** The size of a file with its journal, before a block is inserted. */
export function sizeWithJournal(journal: Journal): number {
  return bodyAt(journal) + journal.header.length + TRAILER;
}

/** Writes zeros from the end of the data on, and the journal behind them: a disk that is full says so before anything is moved. */
export function* writeJournal(file: StorageFile, journal: Journal): Plan<void> {
  const { header, from, end, block, kind } = journal;
  const body = bodyAt(journal);
  const zeros = new Uint8Array(Math.min(2 ** 20, body - end));
  for (let at = end; at < body; at += zeros.length) {
    yield* write(file, zeros.subarray(0, Math.min(zeros.length, body - at)), at);
  }
  const bytes = new Uint8Array(header.length + TRAILER);
  bytes.set(header);
  bytes.set(SIGNATURE, header.length);
  const view = new DataView(bytes.buffer, header.length + SIGNATURE.length);
  view.setUint8(0, kind === "shift" ? 0 : 1);
  view.setUint32(1, header.length, true);
  setUint64(view, 5, from);
  setUint64(view, 13, end);
  view.setUint32(21, block, true);
  setChecksum(bytes);
  yield* write(file, bytes, body);
}

/** A journal, and whether an insertion has moved it. */
export interface FoundJournal {
  readonly journal: Journal;
  readonly isMoved: boolean;
}

/** The journal at the end of a file; `undefined` if there is none, or none that is whole. */
export function* readJournal(file: StorageFile): Plan<FoundJournal | undefined> {
  const fileSize = yield* size(file);
  // A file system lengthens the file before it moves the end of it.
  return (yield* readJournalAt(file, fileSize)) ?? (yield* readJournalAt(file, fileSize - (file.blockSize ?? 0)));
}

function* readJournalAt(file: StorageFile, fileSize: number): Plan<FoundJournal | undefined> {
  const trailer = new Uint8Array(TRAILER);
  yield* read(file, trailer, Math.max(0, fileSize - TRAILER));
  if (SIGNATURE.some((byte, i) => trailer[i] !== byte)) return undefined;
  const view = new DataView(trailer.buffer, SIGNATURE.length);
  const headerLength = view.getUint32(1, true);
  if (headerLength + TRAILER > fileSize) return undefined;
  const bytes = new Uint8Array(headerLength + TRAILER);
  yield* read(file, bytes, fileSize - bytes.length);
  if (!hasChecksum(bytes)) return undefined;
  const journal: Journal = {
    kind: view.getUint8(0) === 0 ? "shift" : "insert",
    from: getUint64(view, 5),
    end: getUint64(view, 13),
    header: bytes.subarray(0, headerLength),
    block: view.getUint32(21, true),
  };
  if (fileSize === sizeWithJournal(journal)) return { journal, isMoved: false };
  const isMoved = journal.kind === "insert" && fileSize === sizeWithJournal(journal) + distanceOf(journal);
  return isMoved ? { journal, isMoved } : undefined;
}

/** Notes, in one of the two places, that the block which ends at `position` is saved in the same one. */
export function* writeRecord(file: StorageFile, journal: Journal, place: number, position: number): Plan<void> {
  const bytes = new Uint8Array(RECORD);
  setUint64(new DataView(bytes.buffer), 0, position);
  setChecksum(bytes);
  yield* write(file, bytes, recordAt(journal, place));
}

/** The last record: blocks are moved from the end on. */
export function* lastRecord(file: StorageFile, journal: Journal): Plan<{ place: number; position: number } | undefined> {
  let last: { place: number; position: number } | undefined;
  for (const place of [0, 1]) {
    const bytes = new Uint8Array(RECORD);
    yield* read(file, bytes, recordAt(journal, place));
    const position = getUint64(new DataView(bytes.buffer), 0);
    if (hasChecksum(bytes) && position < (last?.position ?? Number.POSITIVE_INFINITY)) last = { place, position };
  }
  return last;
}

/** Marks a file whose header is right, and whose data are where it says. */
export function writeSettled(file: StorageFile): Plan<void> {
  return write(file, Uint8Array.of(...MARKER, SETTLED), 0);
}

/** Marks a file whose data are about to be moved: one byte, which is there or not. */
export function writeMoving(file: StorageFile): Plan<void> {
  return write(file, Uint8Array.of(MOVING), LAST);
}

/** Makes it a `.npy` file again. */
export function writeMagic(file: StorageFile): Plan<void> {
  return write(file, Uint8Array.from(MAGIC), 0);
}

/** Whether the data are being moved, so that only the journal knows where they are. */
export function isMoving(start: Uint8Array): boolean {
  return MARKER.every((byte, i) => start[i] === byte) && start[LAST] === MOVING;
}

/** Whether the header and the data are right as they are: every byte that is not yet, or no longer, the magic's is that of `SETTLED`. */
export function isSettled(start: Uint8Array): boolean {
  return MAGIC.every((byte, i) => start[i] === byte || start[i] === (i === LAST ? SETTLED : MARKER[i]));
}

/** Whether a file that begins with `start` is being rewritten, which is told by a marker, whole or half written. */
export function* isRewriting(file: StorageFile, start: Uint8Array): Plan<boolean> {
  // What ends within these bytes has no header, old or new.
  if (start.length < MARKER_LENGTH || MAGIC.every((byte, i) => start[i] === byte)) return false;
  if (MAGIC.every((byte, i) => start[i] === byte || start[i] === MARKER[i] || isLast(start, i))) return true;
  // What a file system inserts is zeros: then only the journal can tell.
  const mayBeInserted = MAGIC.every((_, i) => start[i] === 0 || start[i] === MARKER[i] || isLast(start, i));
  return mayBeInserted && (yield* readJournal(file)) !== undefined;
}

function isLast(start: Uint8Array, i: number): boolean {
  return i === LAST && (start[i] === SETTLED || start[i] === MOVING);
}

// Above 2^32 the numbers of JavaScript are exact up to 2^53, as all positions are.

function setUint64(view: DataView, at: number, value: number): void {
  view.setBigUint64(at, BigInt(value), true);
}

function getUint64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

function setChecksum(bytes: Uint8Array): void {
  new DataView(bytes.buffer).setUint32(bytes.length - 4, checksum(bytes.subarray(0, -4)), true);
}

function hasChecksum(bytes: Uint8Array): boolean {
  return new DataView(bytes.buffer).getUint32(bytes.length - 4, true) === checksum(bytes.subarray(0, -4));
}

/** CRC-32, bit by bit: what it guards is short. */
function checksum(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
