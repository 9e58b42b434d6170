/** A full disk under a file that shares its blocks with a copy: even restoring it would need space, so nothing is touched that need not be. */
import { describe, expect, test } from "vitest";
import { dtype, formatHeader, loadSync, MemoryStorage, NpyAppendArray, recoverSync, saveSync } from "../src/index.ts";
import { rewriteInPlace } from "../src/plan/rewrite/in-place.ts";
import { run, runSync } from "../src/plan/run.ts";
import { FILE_FORMS } from "./support/forms.ts";
import { SharedBlocks } from "./support/shared-blocks.ts";

/** More blocks than any of these calls takes. */
const MANY = 1000;

const ROWS = Float64Array.from({ length: 100 }, (_, i) => i);

function saved(): Uint8Array {
  const storage = new MemoryStorage();
  saveSync(storage, ROWS);
  return storage.bytes() as Uint8Array;
}

function tight(): Uint8Array {
  const header = formatHeader({ dtype: dtype("f8"), fortranOrder: false, shape: [ROWS.length], headerLength: 80 });
  return Uint8Array.from([...header, ...new Uint8Array(ROWS.buffer)]);
}

describe.each(FILE_FORMS)("%s", (_form, verbs) => {
  test.each([
    ["one block of memory", new Float64Array([100, 101])],
    ["numbers", [100, 101]],
    ["another dtype", new Int16Array([100, 101])],
  ])("an append that could write nothing leaves a writer that works when there is space: %s", async (_name, rows) => {
    for (const options of [{}, { durability: "full" }, { rewriteHeaderOnAppend: false }] as const) {
      // With one free block the rows are written, and the header is not.
      for (let free = 0; free < 3; free++) {
        const storage = new SharedBlocks(saved(), false);
        const npaa = await verbs.open(storage, options);
        storage.free = free;
        let appended = 0;
        try {
          await npaa.append(rows);
          appended = 1;
        } catch (error) {
          expect(error).toMatchObject({ code: "ENOSPC" });
          expect(loadSync(storage).data).toEqual(ROWS);
        }
        storage.free = MANY;
        for (; appended < 2; appended++) await npaa.append(rows);
        await npaa.close();
        expect(loadSync(storage).data).toEqual(new Float64Array([...ROWS, 100, 101, 100, 101]));
      }
    }
  });

  test("so does a header that could not be written", async () => {
    const storage = new SharedBlocks(saved(), false);
    const npaa = await verbs.open(storage, { rewriteHeaderOnAppend: false });
    storage.free = 1;
    await npaa.append([100]);
    await expect((async () => npaa.updateHeader())()).rejects.toMatchObject({ code: "ENOSPC" });
    storage.free = MANY;
    await npaa.close();
    expect(loadSync(storage).data).toEqual(new Float64Array([...ROWS, 100]));
  });
});

test("recover writes the header alone if no bytes are to be dropped", () => {
  // 3 of 100 rows are counted: the others are whole rows.
  const bytes = saved().slice();
  bytes.set(formatHeader({ dtype: dtype("f8"), fortranOrder: false, shape: [3], headerLength: 128 }));
  const storage = new SharedBlocks(bytes, false);
  storage.free = 2; // the header's; truncating would take a third
  expect(recoverSync(storage)).toMatchObject({ needed: true, rowsAfter: 100 });
  expect(loadSync(storage).data).toEqual(ROWS);
});

describe.each([
  ["at once", true],
  ["step by step", false],
])("ensureAppendable in place, %s", (_form, isSync) => {
  const sizes = { block: 256, insertFrom: Number.POSITIVE_INFINITY };
  const rewrite = async (storage: SharedBlocks): Promise<void> => {
    if (isSync) runSync(rewriteInPlace(storage, undefined, {}, sizes));
    else await run(rewriteInPlace(storage, undefined, {}, sizes));
  };

  test("of blocks that can be unshared is done or refused, whatever space there is", async () => {
    const outcomes = new Set<string>();
    for (let free = 0; free < 60; free++) {
      const storage = new SharedBlocks(tight(), true);
      storage.free = free;
      const outcome = await rewrite(storage).then(
        () => "done",
        (error: { code: string }) => error.code,
      );
      outcomes.add(outcome);
      expect(loadSync(storage).data).toEqual(ROWS);
      if (outcome === "ENOSPC") expect(storage.bytes()).toEqual(tight());
    }
    expect([...outcomes]).toEqual(["ENOSPC", "done"]);
  });

  test("of other blocks is refused while there is too little space for the journal", async () => {
    const journalAndEnds = 2 + Math.ceil((128 + 2 * sizes.block + 24 + 128 + 64) / 64);
    for (let free = 0; free < journalAndEnds - 2; free++) {
      const storage = new SharedBlocks(tight(), false);
      storage.free = free;
      await expect(rewrite(storage)).rejects.toMatchObject({ code: "ENOSPC" });
      expect(storage.bytes()).toEqual(tight());
    }
  });
});

test("a writer whose file is changed meanwhile still says so", async () => {
  const storage = new SharedBlocks(saved(), false);
  storage.free = MANY;
  const npaa = await NpyAppendArray.open(storage, { lock: false });
  storage.openSync("r+").truncateSync(200);
  await expect(npaa.append([1])).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
  expect((storage.bytes() as Uint8Array).length).toBe(200);
});
