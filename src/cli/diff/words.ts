/** Numbers in the words of `numpy.testing`. */
import { type DType, dtype as dtypeOf } from "../../node.ts";
import { cast, textsOfCast } from "../text/cast.ts";

/** NumPy prints numbers from here on with an exponent. Source: `FloatingFormat` of NumPy 2.4, by the digits of the dtype. */
const LARGE: Readonly<Record<number, number>> = { 2: 1e3, 4: 1e6, 8: 1e8 };

/** NumPy's `precision`: digits after the point. */
const DIGITS = 8;

/** A difference as `numpy.array2string` prints it. */
export function differenceText(value: number | bigint, type: DType): string {
  if (type.kind !== "f") return String(value);
  const number = shortest(Number(value), type);
  if (Number.isNaN(number)) return "nan";
  if (!Number.isFinite(number)) return number < 0 ? "-inf" : "inf";
  const size = Math.abs(number);
  if (size !== 0 && (size >= (LARGE[type.itemsize] as number) || size < 1e-4)) {
    const [digits = "", exponent = ""] = number.toExponential(DIGITS).split("e");
    return `${trimmed(digits)}e${exponentText(exponent)}`;
  }
  return trimmed(number.toFixed(DIGITS));
}

/** A relative difference. Those of integers are float64. */
export function relativeText(value: number, type: DType): string {
  return differenceText(value, type.kind === "f" ? type : dtypeOf("float64"));
}

/** The shortest decimal number that stands for the value in its dtype. */
function shortest(value: number, type: DType): number {
  if (type.itemsize === 8) return value;
  const [text = ""] = textsOfCast(cast(Float64Array.of(value), 1, "float64", type), 1, type);
  return text === "inf" ? Number.POSITIVE_INFINITY : Number(text);
}

function trimmed(digits: string): string {
  return digits.replace(/0+$/, "");
}

function exponentText(exponent: string): string {
  return `${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}

/** Python's `{:.3g}`. */
export function percentText(part: number, whole: number): string {
  const percent = Number(((100 * part) / whole).toPrecision(3));
  if (percent !== 0 && percent < 1e-4) {
    const [digits = "", exponent = ""] = percent.toExponential(2).split("e");
    return `${digits.replace(/\.?0+$/, "")}e${exponentText(exponent)}%`;
  }
  return `${percent}%`;
}
