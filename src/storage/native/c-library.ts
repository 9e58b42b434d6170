/**
 * System calls that Node does not offer, through the optional package koffi. Loading it takes 10 to 20 ms, so it is loaded when a file is
 * opened that is locked or mapped. Nothing else loads it: neither importing this package, nor reading files, nor writing without a lock.
 */
import { constants } from "node:buffer";
import { createRequire } from "node:module";
import { getSystemErrorName } from "node:util";
import { isMainThread } from "node:worker_threads";
import { IS_UNPROTECTED, uninterrupted } from "./uninterrupted.ts";

/** Numbers, and pointers: `null`, or the memory of an array. */
type Argument = number | bigint | Uint8Array | null;

/** Returns the name of the error if it fails, else nothing. */
export type CFunction = (...args: readonly Argument[]) => string | undefined;

/**
 * The C library of this process, and on Windows what node.exe exports. Functions are found by their C prototype (`int flock(int fd, int operation)`), and an Error is thrown if there is
 * no such function. They return -1 and set `errno` when they fail. Error names are Node's: `"EAGAIN"` for EWOULDBLOCK, `"ENOTSUP"` for EOPNOTSUPP.
 */
export interface CLibrary {
  func(prototype: string): CFunction;
  /** A function that returns a number of bytes, or -1. */
  countFunc(prototype: string): (...args: readonly Argument[]) => number;
  /** The same, run in another thread. Memory that is passed to it stays where it is until it returns. */
  asyncCountFunc(prototype: string): (...args: readonly Argument[]) => Promise<number>;
  /** A function of Windows' kernel32.dll that returns 0 if it fails: gives the number of its error, or 0. */
  kernelFunc(prototype: string): (...args: readonly Argument[]) => number;
  /** A function that returns a pointer, or (void *) -1: gives the pointer, or the name of the error. */
  pointerFunc(prototype: string): (...args: readonly Argument[]) => bigint | string;
  /**
   * The memory at `pointer`, which must stay mapped while the buffer can be reached. V8 allows one buffer for each address.
   *
   * @throws RangeError if there are no ArrayBuffers of this length.
   */
  view(pointer: bigint, length: number): ArrayBuffer;
}

/** The part of koffi that is used. Its own types are missing where it is not installed. */
interface Koffi {
  load(library: string | null): { func<Result>(prototype: string): KoffiFunction<Result> };
  errno(): number;
  view(pointer: bigint, length: number): ArrayBuffer;
}

interface KoffiFunction<Result> {
  (...args: readonly Argument[]): Result;
  async(...args: readonly [...Argument[], (error: unknown, result: Result) => void]): void;
}

let loaded: { readonly library: CLibrary | undefined } | undefined;

/** Looks up functions as soon as the library is loaded. */
const lookups: (() => unknown)[] = [];

/**
 * The C library. `undefined` if koffi is not installed or has no binary for this platform. In a worker that may be terminated while it loads koffi, also unless it `isDemanded`: see `uninterrupted.ts`.
 */
export function cLibrary(isDemanded: boolean = false): CLibrary | undefined {
  if (loaded === undefined && (isDemanded || !IS_UNPROTECTED)) {
    uninterrupted(() => {
      loaded = { library: load() };
      // Looking up a function must not be interrupted, either.
      if (!isMainThread) for (const lookup of lookups) lookup();
    });
  }
  return loaded?.library;
}

/** Why there is no C library, and what to do. */
export function missingLibrary(): string {
  const permissions = "Deno" in globalThis ? ", and run Deno with --allow-ffi and --allow-read=node_modules" : "";
  return `the package koffi, which is not installed, or not for this platform: npm install koffi${permissions}`;
}

export function isCLibraryLoaded(): boolean {
  return loaded?.library !== undefined;
}

/** Looks up functions when they are first needed, and remembers them. The result gives `undefined` where the C library lacks one of them. */
export function fromCLibrary<Functions>(find: (library: CLibrary) => Functions | undefined): () => Functions | undefined {
  let found: { readonly functions: Functions | undefined } | undefined;
  const lookup = (): Functions | undefined => {
    const library = cLibrary();
    if (loaded === undefined) return undefined;
    found ??= { functions: library && tryFinding(find, library) };
    return found.functions;
  };
  lookups.push(lookup);
  return lookup;
}

function tryFinding<Functions>(find: (library: CLibrary) => Functions | undefined, library: CLibrary): Functions | undefined {
  try {
    return find(library);
  } catch {
    return undefined;
  }
}

/** Whether C functions take file positions of 64 bits, as they do on 64-bit processors. */
export const HAS_LONG_POSITIONS: boolean = !["arm", "ia32", "mips", "mipsel"].includes(process.arch);

function load(): CLibrary | undefined {
  try {
    // Bundlers follow a plain createRequire(...)("koffi"), and warn where koffi is not installed.
    const koffi: Koffi = Reflect.apply(createRequire, undefined, [import.meta.url])("koffi");
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
              void args; // keeps the memory that was passed alive until now
              if (error) reject(error);
              else resolve(count);
            });
          });
      },
      kernelFunc(prototype) {
        const kernel = koffi.load("kernel32.dll");
        const lastError = kernel.func<number>("uint32_t __stdcall GetLastError()");
        const call = kernel.func<number>(prototype);
        return (...args) => (call(...args) === 0 ? lastError() : 0);
      },
      pointerFunc(prototype) {
        const call = library.func<bigint>(prototype);
        return (...args) => {
          const pointer = call(...args);
          return BigInt.asIntN(64, pointer) === -1n ? errorName() : pointer;
        };
      },
      view(pointer, length) {
        // koffi would end the process.
        if (length > constants.MAX_LENGTH) throw new RangeError(`Invalid array buffer length: ${length}`);
        return koffi.view(pointer, length);
      },
    };
  } catch {
    return undefined;
  }
}
