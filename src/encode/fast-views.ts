/** Typed arrays with a shape: `{ data, shape }`, also with `dtype` and `fortranOrder`, as reading gives it. */
import { sameDType } from "../format/dtype.ts";
import { type ArrayLayout, growthAxis, rowShape } from "../format/layout.ts";
import { isDType } from "../format/structure.ts";
import type { ArrayView, TypedArray } from "../input/array-input.ts";
import type { FastPath } from "./encoded-rows.ts";
import type { FastTypedArrays, Source } from "./fast-typed-arrays.ts";

/** Any other property may change what these mean. */
const PARTS: ReadonlySet<string> = new Set(["data", "shape", "dtype", "fortranOrder"]);

export function fastViews(layout: ArrayLayout, typedArrays: FastTypedArrays): FastPath {
  const row = rowShape(layout);
  const axis = growthAxis(layout.fortranOrder, row.length + 1) as number;

  /** How many rows an array of this shape has, if they are those of the file. */
  const rowsOf = (shape: readonly unknown[]): unknown => {
    if (shape.length !== row.length + 1) return undefined;
    for (let i = 0; i < row.length; i++) if (shape[i < axis ? i : i + 1] !== row[i]) return undefined;
    return shape[axis];
  };

  return (input) => {
    if (Object.getPrototypeOf(input) !== Object.prototype) return undefined;
    for (const name in input) if (!PARTS.has(name)) return undefined;
    const { data, shape, dtype, fortranOrder = false } = input as ArrayView;
    const source = typedArrays.sourceOf(data);
    if (source === undefined || !isDeclaredAs(dtype, source) || !Array.isArray(shape)) return undefined;
    const rows = rowsOf(shape);
    if (typeof rows !== "number" || rows * source.perRow !== (data as TypedArray).length) return undefined;
    if (fortranOrder !== layout.fortranOrder && row.length > 0) return undefined;
    return typedArrays.rowsOf(data as TypedArray, source);
  };
}

function isDeclaredAs(like: ArrayView["dtype"], { dtype, isOwnDType }: Source): boolean {
  if (like === undefined) return isOwnDType;
  if (typeof like === "string") return dtype.kind !== "V" && (like === dtype.str || like === dtype.name);
  return isDType(like) && sameDType(like, dtype);
}
