/**
 * What is used of browsers: their origin private file system (OPFS), Web Locks and channels. The compiler's libraries for Node describe none of it.
 *
 * Source: https://fs.spec.whatwg.org, https://w3c.github.io/web-locks.
 */
import { NpyError } from "../errors.ts";

/** `FileSystemSyncAccessHandle`: an open file, in dedicated workers. */
export interface SyncAccessHandle {
  read(buffer: Uint8Array, options: { readonly at: number }): number;
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

/** `FileSystemFileHandle`: the name of a file. */
export interface FileHandle {
  readonly kind: "file";
  readonly name: string;
  getFile(): Promise<Blob>;
  createSyncAccessHandle?(options?: { readonly mode: string }): Promise<SyncAccessHandle>;
  move?(name: string): Promise<void>;
}

/** `FileSystemDirectoryHandle`. */
export interface DirectoryHandle {
  readonly kind: "directory";
  readonly name: string;
  getFileHandle(name: string, options?: { readonly create?: boolean }): Promise<FileHandle>;
  getDirectoryHandle(name: string, options?: { readonly create?: boolean }): Promise<DirectoryHandle>;
  removeEntry(name: string): Promise<void>;
  values(): AsyncIterable<FileHandle | DirectoryHandle>;
}

/** `FileSystemObserver`, which Chromium has. */
export interface Observer {
  observe(handle: FileHandle | DirectoryHandle): Promise<void>;
  disconnect(): void;
}

interface LockManager {
  request<Result>(
    name: string,
    options: { readonly ifAvailable?: boolean },
    use: (lock: unknown) => Result | Promise<Result>,
  ): Promise<Result>;
  query(): Promise<{ readonly held: readonly { readonly name: string }[] }>;
}

interface Realm {
  readonly isSecureContext?: boolean;
  readonly navigator?: {
    readonly locks?: LockManager;
    readonly storage?: { getDirectory?(): Promise<DirectoryHandle> };
  };
  readonly FileSystemFileHandle?: { readonly prototype: object };
  readonly FileSystemSyncAccessHandle?: { readonly prototype: object };
  readonly FileSystemObserver?: new (
    onChange: (records: readonly { readonly relativePathComponents: readonly string[] }[]) => void,
  ) => Observer;
}

export const realm: Realm = globalThis as Realm;

/** Whether this is a dedicated worker, where files can be opened, of a browser that can open them. */
export function canOpenHere(): boolean {
  const { prototype } = realm.FileSystemFileHandle ?? {};
  return prototype !== undefined && "createSyncAccessHandle" in prototype;
}

/** Whether several handles of one file may be open at the same time. Elsewhere one excludes all others. */
export function sharesHandles(): boolean {
  const { prototype } = realm.FileSystemSyncAccessHandle ?? {};
  return prototype !== undefined && "mode" in prototype;
}

/** @throws NpyError `ERR_NPY_OPTION` that names what this browser or page lacks. */
export async function rootDirectory(): Promise<DirectoryHandle> {
  const { storage, locks } = realm.navigator ?? {};
  if (storage?.getDirectory === undefined) throw missing("navigator.storage.getDirectory");
  if (locks === undefined) throw missing("navigator.locks");
  try {
    return await storage.getDirectory();
  } catch (cause) {
    const { name, message } = cause as Error;
    throw new NpyError(
      "ERR_NPY_OPTION",
      `This browser keeps no files for this page, as in some private windows (${name}: ${message}): use MemoryStorage, or another window.`,
      { cause },
    );
  }
}

export function missing(what: string): NpyError {
  const isInsecure = realm.isSecureContext === false;
  const advice = isInsecure ? "the page must come from https: or localhost" : "use a newer browser, or MemoryStorage";
  return new NpyError("ERR_NPY_OPTION", `Files of the browser need ${what}, which is missing here: ${advice}.`);
}

function locks(): LockManager {
  if (realm.navigator?.locks === undefined) throw missing("navigator.locks");
  return realm.navigator.locks;
}

/** Takes a Web Lock if it is free. Returns what releases it, whose promise resolves once others can have it. */
export function tryLock(name: string): Promise<(() => Promise<void>) | undefined> {
  return new Promise((resolve, reject) => {
    const held: Promise<void> = locks().request(name, { ifAvailable: true }, (lock) => {
      if (lock === null) return resolve(undefined);
      return new Promise<void>((release) => {
        resolve(async () => {
          release();
          await held;
        });
      });
    });
    held.catch(reject);
  });
}

/** Whether somebody holds a Web Lock. */
export async function isLocked(name: string): Promise<boolean> {
  return (await locks().query()).held.some((lock) => lock.name === name);
}

/** Waits for a Web Lock, and holds it during `use`. */
export function withLock<Result>(name: string, use: () => Promise<Result>): Promise<Result> {
  return locks().request(name, {}, use);
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
