/** What another program does to a name while a file that is to have it is being written: nothing of that is overwritten unseen. */
import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { dtype, formatHeader, loadSync, MemoryStorage, NodeStorage, type StorageFile, saveSync } from "../src/node.ts";
import { lockProblem } from "../src/storage/native/lock.ts";
import type { OpenMode } from "../src/storage/storage.ts";
import { attempt, FILE_FORMS } from "./support/forms.ts";
import { keepsOpenFiles } from "./support/systems.ts";
import { openDescriptors, temporaryPath } from "./support/temporary.ts";

interface Manner {
  readonly hasLocks?: boolean;
  readonly hasLinks?: boolean;
}

/** A path at which something happens when its temporary file was created, or what `openSync` finds is asked for again. */
class Raced extends NodeStorage {
  readonly #manner: Manner;
  #happens: (() => void) | undefined;

  constructor(path: string, happens: () => void, manner: Manner = {}) {
    super(path);
    this.#happens = happens;
    this.#manner = manner;
  }

  override openSync(mode: OpenMode): StorageFile {
    const file = super.openSync(mode);
    if (this.#manner.hasLocks !== false) return file;
    return Object.assign(file, { lock: () => "unsupported", lockSync: () => "unsupported" });
  }

  override createTemporarySync(): StorageFile {
    const file = super.createTemporarySync();
    this.#happens?.();
    this.#happens = undefined;
    return file;
  }

  override placeSync(temporary: StorageFile): boolean {
    return this.#manner.hasLinks !== false && super.placeSync(temporary);
  }
}

/** Opens and locks a file as another process would, which knows nothing of the claims within this one. */
function lockElsewhere(path: string): StorageFile {
  const file = new NodeStorage(path).openSync("r+");
  expect(file.lockSync?.()).toBe("locked");
  return file;
}

/** Puts another file in the place of what is there, as a program does that writes beside it and renames. */
function replaceElsewhere(path: string, rows: number[]): void {
  saveSync(`${path}.other`, rows);
  renameSync(`${path}.other`, path);
}

/** A file of 2 rows whose header cannot grow. */
function writeTight(path: string): void {
  const header = formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [2], headerLength: 80 });
  writeFileSync(path, Buffer.concat([header, Buffer.from(new Float64Array([1, 2]).buffer)]));
}

function rowsOf(path: string): unknown {
  return Array.from(loadSync(path).data as Float64Array);
}

const LOCKED = expect.objectContaining({ code: "ERR_NPY_LOCKED" });

function changed(path: string): unknown {
  return expect.objectContaining({ code: "ERR_NPY_CHANGED", path, message: expect.stringContaining(path) });
}

const locks = lockProblem() === undefined;

describe.each(FILE_FORMS)("%s", (_form, verbs) => {
  describe.each([true, false])("save (with hard links: %s)", (hasLinks) => {
    test("of a free name gives it the bytes of any save, and its mode, and leaves nothing else", async () => {
      const path = temporaryPath();
      const before = openDescriptors();
      await verbs.save(new Raced(path, () => undefined, { hasLinks }), [1, 2]);
      saveSync(`${path}.plain`, [1, 2]);
      expect(readFileSync(path)).toEqual(readFileSync(`${path}.plain`));
      expect(statSync(path)).toMatchObject({ nlink: 1, mode: statSync(`${path}.plain`).mode });
      expect(readdirSync(dirname(path)).sort()).toEqual(["array.npy", "array.npy.plain"]);
      expect(openDescriptors()).toBe(before);
    });

    test.skipIf(!locks || keepsOpenFiles)("of a name that another process has taken, and locked, is refused", async () => {
      for (const isThere of [false, true]) {
        const path = temporaryPath();
        if (isThere) saveSync(path, [7]);
        const before = openDescriptors();
        let other: StorageFile | undefined;
        const storage = new Raced(
          path,
          () => {
            replaceElsewhere(path, [8, 9]);
            other = lockElsewhere(path);
          },
          { hasLinks },
        );
        await expect(attempt(() => verbs.save(storage, [1]))).rejects.toEqual(LOCKED);
        expect(rowsOf(path)).toEqual([8, 9]);
        expect(readdirSync(dirname(path))).toEqual(["array.npy"]);
        other?.closeSync();
        await verbs.save(storage, [1]);
        expect(rowsOf(path)).toEqual([1]);
        expect(openDescriptors()).toBe(before);
      }
    });

    test.skipIf(!locks || keepsOpenFiles)(
      "of a name that another process has taken, and done with, replaces the file",
      async () => {
        const path = temporaryPath();
        await verbs.save(new Raced(path, () => replaceElsewhere(path, [8, 9]), { hasLinks }), [1]);
        expect(rowsOf(path)).toEqual([1]);
        expect(readdirSync(dirname(path))).toEqual(["array.npy"]);
      },
    );

    test.skipIf(keepsOpenFiles)("of a name that was taken where there are no locks is refused", async () => {
      for (const isThere of [false, true]) {
        for (const rows of [[8, 9], undefined]) {
          const path = temporaryPath();
          if (isThere) saveSync(path, [7]);
          const before = openDescriptors();
          const happens = (): void => (rows ? replaceElsewhere(path, rows) : void emptyElsewhere(path));
          const storage = new Raced(path, happens, { hasLocks: false, hasLinks });
          await expect(attempt(() => verbs.save(storage, [1]))).rejects.toEqual(changed(path));
          expect(readdirSync(dirname(path))).toEqual(["array.npy"]);
          if (rows) expect(rowsOf(path)).toEqual(rows);
          else expect(statSync(path).size).toBe(0);
          // What is there now is known then.
          await verbs.save(storage, [1]);
          expect(rowsOf(path)).toEqual([1]);
          expect(openDescriptors()).toBe(before);
        }
      }
    });

    test("of a file that was deleted meanwhile gives the free name", async () => {
      for (const hasLocks of [true, false]) {
        const path = temporaryPath();
        saveSync(path, [7]);
        await verbs.save(new Raced(path, () => unlinkSync(path), { hasLocks, hasLinks }), [1]);
        expect(rowsOf(path)).toEqual([1]);
        expect(readdirSync(dirname(path))).toEqual(["array.npy"]);
      }
    });

    test.skipIf(process.platform === "win32")("follows a link that took the name, and keeps it", async () => {
      for (const isDangling of [true, false]) {
        const path = temporaryPath();
        const target = join(dirname(path), "target.npy");
        if (!isDangling) saveSync(target, [7]);
        const storage = new Raced(path, () => symlinkSync("target.npy", path), { hasLinks });
        if (isDangling || locks) {
          await verbs.save(storage, [1]);
          expect(rowsOf(target)).toEqual([1]);
        }
        expect(lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()).toBe(isDangling || locks ? true : undefined);
      }
    });

    test("of a name that became a directory is the system's error", async () => {
      for (const isThere of [false, true]) {
        const path = temporaryPath();
        if (isThere) saveSync(path, [7]);
        const happens = (): void => {
          rmSync(path, { force: true });
          mkdirSync(path);
        };
        await expect(attempt(() => verbs.save(new Raced(path, happens, { hasLinks }), [1]))).rejects.toMatchObject({
          code: "EISDIR",
        });
        expect(readdirSync(dirname(path))).toEqual(["array.npy"]);
      }
    });
  });

  test("save in memory refuses what appeared there meanwhile", async () => {
    const other = new MemoryStorage();
    saveSync(other, [8, 9]);
    class RacedMemory extends MemoryStorage {
      override createTemporarySync(): StorageFile {
        if (this.bytes() === undefined) super.createSync().writeSync(other.bytes() as Uint8Array, 0);
        return super.createTemporarySync();
      }
    }
    const storage = new RacedMemory();
    await expect(attempt(() => verbs.save(storage, [1]))).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
    expect(storage.bytes()).toEqual(other.bytes());
    await verbs.save(storage, [1]);
    expect(storage.bytes()).not.toEqual(other.bytes());
  });

  describe("deleteIfExists", () => {
    test.skipIf(!locks || keepsOpenFiles)(
      "of a file that another process has replaced, and locked, is refused until it lets go",
      async () => {
        const path = temporaryPath();
        saveSync(path, [7]);
        const before = openDescriptors();
        const npaa = await verbs.open(path, { deleteIfExists: true });
        replaceElsewhere(path, [8, 9]);
        const other = lockElsewhere(path);
        for (let i = 0; i < 2; i++) await expect(attempt(() => npaa.append([1]))).rejects.toEqual(LOCKED);
        expect(rowsOf(path)).toEqual([8, 9]);
        expect(readdirSync(dirname(path))).toEqual(["array.npy"]);
        other.closeSync();
        await npaa.append([1]);
        await npaa.append([2]);
        await npaa.close();
        expect(rowsOf(path)).toEqual([1, 2]);
        expect(openDescriptors()).toBe(before);
      },
    );

    test.skipIf(keepsOpenFiles)("of a file that was replaced where there are no locks is refused", async () => {
      for (const options of [{}, { lock: false }]) {
        const path = temporaryPath();
        saveSync(path, [7]);
        const npaa = await verbs.open(new Raced(path, () => undefined, { hasLocks: "lock" in options }), {
          ...options,
          deleteIfExists: true,
        });
        replaceElsewhere(path, [8, 9]);
        await expect(attempt(() => npaa.append([1]))).rejects.toEqual(changed(path));
        await npaa.close();
        expect(rowsOf(path)).toEqual([8, 9]);
        expect(readdirSync(dirname(path))).toEqual(["array.npy"]);
      }
    });

    test.skipIf(keepsOpenFiles)("of a name that was free, or became so, takes nothing that appeared", async () => {
      for (const isThere of [false, true]) {
        for (const appears of [false, true]) {
          const path = temporaryPath();
          if (isThere) saveSync(path, [7]);
          const npaa = await verbs.open(new Raced(path, () => undefined, { hasLocks: false }), { deleteIfExists: true });
          if (isThere) unlinkSync(path);
          if (appears) replaceElsewhere(path, [8, 9]);
          if (appears) await expect(attempt(() => npaa.append([1]))).rejects.toEqual(changed(path));
          else await npaa.append([1]);
          await npaa.close();
          expect(rowsOf(path)).toEqual(appears ? [8, 9] : [1]);
          expect(readdirSync(dirname(path))).toEqual(["array.npy"]);
        }
      }
    });
  });

  test.skipIf(process.platform === "win32")("a file is created where a link leads that took its name", async () => {
    const path = temporaryPath();
    const npaa = await verbs.open(path);
    symlinkSync("target.npy", path);
    await npaa.append([1]);
    await npaa.close();
    expect(rowsOf(join(dirname(path), "target.npy"))).toEqual([1]);
  });

  test.skipIf(keepsOpenFiles).each([
    ["ensureAppendable", (storage: NodeStorage) => verbs.ensureAppendable(storage)],
    ["open with onNotAppendable", (storage: NodeStorage) => verbs.open(storage, { onNotAppendable: "rewrite" })],
  ])("%s drops its copy if the file is not the one that was copied", async (_name, verb) => {
    for (const hasLocks of [true, false]) {
      for (const [happens, rows] of [
        [(path: string): void => replaceElsewhere(path, [8, 9]), [8, 9]],
        [(path: string): void => unlinkSync(path), undefined],
        [deleteAndWrite, [8, 9]],
      ] as const) {
        const path = temporaryPath();
        writeTight(path);
        const before = openDescriptors();
        const storage = new Raced(path, () => happens(path), { hasLocks });
        await expect(attempt(() => verb(storage))).rejects.toEqual(changed(path));
        expect(openDescriptors()).toBe(before);
        expect(readdirSync(dirname(path))).toEqual(rows === undefined ? [] : ["array.npy"]);
        if (rows !== undefined) expect(rowsOf(path)).toEqual(rows);
      }
    }
  });

  test("ensureAppendable drops its copy if another program appended to the file", async () => {
    const path = temporaryPath();
    writeTight(path);
    class Appended extends NodeStorage {
      override createTemporarySync(): StorageFile {
        const file = super.createTemporarySync();
        const { truncateSync, writeSync } = file;
        return Object.assign(file, {
          writeSync(bytes: Uint8Array, position: number): void {
            writeSync.call(file, bytes, position);
            if (position > 0) appendFileSync(path, new Uint8Array(8));
          },
          write(bytes: Uint8Array, position: number): void {
            this.writeSync(bytes, position);
          },
          truncateSync,
        });
      }
    }
    await expect(attempt(() => verbs.ensureAppendable(new Appended(path)))).rejects.toEqual(changed(path));
    expect(statSync(path).size).toBe(80 + 24);
    expect(readdirSync(dirname(path))).toEqual(["array.npy"]);
  });
});

/** Leaves an empty file where nothing was, or in the place of what was. */
function emptyElsewhere(path: string): void {
  writeFileSync(`${path}.other`, "");
  renameSync(`${path}.other`, path);
}

/** The system may give the new file the key of the one that was there. */
function deleteAndWrite(path: string): void {
  unlinkSync(path);
  const other = new MemoryStorage();
  saveSync(other, [8, 9]);
  writeFileSync(path, other.bytes() as Uint8Array);
}
