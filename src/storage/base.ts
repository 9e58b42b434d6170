/** Base classes of backends: a backend writes each operation once, and inherits its other form. */
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

/** A file without synchronous operations: its storage refuses to open it synchronously. */
export abstract class AsyncFile implements StorageFile {
  abstract readonly key: unknown;
  abstract size(): Eventually<number>;
  abstract read(buffer: Uint8Array, position: number): Eventually<number>;
  abstract write(bytes: Uint8Array, position: number): Eventually<void>;
  abstract truncate(size: number): Eventually<void>;
  abstract sync(): Eventually<void>;
  abstract close(): Eventually<void>;
  /** Throws an error that says what to use instead. */
  abstract refuse(): never;

  readonly sizeSync: () => never = this.refuse;
  readonly readSync: () => never = this.refuse;
  readonly writeSync: () => never = this.refuse;
  readonly truncateSync: () => never = this.refuse;
  readonly syncSync: () => never = this.refuse;
  readonly closeSync: () => never = this.refuse;
}

/** A storage without synchronous operations. */
export abstract class AsyncStorage implements Storage {
  abstract readonly path: string | undefined;
  abstract readonly key: unknown;
  abstract open(mode: OpenMode): Eventually<StorageFile>;
  abstract create(): Eventually<StorageFile>;
  abstract createTemporary(): Eventually<StorageFile>;
  abstract replace(temporary: StorageFile): Eventually<void>;
  abstract remove(file: StorageFile): Eventually<void>;
  /** Throws an error that says what to use instead. */
  abstract refuse(): never;

  readonly openSync: () => never = this.refuse;
  readonly createSync: () => never = this.refuse;
  readonly createTemporarySync: () => never = this.refuse;
  readonly replaceSync: () => never = this.refuse;
  readonly removeSync: () => never = this.refuse;
}
