/**
 * Locks of whole files between processes: flock(2), through koffi. A lock belongs to the open file and not to the process, so that a
 * second opening within one process (in a worker, say) is refused, too, closing another descriptor of the file does not let go of it, and
 * child processes do not inherit it, since Node's descriptors are closed when another program is executed. OFD locks of fcntl(2) are the
 * same in that, but are not on BSD, and their structure differs from system to system. Over NFS, Linux makes flock a lock of the server.
 */

import type { LockResult } from "../storage.ts";
import { type NativeFunction, native } from "./native.ts";

// Source: <sys/file.h>, the same on Linux, macOS and BSD.
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;

let flock: NativeFunction | undefined;

/** Locks what a descriptor has open, until it is closed. */
export function lockDescriptor(fd: number): LockResult {
  if (native() === undefined) return "unsupported";
  let code = tryLock(fd, LOCK_EX);
  // NFS refuses an exclusive lock of what is open for reading only. A shared one tells as well whether another process writes.
  if (code === "EBADF") code = tryLock(fd, LOCK_SH);
  if (code === undefined) return "locked";
  return code === "EAGAIN" ? "taken" : "unsupported";
}

/** The name of the error, `"EAGAIN"` if another process has the lock. Asking a server can be interrupted by a signal. */
function tryLock(fd: number, operation: number): string | undefined {
  flock ??= native()?.func("int flock(int fd, int operation)");
  let code: string | undefined;
  do code = flock?.(fd, operation | LOCK_NB);
  while (code === "EINTR");
  return code;
}

/** What keeps files from being locked. */
export function lockProblem(): string | undefined {
  if (process.platform === "win32") return "this version has none on Windows";
  return native() === undefined ? "the package koffi is not installed, or not for this platform: npm install koffi" : undefined;
}
