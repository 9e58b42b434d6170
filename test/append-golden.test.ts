/** Files of numpy.save, made by scripts/golden-files.py: read, written again and grown row by row, byte for byte. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  dtype,
  inspectSync,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type NpyArray,
  NpyReader,
  RecordArray,
  saveSync,
} from "../src/node.ts";

const directory = new URL("./golden/files/", import.meta.url);
const names = readdirSync(directory)
  .filter((name) => name.endsWith(".npy"))
  .map((name) => name.slice(0, -4));

interface Expected {
  readonly dtype: string | null;
  readonly shape: number[];
  readonly fortranOrder: boolean;
  readonly elements: unknown[];
}

test("the golden files are there", () => {
  expect(names.length).toBeGreaterThan(40);
});

describe.each(names)("%s.npy", (name) => {
  const bytes = new Uint8Array(readFileSync(new URL(`${name}.npy`, directory)));
  const expected = JSON.parse(readFileSync(new URL(`${name}.json`, directory), "utf8")) as Expected;
  const array = loadSync(new MemoryStorage(bytes));

  test("is read as what it is", () => {
    if (expected.dtype !== null) expect(array.dtype).toBe(dtype(expected.dtype));
    expect(array).toMatchObject({ shape: expected.shape, fortranOrder: expected.fortranOrder });
    expect(elementsOf(array)).toEqual(expected.elements);
    const appendable = expected.shape.length > 0;
    expect(inspectSync(new MemoryStorage(bytes))).toMatchObject({ appendable, needsRecovery: false });
  });

  test("is what save makes of what was read", () => {
    const storage = new MemoryStorage();
    saveSync(storage, array);
    expect(storage.bytes()).toEqual(bytes);
  });

  if (expected.shape.length === 0) {
    test("has no axis to grow along", () => {
      expect(() => NpyAppendArray.openSync(new MemoryStorage(bytes))).toThrow(expect.objectContaining({ code: "ERR_NPY_SHAPE" }));
    });
    return;
  }

  test("is what appending its rows one by one makes", async () => {
    const storage = new MemoryStorage();
    using reader = NpyReader.openSync(new MemoryStorage(bytes));
    const rows: NpyArray[] = [...reader.chunks({ rows: 1 })];
    // A file without rows has only its header to say.
    if (rows.length === 0) rows.push(array);
    const [first, ...later] = rows as [NpyArray, ...NpyArray[]];
    const creator = await NpyAppendArray.open(storage);
    await creator.append(first);
    await creator.close();
    const npaa = await NpyAppendArray.open(storage);
    await Promise.all(later.map((row) => npaa.append(row)));
    await npaa.close();
    expect(storage.bytes()).toEqual(bytes);
  });
});

/** What golden-files.py writes into the .json. */
function elementsOf({ data, dtype: { kind, itemsize } }: NpyArray): unknown[] {
  if (kind === "b") return Array.from(data as Uint8Array, (value) => value === 1);
  if (Array.isArray(data)) return data;
  if (kind === "c") {
    const floats = Array.from(data as Float64Array, hex);
    return Array.from({ length: floats.length / 2 }, (_, i) => floats.slice(2 * i, 2 * i + 2));
  }
  if (kind === "f") return Array.from(data as Float64Array, hex);
  if (kind === "V") {
    const text = Buffer.from(data instanceof RecordArray ? data.bytes : (data as Uint8Array)).toString("hex");
    return text.match(new RegExp(`.{${2 * itemsize}}`, "g")) ?? [];
  }
  return Array.from(data as ArrayLike<number | bigint>, (value) => (typeof value === "bigint" ? String(value) : value));
}

/** Python's float.hex. */
function hex(value: number): string {
  if (Number.isNaN(value)) return "nan";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  if (!Number.isFinite(value)) return `${sign}inf`;
  if (value === 0) return `${sign}0x0.0p+0`;
  const bits = new BigUint64Array(new Float64Array([Math.abs(value)]).buffer)[0] as bigint;
  const exponent = Number(bits >> 52n) - 1023;
  return `${sign}0x1.${(bits & (2n ** 52n - 1n)).toString(16).padStart(13, "0")}p${exponent < 0 ? "" : "+"}${exponent}`;
}
