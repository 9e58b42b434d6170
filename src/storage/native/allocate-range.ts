/** Changes the blocks that a file is made of: fallocate(2) of Linux. */
import { fromCLibrary, HAS_LONG_POSITIONS } from "./c-library.ts";

// Source: <linux/falloc.h>.
const KEEP_SIZE = 0x01;
const INSERT_RANGE = 0x20;
const UNSHARE_RANGE = 0x40;

/** Errors of file systems and kernels that lack an operation. Nothing has changed then. */
const UNSUPPORTED = ["ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL"];

const fallocate = fromCLibrary((library) =>
  process.platform === "linux" && HAS_LONG_POSITIONS
    ? library.func("int fallocate(int fd, int mode, int64_t offset, int64_t length)")
    : undefined,
);

/** Whether there is a system call to try. */
export function mayInsert(): boolean {
  return fallocate() !== undefined;
}

/**
 * Inserts zeros at the beginning of an open file: a multiple of its file system's blocks. `false` where that is not possible. ext4, XFS and f2fs
 * can do it.
 */
export function insertZeros(fd: number, length: number): boolean {
  return allocate(fd, INSERT_RANGE, length, "insert");
}

/**
 * Gives the first `length` bytes of an open file blocks of their own, if it shares them with copies (`cp --reflink`). `false` where the file
 * system cannot do that, as btrfs cannot; XFS can.
 */
export function unshareBlocks(fd: number, length: number): boolean {
  return allocate(fd, UNSHARE_RANGE | KEEP_SIZE, length, "unshare");
}

/** Reserves blocks for bytes after the end of an open file, which keeps its size. `false` if there are none, or that is not possible. */
export function reserveBlocks(fd: number, position: number, length: number): boolean {
  const call = fallocate();
  return call !== undefined && call(fd, KEEP_SIZE, position, length) === undefined;
}

function allocate(fd: number, mode: number, length: number, verb: string): boolean {
  const call = fallocate();
  if (call === undefined) return false;
  const code = call(fd, mode, 0, length);
  if (code === undefined) return true;
  if (UNSUPPORTED.includes(code)) return false;
  throw Object.assign(new Error(`${code}: could not ${verb} ${length} bytes, fallocate`), { code, syscall: "fallocate" });
}
