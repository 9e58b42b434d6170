/**
 * A folder on a disk in memory, as a process sees it: a kill ends its locks and everything that it has open, and what is on the disk stays. Every step
 * can fail, or be the last one. A name is given by two steps, link and unlink.
 */

import { SyncFile, SyncStorage } from "../../src/storage/base.ts";
import type { Folder } from "../../src/storage/folder.ts";
import type { LockResult, OpenMode, Storage, StorageFile } from "../../src/storage/storage.ts";

interface Inode {
  readonly id: number;
  bytes: Uint8Array;
  links: number;
  lockedBy: object | undefined;
}

let inodes = 0;

/** What is on the disk. */
export class Disk {
  readonly names: Map<string, Inode> = new Map();
}

export interface Fault {
  /** The step. Every step after it fails as well if it is a kill. */
  readonly at: number;
  readonly isKill: boolean;
  /** Whether the step is done, and fails all the same, as on a network disk whose answer is lost. */
  readonly isDone?: boolean;
  /** Bytes of a write that are written. */
  readonly torn?: number;
}

/** A folder of a process. */
export class DiskFolder implements Folder {
  readonly path: undefined;
  readonly steps: string[] = [];
  readonly disk: Disk;
  readonly #fault: Fault | undefined;
  readonly #hasLocks: boolean;
  openFiles = 0;
  /** Where locks exclude each other. */
  scope: string | undefined = "local";

  constructor(disk: Disk, fault?: Fault, hasLocks = true) {
    this.disk = disk;
    this.#fault = fault;
    this.#hasLocks = hasLocks;
  }

  get key(): unknown {
    return this.disk;
  }
  get hasLocks(): boolean {
    return this.#hasLocks;
  }
  get isDead(): boolean {
    return this.#fault?.isKill === true && this.steps.length > this.#fault.at;
  }

  /** The process is gone: nothing that it still tries reaches the disk. */
  kill(): void {
    for (const inode of this.disk.names.values()) if (inode.lockedBy === this) inode.lockedBy = undefined;
  }

  perform<Result>(name: string, action: () => Result, tear?: (count: number) => void): Result {
    const index = this.steps.push(name) - 1;
    const fault = this.#fault;
    if (fault === undefined || index < fault.at || (index > fault.at && !fault.isKill)) return action();
    if (index === fault.at) {
      if (fault.torn !== undefined) tear?.(fault.torn);
      if (fault.isDone) action();
    }
    throw Object.assign(new Error(fault.isKill ? "killed" : "EIO: it failed"), { code: fault.isKill ? "KILLED" : "EIO" });
  }

  listSync(): readonly string[] {
    return this.perform("list", () => [...this.disk.names.keys()]);
  }
  list(): readonly string[] {
    return this.listSync();
  }
  file(name: string): Storage {
    return new DiskStorage(this, name);
  }
  createSync(): void {}
  create(): void {}
}

class DiskStorage extends SyncStorage {
  readonly path: string;
  readonly #folder: DiskFolder;

  constructor(folder: DiskFolder, path: string) {
    super();
    this.#folder = folder;
    this.path = path;
  }

  get key(): unknown {
    return `${this.path} ${folderId(this.#folder)}`;
  }
  lockProblem(): string | undefined {
    return this.#folder.hasLocks ? undefined : "there are none";
  }
  lockScope(): string | undefined {
    return this.#folder.scope;
  }

  openSync(_mode: OpenMode): StorageFile {
    return this.#folder.perform("open", () => this.#opened(this.#inode()));
  }
  #inode(): Inode {
    const inode = this.#folder.disk.names.get(this.path);
    if (inode === undefined) throw Object.assign(new Error(`ENOENT: ${this.path}`), { code: "ENOENT" });
    return inode;
  }
  #opened(inode: Inode): StorageFile {
    return new DiskFile(this.#folder, this.path, inode);
  }
  createSync(): StorageFile {
    return this.#folder.perform("create", () => {
      this.#checkFree();
      const inode: Inode = { id: inodes++, bytes: new Uint8Array(0), links: 1, lockedBy: undefined };
      this.#folder.disk.names.set(this.path, inode);
      return this.#opened(inode);
    });
  }
  #checkFree(): void {
    if (this.#folder.disk.names.has(this.path)) throw Object.assign(new Error(`EEXIST: ${this.path}`), { code: "EEXIST" });
  }
  createTemporarySync(): StorageFile {
    throw new Error("not for shards");
  }
  replaceSync(): void {
    throw new Error("not for shards");
  }
  placeSync(temporary: StorageFile): boolean {
    const file = temporary as DiskFile;
    const { names } = this.#folder.disk;
    this.#folder.perform("link", () => {
      if (!names.has(file.path)) throw Object.assign(new Error(`ENOENT: ${file.path}`), { code: "ENOENT" });
      this.#checkFree();
      file.inode.links++;
      names.set(this.path, file.inode);
    });
    const before = file.path;
    file.path = this.path;
    try {
      this.#folder.perform("unlink", () => unlink(this.#folder.disk, before));
    } catch (error) {
      // As the real one: that it keeps the other name is no failure.
      if (this.#folder.isDead) throw error;
    }
    return true;
  }
  removeSync(file: StorageFile): void {
    this.#folder.perform("remove", () => unlink(this.#folder.disk, (file as DiskFile).path));
  }
}

function unlink({ names }: Disk, name: string): void {
  const inode = names.get(name);
  if (inode === undefined) throw Object.assign(new Error(`ENOENT: ${name}`), { code: "ENOENT" });
  inode.links--;
  names.delete(name);
}

const ids = new WeakMap<object, number>();
let folders = 0;

/** Processes do not share what they claim within one. */
function folderId(folder: DiskFolder): number {
  if (!ids.has(folder)) ids.set(folder, folders++);
  return ids.get(folder) as number;
}

class DiskFile extends SyncFile {
  path: string;
  readonly inode: Inode;
  readonly links: number;
  readonly writesAtOnce: number = Number.POSITIVE_INFINITY;
  readonly #folder: DiskFolder;
  #isLocked = false;
  #isOpen = true;

  constructor(folder: DiskFolder, path: string, inode: Inode) {
    super();
    this.#folder = folder;
    this.path = path;
    this.inode = inode;
    this.links = inode.links;
    folder.openFiles++;
  }

  get key(): unknown {
    return `${this.inode.id} ${folderId(this.#folder)}`;
  }
  sizeSync(): number {
    return this.inode.bytes.length;
  }
  readSync(buffer: Uint8Array, position: number): number {
    const bytes = this.inode.bytes.subarray(position, position + buffer.length);
    buffer.set(bytes);
    return bytes.length;
  }
  writeSync(bytes: Uint8Array, position: number): void {
    const put = (count: number): void => {
      const end = Math.max(this.inode.bytes.length, position + count);
      const grown = new Uint8Array(end);
      grown.set(this.inode.bytes);
      grown.set(bytes.subarray(0, count), position);
      this.inode.bytes = grown;
    };
    // A header lies within one page, which a system writes whole or not at all.
    this.#folder.perform(
      "write",
      () => put(bytes.length),
      (count) => position > 0 && put(Math.min(count, bytes.length)),
    );
  }
  truncateSync(size: number): void {
    this.#folder.perform("truncate", () => {
      const cut = new Uint8Array(size);
      cut.set(this.inode.bytes.subarray(0, size));
      this.inode.bytes = cut;
    });
  }
  syncSync(): void {
    this.#folder.perform("sync", () => undefined);
  }
  lockSync(): LockResult {
    return this.#folder.perform("lock", () => {
      if (!this.#folder.hasLocks) return "unsupported";
      if (this.inode.lockedBy !== undefined) return "taken";
      this.inode.lockedBy = this.#folder;
      this.#isLocked = true;
      return "locked";
    });
  }
  lock(): LockResult {
    return this.lockSync();
  }
  currentSizeSync(): number | undefined {
    return this.inode.links > 0 ? this.inode.bytes.length : undefined;
  }
  currentSize(): number | undefined {
    return this.currentSizeSync();
  }
  closeSync(): void {
    if (!this.#isOpen) throw new Error("EBADF");
    this.#isOpen = false;
    this.#folder.openFiles--;
    if (this.#isLocked && !this.#folder.isDead) this.inode.lockedBy = undefined;
  }
}
