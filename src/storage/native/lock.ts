/**
 * Takes the lock of a whole file against other processes, through koffi: flock(2), or LockFileEx on Windows. The lock belongs to the open file, not
 * to the process: a second opening in the same process (in a worker, say) is refused as well, and closing another descriptor of the file does not
 * release it. Child processes do not inherit it, since Node's descriptors are closed on exec, and its handles are not inherited. OFD locks of
 * fcntl(2) behave alike, but BSD lacks them and their structure differs between systems. Over NFS, Linux turns flock into a lock of the server.
 */
import type { LockResult } from "../storage.ts";
import { type CFunction, cLibrary, fromCLibrary, HAS_LONG_POSITIONS, missingLibrary } from "./c-library.ts";

// Source: <sys/file.h>, the same on Linux, macOS and BSD.
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;

const flock = fromCLibrary((library) => library.func("int flock(int fd, int operation)"));

// Source: Windows' <minwinbase.h>.
const LOCKFILE_FAIL_IMMEDIATELY = 1;
const LOCKFILE_EXCLUSIVE_LOCK = 2;

/** `OVERLAPPED` on 64-bit processors: two words for the system, then the position, then an event. */
const OVERLAPPED_SIZE = 32;
const OVERLAPPED_OFFSET = 16;

/** Windows keeps others from reading and writing the bytes that are locked. No file has this one. */
const LOCKED_BYTE = 2n ** 62n;

/** `ERROR_LOCK_VIOLATION`, and `ERROR_IO_PENDING`, which Windows documents for the same. */
const TAKEN: readonly number[] = [33, 997];

/** Absent in Bun and Deno, whose programs do not export `uv_get_osfhandle`. */
const windows = fromCLibrary((library) =>
  HAS_LONG_POSITIONS
    ? {
        handleOf: library.pointerFunc("void *uv_get_osfhandle(int fd)"),
        lockFileEx: library.kernelFunc(
          "int __stdcall LockFileEx(void *file, uint32_t flags, uint32_t reserved, uint32_t low, uint32_t high, void *overlapped)",
        ),
      }
    : undefined,
);

/** Locks an open file until its descriptor is closed. */
export function lockDescriptor(fd: number): LockResult {
  if (process.platform === "win32") return lockHandle(fd);
  const call = flock();
  if (call === undefined) return "unsupported";
  let code = tryLock(call, fd, LOCK_EX);
  // NFS refuses an exclusive lock of a file opened for reading. A shared lock shows as well whether another process writes.
  if (code === "EBADF") code = tryLock(call, fd, LOCK_SH);
  if (code === undefined) return "locked";
  return code === "EAGAIN" ? "taken" : "unsupported";
}

/** Returns the name of the error: `"EAGAIN"` if another process has the lock. A signal can interrupt a request to a server. */
function tryLock(call: CFunction, fd: number, operation: number): string | undefined {
  let code: string | undefined;
  do code = call(fd, operation | LOCK_NB);
  while (code === "EINTR");
  return code;
}

function lockHandle(fd: number): LockResult {
  const found = windows();
  if (found === undefined) return "unsupported";
  const handle = found.handleOf(fd);
  if (typeof handle === "string") return "unsupported";
  const overlapped = new Uint8Array(OVERLAPPED_SIZE);
  new DataView(overlapped.buffer).setBigUint64(OVERLAPPED_OFFSET, LOCKED_BYTE, true);
  const error = found.lockFileEx(handle, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, overlapped);
  if (error === 0) return "locked";
  return TAKEN.includes(error) ? "taken" : "unsupported";
}

/** What keeps files from being locked. */
export function lockProblem(): string | undefined {
  if (cLibrary(true) === undefined) return `they need ${missingLibrary()}`;
  const isMissing = process.platform === "win32" && windows() === undefined;
  return isMissing ? "on Windows only Node has them" : undefined;
}
