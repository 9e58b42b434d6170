/** Directories that tests write into. */
import { mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Without links and short names, as errors have it: /var is a link on macOS, and RUNNER~1 a short name on Windows. */
const TEMPORARY = realpathSync.native(tmpdir());

/** A new directory, removed with its contents when the test ends. */
export function temporaryDirectory(parent: string = TEMPORARY): string {
  const directory = mkdtempSync(join(parent, "npy-append-array-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 10 }));
  return directory;
}

/** The path of a file that is not there yet, in a directory of its own. */
export function temporaryPath(name = "array.npy"): string {
  return join(temporaryDirectory(), name);
}

/** The descriptors that this process holds, where the system tells. */
export function openDescriptors(): number | undefined {
  for (const directory of ["/proc/self/fd", "/dev/fd"]) {
    try {
      return readdirSync(directory).length;
    } catch {
      // another system
    }
  }
  return undefined;
}
