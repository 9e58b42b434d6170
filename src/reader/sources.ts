/** Runs verbs that read one array: of a file, of the shards in a folder, or of a list of files. */
import { run, runSync } from "../plan/run.ts";
import type { Plan } from "../plan/step.ts";
import type { Storage } from "../storage/storage.ts";
import { outward } from "../verb.ts";
import { directoryAt, type SourceLike, sourceOf } from "./joined-storage.ts";

export type { SourceLike };

type Procedure<Options, Result> = (storage: Storage, options: Options) => Plan<Result>;

interface Headers {
  readonly maxHeaderSize?: number | undefined;
}

export async function onSource<Options extends Headers, Result>(
  procedure: Procedure<Options, Result>,
  source: SourceLike,
  options: Options,
): Promise<Result> {
  const storage = sourceOf(source, options?.maxHeaderSize);
  try {
    try {
      return await run(procedure(storage, options));
    } catch (error) {
      return await run(procedure(directoryAt(storage, error, options.maxHeaderSize), options));
    }
  } catch (error) {
    throw outward(error, storage.path, onSource);
  }
}

/** {@link onSource}, synchronously. */
export function onSourceSync<Options extends Headers, Result>(
  procedure: Procedure<Options, Result>,
  source: SourceLike,
  options: Options,
): Result {
  const storage = sourceOf(source, options?.maxHeaderSize);
  try {
    try {
      return runSync(procedure(storage, options));
    } catch (error) {
      return runSync(procedure(directoryAt(storage, error, options.maxHeaderSize), options));
    }
  } catch (error) {
    throw outward(error, storage.path, onSourceSync);
  }
}
