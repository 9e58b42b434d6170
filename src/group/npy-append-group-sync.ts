/** Growing several `.npy` files in step, synchronously. */
import { runSync } from "../plan/run.ts";
import type { Plan } from "../plan/step.ts";
import { attempt, outward } from "../verb.ts";
import type { GroupWriter } from "./group-writer.ts";
import { closed, type GroupInput, GrowingGroup } from "./growing-group.ts";

/** {@link NpyAppendGroup}, synchronously. It keeps nothing of the caller's memory after an append. */
export class NpyAppendGroupSync extends GrowingGroup implements Disposable {
  readonly #writer: GroupWriter;
  #isClosed = false;

  /** @internal Use {@link NpyAppendGroup.openSync}. */
  constructor(writer: GroupWriter) {
    super(writer, "NpyAppendGroupSync");
    this.#writer = writer;
  }

  /** {@link NpyAppendGroup.append}, synchronously. */
  append(rows: GroupInput): void {
    try {
      this.#checkOpen();
      const checked = this.#writer.check(rows);
      // A getter of the input may have closed the group.
      this.#checkOpen();
      const plan = this.#writer.append(checked, true);
      if (plan !== undefined) runSync(plan);
    } catch (error) {
      throw outward(error, this.path, this.append);
    }
  }

  /** {@link NpyAppendGroup.set}, synchronously. */
  set(start: number, rows: GroupInput): void {
    attempt(this.path, () => {
      this.#checkOpen();
      const plans = this.#writer.checkNew(start, rows);
      this.#checkOpen();
      for (const plan of plans) runSync(plan);
    });
  }

  /** {@link NpyAppendGroup.truncate}, synchronously. */
  truncate(rows: number): void {
    this.#perform(() => this.#writer.truncate(rows));
  }

  /** {@link NpyAppendGroup.sync}, synchronously. */
  sync(): void {
    this.#perform(() => this.#writer.sync());
  }

  /** {@link NpyAppendGroup.close}, synchronously. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    attempt(this.path, () => runSync(this.#writer.close()));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #perform(plan: () => Plan<void>): void {
    attempt(this.path, () => {
      this.#checkOpen();
      runSync(plan());
    });
  }

  #checkOpen(): void {
    if (this.#isClosed) throw closed(this.path);
  }
}
