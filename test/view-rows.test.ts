/** Data with a shape, of the file's dtype and order, need no more than their data: the outcome is that of the long way, also of mistakes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DTypeLike, dtype, MemoryStorage, type NpyError } from "../src/index.ts";
import { attempt, FILE_FORMS } from "./support/forms.ts";

const RECORD = dtype({ t: "<f8", id: "<i4" });

/** What is said of data besides their shape; dtypes are also said wrongly. */
const DTYPES: readonly (DTypeLike | undefined)[] = [
  undefined,
  ...(["float64", "<f8", ">f8", "f8", "int32", "bool", "|b1", "uint8", "complex128", "<M8[s]", "datetime64[s]", "V12"] as const),
  dtype("float64"),
  dtype("complex128"),
  dtype("bool"),
  RECORD,
  dtype({ t: "<f8", id: "<i4" }),
  dtype({ t: "<f8", no: "<i4" }),
  { t: "<f8", id: "<i4" },
];

const CLASSES = [Float64Array, Float32Array, Int32Array, BigInt64Array, Uint8Array] as const;

type DataClass = (typeof CLASSES)[number];

/** Dtypes of files, with what their data are and may be called. */
const FILES: readonly (readonly [DTypeLike, DataClass, readonly (DTypeLike | undefined)[]])[] = [
  ["float64", Float64Array, [undefined, "float64", "<f8", "double", dtype("float64")]],
  [">f8", Float64Array, [undefined, "float64"]],
  ["int32", Int32Array, [undefined, "int32", "i4"]],
  ["bool", Uint8Array, ["bool", "?", dtype("bool")]],
  ["complex128", Float64Array, ["complex128", dtype("<c16")]],
  ["<M8[s]", BigInt64Array, ["<M8[s]", "datetime64[s]"]],
  ["V12", Uint8Array, ["V12", dtype("V12")]],
  [RECORD, Uint8Array, [RECORD, dtype({ t: "<f8", id: "<i4" }), { t: "<f8", id: "<i4" }]],
];

const cases = fc.record({
  file: fc.constantFrom(...FILES),
  rowShape: fc.constantFrom<readonly number[]>([], [2], [3], [2, 3]),
  fileOrder: fc.boolean(),
  fortranOrder: fc.constantFrom(undefined, false, true),
  rows: fc.nat({ max: 4 }),
  /** What is not as it should be. */
  mistake: fc.constantFrom("none", "none", "dtype", "class", "length", "axes", "shape"),
  which: fc.nat(),
  shape: fc.array(fc.constantFrom(0, 1, 2, 3, 4, 1.5, -1), { maxLength: 3 }),
});

type Case = typeof cases extends fc.Arbitrary<infer Value> ? Value : never;

/** One of a list. */
const choose = <Value>(list: readonly Value[], which: number): Value => list[which % list.length] as Value;

function inputOf({
  file: [file, FittingClass, fitting],
  rowShape,
  fileOrder,
  fortranOrder,
  rows,
  mistake,
  which,
  shape: any,
}: Case) {
  const grown = (row: readonly number[]) => (fileOrder ? [...row, rows] : [rows, ...row]);
  const right = grown(rowShape);
  const axes = choose([grown(rowShape.toReversed()), right.toReversed(), [...right, 1], [1, ...right]], which);
  const shape = mistake === "shape" ? any : mistake === "axes" ? axes : right;
  const Class = mistake === "class" ? choose(CLASSES, which) : FittingClass;
  const like = choose(mistake === "dtype" ? DTYPES : fitting, which);
  const elements = shape.reduce((all, n) => all * n, 1);
  const perElement = Math.max(1, like === undefined ? 1 : dtype(like).itemsize / Class.BYTES_PER_ELEMENT);
  const tooMany = mistake === "length" ? choose([1, 2, 6, -1], which) : 0;
  const data = new Class(Math.max(0, Math.ceil(elements * perElement) + tooMany));
  const bytes = new Uint8Array(data.buffer);
  for (let i = 0; i < bytes.length; i++) bytes[i] = dtype(file).kind === "b" ? i & 1 : (i * 37) & 0x3f;
  return { data, shape, ...(like === undefined ? {} : { dtype: like }), ...(fortranOrder === undefined ? {} : { fortranOrder }) };
}

describe.each(FILE_FORMS)("%s", (_form, { open }) => {
  /** The file after appending, or the error. */
  async function outcome({ file: [file], rowShape, fileOrder }: Pick<Case, "file" | "rowShape" | "fileOrder">, input: unknown) {
    const storage = new MemoryStorage();
    const npaa = await open(storage, { dtype: file, rowShape, fortranOrder: fileOrder });
    try {
      await attempt(() => npaa.append(input as never));
      await attempt(() => npaa.append(input as never));
    } catch (error) {
      const { code, message } = error as NpyError;
      expect(code).toMatch(/^ERR_NPY_/);
      return { code, message };
    } finally {
      await npaa.close();
    }
    return storage.bytes();
  }

  test("the same as of an object that has no prototype, which goes the long way", async () => {
    let written = 0;
    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        const input = inputOf(given);
        const found = await outcome(given, input);
        expect(found).toEqual(await outcome(given, Object.assign(Object.create(null), input)));
        if (found instanceof Uint8Array) written++;
      }),
      { numRuns: 1500 },
    );
    expect(written).toBeGreaterThan(300);
  });

  test("another property may change what data and shape mean", async () => {
    const given = { file: FILES[0] as (typeof FILES)[number], rowShape: [2], fileOrder: false };
    const data = Float64Array.of(1, 2, 3, 4);
    const plain = await outcome(given, { data, shape: [2, 2] });
    const turned = await outcome(given, { data, shape: [2, 2], strides: [1, 2] });
    expect(turned).not.toEqual(plain);
    expect(await outcome(given, { data: Float64Array.of(1, 3, 2, 4), shape: [2, 2] })).toEqual(turned);
  });

  test("the data are free again when append returns, if they are few", async () => {
    const storage = new MemoryStorage();
    const npaa = await open(storage, { dtype: "float64", rowShape: [2] });
    const data = Float64Array.of(1, 2);
    const appended = [npaa.append({ data, shape: [1, 2] } as never)];
    data.fill(7);
    appended.push(npaa.append({ data, shape: [1, 2] } as never));
    data.fill(8);
    await Promise.all(appended);
    await npaa.close();
    expect(new Float64Array((storage.bytes() as Uint8Array).slice(-32).buffer)).toEqual(Float64Array.of(1, 2, 7, 7));
  });
});
