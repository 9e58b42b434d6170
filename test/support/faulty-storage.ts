/**
 * A file in memory behind a storage that records every step, and fails or stops at whichever a test chooses. It is stricter than a
 * system is: what uses a closed file fails, and it knows which files were left open or lying about.
 */
import { MemoryStorage } from "../../src/index.ts";
import type { Step } from "../../src/plan/step.ts";
import type { Eventually, LockResult, MappedPart, OpenMode, Storage, StorageFile } from "../../src/storage/storage.ts";
import { MappedMemory } from "./mapped-memory.ts";

/** A step as it was asked for; `bytes` are a copy. */
export interface RecordedStep {
  readonly op: Step["op"];
  readonly position?: number;
  readonly bytes?: Uint8Array;
  readonly size?: number;
}

/** How much of a write that fails is written nevertheless. */
export interface Tear {
  readonly after?: number;
}

/** From which step on, up to which (not included), everything fails. */
interface Fault {
  readonly from: number;
  readonly to: number;
  readonly after: number;
  readonly message: string;
}

/** What the storage is like. */
export interface StorageOptions {
  /** Asynchronous operations have to be waited for; else they are done at once, as those of memory are. */
  readonly isSlow?: boolean;
  /** The size of the blocks that may be inserted at the beginning of a file. */
  readonly blockSize?: number | undefined;
  /** Up to so many bytes writes need not be waited for. Default 0. */
  readonly writesAtOnce?: number;
  /** Whether a temporary file cannot be given its name in one step, as where there are no hard links. */
  readonly hasNoLinks?: boolean | undefined;
  /** Whether inserting them, when it is tried, turns out to be impossible. */
  readonly refusesInsert?: boolean | undefined;
  /** Whether files can be locked, and mapped to be written to. */
  readonly maps?: boolean | undefined;
}

export class FaultyStorage implements Storage {
  readonly path: undefined;
  /** @internal */
  readonly options: StorageOptions;
  /** What was asked for, whether it failed or not. Steps are counted by their index here. */
  readonly steps: RecordedStep[] = [];
  /** Every error that was thrown at the user of this storage. */
  readonly errors: Error[] = [];
  /** Files that `createTemporary` made, and that neither took their place nor were removed. */
  readonly temporaries: Set<unknown> = new Set();
  openFiles = 0;
  readonly #memory: MemoryStorage;
  /** @internal The parts of files that are mapped. */
  readonly mappings: Set<MappedMemory> = new Set();
  #faults: Fault[] = [];
  /** The next write fails after so many bytes. */
  #nextWrite: number | undefined;

  constructor(bytes?: Uint8Array, options: StorageOptions = {}) {
    this.#memory = new MemoryStorage(bytes);
    this.options = options;
  }

  get key(): unknown {
    return this;
  }

  lockProblem(): string | undefined {
    return this.options.maps ? undefined : "this storage has none";
  }
  mapProblem(): string | undefined {
    return this.options.maps ? undefined : "this storage cannot be mapped";
  }

  /** A copy of the whole file; `undefined` while there is none. */
  bytes(): Uint8Array<ArrayBuffer> | undefined {
    this.#flush();
    return this.#memory.bytes();
  }

  /** The next write fails, as on a full disk, after some of its bytes. */
  failNextWrite({ after = 0 }: Tear = {}): void {
    this.#nextWrite = after;
  }
  // Faults add up: a step may fail, and the process stop while it is taken back.

  /** Step `from` fails, and nothing after it. */
  failAt(from: number, { after = 0 }: Tear = {}): void {
    this.#faults.push({ from, to: from + 1, after, message: FULL });
  }
  /** Step `from` fails, and everything after it. */
  failFrom(from: number, { after = 0 }: Tear = {}): void {
    this.#faults.push({ from, to: Number.POSITIVE_INFINITY, after, message: FULL });
  }
  failFromNowOn(): void {
    this.failFrom(this.steps.length);
  }
  failNever(): void {
    this.#faults = [];
    this.#nextWrite = undefined;
  }
  /** As if the process had been killed at step `from`: of a write some bytes are there, and nothing after it happens. */
  stopAt(from: number, { after = 0 }: Tear = {}): void {
    this.#faults.push({ from, to: Number.POSITIVE_INFINITY, after, message: "stopped" });
  }

  /**
   * Records a step and performs it, unless it is to fail: then `tear` does what is done of it nevertheless.
   *
   * @internal
   */
  perform<Result>(step: RecordedStep, action: () => Result, tear?: (after: number) => void): Result {
    this.#flush();
    try {
      return this.#perform(step, action, tear);
    } finally {
      for (const mapping of this.mappings) mapping.refresh();
    }
  }

  /** Each part must show what was stored in the others. */
  #flush(): void {
    for (const mapping of this.mappings) mapping.flush();
    for (const mapping of this.mappings) mapping.refresh();
  }

  #perform<Result>(step: RecordedStep, action: () => Result, tear?: (after: number) => void): Result {
    const index = this.steps.push(step) - 1;
    const fault = this.#faults.find(({ from, to }) => index >= from && index < to);
    let after = fault && (index === fault.from ? fault.after : 0);
    if (step.op === "write" && this.#nextWrite !== undefined) {
      after = this.#nextWrite;
      this.#nextWrite = undefined;
    }
    if (after === undefined) return action();
    tear?.(after);
    throw this.report(fault?.message ?? FULL);
  }

  /** @internal */
  report(message: string): Error {
    const [code] = message.split(":");
    const error = Object.assign(new Error(message), { code });
    this.errors.push(error);
    return error;
  }

  /** @internal */
  eventually<Result>(action: () => Result): Eventually<Result> {
    return this.options.isSlow ? Promise.resolve().then(action) : action();
  }

  #adopt(file: Eventually<StorageFile>): FaultyFile {
    this.openFiles++;
    return new FaultyFile(this, file as StorageFile);
  }

  openSync(mode: OpenMode): StorageFile {
    return this.perform({ op: "open" }, () => this.#adopt(this.#memory.openSync(mode)));
  }
  open(mode: OpenMode): Eventually<StorageFile> {
    return this.eventually(() => this.openSync(mode));
  }
  createSync(): StorageFile {
    return this.perform({ op: "create" }, () => this.#adopt(this.#memory.createSync()));
  }
  create(): Eventually<StorageFile> {
    return this.eventually(() => this.createSync());
  }
  createTemporarySync(): StorageFile {
    return this.perform({ op: "createTemporary" }, () => {
      const file = this.#adopt(this.#memory.createTemporarySync());
      this.temporaries.add(file.key);
      return file;
    });
  }
  createTemporary(): Eventually<StorageFile> {
    return this.eventually(() => this.createTemporarySync());
  }
  replaceSync(temporary: StorageFile): void {
    this.perform({ op: "replace" }, () => {
      if (!this.temporaries.delete(temporary.key)) throw this.report("ENOENT: no such temporary file");
      this.#memory.replaceSync((temporary as FaultyFile).inner);
    });
  }
  replace(temporary: StorageFile): Eventually<void> {
    return this.eventually(() => this.replaceSync(temporary));
  }
  placeSync(temporary: StorageFile): boolean {
    return this.perform({ op: "place" }, () => {
      if (this.options.hasNoLinks) return false;
      if (!this.temporaries.has(temporary.key)) throw this.report("ENOENT: no such temporary file");
      this.#memory.placeSync((temporary as FaultyFile).inner);
      return this.temporaries.delete(temporary.key);
    });
  }
  place(temporary: StorageFile): Eventually<boolean> {
    return this.eventually(() => this.placeSync(temporary));
  }
  removeSync(file: StorageFile): void {
    this.perform({ op: "remove" }, () => {
      this.temporaries.delete(file.key);
      this.#memory.removeSync((file as FaultyFile).inner);
    });
  }
  remove(file: StorageFile): Eventually<void> {
    return this.eventually(() => this.removeSync(file));
  }
}

const FULL = "ENOSPC: no space left on device";

class FaultyFile implements StorageFile {
  readonly inner: StorageFile;
  readonly #storage: FaultyStorage;
  #isClosed = false;
  readonly mapEnd?: (position: number, length: number) => MappedPart;
  #start: MappedMemory | undefined;
  #end: MappedMemory | undefined;

  constructor(storage: FaultyStorage, inner: StorageFile) {
    this.#storage = storage;
    this.inner = inner;
    if (storage.options.maps) this.mapEnd = (position, length) => this.#mapEnd(position, length);
  }

  lockSync(): LockResult {
    return this.#storage.options.maps ? "locked" : "unsupported";
  }
  lock(): LockResult {
    return this.lockSync();
  }
  mapStart(length: number): Uint8Array<ArrayBuffer> {
    if (!this.#storage.options.maps) throw new Error("not here");
    this.#start ??= this.#map(0, length);
    return this.#start.bytes;
  }
  #map(position: number, length: number): MappedMemory {
    const mapping = new MappedMemory(this.inner, position, length);
    this.#storage.mappings.add(mapping);
    return mapping;
  }
  #mapEnd(position: number, length: number): MappedPart {
    return this.#perform({ op: "mapEnd" }, () => {
      this.unmapEnd();
      const start = position - (position % 4096);
      this.#end = this.#map(start, position + length - start);
      return { bytes: this.#end.bytes, position: start };
    });
  }
  unmapEnd(): void {
    this.#unmap(this.#end);
    this.#end = undefined;
  }
  #unmap(mapping: MappedMemory | undefined): void {
    if (mapping === undefined) return;
    mapping.flush();
    this.#storage.mappings.delete(mapping);
  }
  reserve(position: number, length: number): boolean {
    return this.#perform({ op: "reserve", size: position + length }, () => true);
  }

  get key(): unknown {
    return this.inner.key;
  }

  #perform<Result>(step: RecordedStep, action: () => Result, tear?: (after: number) => void): Result {
    if (this.#isClosed) throw this.#storage.report(`EBADF: ${step.op} of a closed file`);
    return this.#storage.perform(step, action, tear);
  }

  sizeSync(): number {
    return this.#perform({ op: "size" }, () => this.inner.sizeSync());
  }
  size(): Eventually<number> {
    return this.#storage.eventually(() => this.sizeSync());
  }
  readSync(buffer: Uint8Array, position: number): number {
    return this.#perform({ op: "read", position }, () => this.inner.readSync(buffer, position));
  }
  read(buffer: Uint8Array, position: number): Eventually<number> {
    return this.#storage.eventually(() => this.readSync(buffer, position));
  }
  writeSync(bytes: Uint8Array, position: number): void {
    const write = (part: Uint8Array): void => this.inner.writeSync(part, position);
    this.#perform(
      { op: "write", position, bytes: bytes.slice() },
      () => write(bytes),
      (after) => write(bytes.subarray(0, after)),
    );
  }
  write(bytes: Uint8Array, position: number): Eventually<void> {
    return this.#storage.eventually(() => this.writeSync(bytes, position));
  }
  truncateSync(size: number): void {
    this.#perform({ op: "truncate", size }, () => this.inner.truncateSync(size));
  }
  truncate(size: number): Eventually<void> {
    return this.#storage.eventually(() => this.truncateSync(size));
  }
  get writesAtOnce(): number {
    return this.#storage.options.writesAtOnce ?? 0;
  }
  get blockSize(): number | undefined {
    return this.#storage.options.blockSize;
  }
  /** Done as a whole or not at all. */
  insertSync(length: number): boolean {
    const insert = (): boolean => {
      if (this.#storage.options.refusesInsert) return false;
      insertZeros(this.inner, length);
      return true;
    };
    return this.#perform({ op: "insert", size: length }, insert, (after) => after > 0 && insert());
  }
  insert(length: number): Eventually<boolean> {
    return this.#storage.eventually(() => this.insertSync(length));
  }
  copyTimes(): void {
    this.#perform({ op: "copyTimes" }, () => {});
  }
  syncSync(): void {
    this.#perform({ op: "sync" }, () => this.inner.syncSync());
  }
  sync(): Eventually<void> {
    return this.#storage.eventually(() => this.syncSync());
  }
  /** As on Linux, a file is closed even if closing fails. */
  closeSync(): void {
    const close = (): void => {
      this.#isClosed = true;
      this.unmapEnd();
      this.#unmap(this.#start);
      this.#storage.openFiles--;
    };
    this.#perform({ op: "close" }, close, close);
  }
  close(): Eventually<void> {
    return this.#storage.eventually(() => this.closeSync());
  }
}

/** What a file system does that can insert blocks. */
export function insertZeros(file: StorageFile, length: number): void {
  const bytes = new Uint8Array(length + file.sizeSync());
  file.readSync(bytes.subarray(length), 0);
  file.writeSync(bytes, 0);
}
