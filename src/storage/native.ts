/**
 * System calls that Node does not offer, through the optional package koffi. It is loaded at the first use, never at import: most programs
 * that read arrays have no need of it, and it takes some milliseconds.
 */
import { createRequire } from "node:module";
import { getSystemErrorName } from "node:util";

/** The C library of this process. */
export interface Native {
  /**
   * A function of it, by its C prototype (`int flock(int fd, int operation)`), that returns -1 and sets `errno` when it fails. A call gives
   * `undefined`, or the name of the error as Node has it: `"EAGAIN"` for EWOULDBLOCK, `"ENOTSUP"` for Linux's EOPNOTSUPP.
   *
   * @throws Error if the C library has no such function.
   */
  func(prototype: string): (...args: readonly number[]) => string | undefined;
}

/** The part of koffi that is needed here; its own types would be in the way where it is not installed. */
interface Koffi {
  load(library: null): { func(prototype: string): (...args: readonly number[]) => number };
  errno(): number;
}

let loaded: { readonly native: Native | undefined } | undefined;

/** The C library; `undefined` where koffi is not installed or has no binary for this platform, and on Windows, which has other calls. */
export function native(): Native | undefined {
  loaded ??= { native: load() };
  return loaded.native;
}

function load(): Native | undefined {
  if (process.platform === "win32") return undefined;
  try {
    const koffi: Koffi = createRequire(import.meta.url)("koffi");
    const library = koffi.load(null);
    return {
      func(prototype) {
        const call = library.func(prototype);
        return (...args) => (call(...args) === -1 ? getSystemErrorName(-koffi.errno()) : undefined);
      },
    };
  } catch {
    return undefined;
  }
}
