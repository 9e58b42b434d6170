/** An index by which zarr, dask and xarray read shards in place: a kerchunk reference, version 1, of an array of zarr version 2. */
import { NpyError } from "../errors.ts";
import type { DType } from "../format/dtype.ts";
import type { NpyHeader } from "../format/header.ts";
import { bytesPerRow, rowCount, rowShape } from "../format/layout.ts";
import { type Check, checkOptions, optional } from "../options.ts";
import { readCheckedHeader } from "../plan/read/header.ts";
import { run } from "../plan/run.ts";
import { close, createTemporary, discard, list, type Plan, read, replace, withFile, write } from "../plan/step.ts";
import { together } from "../plan/together.ts";
import { NpyReader } from "../reader/npy-reader.ts";
import { inOrder } from "../reader/shard-names.ts";
import type { Folder } from "../storage/folder.ts";
import { type FolderLike, locateFolder } from "../storage/locate.ts";
import type { Storage } from "../storage/storage.ts";
import { attemptLater } from "../verb.ts";

/** How shards are indexed. */
export interface IndexOptions {
  /**
   * The URL of the folder where the index is used; `"file:///data/shards"` for a directory.
   *
   * @defaultValue names relative to the index, which tools take relative to their working directory
   * @example url: "https://example.org/shards"
   */
  readonly url?: string | undefined;
  /**
   * The name of a file in the folder, such as `"index.json"`, which the index is written into, as JSON. One that exists is replaced.
   *
   * @defaultValue none
   * @example writeTo: "index.json"
   */
  readonly writeTo?: string | undefined;
}

/** A kerchunk reference: to be written as JSON. */
export interface ShardsIndex {
  readonly version: 1;
  /** Names of chunks and of metadata; a chunk is a URL with an offset and a length, or its bytes in base64. */
  readonly refs: Readonly<Record<string, string | readonly [url: string, offset: number, length: number]>>;
}

const url: Check<string | undefined> = optional("the URL of the folder", (value) => typeof value === "string");

const writeTo: Check<string | undefined> = optional(
  "the name of a file that is no shard, such as index.json",
  (value) => typeof value === "string" && !value.endsWith(".npy"),
);

/** One shard. */
interface Shard {
  readonly name: string;
  readonly header: NpyHeader;
  readonly rows: number;
}

/** Bytes of chunks that are wanted: fewer make the index long, more make engines read what they do not need. */
const CHUNK = 2 ** 24;

/** More are no index any more. */
const MOST_CHUNKS = 10 ** 6;

/** More bytes of the last chunk are not written into the index. */
const MOST_INLINE = 2 ** 26;

/**
 * An index of the shards in a folder as one array, which zarr, dask, xarray (by fsspec's `reference` file system) and zarrita (by its `ReferenceStore`) compute on
 * without a copy. Write it as JSON, or let `writeTo` do that. All shards but the last must be of equal chunks: shards of `rowsPerShard` rows are. The end of a shorter last shard
 * stands in the index itself. Shards that come later need a new index.
 *
 * @throws NpyError `ERR_NPY_SHAPE` if a shard before the last is shorter than the others and they have no chunk in common, as several writers leave them: write new
 * shards with {@link NpyShards.appendFrom}; `ERR_NPY_DTYPE` for dtypes that zarr does not have; what {@link NpyReader.open} throws.
 * @example
 * ```ts
 * const folder = new MemoryFolder();
 * await save(folder.file("00000000.npy"), [1, 2, 3]);
 * const { refs } = await indexShards(folder, { url: "https://example.org/points" });
 * refs["0"]; // ["https://example.org/points/00000000.npy", 128, 24]
 * ```
 */
export async function indexShards(folder: FolderLike, options: IndexOptions = {}): Promise<ShardsIndex> {
  const place = locateFolder(folder);
  return await attemptLater(place.path, async () => {
    const checked = checkOptions(options, { url, writeTo });
    const target = checked.writeTo === undefined ? undefined : place.file(checked.writeTo);
    const shards = await shardsOf(place);
    const index: ShardsIndex = { version: 1, refs: await referencesOf(place, shards, checked.url) };
    if (target !== undefined) await run(writing(target, new TextEncoder().encode(JSON.stringify(index))));
    return index;
  });
}

/** All shards, which fit together. */
async function shardsOf(folder: Folder): Promise<Shard[]> {
  // It checks them, and says what is wrong.
  await (await NpyReader.open(folder)).close();
  const names = inOrder(await run(list(folder)));
  const all = await run(together(names.map((name) => () => shardOf(folder, name))));
  const shards = all.filter(({ rows }) => rows > 0);
  if (shards.length > 0) return shards;
  throw new NpyError("ERR_NPY_SHAPE", "The shards have no rows, of which there is nothing to index.", { path: folder.path });
}

function* shardOf(folder: Folder, name: string): Plan<Shard> {
  const header = yield* withFile(folder.file(name), "r", (file) => readCheckedHeader(file, Number.POSITIVE_INFINITY));
  return { name, header, rows: rowCount(header) };
}

/** Writes a file whole: readers see the old one or the new one. */
function* writing(storage: Storage, bytes: Uint8Array): Plan<void> {
  const file = yield* createTemporary(storage);
  try {
    yield* write(file, bytes, 0);
    yield* replace(storage, file);
  } catch (error) {
    yield* discard(storage, file);
    throw error;
  }
  yield* close(file);
}

async function referencesOf(folder: Folder, shards: readonly Shard[], base: string | undefined): Promise<ShardsIndex["refs"]> {
  const { header } = shards[0] as Shard;
  const row = rowShape(header);
  const width = bytesPerRow(header);
  const { fortranOrder } = header;
  if (width === 0) throw new NpyError("ERR_NPY_SHAPE", "Rows without bytes cannot be indexed.", { path: folder.path });
  const total = shards.reduce((sum, { rows }) => sum + rows, 0);
  const chunk = rowsPerChunk(shards, width);
  const sizes = (rows: number): number[] => (fortranOrder ? [...row, rows] : [rows, ...row]);
  const metadata = {
    zarr_format: 2,
    shape: sizes(total),
    chunks: sizes(chunk),
    dtype: zarrType(header.dtype, folder.path),
    compressor: null,
    filters: null,
    fill_value: null,
    order: fortranOrder ? "F" : "C",
  };
  const refs: Record<string, string | readonly [string, number, number]> = { ".zarray": JSON.stringify(metadata) };
  const zeros = row.map(() => 0);
  let number = 0;
  for (const { name, header: own, rows } of shards) {
    for (let start = 0; start < rows; start += chunk) {
      const count = Math.min(chunk, rows - start);
      const key = (fortranOrder ? [...zeros, number] : [number, ...zeros]).join(".");
      const offset = own.headerLength + start * width;
      refs[key] =
        count === chunk
          ? [base === undefined ? name : `${base.replace(/\/$/, "")}/${name}`, offset, count * width]
          : await padded(folder, name, offset, count * width, chunk * width);
      number++;
    }
  }
  return refs;
}

/** The bytes of a chunk that is shorter than the others, as those are long. */
async function padded(folder: Folder, name: string, offset: number, length: number, whole: number): Promise<string> {
  const bytes = new Uint8Array(whole);
  await run(withFile(folder.file(name), "r", (file) => read(file, bytes.subarray(0, length), offset)));
  let text = "";
  for (let at = 0; at < whole; at += 2 ** 13) text += String.fromCharCode(...bytes.subarray(at, at + 2 ** 13));
  return `base64:${btoa(text)}`;
}

/** Rows of a chunk: they divide all shards but the last. */
function rowsPerChunk(shards: readonly Shard[], width: number): number {
  const last = shards.at(-1) as Shard;
  const common = shards.slice(0, -1).reduce((divisor, { rows }) => greatestCommonDivisor(divisor, rows), 0) || last.rows;
  const most = Math.max(1, Math.floor(CHUNK / width));
  const chunk = common <= most ? common : largestDivisor(common, most);
  const chunks = shards.reduce((sum, { rows }) => sum + Math.ceil(rows / chunk), 0);
  const isEven = last.rows % chunk === 0;
  if (chunks <= MOST_CHUNKS && (isEven || chunk * width <= MOST_INLINE) && isWorthwhile(shards, chunk, most)) return chunk;
  const counts = new Set(shards.slice(0, -1).map(({ rows }) => rows));
  throw new NpyError(
    "ERR_NPY_SHAPE",
    `An index needs shards of one number of rows, the last of which may be shorter: found ${counts.size > 1 ? `shards of ${[...counts].slice(0, 4).join(", ")} rows` : `${common} rows in each, which no chunk of a useful size divides`}. Write new ones: the command shard does, or NpyShards and appendFrom.`,
  );
}

/** Whether chunks are not many times smaller than they need be. */
function isWorthwhile(shards: readonly Shard[], chunk: number, most: number): boolean {
  const full = shards.length > 1 ? shards.slice(0, -1) : shards;
  const shortest = full.reduce((least, { rows }) => Math.min(least, rows), most);
  return 64 * chunk >= shortest;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The largest divisor of a number that is at most `most`. */
function largestDivisor(number: number, most: number): number {
  let best = 1;
  for (let divisor = 1; divisor * divisor <= number; divisor++) {
    if (number % divisor !== 0) continue;
    for (const one of [divisor, number / divisor]) if (one <= most && one > best) best = one;
  }
  return best;
}

/** A dtype as zarr writes it: like NumPy, with structures as lists. */
function zarrType(type: DType, path: string | undefined): unknown {
  if ("biufcSUVmM".includes(type.kind) && type.subdtype === undefined) return type.descr;
  throw new NpyError("ERR_NPY_DTYPE", `zarr has no dtype ${type.str}: the shards cannot be indexed.`, { path });
}
