/** ensureAppendable in place. A process that is killed in the middle leaves a broken file, as documented; what fails at once must not. */
import { describe, expect, test } from "vitest";
import { dtype, ensureAppendableSync, formatHeader, isAppendableSync, MemoryStorage, saveSync } from "../../src/index.ts";
import { FaultyStorage } from "../support/faulty-storage.ts";

const TIGHT = 80;
const ROOMY = 128;

/** A file of `length` bytes under a header without room, and the one that numpy.save writes. */
function files(length: number): { tight: Uint8Array; roomy: Uint8Array } {
  const data = Uint8Array.from({ length }, (_, i) => 1 + ((i * 7 + (i >> 8)) % 255));
  const header = formatHeader({ dtype: dtype("|u1"), fortranOrder: false, shape: [length], headerLength: TIGHT });
  const saved = new MemoryStorage();
  saveSync(saved, data);
  return { tight: Buffer.concat([header, data]), roomy: saved.bytes() as Uint8Array };
}

// The data move by 48 bytes: first as many of them as that, then blocks of 1 MiB.
const DISTANCE = ROOMY - TIGHT;
const LENGTHS = [1, DISTANCE - 1, DISTANCE, DISTANCE + 1, 2 ** 20, 2 ** 20 + DISTANCE, 2 ** 20 + DISTANCE + 1, 3 * 2 ** 20 + 5];

test.each([0, ...LENGTHS])("%i bytes of data come out where they should", (length) => {
  const { tight, roomy } = files(length);
  const storage = new FaultyStorage(tight);
  expect(ensureAppendableSync(storage, { inplace: true })).toBe(true);
  expect(Buffer.compare(storage.bytes() as Uint8Array, roomy)).toBe(0);
  expect(storage.openFiles).toBe(0);
  expect(isAppendableSync(storage)).toBe(true);
  const steps = storage.steps.length;
  ensureAppendableSync(storage, { inplace: true });
  // The second time there is nothing to write.
  expect(storage.steps.slice(steps).map(({ op }) => op)).not.toContain("write");
});

describe("a first write that fails leaves the file as it was", () => {
  test.each(LENGTHS)("%i bytes of data", (length) => {
    const { tight } = files(length);
    for (const after of [0, 1, Math.min(length, DISTANCE) - 1]) {
      const storage = new FaultyStorage(tight);
      storage.failNextWrite({ after });
      expect(() => ensureAppendableSync(storage, { inplace: true })).toThrow("ENOSPC");
      expect(Buffer.compare(storage.bytes() as Uint8Array, tight)).toBe(0);
      expect(storage.openFiles).toBe(0);
    }
  });
});
