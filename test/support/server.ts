/** Web servers for tests: honest ones, and all others. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface Served {
  readonly url: URL;
  readonly server: Server;
}

/** A server on this machine, until the test ends. */
export async function startServer(answer: Answer): Promise<Served> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/points.npy`) };
}

/** The same, if only its address matters. */
export async function serve(answer: Answer): Promise<URL> {
  return (await startServer(answer)).url;
}

/** The first byte that a request wants, and the byte after the last. */
export function wanted(request: IncomingMessage): [start: number, end: number] {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
  return [Number(first), Number(last) + 1];
}

/** Answers range requests as RFC 9110 says. Returns the bytes that it sends. */
export function range(file: Uint8Array, etag: string, request: IncomingMessage, response: ServerResponse): number {
  const [start, wantedEnd] = wanted(request);
  const end = Math.min(file.length, wantedEnd);
  if (start >= file.length) {
    response.writeHead(416, { "Content-Range": `bytes */${file.length}` }).end();
    return 0;
  }
  response.writeHead(206, { "Content-Range": `bytes ${start}-${end - 1}/${file.length}`, ETag: etag });
  response.end(file.subarray(start, end));
  return end - start;
}
