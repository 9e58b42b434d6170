/** Colours that people with any colour vision can tell apart, and how a terminal shows them. */

/** Red, green and blue as 0xRRGGBB. */
export type Color = number;

/** The colours of lines, on dark and on light ground. Source: Okabe and Ito, "Color universal design" (2008). */
export const LINE_COLORS: readonly Color[] = [0x56b4e9, 0xe69f00, 0x009e73, 0xcc79a7, 0xd55e00, 0x0072b2];
export const LINE_COLORS_ON_LIGHT: readonly Color[] = [0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0xe69f00, 0x56b4e9];

/** 33 of the 256 values of viridis, at equal distances. Source: matplotlib, by Smith and van der Walt (CC0). */
const VIRIDIS: readonly Color[] = [
  0x440154, 0x470d60, 0x48186a, 0x482374, 0x472d7b, 0x453781, 0x424086, 0x3e4989, 0x3b528b, 0x375b8d, 0x33638d, 0x2f6b8e,
  0x2c728e, 0x297a8e, 0x26828e, 0x23898e, 0x21918c, 0x1f988b, 0x1fa088, 0x22a785, 0x28ae80, 0x32b67a, 0x3fbc73, 0x4ec36b,
  0x5ec962, 0x70cf57, 0x84d44b, 0x98d83e, 0xaddc30, 0xc2df23, 0xd8e219, 0xece51b, 0xfde725,
];

/** The colour of 0 to 1 on viridis. */
export function viridis(part: number): Color {
  const place = Math.min(1, Math.max(0, part)) * (VIRIDIS.length - 1);
  const below = Math.min(VIRIDIS.length - 2, Math.floor(place));
  return mixed(VIRIDIS[below] as Color, VIRIDIS[below + 1] as Color, place - below);
}

function mixed(from: Color, to: Color, part: number): Color {
  const channel = (shift: number): number => {
    const [a, b] = [(from >> shift) & 255, (to >> shift) & 255];
    return Math.round(a + (b - a) * part) << shift;
  };
  return channel(16) | channel(8) | channel(0);
}

export function hexOf(color: Color): string {
  return `#${color.toString(16).padStart(6, "0")}`;
}

/** Bits of a colour that a terminal shows: 24 for all, 8 for 256 of them, 4 for 16, 1 for none. */
export type Depth = 24 | 8 | 4 | 1;

/** One character of a picture. */
export interface Cell {
  readonly char: string;
  readonly color?: Color | undefined;
  readonly ground?: Color | undefined;
}

/** A line of cells, with the codes that change colours between them. */
export function styledCells(cells: readonly Cell[], depth: Depth): string {
  if (depth === 1)
    return cells
      .map(({ char }) => char)
      .join("")
      .trimEnd();
  let [line, color, ground]: [string, Color | undefined, Color | undefined] = ["", undefined, undefined];
  for (const cell of cells) {
    const next: Color | undefined = cell.char === " " ? color : cell.color;
    if (next !== color) line += next === undefined ? "\u001b[39m" : code(next, depth, 30);
    if (cell.ground !== ground) line += cell.ground === undefined ? "\u001b[49m" : code(cell.ground, depth, 40);
    line += cell.char;
    [color, ground] = [next, cell.ground];
  }
  const codes = (color === undefined ? "" : "\u001b[39m") + (ground === undefined ? "" : "\u001b[49m");
  return ground === undefined ? line.trimEnd() + codes : line + codes;
}

export function styledText(text: string, color: Color | undefined, depth: Depth): string {
  return color === undefined || depth === 1 ? text : `${code(color, depth, 30)}${text}\u001b[39m`;
}

/** `base` is 30 for the colour of characters, 40 for that of their ground. */
function code(color: Color, depth: Depth, base: 30 | 40): string {
  const [red, green, blue] = [color >> 16, (color >> 8) & 255, color & 255];
  if (depth === 24) return `\u001b[${base + 8};2;${red};${green};${blue}m`;
  if (depth === 8) return `\u001b[${base + 8};5;${of256(red, green, blue)}m`;
  return `\u001b[${base + Number(red > 127) + 2 * Number(green > 127) + 4 * Number(blue > 127)}m`;
}

/** The nearest of the 256 colours of xterm: a cube of 6 x 6 x 6, and 24 grays. */
function of256(red: number, green: number, blue: number): number {
  const level = (value: number): number => (value < 48 ? 0 : value < 115 ? 1 : Math.floor((value - 35) / 40));
  const value = (at: number): number => (at === 0 ? 0 : 55 + 40 * at);
  const [r, g, b] = [level(red), level(green), level(blue)];
  const shade = Math.min(23, Math.max(0, Math.round(((red + green + blue) / 3 - 8) / 10)));
  const distance = (x: number, y: number, z: number): number => (x - red) ** 2 + (y - green) ** 2 + (z - blue) ** 2;
  const gray = 8 + 10 * shade;
  return distance(gray, gray, gray) < distance(value(r), value(g), value(b)) ? 232 + shade : 16 + 36 * r + 6 * g + b;
}
