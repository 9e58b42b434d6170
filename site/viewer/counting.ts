/** Counts what is read of URLs, so that the page can say it. */
import type { OnRead } from "../shared/file-storage.ts";

/** From now on, `onRead` is called with the length of each answer to a range request. */
export function countFetches(onRead: OnRead): void {
  const original = globalThis.fetch;
  globalThis.fetch = async (...request) => {
    const response = await original(...request);
    if (response.status === 206) onRead(Number(response.headers.get("content-length") ?? 0));
    return response;
  };
}
