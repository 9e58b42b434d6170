/** The worker that opens files for this page: started with the first of them, and asked in groups. */
import { runtimeError } from "../storage/http-errors.ts";
import { type Call, errorOf, type Greeting, type Reply, type Requests } from "./messages.ts";
import { missing, withLock } from "./platform.ts";

/** `Worker`, as far as it is used. */
export interface WorkerLike {
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  terminate(): void;
}

declare const Worker: undefined | (new (url: URL, options: { readonly type: "module" }) => WorkerLike);

interface Waiting {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

class PageWorker {
  readonly ready: Promise<this>;
  readonly #worker: WorkerLike;
  readonly #waiting = new Map<number, Waiting>();
  #calls: Call[] = [];
  #memory: ArrayBuffer[] = [];
  #count = 0;
  /** Why it does nothing any more. */
  #ended: Error | undefined;

  constructor(worker: WorkerLike) {
    this.#worker = worker;
    this.ready = new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: { readonly data: Greeting }) => {
        if (data.problem !== undefined) {
          worker.terminate();
          return reject(errorOf(data.problem));
        }
        worker.onmessage = ({ data }: { readonly data: readonly Reply[] }) => this.#settle(data);
        // Nothing else shows that a worker was terminated, or ran out of memory.
        void withLock(data.life, async () => this.#end("it was terminated, or ran out of memory"));
        resolve(this);
      };
      worker.onerror = (event: { readonly message?: string; preventDefault?(): void }) => {
        event.preventDefault?.();
        this.#end(event.message ?? "its module worker.js did not load: pass the option worker, or let a bundler find it");
        reject(this.#ended);
      };
    });
  }

  get isEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** Sends all calls of one turn in one message. `memory` goes with them, and is this page's no more. */
  call<Name extends keyof Requests>(
    name: Name,
    args: Parameters<Requests[Name]>,
    memory?: ArrayBuffer,
  ): Promise<ReturnType<Requests[Name]>> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (this.#calls.length === 0) queueMicrotask(() => this.#send());
    const id = ++this.#count;
    this.#calls.push([id, name, args]);
    if (memory !== undefined) this.#memory.push(memory);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
    });
  }

  #send(): void {
    const [calls, memory] = [this.#calls, this.#memory];
    this.#calls = [];
    this.#memory = [];
    if (this.#ended === undefined) this.#worker.postMessage(calls, memory);
  }

  #settle(replies: readonly Reply[]): void {
    for (const [id, result, failure] of replies) {
      const call = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (failure === undefined) call?.resolve(result);
      else call?.reject(errorOf(failure));
    }
  }

  #end(reason: string): void {
    this.#ended ??= runtimeError("EIO", `the worker that opens files has ended: ${reason}`, "open", "worker.js");
    this.#worker.terminate();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(this.#ended);
  }
}

export type { PageWorker };

let current: PageWorker | undefined;

/**
 * The page's worker, which is started if there is none. `start` makes it, where the bundler does not find it.
 *
 * @throws NpyError `ERR_NPY_OPTION` if the browser lacks what is needed.
 */
export async function pageWorker(start: (() => WorkerLike) | undefined): Promise<PageWorker> {
  if (current === undefined || current.isEnded) {
    if (typeof Worker === "undefined") throw missing("Worker");
    // Bundlers look for exactly this expression.
    current = new PageWorker(start?.() ?? new Worker(new URL("./worker.js", import.meta.url), { type: "module" }));
  }
  const worker = current;
  try {
    return await worker.ready;
  } catch (error) {
    if (current === worker) current = undefined;
    throw error;
  }
}
