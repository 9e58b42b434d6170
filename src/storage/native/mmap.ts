/**
 * Files in memory: mmap(2), through koffi. Arrays are mapped copy-on-write: changes to an array stay in this process, and pages that are only
 * read are those of the system's cache.
 */
import { NpyError } from "../../errors.ts";
import type { Advice } from "../storage.ts";
import { cLibrary, fromCLibrary, HAS_LONG_POSITIONS, missingLibrary } from "./c-library.ts";

// Source: <sys/mman.h>, the same on Linux, macOS and BSD unless noted.
const PROT_READ_WRITE = 0x1 | 0x2;
const MAP_SHARED = 0x1;
const MAP_PRIVATE = 0x2;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20; // Linux
const ADVICE: { readonly [advice in Advice]: number } = { random: 1, sequential: 2 };

/**
 * Without it Linux refuses private mappings larger than its memory, since all their pages might be written. Some processors have another number
 * for it, and do without.
 */
const MAP_NORESERVE =
  process.platform === "linux" && ["x64", "arm64", "riscv64", "s390x", "loong64"].includes(process.arch) ? 0x4000 : 0;

/** Mappings begin at a page: a multiple of the page sizes of all systems that Node runs on (4, 16 and 64 KiB). */
export const PAGE: number = 2 ** 16;

/** The largest alignment that a typed array needs in its buffer. */
const ALIGNMENT = 8;

interface Mapping {
  readonly pointer: bigint;
  readonly length: number;
}

const calls = fromCLibrary((library) => {
  const munmap = library.func("int munmap(void *address, size_t length)");
  return {
    mmap: library.pointerFunc("void *mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)"),
    munmap,
    madvise: library.func("int madvise(void *address, size_t length, int advice)"),
    view: library.view,
    /** Unmaps memory that no array can reach any more. */
    collected: new FinalizationRegistry<Mapping>(({ pointer, length }) => munmap(pointer, length)),
  };
});

/** What keeps files from being mapped; with `isWritten`, into memory that changes them. */
export function mapProblem(isWritten: boolean = false): string | undefined {
  if (process.platform === "win32") return "memory mapping is not available on Windows in this version";
  if (!HAS_LONG_POSITIONS) return "memory mapping is not available on 32-bit processors";
  // Elsewhere mappings and writes may not see each other (POSIX allows it, OpenBSD does it), or were never tested.
  if (isWritten && process.platform !== "linux") return "files are mapped for writing on Linux only in this version";
  return cLibrary(true) === undefined ? `memory mapping needs ${missingLibrary()}` : undefined;
}

/**
 * Maps a part of an open file, which must not end before the part does. It stays mapped while the array's buffer can be reached.
 *
 * @throws RangeError if it is longer than the largest ArrayBuffer; the system's errors.
 */
export function mapDescriptor(fd: number, position: number, length: number, advice: Advice | undefined): Uint8Array<ArrayBuffer> {
  return map(fd, position, length, MAP_PRIVATE | MAP_NORESERVE, advice).bytes;
}

/** The beginning of an open file. Bytes that are stored in it are in the file. */
export class SharedMapping {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #mapping: Mapping;

  constructor(fd: number, length: number) {
    const { bytes, mapping } = map(fd, 0, length, MAP_SHARED, undefined);
    this.bytes = bytes;
    this.#mapping = mapping;
  }

  /** Releases the file, which would keep its disk space if it was deleted. Anonymous memory takes its place until the array is collected. */
  release(): void {
    calls()?.mmap(this.#mapping.pointer, this.#mapping.length, PROT_READ_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0);
  }
}

/**
 * A part of an open file at a time, always at the same addresses. Where no file is mapped there is other memory, so that the array never points to
 * unmapped addresses.
 */
export class MovingMapping {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #mapping: Mapping;

  constructor(capacity: number) {
    const { bytes, mapping } = map(-1, 0, capacity, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, undefined);
    this.bytes = bytes;
    this.#mapping = mapping;
  }

  /** Maps the file from `position` on, which must be a multiple of {@link PAGE}. What is stored beyond the end of the file ends the process. */
  move(fd: number, position: number, length: number): void {
    const error = calls()?.mmap(this.#mapping.pointer, length, PROT_READ_WRITE, MAP_SHARED | MAP_FIXED, fd, position);
    if (typeof error !== "string") return;
    this.release();
    throw systemError(error, length);
  }

  release(): void {
    const flags = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE;
    calls()?.mmap(this.#mapping.pointer, this.#mapping.length, PROT_READ_WRITE, flags, -1, 0);
  }
}

function map(
  fd: number,
  position: number,
  length: number,
  flags: number,
  advice: Advice | undefined,
): { readonly bytes: Uint8Array<ArrayBuffer>; readonly mapping: Mapping } {
  const found = calls();
  if (found === undefined) throw new Error(mapProblem());
  const { mmap, munmap, madvise, view, collected } = found;
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
  // Only advice: errors do not matter.
  if (advice !== undefined) madvise(pointer, mapped, ADVICE[advice]);
  return { bytes: new Uint8Array(buffer, misalignment, length), mapping };
}

/** Electron, for one, keeps all ArrayBuffers in a memory cage. */
function noView(cause: unknown): NpyError {
  return new NpyError("ERR_NPY_OPTION", "This runtime has no ArrayBuffers over mapped memory: leave mmap out.", { cause });
}

function systemError(code: string, length: number): Error {
  return Object.assign(new Error(`${code}: could not map ${length} bytes into memory, mmap`), { code, syscall: "mmap" });
}

/** Memory that was transferred to another ArrayBuffer would be unmapped when this one is collected. */
function refuseTransfer(buffer: ArrayBuffer): void {
  for (const name of ["transfer", "transferToFixedLength"]) {
    if (name in buffer) Object.defineProperty(buffer, name, { value: transferred });
  }
}

function transferred(): never {
  throw new TypeError("Memory mapped from a file cannot be transferred: transfer a copy of it, slice().");
}
