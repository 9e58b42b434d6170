// A web server on this machine: serves this repository's modules, and files that tests make up.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/**
 * @typedef {object} ServedFile
 * @property {Uint8Array | string} body
 * @property {boolean} [hasRanges] answers range requests; by default true
 * @property {Record<string, string>} [headers] sent with each answer, such as those of CORS
 */

/**
 * Serves `files` by their paths, such as `/files/a.npy`, and below them the directories `folders` of this repository.
 *
 * @param {Record<string, ServedFile>} files
 * @param {readonly string[]} folders
 * @returns {Promise<{ url: URL, requests: string[], close: () => void }>} `requests`: method, path and range of each, in order
 */
export async function serveFiles(files, folders = []) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
    requests.push(`${request.method} ${pathname} ${request.headers.range ?? ""}`.trim());
    const file = files[pathname] ?? (await ownFile(pathname, folders));
    if (file === undefined) response.writeHead(404).end();
    else answer(file, extname(pathname), request, response);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    // Browsers take pages of this host for secure ones.
    url: new URL(`http://127.0.0.1:${server.address().port}/`),
    requests,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A file of this repository. The path is a URL's, so it holds no `..`. */
async function ownFile(pathname, folders) {
  if (!folders.some((folder) => pathname.startsWith(`/${folder}/`))) return undefined;
  const body = await readFile(join(root, pathname)).catch(() => undefined);
  return body && { body };
}

/** Answers as RFC 9110 says. */
function answer({ body, hasRanges = true, headers = {} }, extension, request, response) {
  const bytes = Buffer.from(body);
  const common = { "Content-Type": TYPES[extension] ?? "application/octet-stream", ...headers };
  if (request.method === "OPTIONS") return response.writeHead(204, common).end();
  const [, first, last] = (hasRanges && /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "")) || [];
  if (first === undefined) return response.writeHead(200, { ...common, "Content-Length": bytes.length }).end(bytes);
  const [start, end] = [Number(first), Math.min(bytes.length, Number(last) + 1)];
  if (start >= bytes.length) return response.writeHead(416, { ...common, "Content-Range": `bytes */${bytes.length}` }).end();
  response.writeHead(206, { ...common, ETag: '"1"', "Content-Range": `bytes ${start}-${end - 1}/${bytes.length}` });
  return response.end(bytes.subarray(start, end));
}
