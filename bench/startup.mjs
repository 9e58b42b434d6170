// What the package costs before it does anything.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { stopwatch } from "./measure.mjs";

export const title = "Start-up and size";
export const about =
  "From the start of a Node process to its end, with and without the import. Sizes are of what esbuild makes of the modules for bundlers, " +
  "minified and gzipped.";

/** @returns {import("./harness.mjs").Row[]} */
export function rows(pick) {
  const size = (id, label, code, targets) => ({
    id: `startup/${id}`,
    label,
    unit: "kB",
    lowerIsBetter: true,
    rounds: 1,
    contenders: [{ name: "ours", job: "size", params: { code }, installed: true }],
    targets,
    note: "all dtypes, conversions and kinds of arrays are in it, and errors that say what to do",
  });
  return [
    {
      id: "startup/import",
      label: '`import "npy-append-array"`',
      unit: "ms",
      lowerIsBetter: true,
      rounds: pick(2, 9, 40),
      contenders: [
        { name: "ours", job: "start", params: { code: `import ${JSON.stringify(entry("node"))};` } },
        { name: "empty", job: "start", params: { code: "" } },
        { name: "apache-arrow", job: "start", params: { code: 'import "apache-arrow";' }, installed: true },
      ],
      targets: [{ minus: "empty", atMost: 15 }],
      note: "most of it is V8 compiling what the package is made of",
    },
    size("size-core", "core: all that needs no file system", `export * from ${JSON.stringify(entry("modules/index"))};`, [
      { atMost: 20 },
    ]),
    size("size-node", "everything", `export * from ${JSON.stringify(entry("modules/node"))};`, []),
    size(
      "size-append",
      "`NpyAppendArray` alone",
      `export { NpyAppendArray } from ${JSON.stringify(entry("modules/index"))};`,
      [],
    ),
  ];
}

function entry(name) {
  return fileURLToPath(new URL(`../dist/${name}.js`, import.meta.url));
}

const here = fileURLToPath(new URL(".", import.meta.url));

export const jobs = {
  start({ code }) {
    const seconds = stopwatch();
    const { status } = spawnSync(process.execPath, ["--input-type=module", "--eval", code], { cwd: here });
    if (status !== 0) throw new Error(`${code} failed`);
    return 1000 * seconds();
  },

  async size({ code }) {
    const { build } = await import("esbuild");
    const { outputFiles } = await build({
      stdin: { contents: code, resolveDir: here },
      bundle: true,
      minify: true,
      format: "esm",
      platform: "neutral",
      external: ["node:*"],
      write: false,
    });
    return gzipSync(outputFiles[0].contents, { level: 9 }).length / 1000;
  },
};
