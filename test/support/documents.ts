/** The pages of this project, and the blocks of code in them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What a user reads: the README, and the pages of `docs/`. */
export const PAGES: readonly string[] = ["README.md", ...pagesIn("docs")];

/** All pages, also those for contributors. */
export const ALL_PAGES: readonly string[] = [
  ...PAGES,
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "SECURITY.md",
  "CODE_OF_CONDUCT.md",
  ...pagesIn("docs/design"),
];

function pagesIn(folder: string): string[] {
  const names = readdirSync(join(root, folder)).filter((name) => name.endsWith(".md"));
  return names.map((name) => `${folder}/${name}`);
}

export function textOf(page: string): string {
  return readFileSync(join(root, page), "utf8");
}

/** The blocks of a page, also those within lists, in their order. */
export function blocksOf(page: string): { readonly language: string; readonly code: string }[] {
  return [...textOf(page).matchAll(/^( *)```(\w*)\n(.*?)^\1```$/gms)].map(([, indentation = "", language = "", code = ""]) => ({
    language,
    code: code.replaceAll(new RegExp(`^${indentation}`, "gm"), ""),
  }));
}

/** The blocks of one language. */
export function codeOf(page: string, language: string): string[] {
  return blocksOf(page).flatMap((block) => (block.language === language ? [block.code] : []));
}
