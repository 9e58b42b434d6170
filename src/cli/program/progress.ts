/** Progress bars on stderr. */
import type { SingleBar } from "cli-progress";
import { bytesText } from "../text/byte-counts.ts";
import { printable } from "../text/escaping.ts";

/** Milliseconds before a bar appears. */
const PATIENCE = 1000;

export interface ProgressOptions {
  readonly quiet?: boolean;
}

/** A bar that appears after a second, if stderr is a terminal and --quiet is not set. */
export class Progress {
  readonly #label: string;
  #total: number | undefined;
  readonly #Bar: typeof SingleBar | undefined;
  readonly #start: number = performance.now();
  #done = 0;
  #bar: SingleBar | undefined;

  private constructor(label: string, total: number | undefined, Bar: typeof SingleBar | undefined) {
    this.#label = printable(label);
    this.#total = total;
    this.#Bar = Bar;
  }

  /** `total` in bytes; `undefined` if unknown. */
  static async start(label: string, total: number | undefined, { quiet = false }: ProgressOptions): Promise<Progress> {
    const isWanted = !quiet && process.stderr.isTTY === true;
    return new Progress(label, total, isWanted ? (await import("cli-progress")).default.SingleBar : undefined);
  }

  /** Counts `bytes` more as done. */
  advance(bytes: number): void {
    this.reach(this.#done + bytes);
  }

  /** Sets the number of bytes done, and of all if it was unknown. */
  reach(done: number, total?: number): void {
    this.#done = done;
    this.#total ??= total;
    if (this.#Bar === undefined) return;
    const elapsed = performance.now() - this.#start;
    if (this.#bar === undefined && elapsed < PATIENCE) return;
    const rate = (1000 * done) / elapsed;
    const left = this.#total === undefined ? 0 : Math.max(0, this.#total - done) / rate;
    const payload = { label: this.#label, amount: bytesText(done), rate: bytesText(rate), left: durationText(left) };
    if (this.#bar !== undefined) {
      this.#bar.update(done, payload);
      return;
    }
    this.#bar = new this.#Bar({
      format: this.#total === undefined ? "{label} {amount} | {rate}/s" : "{label} {bar} {percentage}% | {rate}/s | {left} left",
      stream: process.stderr,
      barCompleteChar: "█",
      barIncompleteChar: "░",
      barsize: 24,
      clearOnComplete: true,
      gracefulExit: false,
    });
    this.#bar.start(this.#total ?? 0, done, payload);
  }

  /** Removes the bar. */
  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}

function durationText(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  return whole < 3600
    ? `${Math.floor(whole / 60)} min ${whole % 60} s`
    : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
