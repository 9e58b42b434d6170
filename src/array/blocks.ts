/** Blocks of memory in which a file's bytes are put together. */

/** Bytes of a block: enough to make a write cheap, little enough to stay in the processor's cache. */
export const BLOCK: number = 2 ** 20;

/** Blocks that are free: the system takes as long to make a new one as a conversion to fill it. No more than two are kept. */
const free: Uint8Array<ArrayBuffer>[] = [];

/** A block of at least so many bytes, with whatever is in it. Small ones cost little, and are made when they are needed. */
export function borrow(length: number): Uint8Array<ArrayBuffer> {
  if (length <= BLOCK / 16 || length > BLOCK) return new Uint8Array(length);
  return free.pop() ?? new Uint8Array(BLOCK);
}

export function giveBack(block: Uint8Array<ArrayBuffer> | undefined): void {
  if (block?.length === BLOCK && free.length < 2) free.push(block);
}
