/** Rows one by one. Iterators written by hand: a generator takes twice as long for each row. */
import type { NpyArray, RowOf } from "../decode/npy-array.ts";
import { rowGetter, singleValues } from "../decode/rows.ts";
import type { Eventually } from "../storage/storage.ts";

/** Where rows come from: the bounds of parts that are read at once, and how one is read. */
interface Parts<Read> {
  readonly bounds: Iterator<readonly [start: number, stop: number]>;
  readonly read: (start: number, stop: number) => Read;
  readonly signal: AbortSignal | undefined;
}

const DONE: IteratorReturnResult<undefined> = { value: undefined, done: true };
const NOTHING: Iterator<never> = { next: () => DONE };

class RowsSync<D> implements IterableIterator<RowOf<D>, undefined> {
  readonly #signal: AbortSignal | undefined;
  readonly #read: (start: number, stop: number) => NpyArray<D>;
  #bounds: Parts<NpyArray<D>>["bounds"];
  /** Where an element is a row: indexing takes half the time of a call. */
  #values: ArrayLike<unknown> | undefined;
  #row: (i: number) => unknown = () => undefined;
  #at = 0;
  #end = 0;

  constructor({ bounds, read, signal }: Parts<NpyArray<D>>) {
    this.#bounds = bounds;
    this.#read = read;
    this.#signal = signal;
  }

  next(): IteratorResult<RowOf<D>, undefined> {
    if (this.#signal?.aborted || this.#at === this.#end) return this.#later();
    const i = this.#at++;
    const values = this.#values;
    return { value: (values === undefined ? this.#row(i) : values[i]) as RowOf<D>, done: false };
  }

  #later(): IteratorResult<RowOf<D>, undefined> {
    try {
      this.#signal?.throwIfAborted();
      const { done, value } = this.#bounds.next();
      if (done === true) return DONE;
      const [start, stop] = value;
      const array = this.#read(start, stop) as NpyArray;
      this.#values = singleValues(array);
      this.#row = rowGetter(array);
      this.#at = 0;
      this.#end = stop - start;
      return this.next();
    } catch (error) {
      this.return();
      throw error;
    }
  }

  return(): IteratorResult<RowOf<D>, undefined> {
    this.#bounds = NOTHING;
    this.#at = this.#end;
    return DONE;
  }

  [Symbol.iterator](): this {
    return this;
  }
}

class Rows<D> implements AsyncIterableIterator<RowOf<D>, undefined> {
  readonly #signal: AbortSignal | undefined;
  readonly #read: (start: number, stop: number) => Eventually<NpyArray<D>>;
  #bounds: Parts<NpyArray<D>>["bounds"];
  #row: (i: number) => unknown = () => undefined;
  #at = 0;
  #end = 0;
  /** Calls that wait for a part to be read, and the last of them: rows come in the order of the calls. */
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ bounds, read, signal }: Parts<Eventually<NpyArray<D>>>) {
    this.#bounds = bounds;
    this.#read = read;
    this.#signal = signal;
  }

  next(): Promise<IteratorResult<RowOf<D>, undefined>> {
    if (this.#waiting > 0 || this.#signal?.aborted || this.#at === this.#end) return this.#inTurn(() => this.#later());
    return Promise.resolve({ value: this.#row(this.#at++) as RowOf<D>, done: false });
  }

  return(): Promise<IteratorResult<RowOf<D>, undefined>> {
    return this.#inTurn(async () => this.#finish());
  }

  #inTurn(step: () => Promise<IteratorResult<RowOf<D>, undefined>>): Promise<IteratorResult<RowOf<D>, undefined>> {
    const isFirst = this.#waiting++ === 0;
    const result = (isFirst ? step() : this.#last.then(step)).finally(() => this.#waiting--);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #later(): Promise<IteratorResult<RowOf<D>, undefined>> {
    try {
      this.#signal?.throwIfAborted();
      if (this.#at === this.#end) {
        const { done, value } = this.#bounds.next();
        if (done === true) return DONE;
        const [start, stop] = value;
        this.#row = rowGetter((await this.#read(start, stop)) as NpyArray);
        this.#at = 0;
        this.#end = stop - start;
      }
      return { value: this.#row(this.#at++) as RowOf<D>, done: false };
    } catch (error) {
      this.#finish();
      throw error;
    }
  }

  #finish(): IteratorReturnResult<undefined> {
    this.#bounds = NOTHING;
    this.#at = this.#end;
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** The rows of all parts. Each iteration starts again. */
export function rowsSync<D>(parts: () => Parts<NpyArray<D>>): Iterable<RowOf<D>, undefined> {
  return { [Symbol.iterator]: () => new RowsSync<D>(parts()) };
}

/** {@link rowsSync}, of parts that are read without blocking. */
export function rowsLater<D>(parts: () => Parts<Eventually<NpyArray<D>>>): AsyncIterable<RowOf<D>, undefined> {
  return { [Symbol.asyncIterator]: () => new Rows<D>(parts()) };
}
