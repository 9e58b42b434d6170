// Builds the pages of site/ into site/dist: each becomes a folder of static files that may lie anywhere.
import { fileURLToPath } from "node:url";
import { build } from "vite";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/** What the modules that the command line shares with the pages import for other commands: nothing of it is left in the pages. */
const UNUSED = {
  commander: "export class InvalidArgumentError extends Error {}",
  "node:os": 'export const endianness = () => "LE";',
  "node:path": "export const dirname = undefined, resolve = undefined;",
};

/**
 * Gives the pages the portable half of the library, where the command line takes that with files.
 *
 * @returns {import("vite").Plugin}
 */
function portable() {
  const [withFiles, without] = [path("../src/node.ts"), path("../src/index.ts")];
  return {
    name: "portable",
    enforce: "pre",
    async resolveId(id, importer, options) {
      if (id in UNUSED) return `\0${id}`;
      if (!id.endsWith("/node.ts")) return undefined;
      const found = await this.resolve(id, importer, { ...options, skipSelf: true });
      return found?.id === withFiles ? without : found;
    },
    load: (id) => UNUSED[id.slice(1)],
  };
}

/**
 * Builds a page, a folder of site/, into the folder `outDir`.
 *
 * @param {string} page
 * @param {string} outDir
 * @returns {Promise<void>}
 */
export async function buildPage(page, outDir) {
  await build({
    configFile: false,
    root: path(page),
    base: "./",
    plugins: [portable()],
    worker: { format: "es", plugins: () => [portable()] },
    logLevel: "warn",
    build: {
      rolldownOptions: {
        checks: { pluginTimings: false },
        // Of the library and the command line, only what a page uses.
        treeshake: { moduleSideEffects: (id) => !id.startsWith(path("../src/")) },
      },
      outDir,
      emptyOutDir: true,
      target: "es2023",
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
    },
  });
}

const PAGES = ["viewer", "recorder"];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const page of PAGES) await buildPage(page, path(`dist/${page}`));
}
