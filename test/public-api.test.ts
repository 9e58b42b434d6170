/** The public surface: a name that comes or goes is a decision, not an accident. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import * as forBundlers from "../src/bundled-node.ts";
import * as portable from "../src/index.ts";
import * as node from "../src/node.ts";
import * as opfs from "../src/opfs.ts";
import * as s3 from "../src/s3.ts";

test("the entry points export these values", () => {
  expect(Object.keys(portable).sort()).toMatchInlineSnapshot(`
    [
      "MemoryFolder",
      "MemoryStorage",
      "NpyAppendArray",
      "NpyAppendArraySync",
      "NpyAppendGroup",
      "NpyAppendGroupSync",
      "NpyError",
      "NpyGroupReader",
      "NpyGroupReaderSync",
      "NpyReader",
      "NpyReaderSync",
      "NpyShards",
      "NpzReader",
      "NpzReaderSync",
      "RaggedArray",
      "RecordArray",
      "arraysOf",
      "arraysOfSync",
      "canCast",
      "dtype",
      "ensureAppendable",
      "ensureAppendableSync",
      "formatHeader",
      "indexShards",
      "inspect",
      "inspectSync",
      "isAppendable",
      "isAppendableSync",
      "load",
      "loadNpz",
      "loadNpzSync",
      "loadSync",
      "needsRecovery",
      "needsRecoverySync",
      "openNpz",
      "openNpzSync",
      "parseHeader",
      "recover",
      "recoverShards",
      "recoverSync",
      "save",
      "saveNpz",
      "saveNpzSync",
      "saveSync",
    ]
  `);
  expect(Object.keys(node).filter((name) => !(name in portable))).toMatchInlineSnapshot(`
    [
      "NodeFolder",
      "NodeStorage",
    ]
  `);
});

test("docs/api.md has a line for each export, and docs/options.md one for each option", () => {
  const script = fileURLToPath(new URL("../scripts/reference.mjs", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

test("bundlers for Node get the same values", () => {
  expect({ ...forBundlers }).toEqual({ ...node });
});

test("each verb has its synchronous twin", () => {
  const exported = new Map<string, unknown>(Object.entries(portable));
  const verbs = ["recover", "needsRecovery", "isAppendable", "ensureAppendable", "inspect", "load", "save", "arraysOf"];
  for (const verb of [...verbs, "openNpz", "loadNpz", "saveNpz"]) {
    expect(exported.get(verb)).toBeTypeOf("function");
    expect(exported.get(`${verb}Sync`)).toBeTypeOf("function");
  }
  const members = (type: { prototype: object }): string[] => Object.getOwnPropertyNames(type.prototype).sort();
  // Streams, and waiting for rows that are still to come, have no synchronous form.
  const asynchronous = ["share", "writable", "follow", "readable"];
  const twins = (type: { prototype: object }): string[] => members(type).filter((name) => !asynchronous.includes(name));
  expect(members(portable.NpyAppendArraySync)).toEqual(twins(portable.NpyAppendArray));
  expect(members(portable.NpyReaderSync)).toEqual(twins(portable.NpyReader));
  expect(members(portable.NpzReaderSync)).toEqual(twins(portable.NpzReader));
  expect(members(portable.NpyAppendGroupSync)).toEqual(twins(portable.NpyAppendGroup));
  expect(members(portable.NpyGroupReaderSync)).toEqual(twins(portable.NpyGroupReader));
});

test.each([
  node.NpyAppendArray,
  node.NpyAppendArraySync,
  node.NpyReader,
  node.NpyReaderSync,
  node.NpyAppendGroup,
  node.NpyAppendGroupSync,
  node.NpyGroupReader,
  node.NpyGroupReaderSync,
])("new $name(path), as in Python, says what to call", (constructible) => {
  const { name } = constructible;
  const opener = name.replace("Sync", "");
  const make = constructible as unknown as new (path: string) => unknown;
  expect(() => new make("log.npy")).toThrow(
    expect.objectContaining({
      code: "ERR_NPY_OPTION",
      message: `Do not create ${name} with new, because opening a file may take time: await ${opener}.open(path), or call ${opener}.openSync(path).`,
    }),
  );
});

test("the entry point for files of a browser exports these values", () => {
  expect(Object.keys(opfs).sort()).toEqual(["exportFile", "opfsFile", "opfsFolder"]);
});

test("the entry point for object stores exports these values", () => {
  expect(Object.keys(s3).sort()).toEqual(["abortStale", "concat", "s3Folder", "s3Object"]);
});
