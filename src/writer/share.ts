/** Sharing a file with other threads of the process: the token that is posted to them, and the connections with them. */
import type { CastRules } from "../encode/cast-input.ts";
import { NpyError } from "../errors.ts";
import { parseHeader } from "../format/header.ts";
import { optionError } from "../options.ts";
import { type Durability, GrowingFile } from "../plan/grow/growing-file.ts";
import { Reservations, SharedWords, SLOTS } from "../plan/grow/reservations.ts";
import { SharedGrowth } from "../plan/grow/shared-growth.ts";
import { run } from "../plan/run.ts";
import { close, open, type Plan, quietly } from "../plan/step.ts";
import type { Storage } from "../storage/storage.ts";
import { blocking, type Connection, runtimeThreads, type Threads } from "../storage/threads.ts";

/** Another version of this package may lay out the memory differently. */
const KIND = "npy-append-array/share/1";

/** What {@link NpyAppendArray.share} gives: post it, as it is, to any number of other threads of this process. */
export interface ShareToken {
  /** Tells tokens from other messages. */
  readonly kind: typeof KIND;
  /** The file's path. */
  readonly path: string;
}

/** What a token contains. */
export interface OpenToken extends ShareToken {
  readonly thread: number;
  readonly name: string;
  /** The `key` of the file. */
  readonly file: unknown;
  readonly header: Uint8Array;
  readonly memory: SharedArrayBuffer;
  /** The options that all writers of the file have in common. */
  readonly options: CastRules & { readonly durability: Durability };
}

/** The connections of one writer with those of other threads. */
export interface Sharing {
  /** Only the sharer has it. */
  readonly token?: ShareToken;
  end(): void;
}

/**
 * Lets other threads connect with the one that has the file open.
 *
 * @throws NpyError `ERR_NPY_OPTION` if the file or the runtime cannot share.
 */
export function listen(
  storage: Storage,
  growing: Readonly<GrowingFile>,
  options: OpenToken["options"],
): { readonly growth: SharedGrowth; readonly sharing: Required<Sharing> } {
  const threads = threadsOf();
  if (storage.sharedPath === undefined) {
    throw new NpyError("ERR_NPY_OPTION", "Only files of a file system can be shared with other threads: open a path.");
  }
  const words = new SharedWords();
  const reservations = new Reservations(words);
  const growth = new SharedGrowth(growing, reservations, reservations.take(reservations.newOwner()) as number);
  const token: OpenToken = {
    kind: KIND,
    path: storage.sharedPath,
    thread: threads.current,
    name: globalThis.crypto.randomUUID(),
    file: growing.file.key,
    header: growing.render(0).slice(),
    memory: words.buffer,
    options,
  };
  const connections = new Set<Connection>();
  const stop = threads.listen(token.name, (connection, owner) => {
    connections.add(connection);
    connection.onEnd(() => {
      connections.delete(connection);
      const slot = reservations.slotOf(owner);
      // If this fails, all writers learn that the file is broken, and say so when they are next used.
      if (slot !== undefined) void run(quietly(growth.bury(slot)));
    });
  });
  const end = () => {
    stop();
    for (const connection of connections) connection.close();
  };
  return { growth, sharing: { token, end } };
}

/** @throws NpyError `ERR_NPY_OPTION` in a thread that attached. */
export function tokenOf({ token }: Sharing): ShareToken {
  if (token !== undefined) return token;
  throw new NpyError(
    "ERR_NPY_OPTION",
    "Share a file in the thread that opened it: its token can be posted to any number of others.",
  );
}

/** A connection with the sharer, and the slot that this thread took. */
export interface Attachment {
  readonly reservations: Reservations;
  readonly slot: number;
  readonly connection: Connection;
}

/**
 * Checks a token in the thread that it was posted to.
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
  const reservations = new Reservations(new SharedWords(token.memory));
  const owner = reservations.newOwner();
  let connection: Connection;
  try {
    connection = await threads.connect(token.thread, token.name, owner);
  } catch (cause) {
    const message = "The file is no longer shared: the thread that shared it has closed it, or ended.";
    throw new NpyError("ERR_NPY_CLOSED", message, { cause });
  }
  // After connecting: the sharer gives the slot back when the connection ends.
  const slot = reservations.take(owner);
  if (slot !== undefined) return { reservations, slot, connection };
  connection.close();
  throw optionError(`${SLOTS} writers are already attached to the file, the most that it can have: close some of them first`);
}

/**
 * Opens the file in this thread, and waits until the sharer is ready.
 *
 * @throws NpyError `ERR_NPY_CHANGED` if another file took its place, `ERR_NPY_CLOSED` if it is no longer shared.
 */
export function* join(storage: Storage, token: OpenToken, { reservations, slot, connection }: Attachment): Plan<SharedGrowth> {
  const file = yield* open(storage, "r+");
  try {
    if (file.key !== token.file) {
      throw new NpyError("ERR_NPY_CHANGED", "Another file took its place since it was shared: share that one.");
    }
    const header = parseHeader(token.header, { maxHeaderSize: token.header.length });
    const own = runtimeThreads()?.isWorker ? blocking(file) : file;
    const growing = new GrowingFile(own, header, token.options.durability);
    const growth = new SharedGrowth(growing, reservations, slot);
    connection.onEnd(() => growth.abandon());
    yield* growth.join();
    return growth;
  } catch (error) {
    yield* quietly(close(file));
    throw error;
  }
}

function threadsOf(): Threads {
  const threads = runtimeThreads();
  const problem = threads === undefined ? "this runtime has none" : threads.problem();
  if (threads === undefined || problem !== undefined) {
    throw new NpyError("ERR_NPY_OPTION", `Files are shared between threads of Node, and ${problem}.`);
  }
  return threads;
}
