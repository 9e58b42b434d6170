// Bundlers x platform x format of the application. What they build is run, on Node; for browsers it uses memory only.

import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, relative } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { launchChromium } from "../support/chromium.mjs";
import { serveFiles } from "../support/web-server.mjs";
import { beyondCore, program, recordingPage, sized } from "./programs.mjs";
import { group, project, run } from "./workspace.mjs";

const packages = {
  "@rollup/plugin-commonjs": "29.0.3",
  "@rollup/plugin-node-resolve": "16.0.3",
  "@rollup/plugin-terser": "1.0.2",
  esbuild: "0.28.2",
  parcel: "2.16.4",
  rolldown: "1.3.2",
  rollup: "4.68.8",
  vite: "8.3.8",
  webpack: "5.113.0",
};

/** How each bundler is called: the program that builds ENTRY into out/, and the files that configure it. */
const bundlers = {
  esbuild: (entry, platform) => ({
    "build.mjs": `import { build } from "esbuild";
await build({ entryPoints: ["${entry}"], bundle: true, minify: true, format: "esm", platform: "${platform}", outfile: "out/main.mjs" });\n`,
  }),
  "esbuild to CommonJS": (entry, platform) => ({
    "build.mjs": `import { build } from "esbuild";
await build({ entryPoints: ["${entry}"], bundle: true, minify: true, format: "cjs", platform: "${platform}", outfile: "out/main.cjs" });\n`,
  }),
  rollup: (entry, platform) => ({
    "build.mjs": `import commonjs from "@rollup/plugin-commonjs";
import nodeResolve from "@rollup/plugin-node-resolve";
import terser from "@rollup/plugin-terser";
import { rollup } from "rollup";
const plugins = [nodeResolve({ browser: ${platform === "browser"} }), commonjs(), terser({ maxWorkers: 1 })];
const bundle = await rollup({ input: "${entry}", external: /^node:/, plugins });
await bundle.write({ file: "out/main.mjs", format: "es", inlineDynamicImports: true });\n`,
  }),
  rolldown: (entry, platform) => ({
    "build.mjs": `import { build } from "rolldown";
await build({ input: "${entry}", platform: "${platform}", output: { file: "out/main.mjs", format: "esm", minify: true, codeSplitting: false } });\n`,
  }),
  webpack: (entry, platform) => ({
    "build.mjs": `import webpack from "webpack";
const output = { path: process.cwd() + "/out", filename: "main.cjs" };
const config = { mode: "production", entry: "./${entry}", target: "${platform === "node" ? "node" : "web"}", output, performance: false };
webpack(config, (error, stats) => {
  const problems = error ?? (stats.hasErrors() || stats.hasWarnings() ? stats.toString("errors-warnings") : undefined);
  if (problems === undefined) return;
  console.error(problems);
  process.exitCode = 1;
});\n`,
  }),
  vite: (entry, platform) => ({
    "build.mjs": `import { build } from "vite";
const [input, output] = ["${entry}", { entryFileNames: "main.mjs", codeSplitting: false }];
await build({
  configFile: false,
  logLevel: "warn",
  ${platform === "node" ? "ssr: { noExternal: true }," : ""}
  build: { outDir: "out", minify: true, target: "es2022", modulePreload: false, ${
    platform === "node" ? "ssr: input," : ""
  } rollupOptions: { input, output } },
});\n`,
  }),
  parcel: (entry, platform, exports = true) => ({
    "build.mjs": `import { spawnSync } from "node:child_process";
const parcel = process.env.TOOLS + "/parcel/lib/bin.js";
const { status } = spawnSync(process.execPath, [parcel, "build", "--no-cache", "--no-source-maps"], { stdio: "inherit" });
process.exitCode = status;\n`,
    "package.json": {
      source: entry,
      app: "out/main.js",
      targets: {
        app:
          platform === "node"
            ? {
                context: "node",
                outputFormat: "commonjs",
                includeNodeModules: true,
                isLibrary: false,
                optimize: true,
                engines: { node: ">=20" },
              }
            : { context: "browser", outputFormat: "global", optimize: true, engines: { browsers: "last 2 Chrome versions" } },
      },
      ...(exports ? { "@parcel/resolver-default": { packageExports: true } } : {}),
    },
  }),
  "parcel without package exports": (entry, platform) => bundlers.parcel(entry, platform, false),
};

/** With opfs, others than esbuild also make a file of the worker, and some results do not start on Node. */
const isMeasured = (bundler, name) => bundler === "esbuild" || !name.includes("opfs");

const measured = ["esbuild", "rollup", "rolldown", "webpack", "vite", "parcel"];

/** Bytes that each application may have with esbuild: one file, minified and compressed by brotli. */
const limits = {
  browser: {
    NpyError: 820,
    parseHeader: 6_800,
    load: 29_200,
    NpyReader: 40_200,
    NpyAppendArray: 67_000,
    "NpyAppendArray with opfs": 72_000,
  },
  node: {
    NpyError: 820,
    parseHeader: 6_800,
    load: 36_400,
    NpyReader: 47_200,
    NpyAppendArray: 74_500,
    "NpyAppendArray with opfs": 79_800,
  },
};

/** Bytes that the entry point s3 may add to what it shares with the core, likewise. */
const S3_LIMIT = 2 ** 13;

export async function bundlerProjects(temporary) {
  const directory = await group(temporary, "bundlers", packages);
  const tools = join(directory, "node_modules");

  /** Builds and runs a project: the bytes of its bundle, or what went wrong. */
  async function build(name, files, platform) {
    const cwd = project(directory, name, { "package.json": {}, ...files });
    const built = await run(process.execPath, ["build.mjs"], cwd, { TOOLS: tools });
    if (built.status !== 0) return { problem: built.output };
    const [file] = readdirSync(join(cwd, "out"));
    const path = join(cwd, "out", file);
    const code = readFileSync(path, "utf8");
    const builtins = [...code.matchAll(/(?:\bfrom|\bimport|\brequire\()\s*["'`]([\w:/]+)["'`]/g)].map(([, name]) => name);
    if (platform === "browser" && builtins.some((name) => name.startsWith("node:") || builtinModules.includes(name))) {
      return { problem: `A bundle for browsers imports ${builtins.join(", ")}` };
    }
    const { output } = await run(process.execPath, [path], cwd);
    return output === "fits\n"
      ? { bytes: brotliCompressSync(code).length }
      : { problem: `The bundle fails: ${output.slice(-2000)}` };
  }

  /** Builds a page, and opens it in Chromium: what went wrong. */
  async function buildPage(name, files) {
    const cwd = project(directory, name, { "package.json": {}, ...files });
    const built = await run(process.execPath, ["build.mjs"], cwd, { TOOLS: tools });
    if (built.status !== 0) return built.output;
    const out = readdirSync(join(cwd, "out"), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const served = out.map(({ parentPath, name }) => [
      `/${relative(join(cwd, "out"), join(parentPath, name)).replaceAll("\\", "/")}`,
      { body: readFileSync(join(parentPath, name)), headers: { "Content-Type": "text/javascript" } },
    ]);
    const main = served.map(([path]) => path).find((path) => path.startsWith("/main"));
    const html = `<!doctype html><title>page</title><link rel="icon" href="data:,"><script type="module" src="${main}"></script>`;
    const server = await serveFiles({ ...Object.fromEntries(served), "/index.html": { body: html } });
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.goto(new URL("/index.html", server.url).href);
      await page.waitForFunction("document.title !== 'page'", undefined, { timeout: 30_000 });
      const title = await page.title();
      return title === "fits" ? undefined : title;
    } finally {
      await browser.close();
      server.close();
    }
  }

  const pages = ["vite", "webpack", "parcel"].map((bundler) => ({
    title: [bundler, "a page that records"],
    check: () => buildPage(`${bundler} page`, { "main.mjs": recordingPage(), ...bundlers[bundler]("main.mjs", "browser") }),
  }));
  pages.push({
    title: ["esbuild", "a page that records, with the worker built by hand"],
    check: () =>
      buildPage("esbuild page", {
        "main.mjs": recordingPage(', { worker: () => new Worker("/worker.js", { type: "module" }) }'),
        "worker.mjs": 'import "npy-append-array/opfs/worker";\n',
        "build.mjs": `import { build } from "esbuild";
await build({ entryPoints: ["main.mjs", "worker.mjs"], bundle: true, minify: true, format: "esm", platform: "browser", outdir: "out" });\n`,
      }),
  });

  const applications = Object.keys(bundlers).flatMap((bundler) =>
    ["browser", "node"].flatMap((platform) =>
      ["esm", "cjs"].map((format) => ({
        title: [bundler, `${platform === "node" ? "Node" : "browser"}, ${format === "esm" ? "ESM" : "CommonJS"}`],
        async check() {
          const entry = `main.${format === "esm" ? "mjs" : "cjs"}`;
          const files = { [entry]: program(platform, format), ...bundlers[bundler](entry, platform) };
          return (await build(`${bundler} ${platform} ${format}`, files, platform)).problem;
        },
      })),
    ),
  );
  const sizes = measured.flatMap((bundler) =>
    Object.keys(limits).flatMap((platform) =>
      Object.entries(sized)
        .filter(([name]) => isMeasured(bundler, name))
        .map(([name, code]) => ({
          title: [bundler, `${platform === "node" ? "Node" : "browser"}, only ${name}`],
          async check() {
            const files = { "main.mjs": code, ...bundlers[bundler]("main.mjs", platform) };
            const { problem, bytes } = await build(`${bundler} ${platform} only ${name}`, files, platform);
            this.title.push(bytes === undefined ? "" : `${(bytes / 1000).toFixed(1)} kB`);
            const limit = limits[platform][name];
            if (bundler !== "esbuild" || problem !== undefined || bytes <= limit) return problem;
            return `The bundle has ${bytes} bytes, compressed, more than ${limit}`;
          },
        })),
    ),
  );
  const added = {
    title: ["esbuild", "browser, s3 beyond the core"],
    async check() {
      const bytes = {};
      for (const [name, code] of Object.entries(beyondCore)) {
        const files = { "main.mjs": code, ...bundlers.esbuild("main.mjs", "browser") };
        const built = await build(`esbuild browser beyond ${name}`, files, "browser");
        if (built.problem !== undefined) return built.problem;
        bytes[name] = built.bytes;
      }
      const more = bytes.s3 - bytes.core;
      this.title.push(`${(more / 1000).toFixed(1)} kB`);
      return more <= S3_LIMIT ? undefined : `The entry point s3 adds ${more} bytes, compressed, more than ${S3_LIMIT}`;
    },
  };
  return [...applications, ...pages, ...sizes, added];
}
