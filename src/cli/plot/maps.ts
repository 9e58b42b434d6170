/** Heat maps, from what is read to what is drawn. */
import type { Gaps } from "./columns.ts";
import { type Range, rangeOf } from "./envelope.ts";
import type { MapPlot } from "./plot.ts";
import { type Scale, scaleOf } from "./scale.ts";
import { meansOf, rangesOf, type Source } from "./scan.ts";

export interface MapRoom {
  readonly width: number;
  readonly height: number;
}

/** A heat map of at most so many cells; `undefined` without values. */
export async function heatMap(
  source: Source,
  range: Range,
  x: Scale,
  room: MapRoom,
  normalizes: boolean,
  gaps: Gaps,
): Promise<(Omit<MapPlot, "title" | "legend" | "notes"> & { readonly what: string }) | undefined> {
  const { columns, rows, isLog } = source;
  const size = {
    width: source.x === undefined ? Math.min(rows, room.width) : room.width,
    // Bands of equally many columns: means of fewer would look rougher.
    height: Math.ceil(columns.length / Math.ceil(columns.length / room.height)),
  };
  const ranges = normalizes ? await rangesOf(source) : undefined;
  const grid = await meansOf(source, range, size, ranges, gaps);
  const found = normalizes ? { min: 0, max: 1 } : rangeOf([grid.values]);
  if (found === undefined || rangeOf([grid.values]) === undefined) return undefined;
  const per = [
    { count: Math.ceil(rows / size.width), noun: "rows" },
    { count: Math.ceil(columns.length / size.height), noun: "columns" },
  ].flatMap(({ count, noun }) => (count > 1 ? `${count} ${noun}` : []));
  const means = per.length > 0 ? [`means of ${per.join(" x ")}`] : [];
  return {
    grid,
    x,
    labels: columns.map(({ label }) => label),
    scale: scaleOf(found, { isLog: isLog && !normalizes }),
    what: [...means, ...(normalizes ? ["normalized"] : [])].join(", "),
  };
}
