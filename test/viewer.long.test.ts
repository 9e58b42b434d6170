/** The viewer in Chromium, driven by keyboard and mouse: opened by the command `view`, and with files from the disk. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { findChromium, launchChromium } from "../scripts/support/chromium.mjs";
import { serve } from "../src/cli/view/server.ts";
import {
  dtype as dtypeOf,
  formatHeader,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  NpyAppendGroup,
  saveNpz,
  saveSync,
} from "../src/node.ts";
import { MAIN } from "./support/command.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const VIEWER = pathToFileURL(join(import.meta.dirname, "../dist/viewer/"));
const hasBrowser = findChromium() !== undefined || process.env["REQUIRE_BROWSER"] === "1";

let browser: Browser;
let page: Page;
/** What the page logs, and requests of other origins. */
const complaints: string[] = [];
const closing: (() => void)[] = [];

beforeAll(async () => {
  if (hasBrowser) browser = await launchChromium();
});
afterAll(() => browser?.close());
afterEach(async () => {
  await page?.context().close();
  for (const close of closing.splice(0)) close();
  expect(complaints.splice(0)).toEqual([]);
});

/** Opens the viewer with a file as the command `view` serves it. `bytes` counts what the page fetches of the file. */
async function view(path: string, size = { width: 1280, height: 800 }): Promise<{ bytes: number; requests: number }> {
  const serving = await serve(path, path.split(/[\\/]/).at(-1) as string, VIEWER, 0);
  closing.push(() => serving.close());
  const fetched = { bytes: 0, requests: 0 };
  await newPage(new URL(serving.url).origin, size);
  page.on("response", (response) => {
    if (!response.url().includes("/data/")) return;
    fetched.bytes += Number(response.headers()["content-length"]);
    fetched.requests++;
  });
  await page.goto(serving.url);
  return fetched;
}

async function newPage(origin: string, viewport: { width: number; height: number }): Promise<void> {
  const context = await browser.newContext({ viewport, acceptDownloads: true });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => complaints.push(message.text()));
  page.on("request", (request) => {
    if (!request.url().startsWith(origin) && !/^(blob|data):/.test(request.url())) complaints.push(`requested ${request.url()}`);
  });
}

/** A file of `rows` float64, whose rows hold nothing but zeros: it takes no room on the disk. */
function sparseFile(rows: number): string {
  const path = join(temporaryDirectory(), "huge.npy");
  const header = formatHeader({ dtype: dtypeOf("float64"), shape: [rows], fortranOrder: false });
  const file = openSync(path, "w");
  writeSync(file, header);
  ftruncateSync(file, header.length + 8 * rows);
  closeSync(file);
  return path;
}

function saved(name: string, array: Parameters<typeof saveSync>[1], options = {}): string {
  const path = join(temporaryDirectory(), name);
  saveSync(path, array, options);
  return path;
}

/** Waits until the cells of a row in view have these texts. */
async function showsRow(row: number, texts: string[]): Promise<void> {
  const cells = page.locator(`[role=row][aria-rowindex="${row + 2}"] [role=gridcell]`);
  await expect.poll(() => cells.allTextContents(), { timeout: 5000 }).toEqual(texts);
}

/** Waits until all cells in view have been read. */
async function areRead(): Promise<void> {
  await page.getByRole("gridcell", { name: "0.0" }).first().waitFor();
  await expect.poll(() => page.getByRole("gridcell", { name: "…" }).count()).toBe(0);
}

const tab = (name: string): Promise<void> => page.getByRole("tab", { name }).click();

describe.skipIf(!hasBrowser)("the viewer", () => {
  test("opens 8 GiB from a server, and scrolls through it by keys, wheel and scroll bar: it reads what it shows", async () => {
    const fetched = await view(sparseFile(2 ** 30));
    await showsRow(0, ["0.0"]);
    expect(await page.locator("#details").textContent()).toContain("1,073,741,824 elements");
    // The header twice, and the first rows.
    expect(fetched.bytes).toBeLessThan(3000);
    await page.keyboard.press("End");
    await showsRow(2 ** 30 - 1, ["0.0"]);
    await page.keyboard.press("PageUp");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Home");
    await showsRow(0, ["0.0"]);
    await page.getByLabel("Go to row").fill("500000000");
    await page.keyboard.press("Enter");
    await showsRow(500_000_000, ["0.0"]);
    await page.mouse.move(700, 500);
    for (let i = 0; i < 10; i++) await page.mouse.wheel(0, 260);
    // Ten rows of 26 pixels each time.
    await showsRow(500_000_105, ["0.0"]);
    await page.locator(".grid-scroller").evaluate((element) => {
      element.scrollTop = element.scrollHeight / 4;
    });
    await expect.poll(() => page.locator("#range").textContent()).toMatch(/^rows 2\d\d,\d\d\d,\d\d\d to/);
    expect(fetched.bytes).toBeLessThan(30_000);
    expect(
      await page.evaluate(() => (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize),
    ).toBeLessThan(5e7);
  });

  test("reads of wide rows only those in view, and of very wide ones only the columns in view", async () => {
    const fetched = await view(saved("wide.npy", { data: new Float32Array(2 ** 21), shape: [1024, 2048] } as never));
    await areRead();
    // 24 rows of 8 KiB: reading what lies between the columns costs less than another request.
    expect(fetched.bytes).toBeLessThan(300_000);
    await page.context().close();
    const wider = await view(saved("wider.npy", { data: new Float32Array(2 ** 21), shape: [64, 32_768] } as never));
    await areRead();
    expect(wider.bytes).toBeLessThan(20_000);
  });

  test("opens 8 GiB from the disk", async () => {
    const path = sparseFile(2 ** 30);
    await view(saved("small.npy", [1]));
    await page.getByRole("button", { name: "Open another" }).click();
    const start = performance.now();
    await page.locator("#pick-files").setInputFiles(path);
    await page.getByRole("gridcell").first().waitFor();
    expect(performance.now() - start).toBeLessThan(3000);
    expect(Number(await page.locator("#read").getAttribute("data-bytes"))).toBeLessThan(5000);
    await page.keyboard.press("End");
    await showsRow(2 ** 30 - 1, ["0.0"]);
    await expect(page.getByLabel("Follow").isDisabled()).resolves.toBe(true);
  });

  test("draws samples of 8 GiB, and says so", async () => {
    const fetched = await view(sparseFile(2 ** 30));
    await tab("Lines");
    await page.getByText(/^Sampled: 320 stretches at equal distances, 0\.049 % of 1,073,741,824 rows/).waitFor();
    await page.getByRole("button", { name: "Read all (8.6 GB)" }).waitFor();
    expect(fetched.bytes).toBeLessThan(2 ** 22 + 10_000);
    await page.getByLabel("to row").fill("1000");
    await page.keyboard.press("Enter");
    await page.getByText("All 1,000 rows.").waitFor();
    expect(fetched.bytes).toBeLessThan(2 ** 22 + 20_000);
  });

  test("cancels statistics of 8 GiB", async () => {
    await view(sparseFile(2 ** 30));
    await tab("Statistics");
    await page.getByRole("button", { name: "Compute (reads 8.6 GB)" }).click();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("Cancelled.").waitFor();
    await tab("Histogram");
    await page.getByText(/^Sampled/).waitFor();
  });

  test("shows elements as NumPy writes them", async () => {
    const records = {
      t: [new Date("2024-01-02T03:04:05Z"), null],
      name: ["Zürich", "a\nb"],
      x: [0.1, Number.NaN],
      ok: [true, false],
      z: [
        { re: 1, im: -2 },
        { re: 0, im: 0.5 },
      ],
      p: [
        [1, 2],
        [3, 4],
      ],
      n: [2n ** 63n - 1n, -1n],
    };
    const types = [
      ["t", "<M8[s]"],
      ["name", "<U6"],
      ["x", ">f4"],
      ["ok", "|b1"],
      ["z", "<c16"],
      ["p", "<f2", [2]],
      ["n", ">i8"],
    ];
    await view(saved("log.npy", records as never, { dtype: types, nulls: "nan" }));
    await showsRow(0, ["2024-01-02T03:04:05", "Zürich", "0.1", "True", "(1-2j)", "1.0", "2.0", "9223372036854775807"]);
    await showsRow(1, ["NaT", "a\\nb", "nan", "False", "0.5j", "3.0", "4.0", "-1"]);
    expect(await page.getByRole("columnheader").allTextContents()).toEqual([
      "row",
      "t",
      "name",
      "x",
      "ok",
      "z",
      "p[0]",
      "p[1]",
      "n",
    ]);
  });

  test("cuts arrays of many axes, in either order", async () => {
    const data = Float64Array.from({ length: 24 }, (_, i) => i);
    await view(saved("cube.npy", { data, shape: [2, 3, 4] } as never, { fortranOrder: true }));
    await showsRow(1, ["12.0", "13.0", "14.0", "15.0"]);
    await page.getByLabel("Index on axis 1 of 3").fill("2");
    await page.keyboard.press("Tab");
    await showsRow(1, ["20.0", "21.0", "22.0", "23.0"]);
    await page.getByLabel("Rows").selectOption("axis 2 (4)");
    await showsRow(3, ["11.0", "23.0"]);
  });

  test("exports what is selected as .npy, as CSV and as Python", async () => {
    const data = Float32Array.from({ length: 3000 }, (_, i) => i / 8);
    await view(saved("log.npy", { data, shape: [1000, 3] } as never));
    await page.getByRole("gridcell").first().waitFor();
    // By keyboard: rows 0 to 4, columns 0 and 1.
    for (let i = 0; i < 4; i++) await page.keyboard.press("Shift+ArrowDown");
    await page.keyboard.press("Shift+ArrowRight");
    expect(await page.locator("#selection").textContent()).toBe("5 rows × 2 columns selected");
    await page.keyboard.press("Control+c");
    await expect
      .poll(() => page.evaluate("navigator.clipboard.readText()"))
      .toBe("0.0\t0.125\n0.375\t0.5\n0.75\t0.875\n1.125\t1.25\n1.5\t1.625");
    await page.getByRole("button", { name: "Export…" }).click();
    expect(await page.locator("dialog pre").textContent()).toBe(
      'import io\nimport urllib.request\nimport numpy as np\n\na = np.load(io.BytesIO(urllib.request.urlopen("' +
        new URL(`data/log.npy`, page.url()).href +
        '").read()))\na[:5, :2]',
    );
    const npy = await downloaded("Save .npy");
    const wanted = new MemoryStorage();
    saveSync(wanted, { data: data.filter((_, i) => i < 15 && i % 3 < 2), shape: [5, 2] } as never);
    expect(npy.equals(wanted.bytes() as Uint8Array)).toBe(true);
    expect((await downloaded("Save CSV")).toString()).toBe("0,1\n0.0,0.125\n0.375,0.5\n0.75,0.875\n1.125,1.25\n1.5,1.625\n");
  });

  async function downloaded(name: string): Promise<Buffer> {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name }).click()]);
    return readFileSync(await download.path());
  }

  test("follows a file that grows, while it is read", async () => {
    const path = join(temporaryDirectory(), "log.npy");
    await using npaa = await NpyAppendArray.open(path, { dtype: "int32", rowShape: [] });
    await npaa.append(Int32Array.from({ length: 10 }, (_, i) => i));
    await view(path);
    await showsRow(9, ["9"]);
    await page.getByLabel("Follow").check();
    for (let i = 10; i < 200; i++) {
      await npaa.append(Int32Array.of(i));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await showsRow(199, ["199"]);
    await tab("Lines");
    await page.getByText("All 200 rows.").waitFor();
    await npaa.append(Int32Array.of(200));
    await page.getByText("All 201 rows.").waitFor();
  });

  test("opens archives, shards and several files", async () => {
    const folder = temporaryDirectory();
    const archive = join(folder, "data.npz");
    await saveNpz(archive, { a: Int32Array.of(1, 2), b: [[1.5, 2.5]] });
    await view(archive);
    await showsRow(1, ["2"]);
    await page.getByRole("button", { name: "b" }).click();
    await showsRow(0, ["1.5", "2.5"]);
    const shards = ["00000000.npy", "00000001.npy"].map((name, i) => {
      saveSync(join(folder, name), Int32Array.of(2 * i, 2 * i + 1));
      return join(folder, name);
    });
    await page.getByRole("button", { name: "Open another" }).click();
    await page.locator("#pick-files").setInputFiles(shards);
    await showsRow(3, ["3"]);
  });

  test("opens a folder of a group, with the rows that all its arrays have", async () => {
    const folder = join(temporaryDirectory(), "documents");
    await using group = await NpyAppendGroup.open(folder, {
      arrays: { id: { dtype: "int32" }, vec: { dtype: "float32", rowShape: [2] } },
    });
    await group.append({
      id: [7, 8],
      vec: [
        [1, 2],
        [3, 4],
      ],
    });
    await group.close();
    // What a kill between two files leaves.
    const id = await NpyAppendArray.open(join(folder, "id.npy"));
    await id.append(Int32Array.of(9));
    await id.close();
    await view(saved("small.npy", [1]));
    await page.getByRole("button", { name: "Open another" }).click();
    await page.locator("#pick-folder").setInputFiles(folder);
    await page.getByText("2 arrays").waitFor();
    await showsRow(1, ["8"]);
    expect(await page.locator("#range").textContent()).toBe("rows 0 to 1 of 2");
    await page.getByRole("button", { name: "vec.npy" }).click();
    await showsRow(1, ["3.0", "4.0"]);
  });

  test("opens a recording of the browser's own storage", async () => {
    await view(saved("small.npy", [1]));
    const storage = new MemoryStorage();
    saveSync(storage, Int16Array.of(0, 1, 2));
    await page.evaluate(
      async (content) => {
        const { storage } = (globalThis as unknown as { navigator: { storage: { getDirectory(): Promise<Folder> } } }).navigator;
        interface Folder {
          getDirectoryHandle(name: string, options: object): Promise<Folder>;
          getFileHandle(name: string, options: object): Promise<{ createWritable(): Promise<WritableStreamDefaultWriter> }>;
        }
        const folder = await (await storage.getDirectory()).getDirectoryHandle("recordings", { create: true });
        for (const name of ["mic.npy", "pad.npy"]) {
          const writable = await (await folder.getFileHandle(name, { create: true })).createWritable();
          await writable.write(Uint8Array.from(content));
          await writable.close();
        }
      },
      [...(storage.bytes() as Uint8Array)],
    );
    await page.getByRole("button", { name: "Open another" }).click();
    await page.getByRole("button", { name: "recordings/mic.npy" }).click();
    await showsRow(2, ["2"]);
    expect(await page.locator("#read").textContent()).toMatch(/^read [1-9]\d* B of 134 B$/);
    await tab("Lines");
    await page.getByText("All 3 rows.").waitFor();
  });

  test("looks closer where the mouse is dragged over a chart, and goes back", async () => {
    const data = Float64Array.from({ length: 100_000 }, (_, i) => Math.sin(i / 1000));
    await view(saved("wave.npy", data));
    await tab("Lines");
    await page.getByText(/^All 100,000 rows/).waitFor();
    const box = await page.locator(".u-over").boundingBox();
    const { x, y, width } = box as NonNullable<typeof box>;
    await page.mouse.move(x + width / 4, y + 50);
    await page.mouse.down();
    await page.mouse.move(x + width / 2, y + 60, { steps: 5 });
    await page.mouse.up();
    await page.getByText(/^All 2[45],\d\d\d rows/).waitFor();
    expect(Number(await page.getByLabel("From row").inputValue())).toBeCloseTo(25_000, -3);
    await page.getByRole("button", { name: "Later rows" }).click();
    await expect.poll(() => page.getByLabel("From row").inputValue()).toMatch(/^37\d\d\d$/);
    await page.getByRole("button", { name: "All rows" }).click();
    await page.getByText(/^All 100,000 rows/).waitFor();
  });

  test("shows pictures: in their colours, every n-th pixel, and what a pixel is", async () => {
    const data = Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => (i % 3 === 0 ? 255 : 0));
    await view(saved("red.npy", { data, shape: [8, 8, 3] } as never));
    await tab("Image");
    await page.getByText("All pixels: 8 × 8, 3 channels.").waitFor();
    const pixel = (): Promise<unknown> =>
      page
        .locator(".picture canvas")
        .first()
        .evaluate((canvas) => {
          const { width, height } = canvas as unknown as { width: number; height: number };
          const context = (
            canvas as unknown as { getContext(kind: "2d"): { getImageData(...box: number[]): { data: Iterable<number> } } }
          ).getContext("2d");
          return [width, height, ...context.getImageData(3, 3, 1, 1).data];
        });
    expect(await pixel()).toEqual([8, 8, 255, 0, 0, 255]);
    await page.getByLabel("Step").fill("2");
    await page.keyboard.press("Enter");
    await page.getByText("Every 2nd pixel of 8 × 8, 3 channels.").waitFor();
    expect(await pixel()).toEqual([4, 4, 255, 0, 0, 255]);
    await page.locator(".picture canvas").hover({ position: { x: 2, y: 2 } });
    await page.getByText("[0, 0]: 255, 0, 0").waitFor();
  });

  test("is dark or light as the switch says, also after it is loaded again", async () => {
    await view(saved("small.npy", [1]));
    const ground = (): Promise<unknown> => page.evaluate("getComputedStyle(document.body).backgroundColor");
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await ground()).toBe("rgb(20, 23, 28)");
    await page.getByLabel("Theme").selectOption("Light");
    expect(await ground()).toBe("rgb(246, 247, 249)");
    await page.reload();
    expect(await ground()).toBe("rgb(246, 247, 249)");
  });

  test.each([
    ["not an array", "text.npy", "hello, world, this is a text", /Not a \.npy file/],
    ["a file cut short", "cut.npy", undefined, /recover/],
  ])("says in words what is wrong with %s", async (_, name, text, words) => {
    const path = join(temporaryDirectory(), name);
    if (text === undefined) {
      saveSync(path, Float64Array.of(1, 2, 3));
      const bytes = readFileSync(path);
      writeFileSync(path, bytes.subarray(0, bytes.length - 4));
    } else writeFileSync(path, text);
    await view(path);
    expect(await page.getByRole("alert").textContent()).toMatch(words);
  });

  test.each([
    ["0-d", 3.5, {}, ["3.5"]],
    ["empty", { data: new Float64Array(0), shape: [0, 3] }, {}, undefined],
    ["bytes", ["abc", "d"], { dtype: "S3" }, ["abc"]],
    ["durations", [5n], { dtype: "m8[ms]" }, ["5 milliseconds"]],
  ])("opens each tab of an array that is %s", async (_, array, options, first) => {
    await view(saved("some.npy", array as never, options));
    if (first === undefined) await page.getByText("The array has no rows.").waitFor();
    else await showsRow(0, first);
    for (const name of ["Lines", "Histogram", "Heat map", "Image", "Statistics"]) {
      await tab(name);
      await expect.poll(() => page.locator(".busy").textContent()).toMatch(/\.$/);
      expect(await page.getByRole("alert").count()).toBe(0);
    }
  });

  test("passes axe-core, in each tab, dark and light, wide and narrow", async () => {
    const data = Float64Array.from({ length: 400 }, (_, i) => Math.sin(i));
    const path = saved("waves.npy", { data, shape: [100, 4] } as never);
    for (const [colorScheme, width] of [
      ["light", 1280],
      ["dark", 390],
    ] as const) {
      await view(path, { width, height: 844 });
      await page.emulateMedia({ colorScheme });
      await page.getByRole("gridcell").first().waitFor();
      await page.evaluate(axe.source);
      for (const name of ["Table", "Lines", "Histogram", "Heat map", "Image", "Statistics", "export", "landing"]) {
        if (name === "export") {
          await tab("Table");
          await page.getByRole("button", { name: "Export…" }).click();
        } else if (name === "landing") {
          await page.getByRole("button", { name: "Close" }).click();
          await page.getByRole("button", { name: "Open another" }).click();
        } else await tab(name);
        if (!["Table", "export", "landing"].includes(name)) await page.getByText(/^All /).first().waitFor();
        const found = await page.evaluate(async () => {
          const { axe } = globalThis as unknown as {
            axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
          };
          return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
        });
        expect(found, `${name}, ${colorScheme}`).toEqual([]);
      }
      // Nothing is wider than the screen.
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
    }
  });
});

describe("view", () => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill("SIGKILL"));

  /** What a request is answered with. */
  async function statusOf(url: string, init: { method?: string; headers?: Record<string, string> } = {}): Promise<number> {
    const { request } = await import("node:http");
    return await new Promise((resolve, reject) => {
      const sent = request(url, { method: init.method ?? "GET", headers: init.headers ?? {} }, (response) => {
        response.resume();
        resolve(response.statusCode as number);
      });
      sent.on("error", reject);
      sent.end();
    });
  }

  test("answers only its own page, with its token, and only for the one file", async () => {
    const path = saved("log.npy", [1, 2, 3]);
    const serving = await serve(path, "log.npy", VIEWER, 0);
    closing.push(() => serving.close());
    const { origin, pathname, port } = new URL(serving.url);
    const file = `${origin}${pathname}data/log.npy`;
    expect(pathname.length).toBeGreaterThan(32);
    expect(await statusOf(serving.url)).toBe(200);
    expect(await statusOf(file)).toBe(200);
    const bytes = readFileSync(path);
    const part = await fetch(file, { headers: { Range: "bytes=6-9" } });
    expect(part.status).toBe(206);
    expect(part.headers.get("content-range")).toBe(`bytes 6-9/${bytes.length}`);
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(6, 10))).toBe(true);
    const etag = part.headers.get("etag") as string;
    expect(part.headers.get("access-control-allow-origin")).toBeNull();
    expect(await statusOf(file, { headers: { "If-Match": etag } })).toBe(200);
    expect(await statusOf(file, { headers: { "If-Match": '"other"' } })).toBe(412);
    expect(await statusOf(file, { headers: { Range: "bytes=100000-100001" } })).toBe(416);
    expect(await statusOf(`${origin}/`)).toBe(404);
    expect(await statusOf(`${origin}/data/log.npy`)).toBe(404);
    expect(await statusOf(`${origin}${pathname}data/other.npy`)).toBe(404);
    expect(await statusOf(`${origin}${pathname}data/..%2f..%2fetc%2fpasswd`)).toBe(404);
    expect(await statusOf(`${origin}${pathname}..%2fcli%2fmain.js`)).toBe(404);
    expect(await statusOf(file, { method: "POST" })).toBe(405);
    expect(await statusOf(file, { headers: { Host: "evil.example" } })).toBe(421);
    expect(await statusOf(file, { headers: { Host: `evil.example:${port}` } })).toBe(421);
    expect(await statusOf(file, { headers: { Origin: "https://evil.example" } })).toBe(403);
    expect(await statusOf(file, { headers: { "Sec-Fetch-Site": "cross-site" } })).toBe(403);
    const policy = (await fetch(serving.url)).headers.get("content-security-policy");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).toContain("default-src 'none'");
  });

  test("serves a file that grows as it was for a moment, so that header and size agree", async () => {
    const path = join(temporaryDirectory(), "log.npy");
    using npaa = NpyAppendArray.openSync(path, { dtype: "float64", rowShape: [] });
    npaa.append(Float64Array.of(1, 2));
    const serving = await serve(path, "log.npy", VIEWER, 0);
    closing.push(() => serving.close());
    const file = new URL("data/log.npy", serving.url);
    const read = async (): Promise<[Buffer, string]> => {
      const response = await fetch(file);
      return [Buffer.from(await response.arrayBuffer()), response.headers.get("etag") as string];
    };
    const [before, etag] = await read();
    npaa.append(Float64Array.of(3));
    const [same, sameEtag] = await read();
    expect(sameEtag).toBe(etag);
    expect(same.equals(before)).toBe(true);
    expect(loadSync(same).shape).toEqual([2]);
    await new Promise((resolve) => setTimeout(resolve, 450));
    const [after, newEtag] = await read();
    expect(newEtag).not.toBe(etag);
    expect(loadSync(after).shape).toEqual([3]);
  });

  test.skipIf(process.platform === "win32")("prints the URL, and ends with Ctrl-C", async () => {
    const path = saved("log.npy", [1, 2, 3]);
    child = spawn(process.execPath, [MAIN, "view", "--no-open", path], { stdio: ["ignore", "pipe", "inherit"] });
    const [text] = (await once(child.stdout as NonNullable<ChildProcess["stdout"]>, "data")) as [Buffer];
    const [url] = /http:\S+/.exec(text.toString()) ?? [];
    expect(await statusOf(url as string)).toBe(200);
    const closed = once(child, "close");
    child.kill("SIGINT");
    expect(await closed).toEqual([null, "SIGINT"]);
  });
});
