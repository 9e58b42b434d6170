/** A histogram that needs no range beforehand: its bins double their width when a value lies outside. */

/** Even, because bins are joined in pairs. */
const BINS = 256;

const BARS = "▁▂▃▄▅▆▇█";

export class Histogram {
  readonly #counts = new Float64Array(BINS);
  #start = 0;
  /** 0 until two different values are seen. */
  #width = 0;
  #first: number | undefined;
  #same = 0;

  add(value: number): void {
    if (this.#width === 0) {
      this.#first ??= value;
      if (value === this.#first) {
        this.#same++;
        return;
      }
      this.#begin(this.#first, value);
    }
    while (value < this.#start || value >= this.#start + this.#width * BINS) this.#double(value < this.#start);
    this.#count(value, 1);
  }

  /** Sets the range so that the first two values get different bins. */
  #begin(first: number, value: number): void {
    this.#width = Math.max(Math.abs(value / 64 - first / 64), Number.MIN_VALUE * BINS);
    this.#start = Math.min(first, value);
    this.#count(first, this.#same);
  }

  #count(value: number, times: number): void {
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor((value - this.#start) / this.#width)));
    this.#counts[bin] = (this.#counts[bin] as number) + times;
  }

  #double(downwards: boolean): void {
    const counts = this.#counts;
    const half = BINS / 2;
    const joined = Float64Array.from({ length: half }, (_, i) => (counts[2 * i] as number) + (counts[2 * i + 1] as number));
    counts.fill(0);
    counts.set(joined, downwards ? half : 0);
    if (downwards) this.#start -= this.#width * BINS;
    this.#width *= 2;
  }

  /** One bar for each of `size` equal parts of the range; empty without values. */
  bars(min: number, max: number, size: number): string {
    if (this.#first === undefined) return "";
    if (this.#width === 0) return BARS.slice(-1);
    const parts = new Float64Array(size);
    for (const [bin, count] of this.#counts.entries()) {
      if (count === 0) continue;
      const middle = this.#start + (bin + 0.5) * this.#width;
      const part = Math.floor(((middle - min) / (max - min)) * size);
      const at = Math.min(size - 1, Math.max(0, part));
      parts[at] = (parts[at] as number) + count;
    }
    const most = Math.max(...parts);
    return Array.from(parts, (count) => (count === 0 ? " " : BARS[Math.ceil((count / most) * BARS.length) - 1])).join("");
  }
}
