/**
 * The contract of a store of objects: bytes under a key, which are replaced as a whole. It holds what such stores have in common. What must be safe
 * everywhere rests on `put` with `isNew` alone, which all of them honour; other conditions are an extra.
 *
 * Errors are the runtime's own, and name the object's URL without its query; `NpyError` `ERR_NPY_OPTION` for answers that make no sense. Requests that a
 * server or a connection failed are made again before an error is thrown.
 */

import type { AsyncStorageFile, ReadPurpose } from "../storage/storage.ts";

/** An object that was opened for reading. */
export interface OpenedObject extends AsyncStorageFile {
  /** Its ETag; `undefined` where the store did not say. */
  readonly validator: string | undefined;
}

/** An object, as the store describes it. */
export interface ObjectInfo {
  readonly size: number;
  /** Changes whenever the object is replaced. */
  readonly etag: string;
  /** Who wrote it: the {@link PutOptions.id} that it was written with. */
  readonly id: string | undefined;
}

/** An object in a list. */
export interface ListedObject {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
}

/** An upload that nobody completed. */
export interface ListedUpload {
  readonly key: string;
  readonly uploadId: string;
  /** When it began, in milliseconds since 1970. `NaN` where the store does not say. */
  readonly began: number;
}

/** What may end a request before its time. */
export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Which objects are listed. */
export interface ListOptions extends RequestOptions {
  /** Only those with no `/` after the prefix. */
  readonly isFlat?: boolean;
  /** Only those whose keys come after this one. */
  readonly after?: string;
}

/** What is given with the bytes of an object. */
export interface PutOptions extends RequestOptions {
  /**
   * Stored beside the bytes, so that after a lost response it can be told whether this very request was done. Unique to this object and these bytes:
   * ASCII letters, digits, `-`, `.`, `_`, `:` and `/`.
   */
  readonly id?: string;
  /** Write only if there is no object of this key. Exactly one of several that do so at the same time succeeds. */
  readonly isNew?: boolean;
  /** Write only if the object still has this ETag. Only for stores that honour it: see {@link ObjectStore.honoursMatch}. */
  readonly etag?: string | undefined;
}

/** A part of an upload that was sent. */
export interface Part {
  /** From 1 on. Parts are put together in this order, which may have gaps. */
  readonly number: number;
  readonly etag: string;
}

/** An object that is sent in parts. Nobody sees it before it is complete. Parts may be sent in any order, and several at the same time. */
export interface Upload {
  readonly key: string;
  /** Sends a part, which replaces one of the same number. The bytes must not change meanwhile. */
  send(number: number, bytes: Uint8Array, options?: RequestOptions): Promise<Part>;
  /**
   * Makes bytes `start` to `end` (not included) of an object of the same store a part. They do not pass through this process. Not all stores heed the
   * ETag: ask for it again once all parts are copied.
   *
   * @throws NpyError `ERR_NPY_CHANGED` if the object is gone, or no longer has this ETag.
   */
  copy(
    number: number,
    from: { readonly key: string; readonly etag: string },
    start: number,
    end: number,
    options?: RequestOptions,
  ): Promise<Part>;
  /**
   * Makes the parts the object, in the order of their numbers. All that were sent must be among them. Returns its ETag; `undefined`, and changes
   * nothing, if a condition does not hold. An upload that was completed although the answer was lost counts as success.
   */
  complete(parts: readonly Part[], options?: Omit<PutOptions, "id">): Promise<string | undefined>;
  /** Drops all parts. Does nothing if there is no such upload any more. */
  abort(options?: RequestOptions): Promise<void>;
}

/** What a store asks of the parts of an upload. */
export interface PartLimits {
  /** The fewest bytes of a part, unless it is the last. */
  readonly least: number;
  /** The most bytes of a part, also of one that is copied, and of what is sent whole. */
  readonly most: number;
  /** The most parts of an upload. */
  readonly count: number;
}

/** A store of objects: one bucket or container. */
export interface ObjectStore {
  /** Equal for two stores that hold the same objects. */
  readonly name: string;
  readonly limits: PartLimits;
  /** The URL of an object, without a query: for messages, and for reading it. */
  url(key: string): string;
  /** Opens an object for reading, as it is now; fails with `ENOENT` if there is none. */
  open(key: string, purpose: ReadPurpose): Promise<OpenedObject>;
  /** Describes an object; `undefined` if there is none. */
  head(key: string, options?: RequestOptions): Promise<ObjectInfo | undefined>;
  /**
   * Fills `buffer` from `position` on; returns the bytes read, which are fewer only where the object ends.
   *
   * @throws NpyError `ERR_NPY_CHANGED` if the object no longer has this ETag, or is gone.
   */
  read(key: string, etag: string, buffer: Uint8Array, position: number, options?: RequestOptions): Promise<number>;
  /**
   * Writes an object. Returns its ETag; `undefined`, and changes nothing, if a condition does not hold. With an `id`, a condition that fails because
   * this very write was already done, and its answer lost, counts as success.
   */
  put(key: string, bytes: Uint8Array | Blob, options?: PutOptions): Promise<string | undefined>;
  /** Begins an object that is sent in parts. */
  begin(key: string, options?: Pick<PutOptions, "id" | "signal">): Promise<Upload>;
  /** The objects whose keys begin with `prefix`, sorted by their keys, page by page. */
  list(prefix: string, options?: ListOptions): AsyncGenerator<readonly ListedObject[]>;
  /** The uploads under way, or abandoned, of objects whose keys begin with `prefix`, page by page. */
  listUploads(prefix: string, options?: RequestOptions): AsyncGenerator<readonly ListedUpload[]>;
  /** Drops an upload that was listed. Does nothing if there is no such upload any more. */
  abort(upload: Pick<ListedUpload, "key" | "uploadId">, options?: RequestOptions): Promise<void>;
  /** Deletes an object. Does nothing if there is none. */
  delete(key: string, options?: RequestOptions): Promise<void>;
  /** Whether `complete` and `put` honour `etag`. Found out by a trial beside the object of this key, once per store and process. */
  honoursMatch(key: string, options?: RequestOptions): Promise<boolean>;
}
