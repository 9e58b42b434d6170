/** Shards that a writer has made, until they are safe. */
import { run } from "../plan/run.ts";
import { close, open, type Plan, quietly, sync } from "../plan/step.ts";
import { shardName } from "../reader/shard-names.ts";
import type { Folder } from "../storage/folder.ts";
import type { StorageFile } from "../storage/storage.ts";

export class ClaimedShards {
  readonly #folder: Folder;
  /** Shards whose data may not be safe yet. */
  #unsafe: number[] = [];
  /** The last of them, which is open: syncing it makes the names safe, too. */
  #last: StorageFile | undefined;

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  /** Takes over the open file of a new shard. */
  async add(number: number, file: StorageFile, isSafe: boolean): Promise<void> {
    if (!isSafe) this.#unsafe.push(number);
    const before = this.#last;
    this.#last = file;
    if (before !== undefined) await run(quietly(close(before)));
  }

  /** Returns when all of them survive a power cut. */
  async sync(): Promise<void> {
    const last = this.#last;
    for (const number of this.#unsafe) await run(syncShard(this.#folder, shardName(number)));
    await last?.sync();
    this.#unsafe = [];
  }

  async close(): Promise<void> {
    const last = this.#last;
    this.#last = undefined;
    if (last !== undefined) await run(quietly(close(last)));
  }
}

function* syncShard(folder: Folder, name: string): Plan<void> {
  const file = yield* open(folder.file(name), "r");
  try {
    yield* sync(file);
  } finally {
    yield* quietly(close(file));
  }
}
