/** A parsed input -> rows of a file: of its dtype, and of its shape except on the growth axis. */

import { NpyError, quoted } from "../errors.ts";
import { counted } from "../format/counted.ts";
import { type DescrField, type DType, dtype } from "../format/dtype.ts";
import { zeroDimensional } from "../format/header.ts";
import { type ArrayLayout, contiguousStrides, growthAxis, rowCount, rowShape, shapeOf, sizeOf } from "../format/layout.ts";
import { asElementsOf } from "../input/input.ts";
import type { ColumnsInput, ParsedInput, PlainInput, StridedBytes } from "../input/parsed-input.ts";
import { placed } from "../memory/blocks.ts";
import { inField } from "../memory/fields.ts";
import { type CastRules, castInput, type Elements, shapeOfInput } from "./cast-input.ts";
import type { EncodedRows } from "./encoded-rows.ts";
import { dtypeOfValues, type InferenceRules } from "./infer-dtype.ts";

/**
 * The dtype of an input for which none was given.
 *
 * @throws NpyError as {@link dtypeOfValues} does.
 */
export function dtypeOfInput(parsed: ParsedInput, rules: InferenceRules): DType {
  if (parsed.kind === "typed") return parsed.dtype;
  return parsed.kind === "plain" ? (parsed.dtype ?? dtypeOfValues(parsed, rules)) : dtypeOfColumns(parsed, rules);
}

function dtypeOfColumns({ columns, isTable }: ColumnsInput, rules: InferenceRules): DType {
  if (!isTable && (columns.has("data") || columns.has("shape"))) {
    throw new NpyError(
      "ERR_NPY_VALUE",
      "An object with only one of data and shape is no array: expected both, or a dtype that has a field of this name.",
    );
  }
  const fields = [...columns].map(
    ([name, column]): DescrField =>
      inField(name, () => {
        const { descr } = dtypeOfInput(column, rules);
        const shape = column.kind === "columns" ? [] : shapeOfInput(column).slice(1);
        return shape.length === 0 ? [name, descr] : [name, descr, shape];
      }),
  );
  if (fields.length > 0) return dtype(fields);
  throw new NpyError("ERR_NPY_VALUE", "An object without columns is no array: expected one array for each field.");
}

/**
 * The layout, with 0 rows, of a file that is created for an input. Columns make a 1-D array of records.
 *
 * @throws NpyError `ERR_NPY_SHAPE` for 0-d arrays; as {@link dtypeOfInput} does.
 */
export function layoutOfInput(
  parsed: ParsedInput,
  wanted: { readonly dtype?: DType | undefined; readonly fortranOrder?: boolean | undefined } & InferenceRules,
): ArrayLayout {
  const fortranOrder = wanted.fortranOrder ?? parsed.fortranOrder ?? false;
  const shape = parsed.kind === "columns" ? [0] : shapeOfInput(parsed);
  const axis = growthAxis(fortranOrder, shape.length);
  if (axis === undefined) throw zeroDimensional(oneRow(shape, [], parsed));
  return { dtype: wanted.dtype ?? dtypeOfInput(parsed, wanted), fortranOrder, shape: shape.with(axis, 0) };
}

/**
 * Rows of a file of this layout, whatever the size of its growth axis.
 *
 * @throws NpyError as {@link castInput} does, and `ERR_NPY_SHAPE` for rows of another shape.
 */
export function encodeParsed(parsed: ParsedInput, layout: ArrayLayout, rules: CastRules): EncodedRows {
  const { dtype, fortranOrder } = layout;
  const { shape, blocks, onlyBlock } = conform(parsed, layout, rules);
  return {
    rows: rowCount({ shape, fortranOrder }),
    byteLength: sizeOf(shape) * dtype.itemsize,
    blocks: placed((position) => blocks(fortranOrder, position)),
    get onlyBlock() {
      return onlyBlock?.(fortranOrder);
    },
  };
}

function conform(parsed: ParsedInput, layout: ArrayLayout, rules: CastRules): Elements {
  try {
    return conformRows(parsed, layout, rules);
  } catch (error) {
    const axis = growthAxis(layout.fortranOrder, layout.shape.length) ?? 0;
    throw error instanceof NpyError ? error.within({ row: error.index?.[axis] }) : error;
  }
}

function conformRows(parsed: ParsedInput, layout: ArrayLayout, rules: CastRules): Elements {
  if (parsed.kind === "typed" && parsed.bare) {
    const elements = asElementsOf(parsed, layout.dtype);
    return castInput({ ...elements, array: asRows(elements.array, layout) }, layout.dtype, rules);
  }
  if (isEmptyList(parsed)) {
    const shape = shapeOf(0, rowShape(layout), layout.fortranOrder);
    return castInput({ ...parsed, shape, fortranOrder: undefined }, layout.dtype, rules);
  }
  if (parsed.kind !== "columns") checkRowShape(shapeOfInput(parsed), layout, parsed);
  const elements = castInput(parsed, layout.dtype, rules);
  if (parsed.kind === "columns") checkRowShape(elements.shape, layout);
  return elements;
}

/** `[]`, which cannot say of what shape its rows are: it is no rows of any file. */
function isEmptyList(parsed: ParsedInput): parsed is PlainInput {
  return parsed.kind === "plain" && parsed.shape.length === 1 && parsed.shape[0] === 0;
}

/** What to pass for one row, if that is what was given. */
function oneRow(shape: readonly number[], row: readonly number[], parsed: ParsedInput | undefined): string {
  if (shape.join() !== row.join()) return "";
  if (parsed?.kind === "typed" && parsed.dtype.fields !== undefined) {
    return ` For one row, give the data with shape (${["1", ...row].join(", ")}).`;
  }
  if (parsed?.kind !== "plain" || row.length > 1) return " For one row, put it into a list: [array].";
  return ` For one row pass ${quoted(row.length === 0 ? [parsed.values[0]] : [parsed.values])}.`;
}

/** A typed array alone: whole rows, in the file's own order. */
function asRows(array: StridedBytes, layout: ArrayLayout): StridedBytes {
  const [elements] = array.shape as [number];
  const row = rowShape(layout);
  const perRow = sizeOf(row);
  const rows = perRow === 0 ? 0 : elements / perRow;
  if (rows * perRow !== elements || !Number.isInteger(rows)) {
    throw new NpyError(
      "ERR_NPY_SHAPE",
      `${counted(elements, "element")} ${elements === 1 ? "is" : "are"} not whole rows of shape (${row.join(", ")}), which have ${perRow} each.`,
    );
  }
  const shape = shapeOf(rows, row, layout.fortranOrder);
  return { ...array, shape, strides: contiguousStrides(shape, layout.fortranOrder) };
}

/** As in numpy.concatenate, all axes but the growth axis must match exactly. */
function checkRowShape(shape: readonly number[], layout: ArrayLayout, parsed?: ParsedInput): void {
  const { fortranOrder } = layout;
  const expected = rowShape(layout);
  if (shape.length === 0) {
    throw zeroDimensional(oneRow(shape, expected, parsed));
  }
  const found = rowShape({ shape, fortranOrder });
  if (shape.length === expected.length + 1 && found.every((n, axis) => n === expected[axis])) return;
  const pattern = fortranOrder ? [...expected, "n"] : ["n", ...expected];
  throw new NpyError(
    "ERR_NPY_SHAPE",
    `Cannot append an array of shape (${shape.join(", ")}): expected (${pattern.join(", ")}), since arrays may differ on the growth axis only ` +
      `(the ${fortranOrder ? "last, in Fortran" : "first, in C"} order).${fortranOrder ? "" : oneRow(shape, expected, parsed)}`,
  );
}
