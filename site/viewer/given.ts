/** What the user drops or picks, as files. Handles are taken where the browser has them: they show what is appended later. */
import type { Given } from "../shared/file-storage.ts";
import { RECORDINGS } from "../shared/recordings.ts";

export interface GivenFiles {
  /** The name of the folder that the files are in; `undefined` for files given one by one. */
  readonly folder: string | undefined;
  readonly files: readonly Given[];
}

type Handle = FileSystemFileHandle | FileSystemDirectoryHandle;

interface Pickers {
  showOpenFilePicker?(options: object): Promise<FileSystemFileHandle[]>;
  showDirectoryPicker?(options?: object): Promise<FileSystemDirectoryHandle>;
}

interface Listing {
  values(): AsyncIterable<Handle>;
}

/** The files of a folder, without those of folders in it. */
async function filesOf(folder: FileSystemDirectoryHandle): Promise<FileSystemFileHandle[]> {
  const files: FileSystemFileHandle[] = [];
  for await (const handle of (folder as unknown as Listing).values()) {
    if (handle.kind === "file") files.push(handle as FileSystemFileHandle);
  }
  return files;
}

/** What was dropped. Must be called before the event ends: then the browser forgets it. */
export async function dropped(data: DataTransfer): Promise<GivenFiles> {
  const items = [...data.items].filter(({ kind }) => kind === "file");
  const found = items.map((item): Promise<Handle | File | FileSystemEntry | null> => {
    const { getAsFileSystemHandle } = item as { getAsFileSystemHandle?: () => Promise<Handle | null> };
    const entry = item.webkitGetAsEntry();
    const file = item.getAsFile();
    if (getAsFileSystemHandle !== undefined) {
      return getAsFileSystemHandle.call(item).then(
        (handle) => handle ?? file,
        () => file,
      );
    }
    return Promise.resolve(entry?.isDirectory ? entry : file);
  });
  const given = (await Promise.all(found)).filter((one) => one !== null);
  const only = given.length === 1 ? given[0] : undefined;
  if (only !== undefined && "kind" in only && only.kind === "directory") return { folder: only.name, files: await filesOf(only) };
  if (only !== undefined && "isDirectory" in only)
    return { folder: only.name, files: await entriesOf(only as FileSystemDirectoryEntry) };
  return {
    folder: undefined,
    files: given.filter((one): one is Given => one instanceof File || ("kind" in one && one.kind === "file")),
  };
}

async function entriesOf(directory: FileSystemDirectoryEntry): Promise<File[]> {
  const reader = directory.createReader();
  const files: File[] = [];
  // A reader gives a hundred entries at a time, and none at the end.
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return files;
    for (const entry of entries) {
      if (entry.isFile) files.push(await new Promise((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)));
    }
  }
}

/** Asks for files; `undefined` if the user chose none, and `"input"` where only an input can ask. */
export async function pickFiles(): Promise<GivenFiles | undefined | "input"> {
  const { showOpenFilePicker } = window as Pickers;
  if (showOpenFilePicker === undefined) return "input";
  const files = await unlessCancelled(showOpenFilePicker.call(window, { multiple: true }));
  return files && { folder: undefined, files };
}

/** {@link pickFiles} for a folder. */
export async function pickFolder(): Promise<GivenFiles | undefined | "input"> {
  const { showDirectoryPicker } = window as Pickers;
  if (showDirectoryPicker === undefined) return "input";
  const folder = await unlessCancelled(showDirectoryPicker.call(window));
  return folder && { folder: folder.name, files: await filesOf(folder) };
}

async function unlessCancelled<Result>(picking: Promise<Result>): Promise<Result | undefined> {
  try {
    return await picking;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return undefined;
    throw error;
  }
}

/** A recording in the private file system of this page's origin. */
export interface Recording {
  /** The path of a file, or of a folder with a slash at its end. */
  readonly name: string;
  readonly size: number;
  /** The files of a folder, which are shown together. */
  readonly folder: GivenFiles | undefined;
}

/** The recordings of this origin, in the folders of its private file system, too. */
export async function recordings(): Promise<Recording[]> {
  // It is missing where the page is not served securely, and in some private windows.
  const root = await navigator.storage?.getDirectory?.().catch(() => undefined);
  if (root === undefined) return [];
  const found: Recording[] = [];
  await addRecordings(root, "", found, 3);
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function addRecordings(folder: FileSystemDirectoryHandle, path: string, found: Recording[], depth: number): Promise<void> {
  const files = await filesOf(folder);
  const arrays = files.filter(({ name }) => /\.np[yz]$/i.test(name));
  const sizes = await Promise.all(arrays.map(async (file) => (await file.getFile()).size));
  // What the recorder made has nothing to do with each other.
  if (path !== "" && path !== RECORDINGS && arrays.length > 1) {
    found.push({ name: `${path}/`, size: sizes.reduce((sum, size) => sum + size, 0), folder: { folder: path, files: arrays } });
  } else {
    for (const [i, file] of arrays.entries()) {
      const name = path === "" ? file.name : `${path}/${file.name}`;
      found.push({ name, size: sizes[i] as number, folder: undefined });
    }
  }
  if (depth === 0) return;
  for await (const handle of (folder as unknown as Listing).values()) {
    if (handle.kind !== "directory") continue;
    await addRecordings(
      handle as FileSystemDirectoryHandle,
      path === "" ? handle.name : `${path}/${handle.name}`,
      found,
      depth - 1,
    );
  }
}
