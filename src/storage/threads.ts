/** The contract of a runtime's threads, as far as they share files. */
import type { StorageFile } from "./storage.ts";

/** Connects two threads, and keeps neither of them running. */
export interface Connection {
  /** Calls back when the other end is closed or its thread ends; at once if that has already happened. */
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
  /** Calls back with each connection to `name`, and the number that the other end gave, until the returned function is called. */
  listen(name: string, onConnect: (connection: Connection, owner: number) => void): () => void;
  /**
   * Connects to the thread, once it is known to listen to `name`. The main thread is not waited for: it lives as long as the process. If this thread
   * ends from the call on, the other one hears of the connection's end.
   */
  connect(thread: number, name: string, owner: number): Promise<Connection>;
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
 * A file whose asynchronous operations block. When a thread is terminated, none of its writes may still be under way in another thread: it could
 * reach the file after somebody else was given its place there.
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
