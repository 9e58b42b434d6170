/**
 * Makes dtypes from names, type strings, lists and objects of fields, and from the `descr` of a header.
 *
 * Sources: NumPy's "Data type objects" and "Array interface" (`typestr`), and `numpy.lib.format.descr_to_dtype`.
 */
import { clipped, NpyError, quoted } from "../errors.ts";
import { type DType, isSubArray, showDType } from "./descr.ts";
import type { CheckedDType } from "./dtype-words.ts";
import { PyTuple, type PyValue, printPythonLiteral } from "./python-literal.ts";
import { isNative, NATIVE_BYTE_ORDER, partSize } from "./scalars.ts";
import { isDType, MAX_ITEMSIZE, type Member, make, structure, subArray } from "./structure.ts";
import { meantDType, scalarFromString } from "./type-string.ts";

export type { Carried, DatetimeUnit, Descr, DescrField, DType, DTypeField, DTypeLike, DTypeName } from "./descr.ts";
export { formatDType, sameDType, showDType } from "./descr.ts";
export type { CheckedDType } from "./dtype-words.ts";
export type { ByteOrder, DTypeKind } from "./scalars.ts";

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
export function dtype<const D>(
  like: CheckedDType<D>,
  options: { readonly align?: boolean } = {},
): D extends DType<infer Description> ? DType<Description> : DType<D> {
  return toDType(like, options.align === true ? ALIGNED : GIVEN) as unknown as D extends DType<infer Description>
    ? DType<Description>
    : DType<D>;
}

/** Where descriptions of dtypes come from. Those of headers are texts and lists alone, and need none of what helps users. */
interface Origin {
  /** Whether the fields of structures are aligned. */
  readonly align: boolean;
  /** What is neither a text nor a list, as a dtype; `undefined` if it is none. */
  readonly convert: (like: unknown, origin: Origin) => DType | undefined;
  /** A description, for a message. */
  readonly quote: (like: unknown) => string;
  /** The name that was probably meant. */
  readonly meant: (like: unknown) => string | undefined;
}

const OF_HEADER: Origin = {
  align: false,
  convert: () => undefined,
  quote: (like) => clipped(JSON.stringify(like)),
  meant: () => undefined,
};

/** What users pass. */
const GIVEN: Origin = { align: false, convert: fromObject, quote: quoted, meant: meantDType };
const ALIGNED: Origin = { align: true, convert: fromObject, quote: quoted, meant: meantDType };

function toDType(like: unknown, origin: Origin): DType {
  if (typeof like === "string") return scalar(like, origin);
  if (Array.isArray(like)) return fromDescr(like, origin);
  const converted = origin.convert(like, origin);
  if (converted === undefined) throw notADType(like, origin);
  return converted;
}

function fromObject(like: unknown, origin: Origin): DType | undefined {
  if (typeof like !== "object" || like === null) return undefined;
  if (isDType(like)) return like;
  // A dtype of another copy of this package, or posted from another thread.
  if ("descr" in like && "kind" in like && "itemsize" in like && typeof like.itemsize === "number") {
    return fromDescr(like.descr, { ...origin, align: false });
  }
  return structureOf(fieldsOfObject(like), origin);
}

/** An object of fields as a list. */
function fieldsOfObject(fields: object): readonly (readonly unknown[])[] {
  return Object.entries(fields).map(([name, like]: [string, unknown]) => {
    if (/^(?:0|[1-9]\d*)$/.test(name)) {
      throw new NpyError(
        "ERR_NPY_DTYPE",
        `JavaScript moves properties such as ${quoted(name)} to the front of an object: list the fields, as in [[${quoted(name)}, "<f8"]].`,
        { field: name },
      );
    }
    return Array.isArray(like) && isSubArray(like) ? [name, ...like] : [name, like];
  });
}

/** The dtype of a header's `descr`, as `numpy.lib.format.descr_to_dtype` reads it. */
export function dtypeFromLiteral(descr: PyValue): DType {
  const result = fromDescr(toJson(descr), OF_HEADER);
  if (result.subdtype !== undefined) throw subArrayOfAnArray(result);
  return result;
}

/** In NumPy the axes of a sub-array become axes of the array. */
export function subArrayOfAnArray(dtype: DType): NpyError {
  return new NpyError("ERR_NPY_DTYPE", `A sub-array (${showDType(dtype)}) cannot be the dtype of an array, only of a field.`);
}

/** The same dtype in this machine's byte order; structures are left as they are. */
export function nativeDType(dtype: DType): DType {
  return isNative(dtype) ? dtype : scalar(NATIVE_BYTE_ORDER + dtype.str.slice(1), OF_HEADER);
}

function notADType(like: unknown, { quote, meant: meantBy }: Origin): NpyError {
  const meant = meantBy(like);
  const hint = meant === undefined ? "" : ` Did you mean "${meant}"?`;
  return new NpyError(
    "ERR_NPY_DTYPE",
    `${quote(like)} is not a dtype: expected a name ("float64"), a type string ("<f8") or a list of fields ([["t", "<f8"]]).${hint}`,
  );
}

const scalars = new Map<string, DType>();

function scalar(text: string, origin: Origin): DType {
  const known = scalars.get(text);
  if (known !== undefined) return known;
  const parsed = scalarFromString(text, NATIVE_BYTE_ORDER);
  if (parsed === "object") {
    throw new NpyError(
      "ERR_NPY_DTYPE",
      `dtype ${origin.quote(text)} holds Python objects, which are pickled and have no fixed size: ` +
        "they can neither be appended to nor read here. Convert the array to a fixed-size dtype in NumPy first.",
    );
  }
  if (parsed === undefined || parsed.itemsize > MAX_ITEMSIZE) throw notADType(text, origin);
  const size = partSize(parsed);
  // A C compiler aligns long doubles of 12 bytes to 4.
  const alignment = size === 12 ? 4 : size;
  const result = make({ ...parsed, alignment, descr: parsed.str, fields: undefined, subdtype: undefined });
  // Bounded, so that a stream of distinct lengths does not fill the memory.
  if (scalars.size < 500) scalars.set(text, result);
  return result;
}

function fromDescr(descr: unknown, origin: Origin): DType {
  if (!Array.isArray(descr)) return toDType(descr, origin);
  if (isSubArray(descr)) return subArray(toDType(descr[0], origin), descr[1], origin.quote);
  return structureOf(descr, origin);
}

function structureOf(entries: readonly unknown[], origin: Origin): DType {
  return structure(
    entries.map((entry) => parseField(entry, origin)),
    origin.align,
  );
}

function parseField(entry: unknown, origin: Origin): Member {
  if (Array.isArray(entry) && (entry.length === 2 || entry.length === 3)) {
    const [label, descr, shape] = entry as unknown[];
    const base = toDType(descr, origin);
    const type = shape === undefined ? base : subArray(base, shape, origin.quote);
    if (typeof label === "string") return { name: label, title: undefined, dtype: type };
    if (Array.isArray(label) && label.length === 2) {
      const [title, name] = label as unknown[];
      if (typeof title === "string" && typeof name === "string") return { name, title, dtype: type };
    }
  }
  throw new NpyError(
    "ERR_NPY_DTYPE",
    `${origin.quote(entry)} is not a field: expected [name, dtype] or [name, dtype, shape], or [title, name] for name.`,
  );
}

/** Tuples and lists both become arrays: their positions in a `descr` tell them apart. */
function toJson(value: PyValue): unknown {
  if (value instanceof PyTuple) return value.items.map(toJson);
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === "string" || typeof value === "number") return value;
  throw new NpyError("ERR_NPY_DTYPE", `${clipped(printPythonLiteral(value))} cannot be a part of a dtype's description.`);
}
