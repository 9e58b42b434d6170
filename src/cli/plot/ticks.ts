/** Ticks: the labelled places of an axis. */

export interface Tick {
  readonly value: number;
  readonly text: string;
  /** What the text leaves out, such as the day of an hour. */
  readonly context?: string;
}

/** The smallest multiple of `step` that is not below `value`. */
export function ceilTo(value: bigint, step: bigint): bigint {
  const rest = value % step;
  return rest === 0n ? value : value - rest + (value > 0n ? step : 0n);
}
