/** The verbs on files of the browser, in Chromium: in pages, in dedicated workers, and between tabs. */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type ArrayInput, MemoryStorage, type NpyArray, saveSync } from "../src/node.ts";
import { BROWSERS, inWorker, lacksBrowser, Site } from "./support/browser.ts";
import { runs } from "./support/effort.ts";

/** What numpy.save writes. */
function saved(array: ArrayInput): number[] {
  const storage = new MemoryStorage();
  saveSync(storage, array);
  return [...(storage.bytes() as Uint8Array)];
}

describe.skipIf(lacksBrowser).each(BROWSERS)("%s", (_name, isExclusive) => {
  let site: Site;
  let page: Page;
  beforeAll(async () => {
    site = await Site.open(isExclusive);
    page = await site.page();
  });
  afterAll(async () => await site?.close());
  afterEach(() => expect(site.complaints).toEqual([]));

  /** The bytes of a file, as a page sees them that never used the package for it. */
  async function bytesOf(path: string): Promise<number[]> {
    return await page.evaluate(async (path) => {
      const { navigator } = globalThis as unknown as { navigator: { storage: { getDirectory(): Promise<never> } } };
      interface Directory {
        getDirectoryHandle(name: string): Promise<Directory>;
        getFileHandle(name: string): Promise<{ getFile(): Promise<Blob> }>;
      }
      let directory: Directory = await navigator.storage.getDirectory();
      const parts = path.split("/");
      for (const part of parts.slice(0, -1)) directory = await directory.getDirectoryHandle(part);
      const file = await (await directory.getFileHandle(parts.at(-1) as string)).getFile();
      return [...new Uint8Array(await file.arrayBuffer())];
    }, path);
  }

  const WHERE: [string, <A, R>(work: (argument: A) => R | Promise<R>, argument: A) => Promise<R>][] = [
    ["a page", async (work, argument) => (await page.evaluate(work as never, argument as never)) as never],
    ["a dedicated worker", (work, argument) => inWorker(page, work, argument)],
  ];

  describe.each(WHERE)("%s", (where, inside) => {
    test("creates a file, appends, opens it again, replaces it", async () => {
      const path = `verbs/${where}.npy`;
      await inside(async (path) => {
        const { NpyAppendArray, opfsFile } = npy;
        const storage = await opfsFile(path);
        for (const durability of ["os", "data", "full"] as const) {
          const npaa = await NpyAppendArray.open(storage, { durability });
          await Promise.all([npaa.append([[1, 2]]), npaa.append([[3, 4]])]);
          await npaa.append(new Float64Array(200_000).fill(5));
          await npaa.sync();
          await npaa.truncate(npaa.length - 99_999);
          await npaa.close();
        }
      }, path);
      const three = [
        [1, 2],
        [3, 4],
        [5, 5],
      ];
      expect(await bytesOf(path)).toEqual(saved([...three, ...three, ...three]));
      const found = await inside(async (path) => {
        const { ensureAppendable, isAppendable, load, NpyAppendArray, opfsFile, save } = npy;
        const storage = await opfsFile(path);
        await save(storage, [7, 8]);
        const npaa = await NpyAppendArray.open(storage, { deleteIfExists: true });
        await npaa.append([1, 2, 3]);
        await npaa.close();
        // A header without room to grow, and bytes after the rows.
        const file = await storage.open("r+");
        const text = "NUMPY\x01\0\x46\0{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }".padEnd(78);
        await file.write(Uint8Array.of(0x93, ...new TextEncoder().encode(`${text}\n`)), 0);
        await file.write(new Uint8Array(Float64Array.of(1, 2, 3).buffer), 80);
        await file.truncate(80 + 24);
        await file.close();
        const found: unknown[] = [await isAppendable(storage), await ensureAppendable(storage), await isAppendable(storage)];
        return [...found, ...((await load(storage)).data as Float64Array)];
      }, path);
      expect(found).toEqual([false, true, true, 1, 2, 3]);
    });

    test("recovers a file whose writer was cut off", async () => {
      const report = await inside(async (where) => {
        const { load, NpyAppendArray, needsRecovery, opfsFile, recover, save } = npy;
        const storage = await opfsFile(`cut ${where}.npy`);
        await save(storage, [
          [1, 2],
          [3, 4],
        ]);
        const file = await storage.open("r+");
        await file.write(new Uint8Array(24), await file.size());
        await file.close();
        const before = await needsRecovery(storage);
        const refused = await NpyAppendArray.open(storage).catch((error) => error.code);
        const { rowsBefore, rowsAfter, bytesDropped } = await recover(storage);
        return [before, refused, rowsBefore, rowsAfter, bytesDropped, (await load(storage)).shape];
      }, where);
      expect(report).toEqual([true, "ERR_NPY_NEEDS_RECOVERY", 2, 3, 8, [3, 2]]);
    });

    test("folders hold groups, shards and archives", async () => {
      const found = await inside(async (where) => {
        const { loadNpz, NpyAppendGroup, NpyGroupReader, NpyReader, NpyShards, opfsFile, opfsFolder, saveNpz } = npy;
        const folder = await opfsFolder(`sets of ${where}/group`);
        const absent = await Promise.resolve(folder.list()).catch((error) => error.code);
        const group = await NpyAppendGroup.open(folder, {
          arrays: { t: { dtype: "float64" }, words: { dtype: "int32", ragged: true } },
        });
        await group.append({ t: [1, 2], words: [[1], [2, 3]] });
        await group.append({ t: [3], words: [[]] });
        await group.close();
        const reader = await NpyGroupReader.open(folder);
        const { t, words } = await reader.read();
        await reader.close();
        const shards = await opfsFolder(`sets of ${where}/shards`);
        const writers = await Promise.all(
          [0, 1].map(() => NpyShards.open(shards, { rowsPerShard: 10, dtype: "int32", rowShape: [] })),
        );
        for (let i = 0; i < 35; i++) await Promise.all(writers.map((writer) => writer.append([i])));
        for (const writer of writers) await writer.close();
        const joined = await NpyReader.open(shards);
        const rows = [...((await joined.read()).data as Int32Array)].sort((a, b) => a - b);
        await joined.close();
        const archive = await opfsFile(`sets of ${where}/archive.npz`);
        await saveNpz(archive, { a: [1, 2], b: Int8Array.of(3) }, { compress: true });
        const { a, b } = await loadNpz(archive);
        return {
          absent,
          group: [...(await folder.list())].sort(),
          t: [...(t as { data: Float64Array }).data],
          lengths: [0, 1, 2].map((i) => (words as unknown as { at(i: number): { length: number } }).at(i).length),
          shards: [...(await shards.list())].sort(),
          rows,
          archive: [...((a as NpyArray).data as Float64Array), ...((b as NpyArray).data as Int8Array)],
        };
      }, where);
      expect(found).toMatchObject({ absent: "ENOENT", t: [1, 2, 3], lengths: [1, 2, 0], archive: [1, 2, 3] });
      expect(found.group).toEqual(["t.npy", "words.offsets.npy", "words.values.npy"]);
      expect(found.shards).toHaveLength(8);
      expect(found.shards.every((name) => /^[^.].*\.npy$/.test(name))).toBe(true);
      expect(found.rows).toEqual(Array.from({ length: 70 }, (_, i) => i >> 1));
    });

    test("fails with the codes of file systems", async () => {
      const found = await inside(async (where) => {
        const { opfsFile, opfsFolder, save } = npy;
        const codeOf = async (use: () => unknown): Promise<unknown> => {
          try {
            await use();
            return "no error";
          } catch (error) {
            const { code, name, message } = error as Error & { code: unknown };
            return `${code} ${name} ${message.includes(where) || message.includes("..")}`;
          }
        };
        const directory = await opfsFolder(`codes of ${where}/directory`);
        await directory.create();
        const closed = await (await opfsFile(`codes of ${where}/file`)).create();
        await closed.write(Uint8Array.of(1), 0);
        await closed.close();
        return [
          await codeOf(async () => (await opfsFile(`no/${where}`)).open("r")),
          await codeOf(async () => (await opfsFile(`codes of ${where}/file`)).create()),
          await codeOf(async () => save(await opfsFile(`codes of ${where}/file/below`), [1])),
          await codeOf(async () => save(await opfsFile(`../${where}`), [1])),
          await codeOf(async () => {
            const file = await (await opfsFile(`codes of ${where}/file`)).open("r");
            await file.write(Uint8Array.of(1), 0);
          }),
          await codeOf(() => closed.size()),
        ];
      }, where);
      expect(found).toEqual([
        "ENOENT NotFoundError true",
        "EEXIST Error true",
        "EISDIR TypeMismatchError true",
        "ERR_NPY_OPTION NpyError true",
        "EBADF InvalidStateError true",
        "EBADF InvalidStateError true",
      ]);
    });
  });

  test("the synchronous class appends in a dedicated worker, and refuses what needs another handle", async () => {
    const found = await inWorker(
      page,
      async () => {
        const { inspectSync, loadSync, NpyAppendArray, opfsFile, opfsFolder, saveSync } = npy;
        const storage = await opfsFile("sync/rows.npy");
        const absent = (() => {
          try {
            return inspectSync(storage);
          } catch (error) {
            return (error as { code: unknown }).code;
          }
        })();
        for (let i = 0; i < 3; i++) {
          const npaa = NpyAppendArray.openSync(storage, { lock: true });
          npaa.append([i, i]);
          npaa.append(new Float64Array(20_000).fill(i));
          npaa.sync();
          npaa.close();
        }
        const problems = [
          () => saveSync(storage, [1]),
          () => {
            const npaa = NpyAppendArray.openSync(storage, { deleteIfExists: true });
            try {
              npaa.append([1]);
            } finally {
              npaa.close();
            }
          },
        ].map((use) => {
          try {
            return use();
          } catch (error) {
            const { code, message } = error as { code: string; message: string };
            return `${code} ${message}`;
          }
        });
        const folder = await opfsFolder("sync");
        const { shape } = loadSync(storage);
        // An asynchronous verb takes over.
        const npaa = await NpyAppendArray.open(storage);
        await npaa.append([9]);
        await npaa.close();
        try {
          NpyAppendArray.openSync(storage);
        } catch (error) {
          problems.push((error as Error).message);
        }
        return { absent, problems, shape, names: await folder.list() };
      },
      undefined,
    );
    expect(found.absent).toBe("ENOENT");
    expect(found.shape).toEqual([60_006]);
    expect(found.names).toEqual(["rows.npy"]);
    expect(found.problems).toEqual([
      expect.stringMatching(
        /^ERR_NPY_OPTION sync\/rows\.npy: Replacing a file needs a handle, which browsers give asynchronously/,
      ),
      expect.stringMatching(/^ERR_NPY_OPTION sync\/rows\.npy: Replacing a file needs a handle/),
      expect.stringMatching(/Opening a file that opfsFile did not just give needs a handle/),
    ]);
    expect((await bytesOf("sync/rows.npy")).length).toBe(128 + 8 * 60_007);
  });

  test("a file that was only named does not exist", async () => {
    const names = await inWorker(
      page,
      async () => {
        const storage = await npy.opfsFile("named/no.npy");
        const problem = await npy.load(storage).catch((error) => error.code);
        return [problem, ...(await (await npy.opfsFolder("named")).list())];
      },
      undefined,
    );
    expect(names).toEqual(["ENOENT"]);
  });

  test("what another tab wrote into a file that was prepared for synchronous verbs stays", async () => {
    const path = "prepared/rows.npy";
    const preparing = inWorker(
      page,
      async (path) => {
        const storage = await npy.opfsFile(path);
        const channel = new BroadcastChannel("test");
        const written = new Promise((resolve) => {
          channel.onmessage = resolve;
        });
        channel.postMessage("prepared");
        await written;
        channel.close();
        const { shape } = npy.loadSync(storage);
        return [shape, (await npy.load(storage)).shape, (await npy.load(storage)).shape];
      },
      path,
    );
    await page.evaluate(async (path) => {
      const channel = new BroadcastChannel("test");
      await new Promise((resolve) => {
        channel.onmessage = resolve;
      });
      const npaa = await npy.NpyAppendArray.open(await npy.opfsFile(path));
      await npaa.append([1, 2, 3]);
      await npaa.close();
      channel.postMessage("written");
      channel.close();
    }, path);
    // Where handles are exclusive, it was given up.
    const found = await preparing.catch((error) => error.message);
    expect(found).toEqual(isExclusive ? expect.stringContaining("did not just give") : [[3], [3], [3]]);
    expect(await bytesOf(path)).toEqual(saved([1, 2, 3]));
  });

  test("one of two tabs writes; the other is told, waits for it, and reads beside it", async () => {
    const other = await site.page();
    await page.evaluate(async () => {
      const npaa = await npy.NpyAppendArray.open(await npy.opfsFile("tabs/rows.npy"));
      await npaa.append([1, 2]);
      Object.assign(globalThis, { npaa });
    });
    const found = await other.evaluate(async () => {
      const storage = await npy.opfsFile("tabs/rows.npy");
      const codes: unknown[] = [];
      for (const options of [{}, { lock: true }, { deleteIfExists: true }]) {
        codes.push(await npy.NpyAppendArray.open(storage, options).catch((error) => error.code));
      }
      codes.push(await npy.recover(storage).catch((error) => error.code), (await npy.load(storage)).shape.join());
      const waiting = npy.NpyAppendArray.open(storage, { lock: { wait: 20_000 } });
      Object.assign(globalThis, { waiting });
      return codes;
    });
    expect(found).toEqual([...Array(4).fill("ERR_NPY_LOCKED"), "2"]);
    const inOther = await inWorker(
      other,
      async () => {
        const storage = await npy.opfsFile("tabs/rows.npy");
        return [npy.loadSync, npy.NpyAppendArray.openSync].map((verb) => {
          try {
            const { shape } = verb(storage);
            return String(shape);
          } catch (error) {
            return (error as { code: unknown }).code;
          }
        });
      },
      undefined,
    );
    expect(inOther).toEqual([isExclusive ? "ERR_NPY_LOCKED" : "2", "ERR_NPY_LOCKED"]);
    await page.evaluate(async () => await (globalThis as unknown as { npaa: { close(): Promise<void> } }).npaa.close());
    expect(
      await other.evaluate(async () => {
        const npaa = await (globalThis as unknown as { waiting: ReturnType<typeof npy.NpyAppendArray.open> }).waiting;
        await npaa.append([3]);
        await npaa.close();
        return npaa.length;
      }),
    ).toBe(3);
    await other.close();
  });

  test("a reader of another tab follows, also while rows come without a pause, and sees the file replaced", async () => {
    const other = await site.page();
    await page.evaluate(async () => await npy.save(await npy.opfsFile("follow/rows.npy"), new Float64Array(0)));
    const following = other.evaluate(async () => {
      const reader = await npy.NpyReader.open(await npy.opfsFile("follow/rows.npy"));
      Object.assign(globalThis, { isFollowing: true });
      let [next, chunks, isLast] = [0, 0, false];
      for await (const chunk of reader.follow()) {
        chunks++;
        for (const value of chunk.data as Float64Array) {
          isLast = value === -1;
          if (!isLast && value !== next++) throw new Error(`row ${next - 1} is ${value}`);
        }
        if (isLast) break;
      }
      await reader.close();
      return { next, chunks };
    });
    await other.waitForFunction("globalThis.isFollowing");
    const rows = await inWorker(
      page,
      async () => {
        const npaa = npy.NpyAppendArray.openSync(await npy.opfsFile("follow/rows.npy"));
        const start = performance.now();
        while (performance.now() - start < 2000) npaa.append([npaa.length]);
        const { length } = npaa;
        npaa.append([-1]);
        npaa.close();
        return length;
      },
      undefined,
    );
    const { next, chunks } = await following;
    expect(next).toBe(rows);
    // Without a handle of its own, it reads when the writer pauses.
    expect(chunks).toBeGreaterThan(isExclusive ? 0 : 5);
    const beside = await other.evaluate(async () => {
      const reader = await npy.NpyReader.open(await npy.opfsFile("follow/rows.npy"));
      Object.assign(globalThis, { reader });
      return reader.length;
    });
    expect(beside).toBe(rows + 1);
    // Readers of other tabs let go of a file that is replaced.
    await page.evaluate(async () => await npy.save(await npy.opfsFile("follow/rows.npy"), new Float64Array(5)));
    const code = await other.evaluate(async () => {
      const { reader } = globalThis as unknown as { reader: { refresh(): Promise<void>; close(): Promise<void> } };
      const code = await reader.refresh().then(
        () => "no error",
        (error) => error.code,
      );
      await reader.close();
      return code;
    });
    expect(code).toBe("ERR_NPY_CHANGED");
    await other.close();
  });

  test("of tabs that open a new file at the same time, one has it", async () => {
    const pages = [page, await site.page(), await site.page()];
    for (let round = 0; round < runs(3); round++) {
      const results = await Promise.all(
        pages.map(async (one, i) =>
          one.evaluate(
            async ([round, i]) => {
              const storage = await npy.opfsFile(`race/${round}.npy`);
              try {
                const npaa = await npy.NpyAppendArray.open(storage, { dtype: "int32", rowShape: [] });
                await npaa.append([i as number]);
                // The others have had their try by then.
                await new Promise((resolve) => setTimeout(resolve, 2000));
                await npaa.close();
                return `${i}`;
              } catch (error) {
                return (error as { code: string }).code;
              }
            },
            [round, i],
          ),
        ),
      );
      const winner = results.filter((result) => /^\d$/.test(result));
      expect(winner, String(results)).toHaveLength(1);
      for (const result of results) expect(result).toMatch(/^(\d|ERR_NPY_LOCKED|ERR_NPY_CHANGED)$/);
      expect(await bytesOf(`race/${round}.npy`)).toEqual(saved(Int32Array.of(Number(winner[0]))));
    }
    for (const one of pages.slice(1)) await one.close();
  });

  test("a full quota fails the append that exceeds it, and nothing else", async () => {
    const session = await (site.context as NonNullable<Site["context"]>).newCDPSession(page);
    const origin = site.server.url.origin;
    const { usage } = (await session.send("Storage.getUsageAndQuota", { origin })) as { usage: number };
    await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: usage + 5e6 });
    const found = await page.evaluate(async () => {
      const storage = await npy.opfsFile("quota.npy");
      const npaa = await npy.NpyAppendArray.open(storage, { dtype: "float64", rowShape: [1000] });
      const problems: unknown[] = [];
      for (let i = 0; i < 800; i++) {
        await npaa.append([new Float64Array(1000).fill(i)]).catch((error) => problems.push(error));
      }
      // What fits still is appended, row by row.
      const { code, name, message } = problems[0] as Error & { code: string };
      const large = await npaa.append(new Float64Array(1e6)).catch((error) => error.name);
      const { length } = npaa;
      Object.assign(globalThis, { npaa });
      return { code, name, message, problems: problems.length, large, length, file: await npy.inspect(storage) };
    });
    expect(found).toMatchObject({ code: "ENOSPC", name: "QuotaExceededError", large: "QuotaExceededError" });
    expect(found.message).toMatch(/^ENOSPC: QuotaExceededError: .*, write 'quota\.npy'$/);
    expect(found.length + found.problems).toBe(800);
    expect(found.length).toBeGreaterThan(50);
    expect(found.file).toMatchObject({ shape: [found.length, 1000], needsRecovery: false });
    await session.send("Storage.overrideQuotaForOrigin", { origin });
    const after = await page.evaluate(async () => {
      const { npaa } = globalThis as unknown as { npaa: Awaited<ReturnType<typeof npy.NpyAppendArray.open>> };
      await npaa.append([new Float64Array(1000)]);
      await npaa.close();
      return (await npy.load(await npy.opfsFile("quota.npy"))).shape[0];
    });
    expect(after).toBe(found.length + 1);
  });
});
