/** The worker of a page: opens the files that the page cannot open, and does what the page asks for. */
import { type Call, failureOf, type Greeting, type Opened, type Reply, type Requests } from "./messages.ts";
import type { OpfsFile } from "./opfs-file.ts";
import { OpfsStorage } from "./opfs-storage.ts";
import { canOpenHere, missing, withLock } from "./platform.ts";

interface Scope {
  onmessage: ((event: { readonly data: readonly Call[] }) => void) | null;
  postMessage(message: Greeting | readonly Reply[], transfer?: ArrayBuffer[]): void;
}

const scope = globalThis as unknown as Scope;
const files = new Map<number, OpfsFile>();
let count = 0;

function fileOf(number: number): OpfsFile {
  const file = files.get(number);
  if (file === undefined) throw new Error(`Expected the number of an open file: found ${number}.`);
  return file;
}

function opened(file: unknown): Opened {
  files.set(++count, file as OpfsFile);
  return { file: count, key: (file as OpfsFile).key };
}

/** What each request does. */
const requests: { [Name in keyof Requests]: (...args: Parameters<Requests[Name]>) => unknown } = {
  open: async (path, mode) => opened(await new OpfsStorage(path).open(mode)),
  create: async (path) => opened(await new OpfsStorage(path).create()),
  createTemporary: async (path) => opened(await new OpfsStorage(path).createTemporary()),
  replace: (path, file) => new OpfsStorage(path).replace(fileOf(file)),
  place: (path, file) => new OpfsStorage(path).place(fileOf(file)),
  remove: (path, file) => new OpfsStorage(path).remove(fileOf(file)),
  size: (file) => fileOf(file).size(),
  currentSize: (file) => fileOf(file).currentSize(),
  read(file, position, length) {
    const buffer = new Uint8Array(length);
    const reading = fileOf(file).read(buffer, position);
    return typeof reading === "number" ? buffer.subarray(0, reading) : reading.then((count) => buffer.subarray(0, count));
  },
  write: (file, position, bytes) => fileOf(file).writeSync(bytes, position),
  truncate: (file, size) => fileOf(file).truncateSync(size),
  sync: (file) => fileOf(file).syncSync(),
  lock: (file) => fileOf(file).lock(),
  close: (file) => fileOf(file).close(),
};

let replies: Reply[] = [];

/** Sends replies of one turn together. */
function reply(...one: Reply): void {
  if (replies.length === 0) queueMicrotask(send);
  replies.push(one);
}

function send(): void {
  const sent = replies;
  replies = [];
  // What was read is sent without a copy.
  scope.postMessage(
    sent,
    sent.flatMap(([, result]) => (result instanceof Uint8Array ? [result.buffer as ArrayBuffer] : [])),
  );
}

function perform([id, name, args]: Call): void {
  try {
    const result = (requests[name] as (...args: readonly unknown[]) => unknown)(...args);
    if (result instanceof Promise) {
      result.then(
        (value: unknown) => reply(id, value),
        (error: unknown) => reply(id, undefined, failureOf(error)),
      );
    } else reply(id, result);
  } catch (error) {
    reply(id, undefined, failureOf(error));
  }
}

scope.onmessage = ({ data }) => {
  for (const call of data) perform(call);
};

const life = `npy-append-array.opfs worker ${Math.random()}`;
if (!canOpenHere()) scope.postMessage({ life, problem: failureOf(missing("FileSystemFileHandle.createSyncAccessHandle")) });
else {
  withLock(life, () => {
    scope.postMessage({ life, problem: undefined });
    return new Promise<never>(() => undefined);
  }).catch((error: unknown) => scope.postMessage({ life, problem: failureOf(error) }));
}
