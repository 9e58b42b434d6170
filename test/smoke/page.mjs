// What must work in a page: the portable tests, and those of what only browsers have. scripts/runtimes.mjs opens it in Chromium.
import { load, MemoryStorage, NpyAppendArray, NpyReader, saveSync } from "../../dist/modules/index.js";
import { equal, rejects, run } from "./portable.mjs";

const numbers = Float64Array.of(1, 2, 3);

function bytes() {
  const storage = new MemoryStorage();
  saveSync(storage, numbers);
  return storage.bytes();
}

const tests = {
  async "a URL relative to the page"() {
    for (const name of ["small.npy", "./small.npy", "/files/small.npy", "../files/small.npy"]) {
      equal((await load(name)).data, numbers);
    }
    await rejects(load("absent.npy"), "ENOENT", new URL("/files/absent.npy", location.href).href);
    await rejects(NpyAppendArray.open("small.npy"), "ERR_NPY_OPTION", "can only be read");
  },

  async "a File, and the response of fetch"() {
    equal((await load(new File([bytes()], "picked.npy"))).data, numbers);
    equal((await load(await fetch("small.npy"))).data, numbers);
    const broken = new File([bytes().subarray(0, 140)], "picked.npy");
    await rejects(load(broken), "ERR_NPY_NEEDS_RECOVERY", "picked.npy");
  },

  async "a file handle, of the origin private file system"() {
    const folder = await navigator.storage.getDirectory();
    const handle = await folder.getFileHandle("recorded.npy", { create: true });
    const write = async (part, position) => {
      const stream = await handle.createWritable({ keepExistingData: true });
      await stream.write({ type: "write", data: part, position });
      await stream.close();
    };
    await write(bytes(), 0);
    equal((await load(handle)).data, numbers);
    const reader = await NpyReader.open(handle);
    const storage = new MemoryStorage(bytes());
    const npaa = NpyAppendArray.openSync(storage);
    npaa.append([4, 5]);
    npaa.close();
    await write(storage.bytes(), 0);
    await reader.refresh();
    equal((await reader.read(-2)).data, Float64Array.of(4, 5));
    await reader.close();
    await folder.removeEntry("recorded.npy");
    await rejects(load(handle), "ENOENT", "recorded.npy");
  },

  async "a server of another origin that sends the headers of CORS"({ otherServer }) {
    const url = new URL("/files/open.npy", otherServer);
    equal((await load(url)).data, numbers);
    const reader = await NpyReader.open(url);
    equal((await reader.read(1, 2)).data, Float64Array.of(2));
    await reader.close();
  },

  async "a server of another origin that does not expose Content-Range"({ otherServer }) {
    const url = new URL("/files/unexposed.npy", otherServer);
    await rejects(load(url), "ERR_NPY_OPTION", "Access-Control-Expose-Headers: Content-Range, ETag");
    await rejects(NpyReader.open(url), "ERR_NPY_OPTION", "Access-Control-Expose-Headers: Content-Range, ETag");
  },

  async "a server of another origin without CORS"({ otherServer }) {
    await rejects(load(new URL("/files/small.npy", otherServer)), "EIO", "Access-Control-Allow-Origin", "(CORS)");
  },

  async "an array that a worker posts"() {
    const code = `import { load } from "${new URL("../../dist/modules/index.js", import.meta.url)}";
      postMessage((await load("${new URL("/files/small.npy", location.href)}")).data);`;
    const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    const worker = new Worker(url, { type: "module" });
    const { data } = await new Promise((resolve, reject) => {
      worker.onmessage = resolve;
      worker.onerror = reject;
    });
    worker.terminate();
    URL.revokeObjectURL(url);
    equal(data, numbers);
  },
};

/** Runs both suites. */
export async function runAll(context) {
  const [portable, page] = [await run(context), await run(context, tests)];
  return { passed: [...portable.passed, ...page.passed], failed: [...portable.failed, ...page.failed] };
}
