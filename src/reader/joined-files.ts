/** Several files as the bytes of one: a header that counts the rows of all, and then their data, one after the other. */
import { NpyError, within } from "../errors.ts";
import { sameDType, showDType } from "../format/dtype.ts";
import { formatHeader, type NpyHeader, zeroDimensional } from "../format/header.ts";
import { bytesPerRow, rowCount, rowShape, shapeOf } from "../format/layout.ts";
import { checkDataPresent, dataMissing, readCheckedHeader, readHeader, readLiveHeader } from "../plan/read/header.ts";
import { close, open, type Plan, quietly } from "../plan/step.ts";
import { together } from "../plan/together.ts";
import { type Eventually, hasCode, isPending, type ReadLimits, type Storage, type StorageFile } from "../storage/storage.ts";
import { changed, OpenFiles } from "./open-files.ts";

/** A file that is to be read with others. `id` tells it from others of the same place. */
export interface Member {
  readonly id: unknown;
  readonly storage: Storage;
}

/** One of the files, and where its rows lie among all. */
export interface FilePart extends Member {
  readonly key: unknown;
  readonly header: NpyHeader;
  readonly isSnapshot: boolean;
  readonly readOverhead: number | undefined;
  readonly readsAhead: number | undefined;
  /** Its rows; of the last file they may become more. */
  rows: number;
  /** Where its data begin among all data. */
  start: number;
  /** Bytes of its data. */
  length: number;
}

/** A part of a buffer, and where in a file its bytes are. */
interface Piece {
  readonly part: FilePart;
  readonly bytes: Uint8Array;
  /** In the data of the file. */
  readonly position: number;
}

/** Pieces that are read at the same time: of files that take requests, and of others, which the runtime reads in a few threads. */
const REQUESTS = 8;
const LOCAL_READS = 4;

/** What is known of the files. It is shared by all openings of them, and grows with the last file and with new ones. */
export class JoinedFiles {
  readonly parts: FilePart[] = [];
  readonly maxHeaderSize: number;
  readonly files: OpenFiles<FilePart>;
  /** Changes each time that somebody looks how much is there. */
  looks = 0;
  /** How many have opened them. */
  users = 0;
  #header: Uint8Array = new Uint8Array(0);
  #length = 0;
  readonly #limits: ReadLimits;

  private constructor(limits: ReadLimits, maxHeaderSize: number) {
    this.#limits = limits;
    this.maxHeaderSize = maxHeaderSize;
    this.files = new OpenFiles<FilePart>(limits, function* ({ header, rows }, file) {
      const found = yield* readHeader(file, maxHeaderSize);
      const isSame = differenceOf(found, header) === undefined && found.headerLength === header.headerLength;
      if (!isSame || rowCount(found) < rows) throw changed();
    });
  }

  /** Reads the headers of all files. */
  static *of(members: readonly Member[], limits: ReadLimits, maxHeaderSize: number): Plan<JoinedFiles> {
    const joined = new JoinedFiles(limits, maxHeaderSize);
    try {
      yield* joined.#add(members);
    } catch (error) {
      yield* joined.files.close();
      throw error;
    }
    return joined;
  }

  /**
   * Looks at the files again: rows that were appended to the last one, and new files after it, count from now on. Returns `false` if the files that were
   * known are not the first ones any more.
   */
  *extend(members: readonly Member[]): Plan<boolean> {
    const { parts } = this;
    if (members.length < parts.length || parts.some(({ id }, i) => members[i]?.id !== id)) return false;
    const last = parts.at(-1) as FilePart;
    const rows = yield* this.#rowsOf(last);
    if (rows === undefined) return false;
    if (rows > last.rows) {
      last.rows = rows;
      this.#count();
    }
    if (members.length > parts.length) yield* this.#add(members.slice(parts.length));
    return true;
  }

  /** The rows that a file has now; `undefined` if it is not the one that was known. */
  *#rowsOf({ storage, key, header, rows }: FilePart): Plan<number | undefined> {
    let file: StorageFile;
    try {
      file = yield* open(storage, "r", this.#limits);
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    }
    try {
      if (file.key !== key) return undefined;
      if (file.isSnapshot) return rows;
      const found = yield* readLiveHeader(file, rows, this.maxHeaderSize);
      if (differenceOf(found, header) !== undefined || found.headerLength !== header.headerLength) return undefined;
      if (rowCount(found) < rows) return undefined;
      yield* checkDataPresent(file, found);
      return rowCount(found);
    } catch (error) {
      throw within(error, { path: storage.path });
    } finally {
      yield* quietly(close(file));
    }
  }

  *#add(members: readonly Member[]): Plan<void> {
    const parts = yield* together(members.map((member) => () => this.#read(member)));
    const first = (this.parts[0] ?? parts[0]) as FilePart;
    for (const part of parts) checkFits(part, first);
    this.parts.push(...parts);
    this.#count();
  }

  *#read({ id, storage }: Member): Plan<FilePart> {
    const file = yield* open(storage, "r", this.#limits);
    try {
      const header = yield* readCheckedHeader(file, this.maxHeaderSize);
      if (header.shape.length === 0) throw zeroDimensional();
      const { key, isSnapshot = false, readOverhead, readsAhead } = file;
      const rows = rowCount(header);
      const part: FilePart = { id, storage, key, header, isSnapshot, readOverhead, readsAhead, rows, start: 0, length: 0 };
      this.files.adopt(part, file);
      return part;
    } catch (error) {
      yield* quietly(close(file));
      throw within(error, { path: storage.path });
    }
  }

  /** Counts the rows of all files anew. */
  #count(): void {
    const { header } = this.parts[0] as FilePart;
    const width = bytesPerRow(header);
    let rows = 0;
    for (const part of this.parts) {
      part.start = rows * width;
      part.length = part.rows * width;
      rows += part.rows;
    }
    const { dtype, fortranOrder } = header;
    this.#header = formatHeader({ dtype, fortranOrder, shape: shapeOf(rows, rowShape(header), fortranOrder) });
    this.#length = rows * width;
  }

  /** Bytes of the header. */
  get headerLength(): number {
    return this.#header.length;
  }

  get size(): number {
    this.looks++;
    return this.#header.length + this.#length;
  }

  /** The file with the byte at `position` of all data. Files without data have none. */
  partAt(position: number): FilePart {
    const { parts } = this;
    let [low, high] = [0, parts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((parts[middle] as FilePart).start <= position) low = middle;
      else high = middle;
    }
    return parts[low] as FilePart;
  }

  /** The header is read alone: reading it must not open the first files. */
  #readHeader(buffer: Uint8Array, position: number): number {
    const bytes = this.#header.subarray(position, position + buffer.length);
    buffer.set(bytes);
    return bytes.length;
  }

  /** The parts of files that fill a buffer, from `position` in the data on. */
  #piecesOf(buffer: Uint8Array, position: number): Piece[] {
    const pieces: Piece[] = [];
    const count = Math.min(buffer.length, this.#length - position);
    for (let done = 0; done < count; ) {
      const part = this.partAt(position + done);
      const from = position + done - part.start;
      const length = Math.min(count - done, part.length - from);
      pieces.push({ part, bytes: buffer.subarray(done, done + length), position: from });
      done += length;
    }
    return pieces;
  }

  /** Fills `buffer` from `position` of all bytes on; returns how many there are. */
  readSync(buffer: Uint8Array, position: number): number {
    if (position < this.#header.length) return this.#readHeader(buffer, position);
    let total = 0;
    for (const piece of this.#piecesOf(buffer, position - this.#header.length)) {
      const { part, bytes } = piece;
      const at = part.header.headerLength + piece.position;
      checkWhole(
        piece,
        this.files.useSync(part, (file) => file.readSync(bytes, at)),
      );
      total += bytes.length;
    }
    return total;
  }

  /** {@link readSync}, without blocking where that takes time. */
  read(buffer: Uint8Array, position: number, signal: AbortSignal | undefined): Eventually<number> {
    if (position < this.#header.length) return this.#readHeader(buffer, position);
    const pieces = this.#piecesOf(buffer, position - this.#header.length);
    const total = pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
    for (let i = 0; i < pieces.length; i++) {
      const reading = this.#readPiece(pieces[i] as Piece, signal);
      if (isPending(reading)) return this.#readOn(pieces, i, Promise.resolve(reading), signal).then(() => total);
    }
    return total;
  }

  #readPiece(piece: Piece, signal: AbortSignal | undefined): Eventually<void> {
    const { part, bytes, position } = piece;
    const at = part.header.headerLength + position;
    const count = this.files.use(part, (file) => file.read(bytes, at, signal));
    return isPending(count) ? Promise.resolve(count).then((read) => checkWhole(piece, read)) : checkWhole(piece, count);
  }

  /** Reads the pieces after one that is being read. All that were begun are waited for: the memory belongs to the caller. */
  async #readOn(pieces: readonly Piece[], first: number, started: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    let next = first + 1;
    let failure: { readonly error: unknown } | undefined;
    const readSome = async (begun: Promise<void> | undefined): Promise<void> => {
      try {
        await begun;
        while (next < pieces.length && failure === undefined) await this.#readPiece(pieces[next++] as Piece, signal);
      } catch (error) {
        failure ??= { error };
      }
    };
    const others = Math.min(pieces[first]?.part.isSnapshot === true ? REQUESTS : LOCAL_READS, pieces.length - first) - 1;
    await Promise.all([readSome(started), ...Array.from({ length: others }, () => readSome(undefined))]);
    if (failure !== undefined) throw failure.error;
  }
}

/** @throws NpyError `ERR_NPY_NEEDS_RECOVERY` if a file became shorter. */
function checkWhole({ part, bytes, position }: Piece, count: number): void {
  if (count < bytes.length) throw missing(part, position + count);
}

/** The error for a file that holds only `present` bytes of data. */
export function missing({ header, storage }: FilePart, present: number): NpyError {
  return dataMissing(header, present).within({ path: storage.path });
}

/** What keeps the rows of one file from following those of another. */
function differenceOf(header: NpyHeader, first: NpyHeader): string | undefined {
  if (!sameDType(header.dtype, first.dtype)) {
    return `dtype ${showDType(header.dtype)}, and the files before it have ${showDType(first.dtype)}`;
  }
  if (header.shape.length > 1 && first.shape.length > 1 && header.fortranOrder !== first.fortranOrder) {
    const [is, others] = header.fortranOrder ? ["Fortran", "C"] : ["C", "Fortran"];
    return `${is} order, and the files before it have ${others} order`;
  }
  const [row, expected] = [rowShape(header), rowShape(first)];
  return row.join() === expected.join()
    ? undefined
    : `rows of shape (${row.join(", ")}), and the files before it have (${expected.join(", ")})`;
}

/** @throws NpyError `ERR_NPY_DTYPE` or `ERR_NPY_SHAPE` if the rows of a file cannot follow those of another as they are. */
export function checkFits({ header, storage }: Pick<FilePart, "header" | "storage">, first: Pick<FilePart, "header">): void {
  const difference = differenceOf(header, first.header);
  if (difference === undefined) return;
  const code = sameDType(header.dtype, first.header.dtype) ? "ERR_NPY_SHAPE" : "ERR_NPY_DTYPE";
  const reason = `The file has ${difference}: files are read as one array only if they have the same. Write them into one with appendFrom or concat, which convert.`;
  throw new NpyError(code, reason, { path: storage.path });
}
