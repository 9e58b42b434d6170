/** Texts that are other ones when they are printed: NumPy holds any 32 bits as a character, UTF-8 and JSON do not. */
import { type DType, MemoryStorage, type NpyData, saveSync } from "../node.ts";

/** What halves of a surrogate pair in two elements, and code points beyond U+10FFFF, are read as; mostly they are these characters. */
const MAY_BE_INEXACT = /[\u{10000}-\u{10ffff}\ufffd]/u;

/**
 * The index of the first text that does not hold the code points it was read from; -1 if all do. Saving what was read writes those, saving
 * a copy writes what the strings hold.
 */
export function firstInexact(data: NpyData, dtype: DType): number {
  if (dtype.kind !== "U") return -1;
  const texts = data as string[];
  if (!texts.some((text) => MAY_BE_INEXACT.test(text))) return -1;
  const [read, held] = [bytesOf(texts, dtype), bytesOf([...texts], dtype)];
  if (read.equals(held)) return -1;
  const { itemsize } = dtype;
  return texts.findIndex((_, i) => read.compare(held, i * itemsize, (i + 1) * itemsize, i * itemsize, (i + 1) * itemsize) !== 0);
}

/** The elements as a file has them. */
function bytesOf(data: string[], dtype: DType): Buffer {
  const storage = new MemoryStorage();
  saveSync(storage, { data, shape: [data.length], dtype });
  const file = storage.bytes() as Uint8Array<ArrayBuffer>;
  return Buffer.from(file.buffer, file.byteOffset, file.length).subarray(file.length - data.length * dtype.itemsize);
}
