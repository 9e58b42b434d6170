/** The documentation as a web site, in Chromium; skipped where `npm run site` has not built it. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { launchChromium } from "../scripts/support/chromium.mjs";
import { serveFiles } from "../scripts/support/web-server.mjs";
import { lacksBrowser } from "./support/browser.ts";

const DIST = join(import.meta.dirname, "../site/dist");
const isBuilt = existsSync(join(DIST, "index.html"));
const files = isBuilt ? readdirSync(DIST, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/")) : [];
const html = files.filter((name) => name.endsWith(".html"));
/** The pages of the documentation without the reference, which has hundreds of one kind. */
const guide = html.filter((name) => !/^(reference|viewer|recorder|404)/.test(name));
const REFERENCE = ["reference/index.html", "reference/node/functions/recover.html", "reference/node/classes/NpyAppendArray.html"];

const read = (name: string): string => readFileSync(join(DIST, name), "utf8");

/** The file at a path of the site, as web servers find it. */
const fileAt = (path: string): string => `${path.slice(1)}${path.endsWith("/") ? "index.html" : ""}`;

describe.skipIf(!isBuilt)("the links", () => {
  test.each(html)("of %s lead to pages and headings that exist", (name) => {
    for (const [, link = ""] of read(name).matchAll(/ (?:href|src)="([^"]*)"/g)) {
      const { host, pathname, hash } = new URL(link.replaceAll("&amp;", "&"), `http://site/${name}`);
      if (host !== "site" || link.startsWith("data:")) continue;
      const file = fileAt(decodeURIComponent(pathname));
      expect(files, link).toContain(file);
      if (hash !== "") expect(read(file), link).toContain(` id="${decodeURIComponent(hash.slice(1))}"`);
    }
  });

  test("of llms.txt lead to Markdown", () => {
    const links = [...read("llms.txt").matchAll(/\]\(([^)]+)\)/g)].map(([, link = ""]) => link.slice(1));
    expect(links.length).toBeGreaterThan(20);
    for (const link of links) expect(read(link)).toMatch(/^# /);
  });
});

describe.skipIf(!isBuilt || lacksBrowser)("in Chromium", () => {
  let browser: Browser;
  let server: Awaited<ReturnType<typeof serveFiles>>;
  /** What pages log, requests of other sites, and answers that are errors. */
  const complaints: string[] = [];

  beforeAll(async () => {
    const served = files
      .filter((name) => statSync(join(DIST, name)).isFile())
      .map((name) => {
        const type = { ".svg": "image/svg+xml", ".html": "text/html" }[extname(name)];
        const headers = type === undefined ? {} : { "Content-Type": type };
        return [`/${name.replace(/(^|\/)index\.html$/, "$1")}`, { body: readFileSync(join(DIST, name)), headers }];
      });
    server = await serveFiles(Object.fromEntries(served));
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });
  afterEach(() => expect(complaints.splice(0)).toEqual([]));

  async function open(path: string, width: number, colorScheme: "light" | "dark"): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 844 }, colorScheme });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => complaints.push(message.text()));
    page.on("response", (response) => response.status() >= 400 && complaints.push(`${response.status()} ${response.url()}`));
    page.on("request", (request) => {
      if (!request.url().startsWith(server.url.href) && !/^(blob|data):/.test(request.url())) complaints.push(request.url());
    });
    await page.goto(new URL(path, server.url).href);
    return page;
  }

  test.each([
    ["a phone", 390, "light"],
    ["a desk", 1400, "dark"],
  ] as const)(
    "all pages fit %s, and log nothing",
    async (_, width, scheme) => {
      for (const name of [...guide, ...REFERENCE]) {
        const page = await open(name.replace(/index\.html$/, ""), width, scheme);
        await page.locator("h1").first().waitFor();
        expect(await page.evaluate("document.documentElement.scrollWidth"), name).toBeLessThanOrEqual(width);
        await page.close();
      }
    },
    120_000,
  );

  test("the search finds what is looked for, and opens it", async () => {
    const page = await open("", 1400, "light");
    await page.keyboard.press("Control+k");
    await page.locator("#localsearch-input").fill("recover");
    const found = page.locator("#localsearch-list a");
    await found
      .filter({ hasText: /recover\(\)/ })
      .first()
      .click();
    await page.waitForURL("**/reference/node/functions/recover.html*");
    expect(await page.locator("h1").textContent()).toContain("recover()");
    await page.close();
  });

  test("the viewer lies beside the pages, and shows the sample", async () => {
    const page = await open("", 1400, "light");
    await page.getByRole("link", { name: "Try the viewer" }).click();
    await page.getByText("1,461").first().waitFor();
    expect(await page.title()).toContain("new-york.npy");
    await page.close();
  });
});
