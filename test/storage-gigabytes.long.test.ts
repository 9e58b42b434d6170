/** Transfers of more than 2 GiB. */
import { statfsSync } from "node:fs";
import { freemem, tmpdir } from "node:os";
import { describe, expect, test } from "vitest";
import { MemoryStorage, NodeStorage } from "../src/node.ts";
import type { StorageFile } from "../src/storage/storage.ts";
import { temporaryPath } from "./support/temporary.ts";

describe("one transfer of more bytes than a signed 32-bit number counts is done whole", { timeout: 180_000 }, () => {
  const length = 2 ** 31 + 5;
  const marks = [0, 2 ** 29 - 1, 2 ** 29, 2 ** 30 - 1, 2 ** 30, 2 ** 31 - 1, 2 ** 31, length - 1];
  // Takes memory only when a test reads into it, and is shared since that can take longer than the transfer.
  const buffer = new Uint8Array(length);
  const { bavail, bsize } = statfsSync(tmpdir());

  function readWhole(file: StorageFile): void {
    for (const mark of marks) buffer[mark] = 0xee;
    expect(file.sizeSync()).toBe(length + 3);
    expect(file.readSync(buffer, 3)).toBe(length);
    expect(marks.map((mark) => buffer[mark])).toEqual(marks.map((_, i) => i + 1));
    file.closeSync();
  }

  test.skipIf(freemem() < 2 * length || bavail * bsize < 2 * length)("to and from a file", async () => {
    const file = new NodeStorage(temporaryPath()).createSync();
    for (const [i, mark] of marks.entries()) buffer[mark] = i + 1;
    await file.write(buffer, 3);
    readWhole(file);
  });

  test.skipIf(freemem() < 2 * length)("from memory", () => {
    const file = new MemoryStorage().createSync();
    for (const [i, mark] of marks.entries()) file.writeSync(Uint8Array.of(i + 1), mark + 3);
    readWhole(file);
  });
});
