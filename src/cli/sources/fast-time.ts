/** Reads dates and times (ISO 8601) from ASCII into the bytes of datetime64. */
import type { DType } from "../../node.ts";

/** What times of a unit have after the date. */
export interface TimeFormat {
  /** How many of hours, minutes and seconds. */
  readonly parts: number;
  /** At most so many digits after the seconds. */
  readonly digits: number;
  /** Seconds to a tick, where that is not a fraction. */
  readonly seconds: number;
}

const FORMATS: ReadonlyMap<string, TimeFormat> = new Map([
  ["D", { parts: 0, digits: 0, seconds: 86_400 }],
  ["h", { parts: 1, digits: 0, seconds: 3600 }],
  ["m", { parts: 2, digits: 0, seconds: 60 }],
  ["s", { parts: 3, digits: 0, seconds: 1 }],
  ["ms", { parts: 3, digits: 3, seconds: 1 }],
  ["us", { parts: 3, digits: 6, seconds: 1 }],
  ["ns", { parts: 3, digits: 9, seconds: 1 }],
]);

/** `undefined` for units that `parseTime` does not read. */
export function timeFormat({ datetime }: DType): TimeFormat | undefined {
  return datetime?.count === 1 ? FORMATS.get(datetime.unit) : undefined;
}

const [LINE_FEED, RETURN, SPACE, DASH, POINT, ZERO, COLON, T] = [0x0a, 0x0d, 0x20, 0x2d, 0x2e, 0x30, 0x3a, 0x54];
const NAT = [0x4e, 0x61, 0x54];

/** Nanoseconds since 1970 fit 64 bits in the years between these. */
const [FIRST_YEAR, LAST_YEAR] = [1678, 2261];

/** Reads the cell at `start`, and returns where it ends; -1 for all that is not a plain time of the unit, or not before the year 2262. */
export function parseTime(
  bytes: Uint8Array,
  start: number,
  delimiter: number,
  { parts, digits, seconds: perTick }: TimeFormat,
  view: DataView,
  target: number,
  isLittle: boolean,
): number {
  const isEnd = (byte: number | undefined): boolean => byte === delimiter || byte === LINE_FEED || byte === RETURN;
  const isNaT = NAT.every((byte, i) => bytes[start + i] === byte);
  if (isNaT || isEnd(bytes[start])) {
    const end = isNaT ? start + 3 : start;
    if (!isEnd(bytes[end])) return -1;
    view.setUint32(target + (isLittle ? 0 : 4), 0);
    view.setUint32(target + (isLittle ? 4 : 0), 2 ** 31, isLittle);
    return end;
  }
  const century = twoDigits(bytes, start);
  const ofCentury = twoDigits(bytes, start + 2);
  const month = twoDigits(bytes, start + 5);
  const day = twoDigits(bytes, start + 8);
  if (century < 0 || ofCentury < 0 || bytes[start + 4] !== DASH || bytes[start + 7] !== DASH) return -1;
  const year = 100 * century + ofCentury;
  if (year < FIRST_YEAR || year > LAST_YEAR || month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return -1;
  let at = start + 10;
  let time = 0;
  let fraction = 0;
  if (!isEnd(bytes[at])) {
    if (parts === 0 || (bytes[at] !== T && bytes[at] !== SPACE)) return -1;
    for (let part = 0; part < 3; part++) {
      const value = part < parts ? twoDigits(bytes, at + 1) : -1;
      if (value < 0 || value >= (part === 0 ? 24 : 60)) return -1;
      time += value * (part === 0 ? 3600 : part === 1 ? 60 : 1);
      at += 3;
      if (isEnd(bytes[at])) break;
      if (part < 2 && bytes[at] !== COLON) return -1;
    }
    if (bytes[at] === POINT) {
      let read = 0;
      for (let byte = bytes[++at] as number; byte >= ZERO && byte <= ZERO + 9; byte = bytes[++at] as number) {
        fraction = 10 * fraction + byte - ZERO;
        if (++read > digits) return -1;
      }
      if (read === 0) return -1;
      fraction *= 10 ** (digits - read);
    }
    if (!isEnd(bytes[at])) return -1;
  }
  const seconds = daysFrom1970(year, month, day) * 86_400 + time;
  store(view, target, seconds / perTick, digits, fraction, isLittle);
  return at;
}

function store(view: DataView, target: number, ticks: number, digits: number, fraction: number, isLittle: boolean): void {
  if (digits === 9) {
    view.setBigInt64(target, BigInt(ticks) * 1_000_000_000n + BigInt(fraction), isLittle);
    return;
  }
  // Below 2 ** 53.
  const whole = ticks * 10 ** digits + fraction;
  view.setUint32(target + (isLittle ? 0 : 4), whole, isLittle);
  view.setInt32(target + (isLittle ? 4 : 0), Math.floor(whole / 2 ** 32), isLittle);
}

function twoDigits(bytes: Uint8Array, at: number): number {
  const [tens, ones] = [(bytes[at] as number) - ZERO, (bytes[at + 1] as number) - ZERO];
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? 10 * tens + ones : -1;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** The proleptic Gregorian calendar, in years that begin in March, so that leap days come last. */
function daysFrom1970(year: number, month: number, day: number): number {
  const years = month > 2 ? year : year - 1;
  const months = month > 2 ? month - 3 : month + 9;
  const leapDays = Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400);
  return 365 * years + leapDays + Math.floor((153 * months + 2) / 5) + day - 1 - 719_468;
}
