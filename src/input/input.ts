/** Everything that can be appended -> one checked form. Whatever can be wrong with an input is refused here. */

import { RecordArray } from "../decode/record-array.ts";
import { NpyError, quoted } from "../errors.ts";
import { type DType, type DTypeLike, dtype, nativeDType, sameDType } from "../format/dtype.ts";
import { isLongDouble } from "../format/scalars.ts";
import { areBools } from "../memory/bools.ts";
import { flatten, inField } from "../memory/fields.ts";
import { adviceFor } from "./advice.ts";
import { isBuffer, isNodeBuffer, needsDType, typedArrayBytes } from "./array-bytes.ts";
import type { ArrayView, Scalar, TypedArray } from "./array-input.ts";
import { fromForeign } from "./foreign.ts";
import { parseNested } from "./nested.ts";
import { type ColumnsInput, contiguous, type ParsedInput, type TypedInput } from "./parsed-input.ts";
import { isMap, isPlainObject, peek } from "./properties.ts";
import { parseView, wholeElements } from "./view.ts";

/**
 * Understands an input. An object with exactly the names of the fields of `target` (the dtype of the file, if known) is columns, even if
 * its names are `data` and `shape`. Without a dtype, an object with both of these is an array.
 *
 * @throws NpyError `ERR_NPY_VALUE` if it is not an array, `ERR_NPY_SHAPE` for ragged nesting, sizes that do not match the data and
 * strides that reach outside it, `ERR_NPY_DTYPE` if the data cannot be of the declared dtype.
 */
export function parseInput(input: unknown, target?: DType): ParsedInput {
  if (ArrayBuffer.isView(input)) {
    const { bytes, dtype } = typedArrayBytes(input as TypedArray | DataView);
    if (dtype === undefined) throw needsDType("A DataView");
    const shape = [bytes.length / dtype.itemsize];
    return { kind: "typed", dtype, array: contiguous(bytes, dtype, shape, false), bare: true, ofBuffer: isNodeBuffer(input) };
  }
  if (Array.isArray(input)) return parseNested(input, target?.fields === undefined ? parseItem : () => undefined);
  if (isBuffer(input)) throw needsDType("An ArrayBuffer");
  if (input instanceof RecordArray) {
    const { bytes, dtype, length } = input;
    return { kind: "typed", dtype, array: contiguous(bytes, dtype, [length], false), bare: true };
  }
  if (typeof input === "object" && input !== null) {
    if (target !== undefined && isPlainObject(input) && isColumnsOf(target, input)) {
      return parseColumns(Object.entries(input), false, target);
    }
    const array = parseArray(input, target);
    if (array !== undefined) return array;
    if (isPlainObject(input)) return parseColumns(Object.entries(input), false, target);
  }
  if (isScalar(input)) return { kind: "plain", values: [input], shape: [] };
  const advice =
    adviceFor(input) ||
    ": expected { data, shape }, a typed array or nested arrays of numbers, bigints, booleans, strings or Dates; for structures also records, or " +
      "an object of columns";
  throw new NpyError("ERR_NPY_VALUE", `${quoted(input)} is not an array${advice}.`);
}

/** An array or a table of another library, or one that is described by its parts; `undefined` for any other object. */
function parseArray(input: object, target?: DType): ParsedInput | undefined {
  const foreign = fromForeign(input);
  if (foreign === undefined) return "data" in input && "shape" in input ? parseView(input as ArrayView) : undefined;
  return isMap(foreign) ? parseColumns(foreign, true, target) : parseView(foreign as ArrayView);
}

/** An array in a list; `undefined` for a record, whatever names its fields have. */
function parseItem(item: object): ParsedInput | undefined {
  if (isMap(item) || (isPlainObject(item) && !isObject(peek(item, "data")))) return undefined;
  return parseArray(item);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function parseColumns(columns: Iterable<readonly [string, unknown]>, isTable: boolean, target: DType | undefined): ColumnsInput {
  const parsed = Array.from(columns, ([name, column]) => {
    const field = target?.fields?.find((candidate) => candidate.name === name);
    const element = field && flatten(field.dtype).element;
    return [name, inField(name, () => parseInput(column, element))] as const;
  });
  return { kind: "columns", columns: new Map(parsed), isTable };
}

/** Whether an object is the columns of a structure: it has the names of its fields and no others, and is not an array of such records. */
function isColumnsOf(target: DType, input: object): boolean {
  if (!areFieldsOf(target, Object.keys(input))) return false;
  // No column can be one of these.
  if (Object.values(input).some((value) => typeof value === "string" || typeof value === "function")) return false;
  const { data, dtype: like } = input as { readonly data?: unknown; readonly dtype?: unknown };
  if (isBuffer(data) || data instanceof DataView || describesDType(like, target)) return false;
  if (data instanceof RecordArray) return !areFieldsOf(target, data.dtype.fields?.map(({ name }) => name) ?? []);
  const record: unknown = Array.isArray(data) ? data[0] : undefined;
  return typeof record !== "object" || record === null || !areFieldsOf(target, Object.keys(record));
}

function areFieldsOf({ fields = [] }: DType, names: readonly string[]): boolean {
  return names.length > 0 && names.length === fields.length && fields.every(({ name }) => names.includes(name));
}

function describesDType(like: unknown, target: DType): boolean {
  try {
    return like !== undefined && sameDType(dtype(like as DTypeLike), target);
  } catch (error) {
    if (error instanceof NpyError) return false;
    throw error;
  }
}

function isScalar(value: unknown): value is Scalar {
  return ["number", "bigint", "boolean", "string"].includes(typeof value) || value instanceof Date;
}

/**
 * A bare typed array as elements of `target`, if it is what reading gives for it: bytes for void, structures and long doubles, bytes of 0 and 1
 * for bools, 64-bit counts for datetime64 and timedelta64, pairs of floats for complex numbers. Other bytes are numbers, which are no bools.
 */
export function asElementsOf(parsed: TypedInput, target: DType): TypedInput {
  const counted = countedAs(parsed.dtype, target);
  if (!parsed.bare || counted === undefined) return parsed;
  if (counted.kind === "b" && !areBools(parsed.array.bytes, counted)) return parsed;
  const { bytes, dtype: stored } = wholeElements(parsed.array.bytes, counted);
  const elements = stored.itemsize === 0 ? 0 : bytes.length / stored.itemsize;
  return { ...parsed, dtype: stored, array: contiguous(bytes, stored, [elements], false) };
}

function countedAs(own: DType, target: DType): DType | undefined {
  switch (`${own.kind}${own.itemsize} ${target.kind}`) {
    case "u1 b":
    case "i8 M":
    case "i8 m":
      return nativeDType(target);
    case "f4 c":
      return dtype("complex64");
    case "f8 c":
      return dtype("complex128");
    default:
      return own.str === "|u1" && (target.kind === "V" || isLongDouble(target)) ? target : undefined;
  }
}
