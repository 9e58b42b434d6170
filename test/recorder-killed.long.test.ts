/** A minute of the recorder's test signal in Chromium, whose processes are all killed meanwhile: every row that the page counted is there. */
import { copyFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadSync } from "../src/node.ts";
import { lacksBrowser, Site } from "./support/browser.ts";
import { numpyVersion, python } from "./support/numpy.ts";
import { builtPages } from "./support/pages.ts";
import { temporaryPath } from "./support/temporary.ts";

const RATE = 20_000;

describe.skipIf(lacksBrowser)("in Chromium", () => {
  let site: Site;
  let page: Page;
  beforeAll(async () => {
    site = await Site.of(await builtPages());
  });
  afterAll(async () => await site?.close());

  async function open(): Promise<void> {
    page = await site.tab();
    await page.addInitScript("delete globalThis.showSaveFilePicker");
    await page.goto(new URL("recorder/", site.server.url).href);
  }

  /** Lets the recording go on, and kills the browser. Returns the rows that the page counted last. */
  async function killAfter(milliseconds: number): Promise<number> {
    await page.getByRole("button", { name: "Stop" }).waitFor();
    let counted = 0;
    const stop = Date.now() + milliseconds;
    while (Date.now() < stop) counted = Number(await page.locator("#rows").getAttribute("data-rows"));
    await site.kill();
    await site.start();
    await open();
    await page.getByText("1 recording was interrupted.").waitFor();
    return counted;
  }

  test("nothing of a minute is lost when the browser is killed, nor when that is continued and killed again", {
    timeout: 240_000,
  }, async () => {
    await open();
    await page.getByRole("radio", { name: "Test signal" }).check();
    await page.getByLabel("Rows a second").fill(String(RATE));
    await page.getByRole("button", { name: "Record", exact: true }).click();
    const first = await killAfter(60_000);
    expect(first).toBeGreaterThan(10 * RATE);
    let counted = first;
    for (let i = 0; i < 3; i++) {
      await page.getByRole("button", { name: /^Continue / }).click();
      const more = await killAfter(3000 + Math.random() * 1000);
      expect(more).toBeGreaterThan(counted);
      counted = more;
    }
    await page.getByRole("button", { name: /^Close / }).click();
    await page.locator('li[data-state="finished"]').waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: /^Export / }).click()]);
    const path = temporaryPath();
    copyFileSync(await download.path(), path);
    const { data, shape } = loadSync(path);
    const rows = (data as unknown as { column(name: string): BigInt64Array }).column("row");
    expect(shape[0]).toBeGreaterThanOrEqual(counted);
    expect(rows.findIndex((row, i) => row !== BigInt(i))).toBe(-1);
    expect(site.complaints).toEqual([]);
    if (numpyVersion === undefined) return;
    const found = python(
      `
a = np.load(data["path"])
row = np.arange(len(a))
rate = data["rate"]
sine = np.sin(2 * np.pi * (row % rate) / rate).astype("f4")
triangle = 2 * np.abs((row % (3 * rate)) / (3 * rate) - 0.5) - 0.5
print(json.dumps([len(a), int((a["row"] != row).sum()), bool(np.allclose(a["sine"], sine, atol=1e-6)), bool(np.allclose(a["triangle"], triangle, atol=1e-6))]))
`,
      { path, rate: RATE },
    );
    expect(found).toEqual([shape[0], 0, true, true]);
  });
});
