/** Where a picture goes: a file of its own, never one of data. */
import { type FileHandle, open, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { about, FileProblem } from "./failure.ts";

/** An SVG says so within its first bytes, behind what XML may begin with. */
const BEGINNING = 1024;

/** What a picture is written to: a file that is created, one that is replaced, or what only takes bytes, such as a pipe. */
type Target = "new" | "file" | "stream";

/**
 * Looks whether a picture may be written to `svg`, before it is drawn. What is there must be an SVG, and is replaced only with `overwrite`.
 *
 * @throws FileProblem
 */
export async function checkPictureFile(svg: string, file: string, overwrite: boolean): Promise<Target> {
  try {
    const found = await stat(svg).catch(unlessMissing);
    if (found === undefined) return "new";
    if (found.isDirectory()) throw Object.assign(new Error("EISDIR"), { code: "EISDIR" });
    if (!found.isFile()) return "stream";
    const { dev, ino } = await stat(file);
    if (dev === found.dev && ino === found.ino) throw new FileProblem(svg, "it is the file that is drawn: choose another name");
    if (!overwrite) throw new FileProblem(svg, "it is there already: choose another name, or --overwrite");
    if (found.size > 0 && !(await isSvg(svg))) {
      throw new FileProblem(svg, "it is no SVG, and not even --overwrite replaces it: choose another name");
    }
    return "file";
  } catch (error) {
    throw about(svg, error);
  }
}

/** Writes a picture to what {@link checkPictureFile} allows: a new file exclusively, and in place of another one whole. */
export async function writePicture(svg: string, picture: string, file: string, overwrite: boolean): Promise<void> {
  const target = await checkPictureFile(svg, file, overwrite);
  try {
    if (target === "stream") return await writeFile(svg, picture);
    if (target === "new") return await writeNew(svg, picture, 0o666);
    const path = await realpath(svg);
    const temporary = join(dirname(path), `.${basename(path).slice(0, 40)}.${crypto.randomUUID()}.tmp`);
    await writeNew(temporary, picture, (await stat(path)).mode);
    await rename(temporary, path).catch(async (error: unknown) => {
      await rm(temporary, { force: true });
      throw error;
    });
  } catch (error) {
    if ((error as { code?: unknown }).code !== "EEXIST") throw about(svg, error);
    throw new FileProblem(svg, "it appeared meanwhile: choose another name, or --overwrite");
  }
}

/** Creates a file, and removes it if it cannot be written whole. */
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

/** An SVG's first element, behind a declaration, comments and its own document type only: a page with a picture in it is none. */
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
