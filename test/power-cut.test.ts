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
} from "../src/index.ts";
import type { StorageFile } from "../src/storage/storage.ts";
import { FaultyStorage, insertZeros, type RecordedStep } from "./support/faulty-storage.ts";
import { type Appender, attempt } from "./support/forms.ts";
import { FORMS, PROCEDURES, rows } from "./support/procedures.ts";

/** The file after some steps; `undefined` until it is created. */
function replay(bytes: Uint8Array | undefined, steps: readonly Outcome[]): Uint8Array | undefined {
  const storage = new MemoryStorage(bytes);
  for (const { op, position = 0, bytes: written, size = 0 } of steps) {
    if (op === "create" && storage.bytes() === undefined) storage.createSync();
    else if (op === "write") storage.openSync("r+").writeSync(written as Uint8Array, position);
    else if (op === "truncate") storage.openSync("r+").truncateSync(size);
    else if (op === "insert") insertZeros(storage.openSync("r+"), size);
    else if (op === "zeroTail") zeroTail(storage.openSync("r+"), size, position);
  }
  return storage.bytes();
}

/** A file system that has only begun to cut a file: ext4 and XFS zero the rest of the last block on the disk before the new size is safe. */
function zeroTail(file: StorageFile, size: number, blockSize: number): void {
  const end = Math.min(file.sizeSync(), Math.ceil(size / blockSize) * blockSize);
  if (end > size) file.writeSync(new Uint8Array(end - size), size);
}

/** Sizes of blocks: one that ends in the middle of what these small files hold, and one that holds them whole. */
const BLOCK_SIZES = [64, 4096];

/** A step, or one that a file system has only begun. */
type Outcome = Omit<RecordedStep, "op"> & { readonly op: RecordedStep["op"] | "zeroTail" };

/** What may be left of a step that was not synced: nothing, some of it, or all. `parts` are those of a write. */
function outcomes(step: RecordedStep, parts: readonly number[]): Outcome[][] {
  const { bytes, op } = step;
  if (bytes !== undefined)
    return [[], ...parts.map((part) => [{ ...step, bytes: bytes.slice(0, Math.floor(bytes.length * part)) }])];
  if (op === "truncate") return [[], [step], ...BLOCK_SIZES.map((position) => [{ ...step, op: "zeroTail" as const, position }])];
  return [[], [step]];
}

/** All that may be left when the power goes off after `steps`: any of those since the last sync, whole or in part. */
function* leftovers(
  bytes: Uint8Array | undefined,
  steps: readonly RecordedStep[],
  parts: readonly number[] = [1],
): Generator<Uint8Array | undefined> {
  const synced = steps.findLastIndex(({ op }) => op === "sync") + 1;
  const since = steps.slice(synced).filter(({ op }) => op === "write" || op === "truncate" || op === "insert");
  const safe = replay(bytes, steps.slice(0, synced));
  if (safe === undefined) return;
  const choices = since.map((step) => outcomes(step, parts));
  const count = choices.reduce((product, { length }) => product * length, 1);
  for (let chosen = 0; chosen < count; chosen++) {
    let rest = chosen;
    yield replay(
      safe,
      choices.flatMap((outcome) => {
        const left = outcome[rest % outcome.length] as Outcome[];
        rest = Math.floor(rest / outcome.length);
        return left;
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

const CHANGES = {
  set: { make: (npaa: Appender) => npaa.set(3, rows(50, 53)), after: [...rows(0, 3), ...rows(50, 53), ...rows(6, 10)] },
  truncate: { make: (npaa: Appender) => npaa.truncate(6), after: [...rows(0, 6)] },
  // The header counts fewer, then the file is cut, then rows take the place of those that were cut off.
  "truncate and append": {
    make: async (npaa: Appender) => {
      await npaa.truncate(6);
      await npaa.append(rows(70, 72));
    },
    after: [...rows(0, 6), ...rows(70, 72)],
  },
};

test.each(
  Object.entries(CHANGES).flatMap(([name, change]) =>
    (["os", "data", "full"] as const).flatMap((durability) =>
      [true, false].map((rewriteHeaderOnAppend) => [name, durability, rewriteHeaderOnAppend, change] as const),
    ),
  ),
)("%s, durability %s, a header with each append: %s", async (name, durability, rewriteHeaderOnAppend, { make, after }) => {
  const [, verbs] = FORMS[0] as (typeof FORMS)[number];
  const before = [...rows(0, 10)];
  const header = formatHeader({ dtype: dtype("<i2"), fortranOrder: false, shape: [8] });
  const bytes = Buffer.concat([header, Buffer.from(rows(0, 8).buffer)]);
  const storage = new FaultyStorage(bytes);
  const npaa = await verbs.open(storage, { durability, rewriteHeaderOnAppend });
  await npaa.append(rows(8, 10));
  await npaa.sync();
  const first = storage.steps.length;
  await make(npaa);
  let isCutAnywhere = false;
  for (let at = first; at <= storage.steps.length; at++) {
    // A header is within one sector, and `set` writes none.
    for (const left of leftovers(bytes, storage.steps.slice(0, at), name === "set" ? [0.3, 0.8, 1] : [1])) {
      const context = `cut after step ${at}`;
      const file = new MemoryStorage(left);
      let counted: Int16Array | undefined;
      // No row is counted that is not there. Appended ones may be, unless durability is "full".
      if (name !== "truncate and append" || durability === "full") counted = loadSync(file, { dtype: "int16" }).data;
      if (needsRecoverySync(file)) recoverSync(file);
      const found = [...loadSync(file, { dtype: "int16" }).data];
      isCutAnywhere ||= found.length < before.length;
      // The kept rows were safe, and stay so, whatever block they share with rows that are cut off.
      const kept = name === "set" ? [...before.keys()].filter((i) => i < 3 || i > 5) : [...before.keys()].slice(0, 6);
      for (const i of kept) expect(found[i], `${context}, row ${i}`).toBe(before[i]);
      for (const i of name === "set" ? [3, 4, 5] : []) expect([before[i], after[i]], `${context}, row ${i}`).toContain(found[i]);
      if (durability === "os" || at < storage.steps.length) continue;
      expect(found, context).toEqual(after);
      if (durability === "full" && rewriteHeaderOnAppend) expect([...(counted ?? [])], context).toEqual(after);
    }
  }
  expect(isCutAnywhere).toBe(name !== "set");
});

test.each(["truncate", "sync"])(
  "a truncate that fails at its %s, durability full: all rows are safe and counted again",
  async (op) => {
    const [, verbs] = FORMS[0] as (typeof FORMS)[number];
    const header = formatHeader({ dtype: dtype("<i2"), fortranOrder: false, shape: [8] });
    const bytes = Buffer.concat([header, Buffer.from(rows(0, 8).buffer)]);
    const truncated = async (failAt?: number): Promise<FaultyStorage> => {
      const storage = new FaultyStorage(bytes);
      const npaa = await verbs.open(storage, { durability: "full" });
      if (failAt === undefined) return await Promise.resolve(npaa.truncate(6)).then(() => storage);
      storage.failAt(failAt);
      await expect(attempt(() => npaa.truncate(6))).rejects.toBe(storage.errors[0]);
      return storage;
    };
    const { steps } = await truncated();
    const storage = await truncated(steps.findIndex((step) => step.op === op));
    // The step that failed did nothing.
    const done = storage.steps.filter((_, i) => steps.findIndex((step) => step.op === op) !== i);
    for (const left of leftovers(bytes, done)) {
      expect(loadSync(new MemoryStorage(left), { dtype: "int16" }).data).toEqual(rows(0, 8));
    }
  },
);

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

const RECOVER = PROCEDURES.filter(({ name }) => name.startsWith("recover,"));

test("there are files to recover", () => {
  expect(RECOVER.length).toBe(5);
});

test.each(RECOVER.map((procedure) => [procedure.name, procedure] as const))("%s", async (_, procedure) => {
  const [, verbs] = FORMS[0] as (typeof FORMS)[number];
  const [call] = procedure.calls;
  const recover = async (storage: FaultyStorage): Promise<unknown> => call?.make({ verbs, storage, npaa: undefined });
  const storage = new FaultyStorage(procedure.bytes);
  await recover(storage);
  for (let at = 0; at <= storage.steps.length; at++) {
    for (const left of leftovers(procedure.bytes, storage.steps.slice(0, at), [0.3, 0.8, 1])) {
      const again = new FaultyStorage(left);
      await recover(again);
      expect(loadSync(new MemoryStorage(again.bytes()), { dtype: "int16" }).data, `cut after step ${at}`).toEqual(call?.rows);
    }
  }
});

test("ensureAppendable: the copy is safe before it takes the place of the file, and its name before it returns", () => {
  const layout = { dtype: dtype("<i2"), fortranOrder: false, shape: [3], headerLength: 80 };
  const storage = new FaultyStorage(Buffer.concat([formatHeader(layout), Buffer.from(rows(0, 3).buffer)]));
  ensureAppendableSync(storage);
  // What is looked at, or closed, in between matters to Windows alone.
  const steps = storage.steps.map(({ op }) => op).filter((op) => !["size", "open", "close"].includes(op));
  expect(steps.slice(steps.lastIndexOf("write"))).toEqual(["write", "copyTimes", "sync", "replace", "sync"]);
  expect(storage.openFiles).toBe(0);
});

test("recover: the data are whole and safe before the header counts them", () => {
  const header = formatHeader({ dtype: dtype("<i2"), fortranOrder: false, shape: [1] });
  const storage = new FaultyStorage(Buffer.concat([header, Buffer.from(rows(0, 3).buffer, 0, 5)]));
  recoverSync(storage);
  const steps = storage.steps.map(({ op }) => op);
  expect(steps.slice(steps.indexOf("truncate"))).toEqual(["truncate", "sync", "write", "sync", "close"]);
});
