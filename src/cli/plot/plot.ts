/** What a picture shows, whatever it is drawn with. */
import type { Envelope, Range } from "./envelope.ts";
import type { Scale } from "./scale.ts";
import type { Grid } from "./scan.ts";

export interface Plot {
  readonly title: string;
  /** The names of the lines in the colours of their numbers. Empty if there is nothing to tell apart. */
  readonly legend: readonly LegendEntry[];
  /** What is not drawn, and why. */
  readonly notes: readonly string[];
}

export interface LegendEntry {
  readonly label: string;
  readonly color: number;
}

/** Charts with axes. */
export interface ChartPlot extends Plot {
  readonly panels: readonly Panel[];
  /** Whether all panels have the x axis of the last one. */
  readonly sharesX: boolean;
}

export interface Panel {
  /** Stands above the panel, in the colour of its first mark. */
  readonly name: string | undefined;
  readonly x: Scale;
  readonly y: Scale;
  readonly marks: readonly Mark[];
}

export type Mark =
  | { readonly kind: "line"; readonly color: number; readonly line: Envelope }
  /** Cells that hold points, between the ends of the x axis and those of `range`. */
  | { readonly kind: "points"; readonly color: number; readonly grid: Grid; readonly range: Range }
  /** Counts of bins of equal width, from one end of the x axis to the other. */
  | { readonly kind: "bars"; readonly color: number; readonly counts: Float64Array };

/** A heat map. */
export interface MapPlot extends Plot {
  readonly grid: Grid;
  readonly x: Scale;
  /** The names of all columns, from top to bottom. */
  readonly labels: readonly string[];
  /** Of the colours. */
  readonly scale: Scale;
}

/** A picture of pixels. */
export interface ImagePlot extends Plot {
  readonly image: Image;
}

export interface Image {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue and opacity of each pixel, row by row. */
  readonly pixels: Uint8ClampedArray;
  /** Whether red, green and blue are equal everywhere. */
  readonly isGray: boolean;
}
