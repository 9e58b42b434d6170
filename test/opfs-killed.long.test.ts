/** Workers, tabs and browsers that are killed while they write, in Chromium: every row that was acknowledged is there. */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { lacksBrowser, Site } from "./support/browser.ts";
import { runs } from "./support/effort.ts";

/** Rows of four counts each: row i holds i. Acknowledged ones are counted in this process. */
const ROWS_AT_ONCE = [1, 3, 1000];

describe.skipIf(lacksBrowser)("in Chromium", () => {
  let site: Site;
  let page: Page;
  let acknowledged = 0;
  beforeAll(async () => {
    site = await Site.open();
  });
  // What happens to the page of one test is nothing to the next.
  beforeEach(openPage);
  afterEach(async () => await page?.close().catch(() => undefined));
  afterAll(async () => await site?.close());

  async function openPage(): Promise<void> {
    page = await site.page();
    await page.exposeFunction("acknowledge", (rows: number) => {
      acknowledged = rows;
    });
  }

  /** Starts to write without an end, in the page or in a worker of its own. */
  async function write(path: string, where: "page" | "worker", durability: "os" | "full", rowsAtOnce: number): Promise<void> {
    acknowledged = 0;
    const work = async ({ path, durability, rowsAtOnce }: { path: string; durability: "os" | "full"; rowsAtOnce: number }) => {
      const { acknowledge, postMessage } = globalThis as unknown as Record<string, (rows: number) => void>;
      const tell = acknowledge ?? postMessage;
      const npaa = await npy.NpyAppendArray.open(await npy.opfsFile(path), { dtype: "int32", rowShape: [4], durability });
      for (let rows = npaa.length; ; rows += rowsAtOnce) {
        // Small appends that are not awaited one by one share a write.
        const parts = Array.from({ length: rowsAtOnce }, (_, i) => Int32Array.of(rows + i, rows + i, rows + i, rows + i));
        await Promise.all(parts.map((part) => npaa.append(part)));
        tell?.(rows + rowsAtOnce);
        await new Promise((resolve) => setTimeout(resolve));
      }
    };
    const argument = { path, durability, rowsAtOnce };
    if (where === "page") {
      await page.evaluate(
        ([source, argument]) => {
          // biome-ignore lint/security/noGlobalEval: not awaited, so that it goes on
          void globalThis.eval(`(${source})`)(argument);
        },
        [String(work), argument] as const,
      );
    } else {
      await page.evaluate(
        ([source, argument]) => {
          interface TestWorker {
            postMessage(message: unknown): void;
            terminate(): void;
            onmessage: (event: { data: unknown }) => void;
          }
          const scope = globalThis as unknown as {
            Worker: new (url: string, options: object) => TestWorker;
            writer: TestWorker;
            acknowledge(rows: number): void;
          };
          scope.writer = new scope.Worker("/suite-worker.js", { type: "module" });
          scope.writer.onmessage = ({ data }) => {
            if (data === "ready") scope.writer.postMessage({ source, argument });
            else if (typeof data === "number") scope.acknowledge(data);
            else throw new Error(JSON.stringify(data));
          };
        },
        [String(work), argument] as const,
      );
    }
    const start = Date.now();
    while (acknowledged === 0 && Date.now() - start < 20_000) await pause(5);
    expect(acknowledged).toBeGreaterThan(0);
    await pause(Math.random() * 200);
  }

  /** Opens the file again as the next tab would, and checks all rows. Returns whether there was something to recover. */
  async function check(path: string, isExpected: number): Promise<boolean> {
    const found = await page.evaluate(async (path) => {
      const storage = await npy.opfsFile(path);
      const needed = await npy.needsRecovery(storage);
      const npaa = await npy.NpyAppendArray.open(storage, { onNeedsRecovery: "truncate", lock: { wait: 10_000 } });
      const rows = npaa.length;
      await npaa.append(Int32Array.of(rows, rows, rows, rows));
      await npaa.close();
      const { data, shape } = await npy.load(storage);
      const wrong = (data as Int32Array).findIndex((value, i) => value !== i >> 2);
      return { needed, rows, wrong, shape };
    }, path);
    expect(found).toMatchObject({ wrong: -1, shape: [found.rows + 1, 4] });
    expect(found.rows).toBeGreaterThanOrEqual(isExpected);
    return found.needed;
  }

  const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

  test("a worker that is terminated", { timeout: 300_000 }, async () => {
    for (let i = 0; i < runs(30); i++) {
      await write(`worker/${i % 3}.npy`, "worker", i % 2 === 0 ? "os" : "full", ROWS_AT_ONCE[i % 3] as number);
      await page.evaluate(() => (globalThis as unknown as { writer: { terminate(): void } }).writer.terminate());
      await check(`worker/${i % 3}.npy`, acknowledged);
    }
    expect(site.complaints).toEqual([]);
  });

  test("a tab whose process is killed", { timeout: 900_000 }, async () => {
    for (let i = 0; i < runs(20); i++) {
      await write(`tab/${i % 3}.npy`, i % 2 === 0 ? "page" : "worker", i % 4 < 2 ? "os" : "full", ROWS_AT_ONCE[i % 3] as number);
      await site.crash(page);
      const before = acknowledged;
      await openPage();
      await check(`tab/${i % 3}.npy`, before);
    }
    expect(site.complaints).toEqual([]);
  });

  test("a tab that writes shards beside another one", { timeout: 900_000 }, async () => {
    const write = async (path: string): Promise<void> => {
      const { acknowledge } = globalThis as unknown as Record<string, (rows: number) => void>;
      const shards = await npy.NpyShards.open(await npy.opfsFolder(path), { rowsPerShard: 50, dtype: "int32", rowShape: [] });
      for (let rows = 0; ; rows++) {
        await shards.append([rows]);
        acknowledge?.(rows + 1);
      }
    };
    for (let i = 0; i < runs(10); i++) {
      acknowledged = 0;
      const path = `shards/${i}`;
      const other = await site.page();
      await other.evaluate(async (path) => {
        const shards = await npy.NpyShards.open(await npy.opfsFolder(path), { rowsPerShard: 50, dtype: "int32", rowShape: [] });
        const done = (async () => {
          for (let rows = 0; rows < 500; rows++) await shards.append([-1]);
          await shards.close();
        })();
        Object.assign(globalThis, { done });
      }, path);
      await page.evaluate(
        ([source, path]) => {
          // biome-ignore lint/security/noGlobalEval: not awaited, so that it goes on
          void globalThis.eval(`(${source})`)(path);
        },
        [String(write), path] as const,
      );
      while (acknowledged < 60) await pause(5);
      await pause(Math.random() * 200);
      await site.crash(page);
      const before = acknowledged;
      await openPage();
      const found = await page.evaluate(async (path) => {
        const folder = await npy.opfsFolder(path);
        const reports: unknown[] = [];
        // The locks of a killed tab may take a moment to be free.
        for (let tries = 0; tries < 20; tries++) {
          reports.push(await npy.recoverShards(folder));
          if ((await folder.list()).filter((name) => name.startsWith(".")).length <= 1) break;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        return reports.length;
      }, path);
      expect(found).toBeLessThan(20);
      await other.evaluate(async () => await (globalThis as unknown as { done: Promise<void> }).done);
      const rows = await other.evaluate(async (path) => {
        const folder = await npy.opfsFolder(path);
        const report = await npy.recoverShards(folder);
        const { data } = await npy.load(folder);
        const left: unknown[] = [];
        for (const name of await folder.list()) if (name.startsWith(".")) left.push((await folder.file(name).blob()).size);
        return { data: [...(data as Int32Array)], left, report };
      }, path);
      // At most a file that was just made, and holds nothing.
      expect(
        rows.left.filter((size) => size !== 0),
        JSON.stringify(rows.report),
      ).toEqual([]);
      expect(rows.data.filter((row) => row === -1)).toHaveLength(500);
      const ours = rows.data.filter((row) => row !== -1);
      expect(ours).toEqual(Array.from(ours, (_, row) => row));
      expect(ours.length).toBeGreaterThanOrEqual(before);
      await other.close();
    }
    expect(site.complaints).toEqual([]);
  });

  test("a browser that is killed", { timeout: 600_000 }, async () => {
    for (let i = 0; i < runs(15); i++) {
      await write(
        `browser/${i % 3}.npy`,
        i % 2 === 0 ? "page" : "worker",
        i % 4 < 2 ? "os" : "full",
        ROWS_AT_ONCE[i % 3] as number,
      );
      await site.kill();
      const before = acknowledged;
      await site.start();
      await openPage();
      await check(`browser/${i % 3}.npy`, before);
    }
    expect(site.complaints).toEqual([]);
  });
});
