/** Copies rows of an open reader into a growing file, without decoding them. */
import { NpyError, within } from "../errors.ts";
import { type DType, sameDType } from "../format/dtype.ts";
import { type NpyHeader, zeroDimensional } from "../format/header.ts";
import { growthAxis, sizeOf } from "../format/layout.ts";
import { BLOCK, borrow, giveBack } from "../memory/blocks.ts";
import { position } from "../options.ts";
import type { Plan } from "../plan/step.ts";
import type { OpenArray } from "../reader/open-array.ts";
import type { StorageFile } from "../storage/storage.ts";
import type { AppendRowsOptions } from "./streams.ts";
import type { Writer } from "./writer.ts";

/** Bytes copied from file to file between two headers. They are not in memory all at once. */
const COPIED = 2 ** 26;

/** The rows that a reader sees now, or some of them, along the axis that the file grows along. */
export class Transfer {
  /** Rows that have been appended. */
  rows = 0;
  isDone = false;
  readonly #source: OpenArray<unknown>;
  /** The first one: the reader may be refreshed meanwhile. */
  readonly #header: NpyHeader;
  readonly #range: AppendRowsOptions;
  #next: number | undefined;

  constructor(source: OpenArray<unknown>, range: AppendRowsOptions) {
    this.#source = source;
    this.#header = source.header;
    this.#range = range;
  }

  /** Appends the next rows, at least one if any are left: all of them, or none. */
  *appendPiece(writer: Writer): Plan<void> {
    const { dtype, fortranOrder, shape } = this.#header;
    const growsLast = writer.growsLast(fortranOrder);
    const axis = growthAxis(growsLast, shape.length);
    if (axis === undefined) throw zeroDimensional().within({ path: this.#source.path });
    const part = (data: Uint8Array, rows: number) => ({ data, shape: shape.with(axis, rows), dtype, fortranOrder });
    // Even without rows, so that the file is created.
    writer.check(part(new Uint8Array(0), 0));
    const target = writer.target as DType;
    const length = shape[axis] as number;
    const start = this.#next ?? position(this.#range.start ?? 0, length, "start");
    const stop = Math.max(start, position(this.#range.stop ?? length, length, "stop"));
    const rowBytes = sizeOf(shape.with(axis, 1)) * dtype.itemsize;
    const isSameOrder = shape.length === 1 || growsLast === fortranOrder;
    const isSame = isSameOrder && sameDType(target, dtype);
    const atOnce = rowBytes === 0 ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor((isSame ? COPIED : BLOCK) / rowBytes));
    const rows = Math.min(stop - start, atOnce);
    const bytes = rows * rowBytes;
    if (isSame) {
      const copyTo = (file: StorageFile, to: number) => this.#reading(this.#source.copyData(start * rowBytes, bytes, file, to));
      yield* writer.append({ rows, blocks: [], copyTo }) ?? [];
    } else {
      const block = borrow(bytes);
      const data = block.subarray(0, bytes);
      try {
        yield* this.#reading(
          isSameOrder ? this.#source.readData(data, start * rowBytes) : this.#gather(data, rows, start, length),
        );
        yield* writer.append(writer.check(part(data, rows))) ?? [];
      } catch (error) {
        throw moved(error, axis, start);
      } finally {
        giveBack(block);
      }
    }
    this.#next = start + rows;
    this.rows += rows;
    this.isDone = this.#next === stop;
  }

  /** Runs a plan that reads: its errors name the source, not the file that grows. */
  *#reading(plan: Plan<void>): Plan<void> {
    try {
      yield* plan;
    } catch (error) {
      throw within(error, { path: this.#source.path });
    }
  }

  /** Reads rows of the other order, in which elements of one row are apart, and those of neighbouring rows are adjacent. */
  *#gather(data: Uint8Array, rows: number, start: number, length: number): Plan<void> {
    const { itemsize } = this.#header.dtype;
    const run = rows * itemsize;
    for (let done = 0, from = start * itemsize; done < data.length; done += run, from += length * itemsize) {
      yield* this.#source.readData(data.subarray(done, done + run), from);
    }
  }
}

/** Counts an error's index, in a part that begins with row `start`, in the whole array. */
function moved(error: unknown, axis: number, start: number): unknown {
  if (!(error instanceof NpyError) || error.index === undefined || start === 0) return error;
  const row = (error.index[axis] as number) + start;
  return error.within({ index: error.index.with(axis, row), row });
}
