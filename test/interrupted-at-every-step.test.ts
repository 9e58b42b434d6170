/**
 * Every procedure, stopped or failed at every one of its steps: no row whose append returned is lost.
 *
 * Of a write that is interrupted some bytes are in the file. When a process is killed that holds for data: a header lies within one page,
 * which a system writes whole or not at all. A header write that fails may leave any part of it.
 */
import { beforeEach, describe, expect, test } from "vitest";
import { MemoryStorage, type NpyAppendArraySync, recoverSync, saveSync } from "../src/index.ts";
import { rushClock } from "./support/clock.ts";
import { sampled } from "./support/effort.ts";
import { FaultyStorage, type RecordedStep } from "./support/faulty-storage.ts";
import { equal, type Interruption, interruptions, isBetween, readable, recovered, startsWith } from "./support/interruptions.ts";
import { type Call, FORMS, PROCEDURES, type Procedure, rows, type Session, type Verbs } from "./support/procedures.ts";

// Every time the same steps, and all that there can be.
beforeEach(rushClock);

function begin({ bytes, storage }: Procedure, verbs: Verbs): Session {
  return { verbs, storage: new FaultyStorage(bytes, { ...storage, isSlow: true }), npaa: undefined };
}

/** Where a procedure can be interrupted; one place in seven in `npm test`. */
async function interruptionsOf(procedure: Procedure, verbs: Verbs, headersAreTorn: boolean): Promise<Interruption[]> {
  return sampled(interruptions(await stepsOf(procedure, verbs), headersAreTorn), 7);
}

/** The steps of a procedure that nothing interrupts. */
async function stepsOf(procedure: Procedure, verbs: Verbs): Promise<readonly RecordedStep[]> {
  const session = begin(procedure, verbs);
  for (const call of procedure.calls) {
    await call.make(session);
    expect(equal(recovered(session.storage.bytes()), call.rows), call.verb).toBe(true);
  }
  expect(session.storage).toMatchObject({ openFiles: 0, temporaries: new Set() });
  return session.storage.steps;
}

/** The name of a file that replaced another could not be made safe: its first rows were taken back, which the old file cannot be. */
function isTakenBack(held: Int16Array, { verb }: Call, { steps }: FaultyStorage): boolean {
  return held.length === 0 && ["open", "append"].includes(verb) && steps.some(({ op }) => op === "replace");
}

describe.each(FORMS)("%s", (_form, verbs) => {
  describe.each(PROCEDURES.map((procedure) => [procedure.name, procedure] as const))("%s", (_name, procedure) => {
    test("the process stops: every row whose append returned is there, or comes back with recover", async () => {
      for (const { at, after, context } of await interruptionsOf(procedure, verbs, false)) {
        const session = begin(procedure, verbs);
        const { storage } = session;
        storage.stopAt(at, { after });
        let certain = procedure.rows;
        let interrupted: Int16Array | undefined;
        for (const call of procedure.calls) {
          try {
            await call.make(session);
            certain = call.rows;
          } catch (error) {
            expect(error, context).toBe(storage.errors[0]);
            interrupted = call.rows;
            break;
          }
        }
        if (interrupted === undefined) throw new Error(`${context}: nothing was interrupted`);
        expect(isBetween(recovered(storage.bytes()), certain, interrupted), context).toBe(true);
        // Without recovery readers see what the header counts, which is there.
        if (!procedure.mayNeedRecovery) expect(isBetween(readable(storage.bytes()), certain, interrupted), context).toBe(true);
      }
    });

    test("a step fails: the call says why, the file holds what it held, and the call can be made again", async () => {
      for (const { at, after, context } of await interruptionsOf(procedure, verbs, true)) {
        const session = begin(procedure, verbs);
        const { storage } = session;
        storage.failAt(at, { after });
        let certain = procedure.rows;
        for (const call of procedure.calls) {
          try {
            await call.make(session);
          } catch (error) {
            expect(error, context).toBe(storage.errors[0]);
            expect(storage.temporaries.size, context).toBe(0);
            const held = recovered(storage.bytes());
            const isRecovery = ["open", "recover"].includes(call.verb) && procedure.mayNeedRecovery;
            expect(
              equal(held, certain) || isTakenBack(held, call, storage) || (isRecovery && equal(held, call.rows)),
              context,
            ).toBe(true);
            if (!procedure.mayNeedRecovery) expect(equal(readable(storage.bytes()), held), context).toBe(true);
            if (call.verb !== "close") await call.make(session);
          }
          certain = call.rows;
          expect(equal(recovered(storage.bytes()), certain), `${context}: ${call.verb}`).toBe(true);
        }
        expect(storage.errors, context).toHaveLength(1);
        expect(storage.openFiles, context).toBe(0);
        expect(storage.temporaries.size, context).toBe(0);
        // Nobody claims the file any more.
        expect(recoverSync(storage).rowsAfter, context).toBe(certain.length);
      }
    });

    test("a step fails, and the process stops while that is taken back: no row is lost either", async () => {
      for (const { at, after, context } of await interruptionsOf(procedure, verbs, false)) {
        // Nothing takes more steps to be taken back.
        for (const stop of [at + 1, at + 2, at + 3]) {
          const session = begin(procedure, verbs);
          const { storage } = session;
          storage.failAt(at, { after });
          storage.stopAt(stop);
          let certain = procedure.rows;
          for (const call of procedure.calls) {
            try {
              await call.make(session);
              certain = call.rows;
            } catch (error) {
              expect(error, context).toBe(storage.errors[0]);
              const held = recovered(storage.bytes());
              const isLeft = isBetween(held, certain, call.rows) || isTakenBack(held, call, storage);
              expect(isLeft, `${context}, stopped at ${stop}`).toBe(true);
              // The header never counts rows that were cut off.
              if (!procedure.mayNeedRecovery) expect(startsWith(held, readable(storage.bytes())), context).toBe(true);
              break;
            }
          }
          expect(storage.errors.length, context).toBeGreaterThan(0);
        }
      }
    });

    test("a step and everything after it fail: the first error is told, nothing is kept open or claimed", async () => {
      for (const { at, after, context } of await interruptionsOf(procedure, verbs, false)) {
        const session = begin(procedure, verbs);
        const { storage } = session;
        storage.failFrom(at, { after });
        let certain = procedure.rows;
        for (const call of procedure.calls) {
          const begun = storage.steps.length;
          try {
            await call.make(session);
            certain = call.rows;
            continue;
          } catch (error) {
            expect(error, context).toBe(storage.errors[0]);
          }
          const failed = storage.steps[at]?.op;
          storage.failNever();
          const isGrowing = session.npaa?.shape !== undefined;
          // A check that fails before data are written leaves nothing to take back.
          const isCheck = failed === "size" || failed === "read";
          const hasWritten = storage.steps.slice(begun, at).some(({ op, position }) => op === "write" && position !== 0);
          const isBroken =
            isGrowing &&
            !procedure.isMapped &&
            ((call.verb === "append" && (hasWritten || !isCheck)) || (call.verb === "updateHeader" && failed === "write"));
          if (isBroken) {
            const broken = expect.objectContaining({ code: "ERR_NPY_BROKEN", cause: storage.errors[0] });
            for (const { verb, make } of procedure.calls) {
              if (!["append", "updateHeader", "sync"].includes(verb)) continue;
              await expect(make(session), `${context}: ${verb}`).rejects.toEqual(broken);
            }
            await expect((async () => session.npaa?.close())(), context).rejects.toEqual(broken);
          }
          // Synchronously, `close` reports what it met once, and does nothing more then.
          if (!isBroken && call.verb !== "close") {
            try {
              await session.npaa?.close();
            } catch (error) {
              expect(procedure.isMapped && error, context).toMatchObject({ code: "ERR_NPY_BROKEN" });
            }
          }
          expect(storage.openFiles, context).toBe(0);
          expect(isBetween(recovered(storage.bytes()), certain, call.rows), context).toBe(true);
          if (storage.bytes()?.length) expect(() => recoverSync(storage), context).not.toThrow();
          break;
        }
        expect(storage.errors.length, context).toBeGreaterThan(0);
      }
    });
  });
});

test("windows are open where the procedures say so", async () => {
  const [, verbs] = FORMS[0] as (typeof FORMS)[number];
  for (const procedure of PROCEDURES.filter(({ isMapped }) => isMapped)) {
    const ops = (await stepsOf(procedure, verbs)).map(({ op }) => op);
    expect(ops.indexOf("mapEnd"), procedure.name).toBeGreaterThan(ops.indexOf("reserve"));
    expect(ops, procedure.name).toContain("reserve");
  }
});

test("a header that is torn within its digits says too many rows or too few, and recover brings all back", () => {
  const [, verbs] = FORMS[0] as (typeof FORMS)[number];
  for (const [before, after] of [
    [19, 20],
    [100, 998],
    [1_099, 2_000],
  ] as const) {
    const start = new MemoryStorage();
    saveSync(start, rows(0, before));
    for (let torn = 0; torn <= 128; torn++) {
      const storage = new FaultyStorage(start.bytes());
      const npaa = verbs.open(storage, {}) as NpyAppendArraySync;
      // After the check, and the data.
      const header = storage.steps.length + 3;
      storage.stopAt(header, { after: torn });
      expect(() => npaa.append(rows(before, after))).toThrow("stopped");
      expect(storage.steps[header]).toMatchObject({ op: "write", position: 0 });
      expect(equal(recovered(storage.bytes()), rows(0, after))).toBe(true);
    }
  }
});
