/** Records as reading gives them: bytes as in the file, decoded when and as far as they are asked for. */

import { float16ToFloat32 } from "../cast/float16.ts";
import { NpyError } from "../errors.ts";
import type { DType, DTypeField } from "../format/dtype.ts";
import { NATIVE_BYTE_ORDER } from "../format/scalars.ts";
import { copyField, flatten } from "../memory/fields.ts";
import { decodeLatin1, decodeScalars, decodeUtf32, viewOf } from "./decode.ts";
import type { NpyData } from "./npy-array.ts";

/**
 * An array of a structured dtype. Records are decoded one by one ({@link RecordArray.at}, iteration) or field by field
 * ({@link RecordArray.column}); what is not asked for stays bytes.
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
  /** The dtype of one record. */
  readonly dtype: DType;
  /** The records as the file holds them, in its byte order, with their padding. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The number of records; those of an array of more dimensions are in the order of the file. */
  readonly length: number;
  #decode: Decoder | undefined;

  /** @internal Reading makes them. */
  constructor(dtype: DType, bytes: Uint8Array<ArrayBuffer>, length: number) {
    this.dtype = dtype;
    this.bytes = bytes;
    this.length = length;
  }

  /** The record `i`, as a new object; negative ones count from the end, those that are not there are `undefined`. */
  at(i: number): Record | undefined {
    const index = Math.trunc(i) || 0;
    const position = index < 0 ? index + this.length : index;
    if (position < 0 || position >= this.length) return undefined;
    return this.#decoder()(position * this.dtype.itemsize, this, index) as Record;
  }

  *[Symbol.iterator](): Generator<Record, void, void> {
    const decode = this.#decoder();
    for (let i = 0; i < this.length; i++) yield decode(i * this.dtype.itemsize, this, i) as Record;
  }

  #decoder(): Decoder {
    this.#decode ??= recordDecoder(this.dtype, this.bytes);
    return this.#decode;
  }

  /**
   * One field of all records, copied into a typed array of this machine's byte order (or strings, or records). A field of a nested
   * structure is named with its way there, as in `"pos.x"`. A sub-array has its elements one after the other, record by record.
   *
   * A column alone does not say its dtype: float16 is a `Float32Array`, and counts as float32 where casts differ (as text, and by the rules "no",
   * "equiv" and "safe"), unless you append it as `{ data, shape, dtype: "float16" }`.
   *
   * @throws NpyError `ERR_NPY_OPTION` if there is no such field.
   */
  column<Name extends keyof Columns & string>(name: Name): Columns[Name];
  column(name: string): NpyData;
  column(name: string): unknown {
    const way = wayTo(this.dtype, name);
    if (way === undefined) throw this.#noField(name);
    // Structures within structures are passed through; sub-arrays of them are taken out first.
    let offset = 0;
    while (way.length > 1 && way[0]?.dtype.subdtype === undefined) offset += (way.shift() as DTypeField).offset;
    const [field, ...rest] = way as [DTypeField, ...DTypeField[]];
    const { element, count } = flatten(field.dtype);
    const { itemsize } = field.dtype;
    const bytes = new Uint8Array(this.length * itemsize);
    const records = { bytes: this.bytes, offset: offset + field.offset, stride: this.dtype.itemsize };
    copyField(records, { bytes, offset: 0, stride: itemsize }, itemsize, this.length);
    const column = decodeElements(element, bytes, this.length * count);
    return rest.length === 0 ? column : (column as RecordArray).column(rest.map((inner) => inner.name).join("."));
  }

  #noField(name: string): NpyError {
    const names = (this.dtype.fields as readonly DTypeField[]).map((field) => JSON.stringify(field.name)).join(", ");
    return new NpyError("ERR_NPY_OPTION", `There is no field ${JSON.stringify(name)}: there are ${names || "none"}.`, {
      field: name,
    });
  }

  /** All fields as columns. */
  columns(): Columns {
    const columns: { [name: string]: NpyData } = {};
    for (const { name } of this.dtype.fields as readonly DTypeField[]) define(columns, name, this.column(name));
    return columns as Columns;
  }
}

/** Elements without a size, of which a file of a few bytes can hold any number: so many at most are read at once. */
const MAX_SIZELESS = 2 ** 24;

/** The `data` of elements that were read into `bytes`; where the file's bytes are the typed array's, nothing is copied. */
export function decodeElements(type: DType, bytes: Uint8Array<ArrayBuffer>, count: number): NpyData {
  if (type.itemsize === 0 && count > MAX_SIZELESS) {
    throw new NpyError(
      "ERR_NPY_SHAPE",
      `${count} elements of ${type.str}, which have no bytes, are more than the ${MAX_SIZELESS} that are read at once: read slices or chunks.`,
    );
  }
  return type.fields === undefined ? decodeScalars(type, bytes, count) : new RecordArray(type, bytes, count);
}

/** The fields on the way to the one that is meant. Names may hold dots themselves: the longest one counts that leads there. */
function wayTo({ fields = [] }: DType, name: string): DTypeField[] | undefined {
  for (const field of fields.toSorted((a, b) => b.name.length - a.name.length)) {
    if (name === field.name) return [field];
    if (!name.startsWith(`${field.name}.`)) continue;
    const rest = wayTo(flatten(field.dtype).element, name.slice(field.name.length + 1));
    if (rest !== undefined) return [field, ...rest];
  }
  return undefined;
}

/** Sets a property, also one that would else set the prototype. */
function define(object: { [name: string]: unknown }, name: string, value: unknown): void {
  if (name !== "__proto__") object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
}

/** The value of an element that begins at `position`, which becomes `owner[key]`. */
type Decoder = (position: number, owner: object, key: string | number) => unknown;

function recordDecoder(type: DType, bytes: Uint8Array<ArrayBuffer>): Decoder {
  const fields = (type.fields as readonly DTypeField[]).map(({ name, offset, dtype }) => ({
    name,
    offset,
    decode: fieldDecoder(dtype, bytes),
  }));
  // To copy an object with all fields is faster than to add one after the other.
  const empty: { [name: string]: unknown } = {};
  for (const { name } of fields) define(empty, name, undefined);
  return (position) => {
    const record = { ...empty };
    for (const { name, offset, decode } of fields) record[name] = decode(position + offset, record, name);
    return record;
  };
}

function fieldDecoder(type: DType, bytes: Uint8Array<ArrayBuffer>): Decoder {
  const { element, count, shape } = flatten(type);
  const decode = element.fields === undefined ? scalarDecoder(element, bytes) : recordDecoder(element, bytes);
  if (shape.length === 0) return decode;
  if (element.fields === undefined) return scalarsDecoder(element, count, bytes);
  return (position) => {
    const records: unknown[] = [];
    for (let i = 0; i < count; i++) records.push(decode(position + i * element.itemsize, records, i));
    return records;
  };
}

/** The elements of a sub-array, as data of their own. */
function scalarsDecoder(type: DType, count: number, bytes: Uint8Array<ArrayBuffer>): Decoder {
  const length = count * type.itemsize;
  const decode: Decoder = (position) => decodeScalars(type, bytes.slice(position, position + length), count);
  const whole = viewOf(type, bytes);
  if (whole === undefined) return decode;
  // Where they are aligned: a typed array's slice costs a quarter of a buffer of its own.
  const size = whole.BYTES_PER_ELEMENT;
  return (position, owner, key) =>
    position % size === 0 ? whole.slice(position / size, (position + length) / size) : decode(position, owner, key);
}

function scalarDecoder(type: DType, bytes: Uint8Array): Decoder {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const isLittle = type.byteOrder === "|" ? NATIVE_BYTE_ORDER === "<" : type.byteOrder === "<";
  switch (`${type.kind}${type.itemsize}`) {
    case "b1":
      return (position) => view.getUint8(position) !== 0;
    case "i1":
      return (position) => view.getInt8(position);
    case "i2":
      return (position) => view.getInt16(position, isLittle);
    case "i4":
      return (position) => view.getInt32(position, isLittle);
    case "i8":
    case "M8":
    case "m8":
      return (position) => view.getBigInt64(position, isLittle);
    case "u1":
      return (position) => view.getUint8(position);
    case "u2":
      return (position) => view.getUint16(position, isLittle);
    case "u4":
      return (position) => view.getUint32(position, isLittle);
    case "u8":
      return (position) => view.getBigUint64(position, isLittle);
    case "f2":
      return (position) => decodeHalf(view.getUint16(position, isLittle));
    case "f4":
      return (position) => view.getFloat32(position, isLittle);
    case "f8":
      return (position) => view.getFloat64(position, isLittle);
    case "c8":
      return (position) => ({ re: view.getFloat32(position, isLittle), im: view.getFloat32(position + 4, isLittle) });
    case "c16":
      return (position) => ({ re: view.getFloat64(position, isLittle), im: view.getFloat64(position + 8, isLittle) });
  }
  if (type.kind === "S") return (position) => decodeLatin1(view, position, type.itemsize);
  if (type.kind === "U") return (position, owner, key) => decodeUtf32(view, position, type.itemsize, isLittle, owner, key);
  // Void and long doubles.
  return (position) => bytes.slice(position, position + type.itemsize);
}

const half = new Uint16Array(1);
const single = new Float32Array(1);

function decodeHalf(bits: number): number {
  half[0] = bits;
  float16ToFloat32(new Uint8Array(half.buffer), new Uint8Array(single.buffer));
  return single[0] as number;
}
