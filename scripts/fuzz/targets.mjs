// What is fuzzed: each target takes any bytes, and fails unless it gets a result or an error of ours.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  dtype,
  formatHeader,
  inspectSync,
  isAppendableSync,
  loadSync,
  MemoryStorage,
  needsRecoverySync,
  parseHeader,
  RecordArray,
  recoverSync,
} from "npy-append-array";
import { build } from "rolldown";

// A module that is not published by itself. Coverage counts what is in a directory of this name.
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

/** The result, or `undefined` for an `NpyError`: by its name, since that module has a class of its own. */
function attempt(action) {
  try {
    return action();
  } catch (error) {
    if (error instanceof Error && error.name === "NpyError") return undefined;
    throw error;
  }
}

/** The code of the error. */
function codeOf(action) {
  try {
    action();
  } catch ({ code }) {
    return code;
  }
}

/** A literal that can be read is written as one that means the same. */
function literal(bytes) {
  const text = new TextDecoder().decode(bytes);
  const value = attempt(() => parsePythonLiteral(text));
  if (value === undefined) return;
  const printed = printPythonLiteral(value);
  assert.deepEqual(parsePythonLiteral(printed), value);
}

/** A dtype is what its own description says. */
function type(bytes) {
  const text = new TextDecoder().decode(bytes);
  let like = text;
  try {
    like = JSON.parse(text);
  } catch {
    // A name or a type string, then.
  }
  const made = attempt(() => dtype(like));
  if (made === undefined) return;
  assert.equal(dtype(made.descr).itemsize, made.itemsize);
  assert.deepEqual(dtype(made.descr).descr, made.descr);
}

/** A header that can be read is written as one that says the same. */
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

/** What is read is in the file; what is recovered is whole. */
function file(bytes) {
  const storage = new MemoryStorage(bytes);
  const info = attempt(() => inspectSync(storage));
  // A file that is being rewritten in place needs recovery, and of what is in it nothing else is said.
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
    assert.ok(elements * array.dtype.itemsize <= info.dataLength, "more was read than is there");
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

/** By name: the function, the inputs to begin with, and whether they begin with a header, whose length is to fit. */
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
  file: { run: file, seeds: [...files, ...headers.map((bytes) => Buffer.concat([bytes, Buffer.alloc(64, 1)]))], hasHeader: true },
};
