/**
 * Files in memory: mmap(2), through koffi. Arrays are mapped copy-on-write, so that what is written into one stays in this process; pages that
 * are only read are those of the system's cache.
 */
import { NpyError } from "../../errors.ts";
import type { Advice } from "../storage.ts";
import { HAS_LONG_POSITIONS, type Native, type NativeFunction, native } from "./native.ts";

// Source: <sys/mman.h>, the same on Linux, macOS and BSD but where it says otherwise.
const PROT_READ_WRITE = 0x1 | 0x2;
const MAP_SHARED = 0x1;
const MAP_PRIVATE = 0x2;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20; // of Linux
const ADVICE: { readonly [advice in Advice]: number } = { random: 1, sequential: 2 };

/**
 * Linux would refuse mappings larger than its memory, in which all pages might be written to. Its number is another on some processors, which
 * do without.
 */
const MAP_NORESERVE =
  process.platform === "linux" && ["x64", "arm64", "riscv64", "s390x", "loong64"].includes(process.arch) ? 0x4000 : 0;

/** Mappings begin at pages. A multiple of those of all systems that Node runs on: 4, 16 or 64 KiB. */
const PAGE = 2 ** 16;

/** The largest alignment that a typed array asks of its place in its buffer. */
const ALIGNMENT = 8;

interface Calls {
  readonly mmap: (...args: readonly (number | bigint | null)[]) => bigint | string;
  readonly munmap: NativeFunction;
  readonly madvise: NativeFunction;
  readonly view: Native["view"];
  /** Unmaps what no array can reach any more. */
  readonly collected: FinalizationRegistry<Mapping>;
}

interface Mapping {
  readonly pointer: bigint;
  readonly length: number;
}

let calls: Calls | undefined;

function load(library: Native): Calls {
  const munmap = library.func("int munmap(void *address, size_t length)");
  return {
    mmap: library.pointerFunc("void *mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)"),
    munmap,
    madvise: library.func("int madvise(void *address, size_t length, int advice)"),
    view: library.view,
    collected: new FinalizationRegistry(({ pointer, length }) => munmap(pointer, length)),
  };
}

/** What keeps files from being mapped; with `isWritten`, into memory that changes them. */
export function mapProblem(isWritten: boolean = false): string | undefined {
  if (process.platform === "win32") return "memory mapping is not available on Windows in this version";
  if (!HAS_LONG_POSITIONS) return "memory mapping is not available on 32-bit processors";
  // Others keep mapped memory apart from what is read and written (OpenBSD), or may (POSIX says no more), or were not tried.
  if (isWritten && process.platform !== "linux") return "headers are mapped on Linux only in this version";
  return native() === undefined
    ? "memory mapping needs the package koffi, which is not installed, or not for this platform: npm install koffi"
    : undefined;
}

/**
 * Maps a part of an open file, which must not end before that, and leaves it mapped as long as the array's buffer can be reached.
 *
 * @throws RangeError if it is more than the largest ArrayBuffer; the system's error.
 */
export function mapDescriptor(fd: number, position: number, length: number, advice: Advice | undefined): Uint8Array<ArrayBuffer> {
  return map(fd, position, length, MAP_PRIVATE | MAP_NORESERVE, advice).bytes;
}

/** The beginning of an open file: what is stored into it is in the file. */
export class SharedMapping {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #mapping: Mapping;

  constructor(fd: number, length: number) {
    const { bytes, mapping } = map(fd, 0, length, MAP_SHARED, undefined);
    this.bytes = bytes;
    this.#mapping = mapping;
  }

  /** Lets go of the file, which would keep its space if it was deleted. In its place there is memory of nobody's, until the array is collected. */
  letGo(): void {
    calls?.mmap(this.#mapping.pointer, this.#mapping.length, PROT_READ_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0);
  }
}

function map(
  fd: number,
  position: number,
  length: number,
  flags: number,
  advice: Advice | undefined,
): { readonly bytes: Uint8Array<ArrayBuffer>; readonly mapping: Mapping } {
  const library = native();
  if (library === undefined) throw new Error(mapProblem());
  calls ??= load(library);
  const { mmap, munmap, madvise, view, collected } = calls;
  const inPage = position % PAGE;
  const misalignment = position % ALIGNMENT;
  const mapped = inPage + length;
  const pointer = mmap(null, mapped, PROT_READ_WRITE, flags, fd, position - inPage);
  if (typeof pointer === "string") throw systemError(pointer, length);
  let buffer: ArrayBuffer;
  try {
    buffer = view(pointer + BigInt(inPage - misalignment), misalignment + length);
  } catch (error) {
    munmap(pointer, mapped);
    throw error instanceof RangeError ? error : noView(error);
  }
  const mapping = { pointer, length: mapped };
  collected.register(buffer, mapping);
  refuseTransfer(buffer);
  // Advice is no more than that: a system that takes none reads as it likes.
  if (advice !== undefined) madvise(pointer, mapped, ADVICE[advice]);
  return { bytes: new Uint8Array(buffer, misalignment, length), mapping };
}

/** Electron, for one, has all ArrayBuffers in a place of their own. */
function noView(cause: unknown): NpyError {
  return new NpyError("ERR_NPY_OPTION", "This runtime has no ArrayBuffers over mapped memory: leave mmap out.", { cause });
}

function systemError(code: string, length: number): Error {
  return Object.assign(new Error(`${code}: could not map ${length} bytes into memory, mmap`), { code, syscall: "mmap" });
}

/** Memory that another ArrayBuffer has taken over would still be unmapped when this one is collected. */
function refuseTransfer(buffer: ArrayBuffer): void {
  for (const name of ["transfer", "transferToFixedLength"]) {
    if (name in buffer) Object.defineProperty(buffer, name, { value: transferred });
  }
}

function transferred(): never {
  throw new TypeError("What is mapped from a file cannot be transferred: transfer a copy of it, slice().");
}
