/** What `import "npy-append-array"` gives on Node, Bun and Deno: the portable API, and paths. */
import { useDeflate, usePaths, useThreads } from "./node-runtime.ts";

export * from "./index.ts";
export { NodeFolder } from "./storage/node-folder.ts";
export { NodeStorage } from "./storage/node-storage.ts";

usePaths();
useThreads();
useDeflate();
