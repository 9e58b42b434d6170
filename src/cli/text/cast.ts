/** Converts between dtypes with the library, by appending to a file in memory. */
import {
  type DType,
  type DTypeLike,
  dtype,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type NpyData,
  saveSync,
} from "../../node.ts";

/** Casts `count` elements as `numpy.ndarray.astype` does. */
export function cast(data: NpyData | Uint8Array, count: number, from: DTypeLike, to: DTypeLike): NpyData {
  return loadSync(castFile(data, count, from, to)).data;
}

/** Lengths of the longest texts of each kind, such as `-1.7976931348623157e+308`, or a time with attoseconds. */
const LONGEST: Readonly<Record<string, number>> = { b: 5, f: 25, c: 52, M: 40, m: 44 };

/** `count` elements as text, as `numpy.ndarray.astype` writes it. */
export function textsOfCast(data: NpyData, count: number, from: DType): string[] {
  // One character more, so that each text ends with a NUL.
  const width = (LONGEST[from.kind] as number) + 1;
  const file = fileBytes(castFile(data, count, from, `S${width}`));
  // Decoding one long string and slicing it is faster than decoding each text.
  const all = file.toString("latin1", file.length - count * width);
  const texts: string[] = [];
  for (let at = 0; at < all.length; at += width) texts.push(all.slice(at, all.indexOf("\0", at)));
  return texts;
}

function castFile(data: NpyData | Uint8Array, count: number, from: DTypeLike, to: DTypeLike): MemoryStorage {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, { dtype: to, rowShape: [], casting: "unsafe" });
  npaa.append({ data, shape: [count], dtype: dtype(from) } as never);
  npaa.close();
  return storage;
}

/** The bytes of elements in a file. */
export function bytesOf(data: NpyData, type: DType): Buffer {
  const storage = new MemoryStorage();
  saveSync(storage, { data, shape: [data.length], dtype: type } as never);
  const file = fileBytes(storage);
  return file.subarray(file.length - data.length * type.itemsize);
}

function fileBytes(storage: MemoryStorage): Buffer {
  const { buffer, byteOffset, length } = storage.bytes() as Uint8Array<ArrayBuffer>;
  return Buffer.from(buffer, byteOffset, length);
}

/** Values as an array of their dtype, as reading returns it. */
export function dataOf(values: readonly (number | bigint)[], type: DType): NpyData {
  const storage = new MemoryStorage();
  saveSync(storage, values as never, { dtype: type });
  return loadSync(storage).data;
}
