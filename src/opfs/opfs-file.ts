/** An open file of the origin private file system, in a dedicated worker. */
import { NpyError } from "../errors.ts";
import type { Eventually, LockResult, OpenMode, StorageFile } from "../storage/storage.ts";
import { coded, failure, isNamed } from "./failures.ts";
import type { OpenFile } from "./open-file.ts";
import { pause, type SyncAccessHandle, sharesHandles } from "./platform.ts";

/** The most bytes that one call transfers: browsers count some of them in 32 bits. */
const PIECE = 2 ** 28;

/** Milliseconds for which to try to read what is being written meanwhile. */
const PATIENCE = 10_000;

/** What Chromium returns for a full disk or quota: its error -8, as an unsigned number. */
const NO_SPACE = 2 ** 32 - 8;

export class OpfsFile implements StorageFile {
  readonly file: OpenFile;
  /** Files have one name here. */
  readonly links = 1;
  readonly #mode: OpenMode;
  #isClosed = false;

  constructor(file: OpenFile, mode: OpenMode) {
    this.file = file;
    this.#mode = mode;
    file.use(this, mode === "r+");
  }

  get key(): unknown {
    return this.file.key;
  }

  /** Where the handle is open, writing never waits. */
  get writesAtOnce(): number {
    return this.file.access === undefined ? 0 : Number.POSITIVE_INFINITY;
  }

  /** The handle, for a `syscall`. */
  #access(syscall: string): SyncAccessHandle {
    const { path, isGone, access } = this.file;
    if (this.#isClosed) throw failure("EBADF", "the file is closed", syscall, path);
    if (isGone) throw failure("EBADF", "the file was deleted or replaced", syscall, path);
    if (access === undefined) throw failure("EBUSY", "another tab, worker or program has it open", syscall, path);
    return access;
  }

  #writable(syscall: string): SyncAccessHandle {
    if (this.#mode === "r") throw failure("EBADF", "the file was opened for reading", syscall, this.file.path);
    return this.#access(syscall);
  }

  sizeSync(): number {
    return this.#access("stat").getSize();
  }
  size(): Eventually<number> {
    if (this.file.access !== undefined || this.#isClosed) return this.sizeSync();
    return this.file.snapshot().then(({ size }) => size);
  }

  currentSizeSync(): number | undefined {
    return this.file.isGone ? undefined : this.sizeSync();
  }
  currentSize(): Eventually<number | undefined> {
    if (this.file.isGone || this.file.access !== undefined) return this.currentSizeSync();
    return this.file.snapshot().then(
      ({ size }) => size,
      (error: unknown) => {
        if ((error as { code?: unknown }).code !== "ENOENT") throw error;
        return undefined;
      },
    );
  }

  readSync(buffer: Uint8Array, position: number): number {
    const access = this.#access("read");
    try {
      for (let done = 0; ; ) {
        const count = access.read(buffer.subarray(done, done + PIECE), { at: position + done });
        done += count;
        if (count === 0 || done === buffer.length) return done;
      }
    } catch (error) {
      throw coded(error, "read", this.file.path);
    }
  }
  read(buffer: Uint8Array, position: number): Eventually<number> {
    return this.file.access === undefined && !this.#isClosed
      ? this.#readLater(buffer, position)
      : this.readSync(buffer, position);
  }

  async #readLater(buffer: Uint8Array, position: number): Promise<number> {
    // Others may have made this realm close the handle.
    if (sharesHandles() && (await this.file.open(0))) return this.readSync(buffer, position);
    const start = performance.now();
    for (;;) {
      try {
        const blob = await this.file.snapshot();
        let done = 0;
        for (let count = 1; count > 0 && done < buffer.length; done += count) {
          const part = blob.slice(position + done, position + Math.min(done + PIECE, buffer.length));
          const bytes = new Uint8Array(await part.arrayBuffer());
          buffer.set(bytes, done);
          count = bytes.length;
        }
        return done;
      } catch (error) {
        // It was written to in between.
        const isLast = performance.now() - start > PATIENCE;
        if (isLast || !isNamed(error, "NotReadableError")) throw coded(error, "read", this.file.path);
      }
      await pause(20 * Math.random());
    }
  }

  writeSync(bytes: Uint8Array, position: number): void {
    const access = this.#writable("write");
    const { path } = this.file;
    this.file.changed();
    for (let done = 0; done < bytes.length; ) {
      const piece = done === 0 && bytes.length <= PIECE ? bytes : bytes.subarray(done, done + PIECE);
      let count: number;
      try {
        count = access.write(piece, { at: position + done });
      } catch (error) {
        throw coded(error, "write", path);
      }
      // Browsers report a full disk or quota by a wrong count, too: Chromium by a huge one, others by a short one, and then by none.
      if (count === 0 || count === NO_SPACE)
        throw failure("ENOSPC", "the quota of this site, or the disk, is full", "write", path);
      if (!(count > 0 && count <= piece.length)) throw failure("EIO", `the browser wrote ${count} bytes`, "write", path);
      done += count;
    }
  }
  write(bytes: Uint8Array, position: number): void {
    this.writeSync(bytes, position);
  }

  truncateSync(size: number): void {
    const access = this.#writable("ftruncate");
    this.file.changed();
    try {
      access.truncate(size);
    } catch (error) {
      throw coded(error, "ftruncate", this.file.path);
    }
  }
  truncate(size: number): void {
    this.truncateSync(size);
  }

  syncSync(): void {
    if (this.#mode === "r" && this.file.access === undefined) return;
    try {
      this.#access("fsync").flush();
    } catch (error) {
      throw coded(error, "fsync", this.file.path);
    }
  }
  sync(): void {
    this.syncSync();
  }

  async lock(): Promise<LockResult> {
    return (await this.file.lock(this)) ? "locked" : "taken";
  }
  /** @throws NpyError `ERR_NPY_OPTION` if the storage did not prepare the lock. */
  lockSync(): LockResult {
    return this.file.lockNow(this) ? "locked" : "taken";
  }

  closeSync(): void {
    void this.close();
  }
  close(): Eventually<void> {
    if (this.#isClosed) return undefined;
    this.#isClosed = true;
    return this.file.release(this);
  }
}

/** @throws NpyError `ERR_NPY_OPTION`. */
export function needsAnotherHandle(what: string, path: string): NpyError {
  return new NpyError(
    "ERR_NPY_OPTION",
    `${what} needs a handle, which browsers give asynchronously only: call the verb without Sync, and await it.`,
    { path },
  );
}
