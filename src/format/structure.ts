/** Structures and sub-arrays. Padding and titles are treated exactly as by `numpy.lib.format.descr_to_dtype`. */

import { clipped, NpyError, quotedText } from "../errors.ts";
import { counted } from "./counted.ts";
import { type Descr, type DescrField, type DType, type DTypeField, showDType } from "./descr.ts";

/** NumPy's limit of an element's size, and of the sizes of a sub-array: a C int. */
export const MAX_ITEMSIZE: number = 2 ** 31 - 1;

/** How many values an element may have beyond its bytes: values without a size take no space in a file, but fill the memory. */
const MAX_SIZELESS_VALUES = 2 ** 20;

/** NumPy's `NPY_MAXDIMS`: the most dimensions of an array or a sub-array. */
export const MAX_DIMENSIONS = 64;

/** All dtypes of this package, with the number of values in an element. */
const made = new WeakMap<object, number>();

/** Whether this is a dtype, not a description of one. */
export function isDType(like: object): like is DType {
  return made.has(like);
}

/** Every dtype is made here. */
export function make(fields: Omit<DType, "~like">): DType {
  const result: DType = Object.freeze(fields);
  const values = valuesOf(result);
  if (values > result.itemsize + MAX_SIZELESS_VALUES) {
    throw new NpyError(
      "ERR_NPY_DTYPE",
      `An element of ${counted(result.itemsize, "byte")} cannot unfold into ${counted(values, "value")}.`,
    );
  }
  made.set(result, values);
  return result;
}

function valuesOf({ fields = [], subdtype }: DType): number {
  if (subdtype !== undefined) return subdtype.shape.reduce((product, n) => product * n, made.get(subdtype.dtype) ?? 1);
  return fields.reduce((sum, { dtype }) => sum + (made.get(dtype) ?? 1), 1);
}

/** A sub-array of `base`, or `base` itself if the shape has no axes. `quote` shows a shape that is none. */
export function subArray(base: DType, shape: unknown, quote: (value: unknown) => string): DType {
  const sizes = typeof shape === "number" ? [shape] : shape;
  const isShape = Array.isArray(sizes) && sizes.length <= MAX_DIMENSIONS;
  if (!isShape || !sizes.every((n) => Number.isInteger(n) && n >= 0 && n <= MAX_ITEMSIZE)) {
    throw new NpyError(
      "ERR_NPY_DTYPE",
      `${quote(shape)} is not the shape of a sub-array: expected at most ${MAX_DIMENSIONS} sizes of 0 to ${MAX_ITEMSIZE}.`,
    );
  }
  // NumPy would take the shape for an itemsize.
  if (base.itemsize === 0 && base.fields === undefined) {
    throw new NpyError("ERR_NPY_DTYPE", `A sub-array of ${showDType(base)}, whose elements have no size, is not possible.`);
  }
  if (sizes.length === 0) return base;
  const itemsize = sizes.reduce((product: number, n: number) => product * n, base.itemsize);
  if (itemsize > MAX_ITEMSIZE) throw tooLarge(itemsize);
  const descr = Object.freeze([base.descr, Object.freeze([...sizes])] as const);
  const subdtype = Object.freeze({ dtype: base, shape: Object.freeze([...sizes]) });
  return makeVoid(itemsize, { alignment: base.alignment, descr, fields: undefined, subdtype });
}

function makeVoid(itemsize: number, rest: Pick<DType, "alignment" | "descr" | "fields" | "subdtype">): DType {
  const [name, str] = [`void${itemsize * 8 || ""}`, `|V${itemsize}`];
  return make({ kind: "V", itemsize, byteOrder: "|", name, str, datetime: undefined, ...rest });
}

function tooLarge(itemsize: number): NpyError {
  return new NpyError("ERR_NPY_DTYPE", `An element of ${itemsize} bytes is larger than NumPy's limit of ${MAX_ITEMSIZE}.`);
}

/** A field without its offset. */
export type Member = Omit<DTypeField, "offset">;

/** A structure of these fields in order; with `align`, padded as by a C compiler. */
export function structure(members: readonly Member[], align: boolean): DType {
  const fields: DTypeField[] = [];
  const taken = new Set<string>();
  let offset = 0;
  let alignment = 1;
  for (const { name, title, dtype: type } of members) {
    if (align) {
      alignment = Math.max(alignment, type.alignment);
      offset = roundUp(offset, type.alignment);
    }
    // As in numpy.lib.format, void without fields and name is padding; sub-arrays count as void.
    const isPadding = name === "" && title === undefined && type.kind === "V" && type.fields === undefined;
    if (!isPadding) {
      for (const word of title === undefined ? [name] : [name, title]) {
        if (taken.has(word)) {
          throw new NpyError("ERR_NPY_DTYPE", `Field name ${quotedText(word)} is used twice, as a name or a title.`);
        }
        taken.add(word);
      }
      fields.push(Object.freeze({ name, title, dtype: type, offset }));
    }
    offset += type.itemsize;
    if (offset > MAX_ITEMSIZE) throw tooLarge(offset);
  }
  const itemsize = roundUp(offset, alignment);
  const descr = structureDescr(fields, itemsize);
  return makeVoid(itemsize, { alignment, descr, fields: Object.freeze(fields), subdtype: undefined });
}

function roundUp(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

/** The same structure with its fields in another order, at the same offsets. */
export function withFields(dtype: DType, fields: readonly DTypeField[]): DType {
  return make({ ...dtype, fields, descr: structureDescr(fields, dtype.itemsize) });
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

/**
 * A structure of some fields in the order of `names`, without padding between them: `numpy.lib.recfunctions.repack_fields(a[names])`. `chosen`
 * are the fields as they lie in the whole structure.
 *
 * @throws NpyError `ERR_NPY_OPTION` if there is no such field.
 */
export function withOnly(dtype: DType, names: readonly string[]): { dtype: DType; chosen: readonly DTypeField[] } {
  const { fields } = dtype;
  if (fields === undefined) {
    throw new NpyError(
      "ERR_NPY_OPTION",
      `fields: the array has dtype ${showDType(dtype)}, which has no fields: leave fields out.`,
    );
  }
  const chosen = names.map((name, i) => {
    const field = fields.find((one) => one.name === name);
    if (field === undefined) throw noField(fields, name);
    if (names.indexOf(name) < i)
      throw new NpyError("ERR_NPY_OPTION", "This field is chosen twice: name it once.", { field: name });
    return field;
  });
  return { dtype: structure(chosen, false), chosen };
}

/** The error for a field that a structure does not have. */
export function noField(fields: readonly DTypeField[], field: string): NpyError {
  const names = fields
    .slice(0, 80)
    .map(({ name }) => quotedText(name))
    .join(", ");
  return new NpyError("ERR_NPY_OPTION", `There is no such field: there are ${clipped(names) || "none"}.`, { field });
}
