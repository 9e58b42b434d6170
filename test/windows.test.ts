/** Paths on Windows, played by a shim over the real file system: the storage table, all procedures, and what is particular to Windows. */
import fs from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { loadSync, NodeFolder, NodeStorage, NpyAppendArray, NpyReader, needsRecoverySync, saveSync } from "../src/node.ts";
import type { StorageFile } from "../src/storage/storage.ts";
import { rushClock } from "./support/clock.ts";
import type { FaultyStorage } from "./support/faulty-storage.ts";
import { attempt, FILE_FORMS } from "./support/forms.ts";
import { equal, recovered } from "./support/interruptions.ts";
import { FORMS, PROCEDURES } from "./support/procedures.ts";
import { CASES, DRIVERS, pattern, REPLACES_OPEN } from "./support/storage-cases.ts";
import { temporaryPath } from "./support/temporary.ts";
import { enterWindows, leaveWindows, openFiles, windows } from "./support/windows-fs.ts";

vi.mock("node:fs", async (importOriginal) => (await import("./support/windows-fs.ts")).fsOfWindows(await importOriginal()));
vi.mock("node:path", async (importOriginal) => {
  const { win32 } = await importOriginal<typeof import("node:path")>();
  return { ...win32, default: win32 };
});
vi.mock("node:os", async (importOriginal) => ({
  ...(await importOriginal<typeof import("node:os")>()),
  tmpdir: () => "C:\\tmp",
}));
// What LockFileEx is asked for: test/locks-windows.test.ts.
vi.mock("../src/storage/native/c-library.ts", async (importOriginal) =>
  (await import("./support/windows-fs.ts")).librariesOfWindows(await importOriginal()),
);

beforeAll(enterWindows);
beforeEach(enterWindows);
afterEach(() => {
  expect(openFiles()).toBe(0);
});
afterAll(leaveWindows);

/** The names in the folder of a file. */
function namesBeside(path: string): string[] {
  return fs.readdirSync(join(path, ".."));
}

/** Tries to rename are not waited for; what `during` does happens in between. */
function rushRetries(during: () => void = () => undefined): void {
  const wait = vi.spyOn(Atomics, "wait").mockImplementation(() => {
    during();
    return "timed-out";
  });
  const timer = vi.spyOn(globalThis, "setTimeout").mockImplementation(((done: () => void) => {
    during();
    queueMicrotask(done);
  }) as never);
  cleanUp = () => {
    wait.mockRestore();
    timer.mockRestore();
  };
}
let cleanUp = (): void => undefined;
afterEach(() => {
  cleanUp();
  cleanUp = () => undefined;
});

describe.each(DRIVERS)("the storage table, %s", (_driver, drive) => {
  for (const [name, plan] of CASES.filter(([name]) => !REPLACES_OPEN.has(name))) {
    test(name, async () => {
      const path = temporaryPath();
      expect(path).toMatch(/^C:\\tmp\\/);
      await drive(plan(new NodeStorage(path)));
    });
  }
});

const LOCKED = FORMS.flatMap(([form, verbs]) => [[form, "with locks", verbs] as const, [form, "without locks", verbs] as const]);

describe.each(LOCKED)("all procedures, %s, %s", (_form, locks, verbs) => {
  test.each(PROCEDURES.filter(({ isMapped }) => !isMapped).map((procedure) => [procedure.name, procedure] as const))(
    "%s",
    async (_name, { bytes, calls, rows }) => {
      windows.hasLocks = locks === "with locks";
      const path = temporaryPath();
      if (bytes !== undefined) fs.writeFileSync(path, bytes);
      const session = { verbs, storage: new NodeStorage(path) as unknown as FaultyStorage, npaa: undefined };
      expect(equal(recovered(bytes), rows)).toBe(true);
      for (const call of calls) {
        await call.make(session);
        expect(equal(recovered(fs.existsSync(path) ? fs.readFileSync(path) : undefined), call.rows)).toBe(true);
      }
      expect(namesBeside(path)).toEqual(["array.npy"]);
    },
  );
});

describe.each(FILE_FORMS)("%s", (_form, verbs) => {
  test("a file is known again where stat and fstat number its volume differently", async () => {
    windows.longVolumeNumbers = true;
    rushClock();
    const path = temporaryPath();
    for (const options of [{ dtype: "<f8", rowShape: [] }, {}, { deleteIfExists: true, dtype: "<f8", rowShape: [] }] as const) {
      const npaa = await verbs.open(path, options);
      await npaa.append([1, 2]);
      await npaa.append([3]);
      await npaa.close();
    }
    expect(loadSync(path).data).toEqual(Float64Array.of(1, 2, 3));
  });

  test("two files whose ids are the same number, once they are rounded, are two", async () => {
    const path = temporaryPath();
    const [first, second] = [await verbs.open(path, { dtype: "<f8" }), await verbs.open(`${path}2`, { dtype: "<f8" })];
    await first.append([1]);
    await second.append([2]);
    await first.close();
    await second.close();
    expect([loadSync(path).data, loadSync(`${path}2`).data]).toEqual([Float64Array.of(1), Float64Array.of(2)]);
  });

  test("a locked file is refused to others, and replaced by who has the lock", async () => {
    windows.hasLocks = true;
    const path = temporaryPath();
    await verbs.save(path, [1]);
    const holder = new NodeStorage(path).openSync("r+");
    expect(holder.lockSync?.()).toBe("locked");
    for (const refused of [
      () => verbs.open(path),
      () => verbs.open(path, { deleteIfExists: true }),
      () => verbs.save(path, [2]),
      () => verbs.ensureAppendable(path),
    ]) {
      await expect(attempt(refused)).rejects.toMatchObject({ code: "ERR_NPY_LOCKED" });
    }
    expect(loadSync(path).data).toEqual(Float64Array.of(1));
    holder.closeSync();
    rushRetries(() => expect.unreachable());
    await verbs.save(path, [2]);
    const npaa = await verbs.open(path, { deleteIfExists: true, lock: true });
    await npaa.append([3]);
    const other = new NodeStorage(path).openSync("r");
    expect(other.lockSync?.()).toBe("taken");
    other.closeSync();
    await npaa.append([4]);
    await npaa.close();
    expect(loadSync(path).data).toEqual(Float64Array.of(3, 4));
    expect(namesBeside(path)).toEqual(["array.npy"]);
  });

  test("a file that a virus scanner has open for a moment is replaced all the same", async () => {
    rushRetries();
    const path = temporaryPath();
    await verbs.save(path, [1]);
    windows.disturbed = 5;
    await verbs.save(path, [2]);
    windows.disturbed = 5;
    const npaa = await verbs.open(path, { deleteIfExists: true });
    await npaa.append([3, 4]);
    await npaa.close();
    expect(loadSync(path).data).toEqual(Float64Array.of(3, 4));
    expect(namesBeside(path)).toEqual(["array.npy"]);
  });

  test("a file that has a reader is replaced once that is closed, and until then stays as it is", async () => {
    const path = temporaryPath();
    await verbs.save(path, [1]);
    const reader = NpyReader.openSync(path);
    let tries = 0;
    rushRetries(() => {
      if (++tries === 3) reader.close();
    });
    await verbs.save(path, [2]);
    expect(tries).toBe(3);
    expect(loadSync(path).data).toEqual(Float64Array.of(2));
    const other = NpyReader.openSync(path);
    const inUse = expect.objectContaining({ code: "EPERM", message: expect.stringMatching(/array\.npy.*close all its readers/) });
    await expect(attempt(() => verbs.save(path, [3]))).rejects.toEqual(inUse);
    expect(tries).toBeGreaterThan(20);
    other.close();
    expect(loadSync(path).data).toEqual(Float64Array.of(2));
    expect(namesBeside(path)).toEqual(["array.npy"]);
  });

  test("a file that is read-only, or a directory, is not waited for", async () => {
    rushRetries(() => expect.unreachable());
    const path = temporaryPath();
    await verbs.save(path, [1]);
    fs.chmodSync(path, 0o444);
    const storage = new NodeStorage(path);
    const temporary = storage.createTemporarySync();
    await expect(attempt(() => storage.replace(temporary))).rejects.toThrow("make it writable first");
    expect(() => storage.replaceSync(temporary)).toThrow("make it writable first");
    temporary.closeSync();
    storage.removeSync(temporary);
    fs.chmodSync(path, 0o666);
    const folder = new NodeStorage(join(path, ".."));
    const other = folder.createTemporarySync();
    expect(() => folder.replaceSync(other)).toThrow("It is a directory");
    other.closeSync();
    folder.removeSync(other);
  });

  test("replaces and appends where a renamed file gets another id, as on FAT", async () => {
    windows.renumbers = true;
    windows.hasHardLinks = false;
    rushClock();
    const path = temporaryPath();
    await verbs.save(path, [1]);
    const npaa = await verbs.open(path, { deleteIfExists: true });
    await npaa.append([1]);
    await npaa.append([2]);
    await expect(attempt(() => verbs.open(path))).rejects.toMatchObject({ code: "ERR_NPY_LOCKED" });
    await npaa.close();
    expect(loadSync(path).data).toEqual(Float64Array.of(1, 2));
  });

  test("a file that another program deletes is noticed while its name is still there", async () => {
    windows.deletesLater = true;
    rushClock();
    const path = temporaryPath();
    const npaa = await verbs.open(path, { dtype: "<f8", rowShape: [] });
    await npaa.append([1]);
    fs.unlinkSync(path);
    await expect(attempt(() => npaa.append([2]))).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
    await attempt(() => npaa.close()).catch((error: unknown) => expect(error).toMatchObject({ code: "ERR_NPY_CHANGED" }));
    expect(fs.existsSync(path)).toBe(false);
  });

  test("names by another case, with slashes, and on drives without final paths lead to one file", async () => {
    for (const hasFinalPaths of [true, false]) {
      windows.hasFinalPaths = hasFinalPaths;
      const path = temporaryPath("Log.npy");
      const npaa = await verbs.open(path, { dtype: "<f8", rowShape: [] });
      await npaa.append([1]);
      for (const name of [path.toLowerCase(), path.toUpperCase(), path.replaceAll("\\", "/"), path.replace("Log", "LOG")]) {
        await expect(attempt(() => verbs.open(name))).rejects.toMatchObject({ code: "ERR_NPY_LOCKED" });
      }
      await npaa.close();
      expect(needsRecoverySync(path.toUpperCase())).toBe(false);
      expect(namesBeside(path)).toEqual(["Log.npy"]);
    }
  });

  test("a file is rewritten in place with a claim that is a file, since links need a privilege", async () => {
    const path = temporaryPath();
    await verbs.save(path, [1, 2]);
    await verbs.ensureAppendable(path, { inplace: true });
    await verbs.ensureAppendable(path);
    expect(loadSync(path).data).toEqual(Float64Array.of(1, 2));
    expect(namesBeside(path)).toEqual(["array.npy"]);
  });

  test.each([
    ["x.npy:stream", 'contains ":"'],
    ["NUL", "is that of a device"],
    ["con.npy", "is that of a device"],
    ["com1.tar.npy", "is that of a device"],
    ["x.npy.", "ends with a dot or space"],
    ["x.npy ", "ends with a dot or space"],
    ["x?.npy", 'contains "?"'],
  ])("%j is refused as the name of a file, since it %s", async (name, reason) => {
    const path = temporaryPath(name);
    const refusal = expect.objectContaining({ code: "ERR_NPY_OPTION", message: expect.stringContaining(reason) });
    await expect(attempt(() => verbs.open(path, { dtype: "<f8" }))).rejects.toEqual(refusal);
    await expect(attempt(() => verbs.save(path, [1]))).rejects.toEqual(refusal);
    await expect(attempt(() => loadSync(path))).rejects.toEqual(refusal);
    expect(namesBeside(path)).toEqual([]);
  });

  test.each(["console.npy", "nul1.npy", "com.npy", "a b.npy", "é🙂.npy", "..npy"])(
    "%j is a name like any other",
    async (name) => {
      const path = temporaryPath(name);
      await verbs.save(path, [1]);
      expect(loadSync(path).data).toEqual(Float64Array.of(1));
    },
  );
});

test("a path that Windows takes literally may have any name", () => {
  expect(() => new NodeStorage("\\\\?\\C:\\tmp\\no-folder\\NUL").openSync("r")).toThrow("ENOENT");
});

test("a directory is refused as what it is, for reading and for writing", () => {
  const storage = new NodeStorage(join(temporaryPath(), ".."));
  for (const mode of ["r", "r+"] as const)
    expect(() => storage.openSync(mode)).toThrow(expect.objectContaining({ code: "EISDIR" }));
});

test("what lies below a file is not there", () => {
  const path = temporaryPath();
  fs.writeFileSync(path, "");
  expect(() => loadSync(join(path, "below.npy"))).toThrow("ENOENT");
  expect(() => saveSync(join(path, "below.npy"), [1])).toThrow("ENOENT");
});

test("a file needs neither owner nor mode to be replaced, as Deno can change neither", () => {
  windows.changesPermissions = false;
  const path = temporaryPath();
  saveSync(path, [1]);
  saveSync(path, [2]);
  expect(loadSync(path).data).toEqual(Float64Array.of(2));
});

test("a folder has one key for all its names, and lists its files", () => {
  const path = temporaryPath("A.npy");
  saveSync(path, [1]);
  const directory = join(path, "..");
  const folder = new NodeFolder(directory);
  expect(new NodeFolder(directory.toUpperCase()).key).toBe(folder.key);
  windows.hasFinalPaths = false;
  expect(folder.key).toBe(directory);
  expect(folder.listSync()).toEqual(["A.npy"]);
  const file = folder.file("a.NPY").openSync("r") as StorageFile;
  expect(file.sizeSync()).toBeGreaterThan(pattern(64).length);
  file.closeSync();
});

test("a second writer of a file that is being created, by a name in another case, is refused at the latest when it writes", async () => {
  const path = temporaryPath("new.npy");
  const first = await NpyAppendArray.open(path);
  const second = await NpyAppendArray.open(path.replace("new", "NEW"));
  await first.append([1]);
  await expect(second.append([2])).rejects.toMatchObject({ code: expect.stringMatching(/ERR_NPY_(LOCKED|CHANGED)/) });
  await second.close();
  await first.close();
  expect(loadSync(path).data).toEqual(Float64Array.of(1));
});
