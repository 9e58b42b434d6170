/** `info --watch`: how fast an array grows. */
import { setTimeout as delay } from "node:timers/promises";
import { inspect, NpyGroupReader } from "../../node.ts";
import { archivedArray, isArchive } from "../files/archives.ts";
import { folderAt } from "../files/places.ts";
import { holdsShards, layoutOf } from "../files/shard-folders.ts";
import { about, counted, UsageError } from "../program/failure.ts";
import { Interrupted, interruptible } from "../program/interruption.ts";
import { print } from "../program/terminal.ts";
import { bytesText } from "../text/byte-counts.ts";

interface Size {
  readonly rows: number;
  /** `undefined` if rows have different lengths. */
  readonly rowBytes: number | undefined;
}

/** Prints the number of rows every `interval` seconds, and how many came in each second since the last time, until Ctrl-C. */
export async function watchGrowth(path: string, interval: number): Promise<void> {
  if (isArchive(path) || archivedArray(path) !== undefined)
    throw new UsageError("an archive does not grow: --watch takes a .npy file or a folder");
  await interruptible(async (signal) => {
    let before = await sizeOf(path);
    let start = performance.now();
    await print(`${clock()}  ${counted(before.rows, "row")}\n`);
    for (;;) {
      await delay(1000 * interval, undefined, { signal }).catch(() => signal.throwIfAborted());
      const size = await sizeOf(path);
      const now = performance.now();
      await print(`${clock()}  ${counted(size.rows, "row")}  ${rateText(before, size, (now - start) / 1000)}\n`);
      [before, start] = [size, now];
    }
  });
}

/** `+1000 rows/s, 24.0 kB/s`. */
function rateText(before: Size, { rows, rowBytes }: Size, seconds: number): string {
  const rate = (rows - before.rows) / seconds;
  const sign = rate < 0 ? "-" : "+";
  // Three digits: what a second takes varies by more.
  const digits = Math.abs(rate) >= 100 ? Math.round(Math.abs(rate)) : Number(Math.abs(rate).toPrecision(3));
  const bytes = rowBytes === undefined ? "" : `, ${bytesText(Math.abs(rate) * rowBytes)}/s`;
  return `${sign}${digits} rows/s${bytes}`;
}

function clock(): string {
  return new Date().toTimeString().slice(0, 8);
}

async function sizeOf(path: string): Promise<Size> {
  try {
    const folder = await folderAt(path);
    if (folder !== undefined && !(await holdsShards(folder))) return await groupSize(path);
    const { dtype, shape, fortranOrder } = folder === undefined ? await inspect(path) : await layoutOf(folder);
    if (shape.length === 0) throw new UsageError("a 0-d array does not grow: --watch takes an array with rows");
    const rows = shape.at(fortranOrder ? -1 : 0) as number;
    const others = fortranOrder ? shape.slice(0, -1) : shape.slice(1);
    return { rows, rowBytes: others.reduce((product, size) => product * size, dtype.itemsize) };
  } catch (error) {
    throw error instanceof Interrupted || error instanceof UsageError ? error : about(path, error);
  }
}

async function groupSize(folder: string): Promise<Size> {
  const reader = await NpyGroupReader.open(folder);
  await reader.close();
  const arrays = Object.values(reader.arrays);
  const rowBytes = arrays.reduce((sum, { dtype, rowShape }) => sum + rowShape.reduce((a, b) => a * b, dtype.itemsize), 0);
  return { rows: reader.length, rowBytes: arrays.some(({ ragged }) => ragged) ? undefined : rowBytes };
}
