/** The columns that are drawn, and their values as float64. */
import type { DatetimeUnit, NpyData } from "../../node.ts";
import type { Column } from "../rows/columns.ts";
import { isRaw, roundedText, textsOfValues } from "../text/cell.ts";

/** What numbers mean, and so how an axis labels them. */
export type Quantity =
  | { readonly kind: "number" | "integer" }
  | { readonly kind: "date"; readonly unit: DatetimeUnit; readonly count: number };

/** A column as it is drawn. */
export interface Drawn {
  readonly column: Column;
  readonly label: string;
  readonly quantity: Quantity;
  /** Complex numbers are drawn by their magnitude. */
  readonly isMagnitude: boolean;
  /** Subtracted from 64-bit integers and dates: float64 holds the differences exactly. */
  readonly origin: bigint;
}

/** How many values are left out, and why. */
export interface Gaps {
  missing: number;
  missingTimes: number;
  infinite: number;
  notPositive: number;
}

export function noGaps(): Gaps {
  return { missing: 0, missingTimes: 0, infinite: 0, notPositive: 0 };
}

export function drawnColumn(column: Column): Drawn {
  const { dtype } = column;
  const isMagnitude = dtype.kind === "c" && !isRaw(dtype);
  return { column, label: labelOf(column, isMagnitude), quantity: quantityOf(column), isMagnitude, origin: 0n };
}

/** Magnitudes as `|z|`, durations with their unit. */
function labelOf({ dtype, label }: Column, isMagnitude: boolean): string {
  if (isMagnitude) return label === "" ? "magnitude" : `|${label}|`;
  if (dtype.kind !== "m" || dtype.datetime === undefined || dtype.datetime.unit === "generic") return label;
  const { unit, count } = dtype.datetime;
  return `${label} [${count === 1 ? "" : `${count} `}${unit}]`.trimStart();
}

function quantityOf({ dtype }: Column): Quantity {
  const { kind, datetime } = dtype;
  if (kind === "M" && datetime !== undefined && datetime.unit !== "generic") return { kind: "date", ...datetime };
  return { kind: "iubmM".includes(kind) ? "integer" : "number" };
}

/** A value as text, in a few digits unless it is an integer or a date. */
export function valueText({ quantity, origin, column }: Drawn, value: number): string {
  if (quantity.kind === "number") return roundedText(value, 4);
  const whole = origin + BigInt(Math.round(value));
  return quantity.kind === "date" ? (textsOfValues([whole], column.dtype)[0] as string) : String(whole);
}

/** Up to this, float64 holds every integer. */
const EXACT = 2n ** 53n;

/** Which half of a 64-bit integer comes first in memory. */
const LOW = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 0 : 1;
const HIGH = 1 - LOW;

/** How NumPy stores NaT: these two halves. */
const NAT_HIGH = -(2 ** 31);

/** The same column, counted from its first value if that is too large for float64. */
export function withOrigin(drawn: Drawn, data: NpyData, rows: number): Drawn {
  if (!isLong(data)) return drawn;
  const { perRow, offset, dtype } = drawn.column;
  for (let i = 0; i < rows; i++) {
    const value = data[i * perRow + offset] as bigint;
    if ("mM".includes(dtype.kind) && value === -(2n ** 63n)) continue;
    return { ...drawn, origin: value < EXACT && value > -EXACT ? 0n : value };
  }
  return drawn;
}

function isLong(data: NpyData): data is BigInt64Array<ArrayBuffer> | BigUint64Array<ArrayBuffer> {
  return data instanceof BigInt64Array || data instanceof BigUint64Array;
}

/** Writes the values of `rows` rows to `out`: NaN for each that cannot be drawn, which `gaps` counts. */
export function readValues(drawn: Drawn, data: NpyData, rows: number, out: Float64Array, gaps: Gaps, isLog: boolean): void {
  const { perRow, offset } = drawn.column;
  if (isLong(data)) readLongs(drawn, data, rows, out);
  else if (drawn.isMagnitude) {
    const parts = data as ArrayLike<number>;
    for (let i = 0; i < rows; i++) {
      const at = 2 * (i * perRow + offset);
      out[i] = magnitude(parts[at] as number, parts[at + 1] as number);
    }
  } else {
    const numbers = data as ArrayLike<number>;
    for (let i = 0, at = offset; i < rows; i++, at += perRow) out[i] = Number(numbers[at]);
  }
  for (let i = 0; i < rows; i++) {
    const value = out[i] as number;
    if (value - value === 0) continue;
    if (Number.isNaN(value)) countMissing(drawn, gaps);
    else gaps.infinite++;
    out[i] = Number.NaN;
  }
  if (!isLog) return;
  for (let i = 0; i < rows; i++) {
    if ((out[i] as number) > 0 || Number.isNaN(out[i])) continue;
    gaps.notPositive++;
    out[i] = Number.NaN;
  }
}

function countMissing({ column }: Drawn, gaps: Gaps): void {
  if ("mM".includes(column.dtype.kind)) gaps.missingTimes++;
  else gaps.missing++;
}

/** Takes 64-bit integers in halves: reading bigints is ten times slower. */
function readLongs(
  { column, origin }: Drawn,
  data: BigInt64Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>,
  rows: number,
  out: Float64Array,
): void {
  const halves = new Int32Array(data.buffer, data.byteOffset, data.length * 2);
  const isUnsigned = data instanceof BigUint64Array;
  const hasNat = "mM".includes(column.dtype.kind);
  const [originHigh, originLow] = [Number(origin >> 32n), Number(BigInt.asUintN(32, origin))];
  const step = 2 * column.perRow;
  for (let i = 0, at = 2 * column.offset; i < rows; i++, at += step) {
    const low = (halves[at + LOW] as number) >>> 0;
    const high = halves[at + HIGH] as number;
    if (hasNat && high === NAT_HIGH && low === 0) out[i] = Number.NaN;
    else out[i] = ((isUnsigned ? high >>> 0 : high) - originHigh) * 2 ** 32 + (low - originLow);
  }
}

/** Fast, and exact where squares overflow or vanish. */
function magnitude(re: number, im: number): number {
  const square = re * re + im * im;
  return square > 1e-290 && square < Number.POSITIVE_INFINITY ? Math.sqrt(square) : Math.hypot(re, im);
}
