/** What `import "npy-append-array/opfs"` gives: files of a browser, which survive the tab, and the way out of them. */
import { OpfsFolder } from "./opfs/opfs-folder.ts";
import { OpfsStorage } from "./opfs/opfs-storage.ts";
import { PageFolder, PageStorage } from "./opfs/page-storage.ts";
import { pageWorker, type WorkerLike } from "./opfs/page-worker.ts";
import { canOpenHere, rootDirectory } from "./opfs/platform.ts";
import type { Folder } from "./storage/folder.ts";
import type { Storage } from "./storage/storage.ts";
import { outward } from "./verb.ts";

export { type ExportOptions, exportFile, type WritableFileHandle } from "./opfs/export-file.ts";
export type { WorkerLike } from "./opfs/page-worker.ts";

/** A file of the browser. In a page it has no synchronous half. */
export interface OpfsFileStorage extends Storage {
  readonly path: string;
  /** The file as it is now, such as one to download: nothing is read yet. Once the file is changed, the browser no longer reads it. */
  blob(): Promise<Blob>;
}

/** A folder of the browser. In a page it has no synchronous half. */
export interface OpfsFileFolder extends Folder {
  readonly path: string;
  file(name: string): OpfsFileStorage;
}

/** How a page finds the worker that opens its files. */
export interface OpfsOptions {
  /**
   * Starts the module `npy-append-array/opfs/worker` for a page, where the bundler does not do it.
   *
   * Bundlers that know `new Worker(new URL(...))` do it, such as Vite, webpack and Parcel. The first call decides; workers need none.
   *
   * @defaultValue a worker that the bundler finds
   * @example worker: () => new Worker("/worker.js", { type: "module" })
   */
  readonly worker?: (() => WorkerLike) | undefined;
}

/**
 * A file in the origin private file system of the browser, by a path such as `recordings/today.npy`. Directories on the way are made when the file is.
 *
 * In a page, a worker of this package opens it. In a dedicated worker it is opened there, and the synchronous classes work, too, if they are the first to
 * use it: a file is opened for them ahead, until an asynchronous verb uses it, or another tab or worker wants it. Replacing files remains asynchronous.
 *
 * @throws NpyError `ERR_NPY_OPTION` for what is no path, or if the browser lacks what is needed: the error names that.
 *
 * @example
 * ```ts
 * await using npaa = await NpyAppendArray.open(await opfsFile("recordings/today.npy"));
 * await npaa.append([[1, 2, 3]]);
 * ```
 */
export async function opfsFile(path: string, options: OpfsOptions = {}): Promise<OpfsFileStorage> {
  try {
    await rootDirectory();
    if (canOpenHere()) return await new OpfsStorage(path).prepare();
    return new PageStorage(await pageWorker(options.worker), path) as AsyncHalf as OpfsFileStorage;
  } catch (error) {
    throw outward(error, typeof path === "string" ? path : undefined, opfsFile);
  }
}

/**
 * A directory in the origin private file system of the browser; `""` is the root. It is not made here: groups and shards do that, and `create()`. Its files
 * are used by asynchronous verbs.
 *
 * @throws NpyError `ERR_NPY_OPTION` as {@link opfsFile}.
 *
 * @example
 * ```ts
 * const folder = await opfsFolder("recordings");
 * for (const name of await folder.list()) console.log((await inspect(folder.file(name))).shape);
 * ```
 */
export async function opfsFolder(path: string, options: OpfsOptions = {}): Promise<OpfsFileFolder> {
  try {
    await rootDirectory();
    if (canOpenHere()) return new OpfsFolder(path);
    return new PageFolder(await pageWorker(options.worker), path) as AsyncHalf as OpfsFileFolder;
  } catch (error) {
    throw outward(error, typeof path === "string" ? path : undefined, opfsFolder);
  }
}

/** What lacks the synchronous half, which the types of verbs do not tell apart. */
type AsyncHalf = unknown;
