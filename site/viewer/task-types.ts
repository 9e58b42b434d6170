/** What the page asks of its worker, and what comes back. */
import type { Scale } from "../shared/chart.ts";
import type { Summary } from "../shared/library.ts";
import type { ArraySpec } from "./opening.ts";
import type { Slicing, Span } from "./sheet.ts";

interface Scanned {
  readonly rows: Span;
  /** Columns of the sheet. */
  readonly columns: readonly number[];
  /** Reads all rows, however many bytes that takes; else samples of very many rows. */
  readonly isWhole: boolean;
}

export interface LinesTask extends Scanned {
  readonly kind: "lines";
  /** Places along the x axis. */
  readonly groups: number;
  /** The column along the x axis; `undefined` for the numbers of the rows. */
  readonly x: number | undefined;
}

export interface StatsTask extends Scanned {
  readonly kind: "stats";
  /** Bars of a histogram. */
  readonly bins: number;
  /** Also all columns together. */
  readonly hasTotal: boolean;
}

export interface HistogramTask extends Scanned {
  readonly kind: "histogram";
  /** Bars, at most. */
  readonly bins: number;
}

export interface HeatTask extends Scanned {
  readonly kind: "heat";
  readonly width: number;
  readonly height: number;
}

export interface ImageTask {
  readonly kind: "image";
  readonly rows: Span;
  readonly indices: Span;
  /** The axis of red, green and blue. */
  readonly channels: number | undefined;
}

export type Task = LinesTask | StatsTask | HistogramTask | HeatTask | ImageTask;

/** How much was read of what was asked for. */
export interface Coverage {
  readonly rowsRead: number;
  readonly rows: number;
  /** How many stretches of rows were read, if not all. */
  readonly samples: number | undefined;
}

export interface LinesResult extends Coverage {
  readonly x: Float64Array;
  readonly xScale: Scale;
  /** NaN interrupts a line. */
  readonly lines: readonly { readonly label: string; readonly scale: Scale; readonly values: Float64Array }[];
  /** Values at each place, at most: 1 if lines show each value. */
  readonly perPlace: number;
  /** Why rows are along the x axis although a column was asked for. */
  readonly xProblem: string | undefined;
}

export interface ColumnStats {
  readonly label: string;
  readonly dtype: string;
  readonly summary: Summary;
}

export interface StatsResult extends Coverage {
  readonly columns: readonly ColumnStats[];
  readonly total: ColumnStats | undefined;
}

export interface HistogramResult extends Coverage {
  readonly label: string;
  readonly scale: Scale;
  /** The smallest and the largest finite value. */
  readonly min: number;
  readonly max: number;
  /** Where the first bar begins, and how wide each is. */
  readonly first: number;
  readonly width: number;
  readonly counts: Float64Array;
  /** Finite values. */
  readonly count: number;
  /** NaN, NaT and infinities. */
  readonly notFinite: number;
}

export interface HeatResult extends Coverage {
  /** Means, row by row: each column of the sheet (or several) is a row of the picture. */
  readonly values: Float64Array;
  readonly width: number;
  readonly height: number;
}

export interface ImageResult {
  readonly width: number;
  readonly height: number;
  /** One array for each of 1, 3 or 4 channels. */
  readonly channels: readonly Float64Array[];
  readonly isBytes: boolean;
}

export interface ResultOf {
  readonly lines: LinesResult;
  readonly stats: StatsResult;
  readonly histogram: HistogramResult;
  readonly heat: HeatResult;
  readonly image: ImageResult;
}

export type TaskOf<Kind extends keyof ResultOf> = Extract<Task, { readonly kind: Kind }>;

export interface Request {
  readonly id: number;
  readonly spec: ArraySpec;
  readonly slicing: Slicing;
  /** The rows that the page knows of: more than the worker knows of, if the array has grown. */
  readonly rowCount: number;
  readonly task: Task;
}

export type Reply =
  | { readonly id: number; readonly done: number; readonly total: number }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly problem: string }
  | { readonly read: number };
