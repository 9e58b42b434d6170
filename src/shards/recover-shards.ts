/** Repairs a folder of shards. */
import { checkOptions, type HeaderOptions, maxHeaderSize } from "../options.ts";
import type { RecoveryReport } from "../plan/rewrite/recover.ts";
import { run } from "../plan/run.ts";
import { list } from "../plan/step.ts";
import { inOrder, shardName } from "../reader/shard-names.ts";
import { needsRecovery, recover } from "../recovery.ts";
import { type FolderLike, locateFolder } from "../storage/locate.ts";
import { attemptLater } from "../verb.ts";
import { adoptAll } from "./adopt.ts";

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
 * @throws NpyError what {@link recover} throws, after all other files were treated; the file system's own errors.
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
      if (await needsRecovery(place.file(name), checked)) repaired[name] = await recover(place.file(name), checked);
    }
    const { adopted, inUse } = await adoptAll(place, { layout: undefined, isForced: true, isSafe: true, ...checked });
    return { adopted: adopted.map((number) => shardName(number)), inUse, repaired };
  });
}
