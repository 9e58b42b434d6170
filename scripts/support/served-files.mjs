// The servers that test/smoke/portable.mjs and page.mjs read from.
import { MemoryStorage, saveSync } from "../../dist/modules/index.js";
import { serveFiles } from "./web-server.mjs";

function saved(array) {
  const storage = new MemoryStorage();
  saveSync(storage, array);
  return storage.bytes();
}

/** Starts both servers. `otherServer` is of another origin, and sends the headers of CORS with some of its files. */
export async function startServers() {
  const small = saved([1, 2, 3]);
  const readable = { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "Range" };
  const server = await serveFiles(
    {
      "/files/page.html": {
        body: '<!doctype html><html lang="en"><title>Smoke suite</title><link rel="icon" href="data:,"></html>',
      },
      "/files/small.npy": { body: small },
      "/files/whole.npy": { body: small, hasRanges: false },
      "/files/numbers.npy": { body: saved(Float64Array.from({ length: 200_000 }, (_, i) => i)) },
    },
    ["dist/modules", "test/smoke"],
  );
  const otherServer = await serveFiles({
    "/files/small.npy": { body: small },
    "/files/unexposed.npy": { body: small, headers: readable },
    "/files/open.npy": { body: small, headers: { ...readable, "Access-Control-Expose-Headers": "Content-Range, ETag" } },
  });
  return { server, otherServer };
}
