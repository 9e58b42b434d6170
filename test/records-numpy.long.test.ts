/**
 * Random structures and records against NumPy: whatever records are given as, the file is byte for byte what `numpy.save` writes for them,
 * and what is read has the values that NumPy sees.
 */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Descr,
  type DescrField,
  type DType,
  dtype,
  formatHeader,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type RecordArray,
} from "../src/node.ts";
import { numpyIsAtLeast, numpyVersion, python } from "./support/numpy.ts";
import { randomBytes, randomNumbers } from "./support/random-bytes.ts";

const SCALARS = [
  ...["|b1", "|i1", "|u1", "<i2", ">i2", "<u2", ">u2", "<i4", ">i4", "<u4", ">u4", "<i8", ">i8", "<u8", ">u8"],
  ...["<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "<f16", ">f16", "<c8", ">c8", "<c16", ">c16", "<c32", ">c32"],
  ...["<M8[ns]", ">M8[D]", "<M8[15m]", "<m8[25s]", ">m8[us]", "<M8", "|S1", "|S5", "<U1", "<U3", ">U2", "|V1", "|V7"],
];

/** Lengths of nothing, which cannot be the elements of a sub-array. */
const SIZELESS = ["|S0", "<U0", "|V0"];

const NAMES = [
  ...["__proto__", "constructor", "toString", "length", "data", "a", "a.b", "a.b.c", "b", ".", " ", "0", "17"],
  ...["é", "größe", "名", "🙂", "\ud800", "it's", '"', "\\", "\n", "T", "t"],
];

interface Part {
  readonly type: Descr;
  readonly shape: readonly number[] | undefined;
  readonly hasTitle: boolean;
  readonly padding: number;
}

const shape = fc.option(
  fc.array(fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 3 }) }, fc.constant(0)), { minLength: 1, maxLength: 2 }),
  { freq: 2, nil: undefined },
);

/** The fields of a structure that is nested `depth` times at most. To `numpy.dtype`, unlike to a header, a field without a name is no padding. */
function structure(depth: number, canPad: boolean): fc.Arbitrary<DescrField[]> {
  const scalar = fc.oneof({ weight: 15, arbitrary: fc.constantFrom(...SCALARS) }, fc.constantFrom(...SIZELESS));
  const type: fc.Arbitrary<Descr> =
    depth === 0 ? scalar : fc.oneof({ weight: 3, arbitrary: scalar }, structure(depth - 1, canPad));
  const part = fc.record({ type, shape, hasTitle: fc.boolean(), padding: fc.oneof(fc.constant(0), fc.nat({ max: 5 })) });
  const names = fc.shuffledSubarray(NAMES, { minLength: 8 });
  return fc.tuple(fc.array(part, { maxLength: 4 }), names).map(([parts, words]) => fieldsOf(parts, [...words], canPad));
}

function fieldsOf(parts: readonly Part[], words: string[], canPad: boolean): DescrField[] {
  return parts.flatMap(({ type, shape: sizes, hasTitle, padding }, i) => {
    const name = words.pop() as string;
    const label = hasTitle ? ([words.pop() as string, name] as const) : name;
    const isArray = sizes !== undefined && !SIZELESS.includes(type as string);
    const field: DescrField = isArray ? [label, type, sizes] : [label, type];
    const gap: DescrField = i % 2 === 0 ? ["", `V${padding}`] : ["", "|V1", [padding]];
    return canPad && padding > 0 ? [gap, field] : [field];
  });
}

interface Case {
  readonly descr: readonly DescrField[];
  readonly align: boolean;
  readonly records: number;
  readonly seed: number;
}

const cases: fc.Arbitrary<Case> = fc.boolean().chain((align) =>
  fc.record({
    // One field with bytes: of records without any nothing but their number is in a file.
    descr: structure(3, !align).map((fields): DescrField[] => [...fields, ["row", ">u2"]]),
    align: fc.constant(align),
    records: fc.oneof(fc.nat({ max: 4 }), fc.constant(40)),
    seed: fc.nat(),
  }),
);

/** Every scalar of an element, and where it lies. */
function* scalarsOf(type: DType, offset = 0): Generator<{ type: DType; offset: number }> {
  if (type.subdtype !== undefined) {
    const { itemsize } = type.subdtype.dtype;
    if (itemsize === 0) return;
    for (let at = 0; at < type.itemsize; at += itemsize) yield* scalarsOf(type.subdtype.dtype, offset + at);
  } else if (type.fields !== undefined) {
    for (const field of type.fields) yield* scalarsOf(field.dtype, offset + field.offset);
  } else yield { type, offset };
}

/** Random records with nothing in their padding and no NaN, whose bits a number of JavaScript does not keep. */
function plainBytes(type: DType, wild: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(wild.length);
  for (let record = 0; record < wild.length; record += type.itemsize) {
    for (const { type: scalar, offset } of scalarsOf(type, record)) {
      const element = wild.slice(offset, offset + scalar.itemsize);
      const isFloat = /[fc]/.test(scalar.kind) && !/f16|c32/.test(scalar.str);
      const part = scalar.kind === "c" ? scalar.itemsize / 2 : scalar.itemsize;
      // Without the highest bit of the exponent there is neither NaN nor infinity.
      for (let at = 0; isFloat && at < element.length; at += part) {
        const high = at + (scalar.byteOrder === "<" ? part - 1 : 0);
        element[high] = (element[high] as number) & 0xbf;
      }
      bytes.set(element, offset);
    }
  }
  return bytes;
}

/** What NumPy says of a case. */
interface Answer {
  readonly itemsize: number;
  readonly alignment: number;
  readonly offsets: readonly number[];
  /** In base64, what `numpy.save` writes. */
  readonly wild: string;
  readonly plain: string;
  /** Of the plain records: structures as lists of their fields' values, 64-bit integers and floats as text, bytes in hexadecimal. */
  readonly values: readonly unknown[];
}

const NUMPY = `
import base64, io
def from_json(fields):
    if isinstance(fields, str): return fields
    return [(tuple(l) if isinstance(l, list) else l, from_json(d), *map(tuple, s)) for l, d, *s in fields]
def value(raw, dt):
    if dt.subdtype is not None:
        n, *rest = dt.shape
        inner = np.dtype((dt.base, tuple(rest))) if rest else dt.base
        return [value(raw[i * inner.itemsize : (i + 1) * inner.itemsize], inner) for i in range(n)]
    if dt.names is not None: return [value(raw[dt.fields[n][1] :][: dt[n].itemsize], dt[n]) for n in dt.names]
    if dt.kind == "V" or dt.itemsize == 0 or dt.char in "gG": return raw.hex()
    x = np.frombuffer(raw, dt)[0]
    if dt.kind == "b": return bool(x)
    if dt.kind in "iu": return str(int(x)) if dt.itemsize == 8 else int(x)
    if dt.kind == "f": return repr(float(x))
    if dt.kind == "c": return [repr(float(x.real)), repr(float(x.imag))]
    if dt.kind in "mM": return str(x.astype("i8"))
    if dt.kind == "U": return str(x)
    return bytes(x).decode("latin-1")
def saved(data, dt):
    buffer = io.BytesIO()
    np.save(buffer, np.frombuffer(base64.b64decode(data), dt))
    return base64.b64encode(buffer.getvalue()).decode()
answers = []
for case in data:
    literal = from_json(case["descr"])
    dt = np.dtype(literal, align=True) if case["align"] else np.lib.format.descr_to_dtype(literal)
    plain = base64.b64decode(case["plain"])
    records = [plain[i : i + dt.itemsize] for i in range(0, len(plain), dt.itemsize)]
    answers.append({
        "itemsize": dt.itemsize, "alignment": dt.alignment, "offsets": [dt.fields[name][1] for name in dt.names],
        "wild": saved(case["wild"], dt), "plain": saved(case["plain"], dt), "values": [value(x, dt) for x in records],
    })
print(json.dumps(answers))
`;

/** A value of NumPy's as users give it. */
function fromNumPy(value: unknown, type: DType): unknown {
  const { kind, itemsize, fields, subdtype } = type;
  if (subdtype !== undefined) {
    const [, ...rest] = subdtype.shape;
    const inner = rest.length === 0 ? subdtype.dtype : { ...type, subdtype: { dtype: subdtype.dtype, shape: rest } };
    return (value as unknown[]).map((item) => fromNumPy(item, inner));
  }
  if (fields !== undefined) {
    return Object.fromEntries(fields.map((field, i) => [field.name, fromNumPy((value as unknown[])[i], field.dtype)]));
  }
  if (kind === "V" || /f16|c32/.test(type.str)) return new Uint8Array(Buffer.from(value as string, "hex"));
  if (kind === "f") return Number(value);
  if (kind === "c") return { re: Number((value as string[])[0]), im: Number((value as string[])[1]) };
  return "Mm".includes(kind) || ("iu".includes(kind) && itemsize === 8) ? BigInt(value as string) : value;
}

/** The values of records that were read, in the form of {@link fromNumPy}: of sub-arrays, which are flat in C order, the nesting. */
function fromReading(value: unknown, type: DType): unknown {
  const { fields, subdtype } = type;
  if (fields !== undefined) {
    const record = value as { [name: string]: unknown };
    return Object.fromEntries(fields.map(({ name, dtype: inner }) => [name, fromReading(record[name], inner)]));
  }
  if (subdtype === undefined) return value;
  const count = subdtype.shape.reduce((product, n) => product * n, 1);
  let i = 0;
  return nest(subdtype.shape, () => fromReading(elementOf(value, i++, count, subdtype.dtype), subdtype.dtype));
}

function nest([size, ...rest]: readonly number[], next: () => unknown): unknown {
  return size === undefined ? next() : Array.from({ length: size }, () => nest(rest, next));
}

function elementOf(value: unknown, i: number, count: number, { kind, str }: DType): unknown {
  const list = value as ArrayLike<unknown>;
  if (Array.isArray(value)) return value[i];
  if (kind === "V" || /f16|c32/.test(str)) {
    const size = list.length / count;
    return (value as Uint8Array).slice(i * size, (i + 1) * size);
  }
  if (kind === "c") return { re: list[2 * i], im: list[2 * i + 1] };
  return kind === "b" ? list[i] === 1 : list[i];
}

/** The columns of records: of structures now objects, now columns again. */
function columnsOf(records: readonly unknown[], type: DType, random: () => number): { [name: string]: unknown } {
  return Object.fromEntries(
    (type.fields ?? []).map(({ name, dtype: inner }) => {
      const column = records.map((record) => (record as { [name: string]: unknown })[name]);
      // Columns of a structure without fields have no length.
      const canBeColumns = (inner.fields ?? []).length > 0 && random() % 2 === 0;
      return [name, canBeColumns ? columnsOf(column, inner, random) : column];
    }),
  );
}

/** The file that appending gives. */
function written(type: DType, inputs: readonly unknown[]): Buffer {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, { dtype: type, rowShape: [] });
  for (const input of inputs) npaa.append(input as never);
  npaa.close();
  return Buffer.from(storage.bytes() as Uint8Array);
}

async function writtenAsync(type: DType, inputs: readonly unknown[], isConcurrent: boolean): Promise<Buffer> {
  const storage = new MemoryStorage();
  const npaa = await NpyAppendArray.open(storage, { dtype: type, rowShape: [] });
  if (isConcurrent) await Promise.all(inputs.map((input) => npaa.append(input as never)));
  else for (const input of inputs) await npaa.append(input as never);
  await npaa.close();
  return Buffer.from(storage.bytes() as Uint8Array);
}

/** A list in pieces, some of them empty. */
function pieces<Item>(list: readonly Item[], random: () => number): Item[][] {
  const cuts: Item[][] = [];
  for (let at = 0; at < list.length; ) {
    const n = random() % 4;
    cuts.push(list.slice(at, at + n));
    at += n;
  }
  return cuts;
}

/** The same description as an object of fields, if it has no more than names. */
function asObject(descr: Descr): unknown {
  if (typeof descr === "string") return descr;
  const entries = (descr as readonly DescrField[]).map(([label, type, sizes]) => {
    const inner = asObject(type);
    if (typeof label !== "string" || label === "" || /^\d+$/.test(label) || inner === undefined) return undefined;
    return [label, sizes === undefined ? inner : [inner, sizes]] as const;
  });
  return entries.includes(undefined) ? undefined : Object.fromEntries(entries as [string, unknown][]);
}

describe.skipIf(!numpyIsAtLeast(1, 25))(`random structures against numpy ${numpyVersion}`, () => {
  const seed = Number(process.env["NPY_SEED"] ?? Date.now() % 2 ** 31);
  const sample = fc.sample(cases, { numRuns: 400, seed }).map((random) => {
    const type = dtype(random.descr, { align: random.align });
    const wild = randomBytes(type, random.records, randomNumbers(random.seed));
    return { ...random, type, wild, plain: plainBytes(type, wild) };
  });
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  const answers =
    numpyVersion === undefined
      ? []
      : python<Answer[]>(
          NUMPY,
          sample.map(({ descr, align, wild, plain }) => ({ descr, align, wild: base64(wild), plain: base64(plain) })),
        );

  const hint = ({ descr, align, records }: Case): string => JSON.stringify({ NPY_SEED: seed, descr, align, records });

  /** Compares what `ours` makes of every case with NumPy's file of its plain (or wild) records. */
  async function expectSame(
    which: "wild" | "plain",
    ours: (given: (typeof sample)[number], answer: Answer, random: () => number) => Buffer | Promise<Buffer>,
  ): Promise<void> {
    expect(answers).toHaveLength(400);
    for (const [i, given] of sample.entries()) {
      const answer = answers[i] as Answer;
      const file = await ours(given, answer, randomNumbers(given.seed));
      expect(file.toString("base64"), hint(given)).toBe(answer[which]);
    }
  }

  const objects = ({ type }: { type: DType }, { values }: Answer) =>
    values.map((value) => fromNumPy(value, type) as { [name: string]: unknown });

  test(`sizes, offsets and alignment (NPY_SEED=${seed})`, () => {
    for (const [i, { type, descr }] of sample.entries()) {
      const { itemsize, alignment, offsets } = answers[i] as Answer;
      const ours = { itemsize: type.itemsize, alignment: type.alignment, offsets: type.fields?.map(({ offset }) => offset) };
      expect(ours, JSON.stringify(descr)).toEqual({ itemsize, alignment, offsets });
    }
    // Not only structures without padding.
    expect(sample.filter(({ type, align }) => align && type.itemsize % 8 === 0).length).toBeGreaterThan(20);
  });

  test(`raw bytes (NPY_SEED=${seed})`, () =>
    expectSame("wild", ({ type, wild, records }) => written(type, [{ data: wild, shape: [records], dtype: type }])));

  test(`what was read (NPY_SEED=${seed})`, () =>
    expectSame("wild", ({ type }, answer, random) => {
      const read = loadSync(new MemoryStorage(new Uint8Array(Buffer.from(answer.wild, "base64"))));
      return written(type, random() % 2 === 0 ? [read] : [read.data]);
    }));

  test(`objects (NPY_SEED=${seed})`, () => expectSame("plain", (given, answer) => written(given.type, [objects(given, answer)])));

  test(`objects, as they were read (NPY_SEED=${seed})`, () =>
    expectSame("plain", ({ type }, answer) => {
      const { data } = loadSync(new MemoryStorage(new Uint8Array(Buffer.from(answer.plain, "base64"))));
      return written(type, [[...(data as RecordArray)]]);
    }));

  test(`columns (NPY_SEED=${seed})`, () =>
    expectSame("plain", (given, answer, random) => written(given.type, [columnsOf(objects(given, answer), given.type, random)])));

  test(`columns, as they were read (NPY_SEED=${seed})`, () =>
    expectSame("plain", ({ type }, answer) => {
      const { data } = loadSync(new MemoryStorage(new Uint8Array(Buffer.from(answer.plain, "base64"))));
      return written(type, [(data as RecordArray).columns()]);
    }));

  test(`objects in several appends (NPY_SEED=${seed})`, () =>
    expectSame("plain", (given, answer, random) => {
      const parts = pieces(objects(given, answer), random);
      const way = random() % 3;
      return way === 0 ? written(given.type, parts) : writtenAsync(given.type, parts, way === 1);
    }));

  test(`records have the values that NumPy sees (NPY_SEED=${seed})`, () => {
    for (const [i, given] of sample.entries()) {
      const answer = answers[i] as Answer;
      const { data } = loadSync(new MemoryStorage(new Uint8Array(Buffer.from(answer.plain, "base64"))));
      const read = [...(data as RecordArray)].map((record) => fromReading(record, given.type));
      expect(read, hint(given)).toEqual(objects(given, answer));
    }
  });

  test(`the object of fields is the same as the list (NPY_SEED=${seed})`, () => {
    let compared = 0;
    for (const { descr, align, type } of sample) {
      const like = asObject(descr);
      if (like === undefined) continue;
      expect(dtype(like as never, { align })).toEqual(type);
      compared++;
    }
    expect(compared).toBeGreaterThan(20);
  });
});

describe("aligned, as numpy.dtype(..., align=True) says", () => {
  test.each<[Descr, string, number]>([
    [
      [
        ["a", "u1"],
        ["b", "<f8"],
        ["c", "<i2"],
      ],
      "[('a', '|u1'), ('', '|V7'), ('b', '<f8'), ('c', '<i2'), ('', '|V6')]",
      8,
    ],
    [
      [
        [["t", "a"], "i1"],
        [
          "b",
          [
            ["x", "u1"],
            ["y", "<f8", [2]],
          ],
          [2],
        ],
      ],
      "[(('t', 'a'), '|i1'), ('', '|V7'), ('b', [('x', '|u1'), ('', '|V7'), ('y', '<f8', (2,))], (2,))]",
      8,
    ],
    [
      [
        ["s", "S3"],
        ["u", ">U1"],
        ["v", "V5"],
        ["c", "<c8"],
      ],
      "[('s', '|S3'), ('', '|V1'), ('u', '>U1'), ('v', '|V5'), ('', '|V3'), ('c', '<c8')]",
      4,
    ],
    [
      [
        ["flag", "?"],
        ["when", ">M8[ms]"],
        ["half", "<f2"],
        ["long", "<f16"],
      ],
      "[('flag', '|b1'), ('', '|V7'), ('when', '>M8[ms]'), ('half', '<f2'), ('', '|V14'), ('long', '<f16')]",
      16,
    ],
    [
      [
        ["a", "u1"],
        ["none", "<f8", [0]],
        ["empty", []],
        ["b", "u1"],
      ],
      "[('a', '|u1'), ('', '|V7'), ('none', '<f8', (0,)), ('empty', []), ('b', '|u1'), ('', '|V7')]",
      8,
    ],
  ])("%j", (like, expected, alignment) => {
    const type = dtype(like, { align: true });
    const header = new TextDecoder("latin1").decode(formatHeader({ dtype: type, fortranOrder: false, shape: [3] }).subarray(10));
    expect(header).toMatch(/ +\n$/);
    expect(header.trimEnd()).toBe(`{'descr': ${expected}, 'fortran_order': False, 'shape': (3,), }`);
    expect(type.alignment).toBe(alignment);
  });

  test("the header of a golden file", () => {
    const golden = readFileSync(new URL("./golden/files/structured-aligned.npy", import.meta.url));
    const like = { flag: "?", x: "<f8", inner: [{ a: "<i2", b: "S3" }, [2]] } as const;
    const header = formatHeader({ dtype: dtype(like, { align: true }), fortranOrder: false, shape: [3] });
    expect(Buffer.from(header).equals(golden.subarray(0, header.length))).toBe(true);
  });
});
