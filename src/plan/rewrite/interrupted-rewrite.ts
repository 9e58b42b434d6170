/** Files whose rewriting in place was interrupted: what is known of them, and how they become whole. */
import { NpyError } from "../../errors.ts";
import { MAX_HEADER_SIZE, type NpyHeader, parseHeader } from "../../format/header.ts";
import { dataLength } from "../../format/layout.ts";
import type { StorageFile } from "../../storage/storage.ts";
import {
  distanceOf,
  isMoving,
  isRewriting,
  isSettled,
  type Journal,
  MARKER_LENGTH,
  readJournal,
  writeMagic,
  writeSettled,
} from "../journal.ts";
import { readMarkedHeader } from "../read/header.ts";
import { type Plan, read, size, sync, truncate, write } from "../step.ts";
import type { CopyOptions } from "./copy-data.ts";
import { shiftData } from "./move-data.ts";

/** An interrupted rewrite. */
export interface Interrupted {
  /** What the header will say: the rows are the same before and after. */
  readonly header: NpyHeader;
  /** The rewrite that is to be completed; `undefined` if the header that is there is right, and only its magic missing. */
  readonly journal: Journal | undefined;
}

/** How a file is rewritten in place. */
export interface RewriteOptions extends CopyOptions {
  /**
   * Claims the right to do that, so that no other process does the same; throws if one does. Where the right cannot be claimed, it throws only if it
   * is needed: to move data.
   */
  readonly claim?: (isNeeded: boolean) => Plan<boolean>;
}

/** Claims the right to move the data of a file: what was known of the file before may be out of date then. */
export function* claimRewrite({ claim }: RewriteOptions): Plan<void> {
  if (claim !== undefined) yield* claim(true);
}

/** Whether a file is being rewritten in place: `ensureAppendable` is under way, or was interrupted. */
export function* isInterrupted(file: StorageFile): Plan<boolean> {
  return yield* isRewriting(file, yield* readMarker(file));
}

/**
 * What is known of an interrupted rewrite; `undefined` if there is none.
 *
 * @throws NpyError `ERR_NPY_UNRECOVERABLE` if the journal is missing that says how far the data were moved.
 */
export function* readInterrupted(file: StorageFile, maxHeaderSize: number = MAX_HEADER_SIZE): Plan<Interrupted | undefined> {
  const start = yield* readMarker(file);
  if (!(yield* isRewriting(file, start))) return undefined;
  const found = isSettled(start) ? undefined : yield* readJournal(file);
  if (found === undefined && isMoving(start)) throw noJournal();
  if (found !== undefined && (found.isMoved || found.journal.kind === "shift")) {
    const { journal, isMoved } = found;
    // A file system moves the beginning last, and the marker with it: it did not get there.
    if (isMoved && isMoving(start)) throw halfInserted(journal);
    return { header: parseHeader(journal.header, { maxHeaderSize: journal.header.length }), journal };
  }
  const header = yield* readMarkedHeader(file, maxHeaderSize);
  if ((yield* size(file)) < header.headerLength + dataLength(header)) throw noJournal();
  return { header, journal: undefined };
}

function* readMarker(file: StorageFile): Plan<Uint8Array> {
  const start = new Uint8Array(MARKER_LENGTH);
  return start.subarray(0, yield* read(file, start, 0));
}

/** Completes the rewrite of a file that was interrupted, if it was. */
export function* completeInterrupted(file: StorageFile, maxHeaderSize?: number, options: RewriteOptions = {}): Plan<void> {
  if (!(yield* isInterrupted(file))) return;
  yield* claimRewrite(options);
  const interrupted = yield* readInterrupted(file, maxHeaderSize);
  if (interrupted !== undefined) yield* completeRewrite(file, interrupted, options);
}

/** Completes an interrupted rewrite, or takes it back if nothing was moved yet. Interrupted itself, it can be run again. */
export function* completeRewrite(file: StorageFile, { header, journal }: Interrupted, options: CopyOptions = {}): Plan<void> {
  if (journal === undefined) return yield* settle(file, header.headerLength + dataLength(header));
  if (journal.kind === "shift") yield* shiftData(file, journal, options);
  yield* finishRewrite(file, journal);
}

/**
 * The data are where they belong: writes the header that says so. A half-written one does no harm while the marker still leads to the journal,
 * which has it.
 */
export function* finishRewrite(file: StorageFile, journal: Journal): Plan<void> {
  yield* write(file, journal.header.subarray(MARKER_LENGTH), MARKER_LENGTH);
  yield* sync(file);
  yield* settle(file, journal.end + distanceOf(journal));
}

/**
 * Makes a `.npy` file of one whose header is right, but for the marker in place of its magic, and whose data end at `end`. From the first sync on
 * the journal no longer counts: file systems zero the rest of the last block on the disk before the new size is safe, and with it a saved block.
 * The journal goes before the magic comes, so that it is never taken for rows.
 */
export function* settle(file: StorageFile, end: number): Plan<void> {
  yield* writeSettled(file);
  yield* sync(file);
  yield* truncate(file, end);
  yield* sync(file);
  yield* writeMagic(file);
  yield* sync(file);
}

function noJournal(): NpyError {
  return new NpyError(
    "ERR_NPY_UNRECOVERABLE",
    "An in-place ensureAppendable was interrupted, and the end of the file is missing or damaged, which says how far the data were moved: " +
      "restore the file from a copy.",
  );
}

function halfInserted(journal: Journal): NpyError {
  const length = distanceOf(journal);
  return new NpyError(
    "ERR_NPY_UNRECOVERABLE",
    `The power went off while the file system inserted ${length} bytes at the beginning of the file, and it left them somewhere in its ` +
      `middle, as a hole. On a copy of the file: find the hole (filefrag -v), take it out (fallocate --collapse-range --length ${length} ` +
      "--offset ...), and call recover.",
  );
}
