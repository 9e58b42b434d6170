/** A parsed input -> elements that can be written as a dtype: the casting rule kept, plain values converted, rows counted. */

import { type Casting, canCast } from "../cast/can-cast.ts";
import { NpyError } from "../errors.ts";
import { type DescrField, type DType, type DTypeField, dtype, formatDType, sameDType } from "../format/dtype.ts";
import { zeroDimensional } from "../format/header.ts";
import { shapeOf as fullShape, rowShape, sizeOf } from "../format/layout.ts";
import { isLongDouble } from "../format/scalars.ts";
import { asElementsOf } from "../input/input.ts";
import {
  type ColumnsInput,
  contiguous,
  contiguousStrides,
  type ParsedInput,
  type StridedBytes,
  type TypedInput,
} from "../input/parsed-input.ts";
import type { Blocks } from "../memory/blocks.ts";
import { flatten, inField } from "../memory/fields.ts";
import { type ColumnOfField, interleave } from "./columns.ts";
import { bytesAsTheyAre, checkConvertible, ravel } from "./ravel.ts";
import { compareNames, matchFields } from "./records.ts";
import { dtypeOfValues, encodeInput } from "./values.ts";

/** What all rows of a file have in common. */
export interface RowLayout {
  readonly dtype: DType;
  readonly fortranOrder: boolean;
  readonly rowShape: readonly number[];
}

/** An array that can be written: its bytes are made when they are asked for. */
export interface Elements {
  readonly shape: readonly number[];
  /** The bytes in file order; blocks of `perBlock` elements, if that is given. */
  blocks(fortranOrder: boolean, perBlock?: number): Blocks;
  /** The same as one block, if that is in memory already. */
  onlyBlock?(fortranOrder: boolean): Uint8Array | undefined;
}

/**
 * The dtype that an input has by itself.
 *
 * @throws NpyError `ERR_NPY_VALUE` if there is none.
 */
export function dtypeOfInput(parsed: ParsedInput): DType {
  if (parsed.kind === "typed") return parsed.dtype;
  return parsed.kind === "plain" ? (parsed.dtype ?? dtypeOfValues(parsed)) : dtypeOfColumns(parsed);
}

function dtypeOfColumns({ columns, isTable }: ColumnsInput): DType {
  if (!isTable && (columns.has("data") || columns.has("shape"))) {
    throw new NpyError(
      "ERR_NPY_VALUE",
      "An object with only one of data and shape is no array: expected both, or a dtype that has a field of this name.",
    );
  }
  const fields = [...columns].map(
    ([name, column]): DescrField =>
      inField(name, () => {
        const { descr } = dtypeOfInput(column);
        const shape = column.kind === "columns" ? [] : shapeOf(column).slice(1);
        return shape.length === 0 ? [name, descr] : [name, descr, shape];
      }),
  );
  if (fields.length > 0) return dtype(fields);
  throw new NpyError("ERR_NPY_VALUE", "An object without columns is no array: expected one array for each field.");
}

function shapeOf(parsed: Exclude<ParsedInput, { kind: "columns" }>): readonly number[] {
  return parsed.kind === "typed" ? parsed.array.shape : parsed.shape;
}

/**
 * The shape of the rows of a file that is created for an input. Columns make a 1-D array of records.
 *
 * @throws NpyError `ERR_NPY_SHAPE` for 0-d arrays.
 */
export function rowShapeOfInput(parsed: ParsedInput, fortranOrder: boolean): readonly number[] {
  if (parsed.kind === "columns") return [];
  const shape = shapeOf(parsed);
  if (shape.length === 0) throw zeroDimensional();
  return rowShape({ shape, fortranOrder });
}

/**
 * Elements ready to be written as `target`.
 *
 * @throws NpyError `ERR_NPY_CAST` if the rule forbids it, `ERR_NPY_VALUE` for a value that does not fit; for structures with the `field`.
 */
export function castInput(input: ParsedInput, target: DType, casting: Casting): Elements {
  const parsed = inOwnDType(input);
  if (parsed.kind === "columns") return castColumns(parsed, target, casting);
  const array = parsed.kind === "plain" ? encodeInput(parsed, target) : castArray(parsed, target, casting);
  return {
    shape: array.shape,
    blocks: (fortranOrder, perBlock) => ravel(array, target, fortranOrder, perBlock),
    onlyBlock: (fortranOrder) => bytesAsTheyAre(array, target, fortranOrder),
  };
}

/** Values that were given with a dtype, as elements of it. */
function inOwnDType(parsed: ParsedInput): ParsedInput {
  if (parsed.kind !== "plain" || parsed.dtype === undefined) return parsed;
  const { dtype, fortranOrder } = parsed;
  return { kind: "typed", dtype, array: encodeInput(parsed, dtype), fortranOrder, bare: false };
}

function castArray({ dtype, array, ofBuffer }: TypedInput, target: DType, casting: Casting): StridedBytes {
  // Every rule allows it, and to go through the fields takes as long as to write a few hundred records.
  if (sameDType(dtype, target) && sameDType(array.dtype, target)) return array;
  if (ofBuffer && target.itemsize > 1 && sizeOf(array.shape) > 0) throw bytesOfWhat(target);
  if (!canCast(matchFields(dtype, target), target, casting)) {
    const hint =
      dtype.str === "|u1" && target.kind === "b"
        ? ' A Uint8Array alone is taken for bools if all its bytes are 0 or 1; pass { data, shape, dtype: "bool" } if other bytes are true.'
        : "";
    throw new NpyError(
      "ERR_NPY_CAST",
      `Cannot cast ${formatDType(dtype)} to ${formatDType(target)} by the rule "${casting}": convert the data first, or open ` +
        `the file with another casting.${hint}`,
    );
  }
  const elements = array.dtype.kind === dtype.kind && array.dtype.itemsize !== dtype.itemsize ? dtype : undefined;
  const matched = { ...array, dtype: matchFields(array.dtype, target), elements };
  checkConvertible(matched, target);
  return matched;
}

/** Bytes from a file or a network would each become an element. */
function bytesOfWhat(target: DType): NpyError {
  return new NpyError(
    "ERR_NPY_DTYPE",
    `A Buffer is bytes, and an element of ${formatDType(target)} has ${target.itemsize}: pass { data, shape, dtype } to say what they are, or ` +
      "new Uint8Array(buffer) if each of them is an element. A stream of bytes is appended with raw: true.",
  );
}

function castColumns({ columns }: ColumnsInput, target: DType, casting: Casting): Elements {
  const { fields } = target;
  if (fields === undefined) {
    throw new NpyError(
      "ERR_NPY_DTYPE",
      `Columns are for structured dtypes, and the file has ${formatDType(target)}: pass one array, or { data, shape }.`,
    );
  }
  const problem = compareNames(
    [...columns.keys()],
    fields.map(({ name }) => name),
  );
  if (problem !== undefined) {
    throw new NpyError("ERR_NPY_VALUE", `The columns are not those of the dtype: ${problem.reason}.`, { field: problem.field });
  }
  const cast = fields.map((field) =>
    inField(field.name, () => castColumn(columns.get(field.name) as ParsedInput, field, casting)),
  );
  // A column without bytes may be of any length.
  const counted = cast.filter(({ rows, field }) => rows > 0 || field.dtype.itemsize > 0);
  const [first] = counted;
  const other = counted.find(({ rows }) => rows !== first?.rows);
  if (first !== undefined && other !== undefined) {
    throw new NpyError(
      "ERR_NPY_SHAPE",
      `Columns must have one length: ${JSON.stringify(first.field.name)} has ${first.rows} rows, ` +
        `${JSON.stringify(other.field.name)} has ${other.rows}.`,
      { field: other.field.name },
    );
  }
  const rows = first?.rows ?? 0;
  return { shape: [rows], blocks: (_, perBlock) => interleave(target, cast, rows, perBlock) };
}

/** One column: an element (or a sub-array) for each record, the elements of sub-arrays also one after the other. */
function castColumn(input: ParsedInput, field: DTypeField, casting: Casting): ColumnOfField & { rows: number } {
  const parsed = inOwnDType(input);
  const { element, shape, count } = flatten(field.dtype);
  const column = inRecords(parsed.kind === "typed" ? asRaw(asElementsOf(parsed, element), element) : parsed, shape);
  const elements = castInput(column, element, casting);
  const [length = Number.NaN, ...rest] = elements.shape;
  const isFlat = rest.length === 0 && count > 0 && length % count === 0;
  // Nested arrays cannot say what is beyond an axis without elements.
  const isEmpty = count === 0 && sizeOf(elements.shape) === 0;
  if (!isFlat && !isEmpty && (elements.shape.length === 0 || rest.join() !== shape.join())) {
    throw new NpyError(
      "ERR_NPY_SHAPE",
      `a column of shape (${elements.shape.join(", ")}) does not fit: expected (${["n", ...shape].join(", ")})` +
        `${elements.shape.length === 0 ? ", or an array of objects, even of one" : ""}.`,
    );
  }
  const rows = isFlat ? length / count : length;
  return { field, rows, blocks: (perBlock) => elements.blocks(false, perBlock) };
}

/** An array of `Uint8Array`s, if each is an element that JavaScript has no other value for: void, or a long double. */
function asRaw(parsed: TypedInput, element: DType): TypedInput {
  const { bytes, dtype: own, shape, strides, offset } = parsed.array;
  const isRaw = isLongDouble(element) || (element.kind === "V" && element.fields === undefined);
  const isWhole =
    own.str === "|u1" && shape.at(-1) === element.itemsize && strides.join() === contiguousStrides(shape, false).join();
  if (!isRaw || !isWhole || parsed.bare) return parsed;
  return { ...parsed, dtype: element, array: contiguous(bytes.subarray(offset), element, shape.slice(0, -1), false) };
}

/** The elements of sub-arrays that lie one after the other, with their records' axis, so that errors name the record. */
function inRecords(parsed: ParsedInput, shape: readonly number[]): ParsedInput {
  if (parsed.kind === "columns") return parsed;
  const [length = Number.NaN, ...rest] = shapeOf(parsed);
  const rows = length / sizeOf(shape);
  if (shape.length === 0 || rest.length > 0 || !Number.isInteger(rows)) return parsed;
  const nested = [rows, ...shape];
  if (parsed.kind === "plain") return { ...parsed, shape: nested, fortranOrder: undefined };
  const [stride = 1] = parsed.array.strides;
  const strides = contiguousStrides(nested, false).map((elements) => elements * stride);
  return { ...parsed, array: { ...parsed.array, shape: nested, strides } };
}

/**
 * Rows ready to be appended.
 *
 * @throws NpyError as {@link castInput} does, and `ERR_NPY_SHAPE` if they are not rows of the layout.
 */
export function conform(parsed: ParsedInput, layout: RowLayout, casting: Casting): Elements {
  if (parsed.kind === "columns") {
    const records = castInput(parsed, layout.dtype, casting);
    checkRowShape(records.shape, layout);
    return records;
  }
  if (parsed.kind === "typed" && parsed.bare) {
    const elements = asElementsOf(parsed, layout.dtype);
    return castInput({ ...elements, array: asRows(elements.array, layout) }, layout.dtype, casting);
  }
  checkRowShape(shapeOf(parsed), layout);
  return castInput(parsed, layout.dtype, casting);
}

/** A typed array without a shape: whole rows, in the file's own order. */
function asRows(array: StridedBytes, { rowShape, fortranOrder }: RowLayout): StridedBytes {
  const [elements] = array.shape as [number];
  const perRow = sizeOf(rowShape);
  const rows = perRow === 0 ? 0 : elements / perRow;
  if (rows * perRow !== elements || !Number.isInteger(rows)) {
    throw new NpyError(
      "ERR_NPY_SHAPE",
      `${elements} elements are not whole rows of shape (${rowShape.join(", ")}), which have ${perRow} each.`,
    );
  }
  const shape = fullShape(rows, rowShape, fortranOrder);
  return { ...array, shape, strides: contiguousStrides(shape, fortranOrder) };
}

/** numpy.concatenate: all dimensions but the one that grows must match exactly. */
function checkRowShape(shape: readonly number[], { rowShape: expected, fortranOrder }: RowLayout): void {
  if (shape.length === 0) throw zeroDimensional();
  const found = rowShape({ shape, fortranOrder });
  if (shape.length === expected.length + 1 && found.every((n, axis) => n === expected[axis])) return;
  const pattern = fortranOrder ? [...expected, "n"] : ["n", ...expected];
  throw new NpyError(
    "ERR_NPY_SHAPE",
    `Cannot append an array of shape (${shape.join(", ")}): expected (${pattern.join(", ")}), since arrays may differ on the growth axis only ` +
      `(the ${fortranOrder ? "last, in Fortran" : "first, in C"} order).`,
  );
}
