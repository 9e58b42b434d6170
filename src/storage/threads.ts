/** The contract of a runtime's threads, as far as files are shared between them. */
import type { StorageFile } from "./storage.ts";

/** What two threads are connected by. It keeps neither of them running. */
export interface Connection {
  /** Calls back when the other end was closed, or its thread is gone; at once if that is so already. */
  onEnd(callback: () => void): void;
  close(): void;
}

/** The threads of a process. */
export interface Threads {
  /** The number of this thread. */
  readonly current: number;
  /** Whether this thread may be terminated while the process goes on. */
  readonly isWorker: boolean;
  /** What keeps threads from being connected, as the end of a sentence. */
  problem(): string | undefined;
  /**
   * Calls back with each connection to `name`, until the function that it gives is called. The number that comes back, other than 0, is
   * what the other end is told.
   */
  listen(name: string, onConnect: (connection: Connection) => number): () => void;
  /** Connects with the thread that listens to `name`; fails if none does. */
  connect(thread: number, name: string): Promise<{ readonly connection: Connection; readonly answer: number }>;
}

let threads: Threads | undefined;

/** Called by the entry points of runtimes that have threads. */
export function setThreads(found: Threads): void {
  threads = found;
}

/** The threads of this runtime. */
export function runtimeThreads(): Threads | undefined {
  return threads;
}

/**
 * A file whose asynchronous operations are done at once: of a thread that is terminated, no write may still be under way in another one,
 * which could reach the file when its place there is somebody else's.
 */
export function blocking(file: StorageFile): StorageFile {
  return {
    key: file.key,
    size: () => file.sizeSync(),
    sizeSync: () => file.sizeSync(),
    read: (buffer, position) => file.readSync(buffer, position),
    readSync: (buffer, position) => file.readSync(buffer, position),
    write: (bytes, position) => file.writeSync(bytes, position),
    writeSync: (bytes, position) => file.writeSync(bytes, position),
    truncate: (size) => file.truncateSync(size),
    truncateSync: (size) => file.truncateSync(size),
    ...(file.currentSizeSync && { currentSize: () => file.currentSizeSync?.(), currentSizeSync: () => file.currentSizeSync?.() }),
    sync: () => file.syncSync(),
    syncSync: () => file.syncSync(),
    close: () => file.closeSync(),
    closeSync: () => file.closeSync(),
  };
}
