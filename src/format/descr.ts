/** How a dtype is described: its type, and `DType` -> the words of a header. */
import { clipped } from "../errors.ts";
import { PyTuple, type PyValue, printPythonLiteral } from "./python-literal.ts";
import type { OrderedCode, ScalarName } from "./scalar-names.ts";
import type { ByteOrder, DTypeKind } from "./scalars.ts";

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
export interface DType<D = unknown> {
  readonly kind: DTypeKind;
  /** Bytes of one element. */
  readonly itemsize: number;
  /** NumPy's `dtype.alignment`: in an aligned structure, offsets of such fields are multiples of it. */
  readonly alignment: number;
  /** `"|"` where byte order does not apply, also for structures. */
  readonly byteOrder: ByteOrder;
  /** NumPy's `dtype.name`, such as `float64`, `datetime64[ns]`, `str96`. */
  readonly name: string;
  /** NumPy's `dtype.str`, such as `<f8`; `|V12` for structures. */
  readonly str: string;
  /** The dtype in a header, as by `numpy.lib.format.dtype_to_descr`. */
  readonly descr: Descr;
  /** datetime64 and timedelta64: one step is `count` of `unit`. */
  readonly datetime: { readonly unit: DatetimeUnit; readonly count: number } | undefined;
  /** Structures: the fields in the order of their offsets, padding left out. */
  readonly fields: readonly DTypeField[] | undefined;
  /** Sub-arrays (they occur as the dtype of a field): what they are made of. */
  readonly subdtype: { readonly dtype: DType; readonly shape: readonly number[] } | undefined;
  /** Never set: it lets the compiler carry `D`. */
  readonly "~like"?: Carried<D>;
}

/**
 * The description `D`, as a property that is never set. Types that have it before properties with conditional types can be passed where those of
 * any dtype are accepted: the compiler then compares them property by property, and not by how `D` is used.
 */
export type Carried<D> = { readonly [Key in keyof D]: D[Key] };

/** The names of NumPy's dtypes that have one size. */
export type DTypeName = ScalarName;

/** Whatever {@link dtype} takes. */
export type DTypeLike =
  | DTypeName
  | `${"<" | ">" | "=" | "|"}${OrderedCode}`
  | (string & {})
  | Exclude<Descr, string>
  | readonly FieldLike[]
  | { readonly [name: string]: DTypeLike | readonly [DTypeLike, number | readonly number[]] }
  | DType;

/** A field of a structure, whose dtype may be described in any way. */
type FieldLike =
  | readonly [
      name: string | readonly [title: string, name: string],
      dtype: DTypeLike | readonly [DTypeLike, number | readonly number[]],
    ]
  | readonly [name: string | readonly [title: string, name: string], dtype: DTypeLike, shape: number | readonly number[]];

/** Whether a description is that of a sub-array: an element and a shape. */
export function isSubArray(descr: readonly unknown[]): descr is readonly [Descr, readonly number[]] {
  const [first, second] = descr;
  return (
    descr.length === 2 &&
    (typeof first === "string" || (typeof first === "object" && first !== null)) &&
    (typeof second === "number" || (Array.isArray(second) && second.every((n) => typeof n === "number")))
  );
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

/** Cached, since every append of records compares structures by these texts. */
const texts = new WeakMap<DType, string>();

/** The dtype in the words of a header. */
export function formatDType(dtype: DType): string {
  const known = texts.get(dtype);
  if (known !== undefined) return known;
  const literal = dtypeToLiteral(dtype);
  const text = typeof literal === "string" ? literal : printPythonLiteral(literal);
  texts.set(dtype, text);
  return text;
}

/** The beginning of {@link formatDType}, for messages: a structure may have any number of fields. */
export function showDType(dtype: DType): string {
  return clipped(formatDType(dtype));
}
