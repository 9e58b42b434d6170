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
import { run, runSync } from "../src/plan/run.ts";
import {
  close,
  create,
  createTemporary,
  open,
  type Plan,
  place,
  read,
  remove,
  replace,
  size,
  sync,
  truncate,
  write,
} from "../src/plan/step.ts";
import type { Eventually, Storage, StorageFile } from "../src/storage/storage.ts";
import { openDescriptors, temporaryDirectory, temporaryPath } from "./support/temporary.ts";

const BACKENDS: [string, () => Storage][] = [
  ["NodeStorage", () => new NodeStorage(temporaryPath())],
  ["MemoryStorage", () => new MemoryStorage()],
];

const DRIVERS: [string, <Result>(plan: Plan<Result>) => Eventually<Result>][] = [
  ["synchronously", runSync],
  ["asynchronously", run],
];

/** Different bytes wherever one looks, from `seed` on. */
function pattern(length: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (seed + i * 7 + (i >> 8)) & 0xff);
}

/** `length` bytes from `position` on, or as many as there are. */
function* bytesAt(file: StorageFile, position: number, length: number): Plan<Uint8Array> {
  // What is not read must not be touched either.
  const buffer = new Uint8Array(length + 1).fill(0xee);
  const count = yield* read(file, buffer.subarray(0, length), position);
  expect(Buffer.compare(buffer.subarray(count), new Uint8Array(length + 1 - count).fill(0xee))).toBe(0);
  return buffer.subarray(0, count);
}

/** The code of the error that a plan fails with. */
function* codeOf(plan: Plan<unknown>): Plan<unknown> {
  try {
    yield* plan;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return "no error";
}

/** A file that holds `bytes`, and is open. */
function* holding(storage: Storage, bytes: Uint8Array): Plan<StorageFile> {
  const file = yield* create(storage);
  yield* write(file, bytes, 0);
  return file;
}

/** What the file that is there now holds. */
function* contents(storage: Storage): Plan<Uint8Array> {
  const file = yield* open(storage, "r");
  const bytes = yield* bytesAt(file, 0, yield* size(file));
  yield* close(file);
  return bytes;
}

/** Beyond this many bytes a `NodeStorage` hands transfers to other threads. */
const LARGE = 2 ** 16;

const CASES: [string, (storage: Storage) => Plan<void>][] = [
  [
    "nothing is there at first",
    function* (storage) {
      expect(yield* codeOf(open(storage, "r"))).toBe("ENOENT");
      expect(yield* codeOf(open(storage, "r+"))).toBe("ENOENT");
    },
  ],
  [
    "a file that was created is empty, and there",
    function* (storage) {
      const file = yield* create(storage);
      expect(yield* size(file)).toBe(0);
      expect(yield* bytesAt(file, 0, 10)).toHaveLength(0);
      expect(yield* bytesAt(file, 5, 10)).toHaveLength(0);
      yield* close(file);
      expect(yield* contents(storage)).toHaveLength(0);
    },
  ],
  [
    "create never touches what is there",
    function* (storage) {
      yield* close(yield* holding(storage, pattern(10)));
      expect(yield* codeOf(create(storage))).toBe("EEXIST");
      expect(yield* contents(storage)).toEqual(pattern(10));
    },
  ],
  [
    "what was written is read, by the same opening and by others",
    function* (storage) {
      const file = yield* holding(storage, pattern(100));
      const other = yield* open(storage, "r+");
      yield* write(other, pattern(20, 50), 90);
      for (const opened of [file, other]) {
        expect(yield* size(opened)).toBe(110);
        expect(yield* bytesAt(opened, 0, 110)).toEqual(Uint8Array.of(...pattern(90), ...pattern(20, 50)));
      }
      yield* close(file);
      yield* close(other);
    },
  ],
  [
    "writing goes where it is told, whatever the order",
    function* (storage) {
      const file = yield* create(storage);
      yield* write(file, pattern(10, 1), 10);
      yield* write(file, pattern(10, 2), 0);
      yield* write(file, pattern(4, 3), 8);
      yield* write(file, new Uint8Array(0), 3);
      expect(yield* bytesAt(file, 0, 99)).toEqual(
        Uint8Array.of(...pattern(10, 2).subarray(0, 8), ...pattern(4, 3), ...pattern(10, 1).subarray(2)),
      );
      yield* close(file);
    },
  ],
  [
    "a transfer at the end of the file is short, one beyond it gives nothing",
    function* (storage) {
      const bytes = pattern(3 * LARGE);
      const file = yield* holding(storage, bytes);
      for (const length of [8, 2 * LARGE]) {
        for (const missing of [0, 1]) {
          const tail = yield* bytesAt(file, bytes.length - length + missing, length);
          expect(Buffer.compare(tail, bytes.subarray(missing - length))).toBe(0);
        }
        expect(yield* bytesAt(file, bytes.length - 1, length)).toEqual(bytes.subarray(-1));
        expect(yield* bytesAt(file, bytes.length, length)).toHaveLength(0);
        expect(yield* bytesAt(file, bytes.length + LARGE, length)).toHaveLength(0);
      }
      yield* close(file);
    },
  ],
  [
    "transfers of every size begin and end where they should",
    function* (storage) {
      const file = yield* create(storage);
      const expected = new Uint8Array(8 * LARGE);
      let end = 0;
      for (const [position, length] of [
        [0, LARGE - 1],
        [LARGE - 2, LARGE],
        [7, LARGE + 1],
        [3 * LARGE, 3 * LARGE + 5],
        [2 * LARGE - 1, 2],
      ] as const) {
        yield* write(file, pattern(length, position), position);
        expected.set(pattern(length, position), position);
        end = Math.max(end, position + length);
      }
      expect(yield* size(file)).toBe(end);
      expect(Buffer.compare(yield* bytesAt(file, 0, end), expected.subarray(0, end))).toBe(0);
      expect(Buffer.compare(yield* bytesAt(file, 5, 2 * LARGE), expected.subarray(5, 5 + 2 * LARGE))).toBe(0);
      yield* close(file);
    },
  ],
  [
    "views of larger buffers are taken from their offset",
    function* (storage) {
      const file = yield* holding(storage, pattern(4 * LARGE).subarray(3, 3 + 2 * LARGE));
      expect(yield* size(file)).toBe(2 * LARGE);
      const buffer = new Uint8Array(4 * LARGE);
      yield* read(file, buffer.subarray(11, 11 + 2 * LARGE), 0);
      expect(Buffer.compare(buffer.subarray(11, 11 + 2 * LARGE), pattern(4 * LARGE).subarray(3, 3 + 2 * LARGE))).toBe(0);
      expect(buffer.subarray(0, 11).every((byte) => byte === 0)).toBe(true);
      yield* close(file);
    },
  ],
  [
    "a gap reads as zeros",
    function* (storage) {
      const file = yield* holding(storage, pattern(10));
      yield* write(file, pattern(10), 3 * LARGE);
      expect(yield* size(file)).toBe(3 * LARGE + 10);
      const gap = yield* bytesAt(file, 10, 3 * LARGE - 10);
      expect(gap).toHaveLength(3 * LARGE - 10);
      expect(gap.every((byte) => byte === 0)).toBe(true);
      yield* close(file);
    },
  ],
  [
    "truncate cuts and lengthens; what was cut off never comes back",
    function* (storage) {
      const bytes = pattern(3 * LARGE);
      const file = yield* holding(storage, bytes);
      for (const cut of [2 * LARGE, LARGE + 9, 9, 0]) {
        yield* truncate(file, cut);
        expect(yield* size(file)).toBe(cut);
        yield* truncate(file, 3 * LARGE);
        expect(yield* size(file)).toBe(3 * LARGE);
        const grown = yield* bytesAt(file, 0, 4 * LARGE);
        expect(grown).toHaveLength(3 * LARGE);
        expect(Buffer.compare(grown.subarray(0, cut), bytes.subarray(0, cut))).toBe(0);
        expect(grown.subarray(cut).every((byte) => byte === 0)).toBe(true);
      }
      yield* write(file, pattern(5), LARGE);
      yield* truncate(file, LARGE + 2);
      yield* write(file, pattern(1), LARGE + 5);
      expect(yield* bytesAt(file, LARGE, 9)).toEqual(Uint8Array.of(...pattern(2), 0, 0, 0, ...pattern(1)));
      yield* close(file);
    },
  ],
  [
    "positions and sizes go beyond 4 GiB",
    function* (storage) {
      const file = yield* holding(storage, pattern(10));
      for (const position of [2 ** 31 - 3, 2 ** 32 - 3, 2 ** 32 + 2 ** 31, 2 ** 34 + 1]) {
        yield* write(file, pattern(6, position % 251), position);
        expect(yield* size(file)).toBe(position + 6);
        expect(yield* bytesAt(file, position - 2, 9)).toEqual(Uint8Array.of(0, 0, ...pattern(6, position % 251)));
      }
      yield* write(file, pattern(2 * LARGE), 2 ** 33 - 7);
      expect(Buffer.compare(yield* bytesAt(file, 2 ** 33 - 7, 2 * LARGE), pattern(2 * LARGE))).toBe(0);
      expect(yield* bytesAt(file, 0, 12)).toEqual(Uint8Array.of(...pattern(10), 0, 0));
      yield* truncate(file, 2 ** 32 - 1);
      expect(yield* size(file)).toBe(2 ** 32 - 1);
      yield* truncate(file, 2 ** 35);
      expect(yield* size(file)).toBe(2 ** 35);
      expect(yield* bytesAt(file, 2 ** 32 - 3, 6)).toEqual(
        Uint8Array.of(...pattern(6, (2 ** 32 - 3) % 251).subarray(0, 2), 0, 0, 0, 0),
      );
      yield* close(file);
    },
  ],
  [
    "sync can be called at any time",
    function* (storage) {
      const file = yield* create(storage);
      yield* sync(file);
      yield* write(file, pattern(10), 0);
      yield* sync(file);
      yield* sync(file);
      yield* close(file);
      expect(yield* contents(storage)).toEqual(pattern(10));
    },
  ],
  [
    "a temporary file is not there until it replaces; who had the old one open still reads it",
    function* (storage) {
      const old = yield* holding(storage, pattern(10, 1));
      const reader = yield* open(storage, "r");
      const temporary = yield* createTemporary(storage);
      yield* write(temporary, pattern(20, 2), 0);
      expect(yield* contents(storage)).toEqual(pattern(10, 1));
      yield* replace(storage, temporary);
      expect(yield* contents(storage)).toEqual(pattern(20, 2));
      for (const file of [old, reader]) expect(yield* bytesAt(file, 0, 99)).toEqual(pattern(10, 1));
      // It stays open, as the file that is there now.
      yield* write(temporary, pattern(1, 3), 20);
      yield* sync(temporary);
      expect(yield* contents(storage)).toEqual(Uint8Array.of(...pattern(20, 2), ...pattern(1, 3)));
      yield* write(old, pattern(10, 4), 0);
      expect(yield* contents(storage)).toHaveLength(21);
      for (const file of [old, reader, temporary]) yield* close(file);
      expect(yield* codeOf(create(storage))).toBe("EEXIST");
    },
  ],
  [
    "a temporary file may replace nothing, and may be closed before it does",
    function* (storage) {
      const temporary = yield* createTemporary(storage);
      yield* write(temporary, pattern(5), 0);
      expect(yield* codeOf(open(storage, "r"))).toBe("ENOENT");
      yield* close(temporary);
      yield* replace(storage, temporary);
      expect(yield* contents(storage)).toEqual(pattern(5));
    },
  ],
  [
    "a temporary file is given the name if nothing has it, open or closed, and replaces nothing",
    function* (storage) {
      const [first, second] = [yield* createTemporary(storage), yield* createTemporary(storage)];
      yield* write(first, pattern(5), 0);
      expect(yield* place(storage, first)).toBe(true);
      expect(yield* contents(storage)).toEqual(pattern(5));
      yield* write(first, pattern(1, 3), 5);
      yield* sync(first);
      yield* close(second);
      expect(yield* codeOf(place(storage, second))).toBe("EEXIST");
      expect(yield* contents(storage)).toEqual(Uint8Array.of(...pattern(5), ...pattern(1, 3)));
      yield* remove(storage, first);
      expect(yield* place(storage, second)).toBe(true);
      expect(yield* contents(storage)).toEqual(new Uint8Array(0));
      yield* close(first);
    },
  ],
  [
    "remove deletes what create and createTemporary made, and nothing else",
    function* (storage) {
      const file = yield* create(storage);
      yield* close(file);
      yield* remove(storage, file);
      expect(yield* codeOf(open(storage, "r"))).toBe("ENOENT");
      yield* close(yield* holding(storage, pattern(10)));
      const temporary = yield* createTemporary(storage);
      yield* write(temporary, pattern(5), 0);
      yield* close(temporary);
      yield* remove(storage, temporary);
      expect(yield* contents(storage)).toEqual(pattern(10));
    },
  ],
  [
    "two openings of one file have one key, another file has another",
    function* (storage) {
      const file = yield* create(storage);
      const first = yield* open(storage, "r");
      const second = yield* open(storage, "r+");
      expect(first.key).toBe(file.key);
      expect(second.key).toBe(file.key);
      const temporary = yield* createTemporary(storage);
      expect(temporary.key).not.toBe(file.key);
      yield* replace(storage, temporary);
      const third = yield* open(storage, "r");
      expect(third.key).toBe(temporary.key);
      for (const opened of [file, first, second, temporary, third]) yield* close(opened);
    },
  ],
];

describe.each(BACKENDS)("%s", (_backend, make) => {
  describe.each(DRIVERS)("%s", (_driver, drive) => {
    test.each(CASES)("%s", async (_case, plan) => {
      await drive(plan(make()));
    });
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

  test("has one key for all names of a file, before it is there and after", () => {
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

  test("creates, and replaces, through symbolic links, also those that lead to nothing yet", () => {
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

  test("links in a circle are an error", () => {
    const directory = temporaryDirectory();
    symlinkSync("b", join(directory, "a"));
    symlinkSync("a", join(directory, "b"));
    expect(() => new NodeStorage(join(directory, "a")).openSync("r")).toThrow("ELOOP");
  });

  test.skipIf(process.platform === "win32")("keeps the mode of a file that is replaced, and makes new ones as all others", () => {
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
    expect(() => file.writeSync(pattern(3), 0)).toThrow("EBADF");
    await expect(Promise.resolve(file.write(pattern(2 * LARGE), 0))).rejects.toThrow("EBADF");
    await expect(Promise.resolve(file.truncate(0))).rejects.toThrow("EINVAL");
    await file.close();
    expect(readFileSync(path, "utf8")).toBe("content");
  });

  test("file: URLs name files by any name", () => {
    for (const name of ["with space", "100%", "#1?", "é🙂"]) {
      const path = temporaryPath(name);
      saveSync(pathToFileURL(path), [1, 2]);
      expect(existsSync(path)).toBe(true);
      expect(loadSync(pathToFileURL(path))).toEqual(loadSync(path));
    }
    expect(() => loadSync(new URL("https://example.org/a.npy"))).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION" }));
  });
});
