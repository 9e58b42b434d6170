/**
 * dtypes: what one element of an array is. `descr` (the header's words) <-> `DType`.
 *
 * Sources: NumPy's "Data type objects" and "Array interface" (`typestr`), and `numpy.lib.format.descr_to_dtype`, whose
 * treatment of padding, titles and sub-arrays is followed exactly.
 */
import { NpyError } from "../errors.ts";
import { type DTypeLike, scalarFromString } from "./dtype-names.ts";
import { PyTuple, type PyValue, printPythonLiteral } from "./python-literal.ts";

export type { DTypeLike, DTypeName } from "./dtype-names.ts";

/** NumPy's `dtype.kind`: bool, signed, unsigned, float, complex, datetime64, timedelta64, bytes, str, void. */
export type DTypeKind = "b" | "i" | "u" | "f" | "c" | "M" | "m" | "S" | "U" | "V";

/** NumPy's `dtype.byteorder`, with the native order spelt out: little, big, not applicable. */
export type ByteOrder = "<" | ">" | "|";

/** The units of datetime64 and timedelta64; `generic` has none. */
export type DatetimeUnit = "Y" | "M" | "W" | "D" | "h" | "m" | "s" | "ms" | "us" | "ns" | "ps" | "fs" | "as" | "generic";

/** A dtype in the words of a `.npy` header: a type string, a sub-array of one, or the list of a structure's fields. */
export type Descr = string | readonly [Descr, readonly number[]] | readonly DescrField[];

/** One field: its name (or title and name), its dtype, and the shape of a sub-array. An empty name is padding. */
export type DescrField =
  | readonly [name: string | readonly [title: string, name: string], descr: Descr]
  | readonly [name: string | readonly [title: string, name: string], descr: Descr, shape: number | readonly number[]];

/** A field of a structured dtype. */
export interface DTypeField {
  readonly name: string;
  readonly title: string | undefined;
  readonly dtype: DType;
  /** Bytes from the start of the record. */
  readonly offset: number;
}

/**
 * What one element of an array is. Made by {@link dtype}; immutable. The type parameter is the name under which the
 * compiler knows it, so that `DType<"float32">` gives `Float32Array`s.
 */
export interface DType<D extends DTypeLike = DTypeLike> {
  readonly kind: DTypeKind;
  /** Bytes of one element. */
  readonly itemsize: number;
  /** `"|"` where byte order does not apply, also for structures. */
  readonly byteOrder: ByteOrder;
  /** NumPy's `dtype.name`, such as `float64`, `datetime64[ns]`, `str96`. */
  readonly name: string;
  /** NumPy's `dtype.str`, such as `<f8`; `|V12` for structures. */
  readonly str: string;
  /** What a header says, as `numpy.lib.format.dtype_to_descr` does. */
  readonly descr: Descr;
  /** datetime64 and timedelta64: one step is `count` of `unit`. */
  readonly datetime: { readonly unit: DatetimeUnit; readonly count: number } | undefined;
  /** Structures: the fields in the order of their offsets, padding left out. */
  readonly fields: readonly DTypeField[] | undefined;
  /** Sub-arrays (they occur as the dtype of a field): what they are made of. */
  readonly subdtype: { readonly dtype: DType; readonly shape: readonly number[] } | undefined;
  /** Never there: it lets the compiler carry `D`. */
  readonly "~like"?: D;
}

/** The byte order of this machine. */
export const NATIVE_BYTE_ORDER: "<" | ">" = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? "<" : ">";

/** numpy's own limit of an element's size, a C int. */
const MAX_ITEMSIZE = 2 ** 31 - 1;

/**
 * The dtype that NumPy's `numpy.dtype(like)` would be: a name (`"float64"`), a type string (`"<f8"`, `"|S5"`,
 * `"<M8[ns]"`), a list of fields (`[["t", "<f8"], ["pos", "<f4", [3]]]`) or a dtype.
 *
 * @throws NpyError `ERR_NPY_DTYPE` if NumPy does not know it, or if it holds Python objects, which have no fixed size.
 * @example
 * ```ts
 * dtype("float32").itemsize; // 4
 * dtype([["t", "<f8"], ["id", "<i4"]]).itemsize; // 12
 * ```
 */
export function dtype<const D extends DTypeLike>(like: D): DType<D> {
  return toDType(like) as DType<D>;
}

const made = new WeakSet<object>();

function toDType(like: unknown): DType {
  if (typeof like === "string") return scalar(like);
  if (typeof like === "object" && like !== null) {
    if (made.has(like)) return like as DType;
    if (Array.isArray(like)) return fromDescr(like);
    if ("descr" in like) return fromDescr(like.descr);
  }
  throw notADType(like);
}

/** The dtype of a header's `descr`, as `numpy.lib.format.descr_to_dtype` reads it. */
export function dtypeFromLiteral(descr: PyValue): DType {
  const result = fromDescr(toJson(descr));
  if (result.subdtype !== undefined) {
    throw new NpyError("ERR_NPY_DTYPE", `A sub-array (${result.str}) cannot be the dtype of an array, only of a field.`);
  }
  return result;
}

/** The header's words for a dtype, as `numpy.lib.format.dtype_to_descr` writes them. */
export function dtypeToLiteral(dtype: DType): PyValue {
  if (dtype.subdtype !== undefined) {
    return new PyTuple([dtypeToLiteral(dtype.subdtype.dtype), new PyTuple(dtype.subdtype.shape)]);
  }
  if (dtype.fields === undefined) return dtype.str;
  return (dtype.descr as readonly DescrField[]).map(fieldToLiteral);
}

function fieldToLiteral([name, descr, shape]: DescrField): PyTuple {
  const items: PyValue[] = [typeof name === "string" ? name : new PyTuple(name), descrToLiteral(descr)];
  if (shape !== undefined) items.push(new PyTuple(shape as readonly number[]));
  return new PyTuple(items);
}

function descrToLiteral(descr: Descr): PyValue {
  if (typeof descr === "string") return descr;
  if (isSubArray(descr)) return new PyTuple([descrToLiteral(descr[0]), new PyTuple(descr[1])]);
  return descr.map(fieldToLiteral);
}

/** Whether two dtypes are the same in every respect: kind, size, byte order, names, offsets, titles. */
export function sameDType(a: DType, b: DType): boolean {
  return a === b || (a.str === b.str && formatDType(a) === formatDType(b));
}

/** The dtype in the words of a header, for messages. */
export function formatDType(dtype: DType): string {
  const literal = dtypeToLiteral(dtype);
  return typeof literal === "string" ? literal : printPythonLiteral(literal);
}

/** The same dtype in this machine's byte order; structures are left as they are. */
export function nativeDType(dtype: DType): DType {
  if (dtype.byteOrder === "|" || dtype.byteOrder === NATIVE_BYTE_ORDER) return dtype;
  return scalar(NATIVE_BYTE_ORDER + dtype.str.slice(1));
}

function make(fields: Omit<DType, "~like">): DType {
  const result: DType = Object.freeze(fields);
  made.add(result);
  return result;
}

function notADType(like: unknown): NpyError {
  const shown = typeof like === "string" ? JSON.stringify(like) : typeof like === "object" ? JSON.stringify(like) : String(like);
  return new NpyError(
    "ERR_NPY_DTYPE",
    `${shown} is not a dtype: expected a name ("float64"), a type string ("<f8") or a list of fields ([["t", "<f8"]]).`,
  );
}

const scalars = new Map<string, DType>();

function scalar(text: string): DType {
  const known = scalars.get(text);
  if (known !== undefined) return known;
  const parsed = scalarFromString(text, NATIVE_BYTE_ORDER);
  if (parsed === "object") {
    throw new NpyError(
      "ERR_NPY_DTYPE",
      `dtype ${JSON.stringify(text)} holds Python objects, which are pickled and have no fixed size: ` +
        "they can neither be appended to nor read here. Convert the array to a fixed-size dtype in NumPy first.",
    );
  }
  if (parsed === undefined || parsed.itemsize > MAX_ITEMSIZE) throw notADType(text);
  const result = make({ ...parsed, descr: parsed.str, fields: undefined, subdtype: undefined });
  // Only what can recur is worth keeping: a stream of distinct lengths must not fill the memory.
  if (scalars.size < 500) scalars.set(text, result);
  return result;
}

function isSubArray(descr: readonly unknown[]): descr is readonly [Descr, readonly number[]] {
  const [first, second] = descr;
  return (
    descr.length === 2 &&
    (typeof first === "string" || Array.isArray(first)) &&
    (typeof second === "number" || (Array.isArray(second) && second.every((n) => typeof n === "number")))
  );
}

function fromDescr(descr: unknown): DType {
  if (typeof descr === "string") return scalar(descr);
  if (!Array.isArray(descr)) throw notADType(descr);
  if (isSubArray(descr)) return subArray(fromDescr(descr[0]), descr[1]);
  return structure(descr);
}

function subArray(base: DType, shape: unknown): DType {
  const sizes = typeof shape === "number" ? [shape] : shape;
  if (!Array.isArray(sizes) || !sizes.every((n) => Number.isSafeInteger(n) && n >= 0)) {
    throw new NpyError("ERR_NPY_DTYPE", `${JSON.stringify(shape)} is not the shape of a sub-array: expected sizes of 0 or more.`);
  }
  if (sizes.length === 0) return base;
  const itemsize = sizes.reduce((product: number, n: number) => product * n, base.itemsize);
  if (itemsize > MAX_ITEMSIZE) throw tooLarge(itemsize);
  return make({
    kind: "V",
    itemsize,
    byteOrder: "|",
    name: `void${itemsize * 8 || ""}`,
    str: `|V${itemsize}`,
    descr: [base.descr, Object.freeze([...sizes])],
    datetime: undefined,
    fields: undefined,
    subdtype: Object.freeze({ dtype: base, shape: Object.freeze([...sizes]) }),
  });
}

function tooLarge(itemsize: number): NpyError {
  return new NpyError("ERR_NPY_DTYPE", `An element of ${itemsize} bytes is larger than NumPy's limit of ${MAX_ITEMSIZE}.`);
}

function structure(descr: readonly unknown[]): DType {
  const fields: DTypeField[] = [];
  const taken = new Set<string>();
  let offset = 0;
  for (const entry of descr) {
    const { name, title, type } = parseField(entry);
    // numpy.lib.format: void without fields and without a name is padding, a sub-array counted as void.
    const isPadding = name === "" && title === undefined && type.kind === "V" && type.fields === undefined;
    if (!isPadding) {
      for (const word of title === undefined ? [name] : [name, title]) {
        if (taken.has(word)) {
          throw new NpyError("ERR_NPY_DTYPE", `Field name ${JSON.stringify(word)} is used twice, as a name or a title.`);
        }
        taken.add(word);
      }
      fields.push(Object.freeze({ name, title, dtype: type, offset }));
    }
    offset += type.itemsize;
    if (offset > MAX_ITEMSIZE) throw tooLarge(offset);
  }
  return make({
    kind: "V",
    itemsize: offset,
    byteOrder: "|",
    name: `void${offset * 8 || ""}`,
    str: `|V${offset}`,
    descr: structureDescr(fields, offset),
    datetime: undefined,
    fields: Object.freeze(fields),
    subdtype: undefined,
  });
}

function parseField(entry: unknown): { name: string; title: string | undefined; type: DType } {
  if (Array.isArray(entry) && (entry.length === 2 || entry.length === 3)) {
    const [label, descr, shape] = entry as unknown[];
    const type = fromField(descr, shape);
    if (typeof label === "string") return { name: label, title: undefined, type };
    if (Array.isArray(label) && label.length === 2) {
      const [title, name] = label as unknown[];
      if (typeof title === "string" && typeof name === "string") return { name, title, type };
    }
  }
  throw new NpyError(
    "ERR_NPY_DTYPE",
    `${JSON.stringify(entry)} is not a field: expected [name, dtype] or [name, dtype, shape], or [title, name] for name.`,
  );
}

function fromField(descr: unknown, shape: unknown): DType {
  const base = toDType(descr);
  return shape === undefined ? base : subArray(base, shape);
}

/** NumPy's `dtype.descr`: gaps between fields, and after the last, become padding without a name. */
function structureDescr(fields: readonly DTypeField[], itemsize: number): Descr {
  const descr: DescrField[] = [];
  let end = 0;
  for (const { name, title, dtype, offset } of fields) {
    if (offset > end) descr.push(["", `|V${offset - end}`]);
    const label = title === undefined ? name : ([title, name] as const);
    descr.push(dtype.subdtype === undefined ? [label, dtype.descr] : [label, dtype.subdtype.dtype.descr, dtype.subdtype.shape]);
    end = offset + dtype.itemsize;
  }
  if (itemsize > end) descr.push(["", `|V${itemsize - end}`]);
  return Object.freeze(descr.map((field) => Object.freeze(field)));
}

/** Tuples and lists alike become arrays: their places in a `descr` tell them apart. */
function toJson(value: PyValue): unknown {
  if (value instanceof PyTuple) return value.items.map(toJson);
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === "string" || typeof value === "number") return value;
  throw new NpyError("ERR_NPY_DTYPE", `${printPythonLiteral(value)} cannot be a part of a dtype's description.`);
}
