/** The units of datetime64 and timedelta64, after NumPy's "Datetimes and Timedeltas". */
import type { DatetimeUnit, DType } from "./descr.ts";

interface Unit {
  /** Its name in `str(numpy.timedelta64(...))`. */
  readonly words: string;
  /** In months for years and months, in attoseconds for the others. */
  readonly length: bigint;
  /** Digits after the seconds in ISO 8601. */
  readonly digits?: number;
}

const SECOND = 10n ** 18n;

/** From coarse to fine. */
export const UNITS: { readonly [Name in DatetimeUnit]: Unit } = {
  Y: { words: "years", length: 12n },
  M: { words: "months", length: 1n },
  W: { words: "weeks", length: 604_800n * SECOND },
  D: { words: "days", length: 86_400n * SECOND },
  h: { words: "hours", length: 3_600n * SECOND },
  m: { words: "minutes", length: 60n * SECOND },
  s: { words: "seconds", length: SECOND },
  ms: { words: "milliseconds", length: 10n ** 15n, digits: 3 },
  us: { words: "microseconds", length: 10n ** 12n, digits: 6 },
  ns: { words: "nanoseconds", length: 10n ** 9n, digits: 9 },
  ps: { words: "picoseconds", length: 10n ** 6n, digits: 12 },
  fs: { words: "femtoseconds", length: 1_000n, digits: 15 },
  as: { words: "attoseconds", length: 1n, digits: 18 },
  generic: { words: "generic time units", length: 0n },
};

/** Whether a unit is counted in months, whose lengths vary. */
export function isCalendar(unit: DatetimeUnit): boolean {
  return unit === "Y" || unit === "M";
}

type Datetime = NonNullable<DType["datetime"]>;

/**
 * Whether NumPy takes a step for the same as another one. It takes 1000 ms for 1 s, but not 60 s for 1 m. It drops the remainder, so it also takes
 * 2001 ms for 2 s.
 */
export function isSameStep(from: Datetime, to: Datetime): boolean {
  if (from.unit === to.unit && from.count === to.count) return true;
  const [source, target] = [UNITS[from.unit].length, UNITS[to.unit].length];
  if (isCalendar(from.unit) || isCalendar(to.unit) || source === 0n || source >= target || target > SECOND) return false;
  return Math.floor(from.count / to.count) === Number(target / source);
}
