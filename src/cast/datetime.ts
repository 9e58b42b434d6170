/**
 * datetime64 and timedelta64: conversions between units, and text in ISO 8601, after NumPy's "Datetimes and Timedeltas". A count beyond 64
 * bits is an error here, where NumPy wraps around silently.
 */
import { NpyError } from "../errors.ts";
import type { DatetimeUnit, DType } from "../format/dtype.ts";
import { type Conversion, copyBytes, unconvertible } from "./kernel.ts";

/** How NumPy stores "not a time". */
export const NOT_A_TIME: bigint = -(2n ** 63n);

const MAX = 2n ** 63n - 1n;

type Unit = Exclude<DatetimeUnit, "generic">;

/** Attoseconds of each unit that has a fixed length. */
const LENGTHS: ReadonlyMap<Unit, bigint> = new Map<Unit, bigint>([
  ["W", 7n * 86_400n * 10n ** 18n],
  ["D", 86_400n * 10n ** 18n],
  ["h", 3_600n * 10n ** 18n],
  ["m", 60n * 10n ** 18n],
  ...(["s", "ms", "us", "ns", "ps", "fs", "as"] as const).map((unit, i) => [unit, 10n ** BigInt(18 - 3 * i)] as const),
]);

const DAY = LENGTHS.get("D") as bigint;

/** The Gregorian calendar repeats itself after 400 years, which have so many days. */
const DAYS_OF_ERA = 146_097n;

/** Months of each calendar unit. */
const MONTHS = { Y: 12n, M: 1n } as const;

function isCalendar(unit: Unit): unit is "Y" | "M" {
  return unit === "Y" || unit === "M";
}

/** The conversion between two dtypes of kinds M and m. */
export function datetimeConversion(from: DType, to: DType): Conversion {
  const source = stepOf(from);
  const target = stepOf(to);
  if (from.kind === "M" && to.kind === "M" && source === undefined && target !== undefined && isCalendar(target.unit)) {
    return { convert: onlyNotATime(from, to), canFail: true };
  }
  // NumPy keeps the count between datetimes and timedeltas, and where there is no unit.
  if (from.kind !== to.kind || source === undefined || target === undefined) return { convert: copyBytes(8, 8), canFail: false };
  const { numerator, denominator } = ratio(source, target);
  if (from.kind === "M" && isCalendar(source.unit) !== isCalendar(target.unit)) {
    return { convert: eachTime(to, calendarStep(source, target)), canFail: true };
  }
  if (numerator === denominator) return { convert: copyBytes(8, 8), canFail: false };
  const scale = (count: bigint): bigint => floorDivide(count * numerator, denominator);
  return { convert: eachTime(to, scale), canFail: numerator > denominator };
}

interface TimeStep {
  readonly unit: Unit;
  readonly count: bigint;
}

/** What one step of a dtype is; `undefined` if it has no unit. */
function stepOf({ datetime }: DType): TimeStep | undefined {
  if (datetime === undefined || datetime.unit === "generic") return undefined;
  return { unit: datetime.unit, count: BigInt(datetime.count) };
}

/** How many steps of `target` make one of `source`. As in NumPy, a year of a timedelta64 has 365.2425 days. */
function ratio(source: TimeStep, target: TimeStep): { numerator: bigint; denominator: bigint } {
  const numerator = lengthOf(source);
  const denominator = lengthOf(target);
  const common = greatestCommonDivisor(numerator, denominator);
  return { numerator: numerator / common, denominator: denominator / common };
}

/** In 1/4800ths of attoseconds, since the average month has 146097/4800 days. */
function lengthOf({ unit, count }: TimeStep): bigint {
  return count * (isCalendar(unit) ? MONTHS[unit] * DAYS_OF_ERA * DAY : 4800n * (LENGTHS.get(unit) as bigint));
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b);
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return quotient * b > a ? quotient - 1n : quotient;
}

/** The conversion of datetimes between months and units of a fixed length. */
function calendarStep(source: TimeStep, target: TimeStep): (count: bigint) => bigint {
  if (isCalendar(source.unit)) {
    const months = MONTHS[source.unit] * source.count;
    const length = (LENGTHS.get(target.unit) as bigint) * target.count;
    return (count) => floorDivide(daysOfMonths(count * months) * DAY, length);
  }
  const length = (LENGTHS.get(source.unit) as bigint) * source.count;
  const months = MONTHS[target.unit as "Y" | "M"] * target.count;
  return (count) => floorDivide(civil(floorDivide(count * length, DAY)).months, months);
}

function eachTime(to: DType, step: (count: bigint) => bigint): Conversion["convert"] {
  return (source, target) => {
    const counts = new BigInt64Array(source.buffer, source.byteOffset, source.length / 8);
    const results = new BigInt64Array(target.buffer, target.byteOffset, target.length / 8);
    for (let i = 0; i < results.length; i++) {
      const count = counts[i] as bigint;
      results[i] = count === NOT_A_TIME ? count : inRange(step(count), String(count), to);
    }
  };
}

/** Months and years need a date, which a datetime64 without a unit has not. */
function onlyNotATime(from: DType, to: DType): Conversion["convert"] {
  return eachTime(to, (count) => {
    throw unconvertible(`${count} of ${from.str}`, to, "it has no unit");
  });
}

/** The smallest count stands for "not a time". */
function inRange(count: bigint, shown: string, to: DType): bigint {
  if (count > NOT_A_TIME && count <= MAX) return count;
  throw unconvertible(shown, to, "the result is beyond 64 bits");
}

/** Days from 1970-01-01 to the first of the month that is `months` after January 1970, in the proleptic Gregorian calendar. */
function daysOfMonths(months: bigint): bigint {
  // Years begin in March here, so that the leap day comes last.
  const shifted = months + 1970n * 12n - 2n;
  const year = floorDivide(shifted, 12n);
  const month = shifted - year * 12n;
  const days = 365n * year + floorDivide(year, 4n) - floorDivide(year, 100n) + floorDivide(year, 400n);
  return days + (153n * month + 2n) / 5n - 719_468n;
}

/** The month (counted from January 1970) and the day (from 1) of a day counted from 1970-01-01. */
function civil(days: bigint): { months: bigint; day: bigint } {
  const shifted = days + 719_468n;
  const era = floorDivide(shifted, DAYS_OF_ERA);
  const dayOfEra = shifted - era * DAYS_OF_ERA;
  const yearOfEra = (dayOfEra - dayOfEra / 1_460n + dayOfEra / 36_524n - dayOfEra / 146_096n) / 365n;
  const dayOfYear = dayOfEra - (365n * yearOfEra + yearOfEra / 4n - yearOfEra / 100n);
  const month = (5n * dayOfYear + 2n) / 153n;
  return {
    months: (era * 400n + yearOfEra) * 12n + month + 2n - 1970n * 12n,
    day: dayOfYear - (153n * month + 2n) / 5n + 1n,
  };
}

// ---- text ----

/** The words of `str(numpy.timedelta64(...))`. */
const WORDS: Readonly<Record<DatetimeUnit, string>> = {
  Y: "years",
  M: "months",
  W: "weeks",
  D: "days",
  h: "hours",
  m: "minutes",
  s: "seconds",
  ms: "milliseconds",
  us: "microseconds",
  ns: "nanoseconds",
  ps: "picoseconds",
  fs: "femtoseconds",
  as: "attoseconds",
  generic: "generic time units",
};

/** A timedelta64 as NumPy writes it, such as `25 seconds`. */
export function formatTimedelta(count: bigint, { datetime }: DType): string {
  if (count === NOT_A_TIME) return "NaT";
  const { unit, count: steps } = datetime ?? { unit: "generic", count: 1 };
  return `${count * BigInt(steps)} ${WORDS[unit]}`;
}

/** A datetime64 in ISO 8601, as fine as its unit. */
export function formatDatetime(count: bigint, type: DType): string {
  if (count === NOT_A_TIME) return "NaT";
  const step = stepOf(type);
  if (step === undefined) throw new NpyError("ERR_NPY_VALUE", `${count} of ${type.str} is no date: a datetime64 needs a unit.`);
  const { unit } = step;
  if (isCalendar(unit)) {
    const months = count * step.count * MONTHS[unit];
    return unit === "Y" ? yearText(months) : `${yearText(months)}-${monthText(months)}`;
  }
  const instant = count * step.count * (LENGTHS.get(unit) as bigint);
  const days = floorDivide(instant, DAY);
  const { months, day } = civil(days);
  const date = `${yearText(months)}-${monthText(months)}-${pad(day)}`;
  if (unit === "W" || unit === "D") return date;
  const seconds = (instant - days * DAY) / 10n ** 18n;
  const [hour, minute, second] = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map(pad);
  if (unit === "h") return `${date}T${hour}`;
  if (unit === "m") return `${date}T${hour}:${minute}`;
  const digits = 3 * ["s", "ms", "us", "ns", "ps", "fs", "as"].indexOf(unit);
  const fraction = ((instant - days * DAY) % 10n ** 18n).toString().padStart(18, "0").slice(0, digits);
  return `${date}T${hour}:${minute}:${second}${digits === 0 ? "" : `.${fraction}`}`;
}

function yearText(months: bigint): string {
  const year = 1970n + floorDivide(months, 12n);
  return year < 0n ? `-${String(-year).padStart(3, "0")}` : String(year).padStart(4, "0");
}

function monthText(months: bigint): string {
  return pad(months - 12n * floorDivide(months, 12n) + 1n);
}

function pad(number: bigint): string {
  return String(number).padStart(2, "0");
}

const ISO =
  /^\s*([+-]?\d{1,18})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{0,18}))?)?)?(?:(Z|[+-]\d\d(?::?\d\d)?)\s*)?)?)?)?$/;

/** Reads a datetime64 as NumPy does, cut off to the unit. `now` and `today` are refused. */
export function parseDatetime(text: string, to: DType): bigint {
  if (/^(nat)?$/i.test(text)) return NOT_A_TIME;
  const step = stepOf(to);
  const found = ISO.exec(text);
  if (step === undefined || found === null) throw notADate(text, to);
  const [, years, month = "1", day = "1", hour = "0", minute = "0", second = "0", fraction = "", zone] = found;
  const months = (BigInt((years as string).replace("+", "")) - 1970n) * 12n + BigInt(month) - 1n;
  const first = daysOfMonths(months);
  const isDate =
    Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && BigInt(day) <= daysOfMonths(months + 1n) - first;
  if (!isDate || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) throw notADate(text, to);
  const days = first + BigInt(day) - 1n;
  const seconds = BigInt(hour) * 3600n + (BigInt(minute) - offsetOf(zone)) * 60n + BigInt(second);
  const instant = days * DAY + seconds * 10n ** 18n + BigInt(fraction.padEnd(18, "0"));
  const { unit, count } = step;
  const result = isCalendar(unit)
    ? floorDivide(civil(floorDivide(instant, DAY)).months, MONTHS[unit] * count)
    : floorDivide(instant, (LENGTHS.get(unit) as bigint) * count);
  return inRange(result, JSON.stringify(text), to);
}

/** Minutes that a time zone is ahead of UTC. */
function offsetOf(zone: string | undefined): bigint {
  if (zone === undefined || zone === "Z") return 0n;
  const digits = zone.slice(1).replace(":", "").padEnd(4, "0");
  const minutes = BigInt(digits.slice(0, 2)) * 60n + BigInt(digits.slice(2));
  return zone.startsWith("-") ? -minutes : minutes;
}

function notADate(text: string, to: DType): NpyError {
  return unconvertible(
    JSON.stringify(text),
    to,
    'expected a date and time in ISO 8601, such as "2000-01-02T03:04:05.678", or "NaT"',
  );
}
