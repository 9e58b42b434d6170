/** The operations on one growing file, performed in the order of their calls. */

import type { EncodedRows } from "../encode/encoded-rows.ts";
import { withPath } from "../errors.ts";
import { Fifo } from "../memory/fifo.ts";
import type { GrowingBuffer } from "../memory/growing-buffer.ts";
import { run } from "../plan/run.ts";
import type { Plan } from "../plan/step.ts";
import { Batch } from "./batch.ts";
import type { Writer } from "./writer.ts";

/** Any operation but an append. */
interface Task {
  readonly plan: () => Plan<void>;
  settle(): void;
  fail(error: unknown): void;
}

/** More appends that are not awaited are written faster together than each is stored. */
const BURST = 16;

export class AppendQueue {
  readonly #writer: Writer;
  readonly #waiting: Fifo<Batch | Task> = new Fifo();
  /** The last operation that waits, if appends can still join it. */
  #open: Batch | undefined;
  /** How many batches wait. */
  #batches = 0;
  #isWorking = false;
  /** Until rows that wait for more of them are written. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Appends that were stored at once, of which up to so many are of one turn of the event loop. */
  #stored = 0;
  /** The buffer of the last batch, for the next one. */
  #spare: GrowingBuffer | undefined;

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  /** Appends rows in one batch with those of earlier calls, if nothing else was called since. */
  append(rows: EncodedRows): Promise<void> {
    if (this.#open === undefined && !this.#isWorking && this.#stored < BURST && this.#writer.store(rows)) {
      if (++this.#stored === BURST) void resolved.then(this.#endBurst);
      return resolved;
    }
    const done = this.#add(rows);
    if (!this.#isWorking) this.flush();
    return done;
  }

  readonly #endBurst = (): void => {
    this.#stored = 0;
  };

  /** {@link append} for rows that are followed by others soon: they are written when the event loop turns, or by {@link flush}. */
  appendLater(rows: EncodedRows): Promise<void> {
    const done = this.#add(rows);
    if (!this.#isWorking) this.#timer ??= setTimeout(this.flush, 0);
    return done;
  }

  #add(rows: EncodedRows): Promise<void> {
    const open = this.#open;
    if (open !== undefined) {
      open.add(rows);
      return open.done;
    }
    const batch = new Batch(this.#spare);
    this.#spare = undefined;
    batch.add(rows);
    this.#batches++;
    this.#waiting.push(batch);
    this.#open = batch;
    return batch.done;
  }

  perform(plan: () => Plan<void>): Promise<void> {
    return new Promise((settle, fail) => {
      this.#open = undefined;
      this.#waiting.push({ plan, settle, fail });
      this.flush();
    });
  }

  /** Performs what waits. */
  readonly flush = (): void => {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isWorking) return;
    this.#isWorking = true;
    // Deferred, so that appends of the same turn of the event loop are written together. `queueMicrotask` is slower: Node traces each one.
    void resolved.then(this.#work);
  };

  /** Runs operations, up to the first one that is asynchronous. */
  readonly #work = (): void => {
    for (let operation = this.#waiting.take(); operation !== undefined; operation = this.#waiting.take()) {
      const current = operation;
      if (current === this.#open) this.#open = undefined;
      if (current instanceof Batch) this.#batches--;
      try {
        const plan = current instanceof Batch ? this.#writer.append(current) : current.plan();
        const pending = plan && run(plan);
        // Small writes are already done: waiting would cost more than the write.
        if (pending instanceof Promise) {
          return void pending
            .then(
              () => this.#settle(current),
              (error: unknown) => this.#fail(current, error),
            )
            .then(this.#work);
        }
      } catch (error) {
        this.#fail(current, error);
        continue;
      }
      this.#settle(current);
    }
    this.#isWorking = false;
  };

  #settle(operation: Batch | Task): void {
    if (operation instanceof Batch) this.#spare = operation.takeBuffer();
    operation.settle();
  }

  #fail(operation: Batch | Task, error: unknown): void {
    if (this.#batches === 0) this.#writer.forgetLayout();
    operation.fail(withPath(error, this.#writer.storage.path));
  }
}

const resolved = Promise.resolve();
