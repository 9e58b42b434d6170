/** The recorder and the viewer as a web server has them: `/recorder/` and `/viewer/`. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildPage } from "../../site/build.mjs";

type Content = Record<string, { body: Uint8Array; headers?: Record<string, string> }>;

/** Builds the recorder, and takes the viewer from the package. */
export async function builtPages(): Promise<Content> {
  const recorder = mkdtempSync(join(tmpdir(), "npy-recorder-"));
  try {
    await buildPage("recorder", recorder);
    return {
      ...filesOf(recorder, "/recorder/"),
      ...filesOf(fileURLToPath(new URL("../../dist/viewer", import.meta.url)), "/viewer/"),
    };
  } finally {
    rmSync(recorder, { recursive: true });
  }
}

function filesOf(folder: string, path: string): Content {
  const files: Content = { [path]: { body: readFileSync(join(folder, "index.html")), headers: { "Content-Type": "text/html" } } };
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile()) files[`${path}${file.slice(folder.length + 1).replaceAll("\\", "/")}`] = { body: readFileSync(file) };
  }
  return files;
}
