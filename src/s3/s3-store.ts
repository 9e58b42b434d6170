/** A bucket of S3, or of a server that speaks its language, as a store of objects. */
import { NpyError } from "../errors.ts";
import type {
  ListedObject,
  ListedUpload,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  OpenedObject,
  Part,
  PartLimits,
  PutOptions,
  RequestOptions,
  Upload,
} from "../objects/object-store.ts";
import { httpStorage } from "../storage/http.ts";
import { hasChanged, requestRange } from "../storage/http-request.ts";
import { isTransient, retrying } from "../storage/retry.ts";
import type { ReadPurpose } from "../storage/storage.ts";
import { encoded, encodedKey } from "./address.ts";
import { answered, type ClientOptions, type S3Answer, type S3Request, send, senseless } from "./client.ts";
import { contentsOf, textOf } from "./xml.ts";

/** Metadata of an object: the id of the write that made it. */
const ID = "x-amz-meta-npy-id";

/** Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits". */
const LIMITS: PartLimits = { least: 5 * 2 ** 20, most: 5 * 2 ** 30, count: 10_000 };

/** Answers to a condition that does not hold. Without an object, AWS answers 404 to `If-Match`. */
const UNMET: readonly number[] = [404, 412];

/** The ETag of an object that was replaced before its own was known. */
const REPLACED = '"replaced"';

type Query = Readonly<Record<string, string | number | undefined>>;

/** What {@link S3Store.honoursMatch} found, by the URL of the bucket. */
const honours = new Map<string, Promise<boolean>>();

export class S3Store implements ObjectStore {
  readonly name: string;
  readonly limits: PartLimits = LIMITS;
  readonly #bucket: string;
  readonly #options: ClientOptions;

  /** `root` is the URL of the bucket. */
  constructor(root: string, bucket: string, options: ClientOptions) {
    this.name = root;
    this.#bucket = bucket;
    this.#options = options;
  }

  url(key: string): string {
    return `${this.name}/${encodedKey(key)}`;
  }

  async open(key: string, purpose: ReadPurpose): Promise<OpenedObject> {
    const { fetch, timeout, retries } = this.#options;
    return await httpStorage(this.url(key), { fetch, retries }).open("r", { timeout, ...purpose });
  }

  async head(key: string, { signal }: RequestOptions = {}): Promise<ObjectInfo | undefined> {
    const url = this.url(key);
    const { status, headers } = await this.#send({ method: "HEAD", url, accepted: [404], signal });
    if (status === 404) return undefined;
    const etag = headers.get("etag");
    const size = headers.get("content-length");
    if (etag === null || size === null) throw senseless(url, etag === null ? "ETag" : "Content-Length");
    return { size: Number(size), etag, id: headers.get(ID) ?? undefined };
  }

  async read(key: string, etag: string, buffer: Uint8Array, position: number, { signal }: RequestOptions = {}): Promise<number> {
    if (buffer.length === 0) return 0;
    const url = this.url(key);
    const { fetch, timeout, retries } = this.#options;
    const signals = signal === undefined ? [] : [signal];
    const wanted = { start: position, end: position + buffer.length };
    const target = { url, shown: url, headers: { "If-Match": etag }, fetch };
    const accept = (found: { readonly validator: string | undefined }): Uint8Array => {
      if (found.validator !== etag) throw hasChanged();
      return buffer;
    };
    const found = await retrying(() => requestRange(target, wanted, { signals, timeout }, accept), retries, signals);
    return found === undefined ? 0 : Math.min(wanted.end, found.size) - position;
  }

  async put(key: string, bytes: Uint8Array | Blob, options: PutOptions = {}): Promise<string | undefined> {
    const { id, signal } = options;
    const url = this.url(key);
    const headers = { ...conditionsOf(options), ...(id === undefined ? {} : { [ID]: id }) };
    const answer = await this.#sendOnce({ method: "PUT", url, headers, body: bytes, accepted: UNMET, signal }, key, id);
    if (typeof answer === "string") return answer;
    if (!UNMET.includes(answer.status)) return etagOf(answer, url);
    if (textOf(answer.text, "Code") === "NoSuchBucket") throw answered(answer, url);
    return await this.#ownEtag(key, id, signal);
  }

  /** Sends a write. If every answer is lost, the object shows whether the write was done: returns its ETag then. */
  async #sendOnce(request: S3Request, key: string, id: string | undefined): Promise<S3Answer | string> {
    try {
      return await this.#send(request);
    } catch (error) {
      if (!isTransient(error)) throw error;
      const etag = await this.#ownEtag(key, id, request.signal).catch(() => undefined);
      if (etag === undefined) throw error;
      return etag;
    }
  }

  /** The ETag of the object if the write of this id made it. */
  async #ownEtag(key: string, id: string | undefined, signal: AbortSignal | undefined): Promise<string | undefined> {
    const found = id === undefined ? undefined : await this.head(key, { signal });
    return found?.id === id ? found?.etag : undefined;
  }

  async begin(key: string, { id, signal }: Pick<PutOptions, "id" | "signal"> = {}): Promise<Upload> {
    const url = withQuery(this.url(key), { uploads: "" });
    const headers: Record<string, string> = id === undefined ? {} : { [ID]: id };
    const { text } = await this.#send({ method: "POST", url, headers, signal });
    const uploadId = textOf(text, "UploadId");
    if (uploadId === "") throw senseless(url, "UploadId");
    return {
      key,
      send: (number, bytes, options) => this.#sendPart(key, uploadId, number, bytes, options),
      copy: (number, from, start, end, options) => this.#copyPart(key, uploadId, number, from, [start, end], options),
      complete: (parts, options) => this.#complete(key, uploadId, id, parts, options),
      abort: (options) => this.abort({ key, uploadId }, options),
    };
  }

  async #sendPart(
    key: string,
    uploadId: string,
    number: number,
    bytes: Uint8Array,
    { signal }: RequestOptions = {},
  ): Promise<Part> {
    const url = withQuery(this.url(key), { partNumber: number, uploadId });
    return { number, etag: etagOf(await this.#send({ method: "PUT", url, body: bytes, signal }), url) };
  }

  async #copyPart(
    key: string,
    uploadId: string,
    number: number,
    from: { readonly key: string; readonly etag: string },
    [start, end]: readonly [number, number],
    { signal }: RequestOptions = {},
  ): Promise<Part> {
    const url = withQuery(this.url(key), { partNumber: number, uploadId });
    const headers = {
      "x-amz-copy-source": `/${encoded(this.#bucket)}/${encodedKey(from.key)}`,
      "x-amz-copy-source-range": `bytes=${start}-${end - 1}`,
      "x-amz-copy-source-if-match": from.etag,
    };
    const answer = await this.#send({ method: "PUT", url, headers, moved: end - start, accepted: UNMET, signal });
    if (answer.status === 412 || textOf(answer.text, "Code") === "NoSuchKey") throw hasChanged();
    const etag = etagIn(answer.text);
    // The answer begins with 200 before the copy is made.
    if (etag === undefined) throw answered(answer, url);
    return { number, etag };
  }

  async #complete(
    key: string,
    uploadId: string,
    id: string | undefined,
    parts: readonly Part[],
    options: Omit<PutOptions, "id"> = {},
  ): Promise<string | undefined> {
    const { signal } = options;
    const url = withQuery(this.url(key), { uploadId });
    const listed = [...parts].sort((a, b) => a.number - b.number);
    const body = `<CompleteMultipartUpload>${listed
      .map(({ number, etag }) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag.replaceAll('"', "&quot;")}</ETag></Part>`)
      .join("")}</CompleteMultipartUpload>`;
    const headers = { "Content-Type": "application/xml", ...conditionsOf(options) };
    // Servers may put parts together only now.
    const request: S3Request = { method: "POST", url, headers, body, moved: 2 ** 24, accepted: UNMET, signal };
    const answer = await this.#sendOnce(request, key, id);
    if (typeof answer === "string") return answer;
    const etag = etagIn(answer.text);
    if (etag !== undefined) return etag;
    const code = textOf(answer.text, "Code");
    // An earlier request may have completed it, and its answer been lost. Ceph leaves the ETag empty now and then.
    const own = await this.#ownEtag(key, id, signal);
    if (own !== undefined) return own;
    // Another writer replaced it at once: no condition will hold.
    if (answer.text.includes("<CompleteMultipartUploadResult")) return REPLACED;
    const isUnmet = code === "PreconditionFailed" || code === "NoSuchKey";
    if (isUnmet && UNMET.includes(answer.status)) return undefined;
    throw answered(answer, this.url(key));
  }

  async abort({ key, uploadId }: Pick<ListedUpload, "key" | "uploadId">, { signal }: RequestOptions = {}): Promise<void> {
    await this.#send({ method: "DELETE", url: withQuery(this.url(key), { uploadId }), accepted: [404], signal });
  }

  async delete(key: string, { signal }: RequestOptions = {}): Promise<void> {
    await this.#send({ method: "DELETE", url: this.url(key), accepted: [404], signal });
  }

  async *list(prefix: string, { signal, isFlat = false, after }: ListOptions = {}): AsyncGenerator<readonly ListedObject[]> {
    let token: string | undefined;
    do {
      const delimiter = isFlat ? "/" : undefined;
      const start = { "start-after": token === undefined ? after : undefined, "continuation-token": token };
      const query = { "list-type": 2, prefix, delimiter, "encoding-type": "url", ...start };
      const text = await this.#list(query, "ListBucketResult", signal);
      yield contentsOf(text, "Contents").map((entry) => ({
        key: keyOf(entry),
        size: Number(textOf(entry, "Size")),
        etag: etagIn(entry) ?? "",
      }));
      token = textOf(text, "IsTruncated") === "true" ? textOf(text, "NextContinuationToken") : "";
    } while (token !== "");
  }

  async *listUploads(prefix: string, { signal }: RequestOptions = {}): AsyncGenerator<readonly ListedUpload[]> {
    let after: Query = {};
    for (;;) {
      const query = { uploads: "", prefix, "encoding-type": "url", ...after };
      const text = await this.#list(query, "ListMultipartUploadsResult", signal);
      yield contentsOf(text, "Upload").map((entry) => ({
        key: keyOf(entry),
        uploadId: textOf(entry, "UploadId"),
        began: Date.parse(textOf(entry, "Initiated")),
      }));
      if (textOf(text, "IsTruncated") !== "true") return;
      after = {
        "key-marker": decodedKey(textOf(text, "NextKeyMarker")),
        "upload-id-marker": textOf(text, "NextUploadIdMarker"),
      };
    }
  }

  async #list(query: Query, root: string, signal: AbortSignal | undefined): Promise<string> {
    const url = withQuery(this.name, query);
    const { text } = await this.#send({ method: "GET", url, signal });
    if (!text.includes(`<${root}`)) throw senseless(url, root);
    return text;
  }

  honoursMatch(key: string, { signal }: RequestOptions = {}): Promise<boolean> {
    const known = honours.get(this.name);
    if (known !== undefined) return known;
    const trial = this.#tryMatch(`${key}.trial-${crypto.randomUUID()}`, signal).catch((error: unknown) => {
      honours.delete(this.name);
      throw error;
    });
    honours.set(this.name, trial);
    return trial;
  }

  /** Writes an object on a condition that does not hold, and on one that does: some servers ignore conditions, and others never find them met. */
  async #tryMatch(key: string, signal: AbortSignal | undefined): Promise<boolean> {
    const id = key.slice(-36);
    const bytes = new Uint8Array(1);
    const etag = await this.put(key, bytes, { id, signal });
    const upload = await this.begin(key, { id: `${id}-2`, signal });
    try {
      const part = await upload.send(1, bytes, { signal });
      const isIgnored = (await upload.complete([part], { etag: '"0123456789abcdef0123456789abcdef"', signal })) !== undefined;
      return !isIgnored && (await this.put(key, bytes, { id: `${id}-3`, etag, signal })) !== undefined;
    } finally {
      await upload.abort().catch(() => undefined);
      await this.delete(key, { signal });
    }
  }

  async #send(request: S3Request): Promise<S3Answer> {
    return await send(request, this.#options);
  }
}

function conditionsOf({ isNew = false, etag }: Pick<PutOptions, "isNew" | "etag">): Record<string, string> {
  return { ...(isNew ? { "If-None-Match": "*" } : {}), ...(etag === undefined ? {} : { "If-Match": etag }) };
}

function etagOf({ headers }: S3Answer, url: string): string {
  const etag = headers.get("etag");
  if (etag !== null) return etag;
  throw new NpyError(
    "ERR_NPY_OPTION",
    `The store's answer has no ETag that can be read: in a page, the bucket must send Access-Control-Expose-Headers: ETag (CORS). URL: ${url.replace(/\?.*/s, "")}.`,
  );
}

/** An ETag in XML, which not all servers quote as they do in headers. */
function etagIn(xml: string): string | undefined {
  const etag = textOf(xml, "ETag");
  return etag === "" || etag.endsWith('"') ? etag || undefined : `"${etag}"`;
}

/** Sorted, as signatures want it. */
function withQuery(url: string, query: Query): string {
  const named = Object.entries(query).filter(([, value]) => value !== undefined);
  const sorted = named.map(([name, value]) => `${encoded(name)}=${encoded(String(value))}`).sort();
  return `${url}?${sorted.join("&")}`;
}

function keyOf(entry: string): string {
  return decodedKey(textOf(entry, "Key"));
}

/** Keys are listed as in URLs, since XML cannot hold every character. */
function decodedKey(text: string): string {
  return decodeURIComponent(text.replaceAll("+", "%20"));
}
