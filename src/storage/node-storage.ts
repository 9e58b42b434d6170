/** Paths in the file system, for Node, Bun and Deno. Opening and naming files takes a few microseconds, and blocks in either mode. */
import * as fs from "node:fs";
import { dirname, resolve } from "node:path";
import { SyncStorage } from "./base.ts";
import { copyAccessList, HAS_ACCESS_LISTS } from "./native/access-list.ts";
import { lockProblem } from "./native/lock.ts";
import { mapProblem } from "./native/mmap.ts";
import { ClaimFile } from "./node-claim-file.ts";
import { NodeFile, openDescriptor, tolerating } from "./node-file.ts";
import { lockScope } from "./node-file-systems.ts";
import { checkName, followLinks, temporaryPath } from "./node-names.ts";
import { type Eventually, hasCode, type OpenMode, type StorageFile } from "./storage.ts";

/** Longer files become a `Blob` that reads them when it is read. */
const READ_AT_ONCE = 2 ** 26;

/** A path in the file system, which may hold a file. Symbolic links are followed, even to a file that does not exist yet. */
export class NodeStorage extends SyncStorage {
  /** The path as it was given. */
  readonly path: string;
  /** Relative paths start at the directory that was current when they were given. */
  readonly #absolute: string;
  /** The path with its links followed, as found by the last `open`. */
  #target: string;
  readonly #claimFile: ClaimFile = new ClaimFile();
  /** Windows replaces no file that is open, our own lock of it included. */
  readonly mustCloseToReplace: boolean = process.platform === "win32";

  constructor(path: string, absolute: string = resolve(path)) {
    super();
    this.path = path;
    this.#absolute = absolute;
    this.#target = this.#absolute;
  }

  get key(): unknown {
    return this.#target;
  }

  /** Where other threads find the file: the path with its links followed. */
  get sharedPath(): string {
    return this.#target;
  }

  openSync(mode: OpenMode): StorageFile {
    checkName(this.#absolute);
    this.#target = followLinks(this.#absolute);
    return adopt(this.#target, open(this.#target, mode), mode);
  }

  createSync(): StorageFile {
    return adopt(this.#target, fs.openSync(this.#target, "wx+"), "new");
  }

  createTemporarySync(): StorageFile {
    checkName(this.#absolute);
    this.#target = followLinks(this.#absolute);
    const path = temporaryPath(this.#target);
    const old = fs.statSync(this.#target, { throwIfNoEntry: false });
    const copied = hasPermissions() ? old : undefined;
    const fd = fs.openSync(path, "wx+", copied === undefined ? 0o666 : 0o600);
    return adopt(path, fd, "new", () => copied && copyPermissions(this.#target, copied, fd, path));
  }

  replaceSync(temporary: StorageFile): void {
    (temporary as NodeFile).renameSync(this.#target);
  }
  override replace(temporary: StorageFile): Eventually<void> {
    return (temporary as NodeFile).rename(this.#target);
  }

  placeSync(temporary: StorageFile): boolean {
    return (temporary as NodeFile).linkSync(this.#target);
  }

  /** Small files are read at once. Node 20 warns that a `Blob` of a file is experimental, and other runtimes may lack it: there, large ones are read, too. */
  blob(): Eventually<Blob | undefined> {
    const size = fs.statSync(this.#target, { throwIfNoEntry: false })?.size;
    if (size === undefined || size <= READ_AT_ONCE || fs.openAsBlob === undefined) return undefined;
    return fs.openAsBlob(this.#target);
  }

  lockProblem(): string | undefined {
    return lockProblem();
  }

  lockScope(): string | undefined {
    return lockScope(dirname(this.#absolute));
  }

  claimRewrite(isLocked: boolean): string | undefined {
    return this.#claimFile.make(this.#target, isLocked);
  }
  releaseRewrite(): void {
    this.#claimFile.remove(this.#target);
  }

  mapProblem(isWritten: boolean): string | undefined {
    return mapProblem(isWritten);
  }

  watch(onChange: () => void): (() => void) | undefined {
    try {
      const watcher = fs.watch(this.#target, { persistent: false }, onChange);
      // Not a change: Deno reports here that there are too many watchers, and would again at the next try.
      watcher.on("error", () => watcher.close());
      return () => watcher.close();
    } catch {
      return undefined; // no such file, or too many watchers
    }
  }

  removeSync(file: StorageFile): void {
    fs.unlinkSync((file as NodeFile).path);
  }
}

/**
 * Whether files have an owner, a group and a mode. Windows has lists instead, which a new file gets from its folder, and Deno refuses to change
 * owners there.
 */
function hasPermissions(): boolean {
  return process.getuid !== undefined;
}

/**
 * Copies the owner, the mode and the access control list as far as the system allows it. Whatever it does not allow, nobody gets more access than
 * they had to the old file.
 */
function copyPermissions(from: string, old: fs.Stats, fd: number, to: string): void {
  let made = fs.fstatSync(fd);
  if (made.gid !== old.gid || made.uid !== old.uid) {
    // One by one: the group may be allowed where the owner is not.
    tolerating(() => fs.fchownSync(fd, -1, old.gid));
    tolerating(() => fs.fchownSync(fd, old.uid, -1));
    made = fs.fstatSync(fd);
  }
  const isSameGroup = made.gid === old.gid;
  // What the group may do is what others may, unless it is known to be the same group, and the bits to be its own.
  const isExact = isSameGroup && (isPrivate(old.mode) || !HAS_ACCESS_LISTS || copyAccessList(from, fd, to));
  const special = made.uid === old.uid && isSameGroup ? old.mode & 0o7000 : 0;
  const group = isExact ? old.mode & 0o070 : old.mode & ((old.mode & 0o007) << 3);
  fs.fchmodSync(fd, special | (old.mode & 0o707) | group);
}

/** Whether its owner alone may do anything. Then no entry of a list allows anything either. */
function isPrivate(mode: number): boolean {
  return (mode & 0o077) === 0;
}

function open(path: string, mode: OpenMode): number {
  try {
    return openDescriptor(path, mode);
  } catch (error) {
    // What Windows says of a directory that is to be written to.
    if (process.platform === "win32" && hasCode(error, "EPERM") && fs.statSync(path).isDirectory())
      throw notRegular("EISDIR", path);
    throw error;
  }
}

function adopt(path: string, fd: number, mode: OpenMode | "new", prepare?: () => void): StorageFile {
  try {
    prepare?.();
    const stat = fs.fstatSync(fd, { bigint: true });
    checkRegular(stat, path);
    return new NodeFile(path, fd, stat, mode);
  } catch (error) {
    fs.closeSync(fd);
    if (mode === "new") fs.rmSync(path, { force: true });
    throw error;
  }
}

/** Pipes, terminals and directories have no positions to write at. */
function checkRegular(stat: fs.BigIntStats, path: string): void {
  if (stat.isFile()) return;
  throw notRegular(stat.isDirectory() ? "EISDIR" : "EINVAL", path);
}

function notRegular(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: not a regular file, open '${path}'`), { code, syscall: "open", path });
}
