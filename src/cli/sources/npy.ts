/** Other .npy files: their bytes as they are, without being decoded on the way. */
import { closeSync, readSync } from "node:fs";
import { inspect, type NpyInfo } from "../../node.ts";
import { type RowLayout, sizeOf } from "../columns.ts";
import { FileProblem, quoted, shown, UsageError } from "../failure.ts";
import { type ByteSource, blocksOf, openBytes } from "./bytes.ts";
import type { Block, Source, SourceOptions } from "./source.ts";

/** Bytes that are read and written at a time. */
const BLOCK = 2 ** 20;

/** The rows that the header counts now: FILE itself may be a source. */
export async function openNpy(path: string, target: RowLayout | undefined, options: SourceOptions): Promise<Source> {
  if (path === "-") throw new UsageError("a .npy file cannot come from stdin: name it");
  const info = await inspect(path);
  if (info.needsRecovery) {
    throw new FileProblem(
      `${shown(path)}: its data are not what its header says: run "npy-append-array recover ${quoted(path)}"`,
    );
  }
  const { dtype, shape } = info;
  if (shape.length === 0) throw new FileProblem(`${shown(path)}: it is a 0-d array, which has no rows: leave it out`);
  const fortranOrder = shape.length > 1 && (target?.fortranOrder ?? options.fortranOrder ?? info.fortranOrder);
  const rowShape = fortranOrder ? shape.slice(0, -1) : shape.slice(1);
  const isSameOrder = shape.length === 1 || info.fortranOrder === fortranOrder;
  return {
    bytes: info.dataLength,
    layout: { dtype, rowShape, fortranOrder },
    blocks: (reach, signal) => arrayBlocks(path, info, isSameOrder ? rowBlocks : slabBlocks, reach, signal),
  };
}

/** Bytes of an array's part, and how many steps of the axis that it grows along they are. */
interface Part {
  readonly data: Uint8Array;
  readonly rows: number;
}

type PartsOf = (bytes: ByteSource, info: NpyInfo, signal: AbortSignal) => AsyncGenerator<Part, void, void>;

async function* arrayBlocks(
  path: string,
  info: NpyInfo,
  partsOf: PartsOf,
  reach: (bytes: number) => void,
  signal: AbortSignal,
): AsyncGenerator<Block, void, void> {
  const { dtype, fortranOrder, shape, expectedDataLength: total } = info;
  if (total === 0) {
    yield { input: { data: new Uint8Array(0), shape, dtype, fortranOrder }, rowOf: (i) => 1 + i };
    return;
  }
  const axis = fortranOrder === (partsOf === rowBlocks) ? shape.length - 1 : 0;
  let done = 0;
  let first = 1;
  for await (const { data, rows } of partsOf(openBytes(path), info, signal)) {
    const start = first;
    yield { input: { data, shape: shape.with(axis, rows), dtype, fortranOrder }, rowOf: (i) => start + i };
    first += rows;
    done += data.length;
    reach(done);
  }
  if (done < total) throw new FileProblem(`${shown(path)}: it became shorter while it was read: another program writes to it`);
}

/** The order is that of the file that they are for: rows follow each other. */
async function* rowBlocks(bytes: ByteSource, info: NpyInfo, signal: AbortSignal): AsyncGenerator<Part, void, void> {
  const { dtype, fortranOrder, shape, expectedDataLength: total } = info;
  const rowBytes = sizeOf(fortranOrder ? shape.slice(0, -1) : shape.slice(1)) * dtype.itemsize;
  const length = Math.max(1, Math.floor(BLOCK / rowBytes)) * rowBytes;
  let done = 0;
  for await (const found of blocksOf(bytes, length, info.headerLength, signal)) {
    const data = found.subarray(0, Math.min(found.length, total - done));
    if (data.length % rowBytes > 0) return;
    yield { data, rows: data.length / rowBytes };
    done += data.length;
    if (done === total) return;
  }
}

/** The other order: the elements of a row lie apart, neighbouring rows beside each other. Some rows are gathered at a time. */
async function* slabBlocks(bytes: ByteSource, info: NpyInfo): AsyncGenerator<Part, void, void> {
  const { dtype, fortranOrder, shape, headerLength } = info;
  const total = (fortranOrder ? shape[0] : shape.at(-1)) as number;
  const runs = sizeOf(shape) / total;
  const atOnce = Math.max(1, Math.floor(BLOCK / (runs * dtype.itemsize)));
  const data = new Uint8Array(runs * atOnce * dtype.itemsize);
  try {
    for (let start = 0; start < total; start += atOnce) {
      const rows = Math.min(atOnce, total - start);
      const length = rows * dtype.itemsize;
      for (let run = 0; run < runs; run++) {
        const position = headerLength + (run * total + start) * dtype.itemsize;
        if (readSync(bytes.descriptor, data, run * length, length, position) < length) return;
      }
      yield { data: data.subarray(0, runs * length), rows };
    }
  } finally {
    closeSync(bytes.descriptor);
  }
}
