/** A canvas of dots for lines in a terminal: 2 by 4 dots in each character of braille, 1 by 2 in one of ASCII. */
import type { Cell, Color } from "./colors.ts";

/** The bits of the dots of a braille character, row by row. */
const BRAILLE: readonly (readonly number[])[] = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
];

/** For dots above, below, or both. */
const HALVES = " '.:";

/** What tells lines apart without colours. */
const MARKS = "*o+x#%";

/** How dots become characters: marks show one dot in each, and which line it is of. */
export type DotStyle = "braille" | "halves" | "marks";

export class Canvas {
  readonly #style: DotStyle;
  readonly #columns: number;
  readonly #rows: number;
  readonly #bits: Uint8Array;
  /** The number of the line that was drawn last in each cell. */
  readonly #lines: Uint8Array;
  /** Dots. */
  readonly width: number;
  readonly height: number;

  constructor(columns: number, rows: number, style: DotStyle) {
    this.#style = style;
    this.#columns = columns;
    this.#rows = rows;
    this.#bits = new Uint8Array(columns * rows);
    this.#lines = new Uint8Array(columns * rows);
    this.width = columns * (style === "braille" ? 2 : 1);
    this.height = rows * { braille: 4, halves: 2, marks: 1 }[style];
  }

  dot(x: number, y: number, line: number): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const [across, down] = this.#style === "braille" ? [2, 4] : [1, this.#style === "halves" ? 2 : 1];
    const cell = Math.floor(y / down) * this.#columns + Math.floor(x / across);
    const bit = this.#style === "braille" ? (BRAILLE[y % 4]?.[x % 2] ?? 0) : 1 << (y % down);
    this.#bits[cell] = (this.#bits[cell] as number) | bit;
    this.#lines[cell] = line;
  }

  /** A straight line between two dots, both included. */
  line(fromX: number, fromY: number, toX: number, toY: number, line: number): void {
    const steps = Math.max(1, Math.abs(toX - fromX), Math.abs(toY - fromY));
    for (let i = 0; i <= steps; i++) {
      this.dot(Math.round(fromX + ((toX - fromX) * i) / steps), Math.round(fromY + ((toY - fromY) * i) / steps), line);
    }
  }

  /** The characters of a row. */
  row(row: number, colorOf: (line: number) => Color): Cell[] {
    return Array.from({ length: this.#columns }, (_, column) => {
      const bits = this.#bits[row * this.#columns + column] as number;
      const line = this.#lines[row * this.#columns + column] as number;
      return bits === 0 || row >= this.#rows ? { char: " " } : { char: this.#char(bits, line), color: colorOf(line) };
    });
  }

  #char(bits: number, line: number): string {
    if (this.#style === "braille") return String.fromCharCode(0x2800 + bits);
    return (this.#style === "halves" ? HALVES[bits] : MARKS[line % MARKS.length]) as string;
  }
}

/** The mark of a line in legends. */
export function markOf(line: number, style: DotStyle): string {
  return style === "braille" ? "⠤⠤" : style === "halves" ? "--" : (MARKS[line % MARKS.length] as string);
}
