/** What is known of a place that may hold a file, and done with it, without opening the file: in pages as in workers. */
import { coded } from "./failures.ts";
import { directoryAt, partsOf } from "./paths.ts";
import { watchPath } from "./watch.ts";

export abstract class OpfsPlace {
  readonly path: string;
  /** A file that is open cannot be renamed. */
  readonly mustCloseToReplace = true;
  protected readonly directories: readonly string[];
  protected readonly name: string;
  /** The path by which all realms know the file. */
  protected readonly fullName: string;

  /** @throws NpyError `ERR_NPY_OPTION` for what is no path. */
  constructor(path: string) {
    const parts = partsOf(path);
    this.path = path;
    this.fullName = parts.join("/");
    this.name = parts.pop() as string;
    this.directories = parts;
  }

  get key(): unknown {
    return `opfs ${this.fullName}`;
  }

  /** Locks are Web Locks, which every browser has that has this file system. */
  lockProblem(): undefined {
    return undefined;
  }

  lockScope(): string {
    return "opfs";
  }

  watch(onChange: () => void): () => void {
    return watchPath(this.directories, this.name, onChange);
  }

  /** The file as it is now. Once the file is changed, the browser no longer reads it. */
  async blob(): Promise<Blob> {
    try {
      return await (await (await directoryAt(this.directories, false)).getFileHandle(this.name)).getFile();
    } catch (error) {
      throw coded(error, "open", this.path);
    }
  }
}
