/**
 * Every procedure, stopped or failed at every one of its steps: no row whose append returned is lost.
 *
 * Of a write that is interrupted some bytes are in the file. When a process is killed that holds for data: a header lies within one page,
 * which a system writes whole or not at all. A header write that fails may leave any part of it.
 */
import { describe, expect, test } from "vitest";
import { loadSync, MemoryStorage, needsRecoverySync, recoverSync } from "../../src/index.ts";
import { FaultyStorage, type RecordedStep } from "../support/faulty-storage.ts";
import { FORMS, PROCEDURES, type Procedure, type Session, type Verbs } from "../support/procedures.ts";

function begin({ bytes }: Procedure, verbs: Verbs): Session {
  return { verbs, storage: new FaultyStorage(bytes, { isSlow: true }), npaa: undefined };
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

/** Every step that can be interrupted, and how many bytes of it may be in the file then. */
function interruptions(
  steps: readonly RecordedStep[],
  headersAreTorn: boolean,
): { at: number; after: number; context: string }[] {
  return steps.flatMap(({ op, bytes, position }, at) => {
    const length = bytes?.length ?? 0;
    const tears = length === 0 ? [0] : position === 0 && !headersAreTorn ? [0, length] : [0, 1, length >> 1, length - 1, length];
    return [...new Set(tears)].map((after) => ({ at, after, context: `step ${at} (${op}) interrupted after ${after} bytes` }));
  });
}

/** All rows of a file, recovered if it needs to be; an absent or empty file has none. */
function recovered(bytes: Uint8Array | undefined): Int16Array {
  if (bytes === undefined || bytes.length === 0) return new Int16Array(0);
  const copy = new MemoryStorage(bytes);
  if (needsRecoverySync(copy)) recoverSync(copy);
  return loadSync(copy, { dtype: "int16" }).data;
}

/** The rows that a reader gets. */
function readable(bytes: Uint8Array | undefined): Int16Array {
  if (bytes === undefined || bytes.length === 0) return new Int16Array(0);
  return loadSync(new MemoryStorage(bytes), { dtype: "int16" }).data;
}

function startsWith(all: Int16Array, part: Int16Array): boolean {
  const bytes = (array: Int16Array): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, part.byteLength);
  return part.length <= all.length && Buffer.compare(bytes(all), bytes(part)) === 0;
}

function equal(a: Int16Array, b: Int16Array): boolean {
  return a.length === b.length && startsWith(a, b);
}

/** Whether a file holds what it held before a call that was interrupted, or after it, or the first of the rows that it adds. */
function isBetween(held: Int16Array, before: Int16Array, after: Int16Array): boolean {
  return equal(held, before) || equal(held, after) || (startsWith(held, before) && startsWith(after, held));
}

describe.each(FORMS)("%s", (_form, verbs) => {
  describe.each(PROCEDURES.map((procedure) => [procedure.name, procedure] as const))("%s", (_name, procedure) => {
    test("the process stops: every row whose append returned is there, or comes back with recover", async () => {
      for (const { at, after, context } of interruptions(await stepsOf(procedure, verbs), false)) {
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
      for (const { at, after, context } of interruptions(await stepsOf(procedure, verbs), true)) {
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
            // The name of a new file could not be made safe: its rows were taken back, the old file cannot be.
            const isReplaced = call.verb !== "save" && storage.steps.some(({ op }) => op === "replace");
            const isRecovery = ["open", "recover"].includes(call.verb) && procedure.mayNeedRecovery;
            expect(
              equal(held, certain) || (isReplaced && held.length === 0) || (isRecovery && equal(held, call.rows)),
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

    test("a step and everything after it fail: the first error is told, nothing is kept open or claimed", async () => {
      for (const { at, after, context } of interruptions(await stepsOf(procedure, verbs), false)) {
        const session = begin(procedure, verbs);
        const { storage } = session;
        storage.failFrom(at, { after });
        let certain = procedure.rows;
        for (const call of procedure.calls) {
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
          const isBroken = isGrowing && (call.verb === "append" || (call.verb === "updateHeader" && failed === "write"));
          if (isBroken) {
            const broken = expect.objectContaining({ code: "ERR_NPY_BROKEN", cause: storage.errors[0] });
            for (const { verb, make } of procedure.calls) {
              if (!["append", "updateHeader", "sync"].includes(verb)) continue;
              await expect(make(session), `${context}: ${verb}`).rejects.toEqual(broken);
            }
            await expect((async () => session.npaa?.close())(), context).rejects.toEqual(broken);
          }
          // Synchronously, `close` reports what it met once, and does nothing more then.
          if (!isBroken && call.verb !== "close") await session.npaa?.close();
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
