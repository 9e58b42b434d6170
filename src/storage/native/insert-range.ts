/** Inserts blocks into a file without moving the data after them: fallocate(2) of Linux, on ext4, XFS and f2fs. */
import { fromCLibrary, HAS_LONG_POSITIONS } from "./c-library.ts";

/** `FALLOC_FL_INSERT_RANGE` of `<linux/falloc.h>`. */
const INSERT_RANGE = 0x20;

/** Errors of file systems and kernels that cannot insert. Nothing has changed then. */
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

/** Inserts zeros at the beginning of an open file: a multiple of its file system's blocks. `false` where that is not possible. */
export function insertZeros(fd: number, length: number): boolean {
  const call = fallocate();
  if (call === undefined) return false;
  const code = call(fd, INSERT_RANGE, 0, length);
  if (code === undefined) return true;
  if (UNSUPPORTED.includes(code)) return false;
  throw Object.assign(new Error(`${code}: could not insert ${length} bytes, fallocate`), { code, syscall: "fallocate" });
}
