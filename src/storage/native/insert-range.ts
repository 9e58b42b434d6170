/** Blocks that a file system inserts into a file without moving what follows: Linux, on ext4, XFS and f2fs. */
import { HAS_LONG_POSITIONS, type NativeFunction, native } from "./native.ts";

/** `FALLOC_FL_INSERT_RANGE` of `<linux/falloc.h>`. */
const INSERT_RANGE = 0x20;

/** What a file system or a kernel says that cannot insert, before anything is changed. */
const IMPOSSIBLE = ["ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL"];

let fallocate: NativeFunction | undefined;

/** Whether there is a system call to try. */
export function mayInsert(): boolean {
  return process.platform === "linux" && HAS_LONG_POSITIONS && native() !== undefined;
}

/** Inserts zeros at the beginning of an open file; `false` where that is not possible. A multiple of its file system's blocks. */
export function insertZeros(fd: number, length: number): boolean {
  fallocate ??= native()?.func("int fallocate(int fd, int mode, int64_t offset, int64_t length)");
  if (fallocate === undefined) return false;
  const code = fallocate(fd, INSERT_RANGE, 0, length);
  if (code === undefined) return true;
  if (IMPOSSIBLE.includes(code)) return false;
  throw Object.assign(new Error(`${code}: could not insert ${length} bytes, fallocate`), { code, syscall: "fallocate" });
}
