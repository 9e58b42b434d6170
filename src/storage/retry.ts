/** Makes requests again: servers that are busy, and connections that break. */
import { onAbort } from "./signals.ts";

/** How often a request is made again by default. */
export const RETRIES = 5;

/** The longest wait before the first repetition, in milliseconds. It doubles with each one. */
const BASE = 100;

/** No wait is longer than this, also if the server asks for more. */
const MOST = 20_000;

/** The answers that say nothing about the request itself. Source: RFC 6585, section 4, and RFC 9110, section 15.6. */
const TRANSIENT: readonly number[] = [429, 500, 502, 503, 504];

/** Errors after which the same request may succeed, with the milliseconds that the server wants to be left alone. */
const transient = new WeakMap<object, number>();

export function isTransientStatus(status: number): boolean {
  return TRANSIENT.includes(status);
}

/** Marks an error as one after which the request may be made again. `headers` are those of the answer, if there was one. */
export function asTransient<Failure extends object>(error: Failure, headers?: Headers): Failure {
  transient.set(error, waitAskedFor(headers?.get("retry-after")));
  return error;
}

export function isTransient(error: unknown): boolean {
  return typeof error === "object" && error !== null && transient.has(error);
}

/** Seconds, or a date. Source: RFC 9110, section 10.2.3. */
function waitAskedFor(text: string | null | undefined): number {
  if (text === null || text === undefined) return 0;
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(wait) ? 0 : Math.max(0, wait);
}

/**
 * Makes a request until it does not fail with an error that is marked, at most `retries` times more. The waits are random, so that many clients do not
 * come back at the same moment ("full jitter").
 */
export async function retrying<Result>(
  request: () => Promise<Result>,
  retries: number,
  signals: readonly AbortSignal[],
): Promise<Result> {
  for (let repetition = 0; ; repetition++) {
    try {
      return await request();
    } catch (error) {
      if (repetition >= retries || !isTransient(error)) throw error;
      const most = Math.min(MOST, BASE * 2 ** repetition);
      await pause(Math.min(MOST, (transient.get(error as object) as number) + Math.random() * most), signals);
    }
  }
}

function pause(milliseconds: number, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const forget: (() => void)[] = [];
    const end = (): void => {
      clearTimeout(timer);
      for (const each of forget) each();
    };
    const timer = setTimeout(() => {
      end();
      resolve();
    }, milliseconds);
    for (const signal of signals) {
      forget.push(
        onAbort(signal, () => {
          end();
          reject(signal.reason);
        }),
      );
    }
  });
}
