/** Random files, the ways in which they are appended together, and what NumPy makes of the same parts. */
import fc from "fast-check";
import {
  type ArrayInput,
  type AsyncStorage,
  type Descr,
  dtype,
  formatHeader,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type OpenOptions,
} from "../../src/node.ts";
import { python } from "./numpy.ts";
import { randomBytes, randomNumbers } from "./random-bytes.ts";

const DTYPES: readonly Descr[] = [
  ...["|b1", "|i1", "|u1", "<i2", ">i2", "<u2", ">u2", "<i4", ">i4", "<u4", ">u4", "<i8", ">i8", "<u8", ">u8"],
  ...["<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "<f16", ">f16", "<c8", ">c8", "<c16", ">c16", "<c32"],
  ...["<M8[ns]", ">M8[D]", "<M8[15m]", "<m8[25s]", ">m8[us]", "<M8", "|S1", "|S5", "<U1", "<U3", ">U7", "|V1", "|V7"],
  [
    ["t", "<f8"],
    ["id", ">i4"],
    ["pos", "<f4", [3]],
  ],
  [
    ["flag", "|b1"],
    ["", "|V7"],
    ["name", "<U3"],
    [["a title", "x"], ">c8"],
  ],
  [
    [
      "nested",
      [
        ["é", "<i2"],
        ["b", "|S3"],
      ],
      [2],
    ],
    ["z", "<M8[s]"],
  ],
];

type Style = "raw" | "read" | "strided" | "bare" | "nested";

/** A file, and how it comes about. */
export interface Case {
  readonly descr: Descr;
  readonly fortranOrder: boolean;
  readonly rowShape: readonly number[];
  readonly cuts: readonly { readonly rows: number; readonly style: Style }[];
  readonly seed: number;
  readonly mode: "sync" | "awaited" | "concurrent";
  readonly rewriteHeaderOnAppend: boolean;
  readonly dtypeGiven: boolean;
  readonly reopenAfter: number;
}

const size = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

const cases: fc.Arbitrary<Case> = fc
  .record({
    descr: fc.constantFrom(...DTYPES),
    fortranOrder: fc.boolean(),
    rowShape: fc.array(fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 5 }) }, fc.constant(0)), { maxLength: 3 }),
    cuts: fc.array(
      fc.record({
        rows: fc.oneof(fc.integer({ min: 0, max: 7 }), fc.constant(300)),
        style: fc.constantFrom<Style>("raw", "read", "strided", "bare", "nested"),
      }),
      { minLength: 1, maxLength: 12 },
    ),
    seed: fc.nat(),
    mode: fc.constantFrom("sync" as const, "awaited" as const, "concurrent" as const),
    rewriteHeaderOnAppend: fc.boolean(),
    dtypeGiven: fc.boolean(),
    reopenAfter: fc.nat({ max: 12 }),
  })
  .map((random) => {
    // NumPy calls an array that is in both orders C-ordered; a file must keep the order that it grows in (docs/architecture.md).
    const rows = random.cuts.reduce((sum, cut) => sum + cut.rows, 0);
    const canBeFortran = size(random.rowShape) > 1 && rows > 1;
    // A first bare array would make a 1-D file.
    const cuts = random.cuts.map((cut, at) => (at === 0 && cut.style === "bare" ? { ...cut, style: "read" as const } : cut));
    return { ...random, cuts, fortranOrder: random.fortranOrder && canBeFortran };
  });

/** The same ones for the same seed. */
export function randomCases(count: number, seed: number): Case[] {
  return fc.sample(cases, { numRuns: count, seed });
}

/** Bytes in C order of the part's shape. */
interface Part {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly shape: readonly number[];
  readonly style: Style;
}

export function partsOf({ descr, fortranOrder, rowShape, cuts, seed }: Case): Part[] {
  const random = randomNumbers(seed);
  return cuts.map(({ rows, style }) => {
    const shape = fortranOrder ? [...rowShape, rows] : [rows, ...rowShape];
    return { bytes: randomBytes(dtype(descr), size(shape), random, style !== "nested"), shape, style };
  });
}

/** The part as one of the things that users append. */
function inputOf({ bytes, shape, style }: Part, { descr, fortranOrder, seed }: Case): ArrayInput {
  const type = dtype(descr);
  const raw = { data: bytes, shape, dtype: descr };
  const read = loadSync(new MemoryStorage(concatenate([formatHeader({ dtype: type, shape, fortranOrder: false }), bytes])));
  switch (style) {
    case "raw":
      return raw;
    case "read":
      return read;
    case "strided":
      return strided(bytes, shape, descr, randomNumbers(seed));
    case "bare": {
      // A typed array alone has the file's own order, and a dtype that the default casting must allow.
      // Rows without elements cannot be counted by their elements.
      if (!/[iuf][1248]$/.test(type.str) || type.str.endsWith("f2") || size(shape) === 0) return raw;
      return fortranOrder ? transposed(read.data as Float64Array, shape) : (read.data as Float64Array);
    }
    case "nested":
      // NaN bits and sub-normal details are lost in plain values; ints, bools and strings are not.
      return "iubUS".includes(type.kind) && !shape.slice(0, -1).includes(0) && size(shape) > 0
        ? nest(Array.from(read.data as ArrayLike<unknown>), shape)
        : read;
  }
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}

function nest(values: readonly unknown[], shape: readonly number[]): never[] {
  const [, ...rest] = shape;
  if (rest.length === 0) return values as never[];
  const step = size(rest);
  return Array.from({ length: shape[0] as number }, (_, i) => nest(values.slice(i * step, (i + 1) * step), rest)) as never[];
}

/** C order -> Fortran order; as bytes, since as numbers signalling NaNs would change. */
function transposed(data: Float64Array, shape: readonly number[]): Float64Array {
  const out = data.slice();
  const { BYTES_PER_ELEMENT: itemsize, byteOffset } = data;
  const bytes = new Uint8Array(out.buffer);
  for (let at = 0; at < data.length; at++) {
    let rest = at;
    let to = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const n = shape[axis] as number;
      to += (rest % n) * size(shape.slice(0, axis));
      rest = Math.floor(rest / n);
    }
    bytes.set(new Uint8Array(data.buffer, byteOffset + at * itemsize, itemsize), to * itemsize);
  }
  return out;
}

/** The same elements in a larger buffer: axes in another order, some backwards, with gaps between them. */
function strided(bytes: Uint8Array, shape: readonly number[], descr: Descr, random: () => number): ArrayInput {
  const { itemsize } = dtype(descr);
  const axes = shape.map((_, axis) => axis).sort(() => (random() % 2) - 0.5);
  const strides = new Array<number>(shape.length).fill(0);
  let reach = 1;
  for (const axis of axes) {
    strides[axis] = reach * (1 + (random() % 2));
    reach = (strides[axis] as number) * Math.max(1, shape[axis] as number) + (random() % 2);
  }
  let offset = random() % 4;
  const length = (offset + reach) * itemsize;
  const data = new Uint8Array(length);
  for (let axis = 0; axis < shape.length; axis++) {
    if (random() % 2 === 0 || shape[axis] === 0) continue;
    offset += (strides[axis] as number) * ((shape[axis] as number) - 1);
    strides[axis] = -(strides[axis] as number);
  }
  for (let at = 0; at < size(shape); at++) {
    let position = offset;
    for (let axis = shape.length - 1, rest = at; axis >= 0; axis--) {
      position += (rest % (shape[axis] as number)) * (strides[axis] as number);
      rest = Math.floor(rest / (shape[axis] as number));
    }
    data.set(bytes.subarray(at * itemsize, (at + 1) * itemsize), position * itemsize);
  }
  return { data, shape, strides, offset, dtype: descr };
}

function optionsOf(random: Case): OpenOptions {
  const { descr, fortranOrder, rewriteHeaderOnAppend } = random;
  // Plain values would else decide the dtype: float64, int64 or the shortest U.
  const needsDType = random.dtypeGiven || random.cuts[0]?.style === "nested" || random.cuts[0]?.style === "bare";
  return { fortranOrder, rewriteHeaderOnAppend, ...(needsDType ? { dtype: descr } : {}) };
}

/** Writes the file; one that can only be written asynchronously must not be asked for in the mode `"sync"`. */
export async function write(file: string | AsyncStorage, random: Case, parts: readonly Part[]): Promise<void> {
  const inputs = parts.map((part) => inputOf(part, random));
  const first = inputs.slice(0, random.reopenAfter);
  const groups = first.length === 0 ? [inputs] : [first, inputs.slice(random.reopenAfter)];
  for (const group of groups) {
    if (random.mode === "sync") {
      const npaa = NpyAppendArray.openSync(file as string, optionsOf(random));
      for (const input of group) npaa.append(input);
      npaa.close();
    } else {
      const npaa = await NpyAppendArray.open(file, optionsOf(random));
      if (random.mode === "concurrent") await Promise.all(group.map((input) => npaa.append(input)));
      else for (const input of group) await npaa.append(input);
      await npaa.close();
    }
  }
}

const NUMPY_SAVE = `
import base64, hashlib, io
out = []
for case in data:
    dt = np.lib.format.descr_to_dtype(eval(case["descr"]))
    # As raw bytes: numpy.concatenate makes bytes native, and leaves the padding of structures to chance.
    raw = f"V{dt.itemsize}"
    parts = [np.frombuffer(base64.b64decode(p["bytes"]), dtype=raw).reshape(p["shape"]) if np.prod(p["shape"]) else np.empty(p["shape"], raw) for p in case["parts"]]
    whole = np.concatenate(parts, axis=-1 if case["fortranOrder"] else 0)
    if case["fortranOrder"]: whole = np.asfortranarray(whole)
    whole = whole.view(dt)
    buffer = io.BytesIO()
    np.save(buffer, whole)
    loaded = np.load(opened(case["path"]))
    agrees = loaded.dtype == whole.dtype and loaded.shape == whole.shape and loaded.tobytes() == whole.tobytes()
    out.append([hashlib.sha256(buffer.getvalue()).hexdigest(), bool(agrees and loaded.flags.fnc == whole.flags.fnc)])
print(json.dumps(out))
`;

/** A file, and the parts that were written to it. */
export interface Written {
  readonly path: string;
  readonly random: Case;
  readonly parts: readonly Part[];
}

/**
 * What NumPy makes of the same parts: the SHA-256 of what `numpy.save` writes, and whether it loads the same array from the file. `opened`
 * defines a function in Python that gives what `numpy.load` takes for a path.
 */
export function savedByNumpy(
  files: readonly Written[],
  opened = "opened = lambda path: path",
): [sha256: string, loadAgrees: boolean][] {
  const questions = files.map(({ path, random, parts }) => ({
    path,
    descr: literal(random.descr),
    fortranOrder: random.fortranOrder,
    parts: parts.map(({ bytes, shape }) => ({ bytes: Buffer.from(bytes).toString("base64"), shape })),
  }));
  return python(`${opened}\n${NUMPY_SAVE}`, questions);
}

/** A descr as Python writes it. */
function literal(descr: Descr): string {
  if (typeof descr === "string") return JSON.stringify(descr);
  const fields = (descr as readonly (readonly unknown[])[]).map(([name, type, shape]) => {
    const label = Array.isArray(name) ? `(${name.map((word) => JSON.stringify(word)).join(", ")})` : JSON.stringify(name);
    return `(${label}, ${literal(type as Descr)}${shape === undefined ? "" : `, (${(shape as number[]).join(", ")},)`})`;
  });
  return `[${fields.join(", ")}]`;
}
