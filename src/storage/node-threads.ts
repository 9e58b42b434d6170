/** Worker threads of Node. A connection is a pair of message ports that carry no messages: when a thread ends, its ports close. */
import * as workers from "node:worker_threads";
import type { Connection, Threads } from "./threads.ts";

/** The message to the listening thread. Other listeners for messages between threads see it as well. */
interface Request {
  readonly npyAppendArray: {
    readonly name: string;
    readonly port: workers.MessagePort;
    /** One word, which stays 0 where nobody listens. */
    readonly answer: Int32Array;
  };
}

const listeners = new Map<string, (connection: Connection) => number>();

/** Keeps ports from being collected, which would close them. */
const open = new Set<workers.MessagePort>();

function connectionOf(port: workers.MessagePort): Connection {
  open.add(port);
  let onEnd = (): void => undefined;
  let hasEnded = false;
  port.on("close", () => {
    open.delete(port);
    hasEnded = true;
    onEnd();
  });
  port.unref();
  return {
    onEnd(callback) {
      onEnd = callback;
      if (hasEnded) onEnd();
    },
    close() {
      // Both ends are told.
      onEnd = () => undefined;
      port.close();
    },
  };
}

function receive(message: unknown): void {
  const request = (message as Partial<Request> | null | undefined)?.npyAppendArray;
  if (request === undefined) return;
  const listener = listeners.get(request.name);
  // Another copy of this package in this thread may listen to it.
  if (listener !== undefined) Atomics.store(request.answer, 0, listener(connectionOf(request.port)));
}

export const nodeThreads: Threads = {
  current: workers.threadId,
  isWorker: !workers.isMainThread,

  problem() {
    // Absent in Bun and Deno, whose threads cannot find each other.
    const { postMessageToThread } = workers as Partial<typeof workers>;
    return postMessageToThread === undefined || "Bun" in globalThis || "Deno" in globalThis
      ? "this runtime has no postMessageToThread, as Node has from 20.19 on"
      : undefined;
  },

  listen(name, onConnect) {
    if (listeners.size === 0) process.on("workerMessage", receive);
    listeners.set(name, onConnect);
    return () => {
      listeners.delete(name);
      if (listeners.size === 0) process.off("workerMessage", receive);
    };
  },

  async connect(thread, name) {
    const { port1, port2 } = new workers.MessageChannel();
    const connection = connectionOf(port1);
    const answer = new Int32Array(new SharedArrayBuffer(4));
    const request: Request = { npyAppendArray: { name, port: port2, answer } };
    // The other thread may be busy, and waiting for it does not keep this one running by itself.
    const alive = setInterval(() => undefined, 2 ** 30);
    try {
      if (thread === workers.threadId) receive(request);
      else {
        // postMessageToThread never tells that the thread ended before it took the message.
        const end = new Promise<void>((resolve) => connection.onEnd(resolve));
        await Promise.race([workers.postMessageToThread(thread, request, [port2]), end]);
      }
      const number = Atomics.load(answer, 0);
      if (number === 0) throw new Error(`thread ${thread} does not listen to ${name}`);
      return { connection, answer: number };
    } catch (error) {
      connection.close();
      throw error;
    } finally {
      clearInterval(alive);
    }
  },
};
