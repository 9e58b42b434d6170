/** Searches of every dtype against numpy.searchsorted. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ComplexNumber, NpyReader, type SearchValue } from "../src/node.ts";
import { numpyVersion, python } from "./support/numpy.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const SCRIPT = `
rng = np.random.default_rng(7)
cases = []
def texts(n): return ["".join(chr(int(c)) for c in rng.choice([0x61, 0x62, 0xff, 0x100, 0xffff, 0x10000, 0x1f600], rng.integers(0, 4))) for _ in range(n)]
def latin(n): return [bytes(rng.choice([0x61, 0x62, 0xff], rng.integers(0, 4)).astype("u1")) for _ in range(n)]
def make(type, n):
    kind = type.kind
    if kind == "b": return rng.integers(0, 2, n).astype(type)
    if kind in "iu":
        info = np.iinfo(type)
        wide = rng.integers(info.min, info.max, n, dtype=type.newbyteorder("="), endpoint=True)
        return np.where(rng.random(n) < 0.5, wide, rng.integers(0, 20, n).astype(wide.dtype)).astype(type)
    if kind in "fc":
        values = np.round(rng.normal(0, 10, n))
        if kind == "c": values = values + 1j * np.round(rng.normal(0, 2, n))
        values = values.astype(type)
        special = [np.nan, np.inf, -np.inf, -0.0] + ([complex(1, np.nan), complex(np.nan, 1)] if kind == "c" else [])
        for value in special: values[rng.random(n) < 0.05] = value
        return values
    if kind in "mM":
        values = rng.integers(-30, 30, n)
        values[rng.random(n) < 0.1] = np.iinfo("i8").min
        return values.astype("i8").view(type.newbyteorder("=")).astype(type)
    if kind == "U": return np.array(texts(n), dtype=type)
    return np.array(latin(n), dtype=type)
def plain(value, kind):
    if kind == "b": return bool(value)
    if kind in "iu": return str(int(value))
    if kind in "mM": return str(int(value.astype("i8")))
    if kind == "f": return str(float(value))
    if kind == "c": return [str(float(value.real)), str(float(value.imag))]
    if kind == "U": return str(value)
    return value.decode("latin-1")
names = ["?"] + [o + t for t in "i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16 M8[s] M8[D] m8[ms] U3".split() for o in "<>"] + ["S3"]
for name in names:
    for n in [0, 1, 2, 7, 100, 5000]:
        type = np.dtype(name)
        array = np.sort(make(type, n))
        needles = make(type, 40)
        field = n % 2 == 1
        stored = array
        if field:
            stored = np.zeros(n, dtype=[("a", "u1"), ("in", [("x", "<f4"), ("key", type)])])
            stored["in"]["key"] = array
        file = f"{len(cases)}.npy"
        np.save(data + "/" + file, stored)
        cases.append({
            "file": file, "name": name, "kind": type.kind, "field": field,
            "needles": [plain(needle, type.kind) for needle in needles],
            "left": np.searchsorted(array, needles, "left").tolist(),
            "right": np.searchsorted(array, needles, "right").tolist(),
        })
print(json.dumps(cases))`;

interface Case {
  readonly file: string;
  readonly name: string;
  readonly kind: string;
  readonly field: boolean;
  readonly needles: unknown[];
  readonly left: number[];
  readonly right: number[];
}

function float(text: string): number {
  return text.endsWith("inf") ? Number(text.replace("inf", "Infinity")) : Number(text);
}

function needleOf(kind: string, needle: unknown): SearchValue {
  if ("iumM".includes(kind)) return BigInt(needle as string);
  if (kind === "f") return float(needle as string);
  if (kind !== "c") return needle as string | boolean;
  const [re, im] = needle as [string, string];
  return { re: float(re), im: float(im) } satisfies ComplexNumber;
}

const DATES = `
rng = np.random.default_rng(8)
cases = []
for name in "Y M W D h m s ms us ns 7D 3M 10ms".split():
    low, high = [np.datetime64(text, "ms").astype("M8[" + name + "]").astype("i8") for text in ["1700-01-01", "2200-01-01"]]
    array = np.sort(rng.integers(low, high, 300)).astype("M8[" + name + "]")
    file = f"dates-{name}.npy"
    np.save(data + "/" + file, array)
    ends = [np.datetime64(text, "ms").astype("i8") for text in ["1690-01-01", "2210-01-01"]]
    dates = np.concatenate([rng.integers(ends[0], ends[1], 30), array[:30].astype("M8[ms]").astype("i8")]).astype("M8[ms]")
    cases.append({
        "file": file, "dates": dates.astype("i8").tolist(),
        "left": np.searchsorted(array, dates, "left").tolist(), "right": np.searchsorted(array, dates, "right").tolist(),
    })
print(json.dumps(cases))`;

test.skipIf(numpyVersion === undefined)("Dates among times of every unit, also between two steps", () => {
  const directory = temporaryDirectory();
  const cases = python<{ file: string; dates: number[]; left: number[]; right: number[] }[]>(DATES, directory);
  for (const { file, dates, left, right } of cases) {
    using reader = NpyReader.openSync(join(directory, file));
    const found = dates.map((time) => reader.searchsorted(new Date(time)));
    const after = dates.map((time) => reader.searchsorted(new Date(time), { side: "right" }));
    expect([found, after], file).toEqual([left, right]);
  }
});

test.skipIf(numpyVersion === undefined)("every dtype, in both byte orders, alone and as a field", async () => {
  const directory = temporaryDirectory();
  const cases = python<Case[]>(SCRIPT, directory);
  expect(cases.length).toBeGreaterThan(200);
  for (const { file, name, kind, field, needles, left, right } of cases) {
    const options = field ? { field: "in.key" } : {};
    using reader = NpyReader.openSync(join(directory, file));
    await using later = await NpyReader.open(join(directory, file));
    for (const [i, needle] of needles.entries()) {
      const value = needleOf(kind, needle);
      const found = [reader.searchsorted(value, options), await later.searchsorted(value, { ...options, side: "right" })];
      expect(found, `${String(needle)} in ${file} of ${name}`).toEqual([left[i], right[i]]);
    }
  }
});
