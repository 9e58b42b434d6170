/** How the data of several objects become the parts of one, so that the store copies as much as it can. */
import type { PartLimits } from "./object-store.ts";

/** The bytes `start` to `end` (not included) of one of the objects. */
export interface Piece {
  readonly source: number;
  readonly start: number;
  readonly end: number;
}

/** The bytes `start` to `end` (not included) of an object of `size` bytes, which are wanted. */
export interface Wanted {
  readonly start: number;
  readonly end: number;
  readonly size: number;
}

/** A part: one piece, which the store copies, or pieces that pass through this process. The first part begins with what comes before all pieces. */
export interface JoinedPart {
  readonly isCopied: boolean;
  readonly pieces: readonly Piece[];
}

/**
 * The parts of an object that holds `before` bytes of ours, and then what is wanted of all sources. Each part but the last has the fewest bytes that the store
 * asks for, which is why a source that is too small, or what is left of it, is sent together with its neighbours. A part that is sent is less
 * than twice as long.
 *
 * Source: Amazon S3 API Reference, `UploadPartCopy`: ranges can be copied only from objects of more than 5 MB.
 */
export function joinedParts(
  before: number,
  sources: readonly Wanted[],
  { least, most }: Omit<PartLimits, "count">,
): JoinedPart[] {
  const parts: JoinedPart[] = [];
  const last = sources.findLastIndex(({ start, end }) => end > start);
  let pieces: Piece[] = [];
  let collected = before;
  const send = (): void => {
    if (collected > 0) parts.push({ isCopied: false, pieces });
    pieces = [];
    collected = 0;
  };
  const take = (source: number, start: number, end: number): void => {
    pieces.push({ source, start, end });
    collected += end - start;
    if (collected >= least) send();
  };
  sources.forEach(({ start, end, size }, source) => {
    const canCopy = (from: number): boolean => size > least && (end - from >= least || source === last);
    let at = start;
    if (collected > 0 && at < end) {
      // What is lacking is taken from here; all of it, if the store could not copy the rest.
      const rest = Math.min(end, at + least - collected);
      const taken = canCopy(rest) ? rest : end;
      take(source, at, taken);
      at = taken;
    }
    if (at === end) return;
    if (canCopy(at)) for (const piece of split(source, at, end, most)) parts.push({ isCopied: true, pieces: [piece] });
    else take(source, at, end);
  });
  send();
  return parts;
}

/**
 * The same in parts of `size` bytes, all but the last, as some stores want it. A part that lies in one source is copied, so that `size` bytes are sent for each
 * bound between two sources.
 */
export function equalParts(before: number, sources: readonly Wanted[], size: number): JoinedPart[] {
  const parts: JoinedPart[] = [];
  let pieces: Piece[] = [];
  let collected = before;
  const finish = (): void => {
    const [first] = pieces;
    const isOne = first !== undefined && collected === first.end - first.start;
    // A source of no more than one part may be shorter than what stores copy from.
    parts.push({ isCopied: isOne && (sources[first.source] as Wanted).size > size, pieces });
    pieces = [];
    collected = 0;
  };
  for (const [source, { start, end }] of sources.entries()) {
    for (let at = start; at < end; ) {
      const taken = Math.min(end - at, size - collected);
      pieces.push({ source, start: at, end: at + taken });
      at += taken;
      collected += taken;
      if (collected === size) finish();
    }
  }
  if (collected > 0) finish();
  return parts;
}

/** Pieces of about the same length. */
function split(source: number, start: number, end: number, most: number): Piece[] {
  const count = Math.ceil((end - start) / most);
  const bound = (i: number): number => start + Math.floor(((end - start) * i) / count);
  return Array.from({ length: count }, (_, i) => ({ source, start: bound(i), end: bound(i + 1) }));
}
