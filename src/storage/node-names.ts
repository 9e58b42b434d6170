/** The names of files in the file system. */
import * as fs from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { NpyError, quoted } from "../errors.ts";
import { hasCode } from "./storage.ts";

/** Linux follows at most this many links in a row. */
const MAX_LINKS = 40;

/** The path of the file itself, even if it is yet to be created. */
export function followLinks(path: string): string {
  let target = resolve(path);
  for (let links = 0; links <= MAX_LINKS; links++) {
    try {
      return realPath(target);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
    }
    // Nothing there: the last name is new, or a link to a new name.
    try {
      target = resolve(dirname(target), fs.readlinkSync(target));
    } catch {
      break;
    }
  }
  try {
    return join(realPath(dirname(target)), basename(target));
  } catch {
    return target;
  }
}

/** Windows cannot tell the final path of a file on RAM disks and some network drives. Its links can still be followed one by one. */
export function realPath(path: string): string {
  try {
    return fs.realpathSync.native(path);
  } catch (error) {
    if (process.platform !== "win32" || hasCode(error, "ENOENT")) throw error;
  }
  try {
    return fs.realpathSync(path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) throw error;
    return path;
  }
}

/** A name beside `target`, for a file that is to replace it. */
export function temporaryPath(target: string): string {
  const unique = globalThis.crypto.randomUUID();
  // File systems limit names to 255 bytes, and a character may take 4.
  return join(dirname(target), `.${basename(target).slice(0, 40)}.${unique}.tmp`);
}

/** Names of devices on Windows, in every folder and with any extension. Older versions than Windows 11 also take `NUL.npy` for the device. */
const DEVICE = /^(con|prn|aux|nul|com[1-9¹²³]|lpt[1-9¹²³]) *(\.|$)/i;

/**
 * Refuses names that Windows takes for something else: a stream within another file (`x.npy:y`), a device, or the same name without the dots
 * or spaces at its end.
 *
 * @throws NpyError `ERR_NPY_OPTION`.
 */
export function checkName(path: string): void {
  // Windows takes paths of this form literally.
  if (process.platform !== "win32" || path.startsWith("\\\\?\\")) return;
  const name = basename(path);
  const problem = problemOf(name);
  if (problem === undefined) return;
  throw new NpyError("ERR_NPY_OPTION", `Windows has no file of the name ${quoted(name)}, which ${problem}: choose another name.`);
}

function problemOf(name: string): string | undefined {
  if (DEVICE.test(name)) return "is that of a device";
  if (/[. ]$/.test(name)) return "ends with a dot or space";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Windows refuses them in names.
  const [character] = /[<>:"|?*\x00-\x1f]/.exec(name) ?? [];
  return character === undefined ? undefined : `contains ${quoted(character)}`;
}
