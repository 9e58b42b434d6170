/**
 * Files of Node, Bun and Deno. Reading, writing, cutting, syncing and closing are asynchronous where that can take long;
 * opening, naming and asking for a size are a few microseconds of metadata, and done at once in either mode.
 */
import * as fs from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { copyRange } from "./native/copy-range.ts";
import { lockDescriptor, lockProblem } from "./native/flock.ts";
import { insertZeros, mayInsert } from "./native/insert-range.ts";
import { mapDescriptor, mapProblem, SharedMapping } from "./native/mmap.ts";
import { readFew, writeFew } from "./native/pwrite.ts";
import { ClaimFile } from "./node-claim-file.ts";
import {
  type Advice,
  type Eventually,
  hasCode,
  type LockResult,
  type OpenMode,
  type Storage,
  type StorageFile,
} from "./storage.ts";

/** Node refuses transfers over 2^31 - 1 bytes, and its vectored writes have miscounted at 3 GiB: well below both. */
const MAX_TRANSFER = 2 ** 29;

/**
 * Up to this size a transfer to or from the page cache takes less time than handing it to another thread (about 30 µs), so
 * that even asynchronous reads and writes do it at once.
 */
const SMALL_TRANSFER = 2 ** 16;

/** Opening a pipe would wait for its other end, before there is a chance to refuse it. Windows has neither. */
const O_NONBLOCK = fs.constants.O_NONBLOCK ?? 0;

const OPEN_FLAGS = { r: fs.constants.O_RDONLY | O_NONBLOCK, "r+": fs.constants.O_RDWR | O_NONBLOCK } as const;

const fsRead = promisify(fs.read);
const fsWrite = promisify(fs.write);
const ftruncate = promisify(fs.ftruncate);
const fsync = promisify(fs.fsync);
const fsClose = promisify(fs.close);

class NodeFile implements StorageFile {
  path: string;
  readonly key: string;
  readonly links: number;
  readonly writesAtOnce: number = SMALL_TRANSFER;
  readonly #fd: number;
  /** Its first bytes, once they are mapped. */
  #start: SharedMapping | undefined;
  /** As it was when the file was opened. */
  readonly #stat: fs.BigIntStats;
  /** A new name is safe only when its directory is, too. */
  #directoryToSync: string | undefined;

  constructor(path: string, fd: number, stat: fs.BigIntStats, isNew: boolean) {
    this.path = path;
    this.#fd = fd;
    this.#stat = stat;
    this.key = `${stat.dev}:${stat.ino}`;
    this.links = Number(stat.nlink);
    this.#directoryToSync = isNew ? dirname(path) : undefined;
  }

  /** Small ones V8 makes faster itself. */
  allocate(length: number): Uint8Array<ArrayBuffer> {
    return length < SMALL_TRANSFER / 16 ? new Uint8Array(length) : new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
  }

  sizeSync(): number {
    return fs.fstatSync(this.#fd).size;
  }
  size(): number {
    return this.sizeSync();
  }

  readSync(buffer: Uint8Array, position: number): number {
    let done = buffer.length <= SMALL_TRANSFER ? (readFew(this.#fd, buffer, position) ?? 0) : 0;
    while (done < buffer.length) {
      const length = Math.min(buffer.length - done, MAX_TRANSFER);
      const count = fs.readSync(this.#fd, buffer, done, length, position + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }
  read(buffer: Uint8Array, position: number): Eventually<number> {
    return buffer.length <= SMALL_TRANSFER ? this.readSync(buffer, position) : this.#readLarge(buffer, position);
  }
  async #readLarge(buffer: Uint8Array, position: number): Promise<number> {
    const whole = buffer.length;
    let done = 0;
    while (done < whole) {
      checkMemory(buffer, whole, "read");
      const length = Math.min(whole - done, MAX_TRANSFER);
      const { bytesRead } = await fsRead(this.#fd, buffer, done, length, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  map(position: number, length: number, advice: Advice | undefined): Uint8Array<ArrayBuffer> {
    return mapDescriptor(this.#fd, position, length, advice);
  }
  /** By a descriptor of its own: a mapping holds the lock of what it was made of, also when a thread that is ended has let go of it. */
  mapStart(length: number): Uint8Array<ArrayBuffer> {
    const fd = fs.openSync(this.path, OPEN_FLAGS["r+"]);
    try {
      if (!this.#isSame(fs.fstatSync(fd, { bigint: true }))) throw new Error("another file took its place");
      this.#start ??= new SharedMapping(fd, length);
      return this.#start.bytes;
    } finally {
      fs.closeSync(fd);
    }
  }

  copyFrom(from: StorageFile, start: number, position: number, length: number): Eventually<number> {
    return from instanceof NodeFile ? copyRange(from.#fd, start, this.#fd, position, length) : 0;
  }

  writeSync(bytes: Uint8Array, position: number): void {
    let done = bytes.length <= SMALL_TRANSFER ? (writeFew(this.#fd, bytes, position) ?? 0) : 0;
    while (done < bytes.length) {
      const length = Math.min(bytes.length - done, MAX_TRANSFER);
      done += fs.writeSync(this.#fd, bytes, done, length, position + done);
    }
  }
  write(bytes: Uint8Array, position: number): Eventually<void> {
    return bytes.length <= SMALL_TRANSFER ? this.writeSync(bytes, position) : this.#writeLarge(bytes, position);
  }
  async #writeLarge(bytes: Uint8Array, position: number): Promise<void> {
    const whole = bytes.length;
    let done = 0;
    while (done < whole) {
      checkMemory(bytes, whole, "write");
      const length = Math.min(whole - done, MAX_TRANSFER);
      done += (await fsWrite(this.#fd, bytes, done, length, position + done)).bytesWritten;
    }
  }

  truncateSync(size: number): void {
    fs.ftruncateSync(this.#fd, size);
  }
  truncate(size: number): Promise<void> {
    return ftruncate(this.#fd, size);
  }

  syncSync(): void {
    fs.fsyncSync(this.#fd);
    if (this.#directoryToSync !== undefined) syncDirectorySync(this.#directoryToSync);
    this.#directoryToSync = undefined;
  }
  async sync(): Promise<void> {
    await fsync(this.#fd);
    if (this.#directoryToSync !== undefined) await syncDirectory(this.#directoryToSync);
    this.#directoryToSync = undefined;
  }

  get blockSize(): number | undefined {
    return mayInsert() ? Number(this.#stat.blksize) : undefined;
  }
  insertSync(length: number): boolean {
    return insertZeros(this.#fd, length);
  }
  /** Not on another thread: what could take long is what was not synced before. */
  insert(length: number): boolean {
    return this.insertSync(length);
  }

  copyTimes(from: StorageFile): void {
    const { atimeNs, mtimeNs } = (from as NodeFile).#stat;
    tolerating(() => fs.futimesSync(this.#fd, Number(atimeNs) / 1e9, Number(mtimeNs) / 1e9));
  }

  lockSync(): LockResult {
    return lockDescriptor(this.#fd);
  }
  lock(): LockResult {
    return this.lockSync();
  }

  currentSizeSync(): number | undefined {
    const named = fs.statSync(this.path, { bigint: true, throwIfNoEntry: false });
    if (named !== undefined) return this.#isSame(named) ? Number(named.size) : undefined;
    // A file, or its directory, may have been given another name: then the rows are where that is.
    const { nlink, size } = fs.fstatSync(this.#fd);
    return nlink > 0 ? size : undefined;
  }
  currentSize(): number | undefined {
    return this.currentSizeSync();
  }
  #isSame({ ino, dev }: fs.BigIntStats): boolean {
    return ino === this.#stat.ino && dev === this.#stat.dev;
  }

  renameSync(path: string): void {
    fs.renameSync(this.path, path);
    this.path = path;
    this.#directoryToSync = dirname(path);
  }

  /** `false` where there are no hard links: other errors come again from what is tried then, and say more. */
  linkSync(path: string): boolean {
    try {
      fs.linkSync(this.path, path);
    } catch (error) {
      if (hasCode(error, "EEXIST")) throw error;
      return false;
    }
    const temporary = this.path;
    this.path = path;
    this.#directoryToSync = dirname(path);
    try {
      fs.unlinkSync(temporary);
    } catch {
      // The file has its name: keeping the temporary one as well must not count as a failure.
    }
    return true;
  }

  closeSync(): void {
    this.#start?.letGo();
    fs.closeSync(this.#fd);
  }
  close(): Promise<void> {
    this.#start?.letGo();
    return fsClose(this.#fd);
  }
}

/**
 * Memory that was resized or transferred before a part of a transfer is what the system calls a bad address. The buffer is asked, too, since Node
 * ends the process where it takes a view for longer than it is: see `isThere` in array/blocks.ts.
 */
function checkMemory(bytes: Uint8Array, whole: number, syscall: "read" | "write"): void {
  if (bytes.length === whole && bytes.buffer.byteLength >= whole) return;
  throw Object.assign(new Error(`EFAULT: bad address in system call argument, ${syscall}`), { code: "EFAULT", syscall });
}

/** A path in the file system, which may hold a file. Symbolic links are followed, also those that lead to no file yet. */
export class NodeStorage implements Storage {
  /** The path as it was given. */
  readonly path: string;
  /** A relative path is one of the directory that was current when it was given. */
  readonly #absolute: string;
  /** The path with its links followed, as found by the last `open`. */
  #target: string;
  readonly #claimFile: ClaimFile = new ClaimFile();

  constructor(path: string) {
    this.path = path;
    this.#absolute = resolve(path);
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
    this.#target = followLinks(this.#absolute);
    return adopt(this.#target, fs.openSync(this.#target, OPEN_FLAGS[mode]), false);
  }
  open(mode: OpenMode): StorageFile {
    return this.openSync(mode);
  }

  createSync(): StorageFile {
    return adopt(this.#target, fs.openSync(this.#target, "wx+"), true);
  }
  create(): StorageFile {
    return this.createSync();
  }

  createTemporarySync(): StorageFile {
    this.#target = followLinks(this.#absolute);
    const path = temporaryPath(this.#target);
    const old = fs.statSync(this.#target, { throwIfNoEntry: false });
    const fd = fs.openSync(path, "wx+", old === undefined ? 0o666 : 0o600);
    return adopt(path, fd, true, () => old && copyPermissions(fd, old));
  }
  createTemporary(): StorageFile {
    return this.createTemporarySync();
  }

  replaceSync(temporary: StorageFile): void {
    (temporary as NodeFile).renameSync(this.#target);
  }
  replace(temporary: StorageFile): void {
    this.replaceSync(temporary);
  }

  placeSync(temporary: StorageFile): boolean {
    return (temporary as NodeFile).linkSync(this.#target);
  }
  place(temporary: StorageFile): boolean {
    return this.placeSync(temporary);
  }

  lockProblem(): string | undefined {
    return lockProblem();
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
      watcher.on("error", onChange);
      return () => watcher.close();
    } catch {
      return undefined; // no file now, or too many that are watched
    }
  }

  removeSync(file: StorageFile): void {
    fs.unlinkSync((file as NodeFile).path);
  }
  remove(file: StorageFile): void {
    this.removeSync(file);
  }
}

/** The mode to the letter, the owner as far as the system lets us. */
function copyPermissions(fd: number, old: fs.Stats): void {
  if (process.getuid?.() !== old.uid || process.getgid?.() !== old.gid) {
    tolerating(() => fs.fchownSync(fd, old.uid, old.gid));
  }
  fs.fchmodSync(fd, old.mode & 0o7777);
}

/** Does what is done as far as the system lets us. */
function tolerating(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!hasCode(error, "EPERM") && !hasCode(error, "ENOSYS")) throw error;
  }
}

function adopt(path: string, fd: number, isNew: boolean, prepare?: () => void): StorageFile {
  try {
    prepare?.();
    const stat = fs.fstatSync(fd, { bigint: true });
    checkRegular(stat, path);
    return new NodeFile(path, fd, stat, isNew);
  } catch (error) {
    fs.closeSync(fd);
    if (isNew) fs.rmSync(path, { force: true });
    throw error;
  }
}

/** Pipes, terminals and directories have no positions to write at. */
function checkRegular(stat: fs.BigIntStats, path: string): void {
  if (stat.isFile()) return;
  const code = stat.isDirectory() ? "EISDIR" : "EINVAL";
  throw Object.assign(new Error(`${code}: not a regular file, open '${path}'`), { code, syscall: "open", path });
}

function temporaryPath(target: string): string {
  const unique = globalThis.crypto.randomUUID();
  // File systems limit names to 255 bytes, a character of a name may take 4.
  return join(dirname(target), `.${basename(target).slice(0, 40)}.${unique}.tmp`);
}

/** As many links in a row as Linux follows. */
const MAX_LINKS = 40;

/** The path of the file itself, also where it is still to be created. */
function followLinks(path: string): string {
  let target = resolve(path);
  for (let links = 0; links <= MAX_LINKS; links++) {
    try {
      return fs.realpathSync.native(target);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
    }
    // Nothing there: the last name of the path is new, or a link to something that is.
    try {
      target = resolve(dirname(target), fs.readlinkSync(target));
    } catch {
      break;
    }
  }
  try {
    return join(fs.realpathSync.native(dirname(target)), basename(target));
  } catch {
    return target;
  }
}

function syncDirectorySync(path: string): void {
  const fd = openDirectory(path);
  if (fd === undefined) return;
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

async function syncDirectory(path: string): Promise<void> {
  const fd = openDirectory(path);
  if (fd === undefined) return;
  try {
    await fsync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Windows cannot open directories, and makes new names safe by itself. */
function openDirectory(path: string): number | undefined {
  return process.platform === "win32" ? undefined : fs.openSync(path, "r");
}
