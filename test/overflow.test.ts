/** `onOverflow`: values that the file's dtype cannot hold change as in NumPy, or are refused before anything is written. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { conversionOf } from "../src/cast/convert.ts";
import { checkOf } from "../src/cast/overflow.ts";
import {
  type ArrayInput,
  type DType,
  type DTypeLike,
  dtype,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  NpyError,
  NpyReader,
  save,
  saveSync,
} from "../src/node.ts";
import { numpyVersion, python } from "./support/numpy.ts";
import { temporaryDirectory } from "./support/temporary.ts";

/** The error of a call, or `undefined`. */
function errorOf(call: () => unknown): NpyError | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (error instanceof NpyError) return error;
    throw error;
  }
}

const INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"];
const FLOATS = ["float16", "float32", "float64"];
const COMPLEX = ["complex64", "complex128"];

/** Numbers at, and on both sides of, every limit. */
const LIMITS: readonly bigint[] = [7, 8, 15, 16, 31, 32, 53, 63, 64].flatMap((bits) => {
  const power = 2n ** BigInt(bits);
  return [-1n, 0n, 1n].flatMap((by) => [power + by, -power + by]);
});
/** The least float64 that is infinite as a float32. */
const LEAST_INFINITE = (2 - 2 ** -24) * 2 ** 127;
const NUMBERS: readonly number[] = [
  ...LIMITS.flatMap((limit) => [Number(limit), Number(limit) - 0.5, Number(limit) + 0.5]),
  ...[2 ** 63, -(2 ** 63)].flatMap((limit) => [limit * (1 - 2 ** -53), limit * (1 + 2 ** -52)]),
  ...[65504, 65519.99, 65520, 3.4028234663852886e38, LEAST_INFINITE, LEAST_INFINITE * (1 - 2 ** -53), Number.MAX_VALUE],
  ...[0, -0, 0.5, -0.5, -0.99, 1e-300, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
].flatMap((value) => [value, -value]);

/** All of these numbers that the dtype holds, each once. */
function elementsOf(type: DType): { bytes: Uint8Array; values: (number | bigint)[] } {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, { dtype: type, rowShape: [] });
  const candidates: (number | bigint)[] = "iu".includes(type.kind) ? [0n, 5n, -5n, ...LIMITS] : [...NUMBERS];
  for (const value of candidates) {
    // A complex number has an imaginary part that fits everywhere.
    const element = type.kind === "c" ? { re: value as number, im: 1 } : value;
    errorOf(() => npaa.append([element] as ArrayInput));
  }
  npaa.close();
  const data: unknown = loadSync(storage).data;
  const list = Array.from(data as ArrayLike<number | bigint>);
  const bytes = (storage.bytes() as Uint8Array).slice(-npaa.length * type.itemsize);
  return { bytes, values: type.kind === "c" ? list.filter((_, i) => i % 2 === 0) : list };
}

/** What elements become by the conversion that is compared with NumPy's elsewhere; of complex numbers the real parts. */
function converted(bytes: Uint8Array, from: DType, to: DType): (number | bigint)[] {
  const count = bytes.length / from.itemsize;
  const target = new Uint8Array(count * to.itemsize);
  conversionOf(from, to).convert(bytes.slice(), target);
  const storage = new MemoryStorage();
  saveSync(storage, { data: target, shape: [count], dtype: to });
  const list = Array.from(loadSync(storage).data as ArrayLike<number | bigint>);
  return to.kind === "c" ? list.filter((_, i) => i % 2 === 0) : list;
}

/** Whether a conversion lost more than digits. */
function overflows(value: number | bigint, result: number | bigint, to: DType): boolean {
  if (to.kind === "i" || to.kind === "u") {
    if (typeof value === "number" && !Number.isFinite(value)) return true;
    return BigInt(typeof value === "number" ? Math.trunc(value) : value) !== BigInt(result);
  }
  return Number.isFinite(Number(value)) && !Number.isFinite(Number(result));
}

describe("numbers", () => {
  for (const from of ["bool", ...INTEGERS, ...FLOATS, ...COMPLEX].map((name) => dtype(name))) {
    const { bytes, values } = from.kind === "b" ? { bytes: Uint8Array.of(0, 1), values: [0, 1] } : elementsOf(from);
    test.each([...INTEGERS, ...FLOATS, ...COMPLEX])(`${from.name} -> %s: refused if, and only if, the value changes`, (name) => {
      const to = dtype(name);
      const { convert, canFail } = checkOf(from, to, "throw");
      const results = converted(bytes, from, to);
      let refused = 0;
      values.forEach((value, i) => {
        const element = bytes.slice(i * from.itemsize, (i + 1) * from.itemsize);
        const expected = overflows(value, results[i] as number | bigint, to);
        const error = errorOf(() => convert(element, new Uint8Array(to.itemsize)));
        if ((error?.code === "ERR_NPY_VALUE") !== expected) expect.fail(`${value} is ${expected ? "not " : ""}refused`);
        if (expected) refused++;
        // Of several elements, too, wherever it stands.
        const all = Buffer.concat([...new Array<Uint8Array>(6).fill(new Uint8Array(from.itemsize)), element]);
        const source = Uint8Array.from(all);
        const isRefused = errorOf(() => convert(source, new Uint8Array(7 * to.itemsize))) !== undefined;
        if (isRefused !== expected) expect.fail(`${value} after six zeros is ${expected ? "not " : ""}refused`);
      });
      if (!canFail) expect(refused).toBe(0);
    });
  }

  test("numbers that always fit are not looked at", () => {
    const pairs = [
      ["uint8", "int16"],
      ["uint32", "int64"],
      ["int64", "float32"],
      ["float32", "complex64"],
      ["bool", "int8"],
      ["float16", "float32"],
      ["int8", "float16"],
    ] as const;
    for (const [from, to] of pairs) expect(checkOf(dtype(from), dtype(to), "throw").canFail).toBe(false);
  });
});

/** A file with one row, and how an append to it ends: the error, after which the file must be as before; or its data. */
function appended(like: DTypeLike, input: unknown, options: object = {}): NpyError | unknown {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, { dtype: like, rowShape: [], ...options });
  const before = (storage.bytes() as Uint8Array).slice();
  const error = errorOf(() => npaa.append(input as ArrayInput));
  npaa.close();
  if (error !== undefined) expect(storage.bytes()).toEqual(before);
  const { data } = loadSync(storage);
  return error ?? (ArrayBuffer.isView(data) || Array.isArray(data) ? Array.from(data as ArrayLike<unknown>) : [...data]);
}

const long = (at: number, value: number): Uint16Array => new Uint16Array(200_000).fill(value, at, at + 1);

describe("append", () => {
  test("wraps around by default, as NumPy", () => {
    expect(appended("uint8", Uint16Array.of(1, 300))).toEqual([1, 44]);
    expect(appended("float32", Float64Array.of(1e300, -1e300))).toEqual([Infinity, -Infinity]);
    expect(appended("U2", { data: ["abc"], shape: [1], dtype: "U3" })).toEqual(["ab"]);
  });

  test.each<[string, DTypeLike, unknown, number[], RegExp]>([
    [
      "a typed array alone",
      "uint8",
      Uint16Array.of(1, 300),
      [1],
      /^At \[1\]: 300 cannot be converted to \|u1: expected 0 to 255\.$/,
    ],
    ["with a shape", "uint8", { data: Uint16Array.of(1, 2, 999), shape: [3] }, [2], /999 cannot .* 0 to 255/],
    ["with strides", "uint8", { data: Uint16Array.of(1, 300, 2, 400), shape: [2], strides: [-2], offset: 2 }, [], /fits/],
    ["a large one", "uint8", long(150_000, 256), [150_000], /256 cannot/],
    ["big-endian data", "<i2", { data: Uint8Array.of(0, 1, 0x80, 0), shape: [2], dtype: ">u2" }, [1], /32768 cannot/],
    ["into a big-endian file", ">i2", Int32Array.of(1, -32769), [1], /-32769 cannot be converted to >i2/],
    ["typed arrays in an array", "uint8", [Uint16Array.of(7), Uint16Array.of(256)], [], /./],
    ["values of another dtype", "uint8", { data: [1, 300], shape: [2], dtype: "uint16" }, [1], /300 cannot/],
    ["infinite", "float32", Float64Array.of(0, 3.5e38), [1], /3\.5e\+38 cannot .* largest finite/],
    ["float16", "float16", Float32Array.of(1, 65504, 65520), [2], /65520 cannot/],
    ["integers into float16", "float16", Uint16Array.of(65519, 65520), [1], /65520 cannot/],
    ["held as float32", "float16", { data: Float32Array.of(1e6), shape: [1], dtype: "float16" }, [0], /1000000 cannot/],
    [
      "a complex number",
      "complex64",
      { data: Float64Array.of(1, 2, 3, 1e39), shape: [2], dtype: "complex128" },
      [1],
      /1e\+39 cannot/,
    ],
    ["counts", "m8[s]", BigUint64Array.of(2n ** 63n), [0], /9223372036854775808 cannot/],
    ["text", "U2", { data: ["ab", "abc"], shape: [2], dtype: "U3" }, [1], /cut off/],
    ["bytes", "S2", { data: ["ab", "abc"], shape: [2], dtype: "S3" }, [1], /cut off/],
    ["bytes as text", "U2", { data: ["ab", "abc"], shape: [2], dtype: "S3" }, [1], /"abc" cannot .* 3 characters/],
    ["numbers as text", "U2", Int32Array.of(99, 100), [1], /"100" cannot .* 3 characters/],
    ["void", "V1", { data: Uint8Array.of(1, 0, 0, 1), shape: [2], dtype: "V2" }, [1], /cut off/],
  ])("refuses with its index: %s", (name, like, input, index, reason) => {
    const found = appended(like, input, { onOverflow: "throw" });
    if (name === "with strides") return expect(found).toEqual([2, 1]);
    if (name === "typed arrays in an array") return expect(found).toMatchObject({ code: "ERR_NPY_SHAPE" });
    expect(found).toMatchObject({ code: "ERR_NPY_VALUE", index, row: index[0] });
    expect((found as NpyError).message).toMatch(reason);
  });

  test.each<[DTypeLike, unknown, unknown[]]>([
    ["uint8", Uint16Array.of(255, 0), [255, 0]],
    ["float32", Float64Array.of(0.1, Infinity, Number.NaN), [Math.fround(0.1), Infinity, Number.NaN]],
    ["float16", Float32Array.of(65519), [65504]],
    ["U2", { data: ["ab", "a"], shape: [2], dtype: "U9" }, ["ab", "a"]],
    ["U3", Int32Array.of(-99, 100), ["-99", "100"]],
    ["V1", { data: Uint8Array.of(7, 0), shape: [1], dtype: "V2" }, [7]],
    ["float64", Float32Array.of(0.5), [0.5]],
  ])("takes what fits: %#", (like, input, expected) => {
    expect(appended(like, input, { onOverflow: "throw" })).toEqual(expected);
  });

  test.each<[DTypeLike, unknown, number | undefined]>([
    ["int8", Float64Array.of(1.9, -128.9, 127.9), undefined],
    ["int8", Float64Array.of(0, 128), 1],
    ["int64", Float64Array.of(-(2 ** 63), 2 ** 63), 1],
    ["uint64", Float64Array.of(-0.9, -1), 1],
    ["int32", Float64Array.of(0, Number.NaN), 1],
    ["int32", Float32Array.of(0, Infinity), 1],
    ["int32", { data: Float32Array.of(7, 1e30, 1e30, 0), shape: [2], dtype: "complex64" }, 1],
    ["M8[s]", Float64Array.of(1, Number.NaN), undefined],
    ["M8[s]", Float64Array.of(1, Infinity), 1],
    ["int32", { data: BigInt64Array.of(1n, -(2n ** 63n)), shape: [2], dtype: "M8[s]" }, 1],
    ["float32", { data: ["1", "-inf", "1e39"], shape: [3], dtype: "S4" }, 2],
    ["float64", { data: ["nan", "1e999"], shape: [2], dtype: "U5" }, 1],
    ["complex64", { data: ["1+infj", "1-1e39j"], shape: [2], dtype: "U7" }, 1],
    ["int8", { data: ["127", "128"], shape: [2], dtype: "U3" }, 1],
    ["V4", Float64Array.of(0, 1), 1],
  ])('casting "unsafe" drops fractions, and refuses what is out of range: %#', (like, input, at) => {
    const found = appended(like, input, { onOverflow: "throw", casting: "unsafe" });
    if (at === undefined) expect(found).toBeInstanceOf(Array);
    else expect(found).toMatchObject({ code: "ERR_NPY_VALUE", index: [at] });
  });

  test.each(["wrap", "throw"])("times that no 64-bit count holds are refused either way: %s", (onOverflow) => {
    const input = (count: bigint, unit: string) => ({ data: BigInt64Array.of(0n, count), shape: [2], dtype: unit });
    for (const [like, given] of [
      ["M8[ns]", input(2n ** 62n, "M8[s]")],
      ["m8[us]", input(2n ** 62n, "m8[D]")],
      ["M8[ns]", input(10n ** 9n, "M8[Y]")],
    ] as const) {
      expect(appended(like, given, { onOverflow })).toMatchObject({ code: "ERR_NPY_VALUE", index: [1] });
    }
  });

  test("fields are named, nested ones and those of columns, too", () => {
    const wide = dtype({ id: "int64", at: { x: "float64", y: "float64" } });
    const records = new MemoryStorage();
    const npaa = NpyAppendArray.openSync(records, { dtype: wide, rowShape: [] });
    npaa.append([
      { id: 1, at: { x: 1, y: 2 } },
      { id: 2, at: { x: 1, y: 1e39 } },
    ]);
    npaa.close();
    const { data } = loadSync(records);
    const narrow = { id: "int32", at: { x: "float32", y: "float32" } } as const;
    const options = { onOverflow: "throw" };
    expect(appended(narrow, data, options)).toMatchObject({ code: "ERR_NPY_VALUE", field: "at.y", index: [1], row: 1 });
    const columns = { id: BigInt64Array.of(2n ** 31n), at: { x: [1], y: [1] } };
    expect(appended(narrow, columns, options)).toMatchObject({ code: "ERR_NPY_VALUE", field: "id", index: [0] });
    const inner = { id: [1], at: { x: Float32Array.of(1), y: Float64Array.of(-1e39) } };
    expect(appended(narrow, inner, options)).toMatchObject({ code: "ERR_NPY_VALUE", field: "at.y", index: [0] });
    const lists = { pair: new Float64Array(6).fill(1e39, 4) };
    expect(appended({ pair: ["float32", [2]] }, lists, options)).toMatchObject({ field: "pair", index: [2, 0] });
  });

  test("appendFrom of a reader says which row of it", async () => {
    const source = new MemoryStorage();
    await save(source, long(180_000, 300));
    await using reader = await NpyReader.open(source);
    await using npaa = await NpyAppendArray.open(new MemoryStorage(), { dtype: "uint8", rowShape: [], onOverflow: "throw" });
    await expect(npaa.appendFrom(reader)).rejects.toMatchObject({ code: "ERR_NPY_VALUE", index: [180_000] });
    expect(npaa.length).toBe(0);
  });

  test("save, which leaves the file that there was", async () => {
    const storage = new MemoryStorage();
    await save(storage, [1]);
    const before = (storage.bytes() as Uint8Array).slice();
    const saving = save(storage, Uint32Array.of(1, 70_000), { dtype: "uint16", onOverflow: "throw" });
    await expect(saving).rejects.toMatchObject({ code: "ERR_NPY_VALUE", index: [1] });
    expect(storage.bytes()).toEqual(before);
    await save(storage, Uint32Array.of(1, 70_000), { dtype: "uint16" });
    expect([...(loadSync(storage).data as Uint16Array)]).toEqual([1, 4464]);
  });

  test("a first append that is refused creates no file", () => {
    const storage = new MemoryStorage();
    const npaa = NpyAppendArray.openSync(storage, { dtype: "uint8", onOverflow: "throw" });
    expect(() => npaa.append(Uint16Array.of(300))).toThrow(expect.objectContaining({ code: "ERR_NPY_VALUE", index: [0] }));
    expect(npaa.shape).toBeUndefined();
    npaa.append(Uint16Array.of(200));
    npaa.close();
    expect([...(loadSync(storage).data as Uint8Array)]).toEqual([200]);
  });

  test("any other value is refused", () => {
    const open = (onOverflow: unknown) => () => NpyAppendArray.openSync(new MemoryStorage(), { onOverflow } as object);
    expect(open("clip")).toThrow(/onOverflow must be "wrap" or "throw"/);
    expect(open(true)).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION" }));
  });
});

test.skipIf(numpyVersion === undefined)("NumPy changes them silently, as the README says", () => {
  const into = (type: string, values: string) =>
    `np.concatenate([np.zeros(1, ${JSON.stringify(type)}), ${values}], dtype=${JSON.stringify(type)})[1:].tolist()`;
  const code = `print(json.dumps([${into("u1", "np.array([300], 'u2')")}, [str(x) for x in ${into("f4", "np.array([1e300])")}], ${into("U2", "np.array(['abc'])")}]))`;
  expect(python(code)).toEqual([[44], ["inf"], ["ab"]]);
});

test("threads that attach do as the thread that shared the file", async () => {
  const path = join(temporaryDirectory(), "shared.npy");
  await using npaa = await NpyAppendArray.open(path, { dtype: "uint8", rowShape: [], onOverflow: "throw" });
  expect(npaa.share()).toMatchObject({ options: { onOverflow: "throw" } });
  await expect(npaa.append(Uint16Array.of(300))).rejects.toMatchObject({ code: "ERR_NPY_VALUE", index: [0] });
});
