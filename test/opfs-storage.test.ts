/** Files of the browser, in Chromium: what every storage does, in a page and in a dedicated worker. */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { BROWSERS, inWorker, lacksBrowser, Site } from "./support/browser.ts";
import { CASES, REPLACES_OPEN } from "./support/storage-cases.ts";

describe.skipIf(lacksBrowser).each(BROWSERS)("%s", (_name, isExclusive) => {
  let site: Site;
  let page: Page;
  beforeAll(async () => {
    site = await Site.open(isExclusive);
    page = await site.page();
  });
  afterAll(async () => await site?.close());
  afterEach(() => expect(site.complaints).toEqual([]));

  const cases = CASES.map(([name]) => name).filter((name) => !REPLACES_OPEN.has(name));

  test("a page passes the cases of every storage", { timeout: 120_000 }, async () => {
    const { passed, failed } = await page.evaluate(() => npy.storageCases("cases-page", false));
    expect(failed).toEqual([]);
    expect(passed).toEqual(cases);
  });

  test("a dedicated worker passes the cases of every storage", { timeout: 120_000 }, async () => {
    const { passed, failed } = await inWorker(page, () => npy.storageCases("cases-worker", false), undefined);
    expect(failed).toEqual([]);
    expect(passed).toEqual(cases);
  });
});
