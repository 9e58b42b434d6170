/** Worker threads of Node. A connection is a pair of message ports that carry no messages: when a thread ends, its ports close. */
import * as workers from "node:worker_threads";
import type { Connection, Threads } from "./threads.ts";

/** Asks a thread whether it listens. It stores 1 to the word, which is 0. */
interface Question {
  readonly isListening: Int32Array<SharedArrayBuffer>;
}

/** The message to the listening thread, through the main thread. Other listeners for messages between threads see it as well. */
interface Request {
  readonly npyAppendArray: Question & {
    readonly name: string;
    readonly owner: number;
    readonly port: workers.MessagePort;
  };
}

const MAIN_THREAD = 0;

const listeners = new Map<string, (connection: Connection, owner: number) => void>();

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
  if (listener === undefined) return;
  confirm(request);
  listener(connectionOf(request.port), request.owner);
}

function confirm({ isListening }: Question): void {
  Atomics.store(isListening, 0, 1);
  Atomics.notify(isListening, 0);
}

/** Asks by a channel that does not lead through the main thread, which may be waiting for this one. */
function ask(name: string, question: Question): Promise<unknown> | undefined {
  const channel = new workers.BroadcastChannel(name);
  channel.postMessage(question);
  channel.close();
  const answer = Atomics.waitAsync(question.isListening, 0, 0);
  return answer.async ? answer.value : undefined;
}

/** Answers {@link ask}, until the returned function is called. */
function answerAll(name: string): () => void {
  const channel = new workers.BroadcastChannel(name);
  channel.onmessage = (event) => confirm((event as { readonly data: Question }).data);
  channel.unref();
  return () => channel.close();
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
    const stopAnswering = answerAll(name);
    return () => {
      stopAnswering();
      listeners.delete(name);
      if (listeners.size === 0) process.off("workerMessage", receive);
    };
  },

  async connect(thread, name, owner) {
    const { port1, port2 } = new workers.MessageChannel();
    const connection = connectionOf(port1);
    const question: Question = { isListening: new Int32Array(new SharedArrayBuffer(4)) };
    const request: Request = { npyAppendArray: { ...question, name, owner, port: port2 } };
    // The other thread may be busy, and waiting for it does not keep this one running by itself.
    const alive = setInterval(() => undefined, 2 ** 30);
    try {
      if (thread === workers.threadId) {
        // Another copy of this package in this thread may have shared the file.
        process.emit("workerMessage", request, thread);
      } else {
        const delivered = workers.postMessageToThread(thread, request, [port2]);
        delivered.catch(() => undefined);
        if (thread === MAIN_THREAD) return connection;
        // postMessageToThread never tells that the thread ended before it took the message.
        const end = new Promise<void>((resolve) => connection.onEnd(resolve));
        await Promise.race([delivered, end, ask(name, question)]);
      }
      if (Atomics.load(question.isListening, 0) === 0) throw new Error(`thread ${thread} does not listen to ${name}`);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    } finally {
      // Ends the wait for an answer.
      Atomics.notify(question.isListening, 0);
      clearInterval(alive);
    }
  },
};
