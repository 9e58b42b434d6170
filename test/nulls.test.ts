/** The option `nulls`: null and undefined are refused with the way to store them, or become NaN and NaT. */
import { describe, expect, test } from "vitest";
import {
  type ArrayInput,
  type DTypeLike,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type NpyError,
  type RecordArray,
  save,
  saveSync,
} from "../src/node.ts";
import { numpyVersion, python } from "./support/numpy.ts";
import { temporaryPath } from "./support/temporary.ts";

const NAT = -(2n ** 63n);

/** The data of a file of this dtype to which the input was appended with `nulls: "nan"`. */
function stored(like: DTypeLike, input: unknown): unknown {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, { dtype: like, nulls: "nan" });
  npaa.append(input as ArrayInput);
  npaa.close();
  return loadSync(storage).data;
}

/** The error of an append, which writes nothing. */
function refusal(like: DTypeLike, input: unknown, nulls: "error" | "nan" | undefined): NpyError {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, { dtype: like, rowShape: [], nulls } as object);
  const before = storage.bytes();
  try {
    npaa.append(input as ArrayInput);
  } catch (error) {
    expect(storage.bytes()).toEqual(before);
    return error as NpyError;
  }
  throw new Error("appended without an error");
}

describe('nulls: "nan"', () => {
  test.each(["float16", "float32", "<f8", ">f4", ">f8"])("makes null NaN in %s", (like) => {
    // biome-ignore lint/suspicious/noSparseArray: a hole is undefined
    expect(Array.from(stored(like, [1, null, undefined, , 3]) as Float64Array)).toEqual([1, NaN, NaN, NaN, 3]);
    expect(Array.from(stored(like, [[null], [2]]) as Float64Array)).toEqual([NaN, 2]);
    expect(Array.from(stored(like, { data: [null, 2], shape: [2], dtype: "f2" }) as Float64Array)).toEqual([NaN, 2]);
  });

  test.each(["complex64", ">c16"])("makes both parts NaN in %s", (like) => {
    expect(Array.from(stored(like, [null, { re: 1, im: 2 }]) as Float64Array)).toEqual([NaN, NaN, 1, 2]);
  });

  test.each(["datetime64[ms]", ">M8[D]", "timedelta64[s]", "M8"])("makes null NaT in %s", (like) => {
    expect(Array.from(stored(like, [5n, null, undefined]) as BigInt64Array)).toEqual([5n, NAT, NAT]);
  });

  test("in the fields of records and columns, sub-arrays and nested structures", () => {
    const like = { t: "f8", id: "i4", when: ">M8[s]", pos: ["f4", [2]], at: { x: "f8", name: "U2" } } as const;
    const records = [
      { t: null, id: 1, when: undefined, pos: [1, null], at: { x: null, name: "a" } },
      { t: 2, id: 2, when: new Date(3000), pos: [null, undefined], at: { x: 5, name: "b" } },
    ];
    const expected = [
      { t: NaN, id: 1, when: NAT, pos: Float32Array.of(1, NaN), at: { x: NaN, name: "a" } },
      { t: 2, id: 2, when: 3n, pos: Float32Array.of(NaN, NaN), at: { x: 5, name: "b" } },
    ];
    const columns = {
      t: [null, 2],
      id: [1, 2],
      when: [undefined, 3n],
      pos: [
        [1, null],
        [null, null],
      ],
      at: { x: [null, 5], name: ["a", "b"] },
    };
    for (const input of [records, columns]) expect([...(stored(like, input) as RecordArray)]).toEqual(expected);
  });

  test.each<[string, DTypeLike, unknown, object, string]>([
    ["an integer", "int32", [1, null], { index: [1] }, "integers have no NaN"],
    ["a bool", "bool", [[true, null]], { code: "ERR_NPY_SHAPE" }, "shape"],
    ["a bool", "bool", [undefined], { index: [0] }, "a bool has no NaN"],
    ["text", "U3", ["a", null], { index: [1] }, "text has no null"],
    ["a field of integers", { a: "f8", n: "u8" }, [{ a: null, n: 1 }, { a: 1, n: null }], { index: [1], field: "n" }, "no NaN"], // biome-ignore format: one case
    ["an undefined field of text", { s: "S3" }, [{ s: undefined }], { index: [0], field: "s" }, "text has no null"],
    ["a sub-array of integers", { n: ["i2", [2]] }, [{ n: [1, null] }], { index: [0, 1], field: "n" }, "no NaN"],
    ["a column of integers", { n: "i2" }, { n: [1, null] }, { index: [1], field: "n" }, "no NaN"],
    ["a record", { a: "f8" }, [{ a: 1 }, null], { index: [1] }, "expected an object with the fields"],
    ["a nested structure", { at: { x: "f8" } }, [{ at: null }], { index: [0], field: "at" }, "expected an object"],
    ["a sub-array", { pos: ["f8", [2]] }, [{ pos: null }], { index: [0], field: "pos" }, "expected elements of shape (2)"],
    ["a key that is missing", { a: "f8", b: "f8" }, [{ a: 1 }], { index: [0], field: "b" }, '"b" is missing'],
  ])("refuses null in %s", (_, like, input, found, message) => {
    expect(refusal(like, input, "nan")).toMatchObject({ ...found, message: expect.stringContaining(message) });
  });
});

describe.each([undefined, "error"] as const)("nulls: %j", (nulls) => {
  test.each<[DTypeLike, unknown, object, string]>([
    ["float64", [1, null], { index: [1] }, 'nulls: "nan" stores null as NaN'],
    ["float64", [undefined], { index: [0] }, 'nulls: "nan" stores null as NaN'],
    ["complex64", [null], { index: [0] }, 'nulls: "nan" stores null as NaN'],
    ["M8[s]", [null], { index: [0] }, 'nulls: "nan" stores null as NaT'],
    ["m8[s]", [null], { index: [0] }, 'nulls: "nan" stores null as NaT'],
    ["int8", [null], { index: [0] }, "choose a float dtype"],
    [{ t: "f4" }, [{ t: 1 }, { t: null }], { index: [1], field: "t" }, 'nulls: "nan" stores null as NaN'],
    [{ t: "f4" }, [{ t: undefined }], { index: [0], field: "t" }, "it is undefined"],
  ])("%j from %j says how to store it", (like, input, found, message) => {
    const error = { code: "ERR_NPY_VALUE", message: expect.stringContaining(message), ...found };
    expect(refusal(like, input, nulls)).toMatchObject(error);
  });
});

test("save takes it, too", async () => {
  const storage = new MemoryStorage();
  await save(storage, [1, null], { dtype: "float32", nulls: "nan" });
  expect((await load(storage)).data).toEqual(Float32Array.of(1, NaN));
  saveSync(storage, [[2], [null]], { dtype: "float64", nulls: "nan" });
  expect(loadSync(storage).data).toEqual(Float64Array.of(2, NaN));
  expect(() => saveSync(storage, [1], { nulls: "NaN" as never })).toThrow('nulls must be "error" or "nan"');
});

test("threads that attach follow the rule of the one that shares", async () => {
  await using npaa = await NpyAppendArray.open(temporaryPath(), {
    dtype: "float64",
    rowShape: [],
    nulls: "nan",
  });
  expect(await npaa.share()).toMatchObject({ options: { nulls: "nan" } });
});

test.skipIf(numpyVersion === undefined)("NumPy stores None alike", () => {
  const values = [1.5, null];
  for (const like of ["<f2", "<f4", "<f8", "<c8", "<c16", "<M8[ms]", "<m8[s]"]) {
    const isTime = /m8/i.test(like);
    const storage = new MemoryStorage();
    saveSync(storage, (isTime ? [7, null] : values) as ArrayInput, { dtype: like, nulls: "nan" });
    const code = `import io
file = io.BytesIO()
np.save(file, np.array(data["values"], dtype=data["like"]))
print(json.dumps(file.getvalue().hex()))`;
    const expected = python<string>(code, { like, values: isTime ? [7, null] : values });
    expect(Buffer.from(storage.bytes() as Uint8Array).toString("hex"), like).toBe(expected);
  }
});
