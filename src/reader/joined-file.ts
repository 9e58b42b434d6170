/** Several files, open as one. */
import { NpyError } from "../errors.ts";
import { type MappedWindow, MappedWindows, STRIDE } from "../plan/read/mapped-windows.ts";
import { run, runSync } from "../plan/run.ts";
import { type Plan, read, size } from "../plan/step.ts";
import type { Advice, Eventually, StorageFile } from "../storage/storage.ts";
import { type FilePart, type JoinedFiles, missing } from "./joined-files.ts";

function refuse(): never {
  throw new NpyError("ERR_NPY_OPTION", "Several files that are open as one can only be read.");
}

export class JoinedFile implements StorageFile {
  readonly joined: JoinedFiles;
  readonly isSnapshot: boolean;
  readonly readOverhead: number;
  readonly readsAhead: number;

  constructor(joined: JoinedFiles) {
    this.joined = joined;
    const { parts } = joined;
    this.isSnapshot = parts.every((part) => part.isSnapshot);
    this.readOverhead = parts.reduce((most, { readOverhead = 2 ** 13 }) => Math.max(most, readOverhead), 0);
    this.readsAhead = parts.reduce((most, { readsAhead = 1 }) => Math.max(most, readsAhead), 1);
    joined.users++;
  }

  /** As long as the files that are known are the first ones, it is the same file. */
  get key(): unknown {
    return this.joined;
  }

  size(): number {
    return this.joined.size;
  }
  sizeSync(): number {
    return this.joined.size;
  }

  read(buffer: Uint8Array, position: number, signal?: AbortSignal): Eventually<number> {
    return this.joined.read(buffer, position, signal);
  }
  readSync(buffer: Uint8Array, position: number): number {
    return this.joined.readSync(buffer, position);
  }

  close(): Eventually<void> {
    if (--this.joined.users === 0) return run(this.joined.files.close());
  }
  closeSync(): void {
    if (--this.joined.users === 0) runSync(this.joined.files.close());
  }

  readonly write: () => never = refuse;
  readonly writeSync: () => never = refuse;
  readonly truncate: () => never = refuse;
  readonly truncateSync: () => never = refuse;
  readonly sync: () => never = refuse;
  readonly syncSync: () => never = refuse;
}

/** One of the files, which is opened when it is mapped. Local files are opened at once. */
class LazyFile implements Pick<StorageFile, "key" | "map" | "size" | "sizeSync"> {
  readonly #joined: JoinedFiles;
  readonly #part: FilePart;

  constructor(joined: JoinedFiles, part: FilePart) {
    this.#joined = joined;
    this.#part = part;
  }

  get key(): unknown {
    return this.#part.key;
  }

  size(): number {
    return this.sizeSync();
  }
  sizeSync(): number {
    return this.#joined.files.useSync(this.#part, (file) => file.sizeSync());
  }

  map(position: number, length: number, advice: Advice | undefined): Uint8Array<ArrayBuffer> {
    return this.#joined.files.useSync(this.#part, (file) => file.map?.(position, length, advice) as Uint8Array<ArrayBuffer>);
  }
}

/** The windows into one of the files. */
interface PartWindows {
  readonly file: StorageFile;
  readonly windows: MappedWindows;
  /** Whose `start` counts from the beginning of all data. */
  readonly known: Map<MappedWindow, MappedWindow>;
  /** The look at which the file was seen to hold its rows. */
  look: number;
}

/** Files whose windows are kept. A process may have about 65,000 mappings. */
const MOST_MAPPED = 4096;

/** Windows into several files. A range that lies in two of them is read, not mapped. */
export class JoinedWindows extends MappedWindows {
  readonly #file: JoinedFile;
  readonly #advice: Advice | undefined;
  readonly #parts = new Map<FilePart, PartWindows>();
  #last: FilePart | undefined;

  constructor(file: JoinedFile, advice: Advice | undefined) {
    super(file, 0, advice);
    this.#file = file;
    this.#advice = advice;
  }

  /** What lies in two files is read with the gaps in it: so much at once, and no more. */
  override get span(): number {
    return 2 ** 20;
  }

  override *bytes(position: number, length: number, end: number): Plan<Uint8Array<ArrayBuffer>> {
    const part = this.#partAt(position);
    if (position + length > part.start + part.length) {
      const bytes = new Uint8Array(length);
      yield* read(this.#file, bytes, this.#file.joined.headerLength + position);
      return bytes;
    }
    const { window, start } = this.known(position, length) ?? (yield* this.around(position, length, end));
    return window.subarray(position - start, position - start + length);
  }

  override known(position: number, length: number): MappedWindow | undefined {
    const part = this.#partAt(position);
    const mapped = this.#parts.get(part);
    if (mapped === undefined || mapped.look !== this.#file.joined.looks) return undefined;
    const found = mapped.windows.known(position - part.start, length);
    return found && this.#among(part, mapped, found);
  }

  override *around(position: number, length: number, _end: number): Plan<MappedWindow> {
    const part = this.#partAt(position);
    const mapped = this.#windowsOf(part);
    const { looks } = this.#file.joined;
    // Touching mapped memory past the end of the file kills the process.
    const present = (yield* size(mapped.file)) - part.header.headerLength;
    if (present < part.length) throw missing(part, present);
    mapped.look = looks;
    const from = position - part.start;
    return this.#among(
      part,
      mapped,
      mapped.windows.known(from, length) ?? (yield* mapped.windows.around(from, length, part.length)),
    );
  }

  #partAt(position: number): FilePart {
    const last = this.#last;
    if (last !== undefined && position >= last.start && position < last.start + last.length) return last;
    this.#last = this.#file.joined.partAt(position);
    return this.#last;
  }

  #windowsOf(part: FilePart): PartWindows {
    let mapped = this.#parts.get(part);
    if (mapped === undefined) {
      const file = new LazyFile(this.#file.joined, part) as unknown as StorageFile;
      mapped = { file, windows: new MappedWindows(file, part.header.headerLength, this.#advice), known: new Map(), look: -1 };
      for (const oldest of this.#parts.keys()) if (this.#parts.size >= MOST_MAPPED) this.#parts.delete(oldest);
      this.#parts.set(part, mapped);
    }
    return mapped;
  }

  /** A window into a file, as one into all data. */
  #among(part: FilePart, { known }: PartWindows, found: MappedWindow): MappedWindow {
    let window = known.get(found);
    if (window === undefined) {
      window = { start: part.start + found.start, window: found.window };
      // Those of ranges longer than a stride are used once.
      if (found.start % STRIDE === 0) known.set(found, window);
    }
    return window;
  }
}
