/** Histograms of columns that need no range beforehand: bins double their width when a value lies outside. */

/** Even, because bins are joined in pairs. */
const BINS = 256;

const BARS = "▁▂▃▄▅▆▇█";

/** Pairs of bins, while they are joined. */
const joined = new Float64Array(BINS / 2);

type Counts = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/** One histogram per column. Widths are powers of two, so the place of a value among the bins is exact. */
export class Histograms {
  /** The first value of each column: bins count from there, so that values far from zero lose no digits. */
  readonly #origins: Float64Array;
  /** 1 / the width of a bin; 0 until two different values are seen. */
  readonly #inverses: Float64Array;
  /** The number of the first bin; bin 0 begins at the origin. Always even. */
  readonly #firsts: Int32Array;
  readonly #counts: Counts;

  /** Of `rows` rows at most. */
  constructor(columns: number, rows: number) {
    this.#origins = new Float64Array(columns);
    this.#inverses = new Float64Array(columns);
    this.#firsts = new Int32Array(columns);
    const Class = rows < 2 ** 8 ? Uint8Array : rows < 2 ** 16 ? Uint16Array : rows < 2 ** 32 ? Uint32Array : Float64Array;
    this.#counts = new Class(rows < 2 ? 0 : columns * BINS);
  }

  /** Adds the first `length` values, which lie between `min` and `max`, to those that the column has `before`. */
  add(column: number, values: Float64Array, length: number, min: number, max: number, before: number): void {
    if (before === 0) this.#origins[column] = values[0] as number;
    const origin = this.#origins[column] as number;
    if (this.#inverses[column] === 0) {
      if (min === origin && max === origin) return;
      this.#begin(column, min - origin, max - origin, before);
    }
    this.#reach(column, min - origin, max - origin);
    const counts = this.#counts;
    const inverse = this.#inverses[column] as number;
    const first = this.#firsts[column] as number;
    const start = column * BINS;
    for (let i = 0; i < length; i++) {
      const bin = ((((values[i] as number) - origin) * inverse - first) | 0) + start;
      counts[bin] = (counts[bin] as number) + 1;
    }
  }

  /** Chooses bins for the first two different values. All values before them were equal to the origin. */
  #begin(column: number, min: number, max: number, before: number): void {
    const [low, high] = [Math.min(0, min), Math.max(0, max)];
    const inverse = 2 ** (6 - Math.floor(Math.log2(high - low)));
    const first = 2 * Math.floor((low * inverse) / 2) - BINS / 4;
    this.#inverses[column] = inverse;
    this.#firsts[column] = first;
    this.#counts[column * BINS - first] = before;
  }

  #reach(column: number, min: number, max: number): void {
    const binOf = (value: number): number => value * (this.#inverses[column] as number) - (this.#firsts[column] as number);
    while (binOf(min) < 0 || binOf(max) >= BINS) this.#double(column, binOf(min) < 0);
  }

  #double(column: number, downwards: boolean): void {
    const half = (this.#firsts[column] as number) / 2;
    const first = 2 * Math.floor((half - (downwards ? BINS / 2 - 2 : 0)) / 2);
    const counts = this.#counts;
    const start = column * BINS;
    for (let i = 0; i < BINS / 2; i++) {
      joined[i] = (counts[start + 2 * i] as number) + (counts[start + 2 * i + 1] as number);
    }
    counts.fill(0, start, start + BINS);
    counts.set(joined, start + half - first);
    this.#firsts[column] = first;
    this.#inverses[column] = (this.#inverses[column] as number) / 2;
  }

  /** From now on, values are given multiplied by `factor`, a power of two of at least 2 ** -600. */
  scale(column: number, factor: number): void {
    // Narrower bins could have a width of 0 afterwards.
    while ((this.#inverses[column] as number) > 2 ** 400) this.#double(column, false);
    this.#inverses[column] = (this.#inverses[column] as number) / factor;
    this.#origins[column] = (this.#origins[column] as number) * factor;
  }

  /** How many of the `count` values of a column lie in each of `size` equal parts of a range around them. */
  parts(column: number, min: number, max: number, size: number, count: number): Float64Array {
    const inverse = this.#inverses[column] as number;
    const parts = new Float64Array(size);
    if (inverse === 0) {
      const part = Math.floor((((this.#origins[column] as number) - min) / (max - min)) * size) || 0;
      parts[Math.min(size - 1, Math.max(0, part))] = count;
      return parts;
    }
    const origin = this.#origins[column] as number;
    const first = this.#firsts[column] as number;
    for (let bin = 0; bin < BINS; bin++) {
      const count = this.#counts[column * BINS + bin] as number;
      if (count === 0) continue;
      const middle = (first + bin + 0.5) / inverse;
      const part = Math.floor(((middle - (min - origin)) / (max - min)) * size);
      const at = Math.min(size - 1, Math.max(0, part));
      parts[at] = (parts[at] as number) + count;
    }
    return parts;
  }
}

/** One bar for each count. */
export function barsOf(counts: ArrayLike<number>): string {
  let most = 0;
  for (let i = 0; i < counts.length; i++) most = Math.max(most, counts[i] as number);
  let text = "";
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i] as number;
    text += count === 0 ? " " : BARS[Math.ceil((count / most) * BARS.length) - 1];
  }
  return text;
}
