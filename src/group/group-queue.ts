/** The operations on one group, performed in the order of their calls. */
import { withPath } from "../errors.ts";
import { Fifo } from "../memory/fifo.ts";
import { run } from "../plan/run.ts";
import type { Plan } from "../plan/step.ts";
import { type CheckedRows, GroupBatch, type Spares } from "./group-batch.ts";
import type { GroupWriter } from "./group-writer.ts";

/** Any operation but an append. */
interface Task {
  readonly plan: () => Plan<void>;
  settle(): void;
  fail(error: unknown): void;
}

export class GroupQueue {
  readonly #writer: GroupWriter;
  readonly #waiting: Fifo<GroupBatch | Task> = new Fifo();
  #isWorking = false;
  /** Until rows that wait for more of them are written. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The buffers of the last batch, for the next one. */
  #spares: Spares = [];

  constructor(writer: GroupWriter) {
    this.#writer = writer;
  }

  /** Appends rows in one commit with those of earlier calls, if nothing else was called since. */
  append(rows: CheckedRows): Promise<void> {
    const done = this.#add(rows);
    this.flush();
    return done;
  }

  /** {@link append} for rows that are followed by others soon: they are written when the event loop turns, or by {@link flush}. */
  appendLater(rows: CheckedRows): Promise<void> {
    const done = this.#add(rows);
    if (!this.#isWorking) this.#timer ??= setTimeout(this.flush, 0);
    return done;
  }

  #add(rows: CheckedRows): Promise<void> {
    let batch = this.#waiting.last;
    if (!(batch instanceof GroupBatch)) {
      batch = new GroupBatch(rows, this.#spares);
      this.#spares = [];
      this.#waiting.push(batch);
    }
    batch.add(rows);
    return batch.done;
  }

  perform(plan: () => Plan<void>): Promise<void> {
    return new Promise((settle, fail) => {
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
    // Deferred, so that appends of the same turn of the event loop are written together.
    void resolved.then(this.#work);
  };

  /** Runs operations, up to the first one that is asynchronous. */
  readonly #work = (): void => {
    for (let operation = this.#waiting.take(); operation !== undefined; operation = this.#waiting.take()) {
      const current = operation;
      try {
        const plan = current instanceof GroupBatch ? this.#writer.append(current, false) : current.plan();
        const pending = plan && run(plan);
        if (pending instanceof Promise) {
          return void pending
            .then(
              () => this.#settle(current),
              (error: unknown) => current.fail(withPath(error, this.#writer.folder.path)),
            )
            .then(this.#work);
        }
      } catch (error) {
        current.fail(withPath(error, this.#writer.folder.path));
        continue;
      }
      this.#settle(current);
    }
    this.#isWorking = false;
  };

  #settle(operation: GroupBatch | Task): void {
    if (operation instanceof GroupBatch) this.#spares = operation.takeBuffers();
    operation.settle();
  }
}

const resolved = Promise.resolve();
