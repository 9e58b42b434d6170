/**
 * The open files of this worker. All who have a file open here share its handle: browsers open a file slowly, and some only once. Where several
 * handles may be open, the lock of a file is a Web Lock alone; elsewhere also the handle, which excludes all others.
 */
import { Changes, hear, tell } from "./channel.ts";
import { coded, failure, isNamed } from "./failures.ts";
import { type DirectoryHandle, type FileHandle, isLocked, missing, pause, type SyncAccessHandle, tryLock } from "./platform.ts";

/** Milliseconds for which to wait, doubled each time: first for others to let go, then for what a killed tab had open to be closed. */
const [FIRST_WAIT, SHORT_WAIT, LAST_WAIT] = [5, 20, 320];

const opened = new Map<string, OpenFile>();
let isListening = false;

/** The keys of files that were open here, by path: a file has the same when it is opened again, or renamed. */
const keys = new Map<string, string>();
let lastKey = 0;

/** Distinguishes the keys of this realm from those of other workers. */
const prefix = Math.random();

/** The file that has this path, if it is open here. */
export function fileAt(path: string): OpenFile | undefined {
  return opened.get(path);
}

export class OpenFile {
  readonly key: string;
  path: string;
  /** Whether it was created here only to be opened, so that there is no file as long as it is empty. */
  isPlaceholder = false;
  readonly #directory: DirectoryHandle;
  #handle: FileHandle;
  #access: SyncAccessHandle | undefined;
  #opening: Promise<boolean> | undefined;
  #moving: Promise<unknown> | undefined;
  /** All who have it open, and whether they need the handle all the time. */
  readonly #users = new Map<object, boolean>();
  #unlock: (() => Promise<void>) | undefined;
  #holder: object | undefined;
  /** What keeps the file open and locked for synchronous verbs, and how it gives that up. */
  #spare: object | undefined;
  #yieldSpare: (() => Promise<void>) | undefined;
  readonly #changes = new Changes();
  #isGone = false;

  private constructor(path: string, directory: DirectoryHandle, handle: FileHandle) {
    this.path = path;
    this.key = keys.get(path) ?? `opfs ${prefix} ${++lastKey}`;
    keys.set(path, this.key);
    this.#directory = directory;
    this.#handle = handle;
  }

  static of(path: string, directory: DirectoryHandle, handle: FileHandle): OpenFile {
    if (!isListening) {
      hear(({ about, path }) => {
        if (about === "lock") opened.get(path)?.giveLock();
        if (about === "handle") opened.get(path)?.giveHandle();
      });
    }
    isListening = true;
    let file = opened.get(path);
    if (file === undefined) {
      file = new OpenFile(path, directory, handle);
      opened.set(path, file);
    }
    return file;
  }

  /** The handle, if it is open. */
  get access(): SyncAccessHandle | undefined {
    return this.#access;
  }

  /** Whether it was deleted or replaced by this realm. */
  get isGone(): boolean {
    return this.#isGone;
  }

  use(user: object, isWriter: boolean): void {
    this.#users.set(user, isWriter);
  }

  changed(): void {
    this.isPlaceholder = false;
    this.#changes.happened(() => this.path);
  }

  /** The file as it is now. */
  async snapshot(): Promise<Blob> {
    await this.#moving;
    if (this.#isGone) throw failure("EBADF", "the file was deleted or replaced", "read", this.path);
    try {
      return await this.#handle.getFile();
    } catch (error) {
      throw coded(error, "open", this.path);
    }
  }

  /** Opens the handle, unless it is open; waits for others to let go. Returns whether it is open. */
  async open(patience: number = LAST_WAIT): Promise<boolean> {
    await this.#moving;
    if (this.#access !== undefined) return true;
    this.#opening ??= this.#open(patience).finally(() => {
      this.#opening = undefined;
    });
    return await this.#opening;
  }

  async #open(patience: number): Promise<boolean> {
    if (this.#handle.createSyncAccessHandle === undefined) throw missing("FileSystemFileHandle.createSyncAccessHandle");
    for (let wait = FIRST_WAIT; !this.#isGone; wait *= 2) {
      try {
        const access = await this.#handle.createSyncAccessHandle({ mode: "readwrite-unsafe" });
        if (this.#users.size > 0 && !this.#isGone) this.#access = access;
        else access.close();
        return this.#access !== undefined;
      } catch (error) {
        if (!isNamed(error, "NoModificationAllowedError")) throw coded(error, "open", this.path);
        if (wait > patience) return false;
      }
      // A writer that had it only prepared would have given it up by now.
      if (wait > SHORT_WAIT && (await isLocked(lockName(this.path)))) return false;
      tell({ about: "handle", path: this.path });
      await pause(wait);
    }
    return false;
  }

  #closeHandle(): void {
    this.#access?.close();
    this.#access = undefined;
  }

  /** Ends the use of the file. What is returned resolves once others can lock it. */
  release(user: object): Promise<void> | undefined {
    this.#users.delete(user);
    if (this.#users.size === 0) {
      this.#closeHandle();
      if (opened.get(this.path) === this) opened.delete(this.path);
    }
    return this.#holder === user ? this.unlock() : undefined;
  }

  /** Takes the lock, if nobody has it. */
  async lock(user: object): Promise<boolean> {
    if (this.lockNow(user)) return true;
    if (this.#holder !== undefined) return false;
    const unlock = await takeLock(this.path);
    if (unlock === undefined) return false;
    if (this.#users.get(user) === true && !(await this.open())) {
      await unlock();
      return false;
    }
    this.#holder = user;
    this.#unlock = unlock;
    return true;
  }

  /** The same, if this file has the lock already. */
  lockNow(user: object): boolean {
    if (this.#spare !== undefined && this.#holder === this.#spare) this.#holder = user;
    return this.#holder === user;
  }

  async unlock(): Promise<void> {
    if (this.#spare !== undefined && this.#holder !== this.#spare) {
      // The next synchronous verb needs it.
      this.#holder = this.#spare;
      return;
    }
    const unlock = this.#unlock;
    this.#unlock = undefined;
    this.#holder = undefined;
    await unlock?.();
  }

  /** Opens and locks the file ahead of its use. `letGo` is called when others want it. */
  async prepare(spare: object, letGo: () => Promise<void>): Promise<void> {
    this.use(spare, false);
    await this.open();
    await this.lock(spare);
    this.#spare = spare;
    this.#yieldSpare = letGo;
  }

  /** Forgets what was prepared. */
  async dropSpare(): Promise<void> {
    const spare = this.#spare;
    if (spare === undefined) return;
    this.#spare = undefined;
    this.#yieldSpare = undefined;
    const isUnused = this.#users.size === 1 && this.isPlaceholder && this.#access?.getSize() === 0;
    // Under the lock: without it, another tab may be about to write to the empty file.
    if (isUnused && this.#holder === spare) {
      this.end();
      await this.#directory.removeEntry(this.#handle.name).catch(() => undefined);
    }
    await this.release(spare);
  }

  /** Gives up the lock, if it was only prepared. */
  giveLock(): void {
    if (this.#spare === undefined || this.#holder !== this.#spare) return;
    const unlock = this.#unlock;
    this.#unlock = undefined;
    this.#holder = undefined;
    void unlock?.();
  }

  /** Closes the handle, if nobody writes by it. */
  giveHandle(): void {
    for (const isWriter of this.#users.values()) if (isWriter) return;
    this.#yieldSpare?.().catch(() => undefined);
    this.#closeHandle();
  }

  /** Gives the file another name in its directory. The file that has that name is replaced. */
  async rename(path: string, name: string): Promise<void> {
    const moving = this.#rename(path, name);
    this.#moving = moving.catch(() => undefined);
    try {
      await moving;
    } finally {
      this.#moving = undefined;
    }
  }

  async #rename(path: string, name: string): Promise<void> {
    if (this.#handle.move === undefined) throw missing("FileSystemFileHandle.move");
    const unlock = await takeLock(path);
    if (unlock === undefined) throw failure("EBUSY", "another tab or worker is writing to it", "rename", path);
    const wasOpen = this.#access !== undefined;
    await this.#opening;
    this.#closeHandle();
    const target = opened.get(path);
    try {
      if (target !== undefined) target.#closeHandle();
      await this.#move(path, name);
    } catch (error) {
      await unlock();
      if (wasOpen) await this.#open(LAST_WAIT);
      throw coded(error, "rename", path);
    }
    target?.end();
    if (opened.get(this.path) === this) opened.delete(this.path);
    keys.delete(this.path);
    this.path = path;
    keys.set(path, this.key);
    if (this.#users.size > 0) opened.set(path, this);
    this.#handle = await this.#directory.getFileHandle(name);
    if (wasOpen) await this.#open(LAST_WAIT);
    if (this.#unlock === undefined) return await unlock();
    await this.#unlock();
    this.#unlock = unlock;
  }

  async #move(path: string, name: string): Promise<void> {
    for (let wait = FIRST_WAIT; ; wait *= 2) {
      try {
        return await this.#handle.move?.(name);
      } catch (error) {
        if (!isNamed(error, "NoModificationAllowedError") || wait > LAST_WAIT) throw error;
      }
      // Readers of other tabs may have either open.
      for (const wanted of [path, this.path]) tell({ about: "handle", path: wanted });
      await pause(wait);
    }
  }

  /** Deletes the file. */
  async remove(): Promise<void> {
    await this.#moving;
    if (this.#isGone) return;
    const { name } = this.#handle;
    this.end();
    for (let wait = FIRST_WAIT; ; wait *= 2) {
      try {
        return await this.#directory.removeEntry(name);
      } catch (error) {
        if (!isNamed(error, "NoModificationAllowedError") || wait > LAST_WAIT) throw coded(error, "unlink", this.path);
      }
      tell({ about: "handle", path: this.path });
      await pause(wait);
    }
  }

  /** The file no longer exists. */
  end(): void {
    this.#isGone = true;
    this.#closeHandle();
    if (opened.get(this.path) === this) opened.delete(this.path);
    if (keys.get(this.path) === this.key) keys.delete(this.path);
  }
}

function lockName(path: string): string {
  return `npy-append-array.opfs ${path}`;
}

/** The lock under which names are looked for and given. */
export function nameLock(path: string): string {
  return `${lockName(path)} name`;
}

/** Takes the lock of a file, if nobody needs it. */
async function takeLock(path: string): Promise<(() => Promise<void>) | undefined> {
  for (let wait = FIRST_WAIT; ; wait *= 4) {
    const unlock = await tryLock(lockName(path));
    if (unlock !== undefined || wait > LAST_WAIT / 4) return unlock;
    tell({ about: "lock", path });
    await pause(wait);
  }
}
