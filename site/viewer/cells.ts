/** The texts of a table's cells, read in small blocks as they come into view. */
import type { Sheet } from "./sheet.ts";

/** Rows of a block: at most, and at least. */
const [MOST_ROWS, LEAST_ROWS] = [64, 8];

/** Bytes of the rows of a block. Of rows that are not too long, all is read: another read would take longer than what lies between two parts. */
const BLOCK = 2 ** 15;

/** Indices of the axis of columns of a block, at most: of wide rows, only what is near is read. */
const INDICES = 32;

/** Rows up to this many bytes are read whole: what lies between two parts would be read anyway. */
const WHOLE_ROW = 512;

/** Blocks that are kept. */
const KEPT = 400;

/** The part of a table that is in view. */
export interface Region {
  readonly firstRow: number;
  readonly lastRow: number;
  readonly firstColumn: number;
  readonly lastColumn: number;
}

interface Wanted {
  readonly row: number;
  readonly index: number;
}

export class Cells {
  readonly sheet: Sheet;
  /** The texts of blocks, by column and row. */
  readonly #blocks = new Map<string, readonly (readonly string[])[]>();
  readonly #indices: number;
  readonly #rows: number;
  readonly #onChange: () => void;
  readonly #onProblem: (error: unknown) => void;
  #region: Region | undefined;
  #isReading = false;
  #isEnded = false;

  constructor(sheet: Sheet, onChange: () => void, onProblem: (error: unknown) => void) {
    this.sheet = sheet;
    this.#onChange = onChange;
    this.#onProblem = onProblem;
    this.#rows = Math.max(LEAST_ROWS, Math.min(MOST_ROWS, Math.floor(BLOCK / Math.max(1, sheet.rowBytes()))));
    const isWhole = sheet.rowBytes() <= WHOLE_ROW;
    this.#indices = Math.max(1, isWhole ? Math.min(sheet.indexCount, 256) : Math.min(INDICES, sheet.indexCount));
  }

  /** The text of a cell; `undefined` until it has been read. */
  text(row: number, column: number): string | undefined {
    const index = this.sheet.indexOf(column);
    const block = this.#blocks.get(keyOf({ row: Math.floor(row / this.#rows), index: Math.floor(index / this.#indices) }));
    const { leaves } = this.sheet;
    return block?.[(index % this.#indices) * leaves.length + (column % leaves.length)]?.[row % this.#rows];
  }

  /** Reads what is missing of a region; what was asked for before is no longer needed. */
  show(region: Region): void {
    this.#region = region;
    if (!this.#isReading) void this.#read();
  }

  end(): void {
    this.#isEnded = true;
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    try {
      for (let wanted = this.#missing(); wanted.length > 0 && !this.#isEnded; wanted = this.#missing()) {
        // Blocks of the same columns that follow each other are read at once.
        const first = wanted[0] as Wanted;
        let count = 1;
        while (wanted[count]?.index === first.index && wanted[count]?.row === first.row + count) count++;
        await this.#readBlocks(first, count);
        if (!this.#isEnded) this.#onChange();
      }
    } catch (error) {
      if (!this.#isEnded) this.#onProblem(error);
    } finally {
      this.#isReading = false;
    }
  }

  async #readBlocks({ row, index }: Wanted, count: number): Promise<void> {
    const { sheet } = this;
    const rows = { start: row * this.#rows, stop: Math.min(sheet.rowCount, (row + count) * this.#rows) };
    const indices = { start: index * this.#indices, stop: Math.min(sheet.indexCount, (index + 1) * this.#indices) };
    const block = await sheet.read(rows, indices);
    const columns: string[][] = [];
    for (let at = 0; at < block.width; at++) for (const leaf of sheet.leaves) columns.push(block.texts(leaf, at));
    for (let i = 0; i < count; i++) {
      this.#blocks.set(
        keyOf({ row: row + i, index }),
        columns.map((texts) => texts.slice(i * this.#rows, (i + 1) * this.#rows)),
      );
    }
    for (const key of this.#blocks.keys()) {
      if (this.#blocks.size <= KEPT) break;
      this.#blocks.delete(key);
    }
  }

  #missing(): Wanted[] {
    if (this.#region === undefined || this.sheet.rowCount === 0 || this.sheet.columnCount === 0) return [];
    const { firstRow, lastRow, firstColumn, lastColumn } = this.#region;
    const found: Wanted[] = [];
    const [from, to] = [firstColumn, lastColumn].map((column) => Math.floor(this.sheet.indexOf(column) / this.#indices));
    for (let index = from as number; index <= (to as number); index++) {
      for (let row = Math.floor(firstRow / this.#rows); row <= Math.floor(lastRow / this.#rows); row++) {
        if (!this.#blocks.has(keyOf({ row, index }))) found.push({ row, index });
      }
    }
    return found;
  }
}

function keyOf({ row, index }: Wanted): string {
  return `${row} ${index}`;
}
