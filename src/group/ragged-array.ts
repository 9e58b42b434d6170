/** Rows of any length, as reading a ragged array gives them. */
import type { NpyData, RecordArray } from "../decode/record-array.ts";
import type { DType } from "../format/dtype.ts";

/** Made when the first text is asked for: jsdom has none. */
let decoder: InstanceType<typeof TextDecoder> | undefined;

/**
 * Rows of any length: row `i` is the elements from `offsets[i]` to `offsets[i + 1]`. Arrow's lists and texts have this form, and take `values` and
 * `offsets` without a copy.
 *
 * @example
 * ```ts
 * await using group = await NpyAppendGroup.open("documents", { arrays: { text: { dtype: "utf8" } } });
 * await group.append({ text: ["one", "two"] });
 * await using reader = await NpyGroupReader.open("documents");
 * const { text } = await reader.read();
 * (text as RaggedArray).at(-1); // "two"
 * ```
 */
export class RaggedArray implements Iterable<NpyData | string> {
  /** The elements of all rows. Those of texts are bytes. */
  readonly values: NpyData;
  /** Where each row begins in `values`, and where the last one ends: one more than there are rows. `BigInt64Array` from 2^31 elements on. */
  readonly offsets: Int32Array | BigInt64Array;
  /** The dtype of the elements. */
  readonly dtype: DType;
  /** Whether rows are texts, in UTF-8. */
  readonly isText: boolean;
  /** The number of rows. */
  readonly length: number;
  /** The first row in the file, of what {@link NpyGroupReader} reads. */
  readonly start: number;

  /** Items of `values` for each element: 2 for complex numbers, the bytes of elements that are given as bytes. */
  readonly #width: number;

  /** @internal */
  constructor({ values, offsets, dtype, isText, start = 0 }: RaggedParts, width: number = 1) {
    this.values = values;
    this.offsets = offsets;
    this.dtype = dtype;
    this.isText = isText;
    this.length = offsets.length - 1;
    this.start = start;
    this.#width = width;
  }

  /** One row: a text, or its elements, which share memory with `values`. A negative index counts from the end. `undefined`: there is no such row. */
  at(index: number): NpyData | string | undefined {
    const row = index < 0 ? this.length + index : index;
    if (!(Number.isInteger(row) && row >= 0 && row < this.length)) return undefined;
    const elements = part(this.values, Number(this.offsets[row]) * this.#width, Number(this.offsets[row + 1]) * this.#width);
    if (!this.isText) return elements;
    decoder ??= new TextDecoder("utf-8", { ignoreBOM: true });
    return decoder.decode(elements as Uint8Array);
  }

  /** The rows `start` to `end` (not included), as `Array.prototype.slice`. They share memory with these, and `offsets` may begin with more than 0. */
  slice(start: number = 0, end: number = this.length): RaggedArray {
    const from = within(start, this.length);
    const to = Math.max(from, within(end, this.length));
    const offsets = this.offsets.subarray(from, to + 1);
    return new RaggedArray({ ...this, offsets, start: this.start + from }, this.#width);
  }

  *[Symbol.iterator](): Generator<NpyData | string, undefined, unknown> {
    for (let row = 0; row < this.length; row++) yield this.at(row) as NpyData | string;
  }
}

export interface RaggedParts {
  readonly values: NpyData;
  readonly offsets: Int32Array | BigInt64Array;
  readonly dtype: DType;
  readonly isText: boolean;
  readonly start?: number;
}

function within(row: number, length: number): number {
  return row < 0 ? Math.max(0, length + row) : Math.min(row, length);
}

/** Items `start` to `end`: a view where there can be one. */
export function part(values: NpyData, start: number, end: number): NpyData {
  if (ArrayBuffer.isView(values)) return (values as Uint8Array<ArrayBuffer>).subarray(start, end);
  if (Array.isArray(values)) return values.slice(start, end);
  const records = values as RecordArray;
  return Array.from({ length: end - start }, (_, i) => records.at(start + i)) as unknown as NpyData;
}
