/** Columns of typed arrays whose elements are as in the file: put together, however many, with no element or byte of padding changed. */
import { describe, expect, test } from "vitest";
import { type DType, type DTypeLike, dtype, formatHeader, MemoryStorage } from "../src/index.ts";
import { attempt, FILE_FORMS } from "./support/forms.ts";
import { randomBytes, randomNumbers } from "./support/random-bytes.ts";

type Column = Uint8Array | Int32Array | BigInt64Array | Float32Array | Float64Array;
type ColumnClass = { new (buffer: ArrayBuffer): Column };

/** Structures, and what their columns are in memory. */
const STRUCTURES: readonly (readonly [DTypeLike, readonly ColumnClass[]])[] = [
  [{ t: "<f8", id: "<i4", pos: ["<f4", [3]] }, [Float64Array, Int32Array, Float32Array]],
  [{ flag: "bool", raw: "V3", n: "<i8" }, [Uint8Array, Uint8Array, BigInt64Array]],
  [{ when: "<M8[ms]", z: "<c16", w: ["<c8", [2, 2]] }, [BigInt64Array, Float64Array, Float32Array]],
  [dtype({ a: "u1", b: "<f8", c: "u1" }, { align: true }), [Uint8Array, Float64Array, Uint8Array]],
  [{ only: "<f4" }, [Float32Array]],
  [{ inner: { a: "<i4", b: "u1" }, data: "<i4" }, [Uint8Array, Int32Array]],
];

/** Records of random fields, and zeros between them; the same as columns. */
function randomRecords(type: DType, classes: readonly ColumnClass[], rows: number, random: () => number) {
  const records = new Uint8Array(rows * type.itemsize);
  const columns: Record<string, Column> = {};
  type.fields?.forEach(({ name, dtype: field, offset }, i) => {
    const bytes = randomBytes(field, rows, random);
    for (let row = 0; row < rows; row++) {
      records.set(bytes.subarray(row * field.itemsize, (row + 1) * field.itemsize), row * type.itemsize + offset);
    }
    columns[name] = new (classes[i] as ColumnClass)(bytes.buffer);
  });
  return { records, columns };
}

/** A few, more than are copied, and more than are put together at a time. */
const sizes = ({ itemsize }: DType) => [1, 7, 1, 400, Math.ceil(70_000 / itemsize), 3, Math.ceil(2 ** 20 / itemsize) + 5];

describe.each(FILE_FORMS)("%s", (_form, { open }) => {
  test.each(STRUCTURES)("%j", async (given, classes) => {
    const type = dtype(given);
    const random = randomNumbers(7);
    const storage = new MemoryStorage();
    const npaa = await open(storage, { dtype: given, rowShape: [] });
    const written: Uint8Array[] = [];
    for (const rows of sizes(type)) {
      const { records, columns } = randomRecords(type, classes, rows, random);
      await npaa.append(columns as never);
      written.push(records);
    }
    const data = Buffer.concat(written);
    await npaa.close();
    const header = formatHeader({ dtype: type, fortranOrder: false, shape: [data.length / type.itemsize] });
    expect(Buffer.concat([header, data]).equals(storage.bytes() as Uint8Array)).toBe(true);
  });

  const LOG = { t: "<f8", pos: ["<f4", [3]] } as const;
  const good = () => ({ t: new Float64Array(2).fill(1), pos: new Float32Array(6).fill(2) });

  test("columns of views of larger buffers, at odd places, are those elements alone", async () => {
    const storage = new MemoryStorage();
    const npaa = await open(storage, { dtype: LOG, rowShape: [] });
    const t = Float64Array.from({ length: 9 }, (_, i) => i).subarray(3, 5);
    const pos = Float32Array.from({ length: 20 }, (_, i) => i).subarray(1, 7);
    await npaa.append({ pos, t } as never);
    await npaa.close();
    const view = new DataView((storage.bytes() as Uint8Array).slice(-40).buffer);
    expect([0, 20].map((at) => view.getFloat64(at, true))).toEqual([3, 4]);
    expect([8, 12, 16, 28, 32, 36].map((at) => view.getFloat32(at, true))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("the caller's memory is free again, while they are still to be written", async () => {
    const storage = new MemoryStorage();
    const npaa = await open(storage, { dtype: LOG, rowShape: [] });
    const columns = good();
    const appended = [npaa.append(columns as never)];
    columns.t.fill(8);
    appended.push(npaa.append(columns as never));
    columns.t.fill(9);
    await Promise.all(appended);
    await npaa.close();
    const view = new DataView((storage.bytes() as Uint8Array).slice(-80).buffer);
    expect([0, 20, 40, 60].map((at) => view.getFloat64(at, true))).toEqual([1, 1, 8, 8]);
  });

  test.each([
    ["one column is too short", () => ({ ...good(), pos: new Float32Array(5) }), "ERR_NPY_SHAPE", "pos"],
    ["one column is too long", () => ({ ...good(), t: new Float64Array(3) }), "ERR_NPY_SHAPE", "pos"],
    ["there is one column more", () => ({ ...good(), x: new Float64Array(2) }), "ERR_NPY_VALUE", "x"],
    ["one column is missing", () => ({ t: new Float64Array(2) }), "ERR_NPY_VALUE", "pos"],
    ["one column has another name", () => ({ t: new Float64Array(2), Pos: new Float32Array(6) }), "ERR_NPY_VALUE", "Pos"],
    ["one column cannot be cast", () => ({ ...good(), t: new BigInt64Array(2), pos: [["x"]] }), "ERR_NPY_VALUE", "pos"],
  ])("refused as ever, and nothing written: %s", async (_why, columns, code, field) => {
    const storage = new MemoryStorage();
    const npaa = await open(storage, { dtype: LOG, rowShape: [] });
    await npaa.append(good() as never);
    const before = storage.bytes();
    await expect(attempt(() => npaa.append(columns() as never))).rejects.toMatchObject({ code, field });
    expect(storage.bytes()).toEqual(before);
    await npaa.append(good() as never);
    expect(npaa.length).toBe(4);
    await npaa.close();
  });

  test.each([
    ["other types", () => ({ t: new Int32Array(2).fill(1), pos: new Float64Array(6).fill(2) })],
    ["nested arrays", () => ({ t: [1, 1], pos: [[2, 2, 2], [2, 2, 2]] })], // biome-ignore format: a matrix
    ["arrays of a class of their own", () => ({ ...good(), t: new (class extends Float64Array {})(2).fill(1) })],
    ["no prototype", () => Object.assign(Object.create(null), good())],
    ["records in another order", () => Object.fromEntries(Object.entries(good()).reverse())],
  ])("the same records from columns of %s", async (_what, columns) => {
    const files = [good, columns].map(async (make) => {
      const storage = new MemoryStorage();
      const npaa = await open(storage, { dtype: LOG, rowShape: [] });
      await npaa.append(make() as never);
      await npaa.close();
      return storage.bytes();
    });
    const [expected, found] = await Promise.all(files);
    expect(found).toEqual(expected);
  });

  test("fields may be called data and shape", async () => {
    const storage = new MemoryStorage();
    const npaa = await open(storage, { dtype: { data: "u1", shape: "u1" }, rowShape: [] });
    await npaa.append({ data: Uint8Array.of(7, 8), shape: Uint8Array.of(1, 2) } as never);
    await npaa.append({ data: [9], shape: [3] } as never);
    await npaa.close();
    expect(storage.bytes()?.slice(-6)).toEqual(Uint8Array.of(7, 1, 8, 2, 9, 3));
  });
});
