/** Rows of all arrays of a group that are written together. */
import type { EncodedRows } from "../encode/encoded-rows.ts";
import type { GrowingBuffer } from "../memory/growing-buffer.ts";
import type { Rows } from "../plan/grow/growth.ts";
import { Batch } from "../writer/batch.ts";
import type { RaggedRows } from "./ragged-input.ts";

/** Rows of one array: of a ragged one, its elements, and where each row ends. */
export type ColumnRows = Rows | (Pick<RaggedRows, "rows" | "ends"> & { readonly values: Rows });

/** As many rows of each array. */
export interface GroupRows {
  readonly rows: number;
  readonly columns: readonly ColumnRows[];
}

/** {@link GroupRows} of one append, just checked. */
export interface CheckedRows extends GroupRows {
  readonly columns: readonly (EncodedRows | RaggedRows)[];
}

export type Spares = readonly (GrowingBuffer | undefined)[];

interface RaggedBatch {
  rows: number;
  readonly values: Batch;
  readonly ends: number[];
}

/** The rows of several appends, in their order: group commit. */
export class GroupBatch implements GroupRows {
  rows = 0;
  readonly columns: readonly (Batch | RaggedBatch)[];
  /** Settles when all of them are in the files, or none. */
  readonly done: Promise<void>;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  /** For rows of the same arrays as these. `spares` are empty buffers to begin with, one of each array, if there are any. */
  constructor(like: CheckedRows, spares: Spares) {
    this.columns = like.columns.map((column, i) => {
      const batch = new Batch(spares[i]);
      return "ends" in column ? { rows: 0, values: batch, ends: [] } : batch;
    });
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  add(added: CheckedRows): void {
    for (let i = 0; i < this.columns.length; i++) {
      const column = this.columns[i] as Batch | RaggedBatch;
      const rows = added.columns[i] as EncodedRows | RaggedRows;
      if (column instanceof Batch) column.add(rows as EncodedRows);
      else addRagged(column, rows as RaggedRows);
    }
    this.rows += added.rows;
  }

  /** Empty buffers, once the rows were written: the next batch need not make any. */
  takeBuffers(): Spares {
    return this.columns.map((column) => (column instanceof Batch ? column : column.values).takeBuffer());
  }

  settle(): void {
    this.#resolve();
  }

  fail(error: unknown): void {
    this.#reject(error);
  }
}

function addRagged(column: RaggedBatch, { rows, values, ends }: RaggedRows): void {
  const before = column.values.rows;
  column.values.add(values);
  for (const end of ends) column.ends.push(before + end);
  column.rows += rows;
}
