/** What all SVG pictures share: the document, its colours on light and dark ground, and axes. */
import { hexOf, LINE_COLORS, LINE_COLORS_ON_LIGHT } from "./colors.ts";
import type { Plot } from "./plot.ts";
import type { Scale } from "./scale.ts";
import type { Tick } from "./ticks.ts";

/** Part of a picture, in its units. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export const WIDTH = 900;

/** Above a picture: its title. */
export const TOP = 40;

/** Units of a character. */
const CHARACTER = 7;
const LINE_HEIGHT = 18;

export function svgText(plot: Plot, height: number, parts: readonly string[]): string {
  const notes = plot.notes.map((note, i) => textAt(note, 16, height + i * LINE_HEIGHT + 6, { kind: "note" }));
  const whole = height + plot.notes.length * LINE_HEIGHT + 6;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${whole}" font-family="sans-serif" font-size="12">
<style>
${styles()}
</style>
<rect class="ground" width="${WIDTH}" height="${whole}"/>
${[textAt(plot.title, 16, 24, { kind: "title" }), ...legendOf(plot), ...parts, ...notes].join("\n")}
</svg>
`;
}

function styles(): string {
  const lines = (colors: readonly number[]): string =>
    colors.map((color, i) => `.line${i}{stroke:${hexOf(color)}}.fill${i}{fill:${hexOf(color)}}`).join("");
  return `text{fill:#333}.title{font-weight:bold}.note{fill:#777}.ground{fill:#fff}.grid{stroke:#e4e4e4}.axis{stroke:#888;fill:none}
.line{fill:none;stroke-width:1.5;stroke-linejoin:round;stroke-linecap:round}${lines(LINE_COLORS_ON_LIGHT)}
@media (prefers-color-scheme:dark){text{fill:#ddd}.note{fill:#999}.ground{fill:#16181c}.grid{stroke:#33363b}
${lines(LINE_COLORS)}}`;
}

/** The names of lines, from the right end of the first line. */
function legendOf({ legend }: Plot): string[] {
  let x = WIDTH - 20;
  return legend.toReversed().map(({ label, color }) => {
    const text = textAt(label, x, 24, { anchor: "end" });
    x -= Math.ceil([...label].length * CHARACTER) + 24;
    const line = `<path class="line line${color % LINE_COLORS.length}" style="stroke-width:3" d="M${x},20h16"/>`;
    x -= 16;
    return line + text;
  });
}

export interface TextStyle {
  readonly kind?: "title" | "note";
  readonly anchor?: "middle" | "end";
}

export function textAt(text: string, x: number, y: number, { kind, anchor }: TextStyle = {}): string {
  const style = (kind === undefined ? "" : ` class="${kind}"`) + (anchor === undefined ? "" : ` text-anchor="${anchor}"`);
  return `<text x="${round(x)}" y="${round(y)}"${style}>${escaped(text)}</text>`;
}

/** An x axis below a box. */
export function xAxis(scale: Scale, { left, right, bottom }: Box): string[] {
  const x = (value: number): number => left + scale.place(value) * (right - left);
  const ticks = ticksFor(scale, right - left);
  const marks = ticks.map(({ value }) => `M${round(x(value))},${round(bottom)}v5`).join("");
  const labels = ticks.map(({ value, text }) => textAt(text, x(value), bottom + 18, { anchor: "middle" }));
  const contexts = ticks
    .filter(({ context = "" }, i) => context !== "" && context !== ticks[i - 1]?.context)
    .map(({ value, context = "" }) => textAt(context, x(value), bottom + 34, { anchor: "middle", kind: "note" }));
  return [`<path class="axis" d="M${left},${round(bottom)}H${right}${marks}"/>`, ...labels, ...contexts];
}

/** As many ticks as have room for their labels. */
function ticksFor(scale: Scale, length: number): readonly Tick[] {
  for (let most = 10; most > 1; most--) {
    const ticks = scale.ticks(most);
    if (ticks.every(({ text }) => (text.length + 3) * CHARACTER * ticks.length <= length)) return ticks;
  }
  return scale.ticks(1).slice(0, 1);
}

export function xAxisHeight(scale: Scale, length: number): number {
  return ticksFor(scale, length).some(({ context }) => context !== undefined) ? 40 : 24;
}

export function round(value: number): number {
  return Number(value.toFixed(1));
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** How far labels reach. */
export function labelWidth(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => [...text].length)) * CHARACTER;
}
