/** Makes one object of several, mostly by copies that the store makes. */
import { NpyError, within } from "../errors.ts";
import { formatHeader, type NpyHeader, zeroDimensional } from "../format/header.ts";
import { bytesPerRow, rowCount, rowShape, shapeOf } from "../format/layout.ts";
import { readCheckedHeader } from "../plan/read/header.ts";
import { run } from "../plan/run.ts";
import { perform } from "../plan/step.ts";
import { together } from "../plan/together.ts";
import { checkFits } from "../reader/joined-files.ts";
import type { AsyncStorageFile, Storage, StorageFile } from "../storage/storage.ts";
import { equalParts, type JoinedPart, joinedParts, type Piece, type Wanted } from "./join-parts.ts";
import type { ObjectStore, Part, PartLimits, Upload } from "./object-store.ts";

/** Bytes that a store copies in one request, so that several are under way: more if an object would have too many parts. */
const COPIED = 2 ** 28;

/** How objects are joined. */
export interface Joining {
  /** Whether an object that has the name already is replaced. */
  readonly isReplaced: boolean;
  /** Whether all parts but the last must have one size. */
  readonly isEqual: boolean;
  readonly maxHeaderSize: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((done: number, total: number) => void) | undefined;
}

/** What joining did. */
export interface JoinReport {
  /** Rows of the new array. */
  readonly rows: number;
  /** Bytes that the store copied. */
  readonly bytesCopied: number;
  /** Bytes that passed through this process, because parts must have a certain length. */
  readonly bytesSent: number;
}

/** One of the objects. */
interface Source {
  readonly key: string;
  readonly etag: string;
  readonly size: number;
  readonly header: NpyHeader;
}

/**
 * Writes the rows of all sources, one after the other, into an object, which appears when all of it is there.
 *
 * @throws NpyError `ERR_NPY_DTYPE` and `ERR_NPY_SHAPE` if they do not fit together, `ERR_NPY_CHANGED` if one of them, or the target, is replaced meanwhile,
 * `ERR_NPY_OPTION` if they would need too many parts; the store's own errors.
 */
export async function joinObjects(
  store: ObjectStore,
  target: string,
  keys: readonly string[],
  joining: Joining,
): Promise<JoinReport> {
  const { isReplaced, signal } = joining;
  const existing = await store.head(target, { signal });
  if (existing !== undefined && !isReplaced) throw exists(store.url(target));
  const sources = await atOnce(keys, (key) => sourceOf(store, key, joining));
  const header = headerOf(store, sources);
  const wanted = sources.map(({ size, header: own }): Wanted => {
    return { start: own.headerLength, end: own.headerLength + rowCount(own) * bytesPerRow(own), size };
  });
  const parts = partsOf(header.length, wanted, store.limits, joining.isEqual);
  if (parts.length > store.limits.count) throw tooMany(store, target, parts.length);
  const condition = existing === undefined ? { isNew: true } : { etag: existing.etag };
  const id = globalThis.crypto.randomUUID();
  const joiner = new Joiner(store, sources, header, parts, joining);
  let etag: string | undefined;
  if (parts.length === 1 && parts[0]?.isCopied !== true) {
    etag = await store.put(target, await joiner.bytesOf(0), { ...condition, id, signal });
    joiner.count(0);
  } else {
    const upload = await store.begin(target, { id, signal });
    try {
      const sent = await joiner.sendAll(upload);
      // Not all stores heed conditions on copies, or when an upload is completed.
      await atOnce(sources, (source) => checkUnchanged(store, source, signal));
      const now = await store.head(target, { signal });
      if (now?.etag !== existing?.etag) throw replaced(store.url(target));
      etag = await upload.complete(sent, { ...condition, signal });
    } catch (error) {
      await upload.abort().catch(() => undefined);
      throw error;
    }
  }
  if (etag === undefined) throw existing === undefined ? exists(store.url(target)) : replaced(store.url(target));
  return joiner.report;
}

function partsOf(before: number, wanted: readonly Wanted[], { least, most, count }: PartLimits, isEqual: boolean): JoinedPart[] {
  if (isEqual) {
    const total = wanted.reduce((sum, { start, end }) => sum + end - start, before);
    return equalParts(before, wanted, Math.max(least, Math.ceil(total / count)));
  }
  const parts = joinedParts(before, wanted, { least, most: Math.min(most, COPIED) });
  return parts.length > count ? joinedParts(before, wanted, { least, most }) : parts;
}

/** Sends the parts. */
class Joiner {
  readonly #store: ObjectStore;
  readonly #sources: readonly Source[];
  readonly #header: Uint8Array;
  readonly #parts: readonly JoinedPart[];
  readonly #joining: Joining;
  #copied = 0;
  #sent = 0;

  constructor(
    store: ObjectStore,
    sources: readonly Source[],
    header: Uint8Array,
    parts: readonly JoinedPart[],
    joining: Joining,
  ) {
    this.#store = store;
    this.#sources = sources;
    this.#header = header;
    this.#parts = parts;
    this.#joining = joining;
  }

  get report(): JoinReport {
    const rows = this.#sources.reduce((sum, { header }) => sum + rowCount(header), 0);
    return { rows, bytesCopied: this.#copied, bytesSent: this.#sent };
  }

  async sendAll(upload: Upload): Promise<Part[]> {
    const { signal } = this.#joining;
    return await atOnce(this.#parts, async ({ isCopied, pieces }, i) => {
      const number = i + 1;
      let part: Part;
      if (isCopied) {
        const { source, start, end } = pieces[0] as Piece;
        part = await this.#naming(source, (from) => upload.copy(number, from, start, end, { signal }));
      } else {
        part = await upload.send(number, await this.bytesOf(i), { signal });
      }
      this.count(i);
      return part;
    });
  }

  /** The bytes of a part that passes through this process. */
  async bytesOf(index: number): Promise<Uint8Array> {
    const { signal } = this.#joining;
    const { pieces } = this.#parts[index] as JoinedPart;
    const before = index === 0 ? this.#header : new Uint8Array(0);
    const bytes = new Uint8Array(before.length + lengthOf(pieces));
    bytes.set(before);
    let done = before.length;
    for (const { source, start, end } of pieces) {
      const buffer = bytes.subarray(done, done + end - start);
      await this.#naming(source, ({ key, etag }) => this.#store.read(key, etag, buffer, start, { signal }));
      done += end - start;
    }
    return bytes;
  }

  /** A part is done. */
  count(index: number): void {
    const { isCopied, pieces } = this.#parts[index] as JoinedPart;
    const length = lengthOf(pieces);
    if (isCopied) this.#copied += length;
    else this.#sent += length;
    const total = this.#parts.reduce((sum, part) => sum + lengthOf(part.pieces), 0);
    this.#joining.onProgress?.(this.#copied + this.#sent, total);
  }

  /** Errors name the object that was read. */
  async #naming<Result>(index: number, action: (source: Source) => Promise<Result>): Promise<Result> {
    const source = this.#sources[index] as Source;
    try {
      return await action(source);
    } catch (error) {
      throw within(error, { path: this.#store.url(source.key) });
    }
  }
}

function lengthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { start, end }) => sum + end - start, 0);
}

async function sourceOf(store: ObjectStore, key: string, { signal, maxHeaderSize }: Joining): Promise<Source> {
  const path = store.url(key);
  try {
    const file = await store.open(key, { signal });
    try {
      const header = await run(readCheckedHeader(file as AsyncStorageFile as StorageFile, maxHeaderSize), signal);
      if (header.shape.length === 0) throw zeroDimensional();
      const etag = file.validator;
      if (etag === undefined) throw new NpyError("ERR_NPY_OPTION", "The store's answer has no ETag that can be read.", { path });
      return { key, etag, size: await file.size(), header };
    } finally {
      await file.close();
    }
  } catch (error) {
    throw within(error, { path });
  }
}

function headerOf(store: ObjectStore, sources: readonly Source[]): Uint8Array {
  const [first] = sources;
  if (first === undefined) throw new NpyError("ERR_NPY_OPTION", "Expected objects to join: found an empty list.");
  for (const { key, header } of sources) checkFits({ header, storage: { path: store.url(key) } as Storage }, first);
  const rows = sources.reduce((sum, { header }) => sum + rowCount(header), 0);
  const { dtype, fortranOrder } = first.header;
  return formatHeader({ dtype, fortranOrder, shape: shapeOf(rows, rowShape(first.header), fortranOrder) });
}

async function checkUnchanged(store: ObjectStore, { key, etag }: Source, signal: AbortSignal | undefined): Promise<void> {
  if ((await store.head(key, { signal }))?.etag !== etag) throw replaced(store.url(key));
}

/** Runs an action on all items, some at the same time. None begins after one has failed, and this returns when none is under way. */
async function atOnce<Item, Result>(
  items: readonly Item[],
  action: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const plans = items.map((item, i) => () => perform<Result>(never, () => action(item, i)));
  return await run(together(plans));
}

function never(): never {
  throw new Error("stores are asynchronous");
}

function exists(path: string): Error {
  return Object.assign(new Error(`EEXIST: the object already exists, join '${path}'`), { code: "EEXIST", path });
}

function replaced(path: string): NpyError {
  return new NpyError("ERR_NPY_CHANGED", "Another program replaced or deleted the object meanwhile: join the objects again.", {
    path,
  });
}

function tooMany(store: ObjectStore, target: string, found: number): NpyError {
  const reason = `An object has up to ${store.limits.count} parts, and these would need ${found}: join some of them first, and then the results.`;
  return new NpyError("ERR_NPY_OPTION", reason, { path: store.url(target) });
}
