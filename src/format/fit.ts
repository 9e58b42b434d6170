/** Which plain values fit into a scalar dtype, why others do not, and storing those that do. */
import { isLittleEndian, isLongDouble, putterOf, type ScalarType, scalarOf } from "./scalars.ts";

type KindAndSize = Pick<ScalarType, "kind" | "itemsize">;

/** The element that a value becomes (exactly; floats: the nearest), or the reason why there is none. */
export type Fit = (value: unknown) => number | bigint | string;

/** Stores a value that fits, in the dtype's byte order; `false` if it does not fit, and {@link fitOf} tells the reason. */
export type Store = (view: DataView, at: number, value: unknown) => boolean;

/** The least and the greatest integer of a dtype. */
export function integerRange({ kind, itemsize }: KindAndSize): readonly [min: bigint, max: bigint] {
  const bits = BigInt(8 * itemsize);
  return kind === "u" ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
}

/** Fits values into a dtype (each part of a complex number by itself); `undefined` for bytes, text and structures. */
export function fitOf(type: KindAndSize): Fit | undefined {
  if (isLongDouble(type)) return undefined;
  switch (type.kind) {
    case "b":
      return fitBoolean;
    case "i":
    case "u": {
      const [min, max] = integerRange(type);
      if (type.itemsize === 8) return (value) => fitLong(value, min, max);
      const [least, greatest] = [Number(min), Number(max)];
      return (value) => fitInteger(value, least, greatest);
    }
    case "f":
    case "c": {
      const [overflow, precision] = floatLimits(type);
      return (value) => fitFloat(value, overflow, precision);
    }
    case "M":
      return (value) => fitTicks(value, "expected a Date, text in ISO 8601, or a whole number of its units");
    case "m":
      return (value) => fitTicks(value, "expected a whole number of its units");
    default:
      return undefined;
  }
}

/** Stores values as {@link fitOf} makes them; `undefined` where that takes more than one `DataView` call. */
export function storeOf(type: ScalarType): Store | undefined {
  if (type.kind === "b") return storeBoolean;
  const put = putterOf(type);
  if (put === undefined) return undefined;
  const isLittle = isLittleEndian(type);
  // Engines keep a closure fast if it calls one check only: hence one for each kind.
  if (type.kind === "f") {
    const [overflow, precision] = floatLimits(type);
    return (view, at, value) => {
      const element = fitFloat(value, overflow, precision);
      const fits = typeof element !== "string";
      if (fits) put(view, at, element, isLittle);
      return fits;
    };
  }
  const [min, max] = integerRange(type);
  if (type.itemsize === 8) {
    return (view, at, value) => {
      const element = fitLong(value, min, max);
      const fits = typeof element !== "string";
      if (fits) put(view, at, element, isLittle);
      return fits;
    };
  }
  const [least, greatest] = [Number(min), Number(max)];
  return (view, at, value) => {
    const element = fitInteger(value, least, greatest);
    const fits = typeof element !== "string";
    if (fits) put(view, at, element, isLittle);
    return fits;
  };
}

function storeBoolean(view: DataView, at: number, value: unknown): boolean {
  const element = fitBoolean(value);
  if (typeof element === "string") return false;
  view.setUint8(at, element);
  return true;
}

function fitBoolean(value: unknown): number | string {
  if (value === true || value === 1 || value === 1n) return 1;
  if (value === false || value === 0 || value === 0n) return 0;
  return "expected true or false";
}

function fitInteger(value: unknown, min: number, max: number): number | string {
  const number =
    typeof value === "number" ? value : typeof value === "boolean" || typeof value === "bigint" ? Number(value) : Number.NaN;
  if (!Number.isInteger(number)) return "expected a whole number";
  return number >= min && number <= max ? number : outOfRange(min, max);
}

function fitLong(value: unknown, min: bigint, max: bigint): bigint | string {
  const integer = toBigInt(value);
  if (integer === undefined) return "expected a whole number";
  return integer >= min && integer <= max ? integer : outOfRange(min, max);
}

/** Why an integer does not fit. */
export function outOfRange(min: number | bigint, max: number | bigint): string {
  return `expected ${min} to ${max}`;
}

/** Why a finite number does not fit into a float. */
export const BEYOND_FINITE = "it is beyond the largest finite value";

const [MIN_TICKS, MAX_TICKS] = integerRange({ kind: "i", itemsize: 8 });

/** Steps of a datetime64 or timedelta64. A bool counts no steps. */
function fitTicks(value: unknown, expected: string): bigint | string {
  const ticks = typeof value === "boolean" ? undefined : toBigInt(value);
  return ticks === undefined ? expected : fitLong(ticks, MIN_TICKS, MAX_TICKS);
}

function toBigInt(value: unknown): bigint | undefined {
  if (typeof value === "bigint") return value;
  if (typeof value === "boolean" || (typeof value === "number" && Number.isInteger(value))) return BigInt(value);
  return undefined;
}

/** The least number that rounds to infinity, half a last place beyond the largest finite one; and the bits of the significand. */
export function floatLimits({ kind, itemsize }: KindAndSize): readonly [overflow: number, precision: number] {
  const float = scalarOf({ kind: "f", itemsize: kind === "c" ? itemsize / 2 : itemsize });
  const { precision = 0, exponent = 0 } = float ?? {};
  return [(2 - 2 ** -precision) * 2 ** exponent, precision];
}

function fitFloat(value: unknown, overflow: number, precision: number): number | string {
  if (typeof value === "number") {
    return Math.abs(value) < overflow || !Number.isFinite(value) ? value : BEYOND_FINITE;
  }
  if (typeof value === "boolean") return Number(value);
  if (typeof value !== "bigint") return "expected a number";
  const number = Number(value);
  const magnitude = value < 0n ? -value : value;
  const isExact = magnitude.toString(2).lastIndexOf("1") < precision;
  return isExact && Math.abs(number) < overflow ? number : "a bigint must be exact";
}
