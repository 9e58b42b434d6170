/** From what the user gave to arrays that can be read, in the page as in its worker. */
import { fileOf, type Given, givenFolder, givenStorage, type OnRead, recordingStorage } from "../shared/file-storage.ts";
import {
  type AsyncStorage,
  type FileLike,
  inspect,
  MemoryStorage,
  NpyError,
  NpyGroupReader,
  type NpyInfo,
  NpyReader,
  openNpz,
  saveSync,
} from "../shared/library.ts";
import type { Readable } from "./sheet.ts";

/** What the user gave. It can be passed to workers. */
export type Source =
  | { readonly kind: "file"; readonly file: Given }
  | { readonly kind: "url"; readonly url: string }
  /** A file of the browser's private file system. */
  | { readonly kind: "recording"; readonly path: string }
  | { readonly kind: "shards"; readonly name: string; readonly files: readonly Given[] };

/** One array of a source. */
export interface ArraySpec {
  readonly source: Source;
  /** The array's name in an archive. */
  readonly member?: string | undefined;
  /** What the page calls it. */
  readonly label: string;
  /** What it belongs to: an archive, or a folder. */
  readonly parent?: string | undefined;
  /** The rows that the whole group counts, which may be fewer than this array has. */
  readonly groupRows?: number | undefined;
}

export interface OpenedArray {
  readonly reader: NpyReader;
  /** Reads parts of it, also while it grows. */
  readonly readable: Readable;
  /** `undefined` for shards, and for arrays of archives. */
  readonly info: NpyInfo | undefined;
  /** Bytes of the files that hold it; `undefined` for an array of an archive. */
  readonly fileSize: number | undefined;
  close(): Promise<void>;
}

/** Compressed arrays up to this many bytes are held in memory: reading backwards would decompress them again and again. */
const HELD = 2 ** 26;

const SHARD = /^\d+\.npy$/;

export function nameOf(source: Source): string {
  if (source.kind === "file") return source.file.name;
  if (source.kind === "shards") return source.name;
  if (source.kind === "recording") return source.path.split("/").at(-1) as string;
  try {
    const { pathname, href } = new URL(source.url);
    return decodeURIComponent(pathname.split("/").at(-1) ?? "") || href;
  } catch {
    return source.url;
  }
}

/** What a read costs: a read of a file, a request to this machine, or one to another machine. */
export type Distance = "file" | "machine" | "net";

export function distanceOf(source: Source): Distance {
  if (source.kind !== "url") return "file";
  return /^https?:\/\/(localhost|127\.|\[::1\])/i.test(source.url) ? "machine" : "net";
}

async function locate(source: Exclude<Source, { kind: "shards" }>, onRead: OnRead): Promise<AsyncStorage | string> {
  if (source.kind === "url") return source.url;
  return source.kind === "recording" ? await recordingStorage(source.path, onRead) : givenStorage(source.file, onRead);
}

/** The arrays of files that were given together: each file, the arrays of archives, the shards of a folder as one, a group. */
export async function arraysOfFiles(folder: string | undefined, files: readonly Given[], onRead: OnRead): Promise<ArraySpec[]> {
  const known = files.filter(({ name }) => /\.np[yz]$/i.test(name)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (known.length === 0 && files.length === 1 && folder === undefined) {
    return await arraysOf({ kind: "file", file: files[0] as Given }, onRead);
  }
  if (known.length === 0) throw new Error(noArrays(folder, files.length));
  const shards = known.filter(({ name }) => SHARD.test(name));
  const name = folder ?? "shards";
  const specs: ArraySpec[] = [];
  if (shards.length > 1) {
    const inOrder = shards.toSorted((a, b) => Number.parseInt(a.name, 10) - Number.parseInt(b.name, 10));
    specs.push({ source: { kind: "shards", name, files: inOrder }, label: name });
  }
  const others = shards.length > 1 ? known.filter((file) => !shards.includes(file)) : known;
  const groupRows = folder === undefined ? undefined : await rowsOfGroup(folder, others, onRead);
  for (const file of others) {
    const found = await arraysOf({ kind: "file", file }, onRead);
    specs.push(...found.map((spec) => ({ parent: folder, ...spec, ...(groupRows !== undefined && { groupRows }) })));
  }
  return specs;
}

function noArrays(folder: string | undefined, count: number): string {
  if (count === 0)
    return `${folder === undefined ? "Nothing was given" : `The folder ${folder} is empty`}: expected .npy or .npz files.`;
  return `None of the ${count} files${folder === undefined ? "" : ` in ${folder}`} ends in .npy or .npz.`;
}

/** The rows of a group of arrays; `undefined` if the files are none. */
async function rowsOfGroup(folder: string, files: readonly Given[], onRead: OnRead): Promise<number | undefined> {
  const arrays = files.filter(({ name }) => /\.npy$/i.test(name));
  if (arrays.length < 2 || arrays.length !== files.length) return undefined;
  try {
    await using group = await NpyGroupReader.open(givenFolder(folder, arrays, onRead));
    return group.length;
  } catch {
    // Files that happen to lie in one folder are no group.
    return undefined;
  }
}

/** The arrays of a file or URL. */
export async function arraysOf(source: Source, onRead: OnRead): Promise<ArraySpec[]> {
  const label = nameOf(source);
  if (source.kind === "shards" || !(await isArchive(source, onRead))) return [{ source, label }];
  const npz = await openNpz((await locate(source, onRead)) as FileLike);
  try {
    if (npz.names.length === 0) throw new Error(`${label} is an archive without arrays.`);
    return npz.names.map((member) => ({ source, member, label: member, parent: label }));
  } finally {
    await npz.close();
  }
}

/** Archives are known by their names; files of other names by their first bytes. */
async function isArchive(source: Exclude<Source, { kind: "shards" }>, onRead: OnRead): Promise<boolean> {
  const name = nameOf(source).toLowerCase();
  if (name.endsWith(".npz")) return true;
  if (name.endsWith(".npy") || source.kind !== "file") return false;
  const start = new Uint8Array(await (await fileOf(source.file)).slice(0, 4).arrayBuffer());
  onRead(start.length);
  return start[0] === 0x50 && start[1] === 0x4b;
}

/** Opens one array. */
export async function openArray(spec: ArraySpec, onRead: OnRead): Promise<OpenedArray> {
  const { source, member } = spec;
  if (source.kind === "shards") {
    const reader = await NpyReader.open(source.files.map((file) => givenStorage(file, onRead)) as never);
    const sizes = await Promise.all(source.files.map(async (file) => (await fileOf(file)).size));
    return {
      reader,
      readable: steady(reader),
      info: undefined,
      fileSize: sizes.reduce((sum, size) => sum + size, 0),
      close: () => reader.close(),
    };
  }
  const file = (await locate(source, onRead)) as FileLike;
  if (member !== undefined) return await openMember(file, member);
  const reader = await NpyReader.open(file);
  try {
    const info = await inspect(file);
    const fileSize = info.headerLength + info.dataLength + info.reservedLength;
    return { reader, readable: steady(reader), info, fileSize, close: () => reader.close() };
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/** How often a read is tried again of a file that changes. */
const TRIES = 5;

/** Reads again what was not read because the file has changed: if it has only grown, the rows are still there. */
function steady(reader: NpyReader): Readable {
  return {
    get shape() {
      return reader.shape;
    },
    dtype: reader.dtype,
    fortranOrder: reader.fortranOrder,
    select: async (selection, options) => {
      for (let tries = 1; ; tries++) {
        try {
          return await reader.select(selection, options);
        } catch (error) {
          if (!(error instanceof NpyError && error.code === "ERR_NPY_CHANGED") || tries === TRIES) throw error;
          await reader.refresh();
        }
      }
    },
  };
}

async function openMember(file: FileLike, member: string): Promise<OpenedArray> {
  const npz = await openNpz(file);
  try {
    const entry = npz.members.find(({ name }) => name === member);
    if (entry === undefined) throw new NpyError("ERR_NPY_OPTION", `The archive no longer has an array ${member}: open it again.`);
    let reader: NpyReader;
    if (entry.isCompressed && entry.size <= HELD) {
      const held = new MemoryStorage();
      saveSync(held, await npz.load(member));
      reader = await NpyReader.open(held);
    } else reader = await npz.open(member);
    return { reader, readable: reader, info: undefined, fileSize: undefined, close: () => reader.close() };
  } finally {
    await npz.close();
  }
}
