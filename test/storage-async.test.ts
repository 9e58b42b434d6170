/** A storage without a synchronous half. */
import { describe, expect, test } from "vitest";
import {
  type AsyncStorage,
  type AsyncStorageFile,
  ensureAppendable,
  inspect,
  isAppendable,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  NpyReader,
  needsRecovery,
  recover,
  recoverSync,
  type Storage,
  type StorageFile,
  save,
  saveSync,
} from "../src/node.ts";

/** Keeps the operations of a memory storage that do not end in `Sync`, and lets each of them take a turn of the event loop. */
class LaterFile implements AsyncStorageFile {
  readonly file: StorageFile;

  constructor(file: StorageFile) {
    this.file = file;
  }
  get key(): unknown {
    return this.file.key;
  }
  async size(): Promise<number> {
    return this.file.size();
  }
  async read(buffer: Uint8Array, position: number): Promise<number> {
    return this.file.read(buffer, position);
  }
  async write(bytes: Uint8Array, position: number): Promise<void> {
    await Promise.resolve();
    return this.file.write(bytes, position);
  }
  async truncate(size: number): Promise<void> {
    return this.file.truncate(size);
  }
  async sync(): Promise<void> {}
  async close(): Promise<void> {}
}

class LaterStorage implements AsyncStorage {
  readonly path = "memory.npy";
  readonly memory = new MemoryStorage();

  get key(): unknown {
    return this.memory;
  }
  async open(): Promise<LaterFile> {
    return new LaterFile(this.memory.open("r+"));
  }
  async create(): Promise<LaterFile> {
    return new LaterFile(this.memory.create());
  }
  async createTemporary(): Promise<LaterFile> {
    return new LaterFile(this.memory.createTemporary());
  }
  async replace(temporary: AsyncStorageFile): Promise<void> {
    this.memory.replace((temporary as LaterFile).file);
  }
  async remove(file: AsyncStorageFile): Promise<void> {
    this.memory.remove((file as LaterFile).file);
  }
}

test("every verb that returns a promise", async () => {
  const storage = new LaterStorage();
  const npaa = await NpyAppendArray.open(storage, { dtype: "int32", rowShape: [2], lock: "auto" });
  await Promise.all([npaa.append([[1, 2]]), npaa.append(Int32Array.of(3, 4, 5, 6))]);
  await npaa.append(new Int32Array(200_000));
  await npaa.appendFrom([[[7, 8]]]);
  await npaa.sync();
  await npaa.close();
  expect(await inspect(storage)).toMatchObject({ path: "memory.npy", shape: [100_004, 2], needsRecovery: false });
  const expected = new MemoryStorage();
  await save(expected, await load(storage));
  expect(storage.memory.bytes()).toEqual(expected.bytes());
  await using reader = await NpyReader.open(storage);
  expect((await reader.read(-1)).data).toEqual(Int32Array.of(7, 8));
  await reader.close();
  await storage.memory.open("r+").truncate(128 + 8 * 3 + 5);
  expect(await needsRecovery(storage)).toBe(true);
  expect(await recover(storage)).toMatchObject({ rowsAfter: 3, bytesDropped: 5 });
  expect((await load(storage)).data).toEqual(Int32Array.of(1, 2, 3, 4, 5, 6));
  expect(await isAppendable(storage)).toBe(true);
  expect(await ensureAppendable(storage)).toBe(true);
  await save(storage, [1, 2, 3]);
  expect((await load(storage)).data).toEqual(Float64Array.of(1, 2, 3));
});

test("a second writer is refused", async () => {
  const storage = new LaterStorage();
  await using _npaa = await NpyAppendArray.open(storage, { dtype: "int32", rowShape: [] });
  await expect(NpyAppendArray.open(storage)).rejects.toMatchObject({ code: "ERR_NPY_LOCKED" });
});

describe("the synchronous verbs refuse it, and change nothing", () => {
  const cases: [string, (storage: AsyncStorage) => unknown][] = [
    ["openSync", (storage) => NpyAppendArray.openSync(storage)],
    [
      "openSync of a new file",
      (storage) => NpyAppendArray.openSync(storage, { dtype: "f8", rowShape: [], deleteIfExists: true }),
    ],
    ["a reader", (storage) => NpyReader.openSync(storage)],
    ["loadSync", (storage) => loadSync(storage)],
    ["saveSync", (storage) => saveSync(storage, [1])],
    ["recoverSync", (storage) => recoverSync(storage)],
  ];
  test.each(cases)("%s", async (_name, use) => {
    const storage = new LaterStorage();
    await save(storage, [1, 2, 3]);
    const before = storage.memory.bytes();
    expect(() => use(storage)).toThrow(
      expect.objectContaining({ code: "ERR_NPY_OPTION", message: expect.stringContaining("asynchronously only") }),
    );
    expect(storage.memory.bytes()).toEqual(before);
    await using npaa = await NpyAppendArray.open(storage);
    expect(npaa.length).toBe(3);
  });
});

test("a whole storage is an asynchronous one, too", () => {
  const storage: Storage = new MemoryStorage();
  storage satisfies AsyncStorage;
});
