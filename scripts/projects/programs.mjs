// The programs of the projects. Each prints "fits" if all is as it should be.

const names = "dtype, formatHeader, load, MemoryStorage, NpyAppendArray, NpyError, parseHeader, save";

const body = (target) => `
async function main() {
  const target = ${target};
  const npaa = await NpyAppendArray.open(target, { deleteIfExists: true });
  await npaa.append([[1, 2]]);
  await npaa.append(new Float64Array([3, 4, 5, 6]));
  await npaa.close();
  const { data, shape } = await load(target);
  if (shape.join() !== "3,2" || data.join() !== "1,2,3,4,5,6") throw new Error("wrong data: " + data);

  const records = new MemoryStorage();
  await save(records, [{ t: 0.5, id: 7n }, { t: 1.5, id: 8n }]);
  if ((await load(records)).data.at(1).id !== 8n) throw new Error("wrong record");

  const header = parseHeader(formatHeader({ dtype: dtype("<i2"), fortranOrder: false, shape: [3] }));
  if (header.dtype.str !== "<i2" || header.shape[0] !== 3) throw new Error("wrong header");

  const error = await load(new Uint8Array(100)).catch((reason) => reason);
  if (!(error instanceof NpyError) || error.code !== "ERR_NPY_HEADER") throw error;
}
`;

/** On Node the program writes a file; in browsers it writes to memory. */
const targetOf = (platform) => (platform === "node" ? '"out.npy"' : "new MemoryStorage()");

const end = 'main().then(() => console.log("fits"), (error) => { console.error(error); globalThis.process?.exit(1); });\n';

export const importing = `import { ${names} } from "npy-append-array";\n`;
export const requiring = `const { ${names} } = require("npy-append-array");\n`;

/** A program in JavaScript. */
export const program = (platform, format) => (format === "esm" ? importing : requiring) + body(targetOf(platform)) + end;

/** The same as a test, for a runner with a global or imported `test`. */
export const testProgram = (platform, head) => `${head}${body(targetOf(platform))}\ntest("fits", main);\n`;

/** `require` and `import` in one process. Where both load the same file there is one NpyError; two files know each other's errors. */
export const bothFormats = (isOneFile) => `${requiring}${body('"out.npy"')}
async function both() {
  const imported = await import("npy-append-array");
  if (${isOneFile} && imported.NpyError !== NpyError) throw new Error("two kinds of NpyError");
  const error = await imported.load(new Uint8Array(100)).catch((reason) => reason);
  if (!(error instanceof NpyError)) throw new Error("not an NpyError");
  const writer = await NpyAppendArray.open("claimed.npy", { dtype: "float64", rowShape: [], deleteIfExists: true });
  const second = await imported.NpyAppendArray.open("claimed.npy").catch((reason) => reason);
  await writer.close();
  if (second.code !== "ERR_NPY_LOCKED") throw new Error("one file with two writers: " + second);
  await main();
}
both().then(() => console.log("fits"), (error) => { console.error(error); process.exit(1); });
`;

/** Only `import()`, from CommonJS. */
export const dynamicImport = `
import("npy-append-array").then(async ({ ${names} }) => {${body('"out.npy"')}
  await main();
  console.log("fits");
});
`;

/** Uses each kind of input; a type that is silently \`any\` is an error, because then a line with \`@ts-expect-error\` compiles. */
export const typed = (platform) => `
import { dtype, load, MemoryStorage, NpyAppendArray, NpyError, save } from "npy-append-array";

interface Row {
  t: number;
  id: number;
}

async function main(): Promise<void> {
  const target = ${targetOf(platform)};
  {
    await using npaa = await NpyAppendArray.open(target, { dtype: "float32", rowShape: [2], deleteIfExists: true });
    await npaa.append([[1, 2]]);
    await npaa.append(new Float32Array(4));
  }
  const { data, shape } = await load(target, { dtype: "float32" });
  const floats: Float32Array = data;
  const rows: number = shape[0] ?? 0;
  if (rows !== 3 || floats[1] !== 2) throw new Error("wrong data");

  const type = dtype({ t: "float64", id: "int32" });
  const storage = new MemoryStorage();
  const records: Row[] = [{ t: 0.5, id: 7 }];
  await save(storage, records, { dtype: type });
  const log = await load(storage, { dtype: type });
  const id: number = log.data.at(0)?.id ?? 0;
  if (id !== 7) throw new Error("wrong record");

  // @ts-expect-error A misspelt dtype does not compile.
  const misspelt: unknown = await NpyAppendArray.open(target, { dtype: "flaot64" }).catch((reason: unknown) => reason);
  if (!(misspelt instanceof NpyError)) throw new Error("not refused");
  const fromData: string = ["float", "64"].join("");
  if (dtype(fromData).itemsize !== 8) throw new Error("wrong dtype");
  // @ts-expect-error Text is no number.
  const wrong: string = id;
  if (wrong !== (7 as unknown)) throw new Error("wrong value");
}

main().then(() => console.log("fits"), (error: unknown) => { console.error(error); });
`;

/** Applications of which the size is measured. */
export const sized = {
  NpyError: 'import { NpyError } from "npy-append-array";\nconsole.log(NpyError.name.length > 0 ? "fits" : "");\n',
  parseHeader: `import { parseHeader } from "npy-append-array";
const text = "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }".padEnd(117) + "\\n";
const { shape } = parseHeader(new TextEncoder().encode("?NUMPY" + "\\x01\\x00v\\x00" + text).with(0, 0x93));
console.log(shape[0] === 3 ? "fits" : shape);\n`,
  load: `import { load } from "npy-append-array";
load(new Uint8Array(100)).catch(({ code }) => console.log(code === "ERR_NPY_HEADER" ? "fits" : code));\n`,
  NpyReader: `import { NpyReader } from "npy-append-array";
NpyReader.open(new Uint8Array(100)).catch(({ code }) => console.log(code === "ERR_NPY_HEADER" ? "fits" : code));\n`,
  NpyAppendArray: `import { MemoryStorage, NpyAppendArray } from "npy-append-array";
NpyAppendArray.open(new MemoryStorage()).then(async (npaa) => {
  await npaa.append([1, 2, 3]);
  await npaa.close();
  console.log(npaa.shape[0] === 3 ? "fits" : npaa.shape);
});\n`,
  "NpyAppendArray with opfs": `import { MemoryStorage, NpyAppendArray } from "npy-append-array";
import { exportFile, opfsFile, opfsFolder } from "npy-append-array/opfs";
NpyAppendArray.open(new MemoryStorage()).then(async (npaa) => {
  await npaa.append([1, 2, 3]);
  await npaa.close();
  const missing = await Promise.all([opfsFile, opfsFolder].map((open) => open("a").catch(({ code }) => code)));
  const problem = await exportFile(new MemoryStorage(), undefined).catch(({ code }) => code);
  const found = [npaa.shape[0], ...missing, problem].join();
  console.log(found === "3,ERR_NPY_OPTION,ERR_NPY_OPTION,ENOENT" ? "fits" : found);
});\n`,
};

/** What an application of the entry point s3 shares with the core, and the same with all of that entry point. */
export const beyondCore = {
  core: 'import { NpyAppendArray, NpyReader, NpyShards } from "npy-append-array";\nconsole.log(NpyAppendArray && NpyReader && NpyShards ? "fits" : "");\n',
  s3: `import { NpyAppendArray, NpyReader, NpyShards } from "npy-append-array";
import { abortStale, concat, s3Folder, s3Object } from "npy-append-array/s3";
const all = [NpyAppendArray, NpyReader, NpyShards, abortStale, concat, s3Folder, s3Object];
console.log(all.every((each) => typeof each === "function") ? "fits" : "");\n`,
};

/** A page that records into the browser's own files; for bundlers that do not find workers, one that starts the worker itself. */
export const recordingPage = (options = "") => `
import { load, NpyAppendArray } from "npy-append-array";
import { opfsFile } from "npy-append-array/opfs";
async function main() {
  const storage = await opfsFile("recordings/rows.npy"${options});
  const npaa = await NpyAppendArray.open(storage);
  await npaa.append([[1, 2], [3, 4]]);
  await npaa.close();
  const { data, shape } = await load(storage);
  return [shape, [...data]].join() === "2,2,1,2,3,4" ? "fits" : "wrong data: " + data;
}
main().catch(String).then((result) => { document.title = result; });
`;
