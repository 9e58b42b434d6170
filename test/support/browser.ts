/** Pages and workers in Chromium, which have the package and its sources as `npy`. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { rolldown } from "rolldown";
import { findChromium } from "../../scripts/support/chromium.mjs";
import { serveFiles } from "../../scripts/support/web-server.mjs";
import type { Npy } from "../browser/suite.ts";

const executablePath: string | undefined = findChromium();

/** Elsewhere a handle excludes all others, and nothing observes files: Chromium can be made to do so. */
export const BROWSERS: [string, boolean][] = [
  ["in Chromium", false],
  ["where handles are exclusive", true],
];

/** Whether tests in a browser are skipped: CI says REQUIRE_BROWSER=1, which makes its absence a failure. */
export const lacksBrowser: boolean = executablePath === undefined && process.env["REQUIRE_BROWSER"] !== "1";

declare global {
  /** In pages and workers only. */
  var npy: Npy;
}

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

/** The code of pages and workers. */
async function bundled(): Promise<Record<string, { body: string }>> {
  const bundle = await rolldown({
    input: {
      suite: path("test/browser/suite.ts"),
      "suite-worker": path("test/browser/suite-worker.ts"),
      worker: path("src/opfs/worker.ts"),
    },
    platform: "browser",
    resolve: { alias: { vitest: path("test/browser/expect.ts") } },
  });
  // All in one folder: the page looks for its worker beside its own module.
  const { output } = await bundle.generate({ format: "esm", chunkFileNames: "[name].js" });
  await bundle.close();
  return Object.fromEntries(
    output.flatMap((chunk) => (chunk.type === "chunk" ? [[`/${chunk.fileName}`, { body: chunk.code }]] : [])),
  );
}

const PAGE =
  '<!doctype html><html lang="en"><title>Tests</title><link rel="icon" href="data:,"><script type="module" src="/suite.js"></script></html>';

/** Makes workers like those of browsers where a handle excludes all others, and nothing observes files. */
const EXCLUSIVE = `{
  const { prototype } = FileSystemFileHandle;
  const { createSyncAccessHandle } = prototype;
  prototype.createSyncAccessHandle = function () {
    return createSyncAccessHandle.call(this);
  };
  delete FileSystemSyncAccessHandle.prototype.mode;
  delete globalThis.FileSystemObserver;
}
`;

/** Files by their paths. */
type ServedContent = Record<string, { body: string | Uint8Array; headers?: Record<string, string> }>;

type ServedFiles = Awaited<ReturnType<typeof serveFiles>>;

/** A web site, and a browser with a profile that outlives it: `start` it again after it was killed. */
export class Site {
  readonly server: ServedFiles;
  /** What pages logged, and errors that nobody caught. */
  readonly complaints: string[] = [];
  readonly #profile = mkdtempSync(join(tmpdir(), "npy-browser-"));
  context: BrowserContext | undefined;

  readonly #isExclusive: boolean;

  private constructor(server: ServedFiles, isExclusive: boolean) {
    this.server = server;
    this.#isExclusive = isExclusive;
  }

  /** With `isExclusive` as in browsers other than Chromium. */
  static async open(isExclusive: boolean = false): Promise<Site> {
    const files: ServedContent = await bundled();
    files["/"] = { body: PAGE, headers: { "Content-Type": "text/html" } };
    if (isExclusive) {
      for (const name of ["/worker.js", "/suite-worker.js"]) files[name] = { body: `${EXCLUSIVE}${files[name]?.body}` };
    }
    return await Site.of(files, isExclusive);
  }

  /** A site of other files. */
  static async of(files: ServedContent, isExclusive: boolean = false): Promise<Site> {
    const site = new Site(await serveFiles(files), isExclusive);
    await site.start();
    return site;
  }

  async start(): Promise<void> {
    if (executablePath === undefined) throw new Error("REQUIRE_BROWSER=1, and Chromium is not installed");
    this.context = await chromium.launchPersistentContext(this.#profile, { executablePath, chromiumSandbox: false });
  }

  /** A new tab, which is empty. */
  async tab(): Promise<Page> {
    const page = await (this.context as BrowserContext).newPage();
    if (this.#isExclusive) await page.addInitScript("delete globalThis.FileSystemObserver");
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("console", (message) => this.complaints.push(message.text()));
    return page;
  }

  /** A new tab with the page that has `npy`. */
  async page(): Promise<Page> {
    const page = await this.tab();
    await page.goto(this.server.url.href);
    await page.waitForFunction("globalThis.npy !== undefined");
    return page;
  }

  /** Kills the process of a tab, as the system does where memory runs out. */
  async crash(page: Page): Promise<void> {
    // On a busy machine it may take long until the process is gone.
    const crashed = page.waitForEvent("crash", { timeout: 150_000 });
    const session = await (this.context as BrowserContext).newCDPSession(page);
    // Nobody is left to answer.
    void session.send("Page.crash").catch(() => undefined);
    await crashed;
    await page.close().catch(() => undefined);
  }

  /** Kills the browser and all its processes at once, on Linux. */
  async kill(): Promise<void> {
    const closed = (this.context as BrowserContext).waitForEvent("close");
    for (const pid of processesWith(this.#profile)) process.kill(pid, "SIGKILL");
    await closed;
  }

  async close(): Promise<void> {
    await this.context?.close();
    this.server.close();
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** The processes that have this among their arguments. */
function processesWith(argument: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, "utf8").includes(argument);
      } catch {
        return false; // it has ended
      }
    })
    .map(Number);
}

interface TestWorker {
  postMessage(message: unknown): void;
  terminate(): void;
  onmessage: ((event: { readonly data: never }) => void) | null;
}

/** Runs `work` in a dedicated worker, which is ended then. It can use nothing of the test but `argument`. */
export async function inWorker<Argument, Result>(
  page: Page,
  work: (argument: Argument) => Result | Promise<Result>,
  argument: Argument,
): Promise<Result> {
  return await page.evaluate(
    ([source, argument]) =>
      new Promise<Result>((resolve, reject) => {
        const { Worker } = globalThis as unknown as { Worker: new (url: string, options: object) => TestWorker };
        const worker = new Worker("/suite-worker.js", { type: "module" });
        worker.onmessage = ({ data }: { readonly data: "ready" | { result?: unknown; error?: Error } }) => {
          if (data === "ready") return worker.postMessage({ source, argument });
          worker.terminate();
          if (data.error === undefined) resolve(data.result as Result);
          else reject(Object.assign(new Error(`${data.error.stack ?? data.error.message}`), data.error));
        };
      }),
    [String(work), argument] as const,
  );
}
