/** The two drivers of plans. */
import { describe, expect, test } from "vitest";
import { MemoryStorage } from "../src/index.ts";
import { run, runSync } from "../src/plan/run.ts";
import {
  close,
  closing,
  create,
  discard,
  finishWrite,
  open,
  type Plan,
  quietly,
  read,
  size,
  startWrite,
  sync,
  truncate,
  withFile,
  write,
} from "../src/plan/step.ts";
import type { Eventually, Storage } from "../src/storage/storage.ts";
import { rushClock } from "./support/clock.ts";
import { FaultyStorage, type StorageOptions } from "./support/faulty-storage.ts";
import { FORMS, PROCEDURES } from "./support/procedures.ts";

/** A storage whose asynchronous operations have to be waited for. */
function slow(bytes?: Uint8Array, like: StorageOptions = {}): FaultyStorage {
  return new FaultyStorage(bytes, { ...like, isSlow: true });
}

const DRIVERS: [string, <Result>(plan: Plan<Result>) => Eventually<Result>, () => FaultyStorage][] = [
  ["runSync", runSync, slow],
  ["run, waiting for no step", run, () => new FaultyStorage()],
  ["run, waiting for every step", run, slow],
];

describe.each(DRIVERS)("%s", (_, drive, make) => {
  test("gives each step's result to the plan, and the plan's to the caller", async () => {
    const storage = make();
    const result = await drive(
      (function* () {
        const file = yield* create(storage);
        yield* write(file, Uint8Array.of(1, 2, 3), 0);
        const buffer = new Uint8Array(9);
        const found = [yield* size(file), yield* read(file, buffer, 1), ...buffer.subarray(0, 3)];
        yield* close(file);
        return found;
      })(),
    );
    expect(result).toEqual([3, 2, 2, 3, 0]);
  });

  test("throws a step's error into the plan, which may go on", async () => {
    const storage = make();
    const result = await drive(
      (function* () {
        try {
          yield* open(storage, "r");
        } catch (error) {
          expect(error).toMatchObject({ code: "ENOENT" });
          const file = yield* create(storage);
          yield* close(file);
          return "created";
        }
        return "opened";
      })(),
    );
    expect(result).toBe("created");
  });

  test("throws what the plan throws, as it is, at any place", async () => {
    const storage = make();
    const reason = new Error("the plan's own");
    for (const steps of [0, 1, 3]) {
      const plan = (function* () {
        for (let i = 0; i < steps; i++) yield* quietly(withFile(storage, "r", size as never));
        throw reason;
      })();
      await expect((async () => drive(plan))()).rejects.toBe(reason);
    }
    // An error that the plan does not handle.
    await expect((async () => drive(open(storage, "r")))()).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("the steps of a finally block are run, before the error is told", async () => {
    const storage = make();
    const ran: string[] = [];
    const plan = (function* () {
      const file = yield* create(storage);
      try {
        yield* open(storage, "r+");
        storage.failNextWrite();
        yield* write(file, Uint8Array.of(1), 0);
        ran.push("not reached");
      } finally {
        ran.push(`size ${yield* size(file)}`);
        yield* close(file);
      }
    })();
    await expect((async () => drive(plan))()).rejects.toThrow("ENOSPC");
    expect(ran).toEqual(["size 0"]);
    expect(storage.steps.map(({ op }) => op)).toEqual(["create", "open", "write", "size", "close"]);
  });

  test("cleaning up hides no error: the first one is told", async () => {
    const storage = make();
    const file = await storage.create();
    storage.failFromNowOn();
    const first = new Error("first");
    const failing = function* (): Plan<never> {
      yield* quietly(size(file) as Plan<never>);
      throw first;
    };
    await expect((async () => drive(closing(file, failing)))()).rejects.toBe(first);
    storage.failNever();
    // A file whose closing failed is closed; one whose closing is all that fails is an error.
    expect(storage.openFiles).toBe(0);
    const other = await storage.createTemporary();
    storage.failFromNowOn();
    await expect((async () => drive(closing(other, () => quietly(size(other) as Plan<never>))))()).rejects.toThrow("ENOSPC");
    storage.failNever();
    const third = await storage.createTemporary();
    storage.failAt(storage.steps.length);
    await drive(discard(storage, third));
    expect(storage.openFiles).toBe(0);
    // That it could not be closed is no reason to leave it there.
    expect(storage.temporaries.has(third.key)).toBe(false);
  });
});

test("run returns at once if no step had to be waited for, and throws at once", async () => {
  const creating = (storage: Storage): Plan<number> =>
    withFile(storage, "r", function* (file) {
      return yield* size(file);
    });
  expect(run(creating(new MemoryStorage(new Uint8Array(7))))).toBe(7);
  expect(() => run(creating(new MemoryStorage()))).toThrow("ENOENT");
  const later = run(creating(slow(new Uint8Array(7))));
  expect(later).toBeInstanceOf(Promise);
  expect(await later).toBe(7);
});

test("run begins no step before the one before it has ended", async () => {
  const log: string[] = [];
  const wait = (name: string): Promise<void> => {
    log.push(`${name} begins`);
    return new Promise((resolve) => setImmediate(resolve)).then(() => void log.push(`${name} ends`));
  };
  const file = { ...new MemoryStorage().createSync(), sync: () => wait("sync"), truncate: () => wait("truncate") } as never;
  const both = run(
    (function* (): Plan<void> {
      yield* sync(file);
      yield* truncate(file, 0);
      yield* sync(file);
    })(),
  );
  expect(log).toEqual(["sync begins"]);
  await both;
  expect(log).toEqual(["sync begins", "sync ends", "truncate begins", "truncate ends", "sync begins", "sync ends"]);
});

test("any thenable that a storage gives is waited for", async () => {
  const log: string[] = [];
  /** Has `then` and nothing else, as little as a thenable may have. */
  const thenable = (act: (resolve: () => void, reject: (error: Error) => void) => void): unknown =>
    // biome-ignore lint/suspicious/noThenProperty: what is tested
    Object.fromEntries([["then", (resolve: never, reject: never) => setImmediate(() => act(resolve, reject))]]);
  const later = (name: string): unknown =>
    thenable((resolve) => {
      log.push(name);
      resolve();
    });
  const failing = thenable((_, reject) => reject(new Error("not synced")));
  const file = { truncate: () => later("truncate"), write: () => later("write"), sync: () => failing } as never;
  const all = run(
    (function* (): Plan<void> {
      yield* truncate(file, 0);
      const started = yield* startWrite(file, new Uint8Array(1), 0);
      log.push("the write has begun");
      yield* finishWrite(started);
      yield* sync(file);
    })(),
  );
  await expect(all).rejects.toThrow("not synced");
  expect(log).toEqual(["truncate", "the write has begun", "write"]);
});

test.each(PROCEDURES.map((procedure) => [procedure.name, procedure] as const))(
  "both drivers take the same steps: %s",
  async (_, { bytes, calls, storage: like }) => {
    rushClock();
    const [synchronous, asynchronous] = await Promise.all(
      FORMS.map(async ([, verbs]) => {
        const storage = slow(bytes, like);
        const session = { verbs, storage, npaa: undefined };
        for (const call of calls) await call.make(session);
        expect(storage.steps.length).toBeGreaterThan(calls.length);
        return storage;
      }),
    );
    expect(asynchronous?.steps.map(({ op }) => op)).toEqual(synchronous?.steps.map(({ op }) => op));
    expect(asynchronous?.steps.length).toBe(synchronous?.steps.length);
    for (const [i, step] of (synchronous?.steps ?? []).entries()) {
      const { bytes: written, ...rest } = asynchronous?.steps[i] ?? {};
      const { bytes: expected, ...others } = step;
      expect(rest).toEqual(others);
      expect(Buffer.compare(written ?? new Uint8Array(0), expected ?? new Uint8Array(0))).toBe(0);
    }
    expect(Buffer.compare(asynchronous?.bytes() as Uint8Array, synchronous?.bytes() as Uint8Array)).toBe(0);
  },
);
