/** Runs public verbs: their errors name the file, and the stacks begin at the verb and its caller. */
import { NpyError } from "./errors.ts";
import { run, runSync } from "./plan/run.ts";
import type { Plan } from "./plan/step.ts";
import { type FileLike, locate } from "./storage/locate.ts";
import type { Eventually, Storage } from "./storage/storage.ts";

type Procedure<Options, Result> = (storage: Storage, options: Options) => Plan<Result>;

/** Runs a verb on a file. */
export async function onFile<Options, Result>(
  procedure: Procedure<Options, Result>,
  file: FileLike,
  options: Options,
): Promise<Result> {
  const storage = locate(file);
  try {
    return await run(procedure(storage, options));
  } catch (error) {
    throw outward(error, storage.path, onFile);
  }
}

/** {@link onFile}, synchronously. */
export function onFileSync<Options, Result>(procedure: Procedure<Options, Result>, file: FileLike, options: Options): Result {
  const storage = locate(file);
  try {
    return runSync(procedure(storage, options));
  } catch (error) {
    throw outward(error, storage.path, onFileSync);
  }
}

/** Runs a method, or a part of it. */
export function attempt<Result>(path: string | undefined, use: () => Result): Result {
  try {
    return use();
  } catch (error) {
    throw outward(error, path, attempt);
  }
}

/** {@link attempt}, for asynchronous methods. */
export async function attemptLater<Result>(path: string | undefined, use: () => Eventually<Result>): Promise<Result> {
  try {
    return await use();
  } catch (error) {
    throw outward(error, path, attemptLater);
  }
}

/** Not every runtime has it. */
const { captureStackTrace } = Error as { captureStackTrace?: (error: object, below?: unknown) => void };

/** Errors that left a verb: an outer one (whose input has a getter that called it) leaves them alone. */
const left = new WeakSet<object>();

/** The error as it leaves a verb: names the file, and its stack begins at the caller of `below`. */
export function outward(error: unknown, path: string | undefined, below: (...args: never[]) => unknown): unknown {
  const isOurs = error instanceof NpyError;
  if (!(isOurs || isBare(error)) || left.has(error)) return error;
  left.add(error);
  if (isOurs) error.within({ path });
  captureStackTrace?.(error, below);
  // A method that was replaced is not on the stack.
  if (isWithoutFrames(error)) captureStackTrace?.(error);
  return error;
}

/** Whether an error is the system's, and was made while nothing was on the stack. */
function isBare(error: unknown): error is Error {
  return error instanceof Error && "syscall" in error && isWithoutFrames(error);
}

function isWithoutFrames({ stack }: Error): boolean {
  return !stack?.includes("\n    at ");
}
