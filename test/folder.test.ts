/** Folders: files in one place, each found by its name. */
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Folder, loadSync, MemoryFolder, NodeFolder, saveSync } from "../src/node.ts";
import { locateFolder } from "../src/storage/locate.ts";
import { lacksLinks } from "./support/systems.ts";
import { temporaryDirectory } from "./support/temporary.ts";

describe.each<[string, () => Folder]>([
  ["MemoryFolder", () => new MemoryFolder()],
  ["NodeFolder", () => new NodeFolder(join(temporaryDirectory(), "not", "yet"))],
])("%s", (_backend, make) => {
  test("lists the files that it holds, by which each is found again", async () => {
    const folder = make();
    folder.createSync();
    await folder.create();
    expect(folder.listSync()).toEqual([]);
    saveSync(folder.file("b.npy"), [1]);
    saveSync(folder.file("a.npy"), [2]);
    folder.file("never written.npy");
    expect([...(await folder.list())].sort()).toEqual(["a.npy", "b.npy"]);
    expect(loadSync(folder.file("a.npy")).data).toEqual(Float64Array.of(2));
  });

  test.each(["", ".", "..", "a/b", "../a", "a\\b", "a\0"])("takes no name that leads elsewhere: %j", (name) => {
    expect(() => make().file(name)).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION" }));
  });
});

describe("NodeFolder", () => {
  test.skipIf(lacksLinks)("sees links, and no directories", () => {
    const path = temporaryDirectory();
    mkdirSync(join(path, "inner"));
    writeFileSync(join(path, "file"), "");
    symlinkSync("elsewhere", join(path, "link"));
    expect([...new NodeFolder(path).listSync()].sort()).toEqual(["file", "link"]);
  });

  test.skipIf(lacksLinks)("has one key for all names of a directory that is there", () => {
    const path = temporaryDirectory();
    symlinkSync(path, join(path, "self"));
    expect(new NodeFolder(join(path, "self")).key).toBe(realpathSync(path));
    expect(new NodeFolder(join(path, "no", "..", "new")).key).toBe(join(path, "new"));
  });

  test("fails to list what is not there", () => {
    expect(() => new NodeFolder(join(temporaryDirectory(), "no")).listSync()).toThrow(
      expect.objectContaining({ code: "ENOENT" }),
    );
  });

  test("stays where it was when the working directory changes, and names files as it was named", () => {
    const before = process.cwd();
    onTestFinished(() => process.chdir(before));
    const path = realpathSync(temporaryDirectory());
    process.chdir(path);
    const folder = new NodeFolder("data");
    folder.createSync();
    process.chdir(before);
    const file = folder.file("a.npy");
    saveSync(file, [1]);
    expect(file.path).toBe(join("data", "a.npy"));
    expect(folder.listSync()).toEqual(["a.npy"]);
    expect(loadSync(join(path, "data", "a.npy")).shape).toEqual([1]);
  });
});

test("a folder is found by its path, its URL or itself", () => {
  const path = temporaryDirectory();
  expect(locateFolder(path)).toMatchObject({ path });
  expect(locateFolder(pathToFileURL(path)).key).toBe(realpathSync(path));
  const folder = new MemoryFolder();
  expect(locateFolder(folder)).toBe(folder);
  for (const wrong of ["", 1, null, {}, new Uint8Array(3)]) {
    expect(() => locateFolder(wrong as never)).toThrow(
      /^Expected the path of a directory, or a folder such as MemoryFolder: found/,
    );
  }
});
