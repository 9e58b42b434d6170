/** What becomes a member: the bytes of a `.npy` file, block by block. */
import { NpyError, within } from "../errors.ts";
import { sameDType } from "../format/dtype.ts";
import { formatHeader, type NpyHeader } from "../format/header.ts";
import { growthAxis, sizeOf } from "../format/layout.ts";
import { BLOCK, checkThere, DoubleBuffer } from "../memory/blocks.ts";
import { type Plan, quietly } from "../plan/step.ts";
import type { OpenArray } from "../reader/open-array.ts";
import type { NpyBytes } from "../save.ts";

export interface Content {
  /** The name of the member. */
  readonly name: string;
  /** The bytes of the header and the data. */
  readonly length: number;
  readonly header: Uint8Array;
  open(): Data;
}

/** The bytes after the header. */
export interface Data {
  /** The next block, which is valid until the next call, and after `next(true)` until the call after that. */
  next(isPending: boolean): Plan<Uint8Array | undefined>;
  /** Gives memory back, when no block is used any more, and closes what was opened for the data. */
  end(): Plan<void>;
}

/** The caller's memory is divided into blocks: the checksum of one is computed while the last one is being written. */
const PIECE = 4 * BLOCK;

export function contentOfArray(name: string, { header, length, blocks }: NpyBytes): Content {
  return {
    name,
    header,
    length: header.length + length,
    open() {
      const iterator = blocks[Symbol.iterator]();
      let block = new Uint8Array(0);
      let at = 0;
      return {
        // biome-ignore lint/correctness/useYield: of readers, blocks come by steps
        *next(isPending) {
          if (at >= block.length) {
            const { done, value } = iterator.next(isPending);
            if (done) return undefined;
            block = value as Uint8Array<ArrayBuffer>;
            at = 0;
          }
          const piece = block.subarray(at, at + PIECE);
          checkThere(block, at + piece.length);
          at += PIECE;
          return piece;
        },
        // biome-ignore lint/correctness/useYield: of readers that were opened for the archive, closing takes steps
        *end() {
          iterator.return?.();
        },
      };
    },
  };
}

/** The rows that a reader sees, or the first `rows` of them, as they are in its file. */
export function contentOfReader(name: string, source: OpenArray<unknown>, rows?: number): Content {
  const { header, length } = describe(source.header, rows);
  return { name, header, length: header.length + length, open: () => dataOf(source, length) };
}

/** The header of a member, and the bytes of its data. */
function describe(
  { dtype, fortranOrder, shape }: NpyHeader,
  rows: number | undefined,
): { readonly header: Uint8Array; readonly length: number } {
  const kept = rows === undefined ? shape : shape.with(growthAxis(fortranOrder, shape.length) as number, rows);
  return { header: formatHeader({ dtype, fortranOrder, shape: kept }), length: sizeOf(kept) * dtype.itemsize };
}

function dataOf(source: OpenArray<unknown>, length: number): Data {
  const buffer = new DoubleBuffer(Math.min(BLOCK, length));
  let at = 0;
  return {
    *next(isPending) {
      if (at === length) return undefined;
      buffer.isBusy(isPending);
      const block = buffer.take(Math.min(BLOCK, length - at));
      try {
        yield* source.readData(block, at);
      } catch (error) {
        throw within(error, { path: source.path });
      }
      at += block.length;
      return block;
    },
    // biome-ignore lint/correctness/useYield: of readers that were opened for the archive, closing takes steps
    *end() {
      buffer.isBusy(false);
      buffer.giveBack();
    },
  };
}

/** An array whose file was opened for the archive. */
export interface OpenedArray {
  readonly array: OpenArray<unknown>;
  close(): Plan<void>;
}

/** The rows of a file that is open only while it is looked at, and while its rows are copied. */
export function* contentOfFile(name: string, open: () => Plan<OpenedArray>): Plan<Content> {
  const seen = yield* open();
  const first = seen.array.header;
  yield* seen.close();
  const { header, length } = describe(first, undefined);
  return {
    name,
    header,
    length: header.length + length,
    open() {
      let opened: OpenedArray | undefined;
      let data: Data | undefined;
      return {
        *next(isPending) {
          opened ??= yield* open();
          if (data === undefined) checkSame(first, opened.array);
          data ??= dataOf(opened.array, length);
          return yield* data.next(isPending);
        },
        *end() {
          if (data !== undefined) yield* data.end();
          if (opened !== undefined) yield* quietly(opened.close());
        },
      };
    },
  };
}

/** @throws NpyError `ERR_NPY_CHANGED` unless the rows that were there are there: more may have come. */
function checkSame({ dtype, fortranOrder, shape }: NpyHeader, { header, path }: OpenArray<unknown>): void {
  const axis = growthAxis(fortranOrder, shape.length);
  const isSame =
    sameDType(dtype, header.dtype) &&
    fortranOrder === header.fortranOrder &&
    shape.length === header.shape.length &&
    shape.every((size, i) => (i === axis ? size <= (header.shape[i] as number) : size === header.shape[i]));
  if (isSame) return;
  throw new NpyError("ERR_NPY_CHANGED", "The file was replaced, or lost rows, before it was copied: save the archive again.", {
    path,
  });
}
