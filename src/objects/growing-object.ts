/**
 * An object that rows are appended to. Objects are replaced as a whole, so a new version is put together from the first part, which holds the header and
 * is sent last, from parts that the store copies of the old version, and from the new rows. It takes the place of the old one at once, when it is
 * published.
 */
import type { AsyncStorageFile, Eventually } from "../storage/storage.ts";
import { type Condition, checkedCondition } from "./conditions.ts";
import { copyRanges, type Range, rangesToCopy } from "./copies.ts";
import { notInPlace, replaced } from "./object-errors.ts";
import type { ObjectInfo, ObjectStore, Upload } from "./object-store.ts";
import { type Cutting, Tail } from "./tail.ts";

/** The object as it is in the store. */
type Version = Pick<ObjectInfo, "etag" | "size">;

/** A new version that is under way. */
interface Begun {
  readonly upload: Upload;
  readonly id: string;
  /** What the store is to copy: from where to where. */
  readonly copies: readonly Range[];
}

/** So many first bytes are read when an object is opened. */
const HEADER = 2 ** 12;

/** Zeros are written in blocks of this. */
const ZEROS = 2 ** 16;

export class GrowingObject implements AsyncStorageFile {
  readonly key: unknown;
  readonly #store: ObjectStore;
  readonly #name: string;
  #cutting: Cutting;
  /** `undefined` while it is a temporary file. */
  #base: Version | undefined;
  /** The first bytes, in memory that may be longer. */
  #start: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #startLength = 0;
  /** Bytes between the first ones and this are as in the old version. */
  #kept: number;
  #tail: Tail;
  #begun: Promise<Begun> | undefined;
  #isChanged = false;
  /** Writes of which it is not known whether they were done, and the bytes after the first ones that have not changed since. */
  #attempts: { readonly id: string; same: number }[] = [];

  constructor(store: ObjectStore, name: string, cutting: Cutting, key: unknown, base: Version | undefined) {
    this.#store = store;
    this.#name = name;
    this.#cutting = cutting;
    this.key = key;
    this.#base = base;
    this.#kept = base?.size ?? 0;
    this.#tail = this.#newTail(this.#kept, this.#kept);
  }

  #newTail(position: number, counted: number): Tail {
    return new Tail(position, counted, this.#cutting, async (index, bytes) => {
      const { upload, copies } = await this.#begin();
      return await upload.send(2 + copies.length + index, bytes);
    });
  }

  /** Reads the first bytes at once, which hold nearly every header. */
  async open(): Promise<void> {
    await this.#load(Math.min(HEADER, this.#kept));
  }

  size(): number {
    return this.#tail.end;
  }

  /** The bytes that the first part has, unless it holds all. */
  get #first(): number {
    return this.#cutting.isEqual ? this.#cutting.size : this.#cutting.limits.least;
  }

  /** Below this, an object is rewritten whole: what is left beside the first part could not be copied. */
  get #whole(): number {
    return this.#cutting.isEqual ? this.#cutting.size : 2 * this.#cutting.limits.least - 1;
  }

  /** Whether all bytes before the tail are in memory. */
  get #isWhole(): boolean {
    return this.#kept <= this.#startLength;
  }

  /** Makes parts large enough for an object of so many bytes. Has no effect once parts were sent. */
  expect(size: number): void {
    const { limits, size: now } = this.#cutting;
    const wanted = 2 ** 20 * Math.ceil(size / (limits.count / 2) / 2 ** 20);
    if (this.#tail.end > this.#tail.position || wanted <= now) return;
    this.#cutting = { ...this.#cutting, size: Math.min(limits.most, wanted) };
    this.#tail = this.#newTail(this.#tail.position, this.#tail.position);
  }

  async read(buffer: Uint8Array, position: number): Promise<number> {
    const end = Math.min(this.#tail.end, position + buffer.length);
    if (end <= position) return 0;
    const known = this.#start.subarray(Math.min(position, this.#startLength), Math.min(end, this.#startLength));
    buffer.set(known);
    const [from, to] = [position + known.length, Math.min(end, this.#kept)];
    if (from < to) await this.#readBase(buffer.subarray(known.length, to - position), from);
    this.#tail.visit(position, end - position, (memory, offset) => buffer.set(memory, offset), false);
    return end - position;
  }

  async #readBase(buffer: Uint8Array, position: number): Promise<void> {
    const { etag } = this.#base as Version;
    const count = await this.#store.read(this.#name, etag, buffer, position);
    if (count < buffer.length) throw replaced();
  }

  write(bytes: Uint8Array, position: number): Eventually<void> {
    this.#isChanged = true;
    const { end } = this.#tail;
    const isInMemory = this.#isWhole ? position <= end : position + bytes.length <= this.#startLength;
    const isAppended = position === end && (!this.#needsBase || bytes.length === 0);
    if (!isInMemory && !isAppended) return this.#writeElsewhere(bytes, position);
    return this.#writeHere(bytes, position);
  }

  /** Where bytes of the old version have to be there first. */
  async #writeElsewhere(bytes: Uint8Array, position: number): Promise<void> {
    while (position > this.#tail.end) {
      await this.write(new Uint8Array(Math.min(ZEROS, position - this.#tail.end)), this.#tail.end);
    }
    const isStart = position < this.#kept;
    if (isStart && position + bytes.length > Math.max(this.#first, this.#startLength) && this.#kept > this.#whole)
      throw notInPlace();
    if (this.#needsBase) await this.#prepare();
    if (isStart) await this.#load(Math.min(this.#kept, Math.max(this.#first, position + bytes.length)));
    await this.#writeHere(bytes, position);
  }

  #writeHere(bytes: Uint8Array, position: number): Promise<void> | undefined {
    const over = Math.min(bytes.length, this.#tail.end - position);
    if (over > 0) this.#overwrite(bytes.subarray(0, over), position);
    const writing = over < bytes.length ? this.#append(bytes.subarray(over)) : undefined;
    // Only a header begins there, and it counts what is written before it.
    if (position === 0) this.#tail.count(this.#tail.end);
    return writing;
  }

  #overwrite(bytes: Uint8Array, position: number): void {
    const { length } = bytes;
    if (position + length > this.#startLength) this.#changeFrom(position);
    this.#tail.visit(position, length, () => undefined, true);
    this.#tail.visit(position, length, (memory, offset) => memory.set(bytes.subarray(offset, offset + memory.length)), true);
    const known = Math.max(0, Math.min(length, this.#startLength - position));
    this.#start.set(bytes.subarray(0, known), Math.min(position, this.#startLength));
  }

  #append(bytes: Uint8Array): Promise<void> | undefined {
    let rest = bytes;
    const isStart = this.#isWhole && this.#tail.end === this.#startLength;
    if (isStart && this.#startLength < this.#first) {
      const part = bytes.subarray(0, this.#first - this.#startLength);
      this.#grow(this.#startLength + part.length).set(part, this.#startLength);
      this.#startLength += part.length;
      this.#tail = this.#newTail(this.#startLength, 0);
      rest = bytes.subarray(part.length);
    }
    return rest.length === 0 ? undefined : this.#tail.append(rest);
  }

  /** Memory for the first `length` bytes. */
  #grow(length: number): Uint8Array {
    if (length > this.#start.length) {
      const larger = new Uint8Array(Math.max(length, Math.min(this.#first, 2 * this.#start.length)));
      larger.set(this.#start.subarray(0, this.#startLength));
      this.#start = larger;
    }
    return this.#start;
  }

  /** Reads the first bytes into memory. */
  async #load(length: number): Promise<void> {
    const from = this.#startLength;
    if (length <= from) return;
    await this.#readBase(this.#grow(length).subarray(from, length), from);
    this.#startLength = length;
  }

  /** Whether bytes of the old version must be in memory before any are added. */
  get #needsBase(): boolean {
    if (this.#isWhole || this.#tail.end > this.#tail.position) return false;
    return this.#kept <= this.#whole || (this.#cutting.isEqual && this.#kept % this.#cutting.size !== 0);
  }

  /** Reads those bytes. */
  async #prepare(): Promise<void> {
    if (!this.#needsBase) return;
    const kept = this.#kept;
    if (kept <= this.#whole) {
      await this.#load(kept);
      this.#tail = this.#newTail(kept, kept);
      return;
    }
    const aligned = kept - (kept % this.#cutting.size);
    const rest = new Uint8Array(kept - aligned);
    await this.#readBase(rest, aligned);
    this.#kept = aligned;
    this.#tail = this.#newTail(aligned, kept);
    await this.#tail.append(rest);
  }

  /** Cuts bytes off. Parts of them that were sent are dropped with the whole upload, so that what stays must be in memory or in the old version. */
  async truncate(size: number): Promise<void> {
    const { end, position } = this.#tail;
    if (size >= end) return size === end ? undefined : await this.write(new Uint8Array(0), size);
    this.#isChanged = true;
    this.#changeFrom(size);
    if (size >= position && this.#tail.cut(size)) return;
    const stays = this.#tail.bytesFrom(Math.min(position, size), size);
    await this.abort();
    if (this.#isWhole || size <= this.#startLength) this.#startLength = Math.min(size, this.#startLength);
    this.#kept = Math.min(this.#kept, size);
    this.#tail = this.#newTail(Math.min(position, size), size);
    await this.#tail.append(stays);
  }

  #changeFrom(position: number): void {
    for (const attempt of this.#attempts) attempt.same = Math.min(attempt.same, position);
  }

  /** Nothing that was written is safe before it is published. */
  sync(): void {}

  #begin(): Promise<Begun> {
    this.#begun ??= this.#beginUpload().catch((error: unknown) => {
      this.#begun = undefined;
      throw error;
    });
    return this.#begun;
  }

  async #beginUpload(): Promise<Begun> {
    const id = crypto.randomUUID();
    const copies = this.#isWhole ? [] : rangesToCopy(this.#first, this.#kept, this.#cutting);
    return { id, copies, upload: await this.#store.begin(this.#name, { id }) };
  }

  /** Makes everything that was written the object, at once. Does nothing for a temporary file: that is put in the place of another. */
  async publish(): Promise<void> {
    if (this.#base === undefined || !this.#isChanged) return;
    await this.#findAttempts();
    if ((await this.#put({ etag: this.#base.etag })) === undefined) throw replaced();
  }

  /** Puts a temporary file in the place of the version of this ETag, or of none. Returns its ETag; `undefined` if there is another one. */
  async place(condition: Condition): Promise<string | undefined> {
    await this.#findAttempts();
    return await this.#put(condition);
  }

  /** Whether it can be created in one request. */
  get isShort(): boolean {
    return this.#begun === undefined && this.#isWhole && this.#tail.end <= Math.max(this.#cutting.size, this.#startLength);
  }

  async #put(condition: Condition): Promise<string | undefined> {
    await this.#prepare();
    const size = this.#tail.end;
    const isShort = this.isShort;
    const etag = isShort ? await this.#putWhole(condition) : await this.#putParts(condition);
    if (etag === undefined) return undefined;
    this.#attempts = [];
    this.#begun = undefined;
    this.#isChanged = false;
    if (isShort) {
      this.#grow(size).set(this.#tail.bytesFrom(this.#tail.position), this.#tail.position);
      this.#startLength = size;
    }
    this.#base = { etag, size };
    this.#kept = size;
    this.#tail = this.#newTail(size, size);
    return etag;
  }

  async #putWhole(condition: Condition): Promise<string | undefined> {
    const id = crypto.randomUUID();
    const position = this.#tail.position;
    const bytes = new Uint8Array(this.#tail.end);
    bytes.set(this.#start.subarray(0, this.#startLength));
    bytes.set(this.#tail.bytesFrom(position), position);
    const checked = await checkedCondition(this.#store, this.#name, condition, false);
    if (checked === undefined) return undefined;
    this.#attempts.push({ id, same: bytes.length });
    return await this.#store.put(this.#name, bytes, { ...checked, id });
  }

  async #putParts(condition: Condition): Promise<string | undefined> {
    const { upload, id, copies } = await this.#begin();
    const sent = await Promise.allSettled([
      this.#tail.finish(),
      copyRanges(upload, copies, { key: this.#name, etag: condition.etag ?? "" }),
    ]);
    const parts = sent.flatMap((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
    if (!this.#isWhole) await this.#load(this.#first);
    const first = this.#start.subarray(0, this.#isWhole ? this.#startLength : this.#first);
    parts.push(await upload.send(1, first));
    const checked = await checkedCondition(this.#store, this.#name, condition, copies.length > 0);
    if (checked === undefined) return undefined;
    this.#attempts.push({ id, same: this.#tail.end });
    return await upload.complete(parts, checked);
  }

  /** Finds out whether a write that seemed to fail was done after all, so that its rows are not taken for those of another writer. */
  async #findAttempts(): Promise<void> {
    if (this.#attempts.length === 0) return;
    const found = await this.#store.head(this.#name);
    const attempt = this.#attempts.find(({ id }) => id === found?.id);
    if (attempt === undefined || found === undefined) return;
    const from = Math.max(attempt.same, this.#startLength);
    const rest = this.#tail.bytesFrom(Math.min(this.#tail.end, Math.max(from, this.#tail.position)));
    await this.#tail.settle();
    this.#begun = undefined;
    this.#attempts = [];
    this.#base = found;
    this.#kept = attempt.same;
    this.#tail = this.#newTail(from, from);
    if (rest.length > 0) await this.write(rest, from);
  }

  /** Drops what was not published. Nothing may be written afterwards. */
  async abort(): Promise<void> {
    const begun = this.#begun;
    this.#begun = undefined;
    if (begun === undefined) return;
    await this.#tail.settle();
    // What is left, `abortStale` finds.
    await begun.then(({ upload }) => upload.abort()).catch(() => undefined);
  }

  /** What was not published is dropped. A temporary file keeps what it has until it is removed. */
  async close(): Promise<void> {
    if (this.#base !== undefined) await this.abort();
  }

  /** The version that it continues. */
  get version(): Version | undefined {
    return this.#base;
  }
}
