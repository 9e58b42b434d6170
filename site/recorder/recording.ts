/** One recording: rows go from a source into a file. */
import { dtype, NpyAppendArray } from "../shared/library.ts";
import type { Catalog } from "./catalog.ts";
import type { Batch, Source } from "./source.ts";

/** Milliseconds between two flushes to the disk. */
const FLUSH = 1000;

export interface Listener {
  /** Rows are in the file. */
  stored(batch: Batch): void;
  /** The recording ended because of an error. What is stored stays. */
  failed(error: unknown): void;
}

export class Recording {
  readonly name: string;
  readonly source: Source;
  /** When it began, or was continued, as `performance.now()` gives it. */
  readonly begun: number = performance.now();
  /** The rows that the file had then. */
  readonly firstRow: number;
  /** Rows in the file: they survive the tab and the browser. */
  rows: number;
  /** Rows that are on the disk: they survive a power cut, too. */
  flushedRows: number;
  readonly #npaa: NpyAppendArray;
  readonly #release: (isFinished: boolean) => Promise<void>;
  readonly #listener: Listener;
  readonly #timer: ReturnType<typeof setInterval>;
  #storing: Promise<void> = Promise.resolve();
  #isEnded = false;

  /** Begins a recording, or continues one. */
  static async start(catalog: Catalog, name: string, source: Source, listener: Listener): Promise<Recording> {
    try {
      const isNew = !(await catalog.names()).includes(name);
      const release = await catalog.hold(name);
      try {
        const npaa = await NpyAppendArray.open(catalog.file(name), {
          dtype: source.dtype,
          rowShape: [],
          onNeedsRecovery: "truncate",
        });
        return new Recording(name, source, npaa, release, listener);
      } catch (error) {
        await release(isNew);
        throw error;
      }
    } catch (error) {
      await source.stop();
      throw error;
    }
  }

  private constructor(
    name: string,
    source: Source,
    npaa: NpyAppendArray,
    release: (isFinished: boolean) => Promise<void>,
    listener: Listener,
  ) {
    this.name = name;
    this.source = source;
    this.firstRow = this.rows = this.flushedRows = npaa.length;
    this.#npaa = npaa;
    this.#release = release;
    this.#listener = listener;
    this.#timer = setInterval(() => void this.#flush().catch((error: unknown) => this.#fail(error)), FLUSH);
    source.start(
      npaa.length,
      (batch) => this.#take(batch),
      (error) => void this.#fail(error),
    );
  }

  /** Bytes of the rows in the file. */
  get bytes(): number {
    return this.rows * this.rowBytes;
  }

  get rowBytes(): number {
    return dtype(this.source.dtype).itemsize;
  }

  #take(batch: Batch): Promise<void> {
    if (this.#isEnded) return Promise.resolve();
    this.#storing = this.#npaa.append(batch.input as never).then(
      () => {
        this.rows += batch.rows;
        this.#listener.stored(batch);
      },
      (error: unknown) => void this.#fail(error),
    );
    return this.#storing;
  }

  /** Writes to the disk what the browser and the system may hold in memory. */
  async #flush(): Promise<void> {
    if (this.#isEnded || this.rows === this.flushedRows) return;
    const { rows } = this;
    await this.#npaa.sync();
    this.flushedRows = rows;
  }

  /** Finishes the recording. */
  async stop(): Promise<void> {
    if (this.#isEnded) return;
    clearInterval(this.#timer);
    await this.source.stop();
    await this.#storing;
    if (this.#isEnded) return;
    try {
      await this.#flush();
      await this.#npaa.close();
    } catch (error) {
      return await this.#fail(error);
    }
    this.#isEnded = true;
    await this.#release(true);
  }

  async #fail(error: unknown): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearInterval(this.#timer);
    // The first error says what happened.
    await this.source.stop().catch(() => undefined);
    await this.#npaa.close().catch(() => undefined);
    await this.#release(false).catch(() => undefined);
    this.#listener.failed(error);
  }
}
