/** Conversions give what NumPy's `astype` gives. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { conversionOf } from "../src/cast/convert.ts";
import { NpyError } from "../src/errors.ts";
import { type Descr, type DType, dtype, nativeDType } from "../src/format/dtype.ts";
import { isNative } from "../src/format/scalars.ts";
import { swapBytes } from "../src/memory/byte-order.ts";
import { runs, sampled } from "./support/effort.ts";
import { numpyIsAtLeast, numpyVersion, python } from "./support/numpy.ts";
import { randomBytes, randomNumbers } from "./support/random-bytes.ts";

/** Converts elements in the dtypes' own byte order, or gives the error's code. */
function astype(bytes: Uint8Array, from: DType, to: DType): Uint8Array<ArrayBuffer> | string {
  const isStructure = from.fields !== undefined || to.fields !== undefined;
  const source = bytes.slice();
  const target = new Uint8Array((bytes.length / from.itemsize) * to.itemsize);
  try {
    if (!isStructure && !isNative(from)) swapBytes(source, from);
    const { convert } = conversionOf(isStructure ? from : nativeDType(from), isStructure ? to : nativeDType(to));
    convert(source, target);
  } catch (error) {
    if (error instanceof NpyError) return error.code;
    throw error;
  }
  if (!isStructure && !isNative(to)) swapBytes(target, to);
  return target;
}

interface Table {
  readonly targets: readonly Descr[];
  readonly cases: readonly { readonly from: Descr; readonly source: string; readonly results: string }[];
}

const tables = JSON.parse(readFileSync(new URL("./golden/conversions.json", import.meta.url), "utf8")) as Table[];

describe("golden conversions of NumPy's", () => {
  for (const { targets, cases } of tables) {
    test.each(cases)("from $from: $source", ({ from, source, results }) => {
      const bytes = new Uint8Array(Buffer.from(source, "base64"));
      const expected = results.split(" ");
      expect(expected).toHaveLength(targets.length);
      const differing = targets.flatMap((target, i) => {
        if (expected[i] === "?") return [];
        const result = astype(bytes, dtype(from), dtype(target));
        const found = typeof result === "string" ? "-" : createHash("sha256").update(result).digest("hex").slice(0, 8);
        return found === expected[i] ? [] : [{ target, result, expected: expected[i] }];
      });
      expect(differing).toEqual([]);
    });
  }
});

const ASTYPE = `
import base64
out = []
for case in data:
    source = np.frombuffer(base64.b64decode(case["source"]), dtype=case["from"])
    row = []
    for to in case["to"]:
        try: row.append(base64.b64encode(source.astype(to).tobytes()).decode())
        except (ValueError, OverflowError, RuntimeError): row.append(None)
    out.append(row)
print(json.dumps(out))
`;

const NUMBERS = [
  "|b1",
  "|i1",
  ">i2",
  "<i4",
  ">i4",
  "<i8",
  ">i8",
  "|u1",
  "<u2",
  "<u4",
  ">u4",
  "<u8",
  "<f2",
  ">f2",
  "<f4",
  ">f4",
  "<f8",
  ">f8",
  "<c8",
  ">c16",
];

// The decimals of float16 and float32, and what is refused, changed up to 2.4.
describe.skipIf(!numpyIsAtLeast(2, 4))(`random conversions against numpy ${numpyVersion}`, () => {
  const seed = Number(process.env["NPY_SEED"] ?? Date.now() % 2 ** 31);

  /** The targets to which an element is converted in another way than by NumPy, with the first such element. */
  function compare(sources: readonly { from: string; bytes: Uint8Array }[], targets: readonly string[]): unknown[] {
    const questions = sources.map(({ from, bytes }) => ({ from, source: Buffer.from(bytes).toString("base64"), to: targets }));
    const answers = python<(string | null)[][]>(ASTYPE, questions);
    return sources.flatMap(({ from, bytes }, row) =>
      targets.flatMap((to, column) => {
        const [source, target] = [dtype(from), dtype(to)];
        const expected = Buffer.from(answers[row]?.[column] as string, "base64");
        const found = Buffer.from(astype(bytes, source, target) as Uint8Array);
        const at = found.findIndex((byte, i) => byte !== expected[i]);
        const i = Math.floor(at / target.itemsize);
        const element = (all: Uint8Array, size: number): string =>
          Buffer.from(all.slice(i * size, (i + 1) * size))
            .toString("hex")
            .slice(0, 120);
        if (at < 0 && found.length === expected.length) return [];
        return [
          {
            from,
            to,
            element: element(bytes, source.itemsize),
            found: element(found, target.itemsize),
            expected: element(expected, target.itemsize),
          },
        ];
      }),
    );
  }

  test(`numbers of any bits to numbers (NPY_SEED=${seed})`, () => {
    const random = randomNumbers(seed);
    const sources = NUMBERS.map((from) => ({ from, bytes: randomBytes(dtype(from), runs(2000), random) }));
    const integers = sources.filter(({ from }) => !/[fc]/.test(from));
    const isUint32 = (to: string): boolean => to.endsWith("u4");
    // Floats that no uint32 holds are converted in other ways by each of NumPy's loops.
    expect(
      compare(
        sources,
        NUMBERS.filter((to) => !isUint32(to)),
      ),
      `NPY_SEED=${seed}`,
    ).toEqual([]);
    expect(compare(integers, NUMBERS.filter(isUint32)), `NPY_SEED=${seed}`).toEqual([]);
    const small = Float64Array.from({ length: runs(2000) }, () => random() * 1.4 - 2 ** 31);
    const halves = randomBytes(dtype("u2"), runs(2000), random).map((byte, i) =>
      i % 2 === 1 && (byte & 0x7c) === 0x7c ? byte ^ 0x40 : byte,
    );
    const floats = [
      { from: "<f8", bytes: new Uint8Array(small.buffer) },
      { from: "<f4", bytes: new Uint8Array(Float32Array.from(small).buffer) },
      { from: "<f2", bytes: halves },
    ];
    expect(compare(floats, ["<u4"]), `NPY_SEED=${seed}`).toEqual([]);
  });

  test(`every float16 to numbers, and many values around them back`, () => {
    const halves = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i);
    expect(
      compare(
        [{ from: "<f2", bytes: new Uint8Array(halves.buffer) }],
        NUMBERS.filter((to) => !to.endsWith("u4")),
      ),
    ).toEqual([]);
    const wide = astype(new Uint8Array(halves.buffer), dtype("<f2"), dtype("<f8")) as Uint8Array<ArrayBuffer>;
    const all = new Float64Array(wide.buffer);
    const around = sampled([...all.keys()], 10).flatMap((i) => {
      const value = all[i] as number;
      const middle = (value + (all[i + 1] ?? 0)) / 2; // half way to the next one
      return [middle, middle * (1 + 2 ** -52), middle * (1 - 2 ** -52), value * (1 + 2 ** -30)];
    });
    expect(compare([{ from: "<f8", bytes: new Uint8Array(Float64Array.from(around).buffer) }], ["<f2"])).toEqual([]);
    expect(compare([{ from: "<f4", bytes: new Uint8Array(Float32Array.from(around).buffer) }], ["<f2"])).toEqual([]);
  });

  test(`numbers to text (NPY_SEED=${seed})`, () => {
    const random = randomNumbers(seed);
    const any = NUMBERS.map((from) => ({ from, bytes: randomBytes(dtype(from), runs(3000), random) }));
    const scale = (): number => 10 ** ((random() % 45) - 22);
    const common = Float64Array.from({ length: runs(5000) }, () =>
      random() % 2 ? random() * scale() : Math.fround(random() * scale()),
    );
    const floats = [
      { from: "<f8", bytes: new Uint8Array(common.buffer) },
      { from: "<f4", bytes: new Uint8Array(Float32Array.from(common).buffer) },
      { from: "<f2", bytes: new Uint8Array(Uint16Array.from({ length: 2 ** 16 }, (_, i) => i).buffer) },
    ];
    expect(compare([...any, ...floats], ["<U64", "|S64", ">U5"]), `NPY_SEED=${seed}`).toEqual([]);
  });

  test(`datetimes and timedeltas in other units (NPY_SEED=${seed})`, () => {
    const random = randomNumbers(seed);
    const units = ["Y", "3M", "M", "W", "D", "11D", "h", "m", "25s", "s", "ms"];
    // A few thousand years: where results are beyond 64 bits, NumPy wraps around.
    const range: Readonly<Record<string, number>> = { Y: 5e3, M: 6e4, W: 2e5, D: 2e6, h: 4e7, m: 2e9, s: 1e11, ms: 1e14 };
    for (const kind of ["M8", "m8"]) {
      const sources = units.map((unit) => {
        const limit = range[unit.replace(/\d+/, "")] as number;
        const counts = BigInt64Array.from({ length: runs(1000) }, () =>
          BigInt(Math.floor(((random() - 2 ** 31) / 2 ** 31) * limit)),
        );
        return { from: `<${kind}[${unit}]`, bytes: new Uint8Array(counts.buffer) };
      });
      expect(
        compare(
          sources,
          units.map((unit) => `>${kind}[${unit}]`),
        ),
        `NPY_SEED=${seed}`,
      ).toEqual([]);
      if (kind === "M8") expect(compare(sources, ["<U30", "|S30"]), `NPY_SEED=${seed}`).toEqual([]);
    }
  });
});

describe("what there is no conversion for", () => {
  const code = (from: Descr, to: Descr): unknown => {
    const result = astype(new Uint8Array(dtype(from).itemsize), dtype(from), dtype(to));
    return typeof result === "string" ? result : "converted";
  };

  test("raw bytes and long doubles have no values", () => {
    for (const to of ["<i4", "<f8", "|b1", "<M8[s]", "|S4", "<U1"]) expect(code("|V4", to)).toBe("ERR_NPY_CAST");
    for (const [from, to] of [
      ["<f16", "<f8"],
      ["<f8", "<f16"],
      ["<c32", "<c16"],
      ["<f16", "<c32"],
      ["<i4", "<f16"],
    ] as const) {
      expect(code(from, to)).toBe("ERR_NPY_CAST");
    }
    expect(code("<f16", ">f16")).toBe("converted");
    expect(code("<f8", "|V8")).toBe("converted");
  });

  test("structures of another build", () => {
    expect(
      code(
        [["a", "<i4"]],
        [
          ["a", "<i4"],
          ["b", "<i4"],
        ],
      ),
    ).toBe("ERR_NPY_CAST");
    expect(
      code(
        [
          ["a", "<i4"],
          ["b", "<i4"],
        ],
        "<i4",
      ),
    ).toBe("ERR_NPY_CAST");
    expect(code([["a", "<i4", [2]]], [["a", "<i4", [3]]])).toBe("ERR_NPY_CAST");
    expect(code([["a", "<i4"]], [["b", ">f8", [3]]])).toBe("converted");
  });

  test("counts of time beyond 64 bits", () => {
    const counts = new Uint8Array(BigInt64Array.of(2n ** 62n).buffer);
    expect(astype(counts, dtype("M8[s]"), dtype("M8[ns]"))).toBe("ERR_NPY_VALUE");
    expect(astype(counts, dtype("m8[s]"), dtype("m8[ns]"))).toBe("ERR_NPY_VALUE");
    expect(astype(counts, dtype("M8[Y]"), dtype("M8[D]"))).toBe("ERR_NPY_VALUE");
  });

  test("spaces around a complex number, of which there may be many", () => {
    const parsed = (text: string): number[] => {
      const target = new Float64Array(2);
      const source = Uint8Array.from(Buffer.from(text, "latin1"));
      conversionOf(dtype(`S${source.length}`), dtype("complex128")).convert(source, new Uint8Array(target.buffer));
      return [...target];
    };
    // Work that grows with the square of their number would take minutes.
    const spaces = " ".repeat(500_000);
    expect(parsed(`${spaces}1-2j${spaces}`)).toEqual([1, -2]);
    expect(parsed(` ( ${spaces}3j ) `)).toEqual([0, 3]);
    for (const text of [`${spaces}x`, `1${spaces}x`, `(${spaces}x)`, spaces]) {
      expect(() => parsed(text)).toThrow(expect.objectContaining({ code: "ERR_NPY_VALUE" }));
    }
  });

  test("the message names the value and the dtype", () => {
    const { convert, canFail } = conversionOf(dtype("S3"), dtype("int32"));
    expect(canFail).toBe(true);
    expect(() => convert(new Uint8Array(Buffer.from("1x\0")), new Uint8Array(4))).toThrow('"1x" cannot be converted to <i4');
  });
});
