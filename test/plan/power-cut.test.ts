/**
 * A power cut: what was synced is there, and of what was written since then anything may be, in any order. With durability "data" every
 * row whose append returned comes back with `recover`; with "full" it is there as it is.
 */
import { expect, test } from "vitest";
import {
  dtype,
  ensureAppendableSync,
  formatHeader,
  loadSync,
  MemoryStorage,
  needsRecoverySync,
  recoverSync,
} from "../../src/index.ts";
import { FaultyStorage, insertZeros, type RecordedStep } from "../support/faulty-storage.ts";
import { FORMS, PROCEDURES, rows } from "../support/procedures.ts";

/** The file after some steps; `undefined` until it is created. */
function replay(bytes: Uint8Array | undefined, steps: readonly RecordedStep[]): Uint8Array | undefined {
  const storage = new MemoryStorage(bytes);
  for (const { op, position = 0, bytes: written, size = 0 } of steps) {
    if (op === "create" && storage.bytes() === undefined) storage.createSync();
    else if (op === "write") storage.openSync("r+").writeSync(written as Uint8Array, position);
    else if (op === "truncate") storage.openSync("r+").truncateSync(size);
    else if (op === "insert") insertZeros(storage.openSync("r+"), size);
  }
  return storage.bytes();
}

/**
 * All that may be left when the power goes off after `steps`: any of those since the last sync. `parts` are what may be left of a write;
 * a whole one is the last of them.
 */
function* leftovers(
  bytes: Uint8Array | undefined,
  steps: readonly RecordedStep[],
  parts: readonly number[] = [1],
): Generator<Uint8Array | undefined> {
  const synced = steps.findLastIndex(({ op }) => op === "sync") + 1;
  const since = steps.slice(synced).filter(({ op }) => op === "write" || op === "truncate" || op === "insert");
  const safe = replay(bytes, steps.slice(0, synced));
  if (safe === undefined) return;
  const base = 1 + parts.length;
  for (let chosen = 0; chosen < base ** since.length; chosen++) {
    yield replay(
      safe,
      since.flatMap((step, i) => {
        const part = Math.floor(chosen / base ** i) % base;
        if (part === 0) return [];
        if (step.bytes === undefined) return step;
        return { ...step, bytes: step.bytes.slice(0, Math.floor(step.bytes.length * (parts[part - 1] as number))) };
      }),
    );
  }
}

const SAFE = PROCEDURES.filter(({ name }) => /^(create|append).*durability (data|full)/.test(name));

test("there are procedures to try", () => {
  expect(SAFE.length).toBe(16);
});

test.each(SAFE.map((procedure) => [procedure.name, procedure] as const))("%s", async (name, procedure) => {
  const [, verbs] = FORMS[0] as (typeof FORMS)[number];
  const storage = new FaultyStorage(procedure.bytes);
  const session = { verbs, storage, npaa: undefined };
  const needsNoRecovery = name.includes("full") && !procedure.mayNeedRecovery;
  let certain = procedure.rows.length;
  for (const call of procedure.calls) {
    const before = storage.steps.length;
    await call.make(session);
    const isLast = (at: number): boolean => at === storage.steps.length;
    for (let at = before; at <= storage.steps.length; at++) {
      for (const left of leftovers(procedure.bytes, storage.steps.slice(0, at))) {
        const context = `${call.verb}, cut after step ${at}`;
        const file = new MemoryStorage(left);
        const promised = isLast(at) ? call.rows.length : certain;
        if (left === undefined || left.length === 0) {
          expect(promised, context).toBe(0);
          continue;
        }
        if (needsNoRecovery) {
          const { data } = loadSync(file, { dtype: "int16" });
          expect(data.length, context).toBeGreaterThanOrEqual(promised);
          expect(data, context).toEqual(rows(0, data.length));
        }
        if (needsRecoverySync(file)) recoverSync(file);
        expect(loadSync(file, { dtype: "int16" }).data.subarray(0, promised), context).toEqual(rows(0, promised));
      }
    }
    certain = call.rows.length;
  }
});

const IN_PLACE = PROCEDURES.filter(({ name }) => name.includes("in place"));

test("in place there are procedures to try", () => {
  expect(IN_PLACE.length).toBe(6);
});

test.each(IN_PLACE.map((procedure) => [procedure.name, procedure] as const))("%s", async (_, procedure) => {
  const [, verbs] = FORMS[0] as (typeof FORMS)[number];
  const storage = new FaultyStorage(procedure.bytes, procedure.storage);
  await procedure.calls[0]?.make({ verbs, storage, npaa: undefined });
  const steps = storage.steps.filter(({ op }) => op !== "insert" || !procedure.storage?.refusesInsert);
  for (let at = 0; at <= steps.length; at++) {
    for (const left of leftovers(procedure.bytes, steps.slice(0, at), [0.3, 0.8, 1])) {
      const context = `cut after step ${at}`;
      const file = new MemoryStorage(left);
      if (needsRecoverySync(file)) {
        expect(() => loadSync(file), context).toThrow(expect.objectContaining({ code: "ERR_NPY_NEEDS_RECOVERY" }));
        recoverSync(file);
      }
      expect(loadSync(file, { dtype: "int16" }).data, context).toEqual(procedure.rows);
      ensureAppendableSync(file, { inplace: true });
      expect(loadSync(file, { dtype: "int16" }).data, context).toEqual(procedure.rows);
    }
  }
});

test("ensureAppendable: the copy is safe before it takes the place of the file, and its name before it returns", () => {
  const layout = { dtype: dtype("<i2"), fortranOrder: false, shape: [3], headerLength: 80 };
  const storage = new FaultyStorage(Buffer.concat([formatHeader(layout), Buffer.from(rows(0, 3).buffer)]));
  ensureAppendableSync(storage);
  const steps = storage.steps.map(({ op }) => op);
  expect(steps.slice(steps.lastIndexOf("write"))).toEqual(["write", "copyTimes", "sync", "close", "replace", "sync", "close"]);
});

test("recover: the data are whole and safe before the header counts them", () => {
  const header = formatHeader({ dtype: dtype("<i2"), fortranOrder: false, shape: [1] });
  const storage = new FaultyStorage(Buffer.concat([header, Buffer.from(rows(0, 3).buffer, 0, 5)]));
  recoverSync(storage);
  const steps = storage.steps.map(({ op }) => op);
  expect(steps.slice(steps.indexOf("truncate"))).toEqual(["truncate", "sync", "write", "sync", "close"]);
});
