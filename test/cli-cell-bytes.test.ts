/** `slice --csv` and `--ndjson` write the bytes of the texts that elements have. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { csvLine, csvOf, jsonOf } from "../src/cli/text/cell.ts";
import { csvWriter, jsonWriter, MOST_BYTES } from "../src/cli/text/cell-bytes.ts";
import { type DType, dtype, loadSync, MemoryStorage, type NpyData, saveSync } from "../src/node.ts";
import { runs } from "./support/effort.ts";

/** Elements of any bytes, as they are read. */
function dataOfBytes(bytes: Uint8Array, type: DType): NpyData {
  const storage = new MemoryStorage();
  saveSync(storage, { data: bytes.buffer, shape: [bytes.length / type.itemsize], dtype: type } as never);
  return loadSync(storage).data;
}

function written(writer: ReturnType<ReturnType<typeof csvWriter>>, count: number): string[] {
  const bytes = Buffer.alloc(4096);
  return Array.from({ length: count }, (_, i) => {
    expect(writer.mostBytes?.(i) ?? MOST_BYTES).toBeLessThan(bytes.length);
    bytes.fill(0xff);
    // Not at the start of the bytes, nor at an even place.
    return bytes.toString("utf8", 3, writer.write(bytes, 3, i));
  });
}

function expectTexts(data: NpyData, type: DType): void {
  const csv = Array.from(csvOf(type)(data));
  expect(written(csvWriter(type, false)(data), csv.length)).toEqual(csv);
  expect(written(csvWriter(type, true)(data), csv.length)).toEqual(csv.map((cell) => csvLine([cell])));
  expect(written(jsonWriter(type)(data), csv.length)).toEqual(Array.from(jsonOf(type)(data)));
}

const UNITS = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as", "7D", "25s", "100ns"];
const NUMBERS = ["i1", "i2", ">i4", "i8", "u1", ">u2", "u4", "u8", "f2", "f4", "f8", ">f8", "c8", "c16", "m8", "M8"];

test.each([...NUMBERS, ...UNITS.map((unit) => `m8[${unit}]`), "V3", "f16"])("%s of any bytes", (name) => {
  const type: DType = dtype(name);
  const anyBytes = fc.uint8Array({ minLength: 16 * type.itemsize, maxLength: 16 * type.itemsize });
  fc.assert(
    fc.property(anyBytes, (bytes) => expectTexts(dataOfBytes(Uint8Array.from(bytes), type), type)),
    { numRuns: runs(300) },
  );
});

test("bools", () => expectTexts(Uint8Array.of(0, 1, 0), dtype("bool")));

test("every float16", () => {
  const type: DType = dtype("<f2");
  expectTexts(dataOfBytes(new Uint8Array(Uint16Array.from({ length: 2 ** 16 }, (_, i) => i).buffer), type), type);
});

const NOT_A_TIME = -(2n ** 63n);
const COUNTS = [0n, 1n, -1n, NOT_A_TIME, NOT_A_TIME + 1n, 2n ** 63n - 1n, 2n ** 32n, -(2n ** 32n), 10n ** 9n, -(10n ** 9n)];

test("integers of 64 bits around powers of two and ten", () => {
  const powers = Array.from({ length: 63 }, (_, i) => 2n ** BigInt(i)).concat(
    Array.from({ length: 19 }, (_, i) => 10n ** BigInt(i)),
  );
  const values = powers.flatMap((power) => [power - 1n, power, power + 1n]);
  expectTexts(BigInt64Array.from([...values, ...values.map((value) => -value), ...COUNTS]), dtype("i8"));
  expectTexts(BigUint64Array.from([...values, ...values.map((value) => 2n ** 64n - value - 1n)]), dtype("u8"));
});

test.each(UNITS)("datetime64[%s]", (unit) => {
  const type: DType = dtype(`M8[${unit}]`);
  const years = [-3000, -1, 0, 1, 999, 1582, 1600, 1899, 1970, 1999, 2000, 2024, 2100, 9999, 10_000, 12_345];
  const seconds = years.flatMap((year) =>
    [Date.UTC(2000, 0, 1), Date.UTC(2000, 1, 29), Date.UTC(2000, 11, 31, 23, 59, 59)].map((ms) => {
      const date = new Date(ms);
      return Math.floor(date.setUTCFullYear(year) / 1000);
    }),
  );
  const perSecond: { [unit: string]: bigint } = { s: 1n, ms: 1000n, us: 10n ** 6n, ns: 10n ** 9n, ps: 10n ** 12n };
  const longer: { [unit: string]: number } = { m: 60, h: 3600, D: 86_400, W: 604_800, M: 2_629_746, Y: 31_556_952 };
  const counts = seconds.flatMap((second) => {
    const ticks =
      unit in longer ? BigInt(Math.floor(second / (longer[unit] as number))) : BigInt(second) * (perSecond[unit] ?? 1n);
    return [ticks, ticks + 1n, ticks - 1n, ticks + 999n, ticks - 999_999_999n].map((tick) => BigInt.asIntN(64, tick));
  });
  expectTexts(BigInt64Array.from([...counts, ...COUNTS]), type);
  fc.assert(
    fc.property(fc.array(fc.bigInt(-(2n ** 62n), 2n ** 62n)), (any) => expectTexts(BigInt64Array.from(any), type)),
    { numRuns: runs(100) },
  );
});

test("text", () => {
  const unit = fc.constantFrom(...'abc ",\\\n\r\t\u0000\u007f\u0085\u00a0\u00ffé\u2028\ufeff', "😀");
  fc.assert(
    fc.property(fc.array(fc.string({ unit, maxLength: 8 })), (texts) => {
      expectTexts(texts, dtype("U16"));
    }),
    { numRuns: runs(1000) },
  );
  expect(() => expectTexts(["\ud83d"], dtype("U1"))).toThrow(/half a surrogate pair/);
});
