/** Detects in-place rewrites that were interrupted, and completes them. The protocol: docs/design/in-place-rewriting.md. */

import { NpyError } from "../../errors.ts";
import { counted } from "../../format/counted.ts";
import { MAX_HEADER_SIZE, type NpyHeader, parseHeader } from "../../format/header.ts";
import { dataLength } from "../../format/layout.ts";
import type { StorageFile } from "../../storage/storage.ts";
import {
  distanceOf,
  isMarkedMoving,
  isMarkedStable,
  isRewriting,
  type Journal,
  MARKER_LENGTH,
  markStable,
  readJournal,
  writeMagic,
} from "../journal.ts";
import { readMarkedHeader, readStart } from "../read/header.ts";
import { type Plan, size, sync, truncate, write } from "../step.ts";
import type { CopyOptions } from "./copy-data.ts";
import { moveData } from "./move-data.ts";

export interface InterruptedRewrite {
  /** The header the file will have. The rows stay the same. */
  readonly header: NpyHeader;
  /** The rewrite to complete. `undefined` if the header in the file is right, and only its magic is missing. */
  readonly journal: Journal | undefined;
}

/** How a file is rewritten in place. */
export interface RewriteOptions extends CopyOptions {
  /**
   * Claims the right to rewrite the file; throws if another process has it. Where no claim can be made, it throws only if `isNeeded`: to move data.
   */
  readonly claim?: (isNeeded: boolean) => Plan<boolean>;
}

/** Claims the right to move the data of a file. What was read before may be out of date afterwards. */
export function* claimRewrite({ claim }: RewriteOptions): Plan<void> {
  if (claim !== undefined) yield* claim(true);
}

/** Whether an in-place `ensureAppendable` of the file is running or was interrupted. */
export function* isInterrupted(file: StorageFile): Plan<boolean> {
  return yield* isRewriting(file, yield* readStart(file, MARKER_LENGTH));
}

/**
 * The interrupted rewrite of a file; `undefined` if there is none.
 *
 * @throws NpyError `ERR_NPY_UNRECOVERABLE` if the journal is missing that says how far the data were moved.
 */
export function* readInterrupted(
  file: StorageFile,
  maxHeaderSize: number = MAX_HEADER_SIZE,
): Plan<InterruptedRewrite | undefined> {
  const start = yield* readStart(file, MARKER_LENGTH);
  if (!(yield* isRewriting(file, start))) return undefined;
  const found = isMarkedStable(start) ? undefined : yield* readJournal(file);
  if (found === undefined && isMarkedMoving(start)) throw noJournal();
  if (found !== undefined && (found.isMoved || found.journal.kind === "move")) {
    const { journal, isMoved } = found;
    // A file system moves the start of the file last, and the marker with it. Here it did not get that far.
    if (isMoved && isMarkedMoving(start)) throw halfInserted(journal);
    return { header: parseHeader(journal.header, { maxHeaderSize: journal.header.length }), journal };
  }
  const header = yield* readMarkedHeader(file, maxHeaderSize);
  if ((yield* size(file)) < header.headerLength + dataLength(header)) throw noJournal();
  return { header, journal: undefined };
}

/** Completes an interrupted rewrite of the file, if there is one. */
export function* completeInterrupted(file: StorageFile, maxHeaderSize?: number, options: RewriteOptions = {}): Plan<void> {
  if (!(yield* isInterrupted(file))) return;
  yield* claimRewrite(options);
  const interrupted = yield* readInterrupted(file, maxHeaderSize);
  if (interrupted !== undefined) yield* completeRewrite(file, interrupted, options);
}

/** Completes an interrupted rewrite, or undoes it if nothing was moved yet. If it is interrupted itself, it can run again. */
export function* completeRewrite(
  file: StorageFile,
  { header, journal }: InterruptedRewrite,
  options: CopyOptions = {},
): Plan<void> {
  if (journal === undefined) return yield* removeMarker(file, header.headerLength + dataLength(header));
  if (journal.kind === "move") yield* moveData(file, journal, options);
  yield* finishRewrite(file, journal);
}

/** Writes the new header once the data are in place. Half a header does no harm: the marker still points to the journal, which has all of it. */
export function* finishRewrite(file: StorageFile, journal: Journal): Plan<void> {
  yield* write(file, journal.header.subarray(MARKER_LENGTH), MARKER_LENGTH);
  yield* sync(file);
  yield* removeMarker(file, journal.end + distanceOf(journal));
}

/**
 * Turns a file back into a `.npy` file: its header is right but for the marker, and its data end at `end`. The first sync makes the journal void,
 * because a file system may zero the rest of the last block, with a saved block in it, before the new size is safe. The journal goes before the
 * magic comes, so nobody takes it for rows.
 */
export function* removeMarker(file: StorageFile, end: number): Plan<void> {
  yield* markStable(file);
  yield* sync(file);
  yield* truncate(file, end);
  yield* sync(file);
  yield* writeMagic(file);
  yield* sync(file);
}

function noJournal(): NpyError {
  return new NpyError(
    "ERR_NPY_UNRECOVERABLE",
    "An in-place ensureAppendable was interrupted, and the journal at the end of the file, which says how far the data were moved, is missing or " +
      "damaged: restore the file from a copy.",
  );
}

function halfInserted(journal: Journal): NpyError {
  const length = distanceOf(journal);
  return new NpyError(
    "ERR_NPY_UNRECOVERABLE",
    `The power failed while the file system inserted ${counted(length, "byte")} at the start of the file. They are now a hole somewhere in its middle. ` +
      `On a copy of the file: find the hole (filefrag -v), remove it (fallocate --collapse-range --length ${length} --offset ...), and call recover.`,
  );
}
