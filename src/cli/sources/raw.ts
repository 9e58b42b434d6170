/** Raw bytes as a source of rows. */

import { FileProblem, shown, UsageError } from "../program/failure.ts";
import { type RowLayout, shapeText, sizeOf } from "../rows/columns.ts";
import { type ByteSource, blocksOf, openBytes } from "./bytes.ts";
import { arrayOf, type Block, type Source, type SourceOptions } from "./source.ts";

/** Bytes read and written at a time. */
const BLOCK = 2 ** 20;

export async function openRaw(path: string, target: RowLayout | undefined, options: SourceOptions): Promise<Source> {
  const dtype = options.dtype ?? target?.dtype;
  if (dtype === undefined) {
    throw new UsageError(`${shown(path)} holds raw bytes: pass --dtype, and --row-shape if a row has more than one element`);
  }
  const rowShape = options.rowShape ?? target?.rowShape ?? [];
  const fortranOrder = target?.fortranOrder ?? options.fortranOrder ?? false;
  const rowBytes = sizeOf(rowShape) * dtype.itemsize;
  if (rowBytes === 0)
    throw new UsageError(`rows of shape ${shapeText(rowShape)} and dtype ${dtype.str} have no bytes to count rows by`);
  const bytes = await openBytes(path);
  const layout = { dtype, rowShape, fortranOrder };
  return { bytes: bytes.size, layout, blocks: (reach, signal) => rowBlocks(path, bytes, layout, rowBytes, reach, signal) };
}

async function* rowBlocks(
  path: string,
  bytes: ByteSource,
  layout: RowLayout,
  rowBytes: number,
  reach: (bytes: number) => void,
  signal: AbortSignal,
): AsyncGenerator<Block, void, void> {
  let done = 0;
  yield { input: arrayOf(new Uint8Array(0), 0, layout), placeOf: (i) => `row ${1 + i}` };
  for await (const block of blocksOf(bytes, Math.max(1, Math.floor(BLOCK / rowBytes)) * rowBytes, signal)) {
    const rest = block.length % rowBytes;
    const rows = (block.length - rest) / rowBytes;
    const first = 1 + done / rowBytes;
    if (rows > 0)
      yield { input: arrayOf(block.subarray(0, block.length - rest), rows, layout), placeOf: (i) => `row ${first + i}` };
    done += block.length;
    reach(done);
    if (rest > 0) throw new FileProblem(path, `it ends within a row, after ${rest} of its ${rowBytes} bytes`);
  }
}
