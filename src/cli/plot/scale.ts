/** Scales: where a value lies on an axis, and the ticks beside it. */
import type { Quantity } from "./columns.ts";
import { dateTicks } from "./dates.ts";
import type { Range } from "./envelope.ts";
import { ceilTo, type Tick } from "./ticks.ts";

export interface Scale {
  readonly min: number;
  readonly max: number;
  readonly isLog: boolean;
  /** 0 at one end of the axis, 1 at the other. */
  place(value: number): number;
  /** At most so many ticks, at round values. */
  ticks(most: number): readonly Tick[];
}

export interface ScaleOptions {
  readonly quantity?: Quantity;
  /** Added to values for their labels. */
  readonly origin?: bigint;
  readonly isLog?: boolean;
  /** Whether the axis ends at round values. */
  readonly isRound?: boolean;
}

const NUMBER: Quantity = { kind: "number" };

export function scaleOf(range: Range, { quantity = NUMBER, origin = 0n, isLog = false, isRound = false }: ScaleOptions): Scale {
  if (isLog) return logScale(range);
  const wide = widened(range, quantity);
  if (quantity.kind === "date") {
    return linear(wide, (most) => dateTicks(wide, origin, quantity, most));
  }
  const isWhole = quantity.kind === "integer";
  const { min, max } = isRound && origin === 0n ? roundedOut(wide, isWhole) : wide;
  return linear({ min, max }, (most) =>
    origin === 0n ? numberTicks({ min, max }, most, isWhole) : longTicks(wide, origin, most),
  );
}

function linear({ min, max }: Range, ticks: Scale["ticks"]): Scale {
  // The difference of large numbers may be infinite.
  const factor = Number.isFinite(max - min) ? 1 : 0.25;
  const length = max * factor - min * factor;
  return { min, max, isLog: false, ticks, place: (value) => (value * factor - min * factor) / length };
}

/** A range that is no single point. */
export function widened({ min, max }: Range, quantity: Quantity = NUMBER): Range {
  if (min < max) return { min, max };
  const by = quantity.kind === "number" ? Math.abs(min) / 10 || 1 : 0.5;
  return { min: Math.max(-Number.MAX_VALUE, min - by), max: Math.min(Number.MAX_VALUE, max + by) };
}

/** Intervals between ticks that a range is rounded to. */
const INTERVALS = 10;

function roundedOut({ min, max }: Range, isWhole: boolean): Range {
  const step = stepOf({ min, max }, INTERVALS + 1, isWhole);
  const [low, high] = [multiple(Math.floor(min / size(step) + 1e-9), step), multiple(Math.ceil(max / size(step) - 1e-9), step)];
  return Number.isFinite(low) && Number.isFinite(high) && low <= min && high >= max ? { min: low, max: high } : { min, max };
}

/** 1, 2 or 5 times a power of ten. */
interface Step {
  readonly digit: number;
  readonly power: number;
}

function size({ digit, power }: Step): number {
  return multiple(1, { digit, power });
}

/** Divides where that is more exact than to multiply. */
function multiple(count: number, { digit, power }: Step): number {
  return power < 0 && power > -300 ? (count * digit) / 10 ** -power : count * digit * 10 ** power;
}

/** The smallest step of which at most `most` multiples lie in a range. */
function stepOf({ min, max }: Range, most: number, isWhole: boolean): Step {
  const length = max / 2 - min / 2 || (max - min) / 2;
  let power = Math.max(-323, Math.floor(Math.log10(length / Math.max(1, most))));
  if (isWhole) power = Math.max(0, power);
  for (; power < 309; power++) {
    for (const digit of [1, 2, 5]) {
      const step = { digit, power };
      if (Math.floor(max / size(step) + 1e-9) - Math.ceil(min / size(step) - 1e-9) < most) return step;
    }
  }
  return { digit: 1, power: 308 };
}

function numberTicks({ min, max }: Range, most: number, isWhole: boolean): Tick[] {
  const step = stepOf({ min, max }, most, isWhole);
  const first = Math.ceil(min / size(step) - 1e-9);
  const last = Math.min(first + most, Math.floor(max / size(step) + 1e-9));
  // Without minus zero.
  const values = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => multiple(first + i, step) + 0);
  return texts(values, step.power).map((text, i) => ({ value: values[i] as number, text }));
}

/** Numbers with as many digits as their step needs. */
function texts(values: readonly number[], power: number): string[] {
  const largest = Math.max(...values.map(Math.abs));
  if (largest === 0 || (largest >= 1e-3 && largest < 1e7))
    return values.map((value) => value.toFixed(Math.min(100, Math.max(0, -power))));
  return values.map((value) => {
    if (value === 0) return "0";
    const digits = Math.floor(Math.log10(Math.abs(value)) + 1e-9) - power;
    return value.toExponential(Math.min(16, Math.max(0, digits))).replace(/\.?0*e\+?/, "e");
  });
}

/** Ticks of integers beyond 2 ** 53. */
function longTicks({ min, max }: Range, origin: bigint, most: number): Tick[] {
  const step = BigInt(size(stepOf({ min: 0, max: max - min }, most, true)));
  const [low, high] = [origin + BigInt(Math.ceil(min)), origin + BigInt(Math.floor(max))];
  const ticks: Tick[] = [];
  for (let value = ceilTo(low, step); value <= high && ticks.length < most; value += step) {
    ticks.push({ value: Number(value - origin), text: String(value) });
  }
  return ticks;
}

function logScale({ min, max }: Range): Scale {
  const [low, high] = min < max ? [Math.log10(min), Math.log10(max)] : [Math.log10(min) - 0.5, Math.log10(min) + 0.5];
  return {
    min: 10 ** low,
    max: 10 ** high,
    isLog: true,
    place: (value) => (Math.log10(value) - low) / (high - low),
    ticks: (most) => logTicks(low, high, most),
  };
}

/** Powers of ten; between few of them also their doubles and fivefolds; within less than one, round numbers. */
function logTicks(low: number, high: number, most: number): Tick[] {
  const [first, last] = [Math.ceil(low - 1e-9), Math.floor(high + 1e-9)];
  const decades = last - first + 1;
  const every = [1, 2, 3, 5, 10, 20, 50, 100, 200].find((count) => decades / count <= most) ?? 500;
  const powers = Array.from({ length: Math.max(0, decades) }, (_, i) => first + i).filter((power) => power % every === 0);
  const between = [first - 1, ...powers].flatMap((power) => [1, 2, 5].map((digit) => ({ digit, power })));
  const inside = between.filter((step) => Math.log10(size(step)) >= low - 1e-9 && Math.log10(size(step)) <= high + 1e-9);
  if (inside.length < 2) return numberTicks({ min: 10 ** low, max: 10 ** high }, most, false);
  const isFine = every === 1 && inside.length <= most;
  const steps = isFine ? inside : powers.map((power) => ({ digit: 1, power }));
  const isPlain = steps.every(({ power }) => power >= -3 && power <= 5);
  return steps.map((step) => ({ value: size(step), text: isPlain ? plain(step) : `${step.digit}e${step.power}` }));
}

function plain(step: Step): string {
  return size(step).toFixed(Math.max(0, -step.power));
}
