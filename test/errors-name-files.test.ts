/** Errors about what a file holds say which file that is, whatever found it. */
import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as npy from "../src/node.ts";
import { dtype, type FileLike, formatHeader, NpyAppendArray, NpyReader, saveSync } from "../src/node.ts";
import { temporaryPath } from "./support/temporary.ts";

const tight = Buffer.concat([
  formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [2], headerLength: 80 }),
  Buffer.alloc(16),
]);
const scalar = new npy.MemoryStorage();
saveSync(scalar, 5);

const BAD: readonly (readonly [string, Uint8Array])[] = [
  ["no .npy file", Buffer.from("x,y\n1,2\n")],
  ["a header that is cut off", tight.subarray(0, 60)],
  ["a header that says nonsense", Buffer.concat([tight.subarray(0, 12), Buffer.from("'shape"), tight.subarray(18)])],
  ["a rewrite whose journal is gone", Buffer.concat([Buffer.from("\x94npy>1", "latin1"), tight.subarray(6)])],
];

const VERBS: readonly (readonly [string, (file: FileLike) => unknown])[] = [
  ["load", npy.load],
  ["loadSync", npy.loadSync],
  ["inspect", npy.inspect],
  ["isAppendable", npy.isAppendable],
  ["recover", npy.recover],
  ["recoverSync", npy.recoverSync],
  ["recover, dryRun", (file) => npy.recover(file, { dryRun: true })],
  ["ensureAppendable", npy.ensureAppendable],
  ["ensureAppendable, inplace", (file) => npy.ensureAppendable(file, { inplace: true })],
  ["NpyReader.open", (file) => NpyReader.open(file)],
  ["NpyAppendArray.open", (file) => NpyAppendArray.open(file)],
  ["NpyAppendArray.open, truncate", (file) => NpyAppendArray.open(file, { onNeedsRecovery: "truncate" })],
];

describe.each(BAD)("%s", (_what, bytes) => {
  test.each(VERBS)("%s", async (_name, verb) => {
    const path = temporaryPath();
    writeFileSync(path, bytes);
    await expect((async () => verb(path))()).rejects.toMatchObject({ name: "NpyError", path });
  });
});

test("a 0-d array has no room to be given", async () => {
  for (const inplace of [false, true]) {
    const path = temporaryPath();
    writeFileSync(path, scalar.bytes() as Uint8Array);
    await expect(npy.ensureAppendable(path, { inplace })).rejects.toMatchObject({ code: "ERR_NPY_SHAPE", path });
  }
});

test("refresh, of a file that is being rewritten", async () => {
  const path = temporaryPath();
  writeFileSync(path, tight);
  const reader = await NpyReader.open(path);
  writeFileSync(path, Buffer.concat([Buffer.from("\x94npy>0", "latin1"), tight.subarray(6)]));
  await expect(reader.refresh()).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY", path });
  await reader.close();
});
