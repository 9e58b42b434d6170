/** Conversions between dtypes, which are those of the library: the elements pass through a file in memory. */
import { type DType, type DTypeLike, dtype, loadSync, MemoryStorage, NpyAppendArray, type NpyData, saveSync } from "../node.ts";

/** `count` elements of the dtype `from` as elements of `to`, by `numpy.ndarray.astype`. */
export function cast(data: NpyData | Uint8Array, count: number, from: DTypeLike, to: DTypeLike): NpyData {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, { dtype: to, rowShape: [], casting: "unsafe" });
  npaa.append({ data, shape: [count], dtype: dtype(from) } as never);
  npaa.close();
  return loadSync(storage).data;
}

/** The bytes that a file has for elements. */
export function bytesOf(data: NpyData, type: DType): Buffer {
  const storage = new MemoryStorage();
  saveSync(storage, { data, shape: [data.length], dtype: type } as never);
  const file = storage.bytes() as Uint8Array<ArrayBuffer>;
  return Buffer.from(file.buffer, file.byteOffset, file.length).subarray(file.length - data.length * type.itemsize);
}

/** What reading gives for one value of a dtype. */
export function dataOf(value: number | bigint, type: DType): NpyData {
  const storage = new MemoryStorage();
  saveSync(storage, [value] as never, { dtype: type });
  return loadSync(storage).data;
}
