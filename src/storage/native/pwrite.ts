/**
 * A few bytes, from and to a place in a file: pread(2) and pwrite(2), through koffi. Node's own functions make the same calls, and what they
 * do besides takes as long as the system takes for a row. Whatever is out of the ordinary is left to them: `undefined`.
 */
import { HAS_LONG_POSITIONS, IS_NODE, loadedNative, native } from "./native.ts";

type Transfer = (fd: number, bytes: Uint8Array, length: number, position: number) => number;

interface Calls {
  readonly pread: Transfer;
  readonly pwrite: Transfer;
}

/** Bun and Deno have faster functions of their own than what they call C with. */
const IS_FASTER = HAS_LONG_POSITIONS && IS_NODE;

/** To load koffi takes as long as some thousand transfers. It is done for a lock, or when there were so many that as many more may come. */
const MANY = 2 ** 14;

let transfers = 0;
let isPossible = IS_FASTER;
let calls: Calls | undefined;

function find(): Calls | undefined {
  if (!isPossible) return undefined;
  const library = transfers++ < MANY ? loadedNative() : native();
  try {
    calls = library && {
      pread: library.countFunc("int64_t pread(int fd, void *bytes, size_t length, int64_t position)"),
      pwrite: library.countFunc("int64_t pwrite(int fd, const void *bytes, size_t length, int64_t position)"),
    };
  } catch {
    isPossible = false; // a C library without these
  }
  return calls;
}

/** Fills `bytes`. Gives how many it could at once: 0 at the end of the file. */
export function readFew(fd: number, bytes: Uint8Array, position: number): number | undefined {
  const count = (calls ?? find())?.pread(fd, bytes, bytes.length, position);
  return count === -1 ? undefined : count;
}

/** Writes `bytes`. Gives how many it could at once. */
export function writeFew(fd: number, bytes: Uint8Array, position: number): number | undefined {
  const count = (calls ?? find())?.pwrite(fd, bytes, bytes.length, position);
  return count === -1 ? undefined : count;
}
