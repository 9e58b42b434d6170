/** Access control lists of files (POSIX ACLs), on Linux: getxattr(2) and its relatives, through koffi. */
import { fromCLibrary } from "./c-library.ts";

/** The longest value of an extended attribute: `XATTR_SIZE_MAX` of `<linux/limits.h>`. */
const LONGEST = 2 ** 16;

// Strings end with a zero in C.
const NAME = Buffer.from("system.posix_acl_access\0");

const calls = fromCLibrary((library) => ({
  getxattr: library.countFunc("int64_t getxattr(const uint8_t *path, const uint8_t *name, void *value, size_t size)"),
  fgetxattr: library.countFunc("int64_t fgetxattr(int fd, const uint8_t *name, void *value, size_t size)"),
  fsetxattr: library.func("int fsetxattr(int fd, const uint8_t *name, const void *value, size_t size, int flags)"),
  fremovexattr: library.func("int fremovexattr(int fd, const uint8_t *name)"),
}));

/** Memory for one list, made when it is first needed. */
let room: Uint8Array | undefined;

/** Whether a file may have a list, so that what `stat` calls the bits of its group is the most that any entry of the list allows. */
export const HAS_ACCESS_LISTS: boolean = process.platform === "linux";

/**
 * Gives the open file `fd`, whose path is `to`, the access control list of the file at `from`, or none if that has none. Its other permissions
 * are still to be set.
 *
 * @returns `false` if the list could not be copied, or nobody knows whether there is one.
 */
export function copyAccessList(from: string, fd: number, to: string): boolean {
  const found = calls();
  if (found === undefined) return copyByCommand(from, to);
  room ??= new Uint8Array(LONGEST);
  const list = room;
  const path = new TextEncoder().encode(`${from}\0`);
  const length = found.getxattr(path, NAME, list, list.length);
  if (length >= 0) return found.fsetxattr(fd, NAME, list, length, 0) === undefined;
  // The new file may have one, from the default list of its directory. Removing none would still change the file's metadata, which takes long.
  if (found.fgetxattr(fd, NAME, null, 0) >= 0) found.fremovexattr(fd, NAME);
  return true;
}

/** The command cp copies the list together with the mode. */
function copyByCommand(from: string, to: string): boolean {
  try {
    // Loaded on demand: it takes longer to load than any other module of Node that is used here, and hardly any program needs it.
    const { spawnSync } = process.getBuiltinModule("node:child_process");
    return spawnSync("cp", ["--attributes-only", "--preserve=mode", "--", from, to], { stdio: "ignore" }).status === 0;
  } catch {
    return false; // a runtime that may not run commands
  }
}
