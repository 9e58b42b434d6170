/** What ends reading before it is done: abort signals. */

interface Waiting {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

const waiting = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls back when a signal is aborted, at once if it already is, until the returned function is called. All callbacks share one listener: Node
 * warns of a leak where a signal has more than ten.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) {
    callback();
    return () => undefined;
  }
  const { callbacks, listener } = waiting.get(signal) ?? startWaiting(signal);
  callbacks.add(callback);
  return () => {
    callbacks.delete(callback);
    if (callbacks.size > 0) return;
    signal.removeEventListener("abort", listener);
    waiting.delete(signal);
  };
}

function startWaiting(signal: AbortSignal): Waiting {
  const callbacks = new Set<() => void>();
  const listener = (): void => {
    waiting.delete(signal);
    for (const callback of callbacks) callback();
  };
  signal.addEventListener("abort", listener, { once: true });
  const entry = { callbacks, listener };
  waiting.set(signal, entry);
  return entry;
}

/** A signal that is aborted when another one is, or when it is ended. */
export class Lifetime {
  readonly signal: AbortSignal;
  readonly #controller: AbortController = new AbortController();
  #forget = (): void => undefined;

  constructor() {
    this.signal = this.#controller.signal;
  }

  follow(signal: AbortSignal | undefined): void {
    if (signal !== undefined) this.#forget = onAbort(signal, () => this.#controller.abort(signal.reason));
  }

  end(reason?: unknown): void {
    this.#forget();
    this.#controller.abort(reason);
  }
}
