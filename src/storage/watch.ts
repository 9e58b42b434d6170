/** Ends transfers that take too long, or that a signal stops. */
import { runtimeError } from "./http-errors.ts";
import { asTransient } from "./retry.ts";
import { onAbort } from "./signals.ts";

/** What ends a request before its time. */
export interface RequestLimits {
  readonly signals: readonly AbortSignal[];
  /** Milliseconds in which {@link PROGRESS} bytes, or the rest of the range, must arrive. */
  readonly timeout: number;
}

/** A time limit, where none is given. */
export const TIMEOUT = 30_000;

/** A slower transfer is given up, even if a byte arrives now and then. */
const PROGRESS = 2 ** 14;

/** A time limit is counted in ticks, so that a thread that was busy for long reads what has arrived before it gives up. */
const TICKS = 10;

/** The longest delay of a timer. */
const MAX_DELAY = 2 ** 31 - 1;

/** Aborts a request that a signal stops, or that brings too little for too long. */
export class Watch {
  readonly #controller = new AbortController();
  readonly #forget: (() => void)[];
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #ticks = 0;
  #bytes = 0;

  constructor(url: string, { signals, timeout }: RequestLimits) {
    this.#forget = signals.map((signal) => onAbort(signal, () => this.#controller.abort(signal.reason)));
    if (timeout > MAX_DELAY) return;
    this.#timer = setInterval(() => {
      if (++this.#ticks > TICKS) this.#controller.abort(timedOut(url, timeout));
    }, timeout / TICKS);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * The result of work that the signal ends, or the reason of the signal as soon as it is aborted: Node forgets the signal of a `Request`, which is
   * what signers send, once its memory is collected.
   */
  until<Result>(work: PromiseLike<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const forget = onAbort(this.signal, () => reject(this.signal.reason));
      Promise.resolve(work).finally(forget).then(resolve, reject);
    });
  }

  arrived(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < PROGRESS) return;
    this.#bytes = 0;
    this.#ticks = 0;
  }

  /** Idempotent. */
  end(): void {
    clearInterval(this.#timer);
    for (const forget of this.#forget.splice(0)) forget();
  }
}

function timedOut(url: string, timeout: number): Error {
  return asTransient(runtimeError("ETIMEDOUT", `less than ${PROGRESS} bytes arrived in ${timeout} ms`, "read", url));
}
