/** Makes the names in a directory survive a power cut. */
import * as fs from "node:fs";
import { promisify } from "node:util";
import { hasCode } from "./storage.ts";

const fsync = promisify(fs.fsync);

export function syncDirectorySync(path: string): void {
  const fd = openDirectory(path);
  if (fd === undefined) return;
  try {
    fs.fsyncSync(fd);
  } catch (error) {
    if (!isUnsupported(error)) throw error;
  } finally {
    fs.closeSync(fd);
  }
}

export async function syncDirectory(path: string): Promise<void> {
  const fd = openDirectory(path);
  if (fd === undefined) return;
  try {
    await fsync(fd);
  } catch (error) {
    if (!isUnsupported(error)) throw error;
  } finally {
    fs.closeSync(fd);
  }
}

/** Windows cannot open directories, and makes new names safe by itself. */
function openDirectory(path: string): number | undefined {
  if (process.platform === "win32") return undefined;
  try {
    return fs.openSync(path, "r");
  } catch (error) {
    // Files can be made in a directory that nobody may list.
    if (hasCode(error, "EACCES") || isUnsupported(error)) return undefined;
    throw error;
  }
}

/** SMB and FUSE have file systems that cannot sync directories. The rows are safe by then: failing would undo them. */
function isUnsupported(error: unknown): boolean {
  return ["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].some((code) => hasCode(error, code));
}
