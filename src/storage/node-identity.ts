/** Tells files apart, whatever their names. */
import type { BigIntStats } from "node:fs";

/**
 * Equal for two openings of one file. Ids have 64 bits on Windows: numbers would round them. Node 22.12 to 22.16 and 24.0 to 24.1 give 64 bits of
 * the volume's number in `stat`, on some versions of Windows, and its lower 32 bits in `fstat`. Source: libuv, pull request 4698.
 */
export function keyOf({ dev, ino }: BigIntStats): string {
  return `${process.platform === "win32" ? BigInt.asUintN(32, dev) : dev}:${ino}`;
}
