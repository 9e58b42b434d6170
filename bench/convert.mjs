// Appending what the file holds otherwise: other dtypes, byte orders and strides.
import { dtype, NpyAppendArray } from "../dist/node.js";
import { writePieces } from "./bare.mjs";
import { numbers, stopwatch } from "./measure.mjs";

export const title = "Converting";
export const about =
  "Arrays that must be cast, swapped or put into another order, into a file that was created before; bytes per second are those written. " +
  "Bare Node writes as many bytes in pieces of 1 MiB, and converts nothing. Each append writes some MiB, but where it says otherwise. " +
  "Awaited appends convert a block while another thread writes the last one. NumPy converts into new memory, which the system has to provide for each " +
  "append where the C library has not kept as much: that makes several times of difference between rows of the reference.";

/**
 * What is appended: an array of `from` in C order, or a part of it, into a file of `to`. `axes` are those of the array, in another order,
 * as by `numpy.transpose`; `step` takes every so many-th along the last axis, -1 reverses the first.
 *
 * @type {readonly { label: string, from: string, to: string, shape: number[], axes?: number[], step?: number, fortranOrder?: boolean }[]}
 */
const CASES = [
  { label: "float32 → float64", from: "float32", to: "<f8", shape: [2048, 1024] },
  { label: "float32 → float64, 1 MiB an append", from: "float32", to: "<f8", shape: [128, 1024] },
  { label: "float64 → float32", from: "float64", to: "<f4", shape: [4096, 1024] },
  { label: "int32 → float64", from: "int32", to: "<f8", shape: [2048, 1024] },
  { label: "int64 → float64", from: "int64", to: "<f8", shape: [2048, 1024] },
  { label: "int32 → int64", from: "int32", to: "<i8", shape: [2048, 1024] },
  { label: "uint8 → float32", from: "uint8", to: "<f4", shape: [4096, 1024] },
  { label: "float64 → int32", from: "float64", to: "<i4", shape: [4096, 1024] },
  { label: "float64 → int16", from: "float64", to: "<i2", shape: [8192, 1024] },
  { label: "float32 → float16", from: "float32", to: "<f2", shape: [8192, 1024] },
  { label: "int16 → big-endian", from: "int16", to: ">i2", shape: [8192, 1024] },
  { label: "float32 → big-endian", from: "float32", to: ">f4", shape: [4096, 1024] },
  { label: "float64 → big-endian", from: "float64", to: ">f8", shape: [2048, 1024] },
  { label: "float32 → big-endian float64", from: "float32", to: ">f8", shape: [2048, 1024] },
  { label: "every 2nd column, float64", from: "float64", to: "<f8", shape: [2048, 2048], step: 2 },
  { label: "every 3rd column, uint8", from: "uint8", to: "|u1", shape: [4096, 12_288], step: 3 },
  { label: "rows reversed, float64", from: "float64", to: "<f8", shape: [2048, 1024], step: -1 },
  { label: "transposed, float64", from: "float64", to: "<f8", shape: [2048, 1024], axes: [1, 0] },
  { label: "transposed, float32", from: "float32", to: "<f4", shape: [4096, 1024], axes: [1, 0] },
  { label: "transposed, uint8", from: "uint8", to: "|u1", shape: [4096, 4096], axes: [1, 0] },
  { label: "transposed (3 columns), float64", from: "float64", to: "<f8", shape: [3, 700_000], axes: [1, 0] },
  { label: "C → Fortran, float64", from: "float64", to: "<f8", shape: [1448, 1448], fortranOrder: true },
  { label: "3-D C → Fortran, float64", from: "float64", to: "<f8", shape: [128, 128, 128], fortranOrder: true },
  { label: "3-D axes (2, 0, 1), float32", from: "float32", to: "<f4", shape: [128, 256, 128], axes: [2, 0, 1] },
  { label: "transposed, float64 → float32", from: "float64", to: "<f4", shape: [4096, 1024], axes: [1, 0] },
  { label: "transposed, big-endian float64", from: "float64", to: ">f8", shape: [2048, 1024], axes: [1, 0] },
];

const longest = (shape) => shape.indexOf(Math.max(...shape));

/** @returns {import("./harness.mjs").Row[]} */
export function rows(pick) {
  return CASES.map(({ label, ...given }) => {
    const shape = pick(
      given.shape.map((n) => Math.min(n, 24)),
      given.shape.map((n, axis) => (axis === longest(given.shape) && n > 256 ? n / 2 : n)),
      given.shape,
    );
    const { step = 1 } = given;
    const elements = shape.reduce((all, n) => all * n, 1) / Math.max(1, step);
    const bytes = elements * dtype(given.to).itemsize;
    const appends = pick(1, Math.round(2 ** 25 / bytes), Math.round(2 ** 27 / bytes));
    const params = { ...given, shape, step, appends };
    return {
      id: `convert/${label}`,
      label,
      unit: "B/s",
      amount: bytes * appends,
      contenders: [
        { name: "ours", job: "append", params: { ...params, mode: "sync" } },
        { name: "ours, awaited", job: "append", params: { ...params, mode: "async" } },
        { name: "bare", job: "bare", params: { total: bytes * appends, piece: Math.min(bytes, 2 ** 20), withHeader: false } },
        { name: "reference", runtime: "python", job: "convert", params },
      ],
      targets: [{ against: "reference", atLeast: 2 }],
      note: "element by element in JavaScript, where NumPy has loops of the processor's vector instructions, if that has them",
    };
  });
}

export const jobs = {
  bare: writePieces,

  async append({ path, from, to, shape, axes, step, fortranOrder = false, appends, mode }) {
    const array = view(from, shape, axes, step);
    const rowShape = fortranOrder ? array.shape.slice(0, -1) : array.shape.slice(1);
    const options = { dtype: to, rowShape, fortranOrder, casting: "unsafe" };
    const npaa = mode === "sync" ? NpyAppendArray.openSync(path, options) : await NpyAppendArray.open(path, options);
    const seconds = stopwatch();
    for (let i = 0; i < appends; i++) {
      if (mode === "sync") void npaa.append(array);
      else await npaa.append(array);
    }
    await npaa.close();
    return seconds();
  },
};

function view(from, given, axes = given.map((_, axis) => axis), step = 1) {
  const data = numbers(
    from,
    given.reduce((all, n) => all * n, 1),
  );
  const shape = [...given];
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((all, n) => all * n, 1));
  let offset = 0;
  if (step > 1) {
    shape[shape.length - 1] /= step;
    strides[strides.length - 1] *= step;
  } else if (step === -1) {
    offset = (shape[0] - 1) * strides[0];
    strides[0] = -strides[0];
  }
  return { data, shape: axes.map((axis) => shape[axis]), strides: axes.map((axis) => strides[axis]), offset };
}
