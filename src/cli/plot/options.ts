/** The options of `plot`. */
import type { RowRange } from "../program/arguments.ts";
import type { ProgressOptions } from "../program/progress.ts";
import type { ScreenOptions } from "./screen.ts";

export interface PlotOptions extends ProgressOptions, ScreenOptions {
  readonly columns?: string;
  readonly rows?: RowRange;
  /** `false` for the numbers of the rows. */
  readonly x?: string | false;
  readonly normalize?: boolean;
  readonly panels?: boolean;
  readonly log?: boolean;
  readonly bins?: number;
  readonly heatmap?: boolean;
  readonly image?: boolean;
  readonly svg?: string;
  readonly overwrite?: boolean;
}
