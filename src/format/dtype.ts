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
  /** NumPy's `dtype.alignment`: what the offset of such a field is a multiple of in an aligned structure. */
  readonly alignment: number;
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

/** numpy's own limit of an element's size, and of the sizes of a sub-array: a C int. */
const MAX_ITEMSIZE = 2 ** 31 - 1;

/** Elements without a size cost a file nothing, but whoever unfolds them: how many values an element may have beyond its bytes. */
const MAX_SIZELESS_VALUES = 2 ** 20;

/** NumPy's `NPY_MAXDIMS`: the dimensions of an array, or of a sub-array, at most. */
export const MAX_DIMENSIONS = 64;

/**
 * The dtype that NumPy's `numpy.dtype(like)` would be: a name (`"float64"`), a type string (`"<f8"`, `"|S5"`,
 * `"<M8[ns]"`), a list of fields (`[["t", "<f8"], ["pos", "<f4", [3]]]`), an object of fields (`{ t: "float64", pos: ["float32", [3]] }`)
 * or a dtype. With `align` the fields are padded as a C compiler does, as by `numpy.dtype(..., align=True)`.
 *
 * @throws NpyError `ERR_NPY_DTYPE` if NumPy does not know it, or if it holds Python objects, which have no fixed size.
 * @example
 * ```ts
 * dtype("float32").itemsize; // 4
 * dtype([["t", "<f8"], ["id", "<i4"]]).itemsize; // 12
 * ```
 */
export function dtype<const D extends DTypeLike>(
  like: D,
  options: { readonly align?: boolean } = {},
): D extends DType<infer Like> ? DType<Like> : DType<D> {
  return toDType(like, options.align === true) as unknown as D extends DType<infer Like> ? DType<Like> : DType<D>;
}

/** The dtypes that were made here, and how many values an element of each unfolds into. */
const made = new WeakMap<object, number>();

/** Whether it is a dtype of this package, not only something that one can be made of. */
export function isDType(like: object): like is DType {
  return made.has(like);
}

function toDType(like: unknown, align: boolean): DType {
  if (typeof like === "string") return scalar(like);
  if (typeof like === "object" && like !== null) {
    if (isDType(like)) return like;
    if (Array.isArray(like)) return fromDescr(like, align);
    // A dtype of another copy of this package, or one that was posted from another thread.
    if ("descr" in like && "kind" in like && "itemsize" in like && typeof like.itemsize === "number")
      return fromDescr(like.descr, false);
    return structure(fieldsOfObject(like), align);
  }
  throw notADType(like);
}

/** An object of fields as the list that it stands for. */
function fieldsOfObject(fields: object): readonly (readonly unknown[])[] {
  return Object.entries(fields).map(([name, like]: [string, unknown]) => {
    if (/^(?:0|[1-9]\d*)$/.test(name)) {
      throw new NpyError(
        "ERR_NPY_DTYPE",
        `JavaScript moves properties such as ${JSON.stringify(name)} to the front of an object: list the fields, as in [["${name}", "<f8"]].`,
        { field: name },
      );
    }
    return Array.isArray(like) && isSubArray(like) ? [name, ...like] : [name, like];
  });
}

/** The dtype of a header's `descr`, as `numpy.lib.format.descr_to_dtype` reads it. */
export function dtypeFromLiteral(descr: PyValue): DType {
  const result = fromDescr(toJson(descr), false);
  if (result.subdtype !== undefined) throw subArrayOfAnArray(result);
  return result;
}

/** In NumPy a sub-array's axes become axes of the array. */
export function subArrayOfAnArray(dtype: DType): NpyError {
  return new NpyError("ERR_NPY_DTYPE", `A sub-array (${formatDType(dtype)}) cannot be the dtype of an array, only of a field.`);
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

/** What structures are compared by, with each append of them. */
const texts = new WeakMap<DType, string>();

/** The dtype in the words of a header, for messages. */
export function formatDType(dtype: DType): string {
  const known = texts.get(dtype);
  if (known !== undefined) return known;
  const literal = dtypeToLiteral(dtype);
  const text = typeof literal === "string" ? literal : printPythonLiteral(literal);
  texts.set(dtype, text);
  return text;
}

/** The same dtype in this machine's byte order; structures are left as they are. */
export function nativeDType(dtype: DType): DType {
  if (dtype.byteOrder === "|" || dtype.byteOrder === NATIVE_BYTE_ORDER) return dtype;
  return scalar(NATIVE_BYTE_ORDER + dtype.str.slice(1));
}

function make(fields: Omit<DType, "~like">): DType {
  const result: DType = Object.freeze(fields);
  const values = valuesOf(result);
  if (values > result.itemsize + MAX_SIZELESS_VALUES) {
    throw new NpyError("ERR_NPY_DTYPE", `An element of ${result.itemsize} bytes cannot unfold into ${values} values.`);
  }
  made.set(result, values);
  return result;
}

function valuesOf({ fields = [], subdtype }: DType): number {
  if (subdtype !== undefined) return subdtype.shape.reduce((product, n) => product * n, made.get(subdtype.dtype) ?? 1);
  return fields.reduce((sum, { dtype }) => sum + (made.get(dtype) ?? 1), 1);
}

function notADType(like: unknown): NpyError {
  return new NpyError(
    "ERR_NPY_DTYPE",
    `${shown(like)} is not a dtype: expected a name ("float64"), a type string ("<f8") or a list of fields ([["t", "<f8"]]).`,
  );
}

function shown(value: unknown): string {
  if (typeof value !== "object" && typeof value !== "string") return String(value);
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? `${item}n` : item));
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
  const result = make({ ...parsed, alignment: alignmentOf(parsed), descr: parsed.str, fields: undefined, subdtype: undefined });
  // Only what can recur is worth keeping: a stream of distinct lengths must not fill the memory.
  if (scalars.size < 500) scalars.set(text, result);
  return result;
}

/** As C compilers have it on 64-bit machines. */
function alignmentOf({ kind, itemsize }: Pick<DType, "kind" | "itemsize">): number {
  if (kind === "S" || kind === "V") return 1;
  const size = kind === "U" ? 4 : kind === "c" ? itemsize / 2 : itemsize;
  return size === 12 ? 4 : size;
}

function isSubArray(descr: readonly unknown[]): descr is readonly [Descr, readonly number[]] {
  const [first, second] = descr;
  return (
    descr.length === 2 &&
    (typeof first === "string" || (typeof first === "object" && first !== null)) &&
    (typeof second === "number" || (Array.isArray(second) && second.every((n) => typeof n === "number")))
  );
}

function fromDescr(descr: unknown, align: boolean): DType {
  if (!Array.isArray(descr)) return toDType(descr, align);
  if (isSubArray(descr)) return subArray(toDType(descr[0], align), descr[1]);
  return structure(descr, align);
}

/** A sub-array of `base`; of a shape without axes, `base` itself. */
export function subArray(base: DType, shape: unknown): DType {
  const sizes = typeof shape === "number" ? [shape] : shape;
  const isShape = Array.isArray(sizes) && sizes.length <= MAX_DIMENSIONS;
  if (!isShape || !sizes.every((n) => Number.isInteger(n) && n >= 0 && n <= MAX_ITEMSIZE)) {
    throw new NpyError(
      "ERR_NPY_DTYPE",
      `${shown(shape)} is not the shape of a sub-array: expected at most ${MAX_DIMENSIONS} sizes of 0 to ${MAX_ITEMSIZE}.`,
    );
  }
  // NumPy would take the shape for the size of the element.
  if (base.itemsize === 0 && base.fields === undefined) {
    throw new NpyError("ERR_NPY_DTYPE", `A sub-array of ${formatDType(base)}, whose elements have no size, is not possible.`);
  }
  if (sizes.length === 0) return base;
  const itemsize = sizes.reduce((product: number, n: number) => product * n, base.itemsize);
  if (itemsize > MAX_ITEMSIZE) throw tooLarge(itemsize);
  return make({
    kind: "V",
    itemsize,
    alignment: base.alignment,
    byteOrder: "|",
    name: `void${itemsize * 8 || ""}`,
    str: `|V${itemsize}`,
    descr: Object.freeze([base.descr, Object.freeze([...sizes])] as const),
    datetime: undefined,
    fields: undefined,
    subdtype: Object.freeze({ dtype: base, shape: Object.freeze([...sizes]) }),
  });
}

function tooLarge(itemsize: number): NpyError {
  return new NpyError("ERR_NPY_DTYPE", `An element of ${itemsize} bytes is larger than NumPy's limit of ${MAX_ITEMSIZE}.`);
}

function structure(descr: readonly unknown[], align: boolean): DType {
  const fields: DTypeField[] = [];
  const taken = new Set<string>();
  let offset = 0;
  let alignment = 1;
  for (const entry of descr) {
    const { name, title, type } = parseField(entry, align);
    if (align) {
      alignment = Math.max(alignment, type.alignment);
      offset = roundUp(offset, type.alignment);
    }
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
  const itemsize = roundUp(offset, alignment);
  return make({
    kind: "V",
    itemsize,
    alignment,
    byteOrder: "|",
    name: `void${itemsize * 8 || ""}`,
    str: `|V${itemsize}`,
    descr: structureDescr(fields, itemsize),
    datetime: undefined,
    fields: Object.freeze(fields),
    subdtype: undefined,
  });
}

function roundUp(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

/** The same structure with its fields in another order, each where it is. */
export function withFields(dtype: DType, fields: readonly DTypeField[]): DType {
  return make({ ...dtype, fields, descr: structureDescr(fields, dtype.itemsize) });
}

function parseField(entry: unknown, align: boolean): { name: string; title: string | undefined; type: DType } {
  if (Array.isArray(entry) && (entry.length === 2 || entry.length === 3)) {
    const [label, descr, shape] = entry as unknown[];
    const type = fromField(descr, shape, align);
    if (typeof label === "string") return { name: label, title: undefined, type };
    if (Array.isArray(label) && label.length === 2) {
      const [title, name] = label as unknown[];
      if (typeof title === "string" && typeof name === "string") return { name, title, type };
    }
  }
  throw new NpyError(
    "ERR_NPY_DTYPE",
    `${shown(entry)} is not a field: expected [name, dtype] or [name, dtype, shape], or [title, name] for name.`,
  );
}

function fromField(descr: unknown, shape: unknown, align: boolean): DType {
  const base = toDType(descr, align);
  return shape === undefined ? base : subArray(base, shape);
}

/** NumPy's `dtype.descr`: gaps between fields, and after the last, become padding without a name. */
function structureDescr(fields: readonly DTypeField[], itemsize: number): Descr {
  const descr: DescrField[] = [];
  let end = 0;
  for (const { name, title, dtype, offset } of fields) {
    if (offset > end) descr.push(["", `|V${offset - end}`]);
    const label = title === undefined ? name : Object.freeze([title, name] as const);
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
