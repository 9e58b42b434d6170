/** Apache Arrow: tables become columns, vectors views. Joins chunks, unpacks bitmaps, looks up dictionaries, refuses nulls. */
import { NpyError, quoted } from "../errors.ts";
import { unravelIndex } from "../format/flat-index.ts";
import type { ArrayView, ArrowTable, ArrowVector } from "./array-input.ts";

/** The members of a vector that are used here. */
export interface Vector {
  readonly type: Type;
  readonly data: readonly Chunk[];
  readonly length: number;
  /** By which vectors are recognised. */
  readonly numChildren: number;
  get(index: number): unknown;
  isValid(index: number): boolean;
  getChildAt(index: number): Vector;
}

export interface Chunk {
  readonly type: Type;
  readonly length: number;
  /** The bit of the first element in bitmaps. Other buffers begin with the first element. */
  readonly offset: number;
  /** Values of an element. */
  readonly stride: number;
  readonly values: Values;
  readonly nullCount: number;
  readonly dictionary: Vector | undefined;
  getValid(index: number): boolean;
}

/** A typed array of any type. */
export type Values = Uint8Array;

/** Which members exist depends on `typeId`. */
export interface Type {
  readonly typeId: number;
  readonly children: readonly { readonly name: string }[];
  readonly unit: number;
  readonly bitWidth: number;
  readonly isSigned: boolean;
  readonly precision: number;
  readonly listSize: number;
  readonly byteWidth: number;
}

/** The members of Arrow's `Type` enumeration that NumPy has dtypes for. */
export const ID = {
  dictionary: -1,
  null: 1,
  int: 2,
  float: 3,
  utf8: 5,
  bool: 6,
  date: 8,
  time: 9,
  timestamp: 10,
  struct: 13,
  fixedSizeBinary: 15,
  fixedSizeList: 16,
  duration: 18,
  largeUtf8: 20,
  utf8View: 24,
} as const;

/** Arrow's `TimeUnit` enumeration. */
const TIME_UNITS = ["s", "ms", "us", "ns"];

/** A table or a batch: its columns by their names. */
export function columnsOfTable(table: ArrowTable): ReadonlyMap<string, unknown> {
  // A table of flechette has no data of its own.
  return columnsOf(table, table.schema.fields, [table.data ?? []].flat() as Chunk[]);
}

/** A vector: its elements, lists of a fixed size as axes; columns if they are structures. */
export function viewOfVector(array: ArrowVector | Vector): ArrayView | ReadonlyMap<string, unknown> {
  const vector = array as unknown as Vector;
  if (vector.type.typeId === ID.struct) return columnsOf(vector, vector.type.children, vector.data);
  refuseNullElements(vector, []);
  const { data, dtype, sizes } = elementsOf(vector);
  // An empty column of strings has one character each, as in NumPy.
  return { data, dtype: dtype ?? (vector.length === 0 ? "U1" : undefined), shape: [vector.length, ...sizes] };
}

function columnsOf(
  parent: Pick<ArrowTable, "getChildAt">,
  fields: readonly { readonly name: string }[],
  chunks: readonly Chunk[],
): ReadonlyMap<string, unknown> {
  refuseNulls(chunks, []);
  const columns = new Map<string, unknown>();
  fields.forEach(({ name }, i) => {
    if (columns.has(name)) {
      throw new NpyError("ERR_NPY_DTYPE", `Two columns are named ${quoted(name)}: rename one.`, { field: name });
    }
    columns.set(name, parent.getChildAt(i));
  });
  return columns;
}

/** Looks into lists as well; `sizes` are those of the enclosing lists. */
function refuseNullElements(vector: Vector, sizes: readonly number[]): void {
  refuseNulls(vector.data, sizes);
  const { typeId, listSize } = vector.type;
  if (typeId === ID.fixedSizeList) refuseNullElements(vector.getChildAt(0), [...sizes, listSize]);
}

function refuseNulls(chunks: readonly Chunk[], sizes: readonly number[]): void {
  let start = 0;
  for (const chunk of chunks) {
    const isSound = chunk.nullCount <= 0 && chunk.dictionary === undefined;
    for (let i = 0; i < chunk.length && !isSound; i++) if (!isValid(chunk, i)) throw nullAt(start + i, sizes);
    start += chunk.length;
  }
}

function isValid(chunk: Chunk, i: number): boolean {
  if (chunk.type.typeId === ID.null || !chunk.getValid(i)) return false;
  return chunk.dictionary?.isValid(Number(chunk.values[i])) ?? true;
}

function nullAt(at: number, sizes: readonly number[]): NpyError {
  const index = unravelIndex(at, [Number.POSITIVE_INFINITY, ...sizes]);
  return new NpyError("ERR_NPY_VALUE", "NumPy has no null: fill it, or leave it out.", { index });
}

/** Contiguous elements; `sizes` is the shape of each. */
interface Elements {
  readonly data: Values | readonly unknown[];
  /** `undefined` for strings. */
  readonly dtype: string | undefined;
  readonly sizes: readonly number[];
}

function elementsOf(vector: Vector): Elements {
  const { type, data: chunks, length } = vector;
  switch (type.typeId) {
    case ID.utf8:
    case ID.largeUtf8:
    case ID.utf8View:
      return { data: Array.from({ length }, (_, i) => vector.get(i)), dtype: undefined, sizes: [] };
    case ID.dictionary:
      return lookUp(chunks);
    case ID.fixedSizeList: {
      const { data, dtype, sizes } = elementsOf(vector.getChildAt(0));
      return { data, dtype, sizes: [type.listSize, ...sizes] };
    }
    case ID.bool:
      return { data: join(chunks.map(unpackBits)), dtype: "bool", sizes: [] };
  }
  const dtype = dtypeOf(type);
  const data = join(chunks.map(({ values, length, stride }) => values.subarray(0, length * stride)));
  // Arrow's dates and times may have 32 bits, NumPy's have 64.
  const isShort = dtype.includes("64[") && data.BYTES_PER_ELEMENT === 4;
  return { data: isShort ? (BigInt64Array.from(data, BigInt) as unknown as Values) : data, dtype, sizes: [] };
}

function dtypeOf(type: Type): string {
  switch (type.typeId) {
    case ID.int:
      return `${type.isSigned ? "int" : "uint"}${type.bitWidth}`;
    case ID.float:
      return `float${16 << type.precision}`;
    case ID.date:
      return type.unit === 0 ? "datetime64[D]" : "datetime64[ms]";
    case ID.timestamp:
      return `datetime64[${TIME_UNITS[type.unit]}]`;
    case ID.time:
    case ID.duration:
      return `timedelta64[${TIME_UNITS[type.unit]}]`;
    case ID.fixedSizeBinary:
      return `V${type.byteWidth}`;
  }
  throw noDType(type);
}

function noDType(type: Type): NpyError {
  return new NpyError("ERR_NPY_DTYPE", `NumPy has no dtype for Arrow's ${type}: convert the column, or leave it out.`);
}

function unpackBits({ values, offset, length }: Chunk): Values {
  return Uint8Array.from({ length }, (_, i) => ((values[(offset + i) >> 3] as number) >> ((offset + i) & 7)) & 1);
}

/** Each chunk may have its own dictionary. */
function lookUp(chunks: readonly Chunk[]): Elements {
  const parts = chunks.map(({ type, dictionary, values, length }) => {
    const words = dictionary as Vector;
    const { data, dtype, sizes } = elementsOf(words);
    if (sizes.length > 0) throw noDType(type);
    return { data: take(data, data.length / words.length, Array.from(values.subarray(0, length), Number)), dtype };
  });
  const [first] = parts as [Omit<Elements, "sizes">];
  const data = Array.isArray(first.data) ? parts.flatMap((part) => part.data) : join(parts.map((part) => part.data as Values));
  return { data, dtype: first.dtype, sizes: [] };
}

/** The elements at `indices`, of `width` values each. */
function take(data: Elements["data"], width: number, indices: readonly number[]): Elements["data"] {
  if (Array.isArray(data)) return indices.map((i) => data[i]);
  const values = data as Values;
  const taken = likeOf(values, indices.length * width);
  indices.forEach((i, at) => {
    taken.set(values.subarray(i * width, (i + 1) * width), at * width);
  });
  return taken;
}

/** Joins chunks; a single one is not copied. */
function join(parts: readonly Values[]): Values {
  const [first = new Uint8Array(0)] = parts;
  if (parts.length <= 1) return first;
  const all = likeOf(
    first,
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A typed array of the same type. */
function likeOf(values: Values, length: number): Values {
  return new (values.constructor as Uint8ArrayConstructor)(length);
}
