/** Elements and offsets, as they were read -> rows of any length. */
import type { NpyArray } from "../decode/npy-array.ts";
import { within } from "../errors.ts";
import { notOffsets } from "./offsets.ts";
import { RaggedArray } from "./ragged-array.ts";

/** @throws NpyError `ERR_NPY_VALUE` for offsets that decrease. */
export function checkedOffsets(offsets: BigInt64Array, from: number, name: string): BigInt64Array {
  for (let i = 1; i < offsets.length; i++) {
    if ((offsets[i] as bigint) < (offsets[i - 1] as bigint)) throw within(notOffsets(from + i - 1), { field: name });
  }
  return offsets;
}

/** The largest offset that 32 bits hold. */
const MAX_INT32 = 2 ** 31 - 1;

export function raggedOf(
  { name, isText }: { readonly name: string; readonly isText: boolean },
  values: NpyArray,
  offsets: BigInt64Array,
  start: number,
): RaggedArray {
  const { data, dtype, shape } = values;
  const [elements = 0] = shape;
  const first = offsets[0] ?? 0n;
  const rows = Math.max(0, offsets.length - 1);
  if (rows > 0 && Number((offsets[rows] as bigint) - first) !== elements)
    throw within(notOffsets(start + rows - 1), { field: name });
  const rebased = elements > MAX_INT32 ? new BigInt64Array(rows + 1) : new Int32Array(rows + 1);
  for (let i = 1; i <= rows; i++) {
    const offset = (offsets[i] as bigint) - first;
    rebased[i] = (elements > MAX_INT32 ? offset : Number(offset)) as never;
  }
  const width = elements === 0 ? 1 : data.length / elements;
  return new RaggedArray({ values: data, offsets: rebased, dtype, isText, start }, width);
}
