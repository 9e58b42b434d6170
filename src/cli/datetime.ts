/** datetime64 as text, as NumPy prints it, and back. */
import type { DatetimeUnit, DType } from "../node.ts";
import { UsageError } from "./failure.ts";

/** How NumPy stores "not a time". */
export const NOT_A_TIME: bigint = -(2n ** 63n);

/** Digits after the seconds. */
const FRACTION: Readonly<Partial<Record<DatetimeUnit, number>>> = { s: 0, ms: 3, us: 6, ns: 9, ps: 12, fs: 15, as: 18 };

/** Seconds of the units that have some. */
const SECONDS: Readonly<Partial<Record<DatetimeUnit, bigint>>> = { W: 604_800n, D: 86_400n, h: 3600n, m: 60n, s: 1n };

const DAY = 86_400n;

/** `str(numpy.datetime64(ticks, unit))`. */
export function datetimeText(ticks: bigint, { unit, count }: NonNullable<DType["datetime"]>): string {
  if (ticks === NOT_A_TIME) return "NaT";
  const steps = ticks * BigInt(count);
  if (unit === "generic") return String(steps);
  if (unit === "Y") return yearText(1970n + steps);
  if (unit === "M") return `${yearText(1970n + floorDivide(steps, 12n))}-${twoDigits(modulo(steps, 12n) + 1n)}`;
  const digits = FRACTION[unit] ?? 0;
  const perSecond = 10n ** BigInt(digits);
  const seconds = floorDivide(steps * (SECONDS[unit] ?? 1n), perSecond);
  const date = dateText(floorDivide(seconds, DAY));
  if (unit === "D" || unit === "W") return date;
  const time = modulo(seconds, DAY);
  const clock = [time / 3600n, (time / 60n) % 60n, time % 60n].slice(0, unit === "h" ? 1 : unit === "m" ? 2 : 3);
  const fraction = digits === 0 ? "" : `.${String(modulo(steps, perSecond)).padStart(digits, "0")}`;
  return `${date}T${clock.map(twoDigits).join(":")}${fraction}`;
}

const ISO =
  /^([+-]?\d{4,}|-\d{3})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,18}))?)?)?(?:Z|([+-])(\d\d):?(\d\d))?)?)?)?$/;

/** The coarsest unit of those that people log in that holds a time exactly; `undefined` for what is no date of ISO 8601. */
export function unitOfText(text: string): "D" | "s" | "ms" | "us" | "ns" | undefined {
  const found = ISO.exec(text);
  if (found?.[3] === undefined) return undefined;
  if (found[4] === undefined) return "D";
  const digits = found[7]?.length ?? 0;
  return digits === 0 ? "s" : digits <= 3 ? "ms" : digits <= 6 ? "us" : digits <= 9 ? "ns" : undefined;
}

/**
 * The ticks of a date or time of ISO 8601; a time zone is taken into account, the result is UTC as NumPy's always are.
 *
 * @throws UsageError if the text is no date, or not a whole number of the unit.
 */
export function datetimeTicks(text: string, { unit, count }: NonNullable<DType["datetime"]>): bigint {
  if (text === "" || text === "NaT") return NOT_A_TIME;
  const found = ISO.exec(text);
  if (found === null) throw new UsageError("expected a date of ISO 8601, such as 2024-01-31 or 2024-01-31T23:59:59.5Z");
  const [, year = "", month = "1", day = "1", hour = "0", minute = "0", second = "0", fraction = "", sign = "+", ...zone] = found;
  const days = daysOf(BigInt(year), BigInt(month), BigInt(day));
  if (
    !dateText(days).endsWith(`-${month.padStart(2, "0")}-${day.padStart(2, "0")}`) ||
    hour > "23" ||
    minute > "59" ||
    second > "59"
  ) {
    throw new UsageError("there is no such date or time");
  }
  const months = (BigInt(year) - 1970n) * 12n + BigInt(month) - 1n;
  if (unit === "generic") throw new UsageError("a datetime64 without a unit has no dates");
  const [zoneHours = "0", zoneMinutes = "0"] = zone;
  const offset = (BigInt(zoneHours) * 60n + BigInt(zoneMinutes)) * (sign === "-" ? 60n : -60n);
  const seconds = days * DAY + clockSeconds(hour, minute, second) + offset;
  const isMonthly = unit === "Y" || unit === "M";
  const exact = seconds * 10n ** 18n + BigInt(fraction.padEnd(18, "0"));
  if (isMonthly && exact !== monthStart(months) * 10n ** 18n) throw tooFine(unit);
  const perTick = unit === "Y" ? 12n : unit === "M" ? 1n : (SECONDS[unit] ?? 1n) * 10n ** BigInt(18 - (FRACTION[unit] ?? 0));
  const step = perTick * BigInt(count);
  const amount = isMonthly ? months : exact;
  if (modulo(amount, step) !== 0n) throw tooFine(unit);
  const ticks = floorDivide(amount, step);
  if (ticks <= NOT_A_TIME || ticks > -NOT_A_TIME - 1n)
    throw new UsageError(`it is beyond what 64 bits of its unit (${unit}) hold`);
  return ticks;
}

function tooFine(unit: DatetimeUnit): UsageError {
  return new UsageError(`it is not a whole number of its unit (${unit})`);
}

function clockSeconds(hour: string, minute: string, second: string): bigint {
  return BigInt(hour) * 3600n + BigInt(minute) * 60n + BigInt(second);
}

function monthStart(months: bigint): bigint {
  return daysOf(1970n + floorDivide(months, 12n), modulo(months, 12n) + 1n, 1n) * DAY;
}

/** Days since 1970 of a date of the Gregorian calendar, counted in eras of 400 years that begin in March. */
function daysOf(year: bigint, month: bigint, day: bigint): bigint {
  const y = month <= 2n ? year - 1n : year;
  const era = floorDivide(y, 400n);
  const yearOfEra = y - era * 400n;
  const dayOfYear = (153n * ((month + 9n) % 12n) + 2n) / 5n + day - 1n;
  return era * 146_097n + yearOfEra * 365n + yearOfEra / 4n - yearOfEra / 100n + dayOfYear - 719_468n;
}

function dateText(days: bigint): string {
  const shifted = days + 719_468n;
  const era = floorDivide(shifted, 146_097n);
  const dayOfEra = shifted - era * 146_097n;
  const yearOfEra = (dayOfEra - dayOfEra / 1460n + dayOfEra / 36_524n - dayOfEra / 146_096n) / 365n;
  const dayOfYear = dayOfEra - (365n * yearOfEra + yearOfEra / 4n - yearOfEra / 100n);
  const shiftedMonth = (5n * dayOfYear + 2n) / 153n;
  const day = dayOfYear - (153n * shiftedMonth + 2n) / 5n + 1n;
  const month = shiftedMonth < 10n ? shiftedMonth + 3n : shiftedMonth - 9n;
  return `${yearText(yearOfEra + era * 400n + (month <= 2n ? 1n : 0n))}-${twoDigits(month)}-${twoDigits(day)}`;
}

/** C's `%04d`, as NumPy writes years: the sign is one of the four. */
function yearText(year: bigint): string {
  return year < 0n ? `-${String(-year).padStart(3, "0")}` : String(year).padStart(4, "0");
}

function twoDigits(n: bigint): string {
  return String(n).padStart(2, "0");
}

function floorDivide(a: bigint, b: bigint): bigint {
  return (a - modulo(a, b)) / b;
}

function modulo(a: bigint, b: bigint): bigint {
  return ((a % b) + b) % b;
}
