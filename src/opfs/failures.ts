/** Failures of the browser, as errors of a file system: they have names, where the rest of the package looks for codes. */
import { NpyError } from "../errors.ts";

/** The codes of file systems. Source: the exceptions of https://fs.spec.whatwg.org. */
const CODES: Readonly<Record<string, string>> = {
  InvalidModificationError: "EINVAL",
  InvalidStateError: "EBADF",
  NoModificationAllowedError: "EBUSY",
  NotAllowedError: "EACCES",
  NotFoundError: "ENOENT",
  NotReadableError: "EIO",
  QuotaExceededError: "ENOSPC",
  SecurityError: "EACCES",
  TypeError: "EINVAL",
  TypeMismatchError: "EISDIR",
};

/** An error with a code, and the `name` that browsers give to this failure. */
export function failure(code: string, message: string, syscall: string, path: string, cause?: unknown): Error {
  const found = typeof cause === "object" && cause !== null && "name" in cause ? String(cause.name) : undefined;
  const name = found ?? Object.keys(CODES).find((key) => CODES[key] === code) ?? "Error";
  const error = new Error(`${code}: ${name}: ${message}, ${syscall} '${path}'`, cause === undefined ? {} : { cause });
  return Object.assign(error, { name, code, syscall, path });
}

/** The error for what a browser threw. Errors that have a code of their own, and those of this package, stay what they are. */
export function coded(error: unknown, syscall: string, path: string): unknown {
  if (error instanceof NpyError || !(error instanceof Error) || typeof (error as { code?: unknown }).code === "string")
    return error;
  return failure(CODES[error.name] ?? "EIO", error.message, syscall, path, error);
}

/** Whether a browser's exception has this name. */
export function isNamed(error: unknown, name: string): boolean {
  return typeof error === "object" && error !== null && "name" in error && error.name === name;
}
