/** Elements as text: as NumPy prints them, and as JSON. */
import type { DType, NpyData } from "../node.ts";
import { datetimeText, NOT_A_TIME } from "./datetime.ts";
import { complexText, floatText } from "./number-text.ts";

/** The text of the element at `index`. */
export type CellText = (data: NpyData, index: number) => string;

/** Elements as `str()` of NumPy's scalars gives them, but timedelta64 as counts, and raw bytes in hexadecimal. */
export function textOf(dtype: DType): CellText {
  const { kind, itemsize, datetime } = dtype;
  if (isRaw(dtype)) return (data, index) => `0x${Buffer.from(bytesAt(data, index, itemsize)).toString("hex")}`;
  switch (kind) {
    case "f":
      return (data, index) => floatText((data as Float64Array)[index] as number, itemsize);
    case "c":
      return (data, index) => complexText(realPart(data, index), imaginaryPart(data, index), itemsize);
    case "b":
      return (data, index) => ((data as Uint8Array)[index] === 0 ? "False" : "True");
    case "M":
      return (data, index) => datetimeText((data as BigInt64Array)[index] as bigint, datetime as NonNullable<typeof datetime>);
    case "m":
      return (data, index) => {
        const ticks = (data as BigInt64Array)[index] as bigint;
        return ticks === NOT_A_TIME ? "NaT" : String(ticks);
      };
    default:
      return (data, index) => String((data as ArrayLike<unknown>)[index]);
  }
}

/** Elements as JSON: NaN and NaT as null, the infinities as numbers too large for any float, complex numbers as { re, im }. */
export function jsonOf(dtype: DType): CellText {
  const text = textOf(dtype);
  const { kind, itemsize } = dtype;
  if (isRaw(dtype)) return (data, index) => `"${text(data, index)}"`;
  switch (kind) {
    case "f":
      return (data, index) => jsonNumber((data as Float64Array)[index] as number, itemsize);
    case "c":
      return (data, index) => {
        const [re, im] = [realPart(data, index), imaginaryPart(data, index)].map((x) => jsonNumber(x, itemsize / 2));
        return `{"re":${re},"im":${im}}`;
      };
    case "b":
      return (data, index) => String((data as Uint8Array)[index] !== 0);
    case "S":
    case "U":
      return (data, index) => JSON.stringify((data as string[])[index]);
    case "M":
    case "m":
      return (data, index) => {
        const found = text(data, index);
        return found === "NaT" ? "null" : kind === "m" ? found : `"${found}"`;
      };
    default:
      return text;
  }
}

/** Elements that JavaScript has no values for. */
export function isRaw({ kind, itemsize }: DType): boolean {
  return kind === "V" || (kind === "f" && itemsize > 8) || (kind === "c" && itemsize > 16);
}

function jsonNumber(x: number, size: number): string {
  if (Number.isNaN(x)) return "null";
  return Number.isFinite(x) ? floatText(x, size) : x < 0 ? "-1e999" : "1e999";
}

function realPart(data: NpyData, index: number): number {
  return (data as Float64Array)[2 * index] as number;
}

function imaginaryPart(data: NpyData, index: number): number {
  return (data as Float64Array)[2 * index + 1] as number;
}

function bytesAt(data: NpyData, index: number, itemsize: number): Uint8Array {
  return (data as Uint8Array).subarray(index * itemsize, (index + 1) * itemsize);
}
