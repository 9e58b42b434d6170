/** The two arrays of `diff`, read block by block: bytes first, elements only where the bytes differ. */
import { type FileHandle, open } from "node:fs/promises";
import { formatHeader, load, type NpyArray, type NpyReader } from "../../node.ts";
import { archivedArray, openReader } from "../files/archives.ts";
import { isObject } from "../files/object-names.ts";
import { isDirectory } from "../files/places.ts";
import { layoutOf, rowsOf, sizeOf } from "../rows/columns.ts";

/** Bytes of each array that are compared at a time, unless one row has more and is not read as bytes. */
const BLOCK = 2 ** 22;

/** One of the arrays. */
export interface Side {
  /** The name that the user gave. */
  readonly file: string;
  readonly reader: NpyReader;
}

/** The same elements of both arrays, in the order in which they are compared. */
export interface Block {
  /** The number of the first one. */
  readonly start: number;
  readonly a: NpyArray;
  readonly b: NpyArray;
}

export async function openSide(file: string): Promise<Side> {
  return { file, reader: await openReader(file) };
}

/** Whether the elements of both arrays follow each other in Fortran order. Of different orders, C order is compared. */
export function isComparedInFortranOrder(a: NpyReader, b: NpyReader): boolean {
  return a.fortranOrder && b.fortranOrder && a.shape.length > 1;
}

/**
 * The blocks of the first `rows` rows that may differ. Those with equal bytes are left out if `equalNan`.
 * Files are read as bytes; arrays of archives, folders of shards and objects row by row.
 */
export async function* blocksOf(a: Side, b: Side, rows: number, equalNan: boolean): AsyncGenerator<Block> {
  const isOneOrder = a.reader.fortranOrder === b.reader.fortranOrder || a.reader.shape.length < 2;
  if (isOneOrder && isPlainFile(a) && isPlainFile(b)) yield* blocksOfBytes(a, b, rows, equalNan);
  else yield* blocksOfRows(a, b, rows, isOneOrder);
}

function isPlainFile({ file }: Side): boolean {
  return archivedArray(file) === undefined && !isDirectory(file) && !isObject(file);
}

async function* blocksOfBytes(a: Side, b: Side, rows: number, equalNan: boolean): AsyncGenerator<Block> {
  const count = sizeOf(layoutOf(a.reader).rowShape) * rows;
  const atOnce = Math.max(1, Math.floor(BLOCK / Math.max(1, a.reader.dtype.itemsize, b.reader.dtype.itemsize)));
  const first = await Elements.open(a, Math.min(atOnce, count));
  try {
    const second = await Elements.open(b, Math.min(atOnce, count));
    try {
      const maySkip = equalNan && JSON.stringify(a.reader.dtype.descr) === JSON.stringify(b.reader.dtype.descr);
      for (let start = 0; start < count; start += atOnce) {
        const length = Math.min(atOnce, count - start);
        const [left, right] = await Promise.all([first.read(start, length), second.read(start, length)]);
        if (maySkip && left.equals(right)) continue;
        yield { start, a: await first.decoded(length), b: await second.decoded(length) };
      }
    } finally {
      await second.close();
    }
  } finally {
    await first.close();
  }
}

/** The elements of a file in the order of their bytes. */
class Elements {
  readonly #side: Side;
  readonly #handle: FileHandle;
  readonly #headerLength: number;
  /** A file in memory: a header, and room for the elements of a block. */
  readonly #memory: Buffer;
  readonly #ownHeader: number;

  private constructor(side: Side, handle: FileHandle, headerLength: number, most: number) {
    this.#side = side;
    this.#handle = handle;
    this.#headerLength = headerLength;
    const { dtype } = side.reader;
    this.#ownHeader = formatHeader({ dtype, fortranOrder: false, shape: [most] }).length;
    this.#memory = Buffer.alloc(this.#ownHeader + most * dtype.itemsize);
  }

  static async open(side: Side, most: number): Promise<Elements> {
    const handle = await open(side.file);
    try {
      const prefix = Buffer.alloc(12);
      await handle.read(prefix, 0, 12, 0);
      const headerLength = prefix[6] === 1 ? 10 + prefix.readUInt16LE(8) : 12 + prefix.readUInt32LE(8);
      return new Elements(side, handle, headerLength, most);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** The bytes of some elements, until the next read. */
  async read(start: number, length: number): Promise<Buffer> {
    const { itemsize } = this.#side.reader.dtype;
    const bytes = this.#memory.subarray(this.#ownHeader, this.#ownHeader + length * itemsize);
    for (let done = 0; done < bytes.length; ) {
      const position = this.#headerLength + start * itemsize + done;
      const { bytesRead } = await this.#handle.read(bytes, done, bytes.length - done, position);
      if (bytesRead === 0)
        throw Object.assign(new Error("it became shorter while it was read: run the command again"), { path: this.#side.file });
      done += bytesRead;
    }
    return bytes;
  }

  /** The elements that were read last. */
  async decoded(length: number): Promise<NpyArray> {
    const { dtype } = this.#side.reader;
    this.#memory.set(formatHeader({ dtype, fortranOrder: false, shape: [length], headerLength: this.#ownHeader }));
    return await load(this.#memory.subarray(0, this.#ownHeader + length * dtype.itemsize));
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

async function* blocksOfRows(a: Side, b: Side, rows: number, isOneOrder: boolean): AsyncGenerator<Block> {
  // Of different orders, the first axis of both is divided.
  const { shape } = a.reader;
  const count = isOneOrder ? rows : (shape[0] as number);
  const elements = isOneOrder ? sizeOf(layoutOf(a.reader).rowShape) : sizeOf(shape.slice(1));
  const rowBytes = elements * Math.max(a.reader.dtype.itemsize, b.reader.dtype.itemsize);
  const atOnce = Math.max(1, Math.floor(BLOCK / Math.max(1, rowBytes)));
  for (let start = 0; start < count; start += atOnce) {
    const stop = Math.min(count, start + atOnce);
    const read = ({ reader }: Side): Promise<NpyArray> => {
      if (shape.length === 0) return reader.read();
      if (isOneOrder) return reader.read(start, stop);
      return reader.fortranOrder
        ? reader.select([{ start, stop }, ...shape.slice(1).map(() => null)], { order: "C" })
        : reader.read(start, stop);
    };
    const [left, right] = await Promise.all([read(a), read(b)]);
    yield { start: start * elements, a: left, b: right };
  }
}

/** The rows that both arrays have. */
export function commonRows(a: NpyReader, b: NpyReader): number {
  return Math.min(rowsOf(a), rowsOf(b));
}
