/** A parsed input -> elements of a dtype: typed data are cast if the rule allows it, plain values converted exactly. */

import { type Casting, canCast } from "../cast/can-cast.ts";
import type { OnOverflow } from "../cast/overflow.ts";
import { NpyError, quoted } from "../errors.ts";
import { counted } from "../format/counted.ts";
import { type DType, type DTypeField, sameDType, showDType } from "../format/dtype.ts";
import { contiguousStrides, sizeOf } from "../format/layout.ts";
import { isLongDouble } from "../format/scalars.ts";
import { asElementsOf } from "../input/input.ts";
import { type ColumnsInput, contiguous, type ParsedInput, type StridedBytes, type TypedInput } from "../input/parsed-input.ts";
import { type Blocks, type Division, dividedFurther } from "../memory/blocks.ts";
import { flatten, inField } from "../memory/fields.ts";
import { type ColumnOfField, interleave } from "./columns.ts";
import { bytesAsTheyAre, checkConvertible, ravel } from "./ravel.ts";
import { compareNames, matchFields } from "./records.ts";
import { encodeInput, type PlainRules } from "./values.ts";

/** What casts of typed data may do, and how plain values are stored. */
export interface CastRules extends PlainRules {
  readonly casting: Casting;
  readonly onOverflow: OnOverflow;
}

/** An array that can be written. Its bytes are made on demand. */
export interface Elements {
  readonly shape: readonly number[];
  /** The bytes in file order, in blocks for `position` of a file (default 0), or of as many elements as `division` says. */
  blocks(fortranOrder: boolean, position?: number, division?: Division): Blocks;
  /** The same as one block, if that is in memory already. */
  onlyBlock?(fortranOrder: boolean): Uint8Array | undefined;
}

export function shapeOfInput(parsed: Exclude<ParsedInput, { kind: "columns" }>): readonly number[] {
  return parsed.kind === "typed" ? parsed.array.shape : parsed.shape;
}

/**
 * Elements ready to be written as `target`.
 *
 * @throws NpyError `ERR_NPY_CAST` if the rule forbids it, `ERR_NPY_VALUE` for a value that does not fit; for structures with the `field`.
 */
export function castInput(input: ParsedInput, target: DType, rules: CastRules): Elements {
  const parsed = inOwnDType(input, rules);
  if (parsed.kind === "columns") return castColumns(parsed, target, rules);
  const array = parsed.kind === "plain" ? encodeInput(parsed, target, rules) : castArray(parsed, target, rules);
  return {
    shape: array.shape,
    blocks: (fortranOrder, position, division) => ravel(array, target, fortranOrder, { position, division }),
    onlyBlock: (fortranOrder) => bytesAsTheyAre(array, target, fortranOrder),
  };
}

/** Values that were given with a dtype, as elements of it. */
function inOwnDType(parsed: ParsedInput, rules: PlainRules): ParsedInput {
  if (parsed.kind !== "plain" || parsed.dtype === undefined) return parsed;
  const { dtype, fortranOrder } = parsed;
  return { kind: "typed", dtype, array: encodeInput(parsed, dtype, rules), fortranOrder };
}

function castArray({ dtype, array, ofBuffer }: TypedInput, target: DType, rules: CastRules): StridedBytes {
  const { casting, onOverflow } = rules;
  // Every rule allows it, and checking all fields takes as long as writing a few hundred records.
  if (sameDType(dtype, target) && sameDType(array.dtype, target)) return array;
  if (ofBuffer && target.itemsize > 1 && sizeOf(array.shape) > 0) throw bytesOfWhat(target);
  if (!canCast(matchFields(dtype, target), target, casting)) {
    const hint =
      dtype.str === "|u1" && target.kind === "b"
        ? ' A Uint8Array alone is taken for bools if all its bytes are 0 or 1; pass { data, shape, dtype: "bool" } if other bytes are true.'
        : "";
    throw new NpyError(
      "ERR_NPY_CAST",
      `Cannot cast ${showDType(dtype)} to ${showDType(target)} by the rule "${casting}": convert the data first, or open ` +
        `the file with another casting.${hint}`,
    );
  }
  const elements = array.dtype.kind === dtype.kind && array.dtype.itemsize !== dtype.itemsize ? dtype : undefined;
  const matched = { ...array, dtype: matchFields(array.dtype, target), elements };
  checkConvertible(matched, target, onOverflow);
  return matched;
}

/** Each byte from a file or a network would become an element. */
function bytesOfWhat(target: DType): NpyError {
  return new NpyError(
    "ERR_NPY_DTYPE",
    `A Buffer is bytes, and an element of ${showDType(target)} has ${target.itemsize}: pass { data, shape, dtype } to say what they are, or ` +
      "new Uint8Array(buffer) if each of them is an element. A stream of bytes is appended with raw: true.",
  );
}

function castColumns({ columns }: ColumnsInput, target: DType, rules: CastRules): Elements {
  const { fields } = target;
  if (fields === undefined) {
    throw new NpyError(
      "ERR_NPY_DTYPE",
      `Columns are for structured dtypes, and the file has ${showDType(target)}: pass one array, or { data, shape }.`,
    );
  }
  const problem = compareNames(
    [...columns.keys()],
    fields.map(({ name }) => name),
  );
  if (problem !== undefined) {
    throw new NpyError("ERR_NPY_VALUE", `The columns are not those of the dtype: ${problem.reason}.`, { field: problem.field });
  }
  const values = [...columns].map(([name, column]) => [name, column.kind === "plain" ? column : undefined] as const);
  if (values.length > 0 && values.every(([, column]) => column?.shape.length === 0)) {
    const record = Object.fromEntries(values.map(([name, column]) => [name, column?.values[0]]));
    throw new NpyError(
      "ERR_NPY_SHAPE",
      `An object of values is one record, and an object of arrays is columns: for one record pass ${quoted([record])}.`,
      { field: fields[0]?.name },
    );
  }
  const cast = fields.map((field) => inField(field.name, () => castColumn(columns.get(field.name) as ParsedInput, field, rules)));
  // A column without bytes may be of any length.
  const measured = cast.filter(({ rows, field }) => rows > 0 || field.dtype.itemsize > 0);
  const [first] = measured;
  const other = measured.find(({ rows }) => rows !== first?.rows);
  if (first !== undefined && other !== undefined) {
    throw new NpyError(
      "ERR_NPY_SHAPE",
      `Columns must have one length: ${quoted(first.field.name)} has ${counted(first.rows, "row")}, ` +
        `${quoted(other.field.name)} has ${other.rows}.`,
      { field: other.field.name },
    );
  }
  const rows = first?.rows ?? 0;
  return { shape: [rows], blocks: (_, position, division) => interleave(target, cast, rows, { position, division }) };
}

/** One column: an element or a sub-array for each record. The elements of sub-arrays may also lie one after another. */
function castColumn(input: ParsedInput, field: DTypeField, rules: CastRules): ColumnOfField & { rows: number } {
  const parsed = inOwnDType(input, rules);
  const { element, shape, count } = flatten(field.dtype);
  const column = inRecords(parsed.kind === "typed" ? asRaw(asElementsOf(parsed, element), element) : parsed, shape);
  const elements = castInput(column, element, rules);
  const [length = Number.NaN, ...rest] = elements.shape;
  const isFlat = rest.length === 0 && count > 0 && length % count === 0;
  // Nested arrays cannot say what follows an axis of size 0.
  const isEmpty = count === 0 && sizeOf(elements.shape) === 0;
  if (!isFlat && !isEmpty && (elements.shape.length === 0 || rest.join() !== shape.join())) {
    throw new NpyError(
      "ERR_NPY_SHAPE",
      `a column of shape (${elements.shape.join(", ")}) does not fit: expected (${["n", ...shape].join(", ")})` +
        `${elements.shape.length === 0 ? ", or an array of objects, even of one" : ""}.`,
    );
  }
  const rows = isFlat ? length / count : length;
  return { field, rows, blocks: (division) => elements.blocks(false, 0, dividedFurther(division, count)) };
}

/** An array of `Uint8Array`s, where each of them is an element of a dtype that JavaScript has no numbers for: void, or a long double. */
function asRaw(parsed: TypedInput, element: DType): TypedInput {
  const { bytes, dtype: own, shape, strides, offset } = parsed.array;
  const isRaw = isLongDouble(element) || (element.kind === "V" && element.fields === undefined);
  const isWhole =
    own.str === "|u1" && shape.at(-1) === element.itemsize && strides.join() === contiguousStrides(shape, false).join();
  if (!isRaw || !isWhole || parsed.bare) return parsed;
  return { ...parsed, dtype: element, array: contiguous(bytes.subarray(offset), element, shape.slice(0, -1), false) };
}

/** Gives the elements of sub-arrays that lie one after another an axis of records, so that errors name the record. */
function inRecords(parsed: ParsedInput, shape: readonly number[]): ParsedInput {
  if (parsed.kind === "columns") return parsed;
  const [length = Number.NaN, ...rest] = shapeOfInput(parsed);
  const rows = length / sizeOf(shape);
  if (shape.length === 0 || rest.length > 0 || !Number.isInteger(rows)) return parsed;
  const nested = [rows, ...shape];
  if (parsed.kind === "plain") return { ...parsed, shape: nested, fortranOrder: undefined };
  const [stride = 1] = parsed.array.strides;
  const strides = contiguousStrides(nested, false).map((elements) => elements * stride);
  return { ...parsed, array: { ...parsed.array, shape: nested, strides } };
}
