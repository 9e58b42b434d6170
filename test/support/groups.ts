/** Groups of arrays, and the rows that they hold. */
import { loadSync, type MemoryFolder, NpyAppendGroup, NpyGroupReader, type RaggedArray } from "../../src/index.ts";

/** One row of {@link ARRAYS}. */
export interface Row {
  readonly id: number;
  readonly text: string;
  readonly vec: readonly [number, number];
  readonly tokens: readonly number[];
}

export const ARRAYS = {
  id: { dtype: "int16" },
  text: { dtype: "utf8" },
  vec: { dtype: "float32", rowShape: [2] },
  tokens: { dtype: "int32", ragged: true },
} as const;

/** The rows `from` to `to` (not included), of which no two are alike; some lists and texts are empty. */
export function rows(from: number, to: number): Row[] {
  return Array.from({ length: to - from }, (_, i) => {
    const n = from + i;
    const tokens = Array.from({ length: (n * 7) % 4 }, (_, k) => n * 100 + k);
    return { id: n, text: "é".repeat((n * 5) % 3) + (n % 4 === 3 ? "" : String(n)), vec: [n, n + 0.5], tokens };
  });
}

/** The rows that a group has once it is opened, which mends it. Fails if a file then has more or fewer than another. */
export function mended(folder: MemoryFolder): Row[] {
  NpyAppendGroup.openSync(folder, { arrays: ARRAYS }).close();
  const held = readable(folder);
  const lengths = ["id.npy", "vec.npy"].map((name) => loadSync(folder.file(name)).shape[0]);
  for (const name of ["text", "tokens"]) {
    const offsets = loadSync(folder.file(`${name}.offsets.npy`)).data as BigInt64Array;
    lengths.push(offsets.length - 1);
    const elements = loadSync(folder.file(`${name}.values.npy`)).shape[0];
    if (Number(offsets.at(-1)) !== elements) throw new Error(`${name}: ${offsets.at(-1)} elements expected, ${elements} found`);
  }
  if (lengths.some((length) => length !== held.length)) throw new Error(`the files disagree: ${lengths}`);
  return held;
}

/** The rows that a reader sees. */
export function readable(folder: MemoryFolder): Row[] {
  using reader = NpyGroupReader.openSync(folder, { arrays: ARRAYS });
  return rowsOf(reader.read());
}

export function rowsOf(arrays: { readonly [name: string]: unknown }): Row[] {
  const { id, text, vec, tokens } = arrays as {
    readonly id: { readonly data: Int16Array };
    readonly text: RaggedArray;
    readonly vec: { readonly data: Float32Array };
    readonly tokens: RaggedArray;
  };
  return Array.from(id.data, (n, i) => ({
    id: n,
    text: text.at(i) as string,
    vec: [vec.data[2 * i] as number, vec.data[2 * i + 1] as number],
    tokens: Array.from(tokens.at(i) as Int32Array),
  }));
}
