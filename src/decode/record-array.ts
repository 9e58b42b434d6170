/** The records that reading returns: the file's bytes, decoded on demand. */

import { NpyError } from "../errors.ts";
import type { DType, DTypeField } from "../format/dtype.ts";
import { getterOf, isLittleEndian } from "../format/scalars.ts";
import { noField } from "../format/structure.ts";
import { copyField, flatten } from "../memory/fields.ts";
import { decodeLatin1, decodeScalars, decodeUtf32, type NpyScalars, viewOf } from "./decode.ts";

/** Everything that `data` can be. */
export type NpyData = NpyScalars | RecordArray;

/** Marks the record arrays of every copy of this package. */
const BRAND = Symbol.for("npy-append-array.RecordArray");

/**
 * An array of a structured dtype. Records are decoded one by one ({@link RecordArray.at}, iteration) or field by field
 * ({@link RecordArray.column}); the rest stays bytes.
 *
 * In a record, integers up to 32 bits and floats are numbers; 64-bit integers, datetime64 and timedelta64 bigints; bools booleans;
 * complex numbers `{ re, im }`; `S` and `U` strings; void and long doubles their raw bytes; nested structures objects; sub-arrays what
 * `data` of their dtype would be, flat in C order.
 *
 * @example
 * ```ts
 * const { data } = await load("records.npy", { dtype: [["t", "<f8"], ["id", "<i4"]] });
 * data.at(0); // { t: 0.5, id: 7 }
 * data.column("t"); // Float64Array
 * ```
 */
export class RecordArray<Record = { [name: string]: unknown }, Columns = { [name: string]: NpyData }>
  implements Iterable<Record>
{
  /** Whether this is a record array, whichever copy of this package made it. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && BRAND in value;
  }

  /** The dtype of one record. */
  readonly dtype: DType;
  /** The records as the file holds them, in its byte order, with their padding. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The number of records; those of an array of more dimensions are in the order of the file. */
  readonly length: number;
  #decode: Decoder | undefined;
  #view: DataView | undefined;

  /** @internal Reading makes them. */
  constructor(dtype: DType, bytes: Uint8Array<ArrayBuffer>, length: number) {
    this.dtype = dtype;
    this.bytes = bytes;
    this.length = length;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** The record `i`, as a new object; negative indices count from the end. `undefined` if there is no such record. */
  at(i: number): Record | undefined {
    const index = Math.trunc(i) || 0;
    const position = index < 0 ? index + this.length : index;
    if (position < 0 || position >= this.length) return undefined;
    const decode = this.#decoder();
    return decode(this.#view as DataView, position * this.dtype.itemsize, false, this, index) as Record;
  }

  *[Symbol.iterator](): Generator<Record, void, void> {
    const decode = this.#decoder();
    const view = this.#view as DataView;
    const { itemsize } = this.dtype;
    for (let i = 0; i < this.length; i++) yield decode(view, i * itemsize, false, this, i) as Record;
  }

  #decoder(): Decoder {
    this.#view ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    this.#decode ??= recordDecoder(this.dtype, this.bytes);
    return this.#decode;
  }

  /**
   * One field of all records, copied into a typed array of this machine's byte order (or strings, or records). A field of a nested
   * structure is named by its path, as in `"pos.x"`. The elements of sub-arrays follow each other, record by record.
   *
   * A column alone does not say its dtype: float16 is a `Float32Array`, and counts as float32 where casts differ (as text, and by the rules "no",
   * "equiv" and "safe"), unless you append it as `{ data, shape, dtype: "float16" }`.
   *
   * @throws NpyError `ERR_NPY_OPTION` if there is no such field.
   */
  column<Name extends keyof Columns & string>(name: Name): Columns[Name];
  column(name: string): NpyData;
  column(name: string): unknown {
    const path = pathTo(this.dtype, name);
    if (path === undefined) throw noField(this.dtype.fields ?? [], name);
    // Nested structures only add to the offset. Sub-arrays of structures are copied out first.
    let offset = 0;
    while (path.length > 1 && path[0]?.dtype.subdtype === undefined) offset += (path.shift() as DTypeField).offset;
    const [field, ...rest] = path as [DTypeField, ...DTypeField[]];
    const { element, count } = flatten(field.dtype);
    const { itemsize } = field.dtype;
    const bytes = new Uint8Array(this.length * itemsize);
    const records = { bytes: this.bytes, offset: offset + field.offset, stride: this.dtype.itemsize };
    copyField(records, { bytes, offset: 0, stride: itemsize }, itemsize, this.length);
    const column = decodeElements(element, bytes, this.length * count);
    return rest.length === 0 ? column : (column as RecordArray).column(rest.map((inner) => inner.name).join("."));
  }

  /** All fields as columns. */
  columns(): Columns {
    const columns: { [name: string]: NpyData } = {};
    for (const { name } of this.dtype.fields as readonly DTypeField[]) define(columns, name, this.column(name));
    return columns as Columns;
  }
}

/** The most elements without a size that are read at once: a file of a few bytes can have any number of them. */
const MAX_SIZELESS = 2 ** 24;

/** The `data` of elements that were read into `bytes`, which it shares where the file's bytes are those of the typed array. */
export function decodeElements(type: DType, bytes: Uint8Array<ArrayBuffer>, count: number): NpyData {
  if (type.itemsize === 0 && count > MAX_SIZELESS) {
    throw new NpyError(
      "ERR_NPY_SHAPE",
      `${count} elements of ${type.str}, which have no bytes, are more than the ${MAX_SIZELESS} that are read at once: read slices, or chunks of fewer rows.`,
    );
  }
  return type.fields === undefined ? decodeScalars(type, bytes, count) : new RecordArray(type, bytes, count);
}

/** The fields along a path. Names may contain dots: the longest name that matches counts. */
export function pathTo({ fields = [] }: DType, name: string): DTypeField[] | undefined {
  for (const field of fields.toSorted((a, b) => b.name.length - a.name.length)) {
    if (name === field.name) return [field];
    if (!name.startsWith(`${field.name}.`)) continue;
    const rest = pathTo(flatten(field.dtype).element, name.slice(field.name.length + 1));
    if (rest !== undefined) return [field, ...rest];
  }
  return undefined;
}

/** Sets a property, even `__proto__`, which would otherwise set the prototype. */
function define(object: { [name: string]: unknown }, name: string, value: unknown): void {
  if (name !== "__proto__") object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
}

/** Reads the element at `at`, which becomes `owner[key]`. `isLittle` is the byte order of scalars. */
type Decoder = (view: DataView, at: number, isLittle: boolean, owner: object, key: string | number) => unknown;

function recordDecoder(type: DType, bytes: Uint8Array<ArrayBuffer>): Decoder {
  const fields = (type.fields as readonly DTypeField[]).map(({ name, offset, dtype }) => {
    const isLittle = isLittleEndian(flatten(dtype).element);
    return { name, offset, isLittle, decode: fieldDecoder(dtype, bytes) };
  });
  // Copying an object that has all fields is faster than adding them one by one.
  const empty: { [name: string]: unknown } = {};
  for (const { name } of fields) define(empty, name, undefined);
  return (view, at) => {
    const record = { ...empty };
    for (const { name, offset, isLittle, decode } of fields) record[name] = decode(view, at + offset, isLittle, record, name);
    return record;
  };
}

function fieldDecoder(type: DType, bytes: Uint8Array<ArrayBuffer>): Decoder {
  const { element, count, shape } = flatten(type);
  if (element.fields === undefined) return shape.length === 0 ? scalarDecoder(element) : scalarsDecoder(element, count, bytes);
  const decode = recordDecoder(element, bytes);
  if (shape.length === 0) return decode;
  return (view, at, isLittle) => {
    const records: unknown[] = [];
    for (let i = 0; i < count; i++) records.push(decode(view, at + i * element.itemsize, isLittle, records, i));
    return records;
  };
}

/** The elements of a sub-array, as data of their own. */
function scalarsDecoder(type: DType, count: number, bytes: Uint8Array<ArrayBuffer>): Decoder {
  const length = count * type.itemsize;
  const decode = (at: number) => decodeScalars(type, bytes.slice(at, at + length), count);
  const whole = viewOf(type, bytes);
  if (whole === undefined) return (_view, at) => decode(at);
  // Slicing a typed array takes a quarter of the time that a buffer of its own takes, but needs aligned elements.
  const size = whole.BYTES_PER_ELEMENT;
  return (_view, at) => (at % size === 0 ? whole.slice(at / size, (at + length) / size) : decode(at));
}

function scalarDecoder(type: DType): Decoder {
  const { kind, itemsize } = type;
  if (kind === "S") return (view, at) => decodeLatin1(view, at, itemsize);
  if (kind === "U") return (view, at, isLittle, owner, key) => decodeUtf32(view, at, itemsize, isLittle, owner, key);
  // Void and long doubles are bytes.
  return getterOf(type) ?? ((view, at) => new Uint8Array(view.buffer, view.byteOffset + at, itemsize).slice());
}
