/** What becomes a member: the bytes of a `.npy` file, block by block. */
import { within } from "../errors.ts";
import { formatHeader } from "../format/header.ts";
import { dataLength } from "../format/layout.ts";
import { BLOCK, checkThere, DoubleBuffer } from "../memory/blocks.ts";
import type { Plan } from "../plan/step.ts";
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
  /** Gives memory back, when no block is used any more. */
  end(): void;
}

/** The caller's memory is divided into blocks: the checksum of one is computed while the last one is being written. */
const PIECE = 4 * BLOCK;

export function contentOfArray(name: string, { header, length, blocks }: NpyBytes): Content {
  return {
    name,
    header,
    length: header.length + length,
    open() {
      const iterator = blocks()[Symbol.iterator]();
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
        end: () => void iterator.return?.(),
      };
    },
  };
}

/** The rows that a reader sees, as they are in its file. */
export function contentOfReader(name: string, source: OpenArray<unknown>): Content {
  const { dtype, fortranOrder, shape } = source.header;
  const header = formatHeader({ dtype, fortranOrder, shape });
  const length = dataLength(source.header);
  return {
    name,
    header,
    length: header.length + length,
    open() {
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
        end() {
          buffer.isBusy(false);
          buffer.giveBack();
        },
      };
    },
  };
}
