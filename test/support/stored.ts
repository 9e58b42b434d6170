/** What arrays of other libraries become in a file, as elements that can be compared with what the library says they are. */

import { type ArrayInput, load, loadSync, MemoryStorage, NpyAppendArray, type NpyArray, save } from "../../src/index.ts";
import { parseInput } from "../../src/input/input.ts";
import type { ParsedInput } from "../../src/input/parsed-input.ts";

/** A file's array: its elements in C order, complex ones as pairs. */
export interface Stored {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly values: unknown[];
}

/** What is in a new file to which `array` was appended. */
export function stored(array: ArrayInput): Stored {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage);
  npaa.append(array);
  npaa.close();
  const { data, shape, dtype, fortranOrder } = loadSync(storage);
  // The strides of an array never decide the order of the file.
  if (fortranOrder) throw new Error("the file is in Fortran order");
  return { shape, dtype: dtype.name, values: elements({ data, dtype }) };
}

function elements({ data, dtype }: Pick<NpyArray, "data" | "dtype">): unknown[] {
  const list = Array.from(data as ArrayLike<unknown>);
  if (dtype.kind !== "c") return list;
  return Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i], list[2 * i + 1]]);
}

/** All indices of an array, in C order. */
export function indices(shape: ArrayLike<number>): number[][] {
  return Array.from(shape).reduce<number[][]>(
    (outer, size) => outer.flatMap((index) => Array.from({ length: size }, (_, i) => [...index, i])),
    [[]],
  );
}

/** The memory that an array is written from. */
export function memoryOf(array: ArrayInput): ArrayBufferLike | undefined {
  const parsed: ParsedInput = parseInput(array);
  return parsed.kind === "typed" ? parsed.array.bytes.buffer : undefined;
}

/** An array as reading gives it. */
export async function loaded(array: ArrayInput, options: { dtype?: string; fortranOrder?: boolean } = {}): Promise<NpyArray> {
  const storage = new MemoryStorage();
  await save(storage, array, options);
  return load(storage);
}
