/** `Float16Array`, which newer runtimes have. Where there is none, a class with its tag and its bytes stands in for it. */
import { afterAll, expect, test } from "vitest";
import { type ArrayInput, type Float16ArrayLike, load, loadSync, MemoryStorage, NpyAppendArray, save } from "../src/index.ts";

const runtime = globalThis as { Float16Array?: unknown };
const own = runtime.Float16Array;

runtime.Float16Array ??= class Float16Array extends Uint16Array {
  // biome-ignore lint/suspicious/noExplicitAny: `Uint16Array` has another tag
  override get [Symbol.toStringTag](): any {
    return "Float16Array";
  }
};

afterAll(() => {
  if (own === undefined) delete runtime.Float16Array;
});

/** A Float16Array of the numbers with these bits. */
function float16(...bits: number[]): Float16ArrayLike {
  const Class = runtime.Float16Array as new (buffer: ArrayBuffer) => Float16ArrayLike;
  return new Class(Uint16Array.from(bits).buffer);
}

const [ONE, MINUS_TWO, HALF, TENTH] = [0x3c00, 0xc000, 0x3800, 0x2e66];

function appended(like: string, ...inputs: ArrayInput[]): unknown {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, { dtype: like, rowShape: [2] });
  for (const input of inputs) npaa.append(input);
  npaa.close();
  return loadSync(storage);
}

test("is rows of float16, whatever its form", () => {
  const rows = float16(ONE, MINUS_TWO, HALF, TENTH);
  const expected = { shape: [2, 2], data: Float32Array.of(1, -2, 0.5, 0.0999755859375) };
  for (const like of ["<f2", ">f2"]) {
    expect(appended(like, rows)).toMatchObject(expected);
    expect(appended(like, { data: rows, shape: [2, 2] })).toMatchObject(expected);
    expect(appended(like, { data: rows, shape: [2, 2], dtype: "float16" })).toMatchObject(expected);
    expect(appended(like, [float16(ONE, MINUS_TWO), float16(HALF, TENTH)])).toMatchObject(expected);
    const reversed = { data: float16(TENTH, HALF, MINUS_TWO, ONE), shape: [2, 2], strides: [-2, -1], offset: 3 };
    expect(appended(like, reversed)).toMatchObject(expected);
  }
});

test("is cast as float16", () => {
  const rows = float16(ONE, TENTH);
  expect(appended("float64", rows)).toMatchObject({ data: Float64Array.of(1, 0.0999755859375) });
  expect(appended("complex64", { data: rows, shape: [1, 2] })).toMatchObject({ data: Float32Array.of(1, 0, 0.0999755859375, 0) });
  expect(() => appended("int8", rows)).toThrow(/Cannot cast <f2 to \|i1/);
});

test("makes a float16 file, also of more than is copied at once", async () => {
  const storage = new MemoryStorage();
  await save(storage, float16(...new Array<number>(100_000).fill(TENTH)));
  const { dtype: type, data } = await load(storage);
  expect(type.name).toBe("float16");
  expect(data).toEqual(new Float32Array(100_000).fill(0.0999755859375));
});

test("is a column of float16, and of wider floats", () => {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, { dtype: { h: "float16", pair: ["float32", [2]] } });
  npaa.append({ h: float16(ONE, HALF), pair: float16(ONE, MINUS_TWO, HALF, ONE) });
  npaa.close();
  expect([...loadSync(storage, { dtype: { h: "float16", pair: ["float32", [2]] } }).data]).toEqual([
    { h: 1, pair: Float32Array.of(1, -2) },
    { h: 0.5, pair: Float32Array.of(0.5, 1) },
  ]);
});
