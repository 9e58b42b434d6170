/** The messages of first mistakes: each says what was found and what to do, and quotes little of it. */
import { describe, expect, test } from "vitest";
import {
  ensureAppendable,
  inspect,
  inspectSync,
  isAppendable,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  NpyError,
  NpyReader,
  needsRecovery,
  recover,
  save,
  saveSync,
} from "../src/node.ts";

function saved(array: Parameters<typeof saveSync>[1], options?: Parameters<typeof saveSync>[2]): Uint8Array<ArrayBuffer> {
  const storage = new MemoryStorage();
  saveSync(storage, array, options);
  return storage.bytes() as Uint8Array<ArrayBuffer>;
}

async function failure(use: () => unknown): Promise<NpyError> {
  try {
    await use();
  } catch (error) {
    expect(error).toBeInstanceOf(NpyError);
    return error as NpyError;
  }
  throw new Error("no error");
}

describe("a file's bytes", () => {
  const bytes = saved([[1, 2, 3], [4, 5, 6]]); // biome-ignore format: two rows
  const padded = new Uint8Array(bytes.length + 20);
  padded.set(bytes, 7);
  const shared = new SharedArrayBuffer(bytes.length);
  new Uint8Array(shared).set(bytes);

  test.each([
    ["Uint8Array", bytes],
    ["Buffer", Buffer.from(bytes)],
    ["a part of a buffer", padded.subarray(7, 7 + bytes.length)],
    ["ArrayBuffer", bytes.buffer],
    ["SharedArrayBuffer", shared],
  ])("%s is read like a file", async (_name, file) => {
    expect(Array.from((await load(file)).data as Float64Array)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(loadSync(file).shape).toEqual([2, 3]);
    expect(await inspect(file)).toMatchObject({ path: undefined, shape: [2, 3] });
    expect(await isAppendable(file)).toBe(true);
    expect(await needsRecovery(file)).toBe(false);
    await using reader = await NpyReader.open(file);
    expect(reader.path).toBeUndefined();
    await reader.refresh();
    await using npaa = await NpyAppendArray.open(new MemoryStorage());
    expect(await npaa.appendFrom(reader, { start: 1 })).toBe(1);
    expect(npaa.shape).toEqual([1, 3]);
  });

  test("cannot be written to", async () => {
    for (const use of [
      () => NpyAppendArray.open(bytes),
      () => NpyAppendArray.openSync(bytes.buffer),
      () => save(bytes, [1]),
      () => recover(bytes),
      () => ensureAppendable(bytes),
    ]) {
      expect(await failure(use)).toMatchObject({ code: "ERR_NPY_OPTION", message: expect.stringContaining("Bytes cannot grow") });
    }
    expect(bytes).toEqual(saved([[1, 2, 3], [4, 5, 6]])); // biome-ignore format: two rows
  });
});

describe("messages quote little, and no control characters", () => {
  const bell = "\u001b]0;owned\u0007\u009b31m\u202e\n";
  const long = bell.repeat(1000);
  const names: [string, unknown][] = Array.from({ length: 2000 }, (_, i) => [`${bell}${i}`, "<f8"]);
  const cases: [string, () => unknown][] = [
    ["a misspelt option", () => inspectSync(saved([1]), { [long]: 1 } as object)],
    ["an option's value", () => NpyAppendArray.openSync(new MemoryStorage(), { durability: long as "os" })],
    ["an option that is a list", () => NpyAppendArray.openSync(new MemoryStorage(), { rowShape: Array(1e6).fill(long) })],
    ["a dtype", () => NpyAppendArray.openSync(new MemoryStorage(), { dtype: long })],
    ["a dtype with fields", () => NpyAppendArray.openSync(new MemoryStorage(), { dtype: [[long, long]] as never })],
    ["a dtype that another is expected", () => loadSync(saved([1]), { dtype: names as never })],
    ["values", () => saveSync(new MemoryStorage(), [long], { dtype: "float64" })],
    ["a number that is text", () => saveSync(new MemoryStorage(), { data: [long], shape: [1] }, { dtype: "int32" })],
    ["records", () => saveSync(new MemoryStorage(), [{ [long]: 1 }] as never, { dtype: [["a", "<f8"]] })],
    ["records with many fields", () => saveSync(new MemoryStorage(), [{}] as never, { dtype: names as never })],
    ["a source", () => NpyAppendArray.openSync(new MemoryStorage()).appendFrom(long as never)],
    ["a file", () => inspectSync(Array(1e6).fill(long) as never)],
    ["a header", () => inspectSync(broken(`'${bell}'${" ".repeat(9)}${"x".repeat(300)}`))],
  ];

  function broken(text: string): Uint8Array {
    const bytes = saved([1]);
    bytes.set(new TextEncoder().encode(text).subarray(0, 100), 10);
    return bytes;
  }

  test.each(cases)("%s", async (_name, use) => {
    const { message, reason } = await failure(use);
    expect(message).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(reason).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(message.length).toBeLessThan(400);
  });

  test("a path is named whole, without its control characters", async () => {
    const error = (await inspect("/nowhere/\u001b[31m.npy").catch((reason: unknown) => reason)) as Error;
    expect(error).toMatchObject({ code: "ENOENT" });
    const within = new NpyError("ERR_NPY_VALUE", "no", { path: `/a/${"b".repeat(200)}\u001b[31m` });
    expect(within.message).toBe(`/a/${"b".repeat(200)}\\u001b[31m: no`);
  });
});
