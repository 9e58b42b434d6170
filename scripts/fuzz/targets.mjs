// What is fuzzed: each target takes any bytes, and fails unless they give a result or an NpyError.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  dtype,
  formatHeader,
  inspectSync,
  isAppendableSync,
  loadNpzSync,
  loadSync,
  MemoryStorage,
  needsRecoverySync,
  openNpzSync,
  parseHeader,
  RecordArray,
  recoverSync,
  saveNpzSync,
} from "npy-append-array";
import { build } from "rolldown";

// This module is not published by itself. Coverage counts only files in a directory named dist.
const literals = new URL("../../node_modules/.cache/fuzz/dist/python-literal.js", import.meta.url);
await build({
  input: fileURLToPath(new URL("../../src/format/python-literal.ts", import.meta.url)),
  output: { file: fileURLToPath(literals) },
  logLevel: "warn",
});
const { parsePythonLiteral, printPythonLiteral } = await import(literals.href);

const golden = new URL("../../test/golden/", import.meta.url);
const corpus = JSON.parse(readFileSync(new URL("headers.json", golden), "utf8"));
const headers = corpus.headers.map(({ start, length }) => Buffer.from(`${start.padEnd(length - 1)}\n`, "latin1"));
const files = readdirSync(new URL("files/", golden))
  .filter((name) => name.endsWith(".npy"))
  .map((name) => readFileSync(new URL(`files/${name}`, golden)));

const archives = readdirSync(new URL("archives/", golden))
  .filter((name) => name.endsWith(".npz"))
  .map((name) => readFileSync(new URL(`archives/${name}`, golden)));

/** The result, or `undefined` for an `NpyError`. Compared by name, because the module built above has its own class. */
function attempt(action) {
  try {
    return action();
  } catch (error) {
    if (error instanceof Error && error.name === "NpyError") return undefined;
    throw error;
  }
}

function codeOf(action) {
  try {
    action();
  } catch ({ code }) {
    return code;
  }
}

/** A parsed literal prints as one with the same value. */
function literal(bytes) {
  const text = new TextDecoder().decode(bytes);
  const value = attempt(() => parsePythonLiteral(text));
  if (value === undefined) return;
  const printed = printPythonLiteral(value);
  assert.deepEqual(parsePythonLiteral(printed), value);
}

/** A dtype equals the dtype of its own description. */
function type(bytes) {
  const text = new TextDecoder().decode(bytes);
  let like = text;
  try {
    like = JSON.parse(text);
  } catch {
    // Then it is a name or a type string.
  }
  const made = attempt(() => dtype(like));
  if (made === undefined) return;
  assert.equal(dtype(made.descr).itemsize, made.itemsize);
  assert.deepEqual(dtype(made.descr).descr, made.descr);
}

/** A parsed header formats as one with the same content. */
function header(bytes) {
  const parsed = attempt(() => parseHeader(bytes, { maxHeaderSize: 2 ** 16 }));
  if (parsed === undefined) return;
  const written = attempt(() => formatHeader({ dtype: parsed.dtype, shape: parsed.shape, fortranOrder: parsed.fortranOrder }));
  if (written === undefined) return;
  const again = parseHeader(written, { maxHeaderSize: written.length });
  assert.deepEqual(again.shape, parsed.shape);
  assert.deepEqual(again.dtype.descr, parsed.dtype.descr);
  assert.equal(again.fortranOrder, parsed.fortranOrder && parsed.shape.length > 1);
}

/** Reading returns no more than the file holds; a recovered file needs no recovery. */
function file(bytes) {
  const storage = new MemoryStorage(bytes);
  const info = attempt(() => inspectSync(storage));
  // A file that is being rewritten in place needs recovery; nothing else is known about it.
  const isInterrupted = info === undefined && codeOf(() => inspectSync(storage)) === "ERR_NPY_NEEDS_RECOVERY";
  assert.equal(
    attempt(() => needsRecoverySync(storage)),
    isInterrupted ? true : info?.needsRecovery,
  );
  assert.equal(
    attempt(() => isAppendableSync(storage)),
    info?.appendable,
  );
  const array = attempt(() => loadSync(storage));
  if (array !== undefined) {
    const elements = array.shape.reduce((product, size) => product * size, 1);
    assert.ok(elements * array.dtype.itemsize <= info.dataLength, "more data were read than the file has");
    if (array.data instanceof RecordArray) {
      attempt(() => array.data.at(0));
      attempt(() => array.data.columns());
    }
  }
  for (const zerofillIncomplete of [false, true]) {
    const copy = new MemoryStorage(bytes);
    const report = attempt(() => recoverSync(copy, { zerofillIncomplete }));
    if (report === undefined) continue;
    assert.equal(needsRecoverySync(copy), false);
    if (report.bytesZeroFilled < 1e6) attempt(() => loadSync(copy));
  }
}

/** Nothing that an archive says of itself makes more of it than it holds; what is read is written again, and reads the same. */
function archive(bytes) {
  const npz = attempt(() => openNpzSync(bytes));
  if (npz === undefined) return;
  const loaded = {};
  for (const { file, compressedSize } of npz.members) {
    const array = attempt(() => npz.load(file));
    const reader = attempt(() => npz.open(file));
    if (array !== undefined) {
      const elements = array.shape.reduce((product, size) => product * size, 1);
      assert.ok(elements * array.dtype.itemsize <= 1032 * (compressedSize + 1), "more data were read than the archive has");
      assert.deepEqual(reader.shape, array.shape);
      loaded[file] = array;
    }
    reader?.close();
  }
  npz.close();
  attempt(() => loadNpzSync(bytes));
  const copy = new MemoryStorage();
  saveNpzSync(copy, loaded);
  const again = loadNpzSync(copy);
  for (const [name, { shape }] of Object.entries(loaded)) assert.deepEqual(again[name].shape, shape);
}

/** By name: the function, its first inputs, and whether these begin with a header, whose length field must be right. */
export const TARGETS = {
  literal: {
    run: literal,
    seeds: [...corpus.literals, ...corpus.strings.map(([, repr]) => repr), ...corpus.bytes.map(([, repr]) => repr)].map((text) =>
      Buffer.from(text),
    ),
    hasHeader: false,
  },
  dtype: { run: type, seeds: corpus.dtypes.map(({ like }) => Buffer.from(JSON.stringify(like))), hasHeader: false },
  header: { run: header, seeds: headers, hasHeader: true },
  archive: { run: archive, seeds: archives, hasHeader: false },
  file: { run: file, seeds: [...files, ...headers.map((bytes) => Buffer.concat([bytes, Buffer.alloc(64, 1)]))], hasHeader: true },
};
