// The pages of the documentation, as the generator takes them: copies of the Markdown files of this repository, whose links lead to pages of the site.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Where the copies are made. */
export const PAGES = fileURLToPath(new URL("pages/", import.meta.url));

/** The site is in parts, in the order in which people need them. Pages of docs/ that no part names are in the last. */
const PARTS = {
  "Getting started": ["start", "from-python", "cookbook", "examples"],
  "One array": ["appending", "options", "reading", "concurrency", "interop"],
  "Many arrays": ["groups", "shards", "npz"],
  "When things go wrong": ["durability", "repairing", "errors"],
  "Places and tools": ["runtimes", "browser", "object-storage", "cli", "viewer", "recorder"],
  Measured: ["benchmarks", "projects"],
  Design: ["architecture"],
  "The project": ["api", "contributing", "changelog"],
};

const OTHERS = { "README.md": "start.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md" };

/** The page of a file or folder of this repository; `undefined` for what the site does not have. */
function pageOf(file) {
  if (file in OTHERS) return OTHERS[file];
  if (/^docs\/.*\.(md|svg)$/.test(file)) return file.slice("docs/".length);
  if (/^examples(\/[\w-]+\.mjs)?$/.test(file)) return "examples.md";
  return undefined;
}

/**
 * The text of a page. Links to sources lead to the repository, if the variable SITE_REPOSITORY has its URL; else they are plain text.
 *
 * @param {string} file where it is in this repository
 */
function textOf(file) {
  const repository = process.env.SITE_REPOSITORY;
  const folder = posix.dirname(pageOf(file));
  // Code is left alone.
  const parts = readFileSync(join(root, file), "utf8").split(/(^```.*?^```$)/gms);
  const linked = parts.map((part) =>
    part.startsWith("```")
      ? part
      : part.replace(/(!?\[(?:[^\][]|\[[^\]]*\])*\])\(([^):\s]+)\)/g, (whole, text, link) => {
          const [path, anchor] = link.split("#");
          if (path === "") return whole;
          const target = posix.join(posix.dirname(file), path).replace(/\/$/, "");
          const page = pageOf(target);
          const hash = anchor === undefined ? "" : `#${anchor}`;
          if (page !== undefined) return `${text}(./${posix.relative(folder, page)}${hash})`;
          return repository === undefined ? text.slice(1, -1) : `${text}(${repository}/blob/main/${target})`;
        }),
  );
  return linked.join("");
}

/** The programs of examples/, on one page. */
function examplesPage() {
  const programs = readdirSync(join(root, "examples")).filter((name) => name.endsWith(".mjs"));
  const sections = programs.map(
    (name) => `## ${name}\n\n\`\`\`js\n${readFileSync(join(root, "examples", name), "utf8")}\`\`\`\n`,
  );
  return ["# Examples\n\nWhole programs, which the tests run.\n", ...sections].join("\n");
}

/** The page that the site begins with: what to do with the library, and the first example of the README. */
function firstPage() {
  const [example] = /^```js\n.*?^```\n+```console\n.*?^```\n/ms.exec(readFileSync(join(root, "README.md"), "utf8"));
  return `${readFileSync(fileURLToPath(new URL("index.md", import.meta.url)), "utf8")}\n${example}`;
}

const markdownIn = (folder) => readdirSync(join(root, folder)).filter((name) => name.endsWith(".md"));

/** Makes all pages, except for the reference, which TypeDoc makes. */
export function writePages() {
  rmSync(PAGES, { recursive: true, force: true });
  const files = [
    ...Object.keys(OTHERS),
    ...["docs", "docs/design"].flatMap((folder) => markdownIn(folder).map((name) => `${folder}/${name}`)),
  ];
  for (const file of files) {
    const page = join(PAGES, pageOf(file));
    mkdirSync(dirname(page), { recursive: true });
    writeFileSync(page, textOf(file));
  }
  writeFileSync(join(PAGES, "examples.md"), examplesPage());
  writeFileSync(join(PAGES, "index.md"), firstPage());
  mkdirSync(join(PAGES, "public"));
  copyFileSync(join(root, "site/viewer/icon.svg"), join(PAGES, "public/icon.svg"));
  for (const name of readdirSync(join(root, "docs")))
    if (name.endsWith(".svg")) copyFileSync(join(root, "docs", name), join(PAGES, name));
}

/** The first heading of a page, and the first sentence after it, as plain text. */
function headOf(page) {
  const text = readFileSync(join(PAGES, page), "utf8");
  const [, title, first = ""] = /^# (.*)\n+((?:[^\n]+\n)*)/m.exec(text) ?? [];
  const plain = (words) =>
    words
      .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replace(/[`*]|\\(?=[<>_])/g, "")
      .trim();
  const [sentence] = plain(first)
    .replaceAll("\n", " ")
    .split(/(?<=\.) (?=[A-Z])/);
  return { title: plain(title ?? basename(page, ".md")), summary: /^[|<$#!-]/.test(sentence) ? "" : sentence };
}

/**
 * The parts of the site with their pages, in order.
 *
 * @returns {{ title: string, pages: { page: string, title: string, summary: string }[] }[]}
 */
export function parts() {
  const all = [...readdirSync(PAGES), ...readdirSync(join(PAGES, "design")).map((name) => `design/${name}`)].filter(
    (name) => name.endsWith(".md") && name !== "index.md",
  );
  const named = new Map(Object.entries(PARTS).map(([title, names]) => [title, names.map((name) => `${name}.md`)]));
  const known = [...named.values()].flat();
  for (const page of all) {
    if (page.startsWith("design/")) named.get("Design").push(page);
    else if (!known.includes(page)) named.get("The project").push(page);
  }
  return Array.from(named, ([title, pages]) => ({
    title,
    pages: pages
      .filter((page) => all.includes(page))
      .map((page) => ({ page, ...headOf(page), ...(page === "start.md" && { title: "Start here" }) })),
  }));
}

const KINDS = {
  classes: "Classes",
  functions: "Functions",
  interfaces: "Interfaces",
  "type-aliases": "Types",
  variables: "Variables",
};
const MODULES = { node: "npy-append-array", opfs: "npy-append-array/opfs", s3: "npy-append-array/s3" };

/** Names the modules of the reference as users import them. */
export function nameModules() {
  for (const [module, name] of Object.entries(MODULES)) {
    for (const page of ["reference/index.md", `reference/${module}/index.md`]) {
      const file = join(PAGES, page);
      const text = readFileSync(file, "utf8");
      writeFileSync(file, text.replace(`# ${module}\n`, `# ${name}\n`).replace(`[${module}](`, `[${name}](`));
    }
  }
}

/**
 * The reference, as TypeDoc has written it: for each module the names of each kind.
 *
 * @returns {{ title: string, folder: string, kinds: { title: string, pages: { title: string, page: string }[] }[] }[]}
 */
export function reference() {
  return Object.entries(MODULES).map(([module, title]) => {
    const folder = `reference/${module}`;
    const kinds = readdirSync(join(PAGES, folder)).filter((kind) => kind in KINDS);
    return {
      title,
      folder,
      kinds: kinds.map((kind) => ({
        title: KINDS[kind],
        pages: readdirSync(join(PAGES, folder, kind))
          .sort()
          .map((name) => ({ title: basename(name, ".md"), page: `${folder}/${kind}/${name}` })),
      })),
    };
  });
}
