/** A directory of the origin private file system, for dedicated workers. */
import { checkFileName, type Folder } from "../storage/folder.ts";
import { coded } from "./failures.ts";
import { needsAnotherHandle } from "./opfs-file.ts";
import { OpfsStorage } from "./opfs-storage.ts";
import { directoryAt, partsOf } from "./paths.ts";
import { watchDirectory } from "./watch.ts";

/** The names of directories on the way to a folder: none for the root, which is `""` or `"/"`. */
function directoriesOf(path: string): string[] {
  return path === "" || path === "/" ? [] : partsOf(path.replace(/\/$/, ""));
}

async function listFiles(path: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { kind, name } of (await directoryAt(directoriesOf(path), false)).values())
      if (kind === "file") names.push(name);
  } catch (error) {
    throw coded(error, "scandir", path);
  }
  return names;
}

async function createDirectory(path: string): Promise<void> {
  try {
    await directoryAt(directoriesOf(path), true);
  } catch (error) {
    throw coded(error, "mkdir", path);
  }
}

/** What folders are here and in a page. */
export abstract class AnyOpfsFolder {
  readonly path: string;
  protected readonly directories: readonly string[];

  /** @throws NpyError `ERR_NPY_OPTION` for what is no path. */
  constructor(path: string) {
    this.directories = directoriesOf(path);
    this.path = path;
  }

  get key(): unknown {
    return `opfs-folder ${this.directories.join("/")}`;
  }
  list(): Promise<readonly string[]> {
    return listFiles(this.path);
  }
  create(): Promise<void> {
    return createDirectory(this.path);
  }
  watch(onChange: (name: string | undefined) => void): () => void {
    return watchDirectory(this.directories, onChange);
  }
  /** The path of the file of that name. */
  protected pathOf(name: string): string {
    checkFileName(name, this.path);
    return [...this.directories, name].join("/");
  }
}

export class OpfsFolder extends AnyOpfsFolder implements Folder {
  file(name: string): OpfsStorage {
    return new OpfsStorage(this.pathOf(name));
  }
  listSync(): never {
    throw needsAnotherHandle("A folder", this.path);
  }
  createSync(): never {
    throw needsAnotherHandle("A folder", this.path);
  }
}
