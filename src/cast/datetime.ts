/**
 * datetime64 and timedelta64: conversions between units, and text in ISO 8601, after NumPy's "Datetimes and Timedeltas". A count beyond 64
 * bits is an error here, where NumPy wraps around silently.
 */
import { NpyError, quoted } from "../errors.ts";
import type { DatetimeUnit, DType } from "../format/dtype.ts";
import { elementsOf } from "../format/scalars.ts";
import { isCalendar, UNITS } from "../format/units.ts";
import { type Conversion, copyBytes, unconvertible } from "./kernel.ts";

/** How NumPy stores "not a time". */
export const NOT_A_TIME: bigint = -(2n ** 63n);

const MAX = 2n ** 63n - 1n;

type Unit = Exclude<DatetimeUnit, "generic">;

const SECOND = UNITS.s.length;
const DAY = UNITS.D.length;

/** An era is the 400 years after which the Gregorian calendar repeats itself. */
const DAYS_OF_ERA = 146_097n;
const MONTHS_OF_ERA = 4_800n;

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

/** One step of a dtype; `undefined` if it has no unit. */
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
  return count * UNITS[unit].length * (isCalendar(unit) ? DAYS_OF_ERA * DAY : MONTHS_OF_ERA);
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
  const [from, to] = [source, target].map(({ unit, count }) => UNITS[unit].length * count) as [bigint, bigint];
  if (isCalendar(source.unit)) return (count) => floorDivide(daysOfMonths(count * from) * DAY, to);
  return (count) => floorDivide(civil(floorDivide(count * from, DAY)).months, to);
}

function eachTime(to: DType, step: (count: bigint) => bigint): Conversion["convert"] {
  return (source, target) => {
    const counts = elementsOf(source, "i8");
    const results = elementsOf(target, "i8");
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
  if (isInRange(count)) return count;
  throw unconvertible(shown, to, "the result is beyond 64 bits");
}

function isInRange(count: bigint): boolean {
  return count > NOT_A_TIME && count <= MAX;
}

/**
 * Days from 1970-01-01 to the first of the month that is `months` after January 1970, in the proleptic Gregorian calendar. Only eras are
 * counted in bigints, which are slow.
 */
function daysOfMonths(months: bigint): bigint {
  // Years begin in March here, so that the leap day comes last.
  const shifted = months + 1970n * 12n - 2n;
  const era = floorDivide(shifted, MONTHS_OF_ERA);
  const monthOfEra = Number(shifted - era * MONTHS_OF_ERA);
  const year = Math.floor(monthOfEra / 12);
  const days = 365 * year + Math.floor(year / 4) - Math.floor(year / 100) + Math.floor((153 * (monthOfEra % 12) + 2) / 5);
  return era * DAYS_OF_ERA + BigInt(days - 719_468);
}

/** The month (counted from January 1970) and the day (from 1) of a day counted from 1970-01-01. */
function civil(days: bigint): { months: bigint; day: number } {
  const shifted = days + 719_468n;
  const era = floorDivide(shifted, DAYS_OF_ERA);
  const dayOfEra = Number(shifted - era * DAYS_OF_ERA);
  const leapDays = Math.floor(dayOfEra / 1_460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const month = Math.floor((5 * dayOfYear + 2) / 153);
  return {
    months: era * MONTHS_OF_ERA + BigInt(yearOfEra * 12 + month + 2 - 1970 * 12),
    day: dayOfYear - Math.floor((153 * month + 2) / 5) + 1,
  };
}

// ---- text ----

/** A timedelta64 as NumPy writes it, such as `25 seconds`. */
export function formatTimedelta(count: bigint, { datetime }: DType): string {
  if (count === NOT_A_TIME) return "NaT";
  const { unit, count: steps } = datetime ?? { unit: "generic", count: 1 };
  return `${count * BigInt(steps)} ${UNITS[unit].words}`;
}

/** A datetime64 in ISO 8601, as fine as its unit. */
export function formatDatetime(count: bigint, type: DType): string {
  if (count === NOT_A_TIME) return "NaT";
  const step = stepOf(type);
  if (step === undefined) throw new NpyError("ERR_NPY_VALUE", `${count} of ${type.str} is no date: a datetime64 needs a unit.`);
  const { unit } = step;
  if (isCalendar(unit)) {
    const months = count * step.count * UNITS[unit].length;
    return unit === "Y" ? yearText(months) : `${yearText(months)}-${monthText(months)}`;
  }
  const { length, digits = 0 } = UNITS[unit];
  const steps = count * step.count;
  const stepsOfDay = DAY / length;
  const days = unit === "W" ? steps * 7n : floorDivide(steps, stepsOfDay);
  const { months, day } = civil(days);
  const date = `${yearText(months)}-${monthText(months)}-${pad(day)}`;
  if (unit === "W" || unit === "D") return date;
  const rest = steps - days * stepsOfDay;
  const seconds = Number(length > SECOND ? rest * (length / SECOND) : rest / (SECOND / length));
  const [hour, minute, second] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(pad);
  if (unit === "h") return `${date}T${hour}`;
  if (unit === "m") return `${date}T${hour}:${minute}`;
  const fraction = digits === 0 ? "" : `.${String(rest % (SECOND / length)).padStart(digits, "0")}`;
  return `${date}T${hour}:${minute}:${second}${fraction}`;
}

function yearText(months: bigint): string {
  const year = 1970n + floorDivide(months, 12n);
  return year < 0n ? `-${String(-year).padStart(3, "0")}` : String(year).padStart(4, "0");
}

function monthText(months: bigint): string {
  return pad(Number(months - 12n * floorDivide(months, 12n)) + 1);
}

function pad(number: number): string {
  return String(number).padStart(2, "0");
}

const ISO =
  /^\s*([+-]?\d{1,18})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{0,18}))?)?)?(?:(Z|[+-]\d\d(?::?\d\d)?)\s*)?)?)?)?$/;

/** A point in time: seconds since 1970, and the digits after them. */
interface Moment {
  readonly seconds: bigint;
  readonly fraction: string;
}

/** Reads a datetime64 as NumPy does, cut off to the unit. `now` and `today` are refused. */
export function parseDatetime(text: string, to: DType): bigint {
  if (/^(nat)?$/i.test(text)) return NOT_A_TIME;
  const step = stepOf(to);
  const moment = step && momentOf(text);
  if (step === undefined || moment === undefined) {
    throw unconvertible(quoted(text), to, `expected ${ISO_8601}`);
  }
  return inRange(stepsOf(moment, step), quoted(text), to);
}

/** What text must be to become a datetime64. */
const ISO_8601 = 'a date and time in ISO 8601, such as "2000-01-02T03:04:05.678", or "NaT"';

/** As {@link parseDatetime} takes it, but a year has four digits or a sign: text with other numbers is more likely a count. */
const STRICT_ISO = /^\s*(?:\d{4}(?!\d)|[+-])/;

/** Reads a datetime64 that is a whole number of the unit, or gives the reason why text is none. */
export function exactDatetime(text: string, to: DType): bigint | string {
  if (/^nat$/i.test(text)) return NOT_A_TIME;
  const step = stepOf(to);
  if (step === undefined) return "a datetime64 without a unit has no meaning for a date";
  const moment = STRICT_ISO.test(text) ? momentOf(text) : undefined;
  if (moment === undefined) return `expected ${ISO_8601}`;
  if (!isWhole(moment, step)) return "it is not a whole number of its units";
  const steps = stepsOf(moment, step);
  return isInRange(steps) ? steps : "it is beyond the range of the unit";
}

function momentOf(text: string): Moment | undefined {
  const found = ISO.exec(text);
  if (found === null) return undefined;
  const [, years, month = "1", day = "1", hour = "0", minute = "0", second = "0", fraction = "", zone] = found;
  const months = (BigInt((years as string).replace("+", "")) - 1970n) * 12n + BigInt(month) - 1n;
  const first = daysOfMonths(months);
  const isDate =
    Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && BigInt(day) <= daysOfMonths(months + 1n) - first;
  if (!isDate || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const clock = Number(hour) * 3600 + (Number(minute) - offsetOf(zone)) * 60 + Number(second);
  return { seconds: (first + BigInt(day) - 1n) * 86_400n + BigInt(clock), fraction };
}

/** Cuts off what is finer than a step. */
function stepsOf({ seconds, fraction }: Moment, { unit, count }: TimeStep): bigint {
  const { length, digits = 0 } = UNITS[unit];
  if (isCalendar(unit)) return floorDivide(civil(floorDivide(seconds, 86_400n)).months, length * count);
  if (length >= SECOND) return floorDivide(seconds, (length / SECOND) * count);
  return floorDivide(seconds * (SECOND / length) + BigInt(fraction.slice(0, digits).padEnd(digits, "0")), count);
}

/** Whether a moment is one at which a step begins. */
function isWhole({ seconds, fraction }: Moment, { unit, count }: TimeStep): boolean {
  const attoseconds = seconds * SECOND + BigInt(fraction.padEnd(18, "0"));
  const length = UNITS[unit].length * count;
  if (!isCalendar(unit)) return attoseconds % length === 0n;
  const { months, day } = civil(floorDivide(seconds, 86_400n));
  return attoseconds % DAY === 0n && day === 1 && months % length === 0n;
}

/** Minutes that a time zone is ahead of UTC. */
function offsetOf(zone: string | undefined): number {
  if (zone === undefined || zone === "Z") return 0;
  const digits = zone.slice(1).replace(":", "").padEnd(4, "0");
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return zone.startsWith("-") ? -minutes : minutes;
}
