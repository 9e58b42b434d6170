/** Ticks of axes of dates: at round seconds, minutes, hours, days, months and years. */
import type { DatetimeUnit } from "../../node.ts";
import type { Range } from "./envelope.ts";
import { ceilTo, type Tick } from "./ticks.ts";

const SECOND = 10n ** 18n;
const [MINUTE, HOUR, DAY] = [60n * SECOND, 3600n * SECOND, 86400n * SECOND];

/** The attoseconds of each unit that has a fixed length. */
const LENGTHS: Readonly<Partial<Record<DatetimeUnit, bigint>>> = {
  W: 7n * DAY,
  D: DAY,
  h: HOUR,
  m: MINUTE,
  s: SECOND,
  ms: 10n ** 15n,
  us: 10n ** 12n,
  ns: 10n ** 9n,
  ps: 10n ** 6n,
  fs: 10n ** 3n,
  as: 1n,
};

/** Steps of a fixed length, from 1 attosecond to 2 weeks. */
const STEPS: readonly bigint[] = [
  ...Array.from({ length: 18 }, (_, power) => [1n, 2n, 5n].map((digit) => digit * 10n ** BigInt(power))).flat(),
  ...[1n, 2n, 5n, 10n, 15n, 30n].map((count) => count * SECOND),
  ...[1n, 2n, 5n, 10n, 15n, 30n].map((count) => count * MINUTE),
  ...[1n, 2n, 3n, 6n, 12n].map((count) => count * HOUR),
  ...[1n, 2n, 7n, 14n].map((count) => count * DAY),
];

/** Steps of months, from one month to as many years as datetime64 can reach. */
const MONTHS: readonly bigint[] = [
  1n,
  3n,
  6n,
  ...Array.from({ length: 20 }, (_, power) => [1n, 2n, 5n].map((digit) => 12n * digit * 10n ** BigInt(power))).flat(),
];

/** At most `most` ticks in a range of datetime64 values, counted from `origin`. */
export function dateTicks(
  { min, max }: Range,
  origin: bigint,
  { unit, count }: { readonly unit: DatetimeUnit; readonly count: number },
  most: number,
): Tick[] {
  const [low, high] = [origin + BigInt(Math.ceil(min)), origin + BigInt(Math.floor(max))];
  const size = BigInt(count);
  const length = LENGTHS[unit];
  if (length === undefined) {
    const months = size * (unit === "Y" ? 12n : 1n);
    return monthTicks(
      low * months,
      high * months,
      most,
      (month) => Number(floorDiv(month, months) - origin) + fraction(month, months),
    );
  }
  const ticks = size * length;
  const [start, stop] = [low * ticks, high * ticks];
  const placeOf = (time: bigint): number => Number(floorDiv(time, ticks) - origin) + fraction(time, ticks);
  const step = STEPS.find((one) => multiplesIn(start, stop, one) <= BigInt(most));
  if (step !== undefined) return timeTicks(start, stop, step, placeOf);
  return monthTicks(monthOf(start), monthOf(stop), most, (month) => placeOf(daysOf(month) * DAY)).filter(
    ({ value }) => value >= min && value <= max,
  );
}

function multiplesIn(low: bigint, high: bigint, step: bigint): bigint {
  return floorDiv(high, step) - floorDiv(low - 1n, step);
}

function fraction(value: bigint, unit: bigint): number {
  return Number(((value % unit) + unit) % unit) / Number(unit);
}

/** Weeks begin on Mondays, and 1970 on a Thursday. */
const MONDAY = -3n * DAY;

function timeTicks(start: bigint, stop: bigint, step: bigint, placeOf: (time: bigint) => number): Tick[] {
  const shift = step % (7n * DAY) === 0n ? MONDAY : 0n;
  const found: Tick[] = [];
  for (let time = ceilTo(start - shift, step) + shift; time <= stop; time += step) {
    found.push({ value: placeOf(time), ...timeText(time, step) });
  }
  return found;
}

function monthTicks(low: bigint, high: bigint, most: number, placeOf: (month: bigint) => number): Tick[] {
  const step = MONTHS.find((one) => multiplesIn(low, high, one) <= BigInt(most)) ?? (MONTHS.at(-1) as bigint);
  const found: Tick[] = [];
  // Years are counted from 0, months from 1970.
  const epoch = 1970n * 12n;
  for (let month = ceilTo(low + epoch, step) - epoch; month <= high; month += step) {
    const { year, month: ofYear } = partsOf(month);
    found.push({ value: placeOf(month), text: step % 12n === 0n ? year : `${year}-${ofYear}` });
  }
  return found;
}

/** The text of a time at a round multiple of `step`, and the rest of its date. */
function timeText(time: bigint, step: bigint): { readonly text: string; readonly context: string } {
  const day = floorDiv(time, DAY);
  const { year, month, dayOfMonth } = dateOf(day);
  if (step % DAY === 0n) return { text: `${month}-${dayOfMonth}`, context: year };
  const inDay = time - day * DAY;
  const two = (value: bigint): string => String(value).padStart(2, "0");
  const clock = `${two(inDay / HOUR)}:${two((inDay % HOUR) / MINUTE)}`;
  const date = `${year}-${month}-${dayOfMonth}`;
  if (step % MINUTE === 0n) return { text: clock, context: date };
  const seconds = two((inDay % MINUTE) / SECOND);
  if (step % SECOND === 0n) return { text: `${clock}:${seconds}`, context: date };
  const digits = 18 - trailingZeros(step);
  const rest = String(inDay % SECOND)
    .padStart(18, "0")
    .slice(0, digits);
  return digits <= 3
    ? { text: `${clock}:${seconds}.${rest}`, context: date }
    : { text: `${seconds}.${rest}`, context: `${date} ${clock}` };
}

function trailingZeros(value: bigint): number {
  return String(value).length - String(value).replace(/0+$/, "").length;
}

function floorDiv(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value < 0n && quotient * by !== value ? quotient - 1n : quotient;
}

function partsOf(monthsSince1970: bigint): { readonly year: string; readonly month: string } {
  const year = floorDiv(monthsSince1970, 12n);
  return { year: yearText(year + 1970n), month: String(monthsSince1970 - 12n * year + 1n).padStart(2, "0") };
}

function yearText(year: bigint): string {
  return year < 0n ? `-${String(-year).padStart(4, "0")}` : String(year).padStart(4, "0");
}

/** Months since 1970. */
function monthOf(time: bigint): bigint {
  const { months } = civil(floorDiv(time, DAY));
  return months;
}

function dateOf(day: bigint): { readonly year: string; readonly month: string; readonly dayOfMonth: string } {
  const { months, dayOfMonth } = civil(day);
  return { ...partsOf(months), dayOfMonth: String(dayOfMonth).padStart(2, "0") };
}

/** Days of 400 years, and from 0000-03-01 to 1970-01-01. */
const ERA = 146097n;
const TO_1970 = 719468n;

/** Source: `civil_from_days` and `days_from_civil` by Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
function civil(day: bigint): { readonly months: bigint; readonly dayOfMonth: bigint } {
  const shifted = day + TO_1970;
  const era = floorDiv(shifted, ERA);
  const ofEra = shifted - era * ERA;
  const yearOfEra = (ofEra - ofEra / 1460n + ofEra / 36524n - ofEra / 146096n) / 365n;
  const ofYear = ofEra - (365n * yearOfEra + yearOfEra / 4n - yearOfEra / 100n);
  const fromMarch = (5n * ofYear + 2n) / 153n;
  const months = (yearOfEra + era * 400n - 1970n) * 12n + fromMarch + 2n;
  return { months, dayOfMonth: ofYear - (153n * fromMarch + 2n) / 5n + 1n };
}

/** The day on which a month begins. */
function daysOf(monthsSince1970: bigint): bigint {
  const fromMarch = monthsSince1970 + 1970n * 12n - 2n;
  const year = floorDiv(fromMarch, 12n);
  const era = floorDiv(year, 400n);
  const yearOfEra = year - era * 400n;
  const ofYear = (153n * (fromMarch - 12n * year) + 2n) / 5n;
  return era * ERA + yearOfEra * 365n + yearOfEra / 4n - yearOfEra / 100n + ofYear - TO_1970;
}
