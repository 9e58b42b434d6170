/**
 * System calls that Node does not offer, through the optional package koffi. It is loaded at the first use, never at import: most programs
 * that read arrays have no need of it, and it takes some milliseconds.
 */
import { constants } from "node:buffer";
import { createRequire } from "node:module";
import { getSystemErrorName } from "node:util";

/** What functions take: numbers, and pointers, of which `null` is one, and the memory of an array another. */
type Argument = number | bigint | Uint8Array | null;

/** A function that gives nothing but the name of its error, if it fails. */
export type NativeFunction = (...args: readonly Argument[]) => string | undefined;

/** A function that runs in another thread, and gives a count, or -1. What its pointers are to stays where it is until then. */
export type AsyncCountFunction = (...args: readonly Argument[]) => Promise<number>;

/** The C library of this process. Errors have the names that Node gives them: `"EAGAIN"` for EWOULDBLOCK, `"ENOTSUP"` for EOPNOTSUPP. */
export interface Native {
  /**
   * A function of it, by its C prototype (`int flock(int fd, int operation)`), that returns -1 and sets `errno` when it fails.
   *
   * @throws Error if the C library has no such function.
   */
  func(prototype: string): NativeFunction;
  /** The same for one that returns a count of bytes: the count, or -1. */
  countFunc(prototype: string): (...args: readonly Argument[]) => number;
  /** The same, in another thread. */
  asyncCountFunc(prototype: string): AsyncCountFunction;
  /** The same for one that returns a pointer, or (void *) -1: the pointer, or the error's name. */
  pointerFunc(prototype: string): (...args: readonly Argument[]) => bigint | string;
  /**
   * The memory at `pointer`, which must stay as long as the buffer can be reached. V8 allows no second buffer at the same place.
   *
   * @throws RangeError if there are no ArrayBuffers of this length.
   */
  view(pointer: bigint, length: number): ArrayBuffer;
}

/** The part of koffi that is needed here; its own types would be in the way where it is not installed. */
interface Koffi {
  load(library: null): { func<Result>(prototype: string): KoffiFunction<Result> };
  errno(): number;
  view(pointer: bigint, length: number): ArrayBuffer;
}

interface KoffiFunction<Result> {
  (...args: readonly Argument[]): Result;
  async(...args: readonly [...Argument[], (error: unknown, result: Result) => void]): void;
}

let loaded: { readonly native: Native | undefined } | undefined;

/** The C library; `undefined` where koffi is not installed or has no binary for this platform, and on Windows, which has other calls. */
export function native(): Native | undefined {
  loaded ??= { native: load() };
  return loaded.native;
}

/** The same, if it was loaded before. */
export function loadedNative(): Native | undefined {
  return loaded?.native;
}

/** Whether positions in files are numbers of 64 bits for its functions, as they are where pointers are. */
export const HAS_LONG_POSITIONS: boolean = !["arm", "ia32", "mips", "mipsel"].includes(process.arch);

/** Whether this is Node itself, and not another runtime that has its modules. */
export const IS_NODE: boolean = !("bun" in process.versions || "deno" in process.versions);

function load(): Native | undefined {
  if (process.platform === "win32") return undefined;
  try {
    const koffi: Koffi = createRequire(import.meta.url)("koffi");
    const library = koffi.load(null);
    const errorName = (): string => getSystemErrorName(-koffi.errno());
    return {
      func(prototype) {
        const call = library.func<number>(prototype);
        return (...args) => (call(...args) === -1 ? errorName() : undefined);
      },
      countFunc: (prototype) => library.func<number>(prototype),
      asyncCountFunc(prototype) {
        const call = library.func<number>(prototype);
        return (...args) =>
          new Promise((resolve, reject) => {
            call.async(...args, (error, count) => {
              void args; // kept until now, with what the pointers are to
              if (error) reject(error);
              else resolve(count);
            });
          });
      },
      pointerFunc(prototype) {
        const call = library.func<bigint>(prototype);
        return (...args) => {
          const pointer = call(...args);
          return BigInt.asIntN(64, pointer) === -1n ? errorName() : pointer;
        };
      },
      view(pointer, length) {
        // koffi ends the process.
        if (length > constants.MAX_LENGTH) throw new RangeError(`Invalid array buffer length: ${length}`);
        return koffi.view(pointer, length);
      },
    };
  } catch {
    return undefined;
  }
}
