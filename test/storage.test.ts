/** What every storage does: one table of cases, for all backends, by both drivers. Then what is particular to files. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { loadSync, MemoryStorage, NodeStorage, saveSync } from "../src/node.ts";
import type { Storage, StorageFile } from "../src/storage/storage.ts";
import { CASES, DRIVERS, LARGE, NEEDS_HOLES, pattern, REPLACES_OPEN } from "./support/storage-cases.ts";
import { keepsOpenFiles, lacksHoles, lacksLinks, lacksModes } from "./support/systems.ts";
import { openDescriptors, temporaryDirectory, temporaryPath } from "./support/temporary.ts";

const BACKENDS: [string, () => Storage][] = [
  ["NodeStorage", () => new NodeStorage(temporaryPath())],
  ["MemoryStorage", () => new MemoryStorage()],
];

describe.each(BACKENDS)("%s", (backend, make) => {
  const isOnDisk = backend === "NodeStorage";
  describe.each(DRIVERS)("%s", (_driver, drive) => {
    for (const [name, plan] of CASES) {
      const isImpossible = (keepsOpenFiles && REPLACES_OPEN.has(name)) || (lacksHoles && NEEDS_HOLES.has(name));
      test.skipIf(isOnDisk && isImpossible)(name, async () => {
        await drive(plan(make()));
      });
    }
  });
});

test("storages that hold different files have different keys", () => {
  const directory = temporaryDirectory();
  const storages = [
    new MemoryStorage(),
    new MemoryStorage(),
    ...["a", "b"].map((name) => new NodeStorage(join(directory, name))),
  ];
  const files = storages.map((storage) => storage.createSync() as StorageFile);
  expect(new Set([...storages, ...files].map(({ key }) => key)).size).toBe(8);
  for (const file of files) file.closeSync();
});

test("MemoryStorage gives its file as a Blob, which later changes do not reach", async () => {
  expect(new MemoryStorage().blob()).toBeUndefined();
  const storage = new MemoryStorage(new Uint8Array(0));
  expect(storage.blob()?.size).toBe(0);
  const file = storage.openSync("r+");
  // A page, a hole, and a page that is not full.
  file.writeSync(new Uint8Array(2 ** 16).fill(1), 0);
  file.writeSync(Uint8Array.of(2, 3), 200_000);
  const blob = storage.blob() as Blob;
  const bytes = storage.bytes() as Uint8Array;
  file.writeSync(Uint8Array.of(9), 0);
  expect(blob.size).toBe(200_002);
  expect(Buffer.compare(new Uint8Array(await blob.arrayBuffer()), bytes)).toBe(0);
});

test("MemoryStorage holds a copy of what it is given, and gives a copy of what it holds", () => {
  const given = pattern(10);
  const storage = new MemoryStorage(given);
  given.fill(0);
  expect(storage.bytes()).toEqual(pattern(10));
  storage.bytes()?.fill(0);
  expect(storage.bytes()).toEqual(pattern(10));
  expect(new MemoryStorage(new Uint8Array(0)).bytes()).toEqual(new Uint8Array(0));
  expect(new MemoryStorage().bytes()).toBeUndefined();
  const buffer = Uint8Array.of(1, 2, 3).buffer;
  expect(new MemoryStorage(buffer).bytes()).toEqual(Uint8Array.of(1, 2, 3));
  expect(new MemoryStorage(new Uint8Array(buffer, 1)).bytes()).toEqual(Uint8Array.of(2, 3));
  for (const other of [Float64Array.of(1), [1, 2], "log.npy", 5, null, new Blob(["x"])]) {
    expect(() => new MemoryStorage(other as never)).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION" }));
  }
});

describe("NodeStorage", () => {
  /** The key of a storage once it was tried to be opened, and the key of the file that is there. */
  function keysOf(path: string): [unknown, unknown] {
    const storage = new NodeStorage(path);
    let file: StorageFile | undefined;
    try {
      file = storage.openSync("r");
    } catch (error) {
      expect(error).toMatchObject({ code: "ENOENT" });
    }
    file?.closeSync();
    return [storage.key, file?.key];
  }

  /** Names of one file: absolute, roundabout, and through symbolic links to it and to its directory. */
  function namesIn(directory: string): string[] {
    mkdirSync(join(directory, "real"));
    symlinkSync("real", join(directory, "directory-link"));
    symlinkSync(join("real", "file"), join(directory, "link"));
    symlinkSync("link", join(directory, "link-to-link"));
    return [
      join(directory, "real", "file"),
      [directory, "real", "..", "real", "file"].join("/"),
      join(directory, "directory-link", "file"),
      join(directory, "link"),
      join(directory, "link-to-link"),
    ];
  }

  test.skipIf(lacksLinks)("has one key for all names of a file, before it is there and after", () => {
    const names = namesIn(temporaryDirectory());
    const absent = names.map(keysOf);
    expect(new Set(absent.map(([key]) => key)).size).toBe(1);
    writeFileSync(names[0] as string, "");
    const present = names.map(keysOf);
    expect(present.map(([key]) => key)).toEqual(absent.map(([key]) => key));
    expect(new Set(present.map(([, key]) => key)).size).toBe(1);
    const hard = `${names[0]}-hard`;
    linkSync(names[0] as string, hard);
    // Another place, but the same file.
    expect(keysOf(hard)[0]).not.toBe(present[0]?.[0]);
    expect(keysOf(hard)[1]).toBe(present[0]?.[1]);
  });

  test.skipIf(lacksLinks)("creates, and replaces, through symbolic links, also those that lead to nothing yet", () => {
    for (const way of ["create", "replace"]) {
      const directory = temporaryDirectory();
      for (const name of namesIn(directory).slice(2)) {
        const storage = new NodeStorage(name);
        expect(() => storage.openSync("r")).toThrow("ENOENT");
        const file = way === "create" ? storage.createSync() : storage.createTemporarySync();
        file.writeSync(pattern(3), 0);
        if (way === "replace") storage.replaceSync(file);
        file.closeSync();
        expect(readFileSync(join(directory, "real", "file"))).toEqual(Buffer.from(pattern(3)));
        expect(readdirSync(join(directory, "real"))).toEqual(["file"]);
        storage.removeSync(file);
      }
      expect(readlinkSync(join(directory, "link"))).toBe(join("real", "file"));
      expect(lstatSync(join(directory, "link-to-link")).isSymbolicLink()).toBe(true);
    }
  });

  test.skipIf(lacksLinks)("links in a circle are an error", () => {
    const directory = temporaryDirectory();
    symlinkSync("b", join(directory, "a"));
    symlinkSync("a", join(directory, "b"));
    expect(() => new NodeStorage(join(directory, "a")).openSync("r")).toThrow("ELOOP");
  });

  test.skipIf(lacksModes)("keeps the mode of a file that is replaced, and makes new ones as all others", () => {
    for (const mode of [0o600, 0o644, 0o751, 0o444, 0o4755]) {
      const path = temporaryPath();
      writeFileSync(path, "");
      chmodSync(path, mode);
      const storage = new NodeStorage(path);
      const temporary = storage.createTemporarySync();
      storage.replaceSync(temporary);
      temporary.closeSync();
      expect(statSync(path).mode & 0o7777).toBe(mode);
    }
    const path = temporaryPath();
    writeFileSync(`${path}.other`, "");
    for (const make of ["createSync", "createTemporarySync"] as const) {
      const storage = new NodeStorage(path);
      const file = storage[make]();
      if (make === "createTemporarySync") storage.replaceSync(file);
      file.closeSync();
      expect(statSync(path).mode).toBe(statSync(`${path}.other`).mode);
      storage.removeSync(file);
    }
  });

  test("temporary files lie beside the file, hidden, whatever its name", () => {
    for (const name of ["a.npy", "x".repeat(255), "é".repeat(127), "🙂".repeat(63)]) {
      const path = temporaryPath(name);
      const storage = new NodeStorage(path);
      const files = [storage.createTemporarySync(), storage.createTemporarySync()];
      const names = readdirSync(dirname(path));
      expect(names).toHaveLength(2);
      for (const temporary of names) expect(temporary).toMatch(/^\..*\.tmp$/u);
      for (const file of files) {
        file.closeSync();
        storage.removeSync(file);
      }
      expect(readdirSync(dirname(path))).toEqual([]);
    }
  });

  test("a relative path stays what it was when the working directory changes", () => {
    const [first, second] = [temporaryDirectory(), temporaryDirectory()];
    const before = process.cwd();
    onTestFinished(() => process.chdir(before));
    process.chdir(first);
    const storage = new NodeStorage("file");
    expect(() => storage.openSync("r")).toThrow("ENOENT");
    process.chdir(second);
    const temporary = storage.createTemporarySync();
    storage.replaceSync(temporary);
    temporary.closeSync();
    storage.openSync("r").closeSync();
    expect([readdirSync(first), readdirSync(second)]).toEqual([["file"], []]);
    expect(storage.path).toBe("file");
  });

  const isFailing: [string, (directory: string) => Storage, string][] = [
    ["a directory", (directory) => new NodeStorage(directory), "EISDIR"],
    ["a link to a directory", (directory) => new NodeStorage(link(directory, ".")), "EISDIR"],
    ["a pipe", (directory) => new NodeStorage(pipe(directory)), "EINVAL"],
    ["a device", () => new NodeStorage("/dev/null"), "EINVAL"],
    ["a name below a file", (directory) => new NodeStorage(join(link(directory, "file"), "below")), "ENOTDIR"],
  ];

  function link(directory: string, target: string): string {
    writeFileSync(join(directory, "file"), "");
    symlinkSync(target, join(directory, "link"));
    return join(directory, "link");
  }

  function pipe(directory: string): string {
    const path = join(directory, "pipe");
    expect(spawnSync("mkfifo", [path]).status).toBe(0);
    return path;
  }

  test.skipIf(openDescriptors() === undefined).each(isFailing)(
    "%s is refused at once, with no descriptor left",
    (_, make, code) => {
      const storage = make(temporaryDirectory());
      const before = openDescriptors();
      for (const mode of ["r", "r+"] as const) {
        expect(() => storage.openSync(mode)).toThrow(expect.objectContaining({ code }));
      }
      expect(openDescriptors()).toBe(before);
    },
  );

  test.skipIf(openDescriptors() === undefined)("leaves no descriptor and no file when it cannot create one", () => {
    const directory = temporaryDirectory();
    const before = openDescriptors();
    const missing = new NodeStorage(join(directory, "missing", "file"));
    expect(() => missing.createSync()).toThrow("ENOENT");
    expect(() => missing.createTemporarySync()).toThrow("ENOENT");
    writeFileSync(join(directory, "file"), "");
    expect(() => new NodeStorage(join(directory, "file")).createSync()).toThrow("EEXIST");
    const storage = new NodeStorage(directory);
    // There is no way to put a file in the place of a directory.
    const temporary = storage.createTemporarySync();
    expect(() => storage.replaceSync(temporary)).toThrow(expect.objectContaining({ code: "EISDIR" }));
    temporary.closeSync();
    storage.removeSync(temporary);
    expect(openDescriptors()).toBe(before);
    expect(readdirSync(directory)).toEqual(["file"]);
  });

  test("a file that was opened for reading cannot be written", async () => {
    const path = temporaryPath();
    writeFileSync(path, "content");
    const file = new NodeStorage(path).openSync("r");
    expect(() => file.writeSync(pattern(3), 0)).toThrow(/EBADF|EPERM/);
    await expect(Promise.resolve(file.write(pattern(2 * LARGE), 0))).rejects.toThrow(/EBADF|EPERM/);
    await expect(Promise.resolve(file.truncate(0))).rejects.toThrow(/EINVAL|EPERM/);
    await file.close();
    expect(readFileSync(path, "utf8")).toBe("content");
  });

  test("file: URLs name files by any name", () => {
    for (const name of ["with space", "100%", process.platform === "win32" ? "#1" : "#1?", "é🙂"]) {
      const path = temporaryPath(name);
      saveSync(pathToFileURL(path), [1, 2]);
      expect(existsSync(path)).toBe(true);
      expect(loadSync(pathToFileURL(path))).toEqual(loadSync(path));
    }
    expect(() => loadSync(new URL("https://example.org/a.npy"))).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION" }));
  });
});
