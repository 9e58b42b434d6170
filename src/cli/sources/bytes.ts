/** Reads bytes of a file, of stdin or of an object in S3, block by block. */
import { closeSync, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { createRequire } from "node:module";
import { Socket } from "node:net";
import { isatty } from "node:tty";
import type { AsyncStorageFile } from "../../node.ts";
import { isObject } from "../files/object-names.ts";
import { objectAt } from "../files/objects.ts";
import { UsageError } from "../program/failure.ts";

/** From Linux's `<fcntl.h>`. */
const F_SETPIPE_SZ = 1031;

/** An open file, or stdin. */
interface OpenDescriptor {
  readonly descriptor: number;
  readonly isPipe: boolean;
  /** In bytes; `undefined` for pipes and devices. */
  readonly size: number | undefined;
}

/** An open object. */
interface OpenObject {
  readonly object: AsyncStorageFile;
  readonly size: number;
}

export type ByteSource = OpenDescriptor | OpenObject;

interface BytesOptions {
  readonly mayBeTerminal?: boolean;
}

export async function openBytes(path: string, options: BytesOptions = {}): Promise<ByteSource> {
  if (!isObject(path)) return openDescriptor(path, options);
  const object = await (await objectAt(path)).open("r", { isWhole: true });
  return { object, size: await object.size() };
}

export function openDescriptor(path: string, { mayBeTerminal = false }: BytesOptions = {}): OpenDescriptor {
  if (path === "-" && !mayBeTerminal && isatty(0)) throw new UsageError("stdin is the terminal: pipe the bytes into it");
  const descriptor = path === "-" ? 0 : openSync(path, "r");
  const stats = fstatSync(descriptor);
  if (stats.isFIFO()) widen(descriptor);
  return { descriptor, isPipe: isPipe(stats), size: stats.isFile() ? stats.size : undefined };
}

/** What can block: Node says of nothing on Windows that it is a pipe or a socket, and of the null device that it is a character device. */
function isPipe(stats: Stats): boolean {
  if (process.platform !== "win32") return stats.isFIFO() || stats.isSocket();
  return !(stats.isFile() || stats.isDirectory() || stats.isCharacterDevice());
}

/**
 * Enlarges a pipe from 64 KiB to 1 MiB, which Linux allows every user: a fast pipe spends most of its time waking its two ends. Does nothing
 * without koffi or beyond the user's limit.
 */
function widen(descriptor: number): void {
  if (process.platform !== "linux") return;
  try {
    const koffi = createRequire(import.meta.url)("koffi") as Koffi;
    koffi.load(null).func("int fcntl(int fd, int command, int size)")(descriptor, F_SETPIPE_SZ, 2 ** 20);
  } catch {
    // koffi is optional.
  }
}

/** The part of koffi used here. Its own types exist only where it is installed. */
interface Koffi {
  load(library: null): { func(prototype: string): (...args: readonly number[]) => number };
}

/**
 * Reads blocks of `length` bytes, the last of which may be shorter, and closes the descriptor at the end. A block is valid until the next
 * one is requested. With `asTheyCome`, all blocks of a pipe but the first may be shorter: they hold the bytes that have arrived.
 */
export function blocksOf(
  source: ByteSource,
  length: number,
  signal: AbortSignal,
  { asTheyCome = false }: { readonly asTheyCome?: boolean } = {},
): AsyncGenerator<Uint8Array, void, void> {
  if ("object" in source) return objectBlocks(source.object, length, signal);
  const { descriptor, isPipe } = source;
  return isPipe ? pipeBlocks(descriptor, length, signal, asTheyCome) : fileBlocks(descriptor, length);
}

async function* objectBlocks(
  object: AsyncStorageFile,
  length: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const buffer = new Uint8Array(length);
  try {
    for (let position = 0; ; position += length) {
      const filled = await object.read(buffer, position, signal);
      if (filled > 0) yield buffer.subarray(0, filled);
      if (filled < length) return;
    }
  } finally {
    await object.close();
  }
}

/** Reads synchronously: handing a block to another thread costs more than reading during the last write gains. */
async function* fileBlocks(descriptor: number, length: number): AsyncGenerator<Uint8Array, void, void> {
  const buffer = new Uint8Array(length);
  try {
    for (;;) {
      let filled = 0;
      while (filled < length) {
        const count = readSync(descriptor, buffer, filled, length - filled, null);
        if (count === 0) break;
        filled += count;
      }
      if (filled > 0) yield buffer.subarray(0, filled);
      if (filled < length) return;
    }
  } finally {
    if (descriptor !== 0) closeSync(descriptor);
  }
}

/** Reads by events, because pipes can block, and without a copy. */
async function* pipeBlocks(
  descriptor: number,
  length: number,
  signal: AbortSignal,
  asTheyCome: boolean,
): AsyncGenerator<Uint8Array, void, void> {
  const buffer = new Uint8Array(length);
  let filled = 0;
  let least = length;
  /** Length of the block that is ready to be yielded. The next one starts at the same place in the buffer. */
  let ready = 0;
  let end: { readonly error?: unknown } | undefined;
  let wake = (): void => undefined;
  const finish = (error?: unknown): void => {
    end ??= { error };
    wake();
  };
  // `onread` is documented, but missing in the types.
  const onread = {
    buffer: () => buffer.subarray(filled),
    callback(count: number): boolean {
      filled += count;
      if (filled < least) return true;
      ready = filled;
      filled = 0;
      wake();
      return false;
    },
  };
  const options = { fd: descriptor, readable: true, writable: false, onread };
  const socket = new Socket(options);
  socket.once("end", () => finish());
  socket.once("error", finish);
  const stop = (): void => {
    socket.destroy();
    finish(signal.reason);
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    for (;;) {
      if (ready === 0 && end === undefined) await new Promise<void>((resolve) => (wake = resolve));
      if (ready > 0) {
        yield buffer.subarray(0, ready);
        if (asTheyCome) least = 1;
        ready = 0;
        socket.resume();
        continue;
      }
      if (end?.error !== undefined) throw end.error;
      if (filled > 0) yield buffer.subarray(0, filled);
      return;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    socket.destroy();
  }
}
