/** What a system cannot do, by which tests are skipped there. */
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mapProblem } from "../../src/storage/native/mmap.ts";

const isWindows = process.platform === "win32";

/** A file that is open cannot be replaced by a rename. */
export const keepsOpenFiles: boolean = isWindows;
/** Files have no mode but read-only. */
export const lacksModes: boolean = isWindows;
/** Bytes that were never written take disk space, as on NTFS. */
export const lacksHoles: boolean = isWindows;
/** Symbolic links need a privilege, which this process lacks. */
export const lacksLinks: boolean = !canLink();
/** Files cannot be mapped. */
export const lacksMappings: boolean = mapProblem() !== undefined;

function canLink(): boolean {
  const directory = mkdtempSync(join(tmpdir(), "npy-append-array-"));
  try {
    symlinkSync("nothing", join(directory, "link"));
    return true;
  } catch {
    return false;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
