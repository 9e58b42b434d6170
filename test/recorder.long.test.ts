/** The recorder in Chromium, driven by keyboard and mouse: into files of the browser, and out of it. */
import { readFileSync } from "node:fs";
import axe from "axe-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { launchChromium } from "../scripts/support/chromium.mjs";
import { serveFiles } from "../scripts/support/web-server.mjs";
import { loadSync } from "../src/node.ts";
import { lacksBrowser } from "./support/browser.ts";
import { builtPages } from "./support/pages.ts";

type Records = { column(name: string): ArrayLike<number | bigint> };

describe.skipIf(lacksBrowser)("the recorder", () => {
  let browser: Browser;
  let server: Awaited<ReturnType<typeof serveFiles>>;
  let context: BrowserContext;
  let page: Page;
  /** What pages log, and requests of other origins. */
  const complaints: string[] = [];

  beforeAll(async () => {
    // The microphone beeps.
    browser = await launchChromium(["--use-fake-device-for-media-stream"]);
    server = await serveFiles(await builtPages());
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });
  afterEach(async () => {
    await context?.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  /** Opens the recorder in a browser without recordings. `lacking` is run before the page, `lackingInWorker` before its worker. */
  async function open(lacking = "", size = { width: 1280, height: 900 }, lackingInWorker = ""): Promise<void> {
    context = await browser.newContext({ viewport: size, acceptDownloads: true });
    // As in browsers without pickers: exports are downloads.
    await context.addInitScript(`delete globalThis.showSaveFilePicker; ${lacking}`);
    context.on("page", (page) => {
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("console", (message) => complaints.push(message.text()));
      page.on("request", (request) => {
        if (!request.url().startsWith(server.url.href) && !/^(blob|data):/.test(request.url()))
          complaints.push(`requested ${request.url()}`);
      });
    });
    if (lackingInWorker !== "") {
      await context.route(/\/worker-[^/]*\.js$/, async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, body: `${lackingInWorker}${await response.text()}` });
      });
    }
    page = await context.newPage();
    await page.goto(new URL("recorder/", server.url).href);
    await page.locator('#record[aria-disabled="false"], [role=alert]:visible').first().waitFor();
  }

  const press = (name: "Record" | "Stop"): Promise<void> => page.getByRole("button", { name, exact: true }).click();
  const item = (state: string) => page.locator(`li[data-state="${state}"]`);
  const storedRows = async (): Promise<number> => Number(await page.locator("#rows").getAttribute("data-rows"));

  /** Waits until more rows than these are in the file. */
  async function stores(rows: number): Promise<void> {
    await page.getByRole("button", { name: "Stop" }).waitFor();
    await expect.poll(storedRows, { timeout: 20_000 }).toBeGreaterThan(rows);
  }

  /** Records from a source until it has this many rows and more, and stops. */
  async function record(source: string, rows = 100): Promise<void> {
    await page.getByRole("radio", { name: source }).check();
    await press("Record");
    await stores(rows);
    await press("Stop");
    await item("finished").first().waitFor();
  }

  /** The bytes of the only recording, exported. */
  async function exported(): Promise<Uint8Array> {
    const button = page.getByRole("button", { name: /^Export / });
    const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
    return readFileSync(await download.path());
  }

  function column(bytes: Uint8Array, name: string): (number | bigint)[] {
    return Array.from((loadSync(bytes).data as unknown as Records).column(name));
  }

  /** Goes on with Tab until an element of this name has the focus. */
  async function tabTo(name: string | RegExp): Promise<void> {
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press("Tab");
      const focused = page.locator(":focus");
      const text =
        (await focused.count()) === 0 ? "" : ((await focused.getAttribute("aria-label")) ?? (await focused.textContent()));
      if (typeof name === "string" ? text === name : name.test(text ?? "")) return;
    }
    throw new Error(`Tab never leads to ${name}`);
  }

  test("records, stops, exports and deletes by keyboard alone", async () => {
    await open();
    await tabTo("Microphone");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    expect(await page.getByRole("radio", { name: "Test signal" }).isChecked()).toBe(true);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Control+a");
    await page.keyboard.type("20000");
    await tabTo("Record");
    await page.keyboard.press("Enter");
    await stores(30_000);
    // The focus has stayed on the button, which stops it now.
    await page.keyboard.press("Enter");
    await item("finished").waitFor();
    const rows = await storedRows();
    expect(await item("finished").textContent()).toContain(`${rows.toLocaleString("en-US")} rows`);
    const downloading = page.waitForEvent("download");
    await tabTo(/^Export synthetic-20000-hz-.*\.npy$/);
    await page.keyboard.press("Enter");
    const download = await downloading;
    expect(download.suggestedFilename()).toMatch(/^synthetic-20000-hz-[\d-]+\.npy$/);
    const bytes = readFileSync(await download.path());
    expect(column(bytes, "row")).toEqual(Array.from({ length: rows }, (_, i) => BigInt(i)));
    expect(column(bytes, "sine").slice(0, 3)).toEqual([0, 1, 2].map((i) => Math.fround(Math.sin((2 * Math.PI * i) / 20_000))));
    await tabTo(/^Delete synthetic/);
    await page.keyboard.press("Enter");
    expect(await page.locator(":focus").textContent()).toBe("Keep it");
    await page.keyboard.press("Escape");
    expect(await item("finished").count()).toBe(1);
    expect(await page.locator(":focus").getAttribute("aria-label")).toMatch(/^Delete synthetic/);
    await page.keyboard.press("Enter");
    await tabTo("Delete it");
    await page.keyboard.press("Enter");
    await page.getByText("None yet.").waitFor();
    expect(await page.locator(":focus").textContent()).toBe("Recordings");
  });

  test("continues a recording whose page was loaded again, and closes one", async () => {
    await open();
    await page.getByRole("radio", { name: "Test signal" }).check();
    await press("Record");
    await stores(1000);
    await page.reload();
    await page.getByText("1 recording was interrupted.").waitFor();
    await page.getByRole("button", { name: /^Continue synthetic-1000-hz/ }).click();
    await stores(2000);
    await press("Stop");
    await item("finished").waitFor();
    const bytes = await exported();
    expect(column(bytes, "row")).toEqual(Array.from({ length: await storedRows() }, (_, i) => BigInt(i)));

    await press("Record");
    await stores(100);
    await page.reload();
    await page.getByRole("button", { name: /^Close / }).click();
    await page.getByText(/^Closed synthetic-1000-hz-.*\.npy with [\d,]+ rows\.$/).waitFor();
    await expect.poll(() => item("finished").count()).toBe(2);
    expect(await page.locator("#interrupted").isVisible()).toBe(false);
  });

  test("records a pointer", async () => {
    await open();
    await page.getByRole("radio", { name: "Pointer" }).check();
    await press("Record");
    const box = (await page.locator(".pad").boundingBox()) as NonNullable<Awaited<ReturnType<typeof boxOf>>>;
    await page.getByRole("button", { name: "Stop" }).waitFor();
    for (let i = 0; i < 50; i++) await page.mouse.move(box.x + 10 + i, box.y + 20);
    await page.mouse.down();
    await page.mouse.up();
    await stores(50);
    await press("Stop");
    await item("finished").waitFor();
    const bytes = await exported();
    expect(loadSync(bytes).dtype.fields?.map(({ name, dtype }) => [name, dtype.str])).toEqual([
      ["time", "<M8[us]"],
      ["x", "<f4"],
      ["y", "<f4"],
      ["pressure", "<f4"],
      ["buttons", "<u2"],
    ]);
    const x = column(bytes, "x");
    expect(x.slice(0, 50)).toEqual(Array.from({ length: 50 }, (_, i) => 10 + i));
    expect(column(bytes, "buttons").slice(48)).toEqual([0, 0, 1, 0]);
    const times = column(bytes, "time").map(Number);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(Math.abs((times[0] as number) / 1000 - Date.now())).toBeLessThan(60_000);
  });

  const boxOf = () => page.locator(".pad").boundingBox();

  test("records the microphone, and says what to do if it may not", async () => {
    await open();
    await press("Record");
    await page.getByRole("alert").getByText("Allow it in the settings of this site").waitFor();
    expect(await page.locator("li[data-state]").count()).toBe(0);
    await context.grantPermissions(["microphone"]);
    await record("Microphone", 100_000);
    expect(await page.getByRole("alert").isVisible()).toBe(false);
    expect(await page.locator("li[data-state] strong").textContent()).toMatch(/^microphone-\d+-hz-/);
    const { data, dtype, shape } = loadSync(await exported());
    expect(dtype.str).toBe("<f4");
    expect(shape).toEqual([await storedRows()]);
    const samples = data as Float32Array;
    expect(samples.every((sample) => Math.abs(sample) <= 1)).toBe(true);
    expect(samples.filter((sample) => sample !== 0).length).toBeGreaterThan(1000);
  });

  test("exports to a file that the user picks, and stops if the user cancels", async () => {
    await open(`globalThis.showSaveFilePicker = async ({ suggestedName }) => {
      if (globalThis.isCancelled) throw new DOMException("", "AbortError");
      return await (await navigator.storage.getDirectory()).getFileHandle("picked " + suggestedName, { create: true });
    };`);
    await record("Test signal");
    await page.evaluate("isCancelled = true");
    await page.getByRole("button", { name: /^Export / }).click();
    await page.evaluate("isCancelled = false");
    await page.getByRole("button", { name: /^Export / }).click();
    await page.getByText(/^Exported synthetic/).waitFor();
    const picked = await page.evaluate(async () => {
      const { storage } = (globalThis as unknown as { navigator: { storage: { getDirectory(): Promise<never> } } }).navigator;
      const found: [string, number[]][] = [];
      for await (const [name, handle] of (await storage.getDirectory()) as AsyncIterable<
        [string, { getFile?(): Promise<Blob> }]
      >) {
        const file = await handle.getFile?.();
        if (file !== undefined) found.push([name, [...new Uint8Array(await file.arrayBuffer())]]);
      }
      return found;
    });
    expect(picked).toHaveLength(1);
    expect(picked[0]?.[0]).toMatch(/^picked synthetic/);
    expect(loadSync(Uint8Array.from(picked[0]?.[1] as number[])).shape).toEqual([await storedRows()]);
    expect(await page.getByRole("alert").isVisible()).toBe(false);
  });

  test("shows a recording in the viewer while it goes on, and in another tab as one that cannot be touched", async () => {
    await open();
    await page.getByRole("radio", { name: "Test signal" }).check();
    await press("Record");
    await stores(500);
    const [viewer] = await Promise.all([context.waitForEvent("page"), page.getByRole("link", { name: /^View / }).click()]);
    await viewer.getByRole("gridcell", { name: "0.5" }).first().waitFor();
    await viewer.getByLabel("Follow").check();
    const rows = async (): Promise<number> =>
      Number(/of ([\d,]+)$/.exec((await viewer.locator("#range").textContent()) ?? "")?.[1]?.replaceAll(",", ""));
    const before = await rows();
    await expect.poll(rows, { timeout: 20_000 }).toBeGreaterThan(before + 1000);
    const other = await context.newPage();
    await other.goto(page.url());
    await other.locator('li[data-state="recording"]').waitFor();
    expect(await other.locator("li .actions > *").allTextContents()).toEqual(["View"]);
    await page.bringToFront();
    await press("Stop");
    await item("finished").waitFor();
    // The viewer has it open.
    await page.getByRole("button", { name: /^Delete / }).click();
    await page.getByRole("button", { name: "Delete it" }).click();
    await page.getByText("None yet.").waitFor();
    expect(await page.getByRole("alert").isVisible()).toBe(false);
  });

  test("stops when the quota is full, keeps what it has, and goes on when there is room", async () => {
    await open();
    await page.getByRole("radio", { name: "Test signal" }).check();
    await page.getByLabel("Rows a second").fill("200000");
    await press("Record");
    await stores(1000);
    const session = await context.newCDPSession(page);
    const { origin } = server.url;
    await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 8e6 });
    await page.getByRole("alert").getByText("is used up, and the recording has stopped").waitFor({ timeout: 30_000 });
    const rows = await storedRows();
    await item("unfinished").waitFor();
    expect(await item("unfinished").textContent()).toContain(`${rows.toLocaleString("en-US")} rows`);
    await session.send("Storage.overrideQuotaForOrigin", { origin });
    await page.getByRole("button", { name: /^Continue / }).click();
    await stores(rows + 1000);
    await press("Stop");
    await item("finished").waitFor();
    const found = column(await exported(), "row");
    expect(found).toEqual(Array.from(found, (_, i) => BigInt(i)));
    expect(await page.getByRole("alert").isVisible()).toBe(false);
  });

  test.each([
    [
      "no private file system",
      "delete globalThis.StorageManager?.prototype.getDirectory;",
      /navigator\.storage\.getDirectory, which is missing/,
    ],
    ["no locks", "delete Navigator.prototype.locks;", /navigator\.locks, which is missing/],
    ["no synchronous handles", "", /FileSystemFileHandle\.createSyncAccessHandle, which is missing/],
  ])("says what is missing in a browser with %s", async (_, lacking, words) => {
    await open(lacking, undefined, lacking === "" ? "delete FileSystemFileHandle.prototype.createSyncAccessHandle;" : "");
    const said = await page.getByRole("alert").textContent();
    expect(said).toMatch(/^Nothing can be recorded here\. Use a current browser/);
    expect(said).toMatch(words);
    await page.getByRole("button", { name: "Record", exact: true }).focus();
    await page.keyboard.press("Enter");
    expect(await page.getByRole("button", { name: "Record", exact: true }).getAttribute("aria-disabled")).toBe("true");
  });

  test("refuses rates that are none", async () => {
    await open();
    await page.getByRole("radio", { name: "Test signal" }).check();
    await page.getByLabel("Rows a second").fill("0");
    await press("Record");
    expect(await page.getByRole("alert").textContent()).toBe("Expected 1 to 1,000,000 rows a second: found 0.");
    expect(await page.locator(":focus").getAttribute("name")).toBe("rate");
  });

  test("passes axe-core before, during and after a recording, dark and light, wide and narrow", async () => {
    for (const [colorScheme, width] of [
      ["light", 1280],
      ["dark", 390],
    ] as const) {
      await open("", { width, height: 844 });
      await page.emulateMedia({ colorScheme });
      await page.evaluate(axe.source);
      await passesAxe(`empty, ${colorScheme}`);
      await page.getByRole("radio", { name: "Pointer" }).check();
      await press("Record");
      await page.getByRole("button", { name: "Stop" }).waitFor();
      await passesAxe(`recording, ${colorScheme}`);
      await page.reload();
      await page.evaluate(axe.source);
      await record("Test signal");
      await press("Record");
      await page
        .getByRole("alert")
        .waitFor({ timeout: 1000 })
        .catch(() => undefined);
      await press("Stop");
      await passesAxe(`recorded and interrupted, ${colorScheme}`);
      await page.getByRole("button", { name: /^Delete pointer/ }).click();
      await passesAxe(`asking, ${colorScheme}`);
      // Nothing is wider than the screen.
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      await context.close();
    }
  });

  async function passesAxe(state: string): Promise<void> {
    const found = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
      };
      return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
    });
    expect(found, state).toEqual([]);
  }
});
