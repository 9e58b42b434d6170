/** Every line of code in docs/interop.md is executed, on the built package and the real libraries, as a user would. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const document = readFileSync(join(root, "docs/interop.md"), "utf8");
const [, setup = ""] = /^```js\n(.*?)^```$/ms.exec(document) ?? [];
const rows = [...document.matchAll(/^\| (.+?) +\| `(.+?)` +\| `(.+?)` +\|$/gm)].map(([, name = "", into = "", out = ""]) => ({
  name: name.replaceAll("`", ""),
  into,
  out,
}));

/** The elements of `out`, in the words of the library that made it. */
const READ: Readonly<Record<string, string>> = {
  "numpy-ts": "out.tolist().flat()",
  "@stdlib/ndarray": "[0, 1].flatMap((i) => [0, 1, 2].map((j) => out.get(i, j)))",
  ndarray: "[0, 1].flatMap((i) => [0, 1, 2].map((j) => out.get(i, j)))",
  zarrita: "[...(await zarr.get(array)).data]",
  npyjs: "[...npyjs.parse(out).data]",
  "TensorFlow.js": "out.arraySync().flat()",
  onnxruntime: "[...out.data]",
  "Apache Arrow: vectors": "[...out]",
  "Apache Arrow: tables, record batches": "[...out.getChild('x'), ...out.getChild('n')]",
  "flechette: columns, tables": "[...out.getChild('x'), ...out.getChild('n')]",
  arquero: "[...out.array('x'), ...out.array('n')]",
  "Map of columns": "[...out.get('x'), ...out.get('n')]",
  "ml-matrix": "out.to1DArray()",
  mathjs: "out.toArray().flat()",
  "three.js": "[...out.array]",
  sharp: "[...(await out.raw().toBuffer())]",
  pngjs: "[...PNG.sync.read(PNG.sync.write(out)).data]",
  Buffer: "[0, 1, 2, 3, 4, 5].map((i) => out.readFloatLE(i * 4))",
  DataView: "[0, 1, 2, 3, 4, 5].map((i) => out.getFloat32(i * 4, true))",
  ArrayBuffer: "[...new Float32Array(out)]",
  SharedArrayBuffer: "[...new Float32Array(shared)]",
  "WebAssembly memory": "[...new Float32Array(memory.buffer, 64, 6)]",
};

/** Two pixels of four channels; all others have six elements. */
const EIGHT = ["pngjs"];

let results: readonly { readonly out?: number[]; readonly into?: number[]; readonly error?: string }[];

/** A row's own file; what goes out comes first, so that there is something in shared memory to go in. */
function execute({ name, into, out }: (typeof rows)[number], i: number): string {
  return `
try {
  const out = ${out};
  const npaa = await NpyAppendArray.open("in-${i}.npy");
  await npaa.append(${into});
  await npaa.close();
  const written = (await load("in-${i}.npy")).data;
  const elements = "columns" in written ? Object.values(written.columns()).flatMap((column) => [...column]) : [...written];
  results.push({ out: ${READ[name]}, into: elements.map(Number) });
} catch (error) {
  results.push({ error: error.stack });
}`;
}

const directory = mkdtempSync(join(tmpdir(), "npy-append-array-"));
afterAll(() => rmSync(directory, { recursive: true }));

beforeAll(() => {
  const modules = join(directory, "node_modules");
  mkdirSync(modules);
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (!name.startsWith(".")) symlinkSync(join(root, "node_modules", name), join(modules, name), "junction");
  }
  symlinkSync(root, join(modules, "npy-append-array"), "junction");
  const script = [setup, "const results = [];", ...rows.map(execute), "console.log(JSON.stringify(results));"].join("\n");
  writeFileSync(join(directory, "interop.mjs"), script);
  const { status, stdout, stderr } = spawnSync(process.execPath, ["interop.mjs"], {
    cwd: directory,
    encoding: "utf8",
    timeout: 60_000,
  });
  expect(status, stderr).toBe(0);
  results = JSON.parse(stdout.trim().split("\n").at(-1) as string) as typeof results;
});

test("every array has its row", () => {
  expect(rows.map(({ name }) => name)).toEqual(Object.keys(READ));
});

test.each(rows.map(({ name }, i) => [name, i] as const))("%s", (name, i) => {
  const elements = [1, 2, 3, 4, 5, 6, 7, 8].slice(0, EIGHT.includes(name) ? 8 : 6);
  expect(results[i]).toEqual({ out: elements, into: elements });
});
