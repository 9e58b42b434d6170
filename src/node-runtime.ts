/** What the portable library lacks, and Node, Bun and Deno have: paths, threads that share a file, and zlib. */
import { fileURLToPath } from "node:url";
import { NpyError } from "./errors.ts";
import { setDeflate } from "./storage/deflate.ts";
import { setPathStorage } from "./storage/locate.ts";
import { holdStillForWorkers } from "./storage/native/uninterrupted.ts";
import { nodeDeflate } from "./storage/node-deflate.ts";
import { NodeFolder } from "./storage/node-folder.ts";
import { NodeStorage } from "./storage/node-storage.ts";
import { nodeThreads } from "./storage/node-threads.ts";
import { setThreads } from "./storage/threads.ts";

let hasPaths = false;

/** From now on paths name files. */
export function usePaths(): void {
  if (hasPaths) return;
  hasPaths = true;
  holdStillForWorkers();
  setPathStorage(
    (file) => new NodeStorage(pathOf(file)),
    (folder) => new NodeFolder(pathOf(folder)),
  );
}

/** From now on threads can share a file. */
export function useThreads(): void {
  setThreads(nodeThreads);
}

/** From now on archives are compressed, and decompressed, by zlib, also at once. */
export function useDeflate(): void {
  setDeflate(nodeDeflate);
}

function pathOf(url: string | URL): string {
  if (typeof url === "string") return url;
  if (url.protocol === "file:") return fileURLToPath(url);
  throw new NpyError(
    "ERR_NPY_OPTION",
    `Expected a file:, http: or https: URL, found ${url.protocol}: fetch it first, and pass the response.`,
  );
}
