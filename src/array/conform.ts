/** A parsed input -> elements that can be written as a dtype: the casting rule kept, plain values converted, rows counted. */
import { NpyError } from "../errors.ts";
import { type DType, formatDType } from "../format/dtype.ts";
import { zeroDimensional } from "../format/header.ts";
import { rowShape, shapeOf, sizeOf } from "../format/layout.ts";
import { type Casting, canCast } from "./casting.ts";
import { contiguousStrides, encodeInput, type ParsedInput, type StridedBytes } from "./input.ts";
import { checkConvertible } from "./ravel.ts";
import { dtypeOfValues } from "./values.ts";

/** What all rows of a file have in common. */
export interface RowLayout {
  readonly dtype: DType;
  readonly fortranOrder: boolean;
  readonly rowShape: readonly number[];
}

/** The dtype that an input has by itself. */
export function dtypeOfInput(parsed: ParsedInput): DType {
  return parsed.kind === "typed" ? parsed.dtype : dtypeOfValues(parsed);
}

/** The shape of an input. */
export function shapeOfInput(parsed: ParsedInput): readonly number[] {
  return parsed.kind === "typed" ? parsed.array.shape : parsed.shape;
}

/**
 * Elements ready to be written as `target`.
 *
 * @throws NpyError `ERR_NPY_CAST` if the rule forbids it, `ERR_NPY_VALUE` for a value that does not fit.
 */
export function castInput(parsed: ParsedInput, target: DType, casting: Casting): StridedBytes {
  if (parsed.kind === "plain") return encodeInput(parsed, target);
  if (!canCast(parsed.dtype, target, casting)) {
    throw new NpyError(
      "ERR_NPY_CAST",
      `Cannot cast ${formatDType(parsed.dtype)} to ${formatDType(target)} by the rule "${casting}": convert the data first, or open ` +
        "the file with another casting.",
    );
  }
  checkConvertible(parsed.array, target);
  return parsed.array;
}

/**
 * Rows ready to be appended.
 *
 * @throws NpyError as {@link castInput} does, and `ERR_NPY_SHAPE` if they are not rows of the layout.
 */
export function conform(parsed: ParsedInput, layout: RowLayout, casting: Casting): StridedBytes {
  if (parsed.kind === "typed" && parsed.bare) {
    return castInput({ ...parsed, array: asRows(parsed.array, layout) }, layout.dtype, casting);
  }
  checkRowShape(shapeOfInput(parsed), layout);
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
  const shape = shapeOf(rows, rowShape, fortranOrder);
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
