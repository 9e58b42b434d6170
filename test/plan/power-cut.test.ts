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
import { FaultyStorage, type RecordedStep } from "../support/faulty-storage.ts";
import { FORMS, PROCEDURES, rows } from "../support/procedures.ts";

/** The file after some steps; `undefined` until it is created. */
function replay(bytes: Uint8Array | undefined, steps: readonly RecordedStep[]): Uint8Array | undefined {
  const storage = new MemoryStorage(bytes);
  for (const { op, position = 0, bytes: written, size = 0 } of steps) {
    if (op === "create" && storage.bytes() === undefined) storage.createSync();
    else if (op === "write") storage.openSync("r+").writeSync(written as Uint8Array, position);
    else if (op === "truncate") storage.openSync("r+").truncateSync(size);
  }
  return storage.bytes();
}

/** All that may be left when the power goes off after `steps`. */
function* leftovers(bytes: Uint8Array | undefined, steps: readonly RecordedStep[]): Generator<Uint8Array | undefined> {
  const synced = steps.findLastIndex(({ op }) => op === "sync") + 1;
  const since = steps.slice(synced).filter(({ op }) => op === "write" || op === "truncate");
  const safe = replay(bytes, steps.slice(0, synced));
  if (safe === undefined) return;
  for (let chosen = 0; chosen < 2 ** since.length; chosen++) {
    yield replay(
      safe,
      since.filter((_, i) => chosen & (1 << i)),
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

test("ensureAppendable: the copy is safe before it takes the place of the file, and its name before it returns", () => {
  const layout = { dtype: dtype("<i2"), fortranOrder: false, shape: [3], headerLength: 80 };
  const storage = new FaultyStorage(Buffer.concat([formatHeader(layout), Buffer.from(rows(0, 3).buffer)]));
  ensureAppendableSync(storage);
  const steps = storage.steps.map(({ op }) => op);
  expect(steps.slice(steps.lastIndexOf("write"))).toEqual(["write", "sync", "close", "replace", "sync", "close"]);
});

test("recover: the data are whole and safe before the header counts them", () => {
  const header = formatHeader({ dtype: dtype("<i2"), fortranOrder: false, shape: [1] });
  const storage = new FaultyStorage(Buffer.concat([header, Buffer.from(rows(0, 3).buffer, 0, 5)]));
  recoverSync(storage);
  const steps = storage.steps.map(({ op }) => op);
  expect(steps.slice(steps.indexOf("truncate"))).toEqual(["truncate", "sync", "write", "sync", "close"]);
});
