/** Gives a file the name of another one, which it replaces. */
import * as fs from "node:fs";
import { type Eventually, hasCode } from "./storage.ts";

/** How Windows refuses to replace a file that is open, in this process or another one. A virus scanner opens new files for a moment. */
const IN_USE = ["EPERM", "EACCES", "EBUSY"];

/** Milliseconds between the tries: about 2 seconds in all. */
const DELAYS: readonly number[] = [1, 2, 5, 10, 20, 50, ...Array.from({ length: 19 }, () => 100)];

/** @throws the system's error; on Windows, where the file may be in use, only after 2 seconds. */
export function renameOverSync(from: string, to: string): void {
  let problem = tryRename(from, to);
  for (const delay of DELAYS) {
    if (problem === undefined) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delay);
    problem = tryRename(from, to);
  }
  if (problem !== undefined) throw inUse(problem);
}

/** {@link renameOverSync}, without blocking: the reader that has the file open may be one of this thread. */
export function renameOver(from: string, to: string): Eventually<void> {
  const problem = tryRename(from, to);
  if (problem !== undefined) return retry(from, to, problem);
}

async function retry(from: string, to: string, first: Error): Promise<void> {
  let problem: Error | undefined = first;
  for (const delay of DELAYS) {
    await new Promise((resolve) => setTimeout(resolve, delay));
    problem = tryRename(from, to);
    if (problem === undefined) return;
  }
  throw inUse(problem);
}

/** Returns the error of a rename that may succeed later. */
function tryRename(from: string, to: string): Error | undefined {
  try {
    fs.renameSync(from, to);
    return undefined;
  } catch (error) {
    const isInUse = process.platform === "win32" && IN_USE.some((code) => hasCode(error, code));
    if (!(isInUse && error instanceof Error)) throw error;
    const problem = lastingProblem(to);
    if (problem !== undefined) throw explained(error, problem);
    return error;
  }
}

/** Why Windows does not replace a file, however long one waits. */
function lastingProblem(path: string): string | undefined {
  let found: fs.Stats | undefined;
  try {
    found = fs.statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
  if (found?.isDirectory()) return "It is a directory.";
  if (found === undefined || (found.mode & 0o200) !== 0) return undefined;
  return "The file is read-only, and Windows does not replace such files: make it writable first.";
}

function inUse(error: Error): Error {
  return explained(
    error,
    "Windows does not replace a file that is open: close all its readers, in other programs too, check that you may write to its folder, and try again.",
  );
}

function explained(error: Error, problem: string): Error {
  error.message += `. ${problem}`;
  return error;
}
