/**
 * What a file says about itself while it is rewritten in place: a marker instead of the magic, so that nothing takes it for a `.npy` file, and a
 * journal at its end, from which the rewrite can be completed. The protocol: docs/design/in-place-rewriting.md.
 */
import { MAGIC } from "../format/header.ts";
import type { StorageFile } from "../storage/storage.ts";
import { type Plan, read, size, write } from "./step.ts";

/** The marker without its last byte, which is the state. It shares no byte with the magic, so that half a marker is recognised as well. */
const MARKER = [0x94, 0x6e, 0x70, 0x79, 0x3e]; // "\x94npy>"
const STATE = MARKER.length;

/** The header is right, and the data are where it says. A journal does not count: it may be half written or half cut off. */
const STABLE = 0x30;
/** The data are being moved, and only the journal knows how far. */
const MOVING = 0x31;

/** Bytes of the marker, and of the magic. */
export const MARKER_LENGTH: number = MAGIC.length;

/** An in-place rewrite, as recorded in its journal. Positions are those before anything was moved. */
export interface Journal {
  /** How the data move: by copying them, or by a block that the file system inserts before them. */
  readonly kind: "move" | "insert";
  /** Where the data begin and end. */
  readonly from: number;
  readonly end: number;
  /** The new header. The data move by as many bytes as it is longer. */
  readonly header: Uint8Array;
  /** Bytes moved at a time, and the size of each of the two slots where they are saved first; 0 for an insertion. */
  readonly block: number;
}

/** The last bytes of the file, where they can be found however the file begins. */
const TRAILER = 64;
// Without TextEncoder, which Jest's jsdom environment lacks.
const SIGNATURE = Uint8Array.from("npy-append-array in-place rewrite", (char) => char.charCodeAt(0)); // 33 bytes
const RECORD = 12;

/** How far the data move. */
export function distanceOf({ header, from }: Journal): number {
  return header.length - from;
}

/** Where the block in a slot is saved. A move keeps its journal beyond the new end of the data; an insertion moves the journal with the data. */
export function savedAt(journal: Journal, slot: number): number {
  const start = journal.kind === "move" ? journal.end + distanceOf(journal) : journal.end;
  return start + slot * journal.block;
}

function recordAt(journal: Journal, slot: number): number {
  return savedAt(journal, 2) + slot * RECORD;
}

/** Where the part of the journal begins that never changes. */
function bodyAt(journal: Journal): number {
  return recordAt(journal, 2);
}

/** The size of a file with its journal, before a block is inserted. */
export function sizeWithJournal(journal: Journal): number {
  return bodyAt(journal) + journal.header.length + TRAILER;
}

/** Writes the journal, and zeros between the data and it, so that a full disk is found before anything is moved. */
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
  view.setUint8(0, kind === "move" ? 0 : 1);
  view.setUint32(1, header.length, true);
  view.setBigUint64(5, BigInt(from), true);
  view.setBigUint64(13, BigInt(end), true);
  view.setUint32(21, block, true);
  setChecksum(bytes);
  yield* write(file, bytes, body);
}

/** A journal, and whether an insertion has moved it. */
export interface FoundJournal {
  readonly journal: Journal;
  readonly isMoved: boolean;
}

/** The journal at the end of a file; `undefined` if there is none, or it is damaged. */
export function* readJournal(file: StorageFile): Plan<FoundJournal | undefined> {
  const fileSize = yield* size(file);
  // An insertion lengthens the file before it moves the journal to the new end.
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
    kind: view.getUint8(0) === 0 ? "move" : "insert",
    from: Number(view.getBigUint64(5, true)),
    end: Number(view.getBigUint64(13, true)),
    header: bytes.subarray(0, headerLength),
    block: view.getUint32(21, true),
  };
  if (fileSize === sizeWithJournal(journal)) return { journal, isMoved: false };
  const isMoved = journal.kind === "insert" && fileSize === sizeWithJournal(journal) + distanceOf(journal);
  return isMoved ? { journal, isMoved } : undefined;
}

/** Records in a slot that the slot holds the block which ends at `position`. */
export function* writeRecord(file: StorageFile, journal: Journal, slot: number, position: number): Plan<void> {
  const bytes = new Uint8Array(RECORD);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(position), true);
  setChecksum(bytes);
  yield* write(file, bytes, recordAt(journal, slot));
}

/** The last record. Blocks are moved from the last to the first, so it is the one with the lower position. */
export function* lastRecord(file: StorageFile, journal: Journal): Plan<{ slot: number; position: number } | undefined> {
  let last: { slot: number; position: number } | undefined;
  for (const slot of [0, 1]) {
    const bytes = new Uint8Array(RECORD);
    yield* read(file, bytes, recordAt(journal, slot));
    const position = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    if (hasChecksum(bytes) && position < (last?.position ?? Number.POSITIVE_INFINITY)) last = { slot, position };
  }
  return last;
}

export function markStable(file: StorageFile): Plan<void> {
  return write(file, Uint8Array.of(...MARKER, STABLE), 0);
}

/** Changes a single byte of the stable marker, which cannot be half written. */
export function markMoving(file: StorageFile): Plan<void> {
  return write(file, Uint8Array.of(MOVING), STATE);
}

/** Makes the file a `.npy` file again. */
export function writeMagic(file: StorageFile): Plan<void> {
  return write(file, Uint8Array.from(MAGIC), 0);
}

export function isMarkedMoving(start: Uint8Array): boolean {
  return start[STATE] === MOVING && MARKER.every((byte, i) => start[i] === byte);
}

/** Whether `start` is the stable marker, or a mixture of it and the magic, as half a write leaves it. */
export function isMarkedStable(start: Uint8Array): boolean {
  return MAGIC.every((byte, i) => start[i] === byte || start[i] === (MARKER[i] ?? STABLE));
}

/** Whether a file that begins with `start` is being rewritten: it begins with a marker, or a half-written one. */
export function* isRewriting(file: StorageFile, start: Uint8Array): Plan<boolean> {
  // A file that ends within these bytes has no header, old or new.
  if (start.length < MARKER_LENGTH || MAGIC.every((byte, i) => start[i] === byte)) return false;
  if (MAGIC.every((byte, i) => start[i] === byte || isMarkerByte(start, i))) return true;
  // An insertion puts zeros there. Then only the journal can tell.
  return MAGIC.every((_, i) => start[i] === 0 || isMarkerByte(start, i)) && (yield* readJournal(file)) !== undefined;
}

function isMarkerByte(start: Uint8Array, i: number): boolean {
  return i === STATE ? start[i] === STABLE || start[i] === MOVING : start[i] === MARKER[i];
}

function setChecksum(bytes: Uint8Array): void {
  new DataView(bytes.buffer).setUint32(bytes.length - 4, crc32(bytes.subarray(0, -4)), true);
}

function hasChecksum(bytes: Uint8Array): boolean {
  return new DataView(bytes.buffer).getUint32(bytes.length - 4, true) === crc32(bytes.subarray(0, -4));
}

/** Bit by bit, without a table: the input is short. */
function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
