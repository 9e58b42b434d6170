/** Dates -> steps of a datetime64. */
import { NpyError } from "../errors.ts";
import { type DType, dtype, nativeDType } from "../format/dtype.ts";
import { datetimeConversion } from "./datetime.ts";

const UNITLESS = "a datetime64 without a unit has no meaning for a Date";

/** Made on demand, as all dtypes are: reading the first one takes a noticeable part of the time to load this package. */
function milliseconds(): DType {
  return nativeDType(dtype("<M8[ms]"));
}

/**
 * Where a Date lies among the steps of `target`: at one, or between one and the next; or the reason why nowhere. Dates beyond its range lie before
 * all steps, or after all.
 */
export function dateBetweenTicks(target: DType, date: Date): { readonly ticks: bigint; readonly isBetween: boolean } | string {
  if (target.datetime?.unit === "generic") return UNITLESS;
  if (Number.isNaN(date.getTime())) return "an invalid Date is no time";
  const time = BigInt64Array.of(BigInt(date.getTime()));
  const ticks = new BigInt64Array(1);
  const back = new BigInt64Array(1);
  const [timeBytes, tickBytes, backBytes] = [time, ticks, back].map(({ buffer }) => new Uint8Array(buffer)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  try {
    datetimeConversion(milliseconds(), target).convert(timeBytes, tickBytes);
  } catch (error) {
    if (!(error instanceof NpyError)) throw error;
    return { ticks: date.getTime() < 0 ? -(2n ** 64n) : 2n ** 64n, isBetween: true };
  }
  datetimeConversion(target, milliseconds()).convert(tickBytes, backBytes);
  return { ticks: ticks[0] as bigint, isBetween: back[0] !== time[0] };
}

/** The conversion of Dates to `target`, or the reason why one has none. Dates are converted back to check that they are exact. */
export function dateToTicks(target: DType): (date: Date) => bigint | string {
  if (target.kind !== "M" || target.datetime?.unit === "generic") return () => UNITLESS;
  const ticks = new BigInt64Array(1);
  const time = new BigInt64Array(1);
  const [tickBytes, timeBytes] = [new Uint8Array(ticks.buffer), new Uint8Array(time.buffer)];
  const there = datetimeConversion(milliseconds(), target);
  const back = datetimeConversion(target, milliseconds());
  return (date) => {
    if (Number.isNaN(date.getTime()))
      return "an invalid Date is no time: append NaT as typed data, BigInt64Array.of(-(2n ** 63n))";
    const exact = BigInt(date.getTime());
    time[0] = exact;
    try {
      there.convert(timeBytes, tickBytes);
      back.convert(tickBytes, timeBytes);
    } catch (error) {
      if (error instanceof NpyError) return "it is beyond the range of the unit";
      throw error;
    }
    return time[0] === exact ? (ticks[0] as bigint) : "it is not a whole number of its units";
  };
}
