/** Rows of a ragged array -> the bytes of their elements, and where each row ends. */

import type { NpyData } from "../decode/record-array.ts";
import type { EncodedRows } from "../encode/encoded-rows.ts";
import { NpyError, quoted } from "../errors.ts";
import { counted } from "../format/counted.ts";
import { hasMethod } from "../input/properties.ts";
import { GrowingBuffer } from "../memory/growing-buffer.ts";
import { Batch } from "../writer/batch.ts";
import { part } from "./ragged-array.ts";

/** Rows that passed every check. */
export interface RaggedRows {
  readonly rows: number;
  readonly values: EncodedRows;
  /** Where each row ends, in elements from the first of these rows on. */
  readonly ends: readonly number[];
}

/** Checks elements, as the writer of the file that holds them does. */
type CheckElements = (elements: unknown) => EncodedRows;

/** Made when the first text comes: jsdom has none. */
let encoder: InstanceType<typeof TextEncoder> | undefined;

/**
 * Checks rows: a list of lists, typed arrays or texts, what reading a ragged array gives, or a column of Arrow.
 *
 * @throws NpyError what `append` throws, with the `row`.
 */
export function checkRagged(input: unknown, isText: boolean, check: CheckElements): RaggedRows {
  if (typeof input !== "object" || input === null || ArrayBuffer.isView(input)) throw notRows(input, isText);
  if (Array.isArray(input)) return isText ? checkTexts(input, check) : checkLists(input, check);
  if (hasOffsets(input))
    return checkSpans([{ values: input.values, offsets: input.offsets, rows: input.offsets.length - 1 }], check);
  if (!isVector(input)) throw notRows(input, isText);
  const spans = spansOf(input);
  if (spans !== undefined) return checkSpans(spans, check);
  const get = hasMethod(input, "get") ? (i: number) => input.get?.(i) : (i: number) => input.at?.(i);
  const rows = Array.from({ length: input.length }, (_, i) => get(i));
  return isText ? checkTexts(rows, check) : checkLists(rows, check);
}

function notRows(input: unknown, isText: boolean): NpyError {
  const what = isText ? 'texts, as in ["one", "two"]' : "lists or typed arrays, one for each row, as in [[1, 2], []]";
  return new NpyError("ERR_NPY_VALUE", `The rows of a ragged array are a list of ${what}: found ${quoted(input)}.`);
}

function checkLists(rows: readonly unknown[], check: CheckElements): RaggedRows {
  const batch = new Batch(undefined);
  const ends: number[] = [];
  let byteLength = 0;
  for (let row = 0; row < rows.length; row++) {
    const elements = atRow(row, () => check(listOf(rows[row])));
    batch.add(elements);
    byteLength += elements.byteLength;
    ends.push(batch.rows);
  }
  return { rows: ends.length, values: { ...gathered(batch), byteLength }, ends };
}

/** A single value, or a text, would be taken for a list of one element. */
function listOf(row: unknown): object {
  if (typeof row === "object" && row !== null && !(row instanceof Date)) return row;
  throw new NpyError(
    "ERR_NPY_VALUE",
    `Expected a list or a typed array: found ${quoted(row)}. For one element, pass [${quoted(row)}].`,
  );
}

function gathered(batch: Batch): Pick<EncodedRows, "rows" | "blocks" | "onlyBlock"> {
  return { rows: batch.rows, blocks: { [Symbol.iterator]: () => batch.blocks[Symbol.iterator]() }, onlyBlock: batch.onlyBlock };
}

function checkTexts(rows: readonly unknown[], check: CheckElements): RaggedRows {
  const bytes = new GrowingBuffer();
  const ends: number[] = [];
  for (let row = 0; row < rows.length; row++) {
    atRow(row, () => bytes.push(bytesOf(rows[row])));
    ends.push(bytes.length);
  }
  return { rows: ends.length, values: check(bytes.bytes()), ends };
}

function bytesOf(text: unknown): Uint8Array {
  if (text instanceof Uint8Array) return text;
  if (typeof text !== "string")
    throw new NpyError("ERR_NPY_VALUE", `Expected a text, or its bytes in UTF-8: found ${quoted(text)}.`);
  if (/\p{Cs}/u.test(text)) {
    throw new NpyError("ERR_NPY_VALUE", `The text ${quoted(text)} has half of a surrogate pair, which UTF-8 cannot hold.`);
  }
  encoder ??= new TextEncoder();
  return encoder.encode(text);
}

function atRow<Result>(row: number, check: () => Result): Result {
  try {
    return check();
  } catch (error) {
    throw error instanceof NpyError ? error.within({ row, index: [row, ...(error.index ?? [])] }) : error;
  }
}

/** Rows that follow each other in `values`. */
interface Span {
  readonly values: unknown;
  readonly offsets: ArrayLike<number | bigint>;
  readonly rows: number;
}

function hasOffsets(input: object): input is { readonly values: unknown; readonly offsets: ArrayLike<number | bigint> } {
  return "values" in input && "offsets" in input && ArrayBuffer.isView(input.offsets);
}

function checkSpans(spans: readonly Span[], check: CheckElements): RaggedRows {
  const batch = new Batch(undefined);
  const ends: number[] = [];
  let byteLength = 0;
  for (const { values, offsets, rows } of spans) {
    const base = batch.rows;
    const first = Number(offsets[0]);
    let last = first;
    for (let row = 0; row < rows; row++) {
      const end = Number(offsets[row + 1]);
      if (!(end >= last))
        throw new NpyError("ERR_NPY_VALUE", `The offsets decrease: ${last} is followed by ${end}.`, { row: ends.length });
      last = end;
      ends.push(base + end - first);
    }
    const elements = atRow(0, () => check(elementsBetween(values, first, last)));
    if (elements.rows !== last - first) {
      throw new NpyError("ERR_NPY_VALUE", `The offsets say ${counted(last - first, "element")}, and there are ${elements.rows}.`);
    }
    batch.add(elements);
    byteLength += elements.byteLength;
  }
  return { rows: ends.length, values: { ...gathered(batch), byteLength }, ends };
}

function elementsBetween(values: unknown, first: number, last: number): unknown {
  if (ArrayBuffer.isView(values) || Array.isArray(values)) return part(values as NpyData, first, last);
  throw new NpyError("ERR_NPY_VALUE", `Expected the elements as a typed array: found ${quoted(values)}.`);
}

/** A column of Apache Arrow, or of flechette. */
interface Vector {
  readonly type: { readonly typeId: number };
  readonly data: readonly Chunk[];
  readonly length: number;
  get?(index: number): unknown;
  at?(index: number): unknown;
}

interface Chunk {
  readonly length: number;
  readonly nullCount: number;
  readonly offset?: number;
  /** Apache Arrow's name, and flechette's. */
  readonly valueOffsets?: ArrayLike<number | bigint>;
  readonly offsets?: ArrayLike<number | bigint>;
  readonly values?: unknown;
  readonly children?: readonly {
    readonly values?: unknown;
    readonly nullCount: number;
    readonly type?: { readonly typeId: number };
  }[];
}

function isVector(input: object): input is Vector {
  const { type, data, length } = input as Partial<Vector>;
  return (
    typeof type?.typeId === "number" &&
    Array.isArray(data) &&
    typeof length === "number" &&
    (hasMethod(input, "get") || hasMethod(input, "at"))
  );
}

/** Arrow's types of bytes with offsets: Binary, Utf8, LargeBinary, LargeUtf8; of lists: List, LargeList; of plain numbers: Int, Float. */
const BYTES: readonly number[] = [4, 5, 19, 20];
const LISTS: readonly number[] = [12, 21];
const NUMBERS: readonly number[] = [2, 3];

/** The buffers of a column without nulls, as they are; `undefined` where elements have to be looked up one by one. */
function spansOf({ type, data }: Vector): Span[] | undefined {
  const spans: Span[] = [];
  for (const { length, nullCount, valueOffsets, offsets = valueOffsets, values, children = [] } of data) {
    const [child] = children;
    const isList = LISTS.includes(type.typeId) && child?.nullCount === 0 && NUMBERS.includes(child.type?.typeId ?? 0);
    if (nullCount !== 0 || offsets === undefined || !(isList || BYTES.includes(type.typeId))) return undefined;
    spans.push({ values: isList ? child.values : values, offsets, rows: length });
  }
  return spans;
}
