// The rows of the group that is killed while it grows. Each row follows from its number.

export const ARRAYS = {
  id: { dtype: "int64" },
  vec: { dtype: "float32", rowShape: [3] },
  text: { dtype: "utf8" },
  tokens: { dtype: "int32", ragged: true },
};

export const textOf = (n) => (n % 5 === 0 ? "" : `é${n}`.repeat(n % 3));
export const tokensOf = (n) => Int32Array.from({ length: (n * 7) % 6 }, (_, i) => n + i);

/** The rows `from` to `to` (not included), as columns. */
export function groupRows(from, to) {
  const numbers = Array.from({ length: to - from }, (_, i) => from + i);
  return {
    id: BigInt64Array.from(numbers, BigInt),
    vec: Float32Array.from({ length: 3 * numbers.length }, (_, i) => from + i / 3),
    text: numbers.map(textOf),
    tokens: numbers.map(tokensOf),
  };
}
