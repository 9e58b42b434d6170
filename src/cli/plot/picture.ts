/** The SVG file that holds a picture. */
import { type FileHandle, open, rm, stat, writeFile } from "node:fs/promises";
import { realPath, temporaryPath } from "../../storage/node-names.ts";
import { renameOver } from "../../storage/node-rename.ts";
import { isSameFile } from "../files/each-file.ts";
import { about, FileProblem } from "../program/failure.ts";

/** The first element of an SVG must begin within so many bytes. */
const BEGINNING = 1024;

/** Where a picture goes: into a new file, in place of an existing one, or into a pipe or device. */
type Target = "new" | "file" | "stream";

/**
 * Checks that a picture may be written to `svg`. Only an SVG may be replaced, and only with `overwrite`.
 *
 * @throws FileProblem
 */
export async function checkPictureFile(svg: string, file: string, overwrite: boolean): Promise<Target> {
  try {
    const found = await stat(svg, { bigint: true }).catch(unlessMissing);
    if (found === undefined) return "new";
    if (found.isDirectory()) throw Object.assign(new Error("EISDIR"), { code: "EISDIR" });
    if (!found.isFile()) return "stream";
    if (isSameFile(await stat(file, { bigint: true }), found))
      throw new FileProblem(svg, "it is the file that is drawn: choose another name");
    if (!overwrite) throw new FileProblem(svg, "it already exists: choose another name, or pass --overwrite");
    if (found.size > 0n && !(await isSvg(svg))) {
      throw new FileProblem(svg, "it is not an SVG, and --overwrite replaces only those: choose another name");
    }
    return "file";
  } catch (error) {
    throw about(svg, error);
  }
}

/** Checks again, and writes: a new file exclusively, a replacement by renaming. */
export async function writePicture(svg: string, picture: string, file: string, overwrite: boolean): Promise<void> {
  const target = await checkPictureFile(svg, file, overwrite);
  try {
    if (target === "stream") return await writeFile(svg, picture);
    if (target === "new") return await writeNew(svg, picture, 0o666);
    const path = realPath(svg);
    const temporary = temporaryPath(path);
    await writeNew(temporary, picture, (await stat(path)).mode);
    try {
      await renameOver(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  } catch (error) {
    if ((error as { code?: unknown }).code !== "EEXIST") throw about(svg, error);
    throw new FileProblem(svg, "it appeared in the meantime: choose another name, or pass --overwrite");
  }
}

/** Creates a file, and removes it if a write fails. */
async function writeNew(path: string, text: string, mode: number): Promise<void> {
  let handle: FileHandle | undefined = await open(path, "wx", mode);
  try {
    await handle.writeFile(text);
    const written = handle;
    handle = undefined;
    await written.close();
  } catch (error) {
    await handle?.close();
    await rm(path, { force: true });
    throw error;
  }
}

/** `<svg>` as the first element, after declarations, comments and the document type: an HTML page that holds an SVG does not match. */
const SVG = /^\s*(?:<\?[^>]*>\s*|<!--(?:(?!-->)[\s\S])*-->\s*|<!DOCTYPE\s+svg\b(?:[^[>]|\[[^\]]*\])*>\s*)*<svg\b/;

async function isSvg(path: string): Promise<boolean> {
  const handle = await open(path, "r");
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(BEGINNING), 0, BEGINNING, 0);
    return SVG.test(new TextDecoder().decode(buffer.subarray(0, bytesRead)));
  } finally {
    await handle.close();
  }
}

function unlessMissing(error: unknown): undefined {
  if ((error as { code?: unknown }).code !== "ENOENT") throw error;
}
