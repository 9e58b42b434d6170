/** Bytes of a file or of stdin, a block at a time. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { createRequire } from "node:module";
import { Socket } from "node:net";
import { isatty } from "node:tty";
import { UsageError } from "../failure.ts";

/** Of Linux's `<fcntl.h>`. */
const F_SETPIPE_SZ = 1031;

/** An open file, or stdin. */
export interface ByteSource {
  readonly descriptor: number;
  readonly isPipe: boolean;
  /** What is there; `undefined` for pipes and devices. */
  readonly size: number | undefined;
}

export function openBytes(path: string, { mayBeTerminal = false }: { readonly mayBeTerminal?: boolean } = {}): ByteSource {
  if (path === "-" && !mayBeTerminal && isatty(0)) throw new UsageError("stdin is the terminal: pipe the bytes into it");
  const descriptor = path === "-" ? 0 : openSync(path, "r");
  const stats = fstatSync(descriptor);
  if (stats.isFIFO()) widen(descriptor);
  return { descriptor, isPipe: stats.isFIFO() || stats.isSocket(), size: stats.isFile() ? stats.size : undefined };
}

/**
 * Lets a pipe hold 1 MiB, which Linux allows everyone, instead of 64 KiB: most of the time of a fast pipe goes into waking its two sides by
 * turns. Without koffi, or beyond the user's limit, the pipe stays as it is.
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

/** The part of koffi that is needed here; its own types are missing where it is not installed. */
interface Koffi {
  load(library: null): { func(prototype: string): (...args: readonly number[]) => number };
}

/**
 * Blocks of `length` bytes, the last of them shorter, from where the descriptor is. A block is valid until the next is asked for. The
 * descriptor is closed in the end. With `asTheyCome`, what a pipe holds is a block as soon as it is there, but for the first one.
 */
export function blocksOf(
  { descriptor, isPipe }: ByteSource,
  length: number,
  signal: AbortSignal,
  { asTheyCome = false }: { readonly asTheyCome?: boolean } = {},
): AsyncGenerator<Uint8Array, void, void> {
  return isPipe ? pipeBlocks(descriptor, length, signal, asTheyCome) : fileBlocks(descriptor, length);
}

/** Synchronously: handing a block to another thread costs more than what copying it beside the writing of the last one gains. */
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

/** Pipes can block, so they are read by events, without a copy. */
async function* pipeBlocks(
  descriptor: number,
  length: number,
  signal: AbortSignal,
  asTheyCome: boolean,
): AsyncGenerator<Uint8Array, void, void> {
  const buffer = new Uint8Array(length);
  let filled = 0;
  let least = length;
  /** Bytes of the block that is to be taken; what is read next begins where it did. */
  let ready = 0;
  let end: { readonly error?: unknown } | undefined;
  let wake = (): void => undefined;
  const finish = (error?: unknown): void => {
    end ??= { error };
    wake();
  };
  // `onread` is documented, and missing in the types.
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
