/** Notices that nothing is appended any more. */

/** Milliseconds between two looks, and how many looks in a row must find nothing new. */
const INTERVAL = 500;
const LOOKS = 2;

/** Calls back after a pause, without keeping the process alive. */
export class Pause {
  readonly #progress: () => number | undefined;
  readonly #onPause: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #last: number | undefined;
  #quiet = 0;

  /** `progress` changes with each append; it gives `undefined` when there is nothing to wait for any more. */
  constructor(progress: () => number | undefined, onPause: () => void) {
    this.#progress = progress;
    this.#onPause = onPause;
  }

  /** Begins to look. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#last = this.#progress();
    this.#quiet = 0;
    this.#wait();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(): void {
    this.#timer = setTimeout(this.#look, INTERVAL);
    this.#timer.unref?.();
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const now = this.#progress();
    if (now === undefined) return;
    this.#quiet = now === this.#last ? this.#quiet + 1 : 0;
    this.#last = now;
    if (this.#quiet >= LOOKS) this.#onPause();
    else this.#wait();
  };
}
