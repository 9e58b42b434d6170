/** What goes wrong, as one line that says what to do. */
import { resolve } from "node:path";
import type { NpyError } from "../node.ts";

export const EXIT = { problem: 1, usage: 2 } as const;

/** The command was asked for something that makes no sense. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Something about a file: the message says which one. */
export class FileProblem extends Error {
  override readonly name = "FileProblem";
}

/** Ends a command whose problems were told already, each in its line. */
export class AlreadyReported extends Error {
  override readonly name = "AlreadyReported";
}

/** An error about `file`, with its name in the message. What says already what it is about stays as it is. */
export function about(file: string, error: unknown): Error {
  if (error instanceof UsageError || error instanceof FileProblem) return error;
  return new FileProblem(`${shown(file)}: ${reason(error, file)}`, { cause: error });
}

/** The line that a user sees. */
export function lineOf(error: unknown): string {
  return oneLine(error instanceof Error && isOurs(error) ? error.message : reason(error, undefined));
}

function isOurs(error: Error): boolean {
  return error instanceof UsageError || error instanceof FileProblem;
}

function reason(error: unknown, file: string | undefined): string {
  const name = file === undefined ? "FILE" : quoted(file);
  if (isNpyError(error)) {
    const text = file === undefined ? error.message : reasonOf(error);
    switch (error.code) {
      case "ERR_NPY_NEEDS_RECOVERY":
        return `its data are not what its header says: run "npy-append-array recover ${name}"`;
      case "ERR_NPY_NOT_APPENDABLE":
        return `its header has no room to grow: run "npy-append-array ensure-appendable ${name}"`;
      case "ERR_NPY_UNRECOVERABLE":
        return text
          .replace("set dropUncounted", "pass --drop-uncounted")
          .replace("set force", "pass --force")
          .replace("only zero-filling", "only --zerofill")
          .replace("call recover and set zerofillIncomplete", "pass --zerofill")
          .replace("set allowEmpty", "pass --allow-empty");
    }
    return text.replace("open it again to append to it, or with deleteIfExists", "run it again, or choose another name");
  }
  const { code, message, path } = error as { code?: string; message?: string; path?: string };
  const what = path === undefined || (file !== undefined && resolve(file) === resolve(path)) ? "" : ` (${path})`;
  return (code === undefined ? undefined : SYSTEM_ERRORS.get(code)?.concat(what)) ?? message ?? String(error);
}

/** By its code: importing the library only for its class would slow down `--version`. */
function isNpyError(error: unknown): error is NpyError {
  return error instanceof Error && String((error as { code?: unknown }).code).startsWith("ERR_NPY_");
}

/** What an error says, for a line that names the file already. */
export function reasonOf({ field, reason }: NpyError): string {
  return `${field === undefined ? "" : `field ${JSON.stringify(field)}: `}${reason.replace(/^The file /, "it ")}`;
}

/** What to do about the commonest errors of the file system. */
const SYSTEM_ERRORS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "no such file or directory: check its name"],
  ["EACCES", "permission denied: check its owner and mode"],
  ["EPERM", "operation not permitted: check its owner and mode"],
  ["EISDIR", "it is a directory: name a file in it"],
  ["ENOTDIR", "a part of its path is not a directory: check its name"],
  ["ENOSPC", "no space left on the device: make room and run it again"],
  ["EROFS", "the file system is read-only: choose another place"],
]);

/** A file name as a shell takes it. */
export function quoted(file: string): string {
  const name = file.startsWith("-") ? `./${file}` : file;
  return /^[\w@%+=:,./\u00a1-\u{10ffff}-]+$/u.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}

/** A file name in a message: whatever it holds, it neither breaks the line nor commands the terminal. */
export function shown(file: string): string {
  return oneLine(file === "-" ? "stdin" : file);
}

/** A text of a source in a message, which may be of any length there. */
export function excerpt(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}

/** Text without what a terminal would obey. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (char) => JSON.stringify(char).slice(1, -1).replace("\u007f", "\\u007f"));
}

/** `1 row`, `2 rows`. */
export function counted(count: number, noun: "byte" | "column" | "file" | "row"): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
