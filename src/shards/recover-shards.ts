/** Repairs a folder of shards. */
import { rowCount } from "../format/layout.ts";
import { inspect } from "../inspect.ts";
import { checkOptions, type HeaderOptions, maxHeaderSize, optionError } from "../options.ts";
import type { RecoveryReport } from "../plan/rewrite/recover.ts";
import { run } from "../plan/run.ts";
import { list, type Plan } from "../plan/step.ts";
import { inOrder, shardName, shardNumber } from "../reader/shard-names.ts";
import { checkingRecovery, type FileRecoverOptions, recovering } from "../recovering.ts";
import type { Folder } from "../storage/folder.ts";
import { type FolderLike, locateFolder } from "../storage/locate.ts";
import { attemptLater, onFile } from "../verb.ts";
import { adoptAll } from "./adopt.ts";
import { isPrivate } from "./private-files.ts";

/** What {@link recoverShards} did. */
export interface ShardsReport {
  /** The names of the shards that were made of files that writers had left. */
  readonly adopted: readonly string[];
  /** The names of files that a writer is filling, as their locks show. */
  readonly inUse: readonly string[];
  /** Shards that were incomplete after a power cut, by their names. */
  readonly repaired: Readonly<Record<string, RecoveryReport>>;
}

/**
 * Makes shards of the files that writers of {@link NpyShards} left when they were killed, whatever machine they ran on, and recovers shards that a power cut left
 * incomplete. Only call it if none of the writers is running whose locks this machine does not see: without the package koffi and on network disks that is
 * any of them. One call at a time.
 *
 * @throws NpyError what `recover` throws, after all other files were treated; the file system's own errors.
 * @example
 * ```ts
 * const { adopted } = await recoverShards(new MemoryFolder());
 * adopted; // []
 * ```
 */
export async function recoverShards(folder: FolderLike, options: HeaderOptions = {}): Promise<ShardsReport> {
  const place = locateFolder(folder);
  return await attemptLater(place.path, async () => {
    const checked = checkOptions(options, { maxHeaderSize });
    const repaired: Record<string, RecoveryReport> = {};
    for (const name of inOrder(await run(list(place)))) {
      const file = place.file(name);
      if (await onFile(checkingRecovery, file, checked)) repaired[name] = await onFile(recovering, file, checked);
    }
    const { adopted, inUse } = await adoptAll(place, { layout: undefined, isForced: true, isSafe: true, ...checked });
    return { adopted: adopted.map((number) => shardName(number)), inUse, repaired };
  });
}

/** Whether a folder holds shards, or files that are to become shards. */
export function* holdsShards(folder: Folder): Plan<boolean> {
  return (yield* list(folder)).some((name) => shardNumber(name) !== undefined || isPrivate(name));
}

/** {@link recoverShards}, as `recover` reports it: of all files together. */
export async function recoverShardRows(folder: Folder, options: FileRecoverOptions): Promise<RecoveryReport> {
  const { maxHeaderSize: size, ...others } = options;
  const wrong = Object.entries(others).find(([, value]) => value !== undefined && value !== false);
  if (wrong !== undefined)
    throw optionError(`shards are recovered without options: leave ${wrong[0]} out, or recover a file of them by itself`);
  const limit = size === undefined ? {} : { maxHeaderSize: size };
  const rowsBefore = await countedRows(folder, limit);
  const { adopted, repaired } = await recoverShards(folder, limit);
  const reports = Object.values(repaired);
  return {
    needed: adopted.length > 0 || reports.length > 0,
    rowsBefore,
    rowsAfter: await countedRows(folder, limit),
    bytesDropped: reports.reduce((sum, { bytesDropped }) => sum + bytesDropped, 0),
    bytesZeroFilled: 0,
  };
}

/** The rows that the headers of all shards count. */
async function countedRows(folder: Folder, options: HeaderOptions): Promise<number> {
  let rows = 0;
  for (const name of inOrder(await run(list(folder)))) rows += rowCount(await inspect(folder.file(name), options));
  return rows;
}
