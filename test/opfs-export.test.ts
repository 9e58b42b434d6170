/** Files on their way out of the browser, in Chromium. */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { MemoryStorage, NpyAppendArray, saveSync } from "../src/node.ts";
import { exportFile } from "../src/opfs.ts";
import { inWorker, lacksBrowser, Site } from "./support/browser.ts";

/** A stream that keeps what it is given, at most `limit` bytes. */
function collecting(limit = Number.POSITIVE_INFINITY): { stream: WritableStream<Uint8Array>; bytes: number[]; ends: unknown[] } {
  const [bytes, ends]: [number[], unknown[]] = [[], []];
  const stream = new WritableStream<Uint8Array>({
    write(chunk) {
      if (bytes.length + chunk.length > limit) throw new Error("full");
      for (const byte of chunk) bytes.push(byte);
    },
    close: () => void ends.push("closed"),
    abort: (reason) => void ends.push(reason),
  });
  return { stream, bytes, ends };
}

const storage = new MemoryStorage();
saveSync(storage, new Float64Array(300_000).fill(3));
const saved = storage.bytes() as Uint8Array;

describe("exportFile", () => {
  test("writes the bytes of any file into a stream, in chunks, and closes it", async () => {
    const { stream, bytes, ends } = collecting();
    const progress: number[] = [];
    expect(await exportFile(storage, stream, { onProgress: (done, total) => progress.push(done / total) })).toBe(saved.length);
    expect(Buffer.compare(Uint8Array.from(bytes), saved)).toBe(0);
    expect(ends).toEqual(["closed"]);
    expect(progress).toHaveLength(3);
    expect(progress.at(-1)).toBe(1);
    const text = collecting();
    await exportFile(Uint8Array.of(1, 2, 3), text.stream);
    expect(text.bytes).toEqual([1, 2, 3]);
  });

  test("leaves out rows that are appended meanwhile", async () => {
    const growing = new MemoryStorage();
    const npaa = NpyAppendArray.openSync(growing);
    npaa.append([1, 2]);
    const before = growing.bytes() as Uint8Array;
    // Rows that are not counted yet.
    growing.openSync("r+").writeSync(new Uint8Array(13), before.length);
    const { stream, bytes } = collecting();
    await exportFile(growing, stream);
    expect(bytes).toEqual([...before]);
  });

  test("refuses a file that ends before its rows, what is no target, and what was aborted", async () => {
    const cut = collecting();
    await expect(exportFile(saved.subarray(0, 1000), cut.stream)).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY" });
    expect(cut.bytes).toEqual([]);
    for (const wrong of [undefined, "log.npy", {}]) {
      await expect(exportFile(storage, wrong as never)).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
    }
    const { stream, ends } = collecting();
    const controller = new AbortController();
    const exporting = exportFile(storage, stream, { signal: controller.signal, onProgress: () => controller.abort("enough") });
    await expect(exporting).rejects.toBe("enough");
    expect(ends).toEqual(["enough"]);
    await expect(exportFile(storage, collecting(2e6).stream)).rejects.toThrow("full");
  });
});

describe.skipIf(lacksBrowser)("in Chromium", () => {
  let site: Site;
  let page: Page;
  beforeAll(async () => {
    site = await Site.open();
    page = await site.page();
  });
  afterAll(async () => await site?.close());
  afterEach(() => expect(site.complaints).toEqual([]));

  test("a file is copied into a file handle, while it grows, and its blob is read", async () => {
    const work = async (name: string): Promise<unknown> => {
      const storage = await npy.opfsFile(`${name}.npy`);
      const npaa = await npy.NpyAppendArray.open(storage);
      await npaa.append(new Float64Array(300_000).fill(3));
      const { navigator } = globalThis as unknown as { navigator: { storage: { getDirectory(): Promise<never> } } };
      const root: { getFileHandle(name: string, options: object): Promise<never> } = await navigator.storage.getDirectory();
      // Stands for one that the user picked.
      const handle: Parameters<typeof npy.exportFile>[1] & { getFile(): Promise<Blob> } = await root.getFileHandle(
        `${name} picked.npy`,
        {
          create: true,
        },
      );
      let isGrowing = true;
      const growing = (async () => {
        for (; isGrowing; await new Promise((resolve) => setTimeout(resolve))) await npaa.append([9]);
      })();
      const count = await npy.exportFile(storage, handle);
      isGrowing = false;
      await growing;
      await npaa.close();
      const { data } = await npy.load(handle);
      const blob = await storage.blob();
      const refused = await npy.NpyAppendArray.open(handle).catch((error) => error.message);
      return {
        isRight: count >= 2_400_128 && (data as Float64Array).every((value, i) => value === (i < 300_000 ? 3 : 9)),
        isSize: (data as Float64Array).length * 8 + 128 === count,
        blob: (await npy.load(blob)).shape[0] === npaa.length,
        refused,
      };
    };
    for (const found of [await page.evaluate(work as never, "of a page" as never), await inWorker(page, work, "of a worker")]) {
      expect(found).toEqual({
        isRight: true,
        isSize: true,
        blob: true,
        refused: expect.stringMatching(
          /picked can only be read.*browsers copy the whole file.*opfsFile of npy-append-array\/opfs.*exportFile/,
        ),
      });
    }
  });
});
