// What must work wherever JavaScript runs, with the portable entry point alone: browsers, workerd, Node, Bun and Deno run it.
import {
  canCast,
  dtype,
  formatHeader,
  inspect,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  NpyError,
  NpyReader,
  needsRecovery,
  parseHeader,
  recover,
  save,
  saveSync,
} from "../../dist/modules/index.js";

/** Throws unless both are the same: numbers, bigints, texts, and lists, typed arrays and objects of them. */
export function equal(found, expected) {
  const [left, right] = [shown(found), shown(expected)];
  if (left !== right) throw new Error(`expected ${right}, found ${left}`);
}

function shown(value) {
  return JSON.stringify(value, (_, part) => {
    if (typeof part === "bigint") return `${part}n`;
    if (Object.is(part, -0) || (typeof part === "number" && !Number.isFinite(part))) return `number ${part}`;
    return ArrayBuffer.isView(part) ? { [part.constructor.name]: Array.from(part) } : part;
  });
}

/** Throws unless the promise rejects with `code`, and with a message that has all of `texts`. */
export async function rejects(promise, code, ...texts) {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  if (error === undefined) throw new Error(`expected ${code}, found no error`);
  if (error.code !== code || !texts.every((text) => error.message.includes(text))) {
    throw new Error(`expected ${code} with ${JSON.stringify(texts)}, found ${error.code}: ${error.message}`, { cause: error });
  }
}

function saved(array, options) {
  const storage = new MemoryStorage();
  saveSync(storage, array, options);
  return storage.bytes();
}

const tests = {
  async "append and load, in memory"() {
    const storage = new MemoryStorage();
    const npaa = await NpyAppendArray.open(storage, { dtype: "float32", rowShape: [2] });
    await npaa.append([
      [1, 2],
      [3, 4],
    ]);
    await Promise.all([npaa.append(new Float32Array([5, 6])), npaa.append([[7, 8]])]);
    await npaa.append({ data: new Float64Array([9, 11, 10, 12]), shape: [2, 2], strides: [1, 2] });
    await npaa.close();
    const { data, shape } = await load(storage);
    equal(shape, [6, 2]);
    equal(data, Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
    const again = NpyAppendArray.openSync(storage);
    again.append([[13, 14]]);
    again.close();
    equal(loadSync(storage).shape, [7, 2]);
    equal(storage.bytes(), saved({ data: Float32Array.from({ length: 14 }, (_, i) => i + 1), shape: [7, 2] }));
  },

  async "large appends, in Fortran order and foreign byte order"() {
    const storage = new MemoryStorage();
    const npaa = await NpyAppendArray.open(storage, { dtype: ">f8", fortranOrder: true });
    const numbers = Float64Array.from({ length: 300_000 }, (_, i) => i);
    for (let i = 0; i < 2; i++) await npaa.append({ data: numbers, shape: [3, 100_000], fortranOrder: true });
    await npaa.close();
    const reader = await NpyReader.open(storage);
    equal(reader.shape, [3, 200_000]);
    equal((await reader.read(-2)).data, numbers.slice(-6));
    let rows = 0;
    for await (const chunk of reader.chunks({ rows: 70_000 })) rows += chunk.shape[1];
    equal(rows, 200_000);
    await reader.close();
  },

  async "structured records, float16, bigints and text"() {
    const storage = new MemoryStorage();
    const npaa = await NpyAppendArray.open(storage, {
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
    const { data } = await load(storage);
    equal(data.at(-1), { t: 2.5, name: "🙂", pos: Int16Array.of(5, 6) });
    equal(data.column("t"), Float64Array.of(0.5, 1.5, 2.5));
    equal(loadSync(saved([1, 2.5, -65504], { dtype: "float16" })).data, Float32Array.of(1, 2.5, -65504));
    equal(loadSync(saved([1n, -(2n ** 63n)])).data, BigInt64Array.of(1n, -(2n ** 63n)));
    equal(loadSync(saved(["first", "né", ""])).data, ["first", "né", ""]);
  },

  async "streams, from file to file"() {
    const source = await NpyReader.open(saved(Float64Array.from({ length: 1000 }, (_, i) => i)));
    const storage = new MemoryStorage();
    const npaa = await NpyAppendArray.open(storage, { dtype: "float32", rowShape: [] });
    await source.readable({ rows: 300 }).pipeTo(npaa.writable());
    equal(await npaa.appendFrom(source, { start: 900 }), 100);
    await npaa.close();
    await source.close();
    const { data } = await load(storage);
    equal([data.length, data[999], data[1099]], [1100, 999, 999]);
  },

  async "inspect, recover, and the codec"() {
    const whole = saved([1, 2, 3], { dtype: "int32" });
    const storage = new MemoryStorage(whole.subarray(0, whole.length - 2));
    equal(await needsRecovery(storage), true);
    await rejects(load(storage), "ERR_NPY_NEEDS_RECOVERY");
    equal((await recover(storage)).rowsAfter, 2);
    equal((await inspect(storage)).shape, [2]);
    equal(parseHeader(whole).shape, [3]);
    equal(formatHeader({ dtype: dtype("<i4"), fortranOrder: false, shape: [3] }), whole.subarray(0, 128));
    equal(canCast("float64", "int8"), false);
  },

  async errors() {
    const storage = new MemoryStorage();
    const npaa = await NpyAppendArray.open(storage, { dtype: "int8", rowShape: [2] });
    await rejects(npaa.append([[1, 300]]), "ERR_NPY_VALUE");
    await rejects(npaa.append(new Float64Array(2)), "ERR_NPY_CAST");
    await rejects(NpyAppendArray.open(storage), "ERR_NPY_LOCKED");
    await npaa.close();
    await rejects(npaa.append([[1, 2]]), "ERR_NPY_CLOSED");
    equal((await load(storage)).shape, [0, 2]);
    equal((await load({}).catch((error) => error)) instanceof NpyError, true);
    await rejects(load("file:///log.npy"), "ERR_NPY_OPTION", "need a file system");
    await rejects(NpyReader.open(saved([1]), { mmap: true }), "ERR_NPY_OPTION");
  },

  async "bytes, Blobs and responses"() {
    const bytes = saved([1, 2, 3]);
    equal((await load(bytes.buffer)).shape, [3]);
    equal((await load(new Response(bytes))).data, Float64Array.of(1, 2, 3));
    if (typeof Blob === "undefined") return "no Blob";
    equal((await load(new Blob([bytes]))).data, Float64Array.of(1, 2, 3));
    const reader = await NpyReader.open(new Blob([bytes]));
    equal((await reader.read(1, 2)).data, Float64Array.of(2));
    await reader.close();
    const storage = new MemoryStorage(bytes);
    equal(storage.blob().size, bytes.length);
  },

  async "from the body of a request to that of a response"() {
    const request = new Request("http://localhost/", { method: "POST", body: saved(Float32Array.of(4, 9)) });
    const { data } = await load(new Response(request.body), { dtype: "float32" });
    const storage = new MemoryStorage();
    await save(storage, data.map(Math.sqrt));
    const answer = new Response(storage.bytes());
    equal((await load(answer)).data, Float32Array.of(2, 3));
  },

  async "without the class Blob"() {
    const { Blob: OldBlob } = globalThis;
    globalThis.Blob = undefined;
    try {
      const storage = new MemoryStorage();
      await save(storage, [1, 2]);
      equal((await load(storage)).shape, [2]);
      equal((await load(storage.bytes())).shape, [2]);
      equal((await load(new Response(storage.bytes()))).shape, [2]);
      await rejects(load({}), "ERR_NPY_OPTION");
      await rejects(
        Promise.resolve().then(() => storage.blob()),
        "ERR_NPY_OPTION",
      );
    } finally {
      globalThis.Blob = OldBlob;
    }
  },

  async "a server, by ranges"({ server }) {
    if (server === undefined) return "skipped: no server";
    const url = new URL("/files/numbers.npy", server);
    const { data } = await load(url);
    // More than one request, as the file is larger than 1 MiB.
    equal([data.length, data.at(-1)], [200_000, 199_999]);
    const reader = await NpyReader.open(url.href);
    equal((await reader.read(150_000, 150_002)).data, Float64Array.of(150_000, 150_001));
    await reader.close();
    equal((await inspect(url)).shape, [200_000]);
    await rejects(load(new URL("/files/absent.npy", server)), "ENOENT");
    await rejects(load(url, { signal: AbortSignal.abort(Object.assign(new Error("enough"), { code: "ENOUGH" })) }), "ENOUGH");
    await rejects(NpyAppendArray.open(url), "ERR_NPY_OPTION", "can only be read");
  },

  async "a server without ranges"({ server }) {
    if (server === undefined) return "skipped: no server";
    const url = new URL("/files/whole.npy", server);
    equal((await load(url)).data, Float64Array.of(1, 2, 3));
    await rejects(NpyReader.open(url), "ERR_NPY_OPTION", "ignores range requests");
    const reader = await NpyReader.open(await fetch(url));
    equal((await reader.read(-1)).data, Float64Array.of(3));
    await reader.close();
  },
};

/**
 * Runs `suite`, by default all tests of this file. The tests get `context`: its `server` is the URL of one that serves the files of
 * scripts/support/web-server.mjs.
 *
 * @returns {Promise<{ passed: string[], failed: string[] }>} a line for each test
 */
export async function run(context = {}, suite = tests) {
  const passed = [];
  const failed = [];
  for (const [name, test] of Object.entries(suite)) {
    try {
      const note = await test(context);
      passed.push(note === undefined ? name : `${name} (${note})`);
    } catch (error) {
      failed.push(`${name}: ${error?.stack ?? error}`);
    }
  }
  return { passed, failed };
}
