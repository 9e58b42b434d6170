// Builds the documentation, and the pages of site/ beside it, into site/dist: static files, for any web server. Where they do not lie at its
// root, the variable SITE_BASE says where, such as /npy-append-array/.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vitepress";
import { LOGS } from "../../examples/demo/logs.mjs";
import { nameModules, PAGES, parts, writePages } from "./pages.mjs";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const DIST = path("../dist");
const node = (...words) => execFileSync(process.execPath, words, { cwd: path("../.."), stdio: ["ignore", "ignore", "inherit"] });

writePages();
node("node_modules/typedoc/bin/typedoc", "--options", "site/docs/typedoc.json", "--logLevel", "Warn");
nameModules();
await build(path("."));
node("site/build.mjs");

// What the viewer shows to those who have no file at hand: the weather that the demo logs.
mkdirSync(join(DIST, "samples"));
for (const { name, write, rows } of LOGS.filter(({ name }) => name.endsWith(".npy"))) {
  const npaa = await write(join(DIST, "samples", name));
  await npaa.append(rows);
  await npaa.close();
}

// The same as Markdown, for programs that read: llms.txt lists it, llms-full.txt has all of it but the reference.
const sections = parts();
const texts = [];
for (const { page } of sections.flatMap(({ pages }) => pages)) {
  mkdirSync(dirname(join(DIST, page)), { recursive: true });
  copyFileSync(join(PAGES, page), join(DIST, page));
  texts.push(readFileSync(join(PAGES, page), "utf8"));
}
const { description } = JSON.parse(readFileSync(path("../../package.json"), "utf8"));
const base = process.env.SITE_BASE ?? "/";
const lists = sections.map(
  ({ title, pages }) =>
    `## ${title}\n\n${pages.map(({ page, title, summary }) => `- [${title}](${base}${page})${summary && `: ${summary}`}`).join("\n")}\n`,
);
writeFileSync(join(DIST, "llms.txt"), [`# npy-append-array\n\n> ${description}\n`, ...lists].join("\n"));
writeFileSync(join(DIST, "llms-full.txt"), texts.join("\n"));
