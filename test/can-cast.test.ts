/** `canCast` against `numpy.can_cast`: always by what golden-casting.py wrote, and on random dtypes where there is a NumPy. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CASTING_LEVELS, type Casting, canCast } from "../src/cast/can-cast.ts";
import { type Descr, type DescrField, type DTypeLike, dtype } from "../src/format/dtype.ts";
import { isEquivalent } from "../src/format/equivalent.ts";
import { NATIVE_BYTE_ORDER } from "../src/format/scalars.ts";
import { runs } from "./support/effort.ts";
import { numpyIsAtLeast, numpyVersion, python } from "./support/numpy.ts";

type Pair = readonly [from: Descr, to: Descr];

/** The strictest level that allows the cast, by its number; 5 if none does. */
function levelOf([from, to]: Pair): number {
  return CASTING_LEVELS.filter((level) => !canCast(from, to, level)).length;
}

/** The pairs on which we differ from NumPy's levels. */
function differences(pairs: readonly Pair[], levels: ArrayLike<number | string>): string[] {
  expect(levels).toHaveLength(pairs.length);
  return pairs.flatMap((pair, i) => {
    const [numpy, ours] = [Number(levels[i]), levelOf(pair)];
    return numpy === ours ? [] : [`${pair.map((descr) => JSON.stringify(descr)).join(" -> ")}: NumPy ${numpy}, we ${ours}`];
  });
}

describe("the golden table of NumPy", () => {
  const text = readFileSync(new URL("./golden/casting/can-cast.json", import.meta.url), "utf8");
  const rows = JSON.parse(text) as readonly { readonly dtype: Descr; readonly levels: string }[];

  test("holds every level", () => {
    expect(rows.length).toBeGreaterThan(150);
    expect(new Set(rows.flatMap(({ levels }) => [...levels]))).toEqual(new Set("012345"));
  });

  // Text without a length becomes native, and the table was made where that is little-endian.
  test.skipIf(NATIVE_BYTE_ORDER === ">")("is what we say", () => {
    const pairs = rows.flatMap(({ dtype: from }) => rows.map(({ dtype: to }): Pair => [from, to]));
    expect(differences(pairs, rows.map(({ levels }) => levels).join(""))).toEqual([]);
  });

  test("says of the same pairs what readers take for the dtype that they expect", () => {
    const types = rows.map(({ dtype: descr }) => dtype(descr));
    const wrong = types.flatMap((from) => types.filter((to) => isEquivalent(from, to) !== canCast(from, to, "equiv")));
    expect(wrong).toEqual([]);
  });
});

test.each<[from: DTypeLike, to: DTypeLike, casting: Casting | undefined, allowed: boolean]>([
  // numpy.can_cast's own documentation.
  ["int32", "int64", undefined, true],
  ["float64", "complex", undefined, true],
  ["complex", "float", undefined, false],
  ["i8", "f8", undefined, true],
  ["i8", "f4", undefined, false],
  ["i4", "S4", undefined, false],
  // numpy.ufunc's, on casting.
  ["int64", "float32", "same_kind", true],
  ["float64", "int64", "same_kind", false],
  ["float64", "int64", "unsafe", true],
  ["<i4", ">i4", "no", false],
  ["<i4", ">i4", "equiv", true],
  // Ours.
  ["float64", "float32", undefined, false],
  ["float64", "float32", "same_kind", true],
  // numpy.datetime64's.
  ["M8[D]", "M8[s]", undefined, true],
  ["m8[Y]", "m8[D]", "same_kind", false],
  ["float64", [["x", "<f8"]], "unsafe", true],
])("documented: %j as %j, %s: %s", (from, to, casting, allowed) => {
  expect(canCast(from, to, casting)).toBe(allowed);
});

describe("refused", () => {
  test.each([
    ["float65", "float64"],
    ["float64", "<M8[fortnight]"],
    ["object", "float64"],
    ["float64", 8],
    [null, "float64"],
  ] as [DTypeLike, DTypeLike][])("%o -> %o: not dtypes", (from, to) => {
    expect(() => canCast(from, to, "unsafe")).toThrow(expect.objectContaining({ name: "NpyError", code: "ERR_NPY_DTYPE" }));
  });

  test.each(["typo", "Safe", "", null, 3])("%o: not a casting rule", (casting) => {
    const code = "ERR_NPY_OPTION";
    const message = expect.stringContaining(JSON.stringify(casting)) as string;
    expect(() => canCast("i4", "i4", casting as Casting)).toThrow(expect.objectContaining({ name: "NpyError", code, message }));
  });
});

const NUMPY_CAN_CAST = `
def to_descr(json):
    if isinstance(json, str):
        return json
    if len(json) == 2 and json[1] and isinstance(json[1][0], int):
        return to_descr(json[0]), tuple(json[1])
    return [(name if isinstance(name, str) else tuple(name), to_descr(of), *map(tuple, shape)) for name, of, *shape in json]

dtypes = [[np.lib.format.descr_to_dtype(to_descr(descr)) for descr in pair] for pair in data]
levels = ["no", "equiv", "safe", "same_kind", "unsafe"]
print(json.dumps([sum(not np.can_cast(a, b, level) for level in levels) for a, b in dtypes]))
`;

describe.skipIf(!numpyIsAtLeast(2, 0))(`random dtypes against numpy ${numpyVersion}`, () => {
  const seed = Number(process.env["NPY_SEED"] ?? Date.now() % 2 ** 31);
  const PAIRS = runs(3000);

  test.each(Object.entries({ scalars: scalarPairs(), datetimes: datetimePairs(), structures: structurePairs(2) }))(
    `${PAIRS} pairs of %s (NPY_SEED=${seed})`,
    (_, pairs) => {
      const sample = fc.sample(pairs, { numRuns: PAIRS, seed });
      expect(differences(sample, python<number[]>(NUMPY_CAN_CAST, sample)), `NPY_SEED=${seed}`).toEqual([]);
    },
  );
});

function scalars(): fc.Arbitrary<string> {
  const order = fc.constantFrom("<", ">");
  const codes = fc.constantFrom(..."b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16 m8 M8".split(" "));
  const numbers = fc.tuple(order, codes);
  const flexible = fc.tuple(order, fc.constantFrom("S", "U", "V"), fc.nat({ max: 70 }));
  return fc.oneof(numbers, flexible, fc.tuple(datetimes())).map((parts) => parts.join(""));
}

function scalarPairs(): fc.Arbitrary<Pair> {
  return fc.tuple(scalars(), scalars());
}

const UNITS = "Y M W D h m s ms us ns ps fs as".split(" ");

function datetimes(): fc.Arbitrary<string> {
  return datetimePairs().map(([from]) => from as string);
}

/** Steps that have much in common, and any others. */
function datetimePairs(): fc.Arbitrary<Pair> {
  const max = 2 ** 31 - 1;
  const few = fc.integer({ min: 1, max: 9 });
  const factor = fc.constantFrom(7, 12, 24, 60, 1000, 3600, 86_400, 1e6, 1e9);
  const product = fc.tuple(few, factor, fc.integer({ min: -1, max: 9 })).map(([n, by, more]) => Math.min(max, n * by + more));
  const count = fc.oneof(few, factor, product, fc.integer({ min: 1, max }), fc.constant(max));
  const unit = fc.constantFrom(...UNITS);
  const kind = fc.constantFrom("M8", "m8");
  const one = fc.tuple(fc.constantFrom("<", ">"), fc.oneof(fc.constant(""), fc.tuple(count, unit)));
  return fc
    .tuple(kind, fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, kind), one, one)
    .map(([from, to, ...steps]) => {
      const [a, b] = steps.map(([order, step]) => [order, step === "" ? "" : `[${step.join("")}]`] as const);
      return [`${a?.[0]}${from}${a?.[1]}`, `${b?.[0]}${to ?? from}${b?.[1]}`];
    });
}

/** Pairs that are alike but for a few differences, or not at all. */
function structurePairs(depth: number): fc.Arbitrary<Pair> {
  const one = fc.oneof(
    fc.constantFrom("<i4", ">i4", "<i8", "<f4", "|V4", "|V0", "|S0", "|S4", "<U1", "<M8[s]", "<m8[s]"),
    scalars(),
  );
  const leaves = fc.oneof(
    one.map((descr): Pair => [descr, descr]),
    fc.tuple(one, one),
    fc.constantFrom<Pair>(["<i4", ">i4"], [">M8[s]", "<M8[s]"], ["<f4", "<f8"]),
  );
  if (depth === 0) return leaves;
  const parts = structurePairs(depth - 1);
  const mixed = fc.tuple(parts, parts).map(([[from], [, to]]): Pair => [from, to]);
  const fields = fc.array(fieldPairs(fc.oneof(parts, leaves)), { minLength: 1, maxLength: 3 }).map(
    (found): Pair => [
      found.flatMap(([of], i) => of(i)),
      // Now and then one field less.
      found.flatMap(([, of, isLeftOut], i) => (isLeftOut ? [] : of(i))),
    ],
  );
  const subArrays = fc.tuple(parts, shapePairs()).map(([[from, to], [m, n]]): Pair => [withShape(from, m), withShape(to, n)]);
  return fc.oneof(leaves, mixed, subArrays, { weight: 4, arbitrary: fields });
}

function rarely<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, arbitrary);
}

type Shape = readonly number[];

/** Shapes of sub-arrays; none means none. */
function shapePairs(): fc.Arbitrary<readonly [Shape, Shape]> {
  const shape = fc.array(fc.constantFrom(1, 2, 3, 0), { maxLength: 2 });
  const other = rarely(shape);
  return fc.tuple(shape, other).map(([m, n]) => [m, n ?? m]);
}

/** NumPy knows no sub-arrays of what has no bytes. */
function withShape(descr: Descr, shape: Shape): Descr {
  return shape.length === 0 || dtype(descr).itemsize === 0 ? descr : [descr, shape];
}

type FieldAt = (i: number) => DescrField[];

/** The i-th field of two structures, with the padding before it; and whether it is left out of the second. */
function fieldPairs(parts: fc.Arbitrary<Pair>): fc.Arbitrary<readonly [FieldAt, FieldAt, boolean]> {
  const title = rarely(fc.constantFrom("t", "u"));
  const place = fc.record({ gap: rarely(fc.nat({ max: 4 })), title });
  const field =
    (descr: Descr, shape: Shape, { gap, title }: { gap: number | undefined; title: string | undefined }, name: string): FieldAt =>
    (i) => {
      const label = title === undefined ? name + i : ([title + i, name + i] as const);
      const padding: DescrField[] = gap === undefined ? [] : [["", `|V${gap}`]];
      return [...padding, [label, withShape(descr, shape)]];
    };
  return fc
    .tuple(parts, rarely(shapePairs()), place, rarely(place), rarely(fc.constant("b")), rarely(fc.constant(true)))
    .map(([[from, to], [m, n] = [[], []], here, there, name, isLeftOut]) => [
      field(from, m, here, "a"),
      field(to, n, there ?? here, name ?? "a"),
      isLeftOut ?? false,
    ]);
}
