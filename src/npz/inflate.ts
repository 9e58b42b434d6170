/** The bytes of a compressed member, decompressed as they are read. */

import { NpyError } from "../errors.ts";
import { counted } from "../format/counted.ts";
import { parseHeader } from "../format/header.ts";
import { dataLength } from "../format/layout.ts";
import { runtimeDeflate } from "../storage/deflate.ts";
import type { StorageFile } from "../storage/storage.ts";
import { Checksum } from "./checksum.ts";
import type { Member, MemberStart } from "./zip-directory.ts";
import { brokenArchive } from "./zip-format.ts";

/** Compressed bytes read at a time: few at first, for those who want no more than a header. */
const FIRST_BLOCK = 2 ** 14;
const LAST_BLOCK = 2 ** 22;

/** Deflate makes at most so many bytes of one. */
const MOST = 1032;

/** Compressed bytes of which the first read of a synchronous reader takes the header. */
const SYNC_HEAD = 2 ** 12;

/** Bytes after an array that a synchronous reader decompresses although nobody needs them. */
const MOST_AFTER = 2 ** 20;

/** Bytes that are kept from the beginning: a header is often read twice. */
const KEPT = 2 ** 9;

/** @throws NpyError if a member claims more bytes than can be in it. */
export function checkRatio({ size, compressedSize }: Member): void {
  if (size <= MOST * (compressedSize + 1)) return;
  throw brokenArchive(`${compressedSize} compressed bytes cannot hold the ${size} that its directory says`);
}

/** One pass over a member, from its first byte to its last. */
class Pass {
  /** What was decompressed last, and where it begins. */
  chunk: Uint8Array = new Uint8Array(0);
  position = 0;
  readonly #member: Member;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #checksum: Checksum;

  constructor(member: Member, compressed: AsyncIterable<Uint8Array>) {
    this.#member = member;
    this.#chunks = runtimeDeflate().inflate(compressed)[Symbol.asyncIterator]();
    this.#checksum = new Checksum(member, false);
  }

  get end(): number {
    return this.position + this.chunk.length;
  }

  async advance(): Promise<void> {
    const { size } = this.#member;
    const chunk = await this.#next();
    if (chunk === undefined) throw endsEarly(this.end, size);
    this.position = this.end;
    this.chunk = chunk;
    if (this.end > size) throw isLonger(size);
    if (this.end === size && (await this.#next()) !== undefined) throw isLonger(size);
    this.#checksum.add(chunk, this.position);
  }

  /** The next bytes, of which there are some. */
  async #next(): Promise<Uint8Array | undefined> {
    try {
      for (;;) {
        const { done, value } = await this.#chunks.next();
        if (done) return undefined;
        if (value.length > 0) return value;
      }
    } catch (error) {
      throw isOfInflate(error) ? broken(error) : error;
    }
  }

  async stop(): Promise<void> {
    await this.#chunks.return?.();
  }
}

/** Errors of zlib, and of streams of the web: others are those of reading. */
function isOfInflate(error: unknown): boolean {
  if (error instanceof NpyError) return false;
  const { code } = error as { code?: unknown };
  if (code === undefined) return error instanceof TypeError;
  return typeof code === "string" && /^(?:Z_|ERR_BUFFER_TOO_LARGE)/.test(code);
}

function broken(cause: unknown): NpyError {
  return brokenArchive(`its compressed data cannot be decompressed (${(cause as Error).message})`, cause);
}

function endsEarly(end: number, size: number): NpyError {
  return brokenArchive(`its compressed data hold ${counted(end, "byte")}, its directory says ${size}`);
}

function isLonger(size: number): NpyError {
  return brokenArchive(`its compressed data hold more than the ${size} bytes that its directory says`);
}

/** Reads a member in order, and begins again to go back. */
export class Inflater {
  readonly #file: StorageFile;
  readonly #member: Member;
  readonly #start: MemberStart;
  readonly #signal: AbortSignal | undefined;
  readonly #kept = new Uint8Array(KEPT);
  #keptLength = 0;
  #pass: Pass | undefined;
  /** The last read: one follows the other. */
  #last: Promise<unknown> = Promise.resolve();
  #whole: Uint8Array | undefined;
  #head: Uint8Array | undefined;

  constructor(file: StorageFile, member: Member, start: MemberStart, signal: AbortSignal | undefined) {
    this.#file = file;
    this.#member = member;
    this.#start = start;
    this.#signal = signal;
  }

  read(buffer: Uint8Array, position: number, signal: AbortSignal | undefined): Promise<number> {
    const reading = this.#last.then(() => this.#read(buffer, position, signal));
    this.#last = reading.catch(() => undefined);
    return reading;
  }

  async #read(buffer: Uint8Array, position: number, signal: AbortSignal | undefined): Promise<number> {
    const end = Math.min(this.#member.size, position + buffer.length);
    if (end <= position) return 0;
    let at = position;
    try {
      for (; at < end && at < this.#keptLength; ) at += put(buffer, position, this.#kept.subarray(0, this.#keptLength), 0, at);
      while (at < end) at += put(buffer, position, ...(await this.#chunkAt(at, signal)), at);
    } catch (error) {
      await this.stop();
      throw error;
    }
    return end - position;
  }

  /** The chunk that has byte `at`, and where it begins. */
  async #chunkAt(at: number, signal: AbortSignal | undefined): Promise<[chunk: Uint8Array, position: number]> {
    if (this.#pass !== undefined && at < this.#pass.position) await this.stop();
    this.#pass ??= new Pass(this.#member, this.#compressed());
    const pass = this.#pass;
    while (pass.end <= at) {
      signal?.throwIfAborted();
      this.#signal?.throwIfAborted();
      await pass.advance();
      this.#keep(pass);
    }
    return [pass.chunk, pass.position];
  }

  #keep({ chunk, position }: Pass): void {
    if (this.#keptLength !== position || position >= KEPT) return;
    const part = chunk.subarray(0, KEPT - position);
    this.#kept.set(part, position);
    this.#keptLength += part.length;
  }

  /** The compressed bytes, in blocks that become larger. */
  async *#compressed(): AsyncGenerator<Uint8Array, void, void> {
    const { position, head } = this.#start;
    const { compressedSize } = this.#member;
    if (head.length > 0) yield head;
    for (let at = head.length, length = FIRST_BLOCK; at < compressedSize; length = Math.min(2 * length, LAST_BLOCK)) {
      const block = new Uint8Array(Math.min(length, compressedSize - at));
      const count = await this.#file.read(block, position + at, this.#signal);
      if (count < block.length) throw brokenArchive(`it ends at byte ${position + at + count}, within this member`);
      yield block;
      at += count;
    }
  }

  /** Decompresses all of the member. */
  readSync(buffer: Uint8Array, position: number): number {
    const end = Math.min(this.#member.size, position + buffer.length);
    if (end <= position) return 0;
    this.#head ??= this.#inflateSync(true);
    if (end > this.#head.length && this.#whole === undefined) {
      checkNeeded(this.#head, this.#member);
      this.#whole = this.#inflateSync(false);
    }
    const source = this.#whole ?? this.#head;
    buffer.set(source.subarray(position, end));
    return end - position;
  }

  #inflateSync(isStart: boolean): Uint8Array {
    const { inflateSync } = runtimeDeflate();
    if (inflateSync === undefined) {
      throw new NpyError(
        "ERR_NPY_OPTION",
        "This runtime decompresses only asynchronously: call openNpz or loadNpz, and await it. Arrays that are not compressed can be read synchronously.",
      );
    }
    const { compressedSize, size } = this.#member;
    const bytes = new Uint8Array(isStart ? Math.min(compressedSize, SYNC_HEAD) : compressedSize);
    const count = this.#file.readSync(bytes, this.#start.position);
    if (count < bytes.length) throw brokenArchive("it ends within this member");
    try {
      // A head that is all of the member is checked like it.
      const isAll = bytes.length === compressedSize;
      const made = inflateSync(bytes, size, !isAll);
      if (isAll) this.#checkWhole(made);
      return made;
    } catch (error) {
      throw isOfInflate(error) ? broken(error) : error;
    }
  }

  #checkWhole(whole: Uint8Array): void {
    const { size } = this.#member;
    if (whole.length < size) throw endsEarly(whole.length, size);
    new Checksum(this.#member, false).add(whole, 0);
  }

  async stop(): Promise<void> {
    const pass = this.#pass;
    this.#pass = undefined;
    await pass?.stop();
  }
}

/** Refuses a member that is much larger than its array. */
function checkNeeded(head: Uint8Array, { size }: Member): void {
  let needed: number;
  try {
    const header = parseHeader(head, { maxHeaderSize: head.length });
    needed = header.headerLength + dataLength(header);
  } catch {
    return;
  }
  if (size - needed <= MOST_AFTER) return;
  throw new NpyError(
    "ERR_NPY_HEADER",
    `The array has ${needed} bytes, and its member says ${size}: read it asynchronously, which decompresses no more than the array.`,
  );
}

/** Copies from a part of the member, which begins at `start`, to a buffer, which begins at `position`, from byte `at` on. */
function put(buffer: Uint8Array, position: number, part: Uint8Array, start: number, at: number): number {
  const bytes = part.subarray(at - start, at - start + buffer.length - (at - position));
  buffer.set(bytes, at - position);
  return bytes.length;
}
