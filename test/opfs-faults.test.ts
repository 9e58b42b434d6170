/** Files of the browser whose writes fail or stop, in a dedicated worker of Chromium: at every moment they are valid. */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { inWorker, lacksBrowser, Site } from "./support/browser.ts";

describe.skipIf(lacksBrowser)("in Chromium", () => {
  let site: Site;
  let page: Page;
  beforeAll(async () => {
    site = await Site.open();
    page = await site.page();
  });
  afterAll(async () => await site?.close());
  afterEach(() => expect(site.complaints).toEqual([]));

  test("after each call of the browser's handle, the file is the rows that were acknowledged, or those of one append more", async () => {
    const report = await inWorker(
      page,
      async () => {
        interface Access {
          getSize(): number;
          read(buffer: Uint8Array, options: object): number;
          write(bytes: Uint8Array, options: object): number;
          truncate(size: number): void;
          flush(): void;
        }
        const { FileSystemSyncAccessHandle } = globalThis as unknown as { FileSystemSyncAccessHandle: { prototype: Access } };
        const { prototype } = FileSystemSyncAccessHandle;
        const original = { write: prototype.write, truncate: prototype.truncate, flush: prototype.flush };
        const { parseHeader } = npy;
        let acknowledged = 0;
        let moments = 0;
        const problems: string[] = [];
        const look = (access: Access): void => {
          const bytes = new Uint8Array(access.getSize());
          access.read(bytes, { at: 0 });
          moments++;
          // Created, and without a header yet.
          if (bytes.length === 0) return;
          const { shape, headerLength } = parseHeader(bytes);
          const rows = shape[0] as number;
          const values = new Float64Array(bytes.slice(headerLength, headerLength + 8 * rows).buffer);
          const isWhole = values.length === rows && values.every((value, i) => value === i);
          if (!isWhole || rows < acknowledged || rows > acknowledged + 3) problems.push(`${rows} of ${acknowledged}: ${values}`);
        };
        for (const name of ["write", "truncate", "flush"] as const) {
          prototype[name] = function (this: Access, ...args: never[]): never {
            const result = (original[name] as (...args: never[]) => never).apply(this, args);
            look(this);
            return result;
          };
        }
        for (const durability of ["os", "data", "full"] as const) {
          acknowledged = 0;
          const npaa = await npy.NpyAppendArray.open(await npy.opfsFile(`moments/${durability}.npy`), { durability });
          for (let i = 0; i < 30; i++) {
            const rows = 1 + (i % 3);
            await npaa.append(Float64Array.from({ length: rows }, (_, j) => acknowledged + j));
            acknowledged += rows;
          }
          await npaa.close();
        }
        Object.assign(prototype, original);
        return { moments, problems };
      },
      undefined,
    );
    expect(report.problems).toEqual([]);
    expect(report.moments).toBeGreaterThan(3 * 60);
  });

  /** How browsers fail to write: they throw, or return a count that is too large, too small, or 0. */
  const FAULTS = ["throws", "unsigned", "short", "none"] as const;

  test.each(FAULTS)("a write that fails (%s) leaves the rows that were acknowledged, whichever it is", async (fault) => {
    const report = await inWorker(
      page,
      async (fault) => {
        interface Access {
          write(bytes: Uint8Array, options: { at: number }): number;
        }
        const { FileSystemSyncAccessHandle, DOMException } = globalThis as unknown as {
          FileSystemSyncAccessHandle: { prototype: Access };
          DOMException: new (message: string, name: string) => Error;
        };
        const { prototype } = FileSystemSyncAccessHandle;
        const original = prototype.write;
        // Only that write fails: undoing it takes no more space. A short one is followed by one that writes nothing.
        const last = fault === "short" ? -2 : -1;
        let left = Number.POSITIVE_INFINITY;
        prototype.write = function (this: Access, bytes, options) {
          if (left-- > 0 || left < last) return original.call(this, bytes, options);
          // Only part of it reached the file.
          const half = bytes.subarray(0, bytes.length >> 1);
          if (left === -1) original.call(this, half, options);
          if (fault === "throws") throw new DOMException("No space available", "QuotaExceededError");
          if (fault === "unsigned") return 4294967288;
          return fault === "short" && left === -1 ? half.length : 0;
        };
        const names = new Set<string>();
        const problems: string[] = [];
        let failures = 0;
        for (const isSync of [false, true]) {
          for (let step = 0; step < 12; step++) {
            const storage = await npy.opfsFile(`faults/${fault} ${isSync} ${step}.npy`);
            left = Number.POSITIVE_INFINITY;
            const options = { dtype: "float64", rowShape: [] } as const;
            const npaa = isSync ? npy.NpyAppendArray.openSync(storage, options) : await npy.NpyAppendArray.open(storage, options);
            left = step;
            let rows = 0;
            for (let i = 0; i < 10; i++) {
              try {
                await npaa.append(Float64Array.of(rows, rows + 1));
                rows += 2;
              } catch (error) {
                names.add(`${(error as { code: string }).code} ${(error as Error).name}`);
                failures++;
              }
            }
            await npaa.close();
            const { data, shape } = await npy.load(storage);
            const isRight = (data as Float64Array).every((value, i) => value === i) && shape[0] === rows;
            if (!isRight || rows < 18 || (await npy.needsRecovery(storage)))
              problems.push(`${isSync} ${step}: ${shape} of ${rows}`);
          }
        }
        prototype.write = original;
        return { names: [...names], problems, failures };
      },
      fault,
    );
    expect(report).toEqual({ names: ["ENOSPC QuotaExceededError"], problems: [], failures: 24 });
  });

  test("a worker of the page that ends fails what waits for it; the next file is opened by another", async () => {
    const other = await site.page();
    const found = await other.evaluate(async () => {
      const { Worker } = globalThis as unknown as {
        Worker: { prototype: { terminate(): void; postMessage(...args: never[]): void } };
      };
      const { prototype } = Worker;
      const original = prototype.postMessage;
      let worker: { terminate(): void } | undefined;
      prototype.postMessage = function (...args) {
        worker = this as never;
        original.apply(this, args);
      };
      const npaa = await npy.NpyAppendArray.open(await npy.opfsFile("ended.npy"));
      await npaa.append([1, 2, 3]);
      const appending = npaa.append(new Float64Array(1e6));
      worker?.terminate();
      const failed = await appending.then(
        () => "no error",
        (error) => `${error.code} ${error.message}`,
      );
      await npaa.close().catch(() => undefined);
      const again = await npy.opfsFile("ended.npy");
      const report = await npy.recover(again);
      return { failed, rows: (await npy.load(again)).shape[0], rowsAfter: report.rowsAfter };
    });
    expect(found.failed).toMatch(/^EIO (EIO: )?the worker that opens files has ended: it was terminated/);
    expect(found.rows).toBe(found.rowsAfter);
    expect(found.rows).toBeGreaterThanOrEqual(3);
    await other.close();
  });

  describe("where the browser lacks something, the error names it", () => {
    const LACKING: [string, string, RegExp][] = [
      [
        "no storage",
        "delete Object.getPrototypeOf(navigator).storage",
        /need navigator\.storage\.getDirectory, which is missing here/,
      ],
      ["no locks", "delete Object.getPrototypeOf(navigator).locks", /need navigator\.locks, which is missing here/],
      ["no workers", "delete globalThis.Worker", /need Worker, which is missing here/],
      [
        "a private window",
        "StorageManager.prototype.getDirectory = async () => { throw new DOMException('Security error', 'SecurityError') }",
        /keeps no files for this page, as in some private windows \(SecurityError: Security error\)/,
      ],
    ];
    test.each(LACKING)("%s", async (_name, script, message) => {
      const other = await site.page();
      const found = await other.evaluate(async (script) => {
        // biome-ignore lint/security/noGlobalEval: a part of the test
        globalThis.eval(script);
        const verbs = [npy.opfsFile, npy.opfsFolder];
        return await Promise.all(
          verbs.map((verb) =>
            verb("a").then(
              () => "no error",
              (error) => `${error.code} ${error.message}`,
            ),
          ),
        );
      }, script);
      for (const problem of found) {
        expect(problem).toMatch(/^ERR_NPY_OPTION a: /);
        expect(problem).toMatch(message);
      }
      await other.close();
    });

    test("no module of the worker", async () => {
      const other = await (site.context as NonNullable<Site["context"]>).newPage();
      await other.route("**/worker.js", (route) => route.fulfill({ status: 404 }));
      await other.goto(site.server.url.href);
      await other.waitForFunction("globalThis.npy !== undefined");
      const found = await other.evaluate(() =>
        npy.opfsFile("a").then(
          () => "no error",
          (error) => error.message,
        ),
      );
      expect(found).toMatch(/its module worker\.js did not load: pass the option worker, or let a bundler/);
      await other.close();
    });

    test("no synchronous handles", async () => {
      const other = await (site.context as NonNullable<Site["context"]>).newPage();
      await other.route("**/worker.js", async (route) => {
        const response = await route.fetch();
        const body = `delete FileSystemFileHandle.prototype.createSyncAccessHandle;\n${await response.text()}`;
        // Imports go first whatever stands before them.
        await route.fulfill({ response, body });
      });
      await other.goto(site.server.url.href);
      await other.waitForFunction("globalThis.npy !== undefined");
      const found = await other.evaluate(() =>
        npy.opfsFile("a").then(
          () => "no error",
          (error) => error.message,
        ),
      );
      expect(found).toMatch(/^a: Files of the browser need FileSystemFileHandle\.createSyncAccessHandle, which is missing here/);
      await other.close();
    });
  });
});
