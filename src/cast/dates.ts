/** Dates -> steps of a datetime64. */
import { NpyError } from "../errors.ts";
import { type DType, dtype, nativeDType } from "../format/dtype.ts";
import { conversionOf } from "./convert.ts";

const MILLISECONDS: DType = nativeDType(dtype("<M8[ms]"));

/** The conversion of Dates to `target`, or the reason why one has none. Dates are converted back to check that they are exact. */
export function dateToTicks(target: DType): (date: Date) => bigint | string {
  if (target.kind !== "M" || target.datetime?.unit === "generic")
    return () => "a datetime64 without a unit has no meaning for a Date";
  const ticks = new BigInt64Array(1);
  const time = new BigInt64Array(1);
  const [tickBytes, timeBytes] = [new Uint8Array(ticks.buffer), new Uint8Array(time.buffer)];
  const there = conversionOf(MILLISECONDS, target);
  const back = conversionOf(target, MILLISECONDS);
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
