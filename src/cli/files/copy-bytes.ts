/** Copies bytes from file to file, block by block. */
import type { AsyncStorageFile } from "../../node.ts";

const BLOCK = 2 ** 20;

/** Copies the bytes from `start` to `end` to `position` in another file. `onProgress` is told how far it has come in the first file. */
export async function copyBytes(
  from: AsyncStorageFile,
  start: number,
  end: number,
  to: AsyncStorageFile,
  position: number,
  { signal, onProgress }: { readonly signal: AbortSignal; onProgress(at: number): void },
): Promise<void> {
  const block = new Uint8Array(Math.min(BLOCK, end - start));
  for (let at = start; at < end; ) {
    signal.throwIfAborted();
    const count = await from.read(block.subarray(0, Math.min(block.length, end - at)), at);
    if (count === 0) throw new Error("the file became shorter while it was copied: run the command again");
    await to.write(block.subarray(0, count), position + at - start);
    at += count;
    onProgress(at);
  }
}
