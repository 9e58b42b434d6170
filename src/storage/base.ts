/** Base classes of backends that work at once: a backend writes each operation once, and inherits its asynchronous form. */
import type { Eventually, OpenMode, Storage, StorageFile } from "./storage.ts";

/** A file whose asynchronous operations do their work at once. A subclass overrides those that should not block. */
export abstract class SyncFile implements StorageFile {
  abstract readonly key: unknown;
  abstract sizeSync(): number;
  abstract readSync(buffer: Uint8Array, position: number): number;
  abstract writeSync(bytes: Uint8Array, position: number): void;
  abstract truncateSync(size: number): void;
  abstract syncSync(): void;
  abstract closeSync(): void;

  size(): number {
    return this.sizeSync();
  }
  read(buffer: Uint8Array, position: number): Eventually<number> {
    return this.readSync(buffer, position);
  }
  write(bytes: Uint8Array, position: number): Eventually<void> {
    return this.writeSync(bytes, position);
  }
  truncate(size: number): Eventually<void> {
    return this.truncateSync(size);
  }
  sync(): Eventually<void> {
    return this.syncSync();
  }
  close(): Eventually<void> {
    return this.closeSync();
  }
}

/** A storage whose files are opened and named at once. */
export abstract class SyncStorage implements Storage {
  abstract readonly path: string | undefined;
  abstract readonly key: unknown;
  abstract openSync(mode: OpenMode): StorageFile;
  abstract createSync(): StorageFile;
  abstract createTemporarySync(): StorageFile;
  abstract replaceSync(temporary: StorageFile): void;
  abstract placeSync(temporary: StorageFile): boolean;
  abstract removeSync(file: StorageFile): void;

  open(mode: OpenMode): StorageFile {
    return this.openSync(mode);
  }
  create(): StorageFile {
    return this.createSync();
  }
  createTemporary(): StorageFile {
    return this.createTemporarySync();
  }
  replace(temporary: StorageFile): void {
    this.replaceSync(temporary);
  }
  place(temporary: StorageFile): boolean {
    return this.placeSync(temporary);
  }
  remove(file: StorageFile): void {
    this.removeSync(file);
  }
}
