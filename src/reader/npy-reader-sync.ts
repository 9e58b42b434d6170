/** Reading synchronously. */
import type { FieldName, NpyArray, NpyChunk, RowOf, WithFields } from "../decode/npy-array.ts";
import type { Selection } from "../format/selection.ts";
import { checkOptions } from "../options.ts";
import { runSync } from "../plan/run.ts";
import { close } from "../plan/step.ts";
import { attempt } from "../verb.ts";
import { ArrayReader, closed } from "./array-reader.ts";
import type { OpenArray } from "./open-array.ts";
import { addReaderSync } from "./open-readers.ts";
import {
  CHUNK_OPTIONS,
  type ChunkOptions,
  checkedRead,
  type ReadRowsOptions,
  ROWS_OPTIONS,
  type RowsOptions,
  SELECT_OPTIONS,
  type SelectOptions,
  TAKE_OPTIONS,
} from "./reader-options.ts";
import { rowsSync } from "./rows.ts";
import { checkSearchOptions, type SearchOptions, type SearchValue, searchSorted } from "./search-sorted.ts";

/** {@link NpyReader}, synchronously. */
export class NpyReaderSync<D = unknown> extends ArrayReader<D> implements Disposable {
  readonly #array: OpenArray<D>;
  #isClosed = false;

  /** @internal Use {@link NpyReader.openSync}. */
  constructor(array: OpenArray<D>) {
    super(array, "NpyReaderSync");
    this.#array = array;
    addReaderSync(this, () => this.#open());
  }

  #open(): OpenArray<D> {
    if (this.#isClosed) throw closed(this.path);
    this.#array.signal?.throwIfAborted();
    return this.#array;
  }

  /** {@link NpyReader.refresh}, synchronously. */
  refresh(): void {
    attempt(this.path, () => {
      const replaced = runSync(this.#open().refresh());
      if (replaced !== undefined) runSync(close(replaced));
    });
  }

  /** {@link NpyReader.read}, synchronously. */
  read(start?: number, stop?: number, options: ReadRowsOptions = {}): NpyArray<D> {
    return attempt(this.path, () => {
      const array = this.#open();
      const { out, order, signal } = checkedRead(options);
      signal?.throwIfAborted();
      if (order !== undefined) return runSync(array.readOrdered(start, stop, { out, order }));
      return out === undefined ? runSync(array.read(start, stop)) : array.readIntoSync(out, start, stop);
    });
  }

  /** {@link NpyReader.take}, synchronously. */
  take(rows: ArrayLike<number | bigint>, options: ReadRowsOptions = {}): NpyArray<D> {
    return attempt(this.path, () => {
      const array = this.#open();
      const { signal, ...placing } = checkOptions(options, TAKE_OPTIONS);
      signal?.throwIfAborted();
      return runSync(array.take(rows, placing));
    });
  }

  /** {@link NpyReader.select}, synchronously. */
  select<const Name extends FieldName<D> = never>(
    selection: Selection,
    options: SelectOptions<Name> = {},
  ): NpyArray<WithFields<D, Name>> {
    return attempt(this.path, () => {
      const array = this.#open();
      const { signal, ...choosing } = checkOptions(options, SELECT_OPTIONS);
      signal?.throwIfAborted();
      return runSync(array.select(selection, choosing)) as NpyArray<WithFields<D, Name>>;
    });
  }

  /** {@link NpyReader.chunks}, synchronously. */
  chunks(options: ChunkOptions = {}): Iterable<NpyChunk<D>> {
    const checked = attempt(this.path, () => checkOptions(options, CHUNK_OPTIONS));
    const { out, order, signal } = checked;
    const read = (start: number, stop: number): NpyArray<D> => this.read(start, stop, { out, order, signal });
    const bounds = (): Iterable<[number, number]> => this.#array.chunkBounds(checked);
    return {
      *[Symbol.iterator]() {
        for (const [start, stop] of bounds()) yield { ...read(start, stop), start };
      },
    };
  }

  /** {@link NpyReader.searchsorted}, synchronously. */
  searchsorted(value: SearchValue, options: SearchOptions = {}): number {
    return attempt(this.path, () => {
      const array = this.#open();
      const checked = checkSearchOptions(options);
      checked.signal?.throwIfAborted();
      return runSync(searchSorted(array, value, checked));
    });
  }

  /** {@link NpyReader.rows}, synchronously. */
  rows(options: RowsOptions = {}): Iterable<RowOf<D>, undefined> {
    const checked = attempt(this.path, () => checkOptions(options, ROWS_OPTIONS));
    const { signal } = checked;
    const read = (start: number, stop: number): NpyArray<D> => this.read(start, stop, { signal });
    return rowsSync(() => ({ bounds: this.#array.chunkBounds(checked), read, signal }));
  }

  /** {@link NpyReader.close}, synchronously. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    attempt(this.path, () => runSync(this.#array.close()));
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
