/** Syncs an open file: what was written is on the disk when it returns. */
import * as fs from "node:fs";
import { promisify } from "node:util";

const fsync = promisify(fs.fsync);
const fdatasync = promisify(fs.fdatasync);

export function syncFileSync(fd: number): void {
  if (needsFullSync()) {
    try {
      fs.fdatasyncSync(fd);
      return;
    } catch {
      // Some file systems cannot do it.
    }
  }
  fs.fsyncSync(fd);
}

export async function syncFile(fd: number): Promise<void> {
  if (needsFullSync()) {
    try {
      return await fdatasync(fd);
    } catch {
      // Some file systems cannot do it.
    }
  }
  await fsync(fd);
}

/**
 * macOS answers fsync(2) before the disk has the data. Node and Deno ask for more (`F_FULLFSYNC`) in both functions, Bun in `fdatasync` only.
 * Source: `fsync` and `fdatasync` in Bun's src/sys.
 */
function needsFullSync(): boolean {
  return process.platform === "darwin" && "bun" in process.versions;
}
