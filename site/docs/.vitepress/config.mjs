// The look and the contents of the documentation. Its pages are copies, which site/docs/pages.mjs makes.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import { parts, reference } from "../pages.mjs";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const linkTo = (page) => `/${page.replace(/(index)?\.md$/, "")}`;
const base = process.env.SITE_BASE ?? "/";
const repository = process.env.SITE_REPOSITORY;

/** The anchor that GitHub gives to a heading: pages are read there, too. */
const slugify = (heading) =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");

/** The pages of site/ that run in the browser. */
const playground = ["viewer", "recorder"].filter((page) => existsSync(path(`../../${page}/index.html`)));

export default defineConfig({
  title: "npy-append-array",
  description: "NumPy .npy files that grow: append from JavaScript, read anywhere",
  lang: "en",
  base,
  srcDir: "pages",
  outDir: "../dist",
  cacheDir: "../../node_modules/.cache/vitepress",
  metaChunk: true,
  // Pages that are built by themselves.
  ignoreDeadLinks: [/^\/(viewer|recorder)\//],
  head: [["link", { rel: "icon", href: `${base}icon.svg` }]],
  // The largest chunk is what the search finds.
  vite: { build: { chunkSizeWarningLimit: 3000 } },
  markdown: { anchor: { slugify }, theme: { light: "github-light", dark: "github-dark" } },
  themeConfig: {
    logo: "/icon.svg",
    nav: [
      { text: "Guide", link: "/start", activeMatch: "^/(?!reference/|cookbook|benchmarks)." },
      { text: "Cookbook", link: "/cookbook" },
      { text: "Reference", link: "/reference/", activeMatch: "^/reference/" },
      { text: "Benchmarks", link: "/benchmarks" },
      {
        text: "Playground",
        items: playground.map((page) => ({
          text: page === "viewer" ? "Viewer" : "Recorder",
          link: `/${page}/`,
          target: "_self",
        })),
      },
    ],
    sidebar: {
      "/": parts().map(({ title, pages }) => ({
        text: title,
        items: pages.map(({ page, title }) => ({ text: title, link: linkTo(page) })),
      })),
      "/reference/": reference().map(({ title, folder, kinds }) => ({
        text: title,
        link: `/${folder}/`,
        items: kinds.map(({ title, pages }) => ({
          text: title,
          collapsed: title !== "Functions" && title !== "Classes",
          items: pages.map(({ title, page }) => ({ text: title, link: linkTo(page) })),
        })),
      })),
    },
    outline: [2, 3],
    search: { provider: "local" },
    ...(repository !== undefined && { socialLinks: [{ icon: "github", link: repository }] }),
  },
});
