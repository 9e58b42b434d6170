/** Reading groups synchronously. */
import { checkOptions } from "../options.ts";
import { runSync } from "../plan/run.ts";
import { addGroup } from "../reader/open-readers.ts";
import { attempt } from "../verb.ts";
import { CHUNK_OPTIONS, chunkOf, closed, type GroupChunkOptions, GroupReader } from "./group-reader.ts";
import type { GroupArraysOf, GroupReading } from "./group-reading.ts";

/** {@link NpyGroupReader}, synchronously. */
export class NpyGroupReaderSync<A = unknown> extends GroupReader implements Disposable {
  readonly #reading: GroupReading;
  #isClosed = false;

  /** @internal Use {@link NpyGroupReader.openSync}. */
  constructor(reading: GroupReading) {
    super(reading, "NpyGroupReaderSync");
    this.#reading = reading;
    addGroup(this, () => this.#open().parts());
  }

  /** {@link NpyGroupReader.read}, synchronously. */
  read(start?: number, stop?: number): GroupArraysOf<A> {
    return attempt(this.path, () => runSync(this.#open().read<A>(start, stop, {})));
  }

  /** {@link NpyGroupReader.take}, synchronously. */
  take(rows: ArrayLike<number | bigint>): GroupArraysOf<A> {
    return attempt(this.path, () => runSync(this.#open().take<A>(rows, {})));
  }

  /** {@link NpyGroupReader.refresh}, synchronously. */
  refresh(): void {
    attempt(this.path, () => runSync(this.#open().refresh()));
  }

  /** {@link NpyGroupReader.chunks}, synchronously. */
  *chunks(options: Omit<GroupChunkOptions, "signal"> = {}): Generator<GroupArraysOf<A>, undefined, unknown> {
    const { rows = this.#open().rowsPerChunk() } = attempt(this.path, () => checkOptions(options, CHUNK_OPTIONS));
    for (let start = 0; start < this.length; start += rows) {
      yield chunkOf(this.read(start, Math.min(this.length, start + rows)), start);
    }
  }

  /** {@link NpyGroupReader.close}, synchronously. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    attempt(this.path, () => runSync(this.#reading.close()));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #open(): GroupReading {
    if (this.#isClosed) throw closed(this.path);
    return this.#reading;
  }
}
