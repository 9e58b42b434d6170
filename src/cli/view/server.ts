/** Serves one file and the viewer to this machine's browser, and to nobody else. */
import { randomBytes } from "node:crypto";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { pipeline } from "node:stream/promises";

/** Milliseconds for which a file that grows is served as it was: a page that reads it in several parts sees one state of it. */
const STEADY = 400;

/** The first bytes, which hold the header, are kept with the size that goes with them. A header is longer only in files with many fields. */
const START = 2 ** 16;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The page may load itself and the file, and nothing else; no other page may show it or read from here. */
const HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "Cache-Control": "no-store",
};

/** A state of the file. */
interface State {
  readonly size: number;
  readonly etag: string;
  /** Read before the size was looked at: it counts no row that the size does not have. */
  readonly start: Uint8Array;
  readonly time: number;
}

/** The file, and the states that are served of it. */
class ServedFile {
  readonly #path: string;
  #state: State | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Opens the file as it is now, or as it was a moment ago if it has only grown since; close it. */
  async open(): Promise<{ readonly file: FileHandle; readonly state: State }> {
    const file = await open(this.#path);
    try {
      const before = this.#state;
      const now = await file.stat();
      const isSteady =
        before !== undefined &&
        performance.now() - before.time < STEADY &&
        now.size >= before.size &&
        before.etag.startsWith(`"${now.ino}-`);
      if (isSteady) return { file, state: before };
      const start = new Uint8Array(START);
      const { bytesRead } = await file.read(start, 0, START, 0);
      const { ino, size, mtimeMs } = await file.stat();
      const state = {
        size,
        etag: `"${ino}-${size}-${mtimeMs}"`,
        start: start.subarray(0, Math.min(size, bytesRead)),
        time: performance.now(),
      };
      this.#state = state;
      return { file, state };
    } catch (error) {
      await file.close();
      throw error;
    }
  }
}

export interface Serving {
  /** Where the browser finds the viewer with the file. */
  readonly url: string;
  close(): void;
}

/** Serves the file at `path` by the name `name`, and the viewer in the folder `viewer`, from `port` of the loopback interface; 0 for any. */
export async function serve(path: string, name: string, viewer: URL, port: number): Promise<Serving> {
  const token = randomBytes(24).toString("base64url");
  const file = new ServedFile(path);
  const dataPath = `/${token}/data/${encodeURIComponent(name)}`;
  const server = createServer((request, response) => {
    answer(request, response).catch(() => {
      // The browser has gone, or the file: the connection says so.
      response.destroy();
    });
  });

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const refusal = refusalOf(request, server);
    if (refusal !== undefined) return end(response, refusal);
    const [pathname = ""] = (request.url ?? "").split("?");
    if (pathname === dataPath) return await sendFile(file, request, response);
    if (!pathname.startsWith(`/${token}/`)) return end(response, 404);
    const page = pathname.slice(token.length + 2) || "index.html";
    if (!/^(assets\/)?[\w-]+(\.[\w-]+)*$/.test(page)) return end(response, 404);
    const bytes = await readFile(new URL(page, viewer)).catch(() => undefined);
    if (bytes === undefined) return end(response, 404);
    response.writeHead(200, {
      ...HEADERS,
      "Content-Type": TYPES[extname(page)] ?? "application/octet-stream",
      "Content-Length": bytes.length,
    });
    response.end(request.method === "HEAD" ? undefined : bytes);
  };

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const asked = new URLSearchParams({ url: `data/${encodeURIComponent(name)}` });
  return {
    url: `http://127.0.0.1:${portOf(server)}/${token}/?${asked}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** The status that refuses a request; `undefined` if it may be answered. */
function refusalOf({ method, headers }: IncomingMessage, server: Server): number | undefined {
  // A name of another site that leads to this machine (DNS rebinding) arrives as another host.
  const port = portOf(server);
  if (headers.host !== `127.0.0.1:${port}` && headers.host !== `localhost:${port}`) return 421;
  const site = headers["sec-fetch-site"];
  if (site === "cross-site" || site === "same-site") return 403;
  if (headers.origin !== undefined && headers.origin !== `http://${headers.host}`) return 403;
  return method === "GET" || method === "HEAD" ? undefined : 405;
}

function end(response: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { ...HEADERS, ...headers, "Content-Length": 0 }).end();
}

/** Sends a range of the file, or all of it. Source: RFC 9110, sections 13.1.1 (If-Match) and 14 (ranges). */
async function sendFile(served: ServedFile, { headers, method }: IncomingMessage, response: ServerResponse): Promise<void> {
  const { file, state } = await served.open();
  try {
    const { size, etag, start } = state;
    const common = { ...HEADERS, "Content-Type": "application/octet-stream", "Accept-Ranges": "bytes", ETag: etag };
    const wanted = headers["if-match"];
    if (wanted !== undefined && wanted !== "*" && !wanted.split(/\s*,\s*/).includes(etag))
      return end(response, 412, { ETag: etag });
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? "") ?? [];
    const [from, to] = [Number(first ?? 0), Math.min(size, last === undefined || last === "" ? size : Number(last) + 1)];
    if (first !== undefined && from >= to) return end(response, 416, { "Content-Range": `bytes */${size}`, ETag: etag });
    const range = first === undefined ? {} : { "Content-Range": `bytes ${from}-${to - 1}/${size}` };
    response.writeHead(first === undefined ? 200 : 206, { ...common, ...range, "Content-Length": to - from });
    if (method === "HEAD") return void response.end();
    const kept = start.subarray(Math.min(from, start.length), Math.min(to, start.length));
    const next = from + kept.length;
    response.write(kept);
    if (next >= to) return void response.end();
    await pipeline(file.createReadStream({ start: next, end: to - 1, autoClose: false, highWaterMark: 2 ** 18 }), response);
  } finally {
    await file.close();
  }
}
