/** Matrices of ml-matrix and mathjs, and attributes of three.js. */
import type { ArrayView, MathMatrix, MlMatrix, ThreeAttribute } from "./array-input.ts";
import { peek } from "./properties.ts";

export function isThreeAttribute(input: object): input is ThreeAttribute {
  if (!("itemSize" in input && "count" in input)) return false;
  return peek(input, "isBufferAttribute") === true || peek(input, "isInterleavedBufferAttribute") === true;
}

/** A row for each vertex; without an axis of items if those are single numbers. */
export function readThreeAttribute(attribute: ThreeAttribute): ArrayView {
  const { array, itemSize, count } = attribute;
  const isInterleaved = "isInterleavedBufferAttribute" in attribute;
  const stride = isInterleaved ? attribute.data.stride : itemSize;
  const offset = isInterleaved ? attribute.offset : 0;
  const isHalf = "isFloat16BufferAttribute" in attribute;
  const [shape, strides] =
    itemSize === 1
      ? [[count], [stride]]
      : [
          [count, itemSize],
          [stride, 1],
        ];
  return { data: array, dtype: isHalf ? "float16" : undefined, shape, strides, offset };
}

/** Elements are float64, those of a plain matrix in one array for each row. */
export function readMlMatrix(matrix: MlMatrix & { readonly data?: unknown }): ArrayView {
  const { rows, columns, data } = matrix;
  const shape = [rows, columns];
  const isInRows = Array.isArray(data) && data.every((row) => row instanceof Float64Array && row.length === columns);
  if (!isInRows || data.length !== rows) return { data: Float64Array.from(matrix.to1DArray()), shape };
  const elements = new Float64Array(rows * columns);
  data.forEach((row: Float64Array, i) => {
    elements.set(row, i * columns);
  });
  return { data: elements, shape };
}

/** Its elements may be of any type of mathjs; numbers, bigints, booleans, strings and complex numbers have dtypes. */
export function readMathMatrix(matrix: MathMatrix): ArrayView {
  const shape = matrix.size();
  let values = matrix.valueOf() as unknown[];
  for (let axis = 1; axis < shape.length; axis++) values = values.flat();
  return { data: values, shape };
}
