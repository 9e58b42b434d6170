/** Writes times as NumPy does, in ASCII. */
import type { DType } from "../../node.ts";
import { writeDigits2, writeDigits4 } from "./integer-bytes.ts";

/** Ticks to a second, and digits after it. */
const UNITS: ReadonlyMap<string, readonly [perSecond: number, digits: number]> = new Map([
  ["s", [1, 0]],
  ["ms", [1e3, 3]],
  ["us", [1e6, 6]],
  ["ns", [1e9, 9]],
]);

/** Seconds to a tick. */
const LONG_UNITS: ReadonlyMap<string, number> = new Map([
  ["m", 60],
  ["h", 3600],
  ["D", 86_400],
]);

const [MINUS, COLON, POINT, T] = [0x2d, 0x3a, 0x2e, 0x54];

/** Writes the time of so many ticks (`high * 2 ** 32 + low`), or returns -1 for times that it does not know how to write. */
export type WriteTime = (bytes: Uint8Array, at: number, high: number, low: number) => number;

/** The writer of a datetime64; `undefined` for units that it does not know. */
export function timeWriter({ datetime }: DType): WriteTime | undefined {
  const { unit = "", count = 1 } = datetime ?? {};
  if (count !== 1) return undefined;
  const long = LONG_UNITS.get(unit);
  if (long !== undefined) {
    const parts = unit === "D" ? 0 : unit === "h" ? 1 : 2;
    return (bytes, at, high, low) => {
      const ticks = high * 2 ** 32 + low;
      return Math.abs(ticks) > 1e9 ? -1 : writeSeconds(bytes, at, ticks * long, parts);
    };
  }
  const found = UNITS.get(unit);
  if (found === undefined) return undefined;
  const [perSecond, digits] = found;
  return (bytes, at, high, low) => {
    // Rounded, for nanoseconds: the quotient is at most 1 too large or too small. The lower 32 bits of the rest tell.
    let seconds = Math.floor((high * 2 ** 32 + low) / perSecond);
    let rest = (low - Math.imul(modulo32(seconds), perSecond)) | 0;
    if (rest < 0) {
      rest += perSecond;
      seconds--;
    } else if (rest >= perSecond) {
      rest -= perSecond;
      seconds++;
    }
    const end = writeSeconds(bytes, at, seconds, 3);
    return end < 0 || digits === 0 ? end : writeFraction(bytes, end, rest, digits);
  };
}

/** The lower 32 bits. */
function modulo32(value: number): number {
  return (value % 2 ** 32) | 0;
}

/** Between the years 1 and 9999. */
const [FIRST, LAST] = [-62_135_596_800, 253_402_300_799];

/** A date, and so many parts of the time of day. */
function writeSeconds(bytes: Uint8Array, start: number, seconds: number, parts: number): number {
  if (!(seconds >= FIRST && seconds <= LAST)) return -1;
  const days = Math.floor(seconds / 86_400);
  const ofDay = seconds - 86_400 * days;
  const at = writeDate(bytes, start, days);
  if (parts === 0) return at;
  const hours = (ofDay / 3600) | 0;
  const minutes = ((ofDay / 60) | 0) - 60 * hours;
  bytes[at] = T;
  writeDigits2(bytes, at + 1, hours);
  if (parts === 1) return at + 3;
  bytes[at + 3] = COLON;
  writeDigits2(bytes, at + 4, minutes);
  if (parts === 2) return at + 6;
  bytes[at + 6] = COLON;
  return writeDigits2(bytes, at + 7, ofDay - 3600 * hours - 60 * minutes);
}

function writeFraction(bytes: Uint8Array, at: number, value: number, digits: number): number {
  bytes[at] = POINT;
  let rest = value;
  for (let i = digits; i > 0; i--) {
    const next = (rest / 10) | 0;
    bytes[at + i] = 48 + rest - 10 * next;
    rest = next;
  }
  return at + 1 + digits;
}

/** The date that was written last, and its day: most times are of the same day as those before. */
const lastDate = new Uint8Array(10);
let lastDay = Number.NaN;

function writeDate(bytes: Uint8Array, at: number, day: number): number {
  if (day !== lastDay) writeNewDate(day);
  for (let i = 0; i < 10; i++) bytes[at + i] = lastDate[i] as number;
  return at + 10;
}

/** The proleptic Gregorian calendar, counted from 0000-03-01, so that leap days come last. */
function writeNewDate(day: number): void {
  const shifted = day + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - 146_097 * era;
  const leapDays = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const month = Math.floor((5 * dayOfYear + 2) / 153);
  const isNext = month >= 10;
  writeDigits4(lastDate, 0, 400 * era + yearOfEra + (isNext ? 1 : 0));
  lastDate[4] = MINUS;
  writeDigits2(lastDate, 5, isNext ? month - 9 : month + 3);
  lastDate[7] = MINUS;
  writeDigits2(lastDate, 8, dayOfYear - Math.floor((153 * month + 2) / 5) + 1);
  lastDay = day;
}
