/** Runs tasks in a worker, so that the page stays quick. */
import type { OnRead } from "../shared/file-storage.ts";
import type { ArraySpec } from "./opening.ts";
import type { Sheet } from "./sheet.ts";
import type { Reply, Request, ResultOf, Task, TaskOf } from "./task-types.ts";

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress: (part: number) => void;
}

export class Tasks {
  readonly #onRead: OnRead;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #last = 0;

  constructor(onRead: OnRead) {
    this.#onRead = onRead;
  }

  /** Runs a task until it ends, or `signal` is aborted. */
  run<Kind extends keyof ResultOf>(
    { spec, sheet }: { readonly spec: ArraySpec; readonly sheet: Sheet },
    task: TaskOf<Kind>,
    onProgress: (part: number) => void,
    signal: AbortSignal,
  ): Promise<ResultOf[Kind]> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const id = ++this.#last;
    return new Promise<ResultOf[Kind]>((resolve, reject) => {
      signal.addEventListener("abort", () => {
        worker.postMessage({ cancel: id });
        this.#waiting.delete(id);
        reject(signal.reason);
      });
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject, onProgress });
      worker.postMessage({ id, spec, slicing: sheet.slicing, rowCount: sheet.rowCount, task: task as Task } satisfies Request);
    });
  }

  close(): void {
    this.#worker?.terminate();
    this.#waiting.clear();
  }

  #start(): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<Reply>) => {
      if ("read" in data) return this.#onRead(data.read);
      const waiting = this.#waiting.get(data.id);
      if ("done" in data) return waiting?.onProgress(data.total === 0 ? 1 : data.done / data.total);
      this.#waiting.delete(data.id);
      if ("result" in data) waiting?.resolve(data.result);
      else waiting?.reject(new Error(data.problem));
    });
    worker.addEventListener("error", (event) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(event.message || "The worker of the page could not be started."));
      this.#waiting.clear();
    });
    return worker;
  }
}
