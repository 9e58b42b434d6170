// What must work on every runtime with a file system, with the built package and plain asserts: `npm run runtimes` runs it on each.
//
// node smoke.mjs [DIRECTORY [SERVER]]: an empty directory, which is removed, and a server for portable.mjs
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  dtype,
  ensureAppendable,
  formatHeader,
  isAppendable,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  NpyReader,
  needsRecovery,
  recover,
  recoverSync,
  save,
} from "../../dist/node.js";
import { run } from "./portable.mjs";

const script = fileURLToPath(import.meta.url);

const [, , argument, second] = process.argv;

// The second process of `lock`: says why it cannot open the file.
if (argument === "open") {
  try {
    NpyAppendArray.openSync(second, { lock: true }).close();
    console.log("opened");
  } catch (error) {
    console.log(error.code);
  }
  process.exit();
}

const directory = argument ?? mkdtempSync(join(tmpdir(), "npy-smoke-"));
const pathOf = (name) => join(directory, `${name}.npy`);

const tests = {
  async append() {
    const path = pathOf("append");
    const npaa = await NpyAppendArray.open(pathToFileURL(path), { dtype: "float32", rowShape: [2] });
    await npaa.append([
      [1, 2],
      [3, 4],
    ]);
    await npaa.append(new Float32Array([5, 6]));
    await npaa.append({ data: new Float64Array([7, 9, 8, 10]), shape: [2, 2], strides: [1, 2] });
    assert.deepEqual(npaa.shape, [5, 2]);
    await npaa.close();
    const { data, shape } = await load(path);
    assert.deepEqual(shape, [5, 2]);
    assert.deepEqual(data, Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
    const again = NpyAppendArray.openSync(path);
    again.append([[11, 12]]);
    again.close();
    assert.deepEqual(loadSync(path).shape, [6, 2]);
    const saved = new MemoryStorage();
    await save(saved, { data: Float32Array.from({ length: 12 }, (_, i) => i + 1), shape: [6, 2] });
    assert.deepEqual(new Uint8Array(readFileSync(path)), saved.bytes());
  },

  async "NaNs keep their bits"() {
    const path = pathOf("nan");
    const bits = BigUint64Array.of(
      0xfff8000000000000n,
      0x7ff8000020000000n,
      0xfff8123420000000n,
      0x3ff0000000000000n,
      0xfff8000000000000n,
    );
    const expected = [0xffc00000, 0x7fc00001, 0xffc091a1, 0x3f800000, 0xffc00000];
    const npaa = await NpyAppendArray.open(path, { dtype: "float32", rowShape: [5] });
    // Often enough that an engine compiles it more than once.
    for (let i = 0; i < 500; i++) await npaa.append({ data: new Float64Array(bits.buffer), shape: [1, 5] });
    await npaa.close();
    const { data } = await load(path);
    const found = new Uint32Array(data.buffer, data.byteOffset, data.length);
    for (let i = 0; i < 500; i++) assert.deepEqual([...found.subarray(5 * i, 5 * i + 5)], expected);
  },

  async "replace a file that has a reader"() {
    const path = pathOf("read");
    await save(path, [1, 2]);
    const reader = await NpyReader.open(path);
    // Windows waits until the reader is closed.
    const saving = save(path, [3]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual((await reader.read()).data, Float64Array.of(1, 2));
    await reader.close();
    await saving;
    assert.deepEqual((await load(path)).data, Float64Array.of(3));
    assert.deepEqual(
      readdirSync(directory).filter((name) => name.endsWith(".tmp")),
      [],
    );
  },

  async "concurrent appends"() {
    for (const durability of ["os", "data", "full"]) {
      const path = pathOf(`concurrent-${durability}`);
      const npaa = await NpyAppendArray.open(path, { dtype: "int32", rowShape: [], durability });
      const producers = Array.from({ length: 8 }, async (_, id) => {
        for (let i = 0; i < 20; i++) await npaa.append(new Int32Array(1000 * (i + 1)).fill(id));
      });
      await Promise.all(producers);
      await npaa.close();
      const { data } = await load(path, { dtype: "int32" });
      assert.equal(data.length, 8 * 210_000);
      for (let id = 0; id < 8; id++) assert.equal(data.filter((value) => value === id).length, 210_000);
    }
  },

  async "large appends, in Fortran order and foreign byte order"() {
    const path = pathOf("large");
    const npaa = await NpyAppendArray.open(path, { dtype: ">f8", fortranOrder: true, rewriteHeaderOnAppend: false });
    const numbers = Float64Array.from({ length: 600_000 }, (_, i) => i);
    await npaa.append({ data: numbers, shape: [3, 200_000], fortranOrder: true });
    await npaa.append({ data: numbers, shape: [3, 200_000], fortranOrder: true });
    assert.deepEqual(loadSync(path).shape, [3, 0]);
    await npaa.updateHeader();
    await npaa.sync();
    await npaa.close();
    const reader = await NpyReader.open(path);
    assert.deepEqual(reader.shape, [3, 400_000]);
    assert.deepEqual((await reader.read(-2)).data, numbers.slice(-6));
    let rows = 0;
    for await (const chunk of reader.chunks({ rows: 150_000 })) rows += chunk.shape[1];
    assert.equal(rows, 400_000);
    await reader.close();
  },

  async "structured records"() {
    const path = pathOf("records");
    const npaa = await NpyAppendArray.open(path, {
      dtype: [
        ["t", "<f8"],
        ["name", "<U3"],
        ["pos", ">i2", [2]],
      ],
      rowShape: [],
    });
    await npaa.append([{ t: 0.5, name: "abc", pos: [1, 2] }]);
    await npaa.append({ t: [1.5, 2.5], name: ["é", "🙂"], pos: [3, 4, 5, 6] });
    await npaa.close();
    const { data } = await load(path);
    assert.deepEqual(data.at(-1), { t: 2.5, name: "🙂", pos: Int16Array.of(5, 6) });
    assert.deepEqual(data.column("t"), Float64Array.of(0.5, 1.5, 2.5));
  },

  async "float16, bigint and text"() {
    await save(pathOf("half"), [1, 2.5, -65504], { dtype: "float16" });
    assert.deepEqual(loadSync(pathOf("half")).data, Float32Array.of(1, 2.5, -65504));
    await save(pathOf("big"), [1n, -(2n ** 63n)]);
    assert.deepEqual(loadSync(pathOf("big")).data, BigInt64Array.of(1n, -(2n ** 63n)));
    await save(pathOf("text"), ["first", "né", ""]);
    assert.deepEqual(loadSync(pathOf("text")).data, ["first", "né", ""]);
  },

  async recover() {
    const path = pathOf("recover");
    await save(path, [1, 2, 3]);
    truncateSync(path, 128 + 20);
    await assert.rejects(load(path), { code: "ERR_NPY_NEEDS_RECOVERY" });
    await assert.rejects(NpyAppendArray.open(path), { code: "ERR_NPY_NEEDS_RECOVERY" });
    assert.equal(await needsRecovery(path), true);
    assert.deepEqual(await recover(path), { needed: true, rowsBefore: 3, rowsAfter: 2, bytesDropped: 4, bytesZeroFilled: 0 });
    truncateSync(path, 128 + 12);
    assert.equal(recoverSync(path, { zerofillIncomplete: true }).rowsAfter, 2);
    assert.equal(statSync(path).size, 128 + 16);
    const npaa = await NpyAppendArray.open(path);
    await npaa.append([4]);
    await npaa.close();
    assert.equal(loadSync(path).data.at(-1), 4);
  },

  async "replace and ensureAppendable"() {
    const path = pathOf("replaced");
    const header = formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [3], headerLength: 80 });
    for (const inplace of [false, true]) {
      writeFileSync(path, Buffer.concat([header, Buffer.from(Float64Array.of(1, 2, 3).buffer)]));
      assert.equal(await isAppendable(path), false);
      assert.equal(await ensureAppendable(path, { inplace }), true);
      assert.equal(await isAppendable(path), true);
      assert.deepEqual(loadSync(path).data, Float64Array.of(1, 2, 3));
    }
    const npaa = await NpyAppendArray.open(path, { deleteIfExists: true });
    assert.deepEqual(loadSync(path).data, Float64Array.of(1, 2, 3));
    await npaa.append([[true, false]]);
    await npaa.close();
    assert.deepEqual(loadSync(path).data, Uint8Array.of(1, 0));
    assert.deepEqual(
      readdirSync(directory).filter((name) => !name.endsWith(".npy")),
      [],
    );
  },

  async errors() {
    await assert.rejects(load(pathOf("absent")), { code: "ENOENT" });
    await assert.rejects(load(directory), { code: "ENOENT", message: /shard/ });
    await assert.rejects(NpyAppendArray.open(directory), { code: "EISDIR" });
    const path = pathOf("errors");
    const npaa = await NpyAppendArray.open(path, { dtype: "int8", rowShape: [2] });
    await assert.rejects(npaa.append([[1, 300]]), { code: "ERR_NPY_VALUE", index: [0, 1] });
    await assert.rejects(npaa.append([[1, 2, 3]]), { code: "ERR_NPY_SHAPE" });
    await assert.rejects(npaa.append(new Float64Array(2)), { code: "ERR_NPY_CAST" });
    await assert.rejects(NpyAppendArray.open(path), { code: "ERR_NPY_LOCKED" });
    await npaa.close();
    await assert.rejects(npaa.append([[1, 2]]), { code: "ERR_NPY_CLOSED" });
    assert.deepEqual(loadSync(path).shape, [0, 2]);
  },

  async mmap() {
    const path = pathOf("mmap");
    await save(
      path,
      Float64Array.from({ length: 10_000 }, (_, i) => i),
    );
    let reader;
    try {
      reader = await NpyReader.open(path, { dtype: "float64", mmap: true, advise: "random" });
    } catch (error) {
      assert.equal(error.code, "ERR_NPY_OPTION");
      return `skipped: ${error.message}`;
    }
    const { data } = await reader.read(5000);
    await reader.close();
    assert.deepEqual([data.length, data[0], data.at(-1)], [5000, 5000, 9999]);
    data.fill(-1);
    assert.equal((await load(path)).data[5000], 5000);
  },

  async mmapHeader() {
    const path = pathOf("mmap-header");
    // Twice: nothing of the first may hold the file.
    for (const rows of [0, 1000]) {
      let npaa;
      try {
        npaa = await NpyAppendArray.open(path, { dtype: "float64", rowShape: [], mmap: true });
      } catch (error) {
        assert.equal(error.code, "ERR_NPY_OPTION");
        return `skipped: ${error.message}`;
      }
      for (let row = rows; row < rows + 1000; row++) {
        await npaa.append(Float64Array.of(row));
        if (row % 111 === 0) assert.deepEqual(loadSync(path).shape, [row + 1]);
      }
      await npaa.close();
    }
    assert.deepEqual(
      (await load(path)).data,
      Float64Array.from({ length: 2000 }, (_, i) => i),
    );
  },

  async copy() {
    const source = pathOf("copied");
    const elements = 2 ** 19;
    await save(
      source,
      Float64Array.from({ length: elements }, (_, i) => i),
    );
    const reader = await NpyReader.open(source, { dtype: "float64" });
    const npaa = await NpyAppendArray.open(pathOf("copy"));
    for (let i = 1; i <= 20; i++) {
      assert.equal(await npaa.appendFrom(reader, { start: i }), elements - i);
    }
    await npaa.close();
    await reader.close();
    const copies = await load(pathOf("copy"), { dtype: "float64" });
    for (let i = 1, at = 0; i <= 20; at += elements - i, i++) {
      assert.deepEqual([copies.data[at], copies.data[at + elements - i - 1]], [i, elements - 1]);
    }
  },

  async share() {
    const npaa = await NpyAppendArray.open(pathOf("share"), { dtype: "int8", rowShape: [] });
    let token;
    try {
      token = npaa.share();
    } catch (error) {
      assert.equal(error.code, "ERR_NPY_OPTION");
      await npaa.close();
      return `skipped: ${error.message}`;
    }
    const attached = await NpyAppendArray.attach(token);
    await attached.append([1, 2]);
    await attached.close();
    assert.equal(npaa.length, 2);
    await npaa.close();
  },

  async lock() {
    const path = pathOf("lock");
    let npaa;
    try {
      npaa = await NpyAppendArray.open(path, { dtype: "int8", rowShape: [], lock: true });
    } catch (error) {
      assert.equal(error.code, "ERR_NPY_OPTION");
      return `skipped: ${error.message}`;
    }
    const args = "Deno" in globalThis ? ["run", "--allow-all", script] : [script];
    const openElsewhere = () => spawnSync(process.execPath, [...args, "open", path], { encoding: "utf8" }).stdout.trim();
    try {
      assert.equal(openElsewhere(), "ERR_NPY_LOCKED");
    } catch (error) {
      if (error.name !== "NotCapable") throw error;
      await npaa.close();
      return "skipped: Deno has no permission to run a second process";
    }
    await npaa.close();
    assert.equal(openElsewhere(), "opened");
  },
};

const own = await run({}, tests);
const portable = await run({ server: second });
const failed = [...own.failed, ...portable.failed];
for (const name of own.passed) console.log(`ok ${name}`);
for (const name of portable.passed) console.log(`ok portable: ${name}`);
for (const problem of failed) console.log(`FAILED ${problem}`);
rmSync(directory, { recursive: true });
process.exit(failed.length === 0 ? 0 : 1);
