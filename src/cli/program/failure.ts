/** Errors, and the one line that each prints: what is wrong, and what to do. */
import { dirname, resolve } from "node:path";
import type { NpyError } from "../../node.ts";
import { isObject, nameOf } from "../files/object-names.ts";
import { printable } from "../text/escaping.ts";

export const EXIT = { problem: 1, usage: 2 } as const;

/** A mistake on the command line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A problem with a file, which the message names. */
export class FileProblem extends Error {
  override readonly name = "FileProblem";

  constructor(file: string, problem: string, options?: ErrorOptions) {
    super(`${shown(file)}: ${problem}`, options);
  }
}

/** Ends a command that has printed all its errors. */
export class AlreadyReported extends Error {
  override readonly name = "AlreadyReported";
}

/** Adds the name of `file` to an error, unless its message is already complete. */
export function about(file: string, error: unknown): Error {
  if (isComplete(error)) return error;
  const inner = isNpyError(error) && error.path !== undefined ? nameOf(error.path) : undefined;
  // One of several files that are read as one.
  if (inner !== undefined && resolve(dirname(inner)) === resolve(file)) return about(inner, error);
  const problem = isNpyError(error) ? npyProblem(error, file) : systemProblem(error, file);
  return new FileProblem(file, problem, { cause: error });
}

/** The line that the user sees. */
export function lineOf(error: unknown): string {
  return printable(isComplete(error) ? error.message : systemProblem(error));
}

function isComplete(error: unknown): error is UsageError | FileProblem {
  return error instanceof UsageError || error instanceof FileProblem;
}

/** Goes by the code: importing the class would load the library, and `--version` would become slower. */
function isNpyError(error: unknown): error is NpyError {
  return error instanceof Error && String((error as { code?: unknown }).code).startsWith("ERR_NPY_");
}

const INTERRUPTED = "ensure-appendable --inplace was interrupted, or still runs";

function npyProblem(error: NpyError, file: string): string {
  switch (error.code) {
    case "ERR_NPY_NEEDS_RECOVERY":
      return `${error.reason.startsWith("An in-place ") ? INTERRUPTED : "its data do not match its header"}: ${runAdvice("recover", file)}`;
    case "ERR_NPY_NOT_APPENDABLE":
      return `its header has no room to grow: ${runAdvice("ensure-appendable", file)}`;
    case "ERR_NPY_TRAILING":
    case "ERR_NPY_UNRECOVERABLE":
      return recoveryProblem(error);
    default:
      return reasonOf(error);
  }
}

/** How the command line calls the options of `recover`. */
const FLAGS = {
  allowEmpty: "--allow-empty",
  dropUncounted: "--drop-uncounted",
  force: "--force",
  zerofillIncomplete: "--zerofill",
} as const;

/** Why `recover` refuses a file, and the options of the command that would help. */
export function recoveryProblem({ problem, remedies }: NpyError): string {
  const advice = remedies.map(
    ({ option, effect, isWithout }) => `${isWithout === true ? "without" : "with"} ${FLAGS[option]} to ${effect}`,
  );
  return advice.length === 0 ? problem : `${problem} Run recover ${advice.join(", or ")}.`;
}

/** The command to run on a file, ready to be pasted into a shell. */
export function runAdvice(command: "recover" | "ensure-appendable", file: string): string {
  return `run "npy-append-array ${command} ${quoted(file)}"`;
}

/** What a library error says, for a line that already names the file. */
export function reasonOf({ field, reason }: NpyError): string {
  return field === undefined ? reason : `field ${JSON.stringify(field)}: ${reason}`;
}

/** The message of any other error. Names the error's path if it is not `file`. */
function systemProblem(error: unknown, file?: string): string {
  const { code = "", path: found, message = String(error) } = error as NodeJS.ErrnoException;
  const path = found === undefined ? undefined : nameOf(found);
  if (message.startsWith(NO_SHARDS)) return message.slice("ENOENT: ".length).replace(found as string, path as string);
  if (path !== undefined && isObject(path)) return storeProblem(code, message, path === file ? "" : ` (${shown(path)})`);
  const problem = process.platform === "win32" && IN_USE.includes(code) ? REFUSED : SYSTEM_ERRORS.get(code);
  if (problem === undefined) return message;
  const isOther = path !== undefined && (file === undefined || resolve(file) !== resolve(path));
  return isOther ? `${problem} (${path})` : problem;
}

/** What a store, or the way to it, said. */
function storeProblem(code: string, message: string, which: string): string {
  if (code === "ENOENT" && !message.includes("NoSuchBucket")) return `there is no such object${which}: check its name`;
  const advice = STORE_ADVICE.find(([pattern]) => pattern.test(message))?.[1];
  return `${message.replace(/^E[A-Z]+: /, "")}${advice === undefined ? "" : `: ${advice}`}`;
}

const STORE_ADVICE: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [/NoSuchBucket/, "check the name of the bucket, and the endpoint"],
  [/answered 40[13]/, "check the keys, and what they may do"],
  [/redirects|answered 30\d/, "check the region, and the endpoint"],
  [/^E[A-Z]+: .*, connect /, "check the endpoint"],
];

/** The beginning of the error for a folder without shards. */
const NO_SHARDS = "ENOENT: there are no shards";

/** The commonest errors of the file system, and what to do about them. */
const SYSTEM_ERRORS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "no such file or directory: check its name"],
  ["EACCES", "permission denied: check its owner and mode"],
  ["EPERM", "operation not permitted: check its owner and mode"],
  ["EBUSY", "it is in use: close what has it open, and run the command again"],
  ["EISDIR", "it is a directory: name a file in it"],
  ["ENOTDIR", "a part of its path is not a directory: check its name"],
  ["ENOSPC", "no space left on the device: make room and run it again"],
  ["EROFS", "the file system is read-only: choose another place"],
]);

/** Windows has these for files that are read-only, forbidden, or open in another program. */
const IN_USE = ["EPERM", "EACCES", "EBUSY"];
const REFUSED =
  "Windows refuses it: close all programs that have the file open, check that it is not read-only, and that you may write to its folder";

/** A file name as a shell takes it. bash and zsh also take escapes, in `$'...'`. */
export function quoted(file: string): string {
  const name = file.startsWith("-") ? `./${file}` : file;
  // Names have no quotes there, and backslashes are no escapes.
  if (process.platform === "win32") return /^[\w@%+=:,./\\-]+$/.test(name) ? name : `"${printable(name)}"`;
  const escaped = printable(name.replaceAll("\\", "\\\\"));
  if (printable(name) !== name) return `$'${escaped.replaceAll("'", "\\'")}'`;
  return /^[\w@%+=:,./\u00a1-\u{10ffff}-]+$/u.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}

/** A file name for a message. */
export function shown(file: string): string {
  return printable(file === "-" ? "stdin" : file);
}

/** The start of a text from a source, which may have any length. */
export function excerpt(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}

export { counted } from "../../format/counted.ts";
