/**
 * Takes the lock of a whole file against other processes: flock(2), through koffi. The lock belongs to the open file, not to the process: a second
 * opening in the same process (in a worker, say) is refused as well, and closing another descriptor of the file does not release it. Child
 * processes do not inherit it, since Node's descriptors are closed on exec. OFD locks of fcntl(2) behave alike, but BSD lacks them and their
 * structure differs between systems. Over NFS, Linux turns flock into a lock of the server.
 */
import type { LockResult } from "../storage.ts";
import { type CFunction, cLibrary, fromCLibrary, missingLibrary } from "./c-library.ts";

// Source: <sys/file.h>, the same on Linux, macOS and BSD.
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;

const flock = fromCLibrary((library) => library.func("int flock(int fd, int operation)"));

/** Locks an open file until its descriptor is closed. */
export function lockDescriptor(fd: number): LockResult {
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

/** What keeps files from being locked. */
export function lockProblem(): string | undefined {
  if (process.platform === "win32") return "this version has none on Windows";
  return cLibrary(true) === undefined ? `they need ${missingLibrary()}` : undefined;
}
