/** What reading gives counts as what it was read from: it is cast as its bytes would be. */
import { expect, test } from "vitest";
import {
  type Casting,
  type DTypeLike,
  dtype,
  formatHeader,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  NpyError,
} from "../src/index.ts";
import { randomBytes, randomNumbers } from "./support/random-bytes.ts";

const SOURCES = ["?", "i1", ">u8", "<f2", ">f2", "<f4", "<f8", "<c8", ">M8[ms]", "m8[s]", "|S3", "<U3", "V2"] as const;
const TARGETS: readonly DTypeLike[] = [
  ...SOURCES,
  ...["u1", "f2", "i8", "f8", "c16", "U2", "U40", "S40", "M8[s]", "m8[ns]", "V1", "V4", "V9"],
  { a: "U40", b: "f8" },
  [["v", "V2"]],
  { a: ["S32", [2]], b: "?" },
];

/** What is in a file of `target` after an append, or the code of the error. */
function cast(input: unknown, target: DTypeLike, casting: Casting): string {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, { dtype: target, rowShape: [], casting });
  try {
    npaa.append(input as never);
    return Buffer.from(storage.bytes() as Uint8Array).toString("hex");
  } catch (error) {
    if (!(error instanceof NpyError)) throw error;
    return error.code;
  } finally {
    npaa.close();
  }
}

test.each(SOURCES)("what was read of %s is cast as its bytes would be", (source) => {
  const type = dtype(source);
  const random = randomNumbers(2);
  const halves = Uint16Array.of(0x2e66, 0x7bff, 0x558b, 0x8000, 0xfc00, 0x7e01, 1);
  const bytes = source === "<f2" ? new Uint8Array(halves.buffer) : randomBytes(type, 20, random, true);
  const shape = [bytes.length / type.itemsize];
  const header = formatHeader({ dtype: type, shape, fortranOrder: false });
  const read = loadSync(new MemoryStorage(new Uint8Array(Buffer.concat([header, bytes]))));
  const results = new Set<string>();
  for (const target of TARGETS) {
    for (const casting of ["no", "equiv", "safe", "same_kind", "unsafe"] as const) {
      const expected = cast({ data: bytes.slice().buffer, shape, dtype: source }, target, casting);
      expect([target, casting, cast(read, target, casting)]).toEqual([target, casting, expected]);
      results.add(expected);
    }
  }
  expect(results.size).toBeGreaterThan(5);
});

test("float16 that was read becomes the text that NumPy writes for float16", () => {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, { dtype: "float16" });
  npaa.append([0.1, 65504, 88.6875]);
  npaa.close();
  const text = new MemoryStorage();
  const target = NpyAppendArray.openSync(text, { dtype: { text: "S9", raw: "V2" }, rowShape: [], casting: "unsafe" });
  target.append(loadSync(storage) as never);
  // Row by row, as of strided views.
  const { data } = loadSync(storage) as { data: Float32Array };
  target.append({ data, shape: [2], strides: [-2], offset: 2, dtype: "float16" });
  target.close();
  const values = loadSync(text).data as Iterable<unknown> & { column(name: string): unknown };
  expect(values.column("text")).toEqual(["0.1", "6.55e+04", "88.7", "88.7", "0.1"]);
  expect(values.column("raw")).toEqual(Uint8Array.of(0x66, 0x2e, 0xff, 0x7b, 0x8b, 0x55, 0x8b, 0x55, 0x66, 0x2e));
});
