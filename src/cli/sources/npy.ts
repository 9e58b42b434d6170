/** .npy files as sources of rows, copied from file to file. */
import { inspect, type NpyInfo, NpyReader, type NpyReaderSync } from "../../node.ts";
import { fileAt, folderAt, type Place, sourceAt } from "../files/places.ts";
import { layoutOf } from "../files/shard-folders.ts";
import { FileProblem, runAdvice, UsageError } from "../program/failure.ts";
import { type RowLayout, sizeOf } from "../rows/columns.ts";
import type { Block, Source, SourceOptions } from "./source.ts";

/** Bytes copied at a time. Signals and progress bars are handled in between. */
const PIECE = 2 ** 26;

/** Takes the rows that the header counts now: FILE itself may be a source. */
export async function openNpy(path: string, target: RowLayout | undefined, options: SourceOptions): Promise<Source> {
  if (path === "-") throw new UsageError("a .npy file cannot come from stdin: name it");
  const folder = await folderAt(path);
  const info = folder === undefined ? await inspect(await fileAt(path)) : await shardsIn(folder);
  if (info.dataLength !== info.expectedDataLength) {
    throw new FileProblem(path, `its data do not match its header: ${runAdvice("recover", path)}`);
  }
  const { dtype, shape, dataLength } = info;
  if (shape.length === 0) throw new FileProblem(path, "it is a 0-d array, which has no rows: leave it out");
  const fortranOrder = shape.length > 1 && (target?.fortranOrder ?? options.fortranOrder ?? info.fortranOrder);
  const axis = fortranOrder ? shape.length - 1 : 0;
  return {
    bytes: dataLength,
    layout: { dtype, rowShape: shape.toSpliced(axis, 1), fortranOrder },
    async *blocks(reach) {
      const reader = options.isAsync ? await NpyReader.open(await sourceAt(path)) : NpyReader.openSync(path);
      try {
        yield* rowBlocks(path, reader, axis, shape[axis] as number, dataLength, reach);
      } finally {
        await reader.close();
      }
    },
  };
}

/** What a folder of shards holds. */
async function shardsIn(
  folder: Place,
): Promise<Pick<NpyInfo, "dtype" | "shape" | "fortranOrder" | "dataLength" | "expectedDataLength">> {
  const layout = await layoutOf(folder);
  const dataLength = sizeOf(layout.shape) * layout.dtype.itemsize;
  return { ...layout, dataLength, expectedDataLength: dataLength };
}

async function* rowBlocks(
  path: string,
  reader: NpyReader | NpyReaderSync,
  axis: number,
  rows: number,
  bytes: number,
  reach: (bytes: number) => void,
): AsyncGenerator<Block, void, void> {
  if ((reader.shape[axis] ?? 0) < rows) {
    throw new FileProblem(path, "it became shorter in the meantime: another program writes to it");
  }
  const atOnce = bytes === 0 ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(PIECE / (bytes / rows)));
  for (let start = 0; start === 0 || start < rows; start += atOnce) {
    const stop = Math.min(rows, start + atOnce);
    yield { reader, start, stop, placeOf: (i) => `row ${1 + i}` };
    reach(stop === rows ? bytes : (stop * bytes) / rows);
  }
}
