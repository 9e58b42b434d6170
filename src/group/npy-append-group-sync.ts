/** Growing several `.npy` files in step, synchronously. */
import type { RecordObject } from "../input/array-input.ts";
import { runSync } from "../plan/run.ts";
import type { Plan } from "../plan/step.ts";
import { attempt, outward } from "../verb.ts";
import { costOf, isEnough } from "../writer/each-row.ts";
import { type CheckedRows, GroupBatch } from "./group-batch.ts";
import type { GroupAppendFromOptions, GroupRowAppendOptions } from "./group-options.ts";
import { checkGroupSource, GroupRowChecker, hintingAtGroupRows } from "./group-sources.ts";
import type { GroupWriter } from "./group-writer.ts";
import { closed, type GroupInput, GrowingGroup } from "./growing-group.ts";

/** {@link NpyAppendGroup}, synchronously. It keeps nothing of the caller's memory after an append. */
export class NpyAppendGroupSync extends GrowingGroup implements Disposable {
  readonly #writer: GroupWriter;
  #isClosed = false;
  /** Rows that {@link appendFrom} has taken one by one, and not yet written. */
  #gathered: GroupBatch | undefined;

  /** @internal Use {@link NpyAppendGroup.openSync}. */
  constructor(writer: GroupWriter) {
    super(writer, "NpyAppendGroupSync");
    this.#writer = writer;
  }

  /** {@link NpyAppendGroup.append}, synchronously. */
  append(rows: GroupInput): void {
    this.#append(rows);
  }

  #append(rows: GroupInput): number {
    try {
      this.#checkOpen();
      this.#writeGathered();
      const checked = this.#check(() => this.#writer.check(rows));
      const plan = this.#writer.append(checked, true);
      if (plan !== undefined) runSync(plan);
      return checked.rows;
    } catch (error) {
      throw outward(error, this.path, this.#append);
    }
  }

  #check(check: () => CheckedRows): CheckedRows {
    this.#checkOpen();
    const checked = check();
    // A getter of the input may have closed the group.
    this.#checkOpen();
    return checked;
  }

  /** Appends single rows of an iterable. */
  appendFrom(source: Iterable<RecordObject>, options: Pick<GroupRowAppendOptions, "each">): number;
  /** {@link NpyAppendGroup.appendFrom}, synchronously. */
  appendFrom(source: Iterable<GroupInput>, options?: Pick<GroupAppendFromOptions, "each">): number;
  appendFrom(source: Iterable<unknown>, options: Pick<GroupAppendFromOptions | GroupRowAppendOptions, "each"> = {}): number {
    const { each } = attempt(this.path, () => {
      this.#checkOpen();
      return checkGroupSource(source, options, true);
    });
    if (each === "row") return this.#appendRows(source);
    let rows = 0;
    for (const input of source) rows += this.#appendInput(input);
    return rows;
  }

  #appendInput(input: unknown): number {
    try {
      return this.#append(input as GroupInput);
    } catch (error) {
      throw outward(hintingAtGroupRows(error, input, this.#writer), this.path, this.#appendInput);
    }
  }

  #appendRows(source: Iterable<unknown>): number {
    let cost = 0;
    const check = (row: unknown, number: number): CheckedRows => this.#check(() => this.#writer.checkRow(row, number));
    const checker = new GroupRowChecker(check, (checked) => {
      this.#gathered ??= new GroupBatch(checked, []);
      this.#gathered.add(checked);
      cost += costOf(checked);
      if (checker.rows > 1 && !isEnough(checked, cost)) return;
      cost = 0;
      this.#writeGathered();
    });
    const finish = (): void => attempt(this.path, () => this.#writeGathered());
    try {
      for (const row of source) attempt(this.path, () => checker.check(row));
    } catch (error) {
      finish();
      throw error;
    }
    finish();
    return checker.rows;
  }

  /** Writes rows that were gathered, before anything else that was called after them. */
  #writeGathered(): void {
    const gathered = this.#gathered;
    if (gathered === undefined) return;
    this.#gathered = undefined;
    const plan = this.#writer.append(gathered, true);
    if (plan !== undefined) runSync(plan);
  }

  /** {@link NpyAppendGroup.set}, synchronously. */
  set(start: number, rows: GroupInput): void {
    attempt(this.path, () => {
      this.#checkOpen();
      const plans = this.#writer.checkNew(start, rows);
      this.#checkOpen();
      this.#writeGathered();
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
    attempt(this.path, () => {
      try {
        this.#writeGathered();
      } finally {
        runSync(this.#writer.close());
      }
    });
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #perform(plan: () => Plan<void>): void {
    attempt(this.path, () => {
      this.#checkOpen();
      this.#writeGathered();
      runSync(plan());
    });
  }

  #checkOpen(): void {
    if (this.#isClosed) throw closed(this.path);
  }
}
