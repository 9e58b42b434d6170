/** Fast paths have no rules of their own: they give the bytes that the general way gives, and the same errors. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ON_OVERFLOW } from "../src/cast/overflow.ts";
import type { CastRules } from "../src/encode/cast-input.ts";
import { encodeParsed } from "../src/encode/conform.ts";
import { COPY_LIMIT, type EncodedRows } from "../src/encode/encoded-rows.ts";
import { NULLS } from "../src/encode/nulls.ts";
import { RowEncoder } from "../src/encode/row-encoder.ts";
import type { ArrayLayout } from "../src/format/layout.ts";
import {
  type Casting,
  type DType,
  type DTypeLike,
  dtype,
  formatHeader,
  loadSync,
  MemoryStorage,
  NpyError,
} from "../src/index.ts";
import { parseInput } from "../src/input/input.ts";
import { BLOCK } from "../src/memory/blocks.ts";
import { runs } from "./support/effort.ts";
import { attempt, FILE_FORMS } from "./support/forms.ts";
import { randomBytes, randomNumbers } from "./support/random-bytes.ts";

const RUNS = runs(2000, 0.2);

/** The general way alone. */
function encodeGenerally(input: unknown, layout: ArrayLayout, rules: CastRules): EncodedRows {
  return encodeParsed(parseInput(input, layout.dtype), layout, rules);
}

const SCALARS = [
  ...["|b1", "|i1", "|u1", "<i2", ">i2", "<u2", ">u2", "<i4", ">i4", "<u4", ">u4", "<i8", ">i8", "<u8", ">u8"],
  ...["<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "<f16", "<c8", ">c8", "<c16", ">c16"],
  ...["<M8[s]", ">M8[ms]", "<m8[ns]", ">m8[D]", "|S3", "<U2", ">U2", "|V3", "|V16"],
].map((like) => dtype(like as DTypeLike));

const STRUCTURES = [
  dtype({ t: "<f8", id: "<i4", pos: ["<f4", [3]] }),
  dtype({ flag: "bool", raw: "V3", n: "<i8", mask: ["bool", [5]] }),
  dtype({ when: "<M8[ms]", z: "<c16", w: ["<c8", [2, 2]] }),
  dtype({ a: "u1", b: "<f8", c: "u1" }, { align: true }),
  dtype({ a: ">f8", b: "<f2", c: ">i2" }),
  dtype({ inner: { a: "<i4", b: "?" }, data: "<i4" }),
  dtype({ data: "u1", shape: "u1" }),
  dtype({ text: "<U2", n: "<u4", none: ["<i4", [0]] }),
];

const CLASSES = [
  ...[Int8Array, Int16Array, Int32Array, BigInt64Array, Uint8Array, Uint8ClampedArray, Uint16Array, Uint32Array],
  ...[BigUint64Array, Float32Array, Float64Array],
] as unknown as readonly (new (
  buffer: ArrayBuffer,
  offset?: number,
  length?: number,
) => Float64Array)[];

const SAME_KIND: CastRules = { casting: "same_kind", onOverflow: "wrap", nulls: "error" };
const NO_CAST: CastRules = { casting: "no", onOverflow: "wrap", nulls: "error" };
const CASTINGS: readonly Casting[] = ["no", "equiv", "safe", "same_kind", "unsafe"];

/** Values, some of which fit and some of which do not, whatever the dtype. */
const EDGES: readonly unknown[] = [
  ...[0, -0, 1, -1, 1.5, 0.1, 127, 128, -128, -129, 255, 256, 32767, 32768, -32768, -32769, 65520, 65535, 65536],
  ...[
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    -(2 ** 31) - 1,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53,
    3.4e38,
    2 ** 128 - 2 ** 103,
    -3.5e38,
    1e308,
  ],
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0n, 3n, -1n, 2n ** 53n + 1n],
  ...[2n ** 63n - 1n, 2n ** 63n, -(2n ** 63n), -(2n ** 63n) - 1n, 2n ** 64n - 1n, 2n ** 64n],
  ...[true, false, "1", "abc", "abcdef", null, undefined, [], [1], {}, { re: 1, im: 2 }, new Date(7), Uint8Array.of(1, 2, 3)],
];

const SIMPLE: { readonly [kind: string]: readonly unknown[] } = {
  b: [true, false, true, 0, 1n],
  i: [0, -1, 5, -128, 127],
  u: [0, 1, 5, 255],
  f: [0, -0, 0.1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e4],
  c: [{ re: 1, im: -2 }, 3],
  M: [5n, 7n, new Date(9000)],
  m: [5n, -7n],
  S: ["abc", ""],
  U: ["ab", "𝕏"],
};

/** Chooses among alternatives. */
type Choose = <Values extends readonly unknown[]>(...of: Values) => Values[number];

/** Whether something that is seldom happens here. */
type Seldom = () => boolean;

interface Layout {
  readonly dtype: DType;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

const product = (shape: readonly number[]): number => shape.reduce((all, n) => all * n, 1);

const rowOf = ({ fortranOrder, shape }: Layout): readonly number[] => (fortranOrder ? shape.slice(0, -1) : shape.slice(1));

const grown = (layout: Layout, rows: number): number[] =>
  layout.fortranOrder ? [...rowOf(layout), rows] : [rows, ...rowOf(layout)];

function simpleValue(type: DType, choose: Choose): unknown {
  if (type.fields !== undefined) {
    return Object.fromEntries(type.fields.map(({ name, dtype: field }) => [name, fieldValue(field, choose)]));
  }
  if (type.kind === "V" || type.itemsize === 16) return type.kind === "c" ? 1 : new Uint8Array(type.itemsize).fill(3);
  const value = choose(...(SIMPLE[type.kind] as readonly unknown[]));
  return type.itemsize === 8 && "iu".includes(type.kind) && choose(true, false) ? BigInt(value as number) : value;
}

function fieldValue(type: DType, choose: Choose): unknown {
  const { subdtype } = type;
  if (subdtype === undefined) return simpleValue(type, choose);
  const nested = ([n, ...rest]: readonly number[]): unknown =>
    n === undefined ? simpleValue(subdtype.dtype, choose) : Array.from({ length: n }, () => nested(rest));
  return choose(true, false) ? nested(subdtype.shape) : nested([product(subdtype.shape)]);
}

/** Arrays that are not just that. */
function oddArray(items: unknown[], choose: Choose): unknown {
  switch (choose("longer", "shorter", "hole", "proxy", "getter", "subclass", "property", "typed", "another")) {
    case "longer":
      return [...items, items[0]];
    case "shorter":
      return items.slice(1);
    case "hole":
      delete items[choose(...items.keys(), 0)];
      return items;
    case "proxy":
      return new Proxy(items, {});
    case "getter":
      return Object.defineProperty(items, 0, { get: () => 1 });
    case "subclass":
      return Object.setPrototypeOf(items, class extends Array {}.prototype);
    case "property":
      return Object.assign(items, { data: 1, shape: 2 });
    case "typed":
      return Float64Array.from(items, (item) => (typeof item === "number" ? item : 1));
    default:
      return choose(...EDGES);
  }
}

function nested(layout: Layout, rows: number, choose: Choose, seldom: Seldom): unknown {
  const build = ([n, ...rest]: readonly number[]): unknown => {
    if (n === undefined) return seldom() ? choose(...EDGES) : simpleValue(layout.dtype, choose);
    const items = Array.from({ length: n }, () => build(rest));
    return seldom() ? oddArray(items, choose) : items;
  };
  return build(grown(layout, rows));
}

/** The class of what reading gives for a dtype. */
function readClass({ kind, itemsize }: DType): string {
  const bits = 8 * itemsize;
  if (kind === "b" || kind === "V" || bits > 128) return "Uint8Array";
  if (kind === "M" || kind === "m") return "BigInt64Array";
  if (kind === "c") return `Float${bits / 2}Array`;
  if (kind === "f") return bits === 128 ? "Uint8Array" : `Float${Math.max(32, bits)}Array`;
  return `${bits === 64 ? "Big" : ""}${kind === "u" ? "Uint" : "Int"}${bits}Array`;
}

/** A typed array with about as many elements as are needed, mostly of the class that fits. */
function typedArray(type: DType, elements: number, choose: Choose, seldom: Seldom): unknown {
  const other = choose(...CLASSES);
  const isOther = seldom() || choose(true, false, false, false);
  const Class = (!isOther && CLASSES.find(({ name }) => name === readClass(type))) || other;
  const size = (Class as unknown as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT;
  const perElement = isOther ? 1 : Math.max(1, Math.floor(type.itemsize / size));
  const length = Math.max(0, elements * perElement + (seldom() ? choose(-1, 1, 2) : 0));
  const offset = choose(0, 0, 1, 3);
  const buffer = new ArrayBuffer((offset + length) * size);
  const bytes = new Uint8Array(buffer);
  const isBools = type.kind === "b" || (type.fields !== undefined && type.itemsize % 5 === 0);
  const seed = choose(1, 2, 3);
  const mask = seldom() ? 0xff : isBools ? 1 : 0x3f;
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 37 * seed) & mask;
  const array = new Class(buffer, offset * size, length);
  if (!seldom()) return array;
  switch (choose("subclass", "detached", "property", "buffer", "view", "list", "memory")) {
    case "subclass":
      return new (class extends Class {})(buffer, offset * size, length);
    case "detached":
      structuredClone(buffer, { transfer: [buffer] });
      return array;
    case "property":
      return Object.assign(array, { shape: [1], strides: [0] });
    case "buffer":
      return Buffer.from(buffer);
    case "view":
      return new DataView(buffer);
    case "list":
      return Array.from(array);
    default:
      return buffer;
  }
}

/** An object with something odd about it, which may change what it means. */
function oddObject(object: object, choose: Choose): object {
  const [name = "data"] = Object.keys(object);
  switch (choose("extra", "missing", "renamed", "getter", "prototype", "symbol", "order")) {
    case "extra":
      return {
        ...object,
        [choose("strides", "stride", "offset", "x", "data")]: choose(1, undefined, [1, 2], new Float64Array(2)),
      };
    case "missing":
      return Object.fromEntries(Object.entries(object).slice(1));
    case "renamed":
      return Object.fromEntries(Object.entries(object).map(([key, value]) => [key === name ? key.toUpperCase() : key, value]));
    case "getter": {
      const value = (object as Record<string, unknown>)[name];
      return Object.defineProperty({ ...object }, name, { get: () => value, enumerable: true });
    }
    case "prototype":
      return Object.assign(Object.create(choose(null, {}, Array.prototype) as object | null) as object, object);
    case "symbol":
      return { ...object, [Symbol("x")]: 1 };
    default:
      return Object.fromEntries(Object.entries(object).reverse());
  }
}

function view(layout: Layout, rows: number, choose: Choose, seldom: Seldom): unknown {
  const { dtype: type, fortranOrder } = layout;
  const right = grown(layout, rows);
  const shape: readonly number[] = seldom()
    ? choose(right.toReversed(), [...right, 1], [1, ...right], [], [0], [2], [1.5], [-1], [right[0] ?? 0])
    : right;
  const data = typedArray(type, Math.max(0, Math.ceil(product(shape))), choose, seldom);
  const own = ArrayBuffer.isView(data) && !(data instanceof DataView) ? data.constructor.name : "";
  const ownName = own.startsWith("Big") ? own.slice(3, -5).toLowerCase() : own.slice(0, -5).toLowerCase();
  const isOwn = choose(true, false);
  const like: unknown = seldom()
    ? choose(...SCALARS, ...STRUCTURES, "nonsense", 5)
    : isOwn
      ? choose(undefined, /^u?int|^float/.test(ownName) && !ownName.includes("clamped") ? ownName : undefined)
      : choose(type, type.str, type.kind === "V" ? type : type.name, dtype(type.descr as DTypeLike));
  const object = {
    data,
    shape: seldom() ? choose(Int32Array.from(shape), new Set(shape), "shape", undefined) : shape,
    ...(like === undefined && choose(true, false) ? {} : { dtype: like }),
    ...(choose(true, false) ? { fortranOrder: seldom() ? choose(!fortranOrder, 1, "F") : fortranOrder } : {}),
  };
  return seldom() ? oddObject(object, choose) : object;
}

function columns(layout: Layout, rows: number, choose: Choose, seldom: Seldom): unknown {
  const fields = layout.dtype.fields ?? [];
  const object = Object.fromEntries(
    fields.map(({ name, dtype: type }) => {
      const { dtype: element, shape } = type.subdtype ?? { dtype: type, shape: [] };
      const count = rows * product(shape);
      const isText = "SU".includes(element.kind) || element.fields !== undefined;
      const array = isText || seldom() ? Array.from({ length: rows }, () => fieldValue(type, choose)) : undefined;
      return [name, array ?? typedArray(element, count, choose, seldom)];
    }),
  );
  return seldom() ? oddObject(object, choose) : object;
}

/** What reading gives. */
function loaded({ dtype: type, fortranOrder, ...layout }: Layout, rows: number, choose: Choose): unknown {
  const shape = grown({ dtype: type, fortranOrder, ...layout }, rows);
  const other = choose(type, type, ...SCALARS, ...STRUCTURES);
  const bytes = randomBytes(other, product(shape), randomNumbers(choose(1, 2)));
  const header = formatHeader({ dtype: other, fortranOrder: choose(fortranOrder, !fortranOrder), shape });
  const array = loadSync(new MemoryStorage(new Uint8Array(Buffer.concat([header, bytes]))));
  return choose(array, array, array.data);
}

const KINDS = {
  "a list": nested,
  "a typed array": ({ dtype: type, ...layout }: Layout, rows: number, choose: Choose, seldom: Seldom) =>
    typedArray(type, rows * product(rowOf({ dtype: type, ...layout })), choose, seldom),
  "data and a shape": view,
  columns,
  "what was read": loaded,
  "something else": (_layout: Layout, _rows: number, choose: Choose) => choose(...EDGES, "text", Symbol.iterator, () => 1),
};

/** All that is known of rows, or of the error. */
function outcome(encode: () => EncodedRows): unknown {
  try {
    const { rows, byteLength, blocks, onlyBlock, elements } = encode();
    const bytes = Buffer.concat([...blocks]);
    if (onlyBlock !== undefined) expect(bytes.equals(onlyBlock)).toBe(true);
    if (elements !== undefined)
      expect(bytes.equals(new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength))).toBe(true);
    expect(bytes.length).toBe(byteLength);
    return { rows, bytes: bytes.toString("hex") };
  } catch (error) {
    if (!(error instanceof NpyError)) return String(error);
    const { code, message, field, index } = error;
    return { code, message, field, index };
  }
}

const isFast = ({ blocks }: EncodedRows): boolean => Array.isArray(blocks);

test.each(Object.entries(KINDS))("%s: fast equals general, in bytes and in errors", (kind, build) => {
  const types = kind === "columns" ? STRUCTURES : [...SCALARS, ...SCALARS, ...STRUCTURES];
  const counts = { encoded: 0, fast: 0, refused: 0 };
  fc.assert(
    fc.property(fc.gen(), (g) => {
      const choose: Choose = (...of) => of[g(fc.nat, { max: of.length - 1 })] as never;
      const isRight = choose(true, false);
      const seldom: Seldom = () => !isRight && choose(0, 1, 2, 3, 4) === 0;
      const isFlat = kind === "columns" && choose(0, 1, 2, 3) > 0;
      const rowShape: readonly number[] = isFlat ? [] : choose([], [], [1], [3], [3], [2, 3], [0]);
      const fortranOrder = choose(false, false, true);
      const layout = { dtype: choose(...types), fortranOrder, shape: fortranOrder ? [...rowShape, 9] : [9, ...rowShape] };
      const casting: Casting = choose(...CASTINGS, ...CASTINGS.slice(3));
      const rules: CastRules = { casting, onOverflow: choose(...ON_OVERFLOW), nulls: choose(...NULLS) };
      const encoder = new RowEncoder(layout, rules);
      // What an encoder keeps must not be seen by the next input.
      for (let i = 0; i < 3; i++) {
        const input = build(layout, choose(1, 2, 2, 3, 4, 0), choose, seldom);
        const found = outcome(() => {
          const rows = encoder.encode(input);
          counts.encoded++;
          if (isFast(rows)) counts.fast++;
          return rows;
        });
        if (!(typeof found === "object" && found !== null && "rows" in found)) counts.refused++;
        expect(found).toEqual(outcome(() => encodeGenerally(input, layout, rules)));
      }
    }),
    { numRuns: RUNS },
  );
  expect(counts.refused).toBeGreaterThan(RUNS / 4);
  if (kind === "something else") return;
  expect(counts.encoded).toBeGreaterThan(0.7 * RUNS);
  expect(counts.fast).toBeGreaterThan((kind === "what was read" ? 0.07 : 0.2) * RUNS);
});

/** Inputs of some rows for each fast path, and what changes them afterwards. */
const INPUTS: {
  readonly [name: string]: [like: DTypeLike, rowShape: readonly number[], (rows: number) => [unknown, () => void]];
} = {
  "a typed array": ["<f8", [2], (rows) => changing(new Float64Array(2 * rows), (data) => data)],
  "one that is cast": [">f8", [2], (rows) => changing(new Int16Array(2 * rows), (data) => data)],
  "bytes of records": [{ a: "<f8", b: "?" }, [], (rows) => changing(new Uint8Array(9 * rows), (data) => data)],
  "data and a shape": ["<f8", [2], (rows) => changing(new Float64Array(2 * rows), (data) => ({ data, shape: [rows, 2] }))],
  "data that are cast": ["<f4", [2], (rows) => changing(new Float64Array(2 * rows), (data) => ({ data, shape: [rows, 2] }))],
  "complex numbers": ["<c8", [], (rows) => changing(new Float32Array(2 * rows), (data) => data)],
  "datetimes in Fortran order": ["<M8[s]", [3], (rows) => changing(new BigInt64Array(3 * rows), (data) => data)],
  "a list": ["<i4", [], (rows) => changing(new Array<number>(rows).fill(0), (data) => data)],
  "a list of lists": ["<f8", [1], (rows) => changing([7], (row) => Array.from({ length: rows }, () => row))],
  columns: [
    dtype({ a: "u1", b: ["<f8", [2]] }, { align: true }),
    [],
    (rows) => changing(new Uint8Array(rows), (a) => ({ a, b: new Float64Array(2 * rows).fill(0.5) })),
  ],
};

function changing<Data extends { fill(value: never): unknown }>(
  data: Data,
  inputOf: (data: Data) => unknown,
): [unknown, () => void] {
  const isLong = data instanceof BigInt64Array;
  data.fill((isLong ? 1n : 1) as never);
  return [inputOf(data), () => data.fill((isLong ? 0n : 0) as never)];
}

describe.each(Object.entries(INPUTS))("%s", (name, [like, rowShape, make]) => {
  const fortranOrder = name.includes("Fortran");
  const type = dtype(like);
  const layout = { dtype: type, fortranOrder, shape: fortranOrder ? [...rowShape, 0] : [0, ...rowShape] };
  const rowBytes = type.itemsize * product(rowShape);

  test("a few rows, as many as are copied, and more than a block", () => {
    const encoder = new RowEncoder(layout, SAME_KIND);
    const most = Math.floor(COPY_LIMIT / rowBytes);
    for (const rows of [1, 7, 2, most, most + 1, 3, Math.ceil(BLOCK / rowBytes) + 5, 1]) {
      const [input] = make(rows);
      const found = outcome(() => encoder.encode(input));
      expect(found).toEqual(outcome(() => encodeGenerally(input, layout, SAME_KIND)));
      expect(found).toMatchObject({ rows });
    }
  });

  test.each(FILE_FORMS)(
    "%s: the input may change once append has returned, and no row of another append is seen",
    async (_, { open }) => {
      const storage = new MemoryStorage();
      const npaa = await open(storage, { dtype: like, rowShape, fortranOrder });
      const expected: Uint8Array[] = [];
      const appended: unknown[] = [];
      for (const rows of [1, 2, 2, 5, 1]) {
        const [input, change] = make(rows);
        expected.push(Buffer.concat([...encodeGenerally(input, layout, SAME_KIND).blocks]));
        appended.push(npaa.append(input as never));
        change();
        const [before, refused] = [npaa.length, [input, Symbol("none")]];
        await expect(attempt(() => npaa.append(refused as never))).rejects.toBeInstanceOf(NpyError);
        expect(npaa.length).toBeGreaterThanOrEqual(before);
      }
      await Promise.all(appended);
      await npaa.close();
      const shape = fortranOrder ? [...rowShape, 11] : [11, ...rowShape];
      const header = formatHeader({ dtype: type, fortranOrder, shape });
      expect(Buffer.concat([header, ...expected]).equals(storage.bytes() as Uint8Array)).toBe(true);
    },
  );
});

describe("objects are stored record by record, as if field by field", () => {
  const layoutOf = (like: DTypeLike) => ({ dtype: dtype(like), fortranOrder: false, shape: [0] });

  /** Without what a message says of the place. */
  const reasonOf = (found: unknown): unknown => {
    const { message, ...rest } = found as { readonly message?: string };
    return message === undefined ? rest : { ...rest, reason: message.replace(/^.*: /s, "") };
  };

  test.each(SCALARS.filter(({ kind, itemsize }) => "biuf".includes(kind) && itemsize <= 8))("$str", ({ str }) => {
    const layout = layoutOf([["a", str], ["text", "<U1"], ["pair", str, [2]]] as unknown as DTypeLike); // biome-ignore format: a list
    const counts = { stored: 0, refused: 0 };
    const anyValue = fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(0, 1, 0n, 1n, true) },
      { weight: 1, arbitrary: fc.constantFrom(...EDGES) },
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(anyValue, anyValue, anyValue), { minLength: 1, maxLength: 4 }), (rows) => {
        fc.pre(!rows.flat().some((value) => Array.isArray(value) || ArrayBuffer.isView(value)));
        const objects = rows.map(([a, b, c]) => ({ pair: [b, c], text: "x", a }));
        const columns = { a: rows.map(([a]) => a), text: rows.map(() => "x"), pair: rows.map(([, b, c]) => [b, c]) };
        const found = outcome(() => encodeGenerally(objects, layout, NO_CAST));
        const isMissing = rows.some(([a]) => a === undefined);
        if (!isMissing) expect(reasonOf(found)).toEqual(reasonOf(outcome(() => encodeGenerally(columns, layout, NO_CAST))));
        counts["bytes" in (found as object) ? "stored" : "refused"]++;
      }),
      { numRuns: 300 },
    );
    expect(Math.min(counts.stored, counts.refused)).toBeGreaterThan(5);
    for (const pair of [[], [0], [0, 0, 0], 0, [[0, 0]]]) {
      expect(outcome(() => encodeGenerally([{ a: 0, text: "x", pair }], layout, NO_CAST))).toMatchObject({
        code: "ERR_NPY_VALUE",
      });
    }
  });
});
