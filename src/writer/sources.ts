/** What `appendFrom` and `writable` of NpyAppendArray append: arrays, bytes, single rows, and the rows of another file. */
import type { EncodedRows } from "../encode/encoded-rows.ts";
import type { Plan } from "../plan/step.ts";
import type { NpyReader } from "../reader/npy-reader.ts";
import { whileOpen } from "../reader/open-readers.ts";
import { attempt } from "../verb.ts";
import type { AppendQueue } from "./append-queue.ts";
import { hintingAtRows, RowAppender, RowChecker } from "./each-row.ts";
import { refuseBytes } from "./raw-rows.ts";
import { type Appended, type AppendRowsOptions, appendEach } from "./streams.ts";
import { Transfer } from "./transfer.ts";
import type { Writer } from "./writer.ts";

/** The object that is appended to. */
interface Target {
  /** @throws NpyError `ERR_NPY_CLOSED`. */
  checkOpen(): void;
  append(input: unknown): Appended;
  perform(plan: () => Plan<void>): Promise<void>;
}

export class Sources {
  readonly #writer: Writer;
  readonly #queue: AppendQueue;
  readonly #target: Target;

  constructor(writer: Writer, queue: AppendQueue, target: Target) {
    this.#writer = writer;
    this.#queue = queue;
    this.#target = target;
  }

  get #path(): string | undefined {
    return this.#writer.storage.path;
  }

  /** Appends the inputs of a source, each as it comes. */
  sink(isRaw: boolean | undefined, fromStream: boolean): { append(input: unknown): Appended; finish(): void } {
    const path = this.#path;
    const raw = isRaw ? attempt(path, () => this.#writer.rawRows()) : undefined;
    const append = (input: unknown): Appended =>
      attempt(path, () => {
        if (raw !== undefined) return appendEach(raw.push(input), (rows) => this.#target.append(rows));
        if (fromStream) refuseBytes(input, this.#writer.target, this.#writer.rowBytes);
        try {
          return this.#target.append(input);
        } catch (error) {
          throw hintingAtRows(error, input, this.#writer);
        }
      });
    return { append, finish: () => attempt(path, () => raw?.finish()) };
  }

  /** Appends rows one by one. */
  rowAppender(fromStream: boolean): RowAppender {
    const queue = this.#queue;
    const rows = { append: (encoded: EncodedRows) => queue.appendLater(encoded), flush: queue.flush };
    const guard = (check: () => EncodedRows): EncodedRows =>
      attempt(this.#path, () => {
        this.#target.checkOpen();
        const encoded = check();
        // A getter of the row may have closed the file.
        this.#target.checkOpen();
        return encoded;
      });
    return new RowAppender<EncodedRows>(rows, (emit) => new RowChecker(this.#writer, fromStream, { guard, emit }));
  }

  /** Appends rows of another file, piece by piece. */
  async transfer(reader: NpyReader, range: AppendRowsOptions, signal: AbortSignal | undefined): Promise<number> {
    let transfer: Transfer | undefined;
    for (;;) {
      signal?.throwIfAborted();
      const { rows, isDone } = await whileOpen(reader, async (array) => {
        const current = transfer ?? new Transfer(array, range);
        transfer = current;
        await this.#target.perform(() => current.appendPiece(this.#writer));
        return current;
      });
      if (isDone) return rows;
    }
  }
}
