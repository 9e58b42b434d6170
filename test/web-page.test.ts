/** The portable entry point in a page: URLs relative to it, and servers of other origins. */
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { inspect, load, MemoryStorage, NpyAppendArray, NpyReader, saveSync } from "../src/index.ts";
import { range, serve } from "./support/server.ts";

const storage = new MemoryStorage();
saveSync(storage, [1, 2, 3]);
const bytes = storage.bytes() as Uint8Array<ArrayBuffer>;

afterEach(() => void vi.unstubAllGlobals());

function pageAt(url: string | URL): void {
  vi.stubGlobal("location", new URL(url));
}

describe("a string that is no URL", () => {
  test("is resolved against the page", async () => {
    const asked: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      asked.push(request.url);
      range(bytes, '"1"', request, response);
    });
    pageAt(new URL("/reports/today.html?x=1", url));
    for (const name of ["points.npy", "./points.npy", "../points.npy", "/points.npy", `//${url.host}/points.npy`, "a b.npy?c"]) {
      expect((await load(name)).data).toEqual(Float64Array.of(1, 2, 3));
    }
    expect(asked).toEqual([
      "/reports/points.npy",
      "/reports/points.npy",
      "/points.npy",
      "/points.npy",
      "/points.npy",
      "/reports/a%20b.npy?c",
    ]);
    expect((await inspect("points.npy")).path).toBe(new URL("/reports/points.npy", url).href);
    vi.stubGlobal("document", { baseURI: new URL("/base/", url).href });
    await load("points.npy");
    expect(asked.at(-1)).toBe("/base/points.npy");
  });

  test.each([
    ["a page of the file system", "file:///home/me/page.html"],
    ["a worker that was made of a Blob", "blob:http://localhost/1b9d"],
    ["no page", undefined],
  ])("in %s is a path, for which there is no file system", async (_, page) => {
    if (page !== undefined) pageAt(page);
    for (const name of ["points.npy", "/points.npy", "file:///points.npy", new URL("file:///points.npy"), "C:\\points.npy"]) {
      await expect(load(name)).rejects.toMatchObject({
        code: "ERR_NPY_OPTION",
        message: expect.stringMatching(/need a file system.*http\(s\) URL/),
      });
    }
  });

  test("cannot be written to", async () => {
    pageAt("http://localhost/page.html");
    await expect(NpyAppendArray.open("points.npy")).rejects.toMatchObject({
      code: "ERR_NPY_OPTION",
      message: expect.stringContaining("can only be read"),
      path: "http://localhost/points.npy",
    });
  });

  test("a URL of another realm is one", async () => {
    const url = await serve((request, response) => void range(bytes, '"1"', request, response));
    const other = { href: url.href, [Symbol.toStringTag]: "URL", toString: () => url.href };
    expect((await load(other as unknown as URL)).shape).toEqual([3]);
  });
});

test("without the classes of the web, memory is read as ever", async () => {
  for (const name of ["Blob", "File", "Response"]) vi.stubGlobal(name, undefined);
  expect((await load(storage)).shape).toEqual([3]);
  await expect(load({} as never)).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  expect(() => storage.blob()).toThrow(
    expect.objectContaining({ code: "ERR_NPY_OPTION", reason: expect.stringContaining("bytes()") }),
  );
});

test("a Blob without a tag is one, as in workerd before September 2024", async () => {
  const blob = Object.defineProperty(new Blob([bytes]), Symbol.toStringTag, { value: undefined });
  expect((await load(blob)).shape).toEqual([3]);
});

describe("a server of another origin", () => {
  /** Answers as a browser would give it to a page: of type "cors", with what headers the server exposes. */
  function answering(headers: Record<string, string>): void {
    pageAt("http://localhost/page.html");
    const fetch = globalThis.fetch;
    vi.stubGlobal("fetch", async () => {
      const response = new Response(bytes, { status: 206, headers });
      return Object.defineProperty(response, "type", { value: "cors" });
    });
    onTestFinished(() => void vi.stubGlobal("fetch", fetch));
  }

  test("that does not expose Content-Range is told the header that is missing", async () => {
    answering({ "Content-Length": String(bytes.length) });
    for (const verb of [load, NpyReader.open, inspect]) {
      await expect(verb("http://example.org/points.npy")).rejects.toMatchObject({
        code: "ERR_NPY_OPTION",
        message: expect.stringContaining("Access-Control-Expose-Headers: Content-Range, ETag"),
      });
    }
  });

  test("that exposes it is read", async () => {
    answering({ "Content-Range": `bytes 0-${bytes.length - 1}/${bytes.length}` });
    expect((await load("http://example.org/points.npy")).shape).toEqual([3]);
  });

  test("that fails may not allow the page to read: the headers are named, but not for servers of the page's own", async () => {
    const url = await serve((_, response) => void response.destroy());
    pageAt("http://localhost/page.html");
    const named = expect.stringMatching(
      /Access-Control-Allow-Origin, Access-Control-Allow-Headers: Range, and Access-Control-Expose-Headers: Content-Range, ETag/,
    );
    for (const verb of [load, NpyReader.open]) {
      await expect(verb(url)).rejects.toMatchObject({ path: url.href, message: named });
    }
    pageAt(new URL("/page.html", url));
    await expect(load(url)).rejects.toMatchObject({ path: url.href, message: expect.not.stringContaining("Access-Control") });
  });
});
