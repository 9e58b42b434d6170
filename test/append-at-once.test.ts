/** A few rows are written without a plan: by the same steps, and taken back in the same way. */
import { beforeEach, describe, expect, test } from "vitest";
import { loadSync, MemoryStorage, NpyAppendArray, type OpenOptions, saveSync } from "../src/index.ts";
import { stopClock } from "./support/clock.ts";
import { FaultyStorage, type RecordedStep } from "./support/faulty-storage.ts";
import { attempt, FILE_FORMS } from "./support/forms.ts";

/** Rows of which the header needs one digit, two and three. */
const APPENDS = [1, 2, 6, 2, 95].map((length) => Float64Array.from({ length }, (_, i) => i));

/** More than are written at once where a write can be waited for. */
const MANY = new Float64Array(10_000).fill(7);

const MODES: readonly OpenOptions[] = [{}, { rewriteHeaderOnAppend: false }];

// Else a check is due now and then, which takes a plan.
beforeEach(stopClock);

function saved(rows: Float64Array): Uint8Array {
  const storage = new MemoryStorage();
  saveSync(storage, rows);
  return storage.bytes() as Uint8Array;
}

function concatenated(parts: readonly Float64Array[]): Float64Array {
  return Float64Array.from(parts.flatMap((part) => [...part]));
}

describe.each(FILE_FORMS)("%s", (_form, { open }) => {
  describe.each(MODES)("%j", (options) => {
    /** For each append. */
    const writes = options.rewriteHeaderOnAppend === false ? 1 : 2;

    /** The steps of appending, to a file that is open. */
    async function stepsOf(writesAtOnce: number, opening = open): Promise<readonly RecordedStep[]> {
      const storage = new FaultyStorage(saved(Float64Array.of(0)), { writesAtOnce });
      const npaa = await opening(storage, options);
      await npaa.append(Float64Array.of(0.5)); // after the check that is always due
      storage.steps.length = 0;
      for (const rows of [...APPENDS, MANY]) await npaa.append(rows);
      const { length } = storage.steps;
      await npaa.close();
      return storage.steps.slice(0, length);
    }

    test("the steps are those of the plan", async () => {
      const steps = await stepsOf(2 ** 16);
      // Synchronous writes are never handed to another thread, and need no plan either.
      expect(steps).toEqual(await stepsOf(0));
      expect(steps).toEqual(await stepsOf(0, NpyAppendArray.open));
      expect(steps.every(({ op }) => op === "write")).toBe(true);
      expect(steps).toHaveLength(writes * (APPENDS.length + 1));
    });

    test("whichever step fails, after whatever part of it, the rows are taken back and the next append goes on", async () => {
      for (let at = 0; at < writes * APPENDS.length; at++) {
        for (const after of [0, 1, 7, 64, 128]) {
          const storage = new FaultyStorage(saved(Float64Array.of(0)), { writesAtOnce: 2 ** 16 });
          const npaa = await open(storage, options);
          await npaa.append(Float64Array.of(0.5));
          storage.failAt(storage.steps.length + at, { after });
          const kept = [Float64Array.of(0, 0.5)];
          let failures = 0;
          for (const rows of APPENDS) {
            try {
              await npaa.append(rows);
              kept.push(rows);
            } catch (error) {
              failures++;
              expect(error).toBe(storage.errors[0]);
              await npaa.updateHeader();
              expect(storage.bytes()).toEqual(saved(concatenated(kept)));
            }
            expect(npaa.length).toBe(concatenated(kept).length);
          }
          await npaa.close();
          expect(failures).toBe(1);
          expect(storage.bytes()).toEqual(saved(concatenated(kept)));
        }
      }
    });

    test("many rows are taken back, too", async () => {
      for (const [at, after] of [
        [0, 0],
        [0, 70_001],
        [1, 0],
        [1, 64],
      ] as const) {
        if (at >= writes) continue;
        const storage = new FaultyStorage(saved(Float64Array.of(0)), { writesAtOnce: 2 ** 16 });
        const npaa = await open(storage, options);
        await npaa.append(Float64Array.of(0.5));
        storage.failAt(storage.steps.length + at, { after });
        const failure = await attempt(() => npaa.append(MANY)).catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(Error);
        expect(failure).toBe(storage.errors[0]);
        await npaa.append(Float64Array.of(1));
        await npaa.close();
        expect(storage.bytes()).toEqual(saved(Float64Array.of(0, 0.5, 1)));
      }
    });

    test("what cannot be taken back is ERR_NPY_BROKEN, and close lets go of the file", async () => {
      const storage = new FaultyStorage(saved(Float64Array.of(0)), { writesAtOnce: 2 ** 16 });
      const npaa = await open(storage, options);
      await npaa.append(Float64Array.of(0.5));
      storage.failFromNowOn();
      await expect(attempt(() => npaa.append(Float64Array.of(1)))).rejects.toThrow("ENOSPC");
      storage.failNever();
      for (const call of [() => npaa.append(Float64Array.of(1)), () => npaa.updateHeader(), () => npaa.close()])
        await expect(attempt(call)).rejects.toMatchObject({ code: "ERR_NPY_BROKEN" });
      expect(storage.openFiles).toBe(0);
    });
  });
});

test("appends of one turn are written with one header; what does not fit into one write goes on where that ended", async () => {
  const storage = new FaultyStorage(saved(Float64Array.of(0)), { writesAtOnce: 2 ** 16 });
  const npaa = await NpyAppendArray.open(storage);
  await npaa.append(Float64Array.of(0.5));
  storage.steps.length = 0;
  await Promise.all(APPENDS.map((rows) => npaa.append(rows)));
  expect(storage.steps).toHaveLength(2);
  const large = new Float64Array(20_000).fill(3);
  await Promise.all([...APPENDS, large, ...APPENDS].map((rows) => npaa.append(rows)));
  await npaa.append(Float64Array.of(4));
  await npaa.close();
  const all = concatenated([Float64Array.of(0, 0.5), ...APPENDS, ...APPENDS, large, ...APPENDS, Float64Array.of(4)]);
  expect(loadSync(storage).data).toEqual(all);
});
