/** A response that was fetched: its body is the file. */
import { NpyError } from "../errors.ts";
import { Body, bodyRanges } from "./body.ts";
import { quotedHeader, statusError } from "./http-errors.ts";
import { MemoryStorage } from "./memory.ts";
import { RangeStorage, type Ranges } from "./ranges.ts";
import type { ReadPurpose } from "./storage.ts";
import { TIMEOUT, Watch } from "./watch.ts";

/** Whether a value is a `Response`, of any realm or library. */
export function isResponse(value: object): value is Response {
  return "status" in value && "headers" in value && "bodyUsed" in value;
}

/** Read whole, the body is taken as it comes; for anything else it is held in memory. */
export function responseStorage(response: Response): RangeStorage {
  const path = response.url || undefined;
  let held: Promise<Ranges> | undefined;
  return new RangeStorage(path, response, (purpose) => {
    if (held !== undefined) return held;
    const body = bodyOf(response, path ?? "response", purpose);
    if (purpose.isWhole) return bodyRanges(body, response);
    held = hold(body, response);
    return held;
  });
}

function bodyOf(response: Response, name: string, { signal, timeout = TIMEOUT }: ReadPurpose): Body {
  checkResponse(response, name);
  return new Body(response, new Watch(name, { signals: signal === undefined ? [] : [signal], timeout }), name);
}

async function hold(body: Body, key: Response): Promise<Ranges> {
  const file = new MemoryStorage().createSync();
  let size = 0;
  try {
    for (let chunk = await body.next(); chunk !== undefined; chunk = await body.next()) {
      file.writeSync(chunk, size);
      size += chunk.length;
    }
  } finally {
    body.end();
  }
  return { key, size, read: async (buffer, position) => file.readSync(buffer, position) };
}

/** Refuses a response whose body is not a whole file that can be read. */
function checkResponse(response: Response, name: string): void {
  const { status, type } = response;
  if (type === "opaque" || type === "opaqueredirect" || type === "error") {
    throw refused(
      `it is ${type === "error" ? "an error" : "opaque"} (type ${JSON.stringify(type)}): fetch it without no-cors, and follow redirects`,
    );
  }
  if (!response.ok) throw statusError(response, name);
  if (response.bodyUsed || response.body?.locked) {
    throw refused(
      "its body was read already: pass the response unread, or what was read of it, such as await response.arrayBuffer()",
    );
  }
  if (status !== 206) return;
  const [, last, size] = /^bytes 0-(\d+)\/(\d+)$/i.exec(response.headers.get("content-range") ?? "") ?? [];
  if (last === undefined || Number(last) !== Number(size) - 1) {
    throw refused(
      `it is a part of one (status 206, ${quotedHeader(response, "Content-Range")}): fetch it without the header Range`,
    );
  }
}

function refused(reason: string): NpyError {
  return new NpyError("ERR_NPY_OPTION", `The response is not a file to read: ${reason}.`);
}
