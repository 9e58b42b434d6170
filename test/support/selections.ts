/** Arrays whose elements are known, random parts of them, and a model of what NumPy makes of these parts. */

import { writeFileSync } from "node:fs";
import type { Selection, Slice } from "../../src/index.ts";
import {
  type DType,
  type DTypeLike,
  dtype,
  formatHeader,
  loadSync,
  type NpyArray,
  NpyReader,
  type NpyReaderSync,
} from "../../src/node.ts";
import { randomBytes, randomNumbers } from "./random-bytes.ts";
import { lacksMappings } from "./systems.ts";
import { temporaryPath } from "./temporary.ts";

/** One dtype of each kind, in either byte order, aligned and not. */
export const DTYPES: readonly DTypeLike[] = [
  ...["|b1", "|i1", "|u1", "<i2", ">u2", "<i4", ">i4", "<u8", ">i8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8"],
  ...["<f16", "<c8", ">c8", "<c16", ">c16", "<M8[ns]", ">m8[us]", "|S1", "|S5", "<U2", ">U3", "|V3", "|V13", "|V0", "|S0"],
  [
    ["t", "<f8"],
    ["id", ">i4"],
    ["", "|V3"],
    ["pos", "<f4", [3]],
    ["name", "<U2"],
  ],
];

/** An array: the bytes of its elements one after the other, in C order. */
export interface Elements {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export function randomElements(like: DTypeLike, shape: readonly number[], random: () => number): Elements {
  const type = dtype(like) as DType;
  return { dtype: type, shape, bytes: randomBytes(type, product(shape), random) };
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((all, size) => all * size, 1);
}

/** All positions of an array in C order, or, with `fortranOrder`, in that of such a file. */
function positions(shape: readonly number[], fortranOrder: boolean): number[][] {
  let all: number[][] = [[]];
  const axes = shape.map((size) => Array.from({ length: size }, (_, i) => i));
  if (fortranOrder) for (const axis of axes.toReversed()) all = all.flatMap((rest) => axis.map((i) => [i, ...rest]));
  else for (const axis of axes) all = all.flatMap((rest) => axis.map((i) => [...rest, i]));
  return all;
}

function flat(position: readonly number[], shape: readonly number[]): number {
  return position.reduce((index, i, axis) => index * (shape[axis] as number) + i, 0);
}

/** The file that `numpy.save` writes, or one in Fortran order. */
export function fileOf({ dtype: type, shape, bytes }: Elements, fortranOrder: boolean): Uint8Array<ArrayBuffer> {
  const { itemsize } = type;
  const data = positions(shape, fortranOrder).map((position) => {
    const at = flat(position, shape) * itemsize;
    return bytes.subarray(at, at + itemsize);
  });
  return new Uint8Array(Buffer.concat([formatHeader({ dtype: type, fortranOrder, shape }), ...data]));
}

/** The array as it is read from such a file. */
export function arrayOf(elements: Elements, fortranOrder: boolean): NpyArray {
  return loadSync(fileOf(elements, fortranOrder));
}

/** The indices that Python's `range(size)[start:stop:step]` has, found by counting. */
function indicesOf(size: number, { start, stop, step }: Slice): number[] {
  const by = Number(step ?? 1);
  const at = (value: Slice["start"]): number | undefined => {
    if (value === null || value === undefined) return undefined;
    const index = Number(value);
    return index < 0 ? index + size : index;
  };
  const [first, last] = [at(start), at(stop)];
  const all: number[] = [];
  for (let i = 0; i < size; i++) {
    const index = by < 0 ? size - 1 - i : i;
    const isAfterFirst = first === undefined || (by < 0 ? index <= first : index >= first);
    const isBeforeLast = last === undefined || (by < 0 ? index > last : index < last);
    if (isAfterFirst && isBeforeLast) all.push(index);
  }
  return all.filter((_, i) => i % Math.abs(by) === 0);
}

/** The elements at some indices of each axis; of an axis that is dropped, at one of them. */
function pick(elements: Elements, indices: readonly number[][], isDropped: readonly boolean[]): Elements {
  const { dtype: type, shape, bytes } = elements;
  const sizes = indices.map(({ length }) => length);
  const picked = positions(sizes, false).map((position) => {
    const at = flat(
      position.map((i, axis) => indices[axis]?.[i] as number),
      shape,
    );
    return bytes.subarray(at * type.itemsize, (at + 1) * type.itemsize);
  });
  return { dtype: type, shape: sizes.filter((_, axis) => !isDropped[axis]), bytes: new Uint8Array(Buffer.concat(picked)) };
}

/** `a[selection]`. */
export function selected(elements: Elements, selection: Selection): Elements {
  const entries = elements.shape.map((size, axis) => ({ size, entry: selection[axis] ?? {} }));
  const indices = entries.map(({ size, entry }) => {
    if (typeof entry === "object") return indicesOf(size, entry as Slice);
    const index = Number(entry);
    return [index < 0 ? index + size : index];
  });
  return pick(
    elements,
    indices,
    entries.map(({ entry }) => typeof entry !== "object"),
  );
}

/** `numpy.take(a, rows, axis)`. */
export function taken(elements: Elements, rows: ArrayLike<number | bigint>, axis: number): Elements {
  const { shape } = elements;
  const indices = shape.map((size) => Array.from({ length: size }, (_, i) => i));
  indices[axis] = Array.from(rows, (row) => (Number(row) < 0 ? Number(row) + (shape[axis] as number) : Number(row)));
  return pick(
    elements,
    indices,
    shape.map(() => false),
  );
}

/** Random arrays and parts of them. */
export class Cases {
  readonly random: () => number;

  constructor(seed: number) {
    this.random = randomNumbers(seed);
  }

  below(limit: number): number {
    return this.random() % limit;
  }

  of<Item>(list: readonly Item[]): Item {
    return list[this.below(list.length)] as Item;
  }

  /** Of 1 to 5 axes; some are empty. */
  shape(): number[] {
    const axes = 1 + this.below(5);
    const most = [0, 300, 18, 7, 4, 3][axes] as number;
    return Array.from({ length: axes }, () => (this.below(15) === 0 ? 0 : 1 + this.below(most)));
  }

  selection(shape: readonly number[]): Selection {
    const entries = shape.map((size) => {
      const choice = this.below(10);
      if (choice < 2) return null;
      if (choice < 4 && size > 0) {
        const index = this.below(2 * size) - size;
        return choice === 2 ? index : BigInt(index);
      }
      const bound = (): number | null | undefined => {
        const kind = this.below(6);
        if (kind === 0) return null;
        if (kind === 1) return undefined;
        return this.below(3 * size + 6) - Math.floor(1.5 * size) - 3;
      };
      const steps = [undefined, null, 1, 1, 2, 3, 7, 1000, -1, -1, -2, -5, -1000];
      return { start: bound(), stop: bound(), step: this.of(steps) };
    });
    return entries.slice(0, this.below(4) === 0 ? this.below(shape.length + 1) : shape.length);
  }

  /** Rows in some order that a program may ask for, as one of the types that it may have. */
  rows(length: number): ArrayLike<number | bigint> {
    const count = length === 0 ? 0 : this.below(this.of([1, 3, 20, 100]) + 1);
    const start = length === 0 ? 0 : this.below(length);
    const kinds = [
      () => this.below(2 * length) - length,
      () => this.below(length),
      (i: number) => (start + i) % length,
      (i: number) => (start + 2 * i) % length,
      (i: number) => (i % 3 === 0 ? start : -1),
    ];
    const kind = this.of(kinds);
    const list = Array.from({ length: count }, (_, i) => kind(i));
    if (this.below(4) === 0) list.sort((a, b) => a - b);
    const types = [
      () => list,
      () => list.map(BigInt),
      () => Int16Array.from(list),
      () => Int32Array.from(list),
      () => BigInt64Array.from(list.map(BigInt)),
      () => Uint32Array.from(list.map((row) => (row < 0 ? row + length : row))),
    ];
    return this.of(types)();
  }
}

const hasMmap = !lacksMappings;

/** Readers of a file in every form: in memory, on disk, mapped and as a Blob, synchronous and not. */
export async function readersOf(file: Uint8Array<ArrayBuffer>): Promise<(NpyReader | NpyReaderSync)[]> {
  const path = temporaryPath();
  writeFileSync(path, file);
  return [
    NpyReader.openSync(file),
    NpyReader.openSync(path),
    ...(hasMmap ? [NpyReader.openSync(path, { mmap: true })] : []),
    await NpyReader.open(new Blob([file])),
    await NpyReader.open(path),
    ...(hasMmap ? [await NpyReader.open(path, { mmap: true })] : []),
  ];
}
