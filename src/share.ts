/** One file that is appended to by several threads of a process: the token that is posted to them, and who is attached. */
import type { Casting } from "./cast/can-cast.ts";
import { NpyError } from "./errors.ts";
import { optionError } from "./options.ts";
import type { Durability } from "./plan/grow/grow.ts";
import type { GrowingFile } from "./plan/grow/growing-file.ts";
import { Reservations, SharedWords, SLOTS } from "./plan/grow/reservations.ts";
import { SharedGrowth } from "./plan/grow/shared-growth.ts";
import { run } from "./plan/run.ts";
import type { Plan } from "./plan/step.ts";
import type { Storage } from "./storage/storage.ts";
import { type Connection, runtimeThreads, type Threads } from "./storage/threads.ts";

/** Another version of this package may lay out the memory in another way. */
const KIND = "npy-append-array/share/1";

/** What {@link NpyAppendArray.share} gives: to be posted to other threads of this process as it is, and to as many of them as needed. */
export interface ShareToken {
  /** Tells it from other messages. */
  readonly kind: typeof KIND;
  /** The file's path. */
  readonly path: string;
}

/** What is in it. */
export interface OpenToken extends ShareToken {
  readonly thread: number;
  readonly name: string;
  /** The `key` of the file. */
  readonly file: unknown;
  readonly header: Uint8Array;
  readonly memory: SharedArrayBuffer;
  readonly options: SharedOptions;
}

/** What the writers of a file have in common. */
export interface SharedOptions {
  readonly durability: Durability;
  readonly casting: Casting;
}

/** What those are told for whom there is no slot; else it is their slot. */
const FULL = -1;

/** The sharer's side. */
export class Sharing {
  readonly growth: SharedGrowth;
  readonly token: ShareToken;
  readonly #connections = new Set<Connection>();
  readonly #stopListening: () => void;

  /** @throws NpyError `ERR_NPY_OPTION` if the file or the runtime cannot share. */
  constructor(storage: Storage, growing: GrowingFile, options: SharedOptions) {
    const threads = threadsOf();
    if (storage.sharedPath === undefined) {
      throw new NpyError("ERR_NPY_OPTION", "Only files of a file system can be shared with other threads: open a path.");
    }
    const words = new SharedWords();
    const reservations = new Reservations(words);
    const sharer = reservations.take() as number;
    this.growth = new SharedGrowth(growing, reservations, sharer, options.durability);
    const name = globalThis.crypto.randomUUID();
    const token: OpenToken = {
      kind: KIND,
      path: storage.sharedPath,
      thread: threads.current,
      name,
      file: growing.file.key,
      header: growing.render(0).slice(),
      memory: words.buffer,
      options,
    };
    this.token = token;
    this.#stopListening = threads.listen(name, (connection) => {
      const slot = reservations.take();
      if (slot === undefined) return FULL;
      this.#connections.add(connection);
      connection.onEnd(() => {
        this.#connections.delete(connection);
        void perform(() => this.growth.bury(slot));
      });
      return slot;
    });
  }

  /** Lets go of the threads that are attached. */
  end(): void {
    this.#stopListening();
    for (const connection of this.#connections) connection.close();
  }
}

/** Who is concerned is told by what it does next. */
async function perform(plan: () => Plan<void>): Promise<void> {
  try {
    await run(plan());
  } catch {
    // All writers know that the file is broken.
  }
}

/** A connection with the sharer, and the slot that comes with it. */
export interface Attachment {
  readonly reservations: Reservations;
  readonly slot: number;
  readonly connection: Connection;
}

/**
 * What a token holds, in the thread that it was posted to.
 *
 * @throws NpyError `ERR_NPY_OPTION`.
 */
export function checkToken(token: ShareToken): OpenToken {
  threadsOf();
  const { kind, path, memory } = (token ?? {}) as Partial<OpenToken>;
  if (kind === KIND && typeof path === "string" && memory instanceof SharedArrayBuffer) return token as OpenToken;
  throw optionError(
    typeof kind === "string" && kind.startsWith("npy-append-array/share/")
      ? "the token was made by another version of this package: use the same one in all threads"
      : "expected the token that share() gave, as it was posted to this thread from another one of the same process",
  );
}

/**
 * Connects with the thread that shared a file.
 *
 * @throws NpyError `ERR_NPY_CLOSED` if it no longer shares it, `ERR_NPY_OPTION` if too many threads are attached.
 */
export async function connect(token: OpenToken): Promise<Attachment> {
  const threads = threadsOf();
  let connected: Awaited<ReturnType<Threads["connect"]>>;
  try {
    connected = await threads.connect(token.thread, token.name);
  } catch (cause) {
    const { path } = token;
    const message = `${path} is no longer shared: the thread that shared it has closed it, or ended.`;
    throw new NpyError("ERR_NPY_CLOSED", message, { path, cause });
  }
  const { connection, answer: slot } = connected;
  if (slot !== FULL) return { reservations: new Reservations(new SharedWords(token.memory)), slot, connection };
  connection.close();
  throw optionError(`${SLOTS} writers are attached to the file already, as many as it can have: close some of them first`);
}

function threadsOf(): Threads {
  const threads = runtimeThreads();
  const problem = threads === undefined ? "this runtime has none" : threads.problem();
  if (threads === undefined || problem !== undefined) {
    throw new NpyError("ERR_NPY_OPTION", `Files are shared between threads of Node, and ${problem}.`);
  }
  return threads;
}
