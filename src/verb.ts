/** What every public verb does: its errors name the file, and their stacks begin at the verb, with its caller next. */
import { NpyError } from "./errors.ts";
import { run, runSync } from "./plan/run.ts";
import type { Plan } from "./plan/step.ts";
import { type FileLike, locate } from "./storage/locate.ts";
import type { Eventually, Storage } from "./storage/storage.ts";

/** What a verb does with a file, and with the options that the caller gave. */
type Procedure<Options, Result> = (storage: Storage, options: Options) => Plan<Result>;

/** Does something with a file. */
export async function onFile<Options, Result>(
  procedure: Procedure<Options, Result>,
  file: FileLike,
  options: Options,
): Promise<Result> {
  let path: string | undefined;
  try {
    const storage = locate(file);
    path = storage.path;
    return await run(procedure(storage, options));
  } catch (error) {
    throw outward(error, path, onFile);
  }
}

/** {@link onFile}, synchronously. */
export function onFileSync<Options, Result>(procedure: Procedure<Options, Result>, file: FileLike, options: Options): Result {
  let path: string | undefined;
  try {
    const storage = locate(file);
    path = storage.path;
    return runSync(procedure(storage, options));
  } catch (error) {
    throw outward(error, path, onFileSync);
  }
}

/** Does what a method does with its open file. */
export function attempt<Result>(path: string | undefined, use: () => Result): Result {
  try {
    return use();
  } catch (error) {
    throw outward(error, path, attempt);
  }
}

/** {@link attempt}, for what may have to be waited for. */
export async function attemptLater<Result>(path: string | undefined, use: () => Eventually<Result>): Promise<Result> {
  try {
    return await use();
  } catch (error) {
    throw outward(error, path, attemptLater);
  }
}

/** Where there is none, the runtime leaves stacks as they are. */
const { captureStackTrace } = Error as { captureStackTrace?: (error: object, below?: unknown) => void };

/** Errors that left a verb: one that passes another (a getter of an input called it) says where it came from already. */
const left = new WeakSet<object>();

/** An error as it leaves a public verb: with the file, and a stack without the frames above and of `below`. */
export function outward(error: unknown, path: string | undefined, below: (...args: never[]) => unknown): unknown {
  const isOurs = error instanceof NpyError;
  if (!(isOurs || isBare(error)) || left.has(error)) return error;
  left.add(error);
  if (isOurs) error.within({ path });
  captureStackTrace?.(error, below);
  // Whoever replaced a method took it off the stack.
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
