/** Records as reading gives them: bytes as in the file, decoded when and as far as they are asked for. */
import { NpyError } from "../errors.ts";
import { type DType, type DTypeField, NATIVE_BYTE_ORDER } from "../format/dtype.ts";
import { isLongDouble } from "./convert.ts";
import { decodeScalars } from "./decode.ts";
import { copyField, flatten } from "./fields.ts";
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
  readonly #view: DataView;
  #decode: Decoder | undefined;

  /** @internal Reading makes them. */
  constructor(dtype: DType, bytes: Uint8Array<ArrayBuffer>, length: number) {
    this.dtype = dtype;
    this.bytes = bytes;
    this.length = length;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The record `i`, as a new object; negative ones count from the end, those that are not there are `undefined`. */
  at(i: number): Record | undefined {
    const index = Math.trunc(i) || 0;
    const position = index < 0 ? index + this.length : index;
    if (position < 0 || position >= this.length) return undefined;
    return this.#decoder()(this.#view, position * this.dtype.itemsize) as Record;
  }

  *[Symbol.iterator](): Generator<Record, void, void> {
    const decode = this.#decoder();
    for (let i = 0; i < this.length; i++) yield decode(this.#view, i * this.dtype.itemsize) as Record;
  }

  #decoder(): Decoder {
    this.#decode ??= recordDecoder(this.dtype);
    return this.#decode;
  }

  /**
   * One field of all records, copied into a typed array of this machine's byte order (or strings, or records). A field of a nested
   * structure is named with its way there, as in `"pos.x"`. A sub-array has its elements one after the other, record by record.
   *
   * @throws NpyError `ERR_NPY_OPTION` if there is no such field.
   */
  column<Name extends keyof Columns & string>(name: Name): Columns[Name];
  column(name: string): NpyData;
  column(name: string): unknown {
    const field = this.#field(name);
    const { element, count } = flatten(field.dtype);
    const { itemsize } = field.dtype;
    const bytes = new Uint8Array(this.length * itemsize);
    const records = { bytes: this.bytes, offset: field.offset, stride: this.dtype.itemsize };
    copyField(records, { bytes, offset: 0, stride: itemsize }, itemsize, this.length);
    const column = decodeElements(element, bytes, this.length * count);
    return field.name === name ? column : (column as RecordArray).column(name.slice(field.name.length + 1));
  }

  /** The field of this name, or the structure on the way to it. A name may hold dots itself: the longest one counts. */
  #field(name: string): DTypeField {
    const fields = this.dtype.fields as readonly DTypeField[];
    const [found] = fields
      .filter(
        (field) =>
          name === field.name || (name.startsWith(`${field.name}.`) && flatten(field.dtype).element.fields !== undefined),
      )
      .sort((a, b) => b.name.length - a.name.length);
    if (found !== undefined) return found;
    const names = fields.map((field) => JSON.stringify(field.name)).join(", ");
    throw new NpyError("ERR_NPY_OPTION", `There is no field ${JSON.stringify(name)}: there are ${names || "none"}.`, {
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

/** The `data` of elements that were read into `bytes`; where the file's bytes are the typed array's, nothing is copied. */
export function decodeElements(type: DType, bytes: Uint8Array<ArrayBuffer>, count: number): NpyData {
  return type.fields === undefined ? decodeScalars(type, bytes, count) : new RecordArray(type, bytes, count);
}

/** The value of an element that begins at `position`. */
type Decoder = (view: DataView, position: number) => unknown;

/** Sets a property, also one that would else set the prototype. */
function define(object: { [name: string]: unknown }, name: string, value: unknown): void {
  if (name !== "__proto__") object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
}

function recordDecoder(type: DType): Decoder {
  const fields = (type.fields as readonly DTypeField[]).map(({ name, offset, dtype }) => ({
    name,
    offset,
    decode: fieldDecoder(dtype),
  }));
  return (view, position) => {
    const record: { [name: string]: unknown } = {};
    for (const { name, offset, decode } of fields) define(record, name, decode(view, position + offset));
    return record;
  };
}

function fieldDecoder(type: DType): Decoder {
  const { element, count, shape } = flatten(type);
  if (shape.length > 0) {
    return (view, position) => {
      const elements = decodeElements(element, copyOf(view, position, type.itemsize), count);
      return elements instanceof RecordArray ? [...elements] : elements;
    };
  }
  return element.fields === undefined ? scalarDecoder(element) : recordDecoder(element);
}

function copyOf(view: DataView, position: number, length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset + position, length).slice();
}

function scalarDecoder(type: DType): Decoder {
  const isLittle = type.byteOrder === "|" ? NATIVE_BYTE_ORDER === "<" : type.byteOrder === "<";
  switch (`${type.kind}${type.itemsize}`) {
    case "b1":
      return (view, position) => view.getUint8(position) !== 0;
    case "i1":
      return (view, position) => view.getInt8(position);
    case "i2":
      return (view, position) => view.getInt16(position, isLittle);
    case "i4":
      return (view, position) => view.getInt32(position, isLittle);
    case "i8":
    case "M8":
    case "m8":
      return (view, position) => view.getBigInt64(position, isLittle);
    case "u1":
      return (view, position) => view.getUint8(position);
    case "u2":
      return (view, position) => view.getUint16(position, isLittle);
    case "u4":
      return (view, position) => view.getUint32(position, isLittle);
    case "u8":
      return (view, position) => view.getBigUint64(position, isLittle);
    case "f4":
      return (view, position) => view.getFloat32(position, isLittle);
    case "f8":
      return (view, position) => view.getFloat64(position, isLittle);
    case "c8":
      return (view, position) => ({ re: view.getFloat32(position, isLittle), im: view.getFloat32(position + 4, isLittle) });
    case "c16":
      return (view, position) => ({ re: view.getFloat64(position, isLittle), im: view.getFloat64(position + 8, isLittle) });
  }
  // float16 and text have no accessor of their own; void and long doubles are their bytes.
  const isRaw = type.kind === "V" || isLongDouble(type);
  return (view, position) => {
    const bytes = copyOf(view, position, type.itemsize);
    return isRaw ? bytes : (decodeScalars(type, bytes, 1) as ArrayLike<unknown>)[0];
  };
}
