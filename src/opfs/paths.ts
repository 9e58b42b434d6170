/** Paths in the origin private file system. */
import { NpyError, quoted } from "../errors.ts";
import { checkFileName } from "../storage/folder.ts";
import { type DirectoryHandle, rootDirectory } from "./platform.ts";

/**
 * The parts of a path such as `recordings/today.npy`.
 *
 * @throws NpyError `ERR_NPY_OPTION` if it would lead out of the file system.
 */
export function partsOf(path: string): string[] {
  if (typeof path !== "string") {
    throw new NpyError("ERR_NPY_OPTION", `Expected a path such as "recordings/today.npy": found ${quoted(path)}.`);
  }
  const parts = path.replace(/^\//, "").split("/");
  for (const part of parts) checkFileName(part, path);
  return parts;
}

/** The directory of these names; with `create` it is made, and those that it is in. */
export async function directoryAt(names: readonly string[], create: boolean): Promise<DirectoryHandle> {
  let directory = await rootDirectory();
  for (const name of names) directory = await directory.getDirectoryHandle(name, { create });
  return directory;
}
