/** What can be recorded: rows that come by themselves. */
import type { DTypeLike } from "../shared/library.ts";

export type SourceKind = "synthetic" | "microphone" | "pointer";

/** Rows that came together. */
export interface Batch {
  readonly rows: number;
  /** What is appended: elements, or columns of a structure. */
  readonly input: Float32Array | Readonly<Record<string, Float32Array | Uint16Array | BigInt64Array>>;
  /** The values of the plot's lines, one for each row. */
  readonly lines: readonly Float32Array[];
}

/** A source that is ready to start. */
export interface Source {
  readonly kind: SourceKind;
  readonly dtype: DTypeLike;
  /** Rows a second, if they come evenly. */
  readonly rate: number | undefined;
  /** The names of the plot's lines. */
  readonly lineNames: readonly string[];
  /** Passes rows to `take` until it is stopped. `first` is the number of the first; `take` resolves once its rows are stored. */
  start(first: number, take: (batch: Batch) => Promise<void>, fail: (error: unknown) => void): void;
  /** Resolves once the last rows have been passed. */
  stop(): Promise<void>;
}
