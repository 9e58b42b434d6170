/**
 * An open file of Node, Bun or Deno. Reads, writes, truncation, syncs and closing are asynchronous where they can take long; asking for the size
 * takes a few microseconds, and blocks in either mode.
 */
import * as fs from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { isThere } from "../memory/blocks.ts";
import { SyncFile } from "./base.ts";
import { insertZeros, mayInsert, reserveBlocks, unshareBlocks } from "./native/allocate-range.ts";
import { copyRange } from "./native/copy-range.ts";
import { lockDescriptor } from "./native/lock.ts";
import { MovingMapping, mapDescriptor, PAGE, SharedMapping } from "./native/mmap.ts";
import { smallTransfers } from "./native/small-transfers.ts";
import { syncDirectory, syncDirectorySync } from "./node-directory.ts";
import { onExit } from "./node-exit.ts";
import { storesNeedNoSpace } from "./node-file-systems.ts";
import { keyOf } from "./node-identity.ts";
import { renameOver, renameOverSync } from "./node-rename.ts";
import { syncFile, syncFileSync } from "./node-sync.ts";
import {
  type Advice,
  type Eventually,
  hasCode,
  type LockResult,
  type MappedPart,
  type OpenMode,
  type StorageFile,
} from "./storage.ts";

/** Node refuses transfers over 2^31 - 1 bytes, and its vectored writes have miscounted at 3 GiB: stay well below both. */
const MAX_TRANSFER = 2 ** 29;

/**
 * Up to this size, a transfer to or from the page cache takes less time than handing it to another thread (about 30 µs), so even asynchronous reads and
 * writes do it at once.
 */
const SMALL_TRANSFER = 2 ** 16;

/**
 * Reading one element of each row of a file in the page cache: reading whole rows is faster up to rows of 30 KiB, as measured with Node 20, and half
 * of that is a compromise for disks, which also have to bring what is not needed.
 */
const READ_OVERHEAD = 2 ** 14;

/** Opening a pipe would block until its other end is open, before it can be refused. Windows has neither. */
const O_NONBLOCK = fs.constants.O_NONBLOCK ?? 0;

const OPEN_FLAGS = { r: fs.constants.O_RDONLY | O_NONBLOCK, "r+": fs.constants.O_RDWR | O_NONBLOCK } as const;

/** Opens a file in one of the contract's modes. */
export function openDescriptor(path: string, mode: OpenMode): number {
  return fs.openSync(path, OPEN_FLAGS[mode]);
}

const fsRead = promisify(fs.read);
const fsWrite = promisify(fs.write);
const ftruncate = promisify(fs.ftruncate);
const fsClose = promisify(fs.close);

export class NodeFile extends SyncFile {
  path: string;
  key: string;
  readonly links: number;
  readonly writesAtOnce: number = SMALL_TRANSFER;
  readonly readOverhead: number = READ_OVERHEAD;
  readonly onExit: typeof onExit = onExit;
  readonly #fd: number;
  /** Its first bytes, once they are mapped. */
  #start: SharedMapping | undefined;
  /** Its end, while that is mapped. */
  #end: MovingMapping | undefined;
  #isOpen = true;
  /** As it was when the file was opened, or renamed. */
  #stat: fs.BigIntStats;
  /** A new name is safe only when its directory is, too. */
  #directoryToSync: string | undefined;

  constructor(path: string, fd: number, stat: fs.BigIntStats, mode: OpenMode | "new") {
    super();
    this.path = path;
    this.#fd = fd;
    this.#stat = stat;
    this.key = keyOf(stat);
    this.links = Number(stat.nlink);
    this.#directoryToSync = mode === "new" ? dirname(path) : undefined;
  }

  /** V8 allocates small buffers faster. */
  allocate(length: number): Uint8Array<ArrayBuffer> {
    return length < SMALL_TRANSFER / 16 ? new Uint8Array(length) : new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
  }

  sizeSync(): number {
    return fs.fstatSync(this.#fd).size;
  }

  readSync(buffer: Uint8Array, position: number): number {
    const isSmall = buffer.length <= SMALL_TRANSFER;
    let done = isSmall ? Math.max(0, smallTransfers()?.pread(this.#fd, buffer, buffer.length, position) ?? 0) : 0;
    while (done < buffer.length) {
      const length = Math.min(buffer.length - done, MAX_TRANSFER);
      const count = fs.readSync(this.#fd, buffer, done, length, position + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }
  override read(buffer: Uint8Array, position: number): Eventually<number> {
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

  /**
   * Uses a new descriptor while the file has its name. On overlayfs (containers), one that was opened before the first write maps the file of the
   * lower layer for ever, which never grows.
   */
  map(position: number, length: number, advice: Advice | undefined): Uint8Array<ArrayBuffer> {
    const fd = this.#openAgain("r");
    try {
      return mapDescriptor(fd ?? this.#fd, position, length, advice);
    } finally {
      if (fd !== undefined) fs.closeSync(fd);
    }
  }
  /** Uses a new descriptor: a mapping keeps the lock of the descriptor that it was made from, even after a terminated thread has closed it. */
  mapStart(length: number): Uint8Array<ArrayBuffer> {
    if (!storesNeedNoSpace(this.path)) throw new Error("storing into mapped memory may need disk space");
    const fd = this.#openAgain("r+");
    if (fd === undefined) throw new Error("the file has another name, or none");
    try {
      this.#start ??= new SharedMapping(fd, length);
      return this.#start.bytes;
    } finally {
      fs.closeSync(fd);
    }
  }
  mapEnd(position: number, length: number): MappedPart {
    const start = position - (position % PAGE);
    const whole = position + length - start;
    if (this.#end === undefined || this.#end.bytes.length < whole) {
      this.#end?.release();
      this.#end = new MovingMapping(2 * whole);
    }
    const fd = this.#openAgain("r+");
    if (fd === undefined) throw new Error("the file has another name, or none");
    try {
      this.#end.move(fd, start, whole);
      return { bytes: this.#end.bytes, position: start };
    } finally {
      fs.closeSync(fd);
    }
  }
  unmapEnd(): void {
    this.#end?.release();
  }
  reserve(position: number, length: number): boolean {
    return reserveBlocks(this.#fd, position, length);
  }
  /** A new descriptor of this file; `undefined` if its name is gone, or another file's. */
  #openAgain(mode: OpenMode): number | undefined {
    let fd: number;
    try {
      fd = openDescriptor(this.path, mode);
    } catch {
      return undefined;
    }
    if (this.#isSame(fs.fstatSync(fd, { bigint: true }))) return fd;
    fs.closeSync(fd);
    return undefined;
  }

  copyFrom(from: StorageFile, start: number, position: number, length: number): Eventually<number> {
    return from instanceof NodeFile ? copyRange(from.#fd, start, this.#fd, position, length) : 0;
  }

  writeSync(bytes: Uint8Array, position: number): void {
    const isSmall = bytes.length <= SMALL_TRANSFER;
    let done = isSmall ? Math.max(0, smallTransfers()?.pwrite(this.#fd, bytes, bytes.length, position) ?? 0) : 0;
    while (done < bytes.length) {
      const length = Math.min(bytes.length - done, MAX_TRANSFER);
      done += fs.writeSync(this.#fd, bytes, done, length, position + done);
    }
  }
  override write(bytes: Uint8Array, position: number): Eventually<void> {
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
  override truncate(size: number): Promise<void> {
    return ftruncate(this.#fd, size);
  }

  syncSync(): void {
    syncFileSync(this.#fd);
    if (this.#directoryToSync !== undefined) syncDirectorySync(this.#directoryToSync);
    this.#directoryToSync = undefined;
  }
  override async sync(): Promise<void> {
    await syncFile(this.#fd);
    if (this.#directoryToSync !== undefined) await syncDirectory(this.#directoryToSync);
    this.#directoryToSync = undefined;
  }

  get blockSize(): number | undefined {
    return mayInsert() ? Number(this.#stat.blksize) : undefined;
  }
  insertSync(length: number): boolean {
    return insertZeros(this.#fd, length);
  }
  /** Not on another thread: only data that was not synced before could make it take long. */
  insert(length: number): boolean {
    return this.insertSync(length);
  }

  unshareSync(length: number): boolean {
    return unshareBlocks(this.#fd, length);
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
    const named = this.#statName();
    if (named !== undefined) return this.#isSame(named) ? Number(named.size) : undefined;
    // The file, or its directory, may have been renamed: its rows are there, then.
    const { nlink, size } = fs.fstatSync(this.#fd);
    return nlink > 0 ? size : undefined;
  }
  currentSize(): number | undefined {
    return this.currentSizeSync();
  }
  /** The file that has the name now. */
  #statName(): fs.BigIntStats | undefined {
    // Windows keeps the name of a deleted file, sometimes, until all have closed it, and lets nobody open it then.
    if (process.platform === "win32" && this.links > 0 && fs.fstatSync(this.#fd).nlink === 0) return undefined;
    return fs.statSync(this.path, { bigint: true, throwIfNoEntry: false });
  }
  #isSame(stat: fs.BigIntStats): boolean {
    return keyOf(stat) === this.key;
  }

  renameSync(path: string): void {
    renameOverSync(this.path, path);
    this.#hasName(path);
  }
  rename(path: string): Eventually<void> {
    const renaming = renameOver(this.path, path);
    if (renaming === undefined) return this.#hasName(path);
    return renaming.then(() => this.#hasName(path));
  }
  #hasName(path: string): void {
    this.path = path;
    this.#directoryToSync = dirname(path);
    // FAT and exFAT number files by the place of their name.
    if (!this.#isOpen) return;
    const named = fs.statSync(path, { bigint: true, throwIfNoEntry: false });
    if (named?.ino !== fs.fstatSync(this.#fd, { bigint: true }).ino) return;
    this.#stat = named;
    this.key = keyOf(named);
  }

  /** `false` where there are no hard links. Other errors return from what the caller tries next, and say more there. */
  linkSync(path: string): boolean {
    try {
      fs.linkSync(this.path, path);
    } catch (error) {
      if (hasCode(error, "EEXIST")) throw error;
      return false;
    }
    const temporary = this.path;
    this.#hasName(path);
    try {
      fs.unlinkSync(temporary);
    } catch {
      // The file has its name: that it keeps the temporary one as well is no failure.
    }
    return true;
  }

  closeSync(): void {
    this.#release();
    fs.closeSync(this.#fd);
  }
  override close(): Promise<void> {
    this.#release();
    return fsClose(this.#fd);
  }
  #release(): void {
    this.#isOpen = false;
    this.#start?.release();
    this.#end?.release();
  }
}

/**
 * The caller's memory can be resized or transferred between two parts of a transfer. Systems call that a bad address. Node ends the process if it
 * takes a view for longer than its buffer.
 */
function checkMemory(bytes: Uint8Array, whole: number, syscall: "read" | "write"): void {
  if (isThere(bytes, whole)) return;
  throw Object.assign(new Error(`EFAULT: bad address in system call argument, ${syscall}`), { code: "EFAULT", syscall });
}

/** Does it if the system allows it. */
export function tolerating(action: () => void): void {
  try {
    action();
  } catch (error) {
    // EINVAL: an owner whom this user namespace does not have.
    if (!["EPERM", "ENOSYS", "EINVAL"].some((code) => hasCode(error, code))) throw error;
  }
}
