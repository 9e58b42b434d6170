/** The newest rows as lines of a plot: of each group of rows the smallest and the largest value, so that no spike is lost. */

/** Groups that are kept. */
export const GROUPS = 600;

export class Trace {
  readonly #perGroup: number;
  /** Of each line, two values for each group, which take the places of the oldest. */
  readonly #lines: readonly Float64Array[];
  readonly #first: number;
  #rows: number;

  /** `first`: the number of the first row. */
  constructor(lines: number, perGroup: number, first: number) {
    this.#perGroup = perGroup;
    this.#lines = Array.from({ length: lines }, () => new Float64Array(2 * GROUPS).fill(Number.NaN));
    this.#first = first;
    this.#rows = first;
  }

  /** Adds a value of each line for each row. */
  add(values: readonly Float32Array[]): void {
    const count = values[0]?.length ?? 0;
    for (const [number, line] of this.#lines.entries()) {
      const added = values[number] as Float32Array;
      for (let i = 0; i < count; i++) {
        const row = this.#rows + i;
        const at = 2 * (Math.floor(row / this.#perGroup) % GROUPS);
        const value = added[i] as number;
        if (row % this.#perGroup === 0 || row === this.#first) {
          line[at] = value;
          line[at + 1] = value;
        } else if (value < (line[at] as number)) line[at] = value;
        else if (value > (line[at + 1] as number)) line[at + 1] = value;
      }
    }
    this.#rows += count;
  }

  /** The numbers of rows, oldest first, and the values of each line there. */
  get points(): { readonly rows: Float64Array; readonly lines: readonly Float64Array[] } {
    const stop = Math.ceil(this.#rows / this.#perGroup);
    const start = Math.max(Math.floor(this.#first / this.#perGroup), stop - GROUPS);
    // A group of one row is one point.
    const perPlace = this.#perGroup === 1 ? 1 : 2;
    const length = perPlace * (stop - start);
    const place = (i: number): number => 2 * ((start + Math.floor(i / perPlace)) % GROUPS) + (i % perPlace);
    return {
      rows: Float64Array.from({ length }, (_, i) => (start + i / perPlace) * this.#perGroup),
      lines: this.#lines.map((line) => Float64Array.from({ length }, (_, i) => line[place(i)] as number)),
    };
  }
}
