/** Compares elements of two arrays: numbers, times, texts or bytes, a field at a time. */
import { type DType, dtype as dtypeOf, type NpyData } from "../../node.ts";
import { sizeOf } from "../rows/columns.ts";
import { bytesOf, cast, textsOfCast } from "../text/cast.ts";
import { firstInexact, isRaw, textsOf } from "../text/cell.ts";

export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
  readonly equalNan: boolean;
}

/** A field, or the elements of a plain array. */
export interface Leaf {
  /** The names of the fields that hold it, outermost first; empty for plain arrays. */
  readonly path: readonly string[];
  readonly dtype: DType;
  /** How many of its elements a record has. */
  readonly perRecord: number;
}

/** The fields of a dtype that have no fields themselves. */
export function leavesOf(dtype: DType, path: readonly string[] = [], perRecord = 1): Leaf[] {
  if (dtype.subdtype !== undefined) return leavesOf(dtype.subdtype.dtype, path, perRecord * sizeOf(dtype.subdtype.shape));
  if (dtype.fields === undefined) return [{ path, dtype, perRecord }];
  return dtype.fields.flatMap(({ name, dtype: type }) => leavesOf(type, [...path, name], perRecord));
}

/** Two elements that differ. */
export interface Mismatch {
  /** The number of the record, and of the element within its field. */
  readonly record: number;
  readonly item: number;
  readonly a: string;
  readonly b: string;
}

/** So many mismatches are shown, as in numpy.testing. */
const SHOWN = 5;

/** What `numpy.testing` can subtract. */
type Distance = "none" | "absolute" | "both";

/** Dtypes of one family can be compared. */
function familyOf(dtype: DType): string {
  if (isRaw(dtype)) return `bytes ${dtype.itemsize}`;
  return "biufc".includes(dtype.kind) ? "numbers" : dtype.kind;
}

export function isComparable(a: DType, b: DType): boolean {
  return familyOf(a) === familyOf(b);
}

/** NaT, as NumPy stores it. */
const NOT_A_TIME = -(2n ** 63n);

type Value = number | bigint;

/** Compares one field of two arrays, and keeps the tally. */
export class Comparison {
  readonly a: Leaf;
  readonly b: Leaf;
  readonly #tolerance: Tolerance;
  readonly #distance: Distance;
  /** The dtype of differences. */
  readonly differenceDType: DType | undefined;
  /** The dtype to which times are cast before they are compared. */
  readonly #time: DType | undefined;

  mismatched = 0;
  /** Elements of which only one is NaN or NaT. */
  missing = 0;
  readonly first: Mismatch[] = [];
  maxAbsolute: Value | undefined;
  maxRelative: number | undefined;
  #isAnyRelative = false;

  constructor(a: Leaf, b: Leaf, tolerance: Tolerance) {
    this.a = a;
    this.b = b;
    this.#tolerance = tolerance;
    const kinds = [a.dtype.kind, b.dtype.kind];
    const isBools = kinds.every((kind) => kind === "b");
    this.#distance =
      familyOf(a.dtype) === "numbers"
        ? isBools
          ? "none"
          : "both"
        : kinds[0] === "m"
          ? "both"
          : kinds[0] === "M"
            ? "absolute"
            : "none";
    this.differenceDType = this.#distance === "none" ? undefined : differenceDType(a.dtype, b.dtype);
    this.#time = "mM".includes(a.dtype.kind) ? finerTime(a.dtype, b.dtype) : undefined;
  }

  /** Compares blocks of elements; `record` is the number of the first record. Calls `onMismatch` with the records of the block that differ. */
  compare(a: NpyData, b: NpyData, record: number, onMismatch: (record: number) => void): void {
    const { perRecord } = this.a;
    const report = (i: number, isMissing: boolean): void => {
      this.mismatched++;
      if (isMissing) this.missing++;
      const inBlock = Math.floor(i / perRecord);
      onMismatch(inBlock);
      if (this.first.length >= SHOWN) return;
      const texts = { a: textAt(a, i, this.a.dtype), b: textAt(b, i, this.b.dtype) };
      this.first.push({ record: record + inBlock, item: i % perRecord, ...texts });
    };
    const { kind, itemsize } = this.a.dtype;
    const [isComplexA, isComplexB] = [kind === "c", this.b.dtype.kind === "c"];
    if (isRaw(this.a.dtype)) compareBytes(a as Uint8Array, b as Uint8Array, itemsize, report);
    else if (kind === "S" || kind === "U") this.#compareTexts(a as string[], b as string[], report);
    else if (isComplexA || isComplexB) this.#compareComplex(a, b, isComplexA, isComplexB, report);
    else if (this.#time !== undefined) this.#compareTimes(this.#ticks(a, this.a.dtype), this.#ticks(b, this.b.dtype), report);
    else this.#compareNumbers(a as unknown as ArrayLike<Value>, b as unknown as ArrayLike<Value>, report);
  }

  #compareNumbers(a: ArrayLike<Value>, b: ArrayLike<Value>, report: (i: number, isMissing: boolean) => void): void {
    const { equalNan } = this.#tolerance;
    for (let i = 0; i < a.length; i++) {
      const x = a[i] as Value;
      const y = b[i] as Value;
      // biome-ignore lint/suspicious/noDoubleEquals: a number may equal a bigint
      if (x == y) continue;
      // biome-ignore lint/suspicious/noSelfCompare: NaN, also among bigints
      const isNanX = x !== x;
      // biome-ignore lint/suspicious/noSelfCompare: NaN
      const isNanY = y !== y;
      if (isNanX && isNanY && equalNan) continue;
      if (isNanX || isNanY) {
        report(i, true);
        continue;
      }
      const difference = distanceOf(x, y);
      if (this.#isClose(Number(difference), x, y)) continue;
      report(i, false);
      this.#measure(difference, Math.abs(Number(y)));
    }
  }

  #compareTimes(a: BigInt64Array, b: BigInt64Array, report: (i: number, isMissing: boolean) => void): void {
    const { equalNan } = this.#tolerance;
    for (let i = 0; i < a.length; i++) {
      const x = a[i] as bigint;
      const y = b[i] as bigint;
      if (x === y && (equalNan || x !== NOT_A_TIME)) continue;
      const isMissing = x === NOT_A_TIME || y === NOT_A_TIME;
      report(i, isMissing);
      if (!isMissing) this.#measure(x > y ? x - y : y - x, Math.abs(Number(y)));
    }
  }

  #compareComplex(
    a: NpyData,
    b: NpyData,
    isComplexA: boolean,
    isComplexB: boolean,
    report: (i: number, isMissing: boolean) => void,
  ): void {
    const partsOf = (data: NpyData, isComplex: boolean, i: number): [number, number] => {
      const list = data as unknown as ArrayLike<Value>;
      return isComplex ? [list[2 * i] as number, list[2 * i + 1] as number] : [Number(list[i]), 0];
    };
    const count = isComplexA ? a.length / 2 : a.length;
    for (let i = 0; i < count; i++) {
      const [reX, imX] = partsOf(a, isComplexA, i);
      const [reY, imY] = partsOf(b, isComplexB, i);
      if (reX === reY && imX === imY) continue;
      const [isNanX, isNanY] = [isNan(reX, imX), isNan(reY, imY)];
      if (isNanX && isNanY && this.#tolerance.equalNan) continue;
      if (isNanX || isNanY) {
        report(i, true);
        continue;
      }
      const difference = Math.hypot(reX - reY, imX - imY);
      const size = Math.hypot(reY, imY);
      if (this.#isClose(difference, Math.hypot(reX, imX), size)) continue;
      report(i, false);
      this.#measure(difference, size);
    }
  }

  #compareTexts(a: readonly string[], b: readonly string[], report: (i: number, isMissing: boolean) => void): void {
    const isExact = firstInexact(a as never, this.a.dtype) < 0 && firstInexact(b as never, this.b.dtype) < 0;
    const [x, y] = isExact ? [a, b] : [codePointsOf(a, this.a.dtype), codePointsOf(b, this.b.dtype)];
    for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) report(i, false);
  }

  /** As NumPy's `isclose`: infinities are close only to themselves. */
  #isClose(difference: number, x: Value, y: Value): boolean {
    const { rtol, atol } = this.#tolerance;
    if (rtol === 0 && atol === 0) return false;
    const size = Math.abs(Number(y));
    return Number.isFinite(size) && Number.isFinite(Number(x)) && difference <= atol + rtol * size;
  }

  /** As numpy.testing: relative to the second value, and only where that is not 0; infinite if it is 0 everywhere. */
  #measure(difference: Value, size: number): void {
    if (this.#distance === "none") return;
    if (this.maxAbsolute === undefined || difference > this.maxAbsolute) this.maxAbsolute = difference;
    if (this.#distance !== "both") return;
    if (size === 0) {
      if (!this.#isAnyRelative) this.maxRelative = Number.POSITIVE_INFINITY;
      return;
    }
    // From one infinity to the other.
    const relative = Number.isFinite(size) ? Number(difference) / size : Number.POSITIVE_INFINITY;
    if (!this.#isAnyRelative || relative > (this.maxRelative as number)) this.maxRelative = relative;
    this.#isAnyRelative = true;
  }

  #ticks(data: NpyData, from: DType): BigInt64Array {
    const to = this.#time as DType;
    const { unit, count } = from.datetime ?? {};
    if (unit === to.datetime?.unit && count === to.datetime?.count) return data as BigInt64Array;
    return cast(data, data.length, from, to) as BigInt64Array;
  }
}

function isNan(re: number, im: number): boolean {
  return Number.isNaN(re) || Number.isNaN(im);
}

function distanceOf(x: Value, y: Value): Value {
  if (typeof x === "number" && typeof y === "number") return Math.abs(x - y);
  if (typeof x === "bigint" && typeof y === "bigint") return x > y ? x - y : y - x;
  return Math.abs(Number(x) - Number(y));
}

/** The dtype in which NumPy subtracts: floats of the longer kind, integers exactly. */
function differenceDType(a: DType, b: DType): DType {
  const floats = [a, b].filter(({ kind }) => kind === "f" || kind === "c");
  if (floats.length === 0) return dtypeOf("int64");
  const size = Math.max(...[a, b].map(floatSize));
  return dtypeOf(size === 2 ? "float16" : size === 4 ? "float32" : "float64");
}

/** Bytes of the shortest float that holds all values, but for integers of 4 and 8 bytes, which NumPy turns into float64. */
function floatSize({ kind, itemsize }: DType): number {
  if (kind === "c") return itemsize / 2;
  return kind === "f" ? itemsize : Math.min(8, 2 * itemsize);
}

const UNITS = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"];

/** The dtype of times that both can be cast to. */
function finerTime(a: DType, b: DType): DType {
  const [first, second] = [a.datetime, b.datetime];
  if (first === undefined || second === undefined || second.unit === "generic") return a;
  if (first.unit === "generic") return b;
  if (first.unit === second.unit && first.count === second.count) return a;
  const finer = UNITS.indexOf(first.unit) >= UNITS.indexOf(second.unit) ? first.unit : second.unit;
  return dtypeOf(`${a.kind}8[${finer}]` as "M8[s]");
}

function compareBytes(a: Uint8Array, b: Uint8Array, itemsize: number, report: (i: number, isMissing: boolean) => void): void {
  const [x, y] = [a, b].map(({ buffer, byteOffset, length }) => Buffer.from(buffer, byteOffset, length)) as [Buffer, Buffer];
  for (let i = 0; i * itemsize < x.length; i++) {
    const [start, end] = [i * itemsize, (i + 1) * itemsize];
    if (x.compare(y, start, end, start, end) !== 0) report(i, false);
  }
}

/** Texts with all code points, also those that no string holds. */
function codePointsOf(texts: readonly string[], type: DType): string[] {
  const bytes = bytesOf(texts as never, type);
  return texts.map((_, i) => bytes.toString("hex", i * type.itemsize, (i + 1) * type.itemsize).replace(/(?:00)+$/, ""));
}

/** One element as NumPy prints it. */
function textAt(data: NpyData, i: number, type: DType): string {
  if (Array.isArray(data)) return JSON.stringify(data[i]);
  const items = isRaw(type) ? type.itemsize : type.kind === "c" ? 2 : 1;
  const one = (data as Uint8Array).slice(i * items, (i + 1) * items) as NpyData;
  const isDuration = type.kind === "m" && type.datetime?.unit !== "generic";
  return (isDuration ? textsOfCast(one, 1, type) : textsOf(type)(one))[0] as string;
}
