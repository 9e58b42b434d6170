/**
 * ensureAppendable in place, interrupted at every step, and again while it is being completed: while it is under way nothing takes the file
 * for a `.npy` file, and what comes out is what had come out if nothing had happened.
 */
import { describe, expect, test } from "vitest";
import {
  dtype,
  ensureAppendableSync,
  formatHeader,
  inspectSync,
  isAppendableSync,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  NpyReader,
  needsRecoverySync,
  recoverSync,
  saveSync,
} from "../src/index.ts";
import { type Journal, lastRecord, readJournal, sizeWithJournal, writeJournal, writeRecord } from "../src/plan/journal.ts";
import { type InPlaceSizes, rewriteInPlace } from "../src/plan/rewrite/in-place.ts";
import { runSync } from "../src/plan/run.ts";
import { sampled } from "./support/effort.ts";
import { FaultyStorage, insertZeros, type RecordedStep, type StorageOptions } from "./support/faulty-storage.ts";

const TIGHT = 80;
const DISTANCE = 128 - TIGHT;
const BLOCK_SIZE = 512;

/** A file of `length` bytes under a header without room, and the one that numpy.save writes. */
function files(length: number): { tight: Uint8Array; roomy: Uint8Array } {
  const data = Uint8Array.from({ length }, (_, i) => 1 + ((i * 7 + (i >> 8)) % 255));
  const header = formatHeader({ dtype: dtype("|u1"), fortranOrder: false, shape: [length], headerLength: TIGHT });
  const saved = new MemoryStorage();
  saveSync(saved, data);
  return { tight: Buffer.concat([header, data]), roomy: saved.bytes() as Uint8Array };
}

/** The header is followed by as many spaces as a block has bytes. */
function withBlock({ tight }: { tight: Uint8Array }): Uint8Array {
  const length = tight.length - TIGHT;
  const headerLength = TIGHT + BLOCK_SIZE;
  return Buffer.concat([
    formatHeader({ dtype: dtype("|u1"), fortranOrder: false, shape: [length], headerLength }),
    tight.subarray(TIGHT),
  ]);
}

function same(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.compare(a, b) === 0;
}

const MOVED: InPlaceSizes = { block: 64, insertFrom: Number.POSITIVE_INFINITY };
const INSERTED: InPlaceSizes = { block: 64, insertFrom: 0 };

function rewrite(storage: FaultyStorage | MemoryStorage, sizes: InPlaceSizes): void {
  runSync(rewriteInPlace(storage, undefined, {}, sizes));
}

describe("what comes out is what numpy.save writes", () => {
  test("whatever the length of the data and of the blocks", () => {
    for (const block of [1, 7, DISTANCE - 1, DISTANCE, DISTANCE + 1, 64, 1000]) {
      for (const length of sampled([...Array(150).keys()], 7)) {
        const { tight, roomy } = files(length);
        const storage = new FaultyStorage(tight);
        rewrite(storage, { ...MOVED, block });
        expect(same(storage.bytes(), roomy), `${length} bytes, blocks of ${block}`).toBe(true);
        expect(storage.openFiles).toBe(0);
      }
    }
  });

  test.each([0, 1, 2 ** 20, 2 ** 23 + DISTANCE + 1])("%i bytes, and the second time nothing is written", (length) => {
    const { tight, roomy } = files(length);
    const storage = new FaultyStorage(tight);
    const progress: number[] = [];
    expect(ensureAppendableSync(storage, { inplace: true, onProgress: (done) => progress.push(done) })).toBe(true);
    expect(same(storage.bytes(), roomy)).toBe(true);
    expect(progress.at(-1)).toBe(length === 0 ? undefined : length);
    expect(isAppendableSync(storage)).toBe(true);
    const steps = storage.steps.length;
    ensureAppendableSync(storage, { inplace: true });
    expect(storage.steps.slice(steps).map(({ op }) => op)).not.toContain("write");
  });
});

test("a writer that may recover completes what was interrupted, wherever it was, before it appends", () => {
  const { tight, roomy } = files(200);
  const steps = new FaultyStorage(tight);
  rewrite(steps, MOVED);
  const refused = new Set<string>();
  for (let at = 0; at < steps.steps.length; at++) {
    const interrupted = new FaultyStorage(tight);
    interrupted.stopAt(at);
    expect(() => rewrite(interrupted, MOVED)).toThrow("stopped");
    const storage = new MemoryStorage(interrupted.bytes());
    try {
      NpyAppendArray.openSync(storage).close();
    } catch (error) {
      refused.add((error as { code: string }).code);
    }
    const npaa = NpyAppendArray.openSync(storage, { onNeedsRecovery: "truncate", onNotAppendable: "rewrite" });
    npaa.append(new Uint8Array(1));
    npaa.close();
    const { data } = loadSync(storage, { dtype: "uint8" });
    expect(Buffer.compare(data, Buffer.concat([roomy.subarray(128), new Uint8Array(1)])), `step ${at}`).toBe(0);
  }
  expect(refused).toEqual(new Set(["ERR_NPY_NOT_APPENDABLE", "ERR_NPY_NEEDS_RECOVERY"]));
});

test.each(["rows that are not counted yet", "rows and their header"])(
  "a program without a lock appends %s as it begins",
  (what) => {
    const { tight } = files(200);
    const appended = Buffer.concat([tight, Buffer.from("more")]);
    if (what !== "rows that are not counted yet") {
      const header = formatHeader({ dtype: dtype("|u1"), fortranOrder: false, shape: [204], headerLength: TIGHT });
      appended.set(header);
    }
    const storage = new MemoryStorage(tight);
    const open = storage.openSync.bind(storage);
    storage.openSync = (mode) => {
      const file = open(mode);
      let isFirst = true;
      file.syncSync = () => {
        if (isFirst) file.writeSync(appended.subarray(TIGHT), TIGHT);
        if (isFirst && what !== "rows that are not counted yet") file.writeSync(appended.subarray(0, TIGHT), 0);
        isFirst = false;
      };
      return file;
    };
    expect(() => ensureAppendableSync(storage, { inplace: true })).toThrow(expect.objectContaining({ code: "ERR_NPY_CHANGED" }));
    expect(same(storage.bytes(), appended)).toBe(true);
  },
);

describe("a block is inserted", () => {
  const all = files(100);

  test("the header is longer by the block, and of the data nothing is written", () => {
    const storage = new FaultyStorage(all.tight, { blockSize: BLOCK_SIZE });
    rewrite(storage, INSERTED);
    expect(same(storage.bytes(), withBlock(all))).toBe(true);
    expect(isAppendableSync(storage)).toBe(true);
    const written = storage.steps.flatMap(({ bytes }) => (bytes ? [Buffer.from(bytes).toString("latin1")] : []));
    const data = Buffer.from(all.tight.subarray(TIGHT, TIGHT + 16)).toString("latin1");
    expect(written.some((bytes) => bytes.includes(data))).toBe(false);
  });

  test.each<[string, StorageOptions, InPlaceSizes]>([
    ["the file system cannot", { blockSize: BLOCK_SIZE, refusesInsert: true }, INSERTED],
    ["the system has no such call", {}, INSERTED],
    ["the data are few", { blockSize: BLOCK_SIZE }, MOVED],
    ["NumPy would find the header too long", { blockSize: 2 ** 14 }, INSERTED],
  ])("the data are moved if %s", (_, options, sizes) => {
    const storage = new FaultyStorage(all.tight, options);
    rewrite(storage, sizes);
    expect(same(storage.bytes(), all.roomy)).toBe(true);
  });
});

/** Every state in which a rewrite can be stopped; writes are torn in the middle and at both ends. */
function* interruptedStates(
  start: Uint8Array,
  options: StorageOptions,
  action: (storage: FaultyStorage) => void,
): Generator<State> {
  const whole = new FaultyStorage(start, options);
  action(whole);
  for (const [at, { op, bytes }] of whole.steps.entries()) {
    const length = op === "insert" ? 1 : (bytes?.length ?? 0);
    for (const after of new Set([0, 1, length >> 1, length - 1, length])) {
      if (after < 0 || after > length) continue;
      const storage = new FaultyStorage(start, options);
      storage.stopAt(at, { after });
      expect(() => action(storage)).toThrow("stopped");
      const context = `step ${at} (${op}) stopped after ${after} bytes`;
      yield { bytes: storage.bytes() as Uint8Array, context, steps: whole.steps, at };
    }
  }
}

interface State {
  readonly bytes: Uint8Array;
  readonly context: string;
  readonly steps: readonly RecordedStep[];
  readonly at: number;
}

const KINDS: [string, number, StorageOptions, InPlaceSizes][] = [
  ["moved", 150, {}, MOVED],
  ["moved in one block", 20, {}, MOVED],
  ["inserted", 20, { blockSize: BLOCK_SIZE }, INSERTED],
  ["not inserted", 20, { blockSize: BLOCK_SIZE, refusesInsert: true }, INSERTED],
];

describe.each(KINDS)("%s", (_, length, options, sizes) => {
  const all = files(length);
  const end = options.blockSize !== undefined && !options.refusesInsert ? withBlock(all) : all.roomy;
  const states = [...interruptedStates(all.tight, options, (storage) => rewrite(storage, sizes))];
  const underWay = states.filter(({ bytes }) => Buffer.from(bytes.subarray(0, 6)).toString("latin1") !== "\x93NUMPY");

  test("there are states to complete", () => {
    expect(underWay.length).toBeGreaterThan(15);
  });

  test("a file is as it was, or as it will be, or nobody reads it", async () => {
    for (const { bytes, context } of states) {
      const storage = new MemoryStorage(bytes);
      if (same(bytes, all.tight) || same(bytes, end)) continue;
      expect(needsRecoverySync(storage), context).toBe(true);
      const refusal = expect.objectContaining({
        code: "ERR_NPY_NEEDS_RECOVERY",
        message: expect.stringContaining("run it again, or call recover"),
      });
      for (const verb of [inspectSync, loadSync, isAppendableSync]) expect(() => verb(storage), context).toThrow(refusal);
      await expect(NpyAppendArray.open(storage), context).rejects.toEqual(refusal);
      await expect(NpyReader.open(storage), context).rejects.toEqual(refusal);
      expect(same(storage.bytes(), bytes), context).toBe(true);
    }
  });

  test("running it again completes it, as if nothing had happened", () => {
    for (const { bytes, context } of states) {
      const storage = new FaultyStorage(bytes, options);
      rewrite(storage, sizes);
      expect(same(storage.bytes(), end), context).toBe(true);
    }
  });

  test("so does running it by copy, of which the header may be NumPy's", () => {
    for (const { bytes, context } of states) {
      const storage = new FaultyStorage(bytes, options);
      ensureAppendableSync(storage);
      expect(same(storage.bytes(), end) || same(storage.bytes(), all.roomy), context).toBe(true);
      expect(storage.temporaries.size).toBe(0);
    }
  });

  test("recover says what it will do, and completes it, or takes it back if nothing was moved", () => {
    for (const { bytes, context } of underWay) {
      const storage = new FaultyStorage(bytes, options);
      const report = { needed: true, rowsBefore: length, rowsAfter: length, bytesDropped: 0, bytesZeroFilled: 0 };
      expect(recoverSync(storage, { dryRun: true }), context).toEqual(report);
      expect(same(storage.bytes(), bytes), context).toBe(true);
      expect(recoverSync(storage), context).toEqual(report);
      expect(same(storage.bytes(), end) || same(storage.bytes(), all.tight), context).toBe(true);
      expect(recoverSync(storage), context).toEqual({ ...report, needed: false });
    }
  });

  test("completing it can be interrupted anywhere, too", () => {
    for (const state of sampled(underWay, 7)) {
      for (const { bytes, context } of interruptedStates(state.bytes, options, (storage) => recoverSync(storage))) {
        const storage = new FaultyStorage(bytes, options);
        rewrite(storage, sizes);
        expect(same(storage.bytes(), end), `${state.context}, then ${context}`).toBe(true);
      }
    }
  });

  test("so can taking it back when the disk is full", () => {
    const { steps } = states[0] as State;
    const marked = steps.findIndex(({ op }) => op === "sync");
    const full = steps.findIndex(({ op }, i) => i > marked && op === "write");
    for (const at of [full, full + 1]) {
      const fail = (storage: FaultyStorage): void => {
        storage.failAt(at, { after: 1 });
        rewrite(storage, sizes);
      };
      const failed = new FaultyStorage(all.tight, options);
      expect(() => fail(failed)).toThrow("ENOSPC");
      expect(same(failed.bytes(), all.tight)).toBe(true);
      for (let stop = at + 1; stop < failed.steps.length; stop++) {
        for (const after of [0, 1, 3, 6]) {
          const storage = new FaultyStorage(all.tight, options);
          storage.stopAt(stop, { after });
          expect(() => fail(storage)).toThrow("ENOSPC");
          const completed = new FaultyStorage(storage.bytes(), options);
          rewrite(completed, sizes);
          expect(same(completed.bytes(), end), `step ${at} failed, ${stop} stopped after ${after}`).toBe(true);
        }
      }
    }
  });
});

test("the marker is safe before a block is inserted, and the file before it returns", () => {
  const storage = new FaultyStorage(files(20).tight, { blockSize: BLOCK_SIZE });
  rewrite(storage, INSERTED);
  const steps = storage.steps.map(({ op, position }) => (op === "write" ? `write ${position}` : op));
  const at = steps.indexOf("insert");
  expect(steps.slice(at - 2, at + 2)).toEqual(["write 5", "sync", "insert", "sync"]);
  expect(steps.slice(-5)).toEqual(["truncate", "sync", "write 0", "sync", "close"]);
});

describe("a disk that is full", () => {
  test("every write before something is moved leaves the file as it was", () => {
    const { tight } = files(150);
    const whole = new FaultyStorage(tight);
    rewrite(whole, MOVED);
    const moving = whole.steps.findIndex(({ op, position }) => op === "write" && position === 5);
    for (const [at, { bytes }] of whole.steps.slice(0, moving).entries()) {
      for (const after of bytes === undefined ? [0] : [0, 1, bytes.length - 1]) {
        const storage = new FaultyStorage(tight);
        storage.failAt(at, { after });
        expect(() => rewrite(storage, MOVED)).toThrow("ENOSPC");
        expect(same(storage.bytes(), tight), `step ${at} failed after ${after} bytes`).toBe(true);
        expect(storage.openFiles).toBe(0);
      }
    }
  });

  test("nothing lengthens the file once something is moved", () => {
    const whole = new FaultyStorage(files(150).tight);
    rewrite(whole, MOVED);
    const moving = whole.steps.findIndex(({ op, position }) => op === "write" && position === 5);
    const ends = whole.steps.map(({ position = 0, bytes }) => position + (bytes?.length ?? 0));
    expect(Math.max(...ends.slice(moving))).toBeLessThanOrEqual(Math.max(...ends.slice(0, moving)));
  });
});

/** A rewrite that stopped when its data were half moved, or its block inserted. */
function halfway(sizes: InPlaceSizes, options: StorageOptions = {}): Uint8Array {
  const { tight } = files(150);
  const whole = new FaultyStorage(tight, options);
  rewrite(whole, sizes);
  const storage = new FaultyStorage(tight, options);
  const isReached = (step: RecordedStep): boolean => (sizes === MOVED ? step.position === 80 + 48 + 22 : step.op === "insert");
  storage.stopAt(whole.steps.findIndex(isReached), { after: 1000 });
  expect(() => rewrite(storage, sizes)).toThrow("stopped");
  return storage.bytes() as Uint8Array;
}

describe("a journal that is gone", () => {
  test.each([1, 64, 100, 200, 300])("a file that lost its last %i bytes halfway is refused, and left alone", (lost) => {
    const bytes = halfway(MOVED).slice(0, -lost);
    const storage = new MemoryStorage(bytes);
    expect(needsRecoverySync(storage)).toBe(true);
    for (const verb of [recoverSync, ensureAppendableSync]) {
      expect(() => verb(storage)).toThrow(expect.objectContaining({ code: "ERR_NPY_UNRECOVERABLE" }));
    }
    expect(same(storage.bytes(), bytes)).toBe(true);
  });

  test("so is one with a byte of the journal that is another", () => {
    const bytes = halfway(MOVED);
    for (let at = bytes.length - 192; at < bytes.length - 2; at++) {
      const damaged = bytes.slice();
      (damaged[at] as number) ^= 4;
      const storage = new MemoryStorage(damaged);
      expect(() => recoverSync(storage), `byte ${at}`).toThrow(expect.objectContaining({ code: "ERR_NPY_UNRECOVERABLE" }));
      expect(same(storage.bytes(), damaged)).toBe(true);
    }
  });

  test("a file that is shorter than its header says, behind the marker, is refused", () => {
    const bytes = files(150).tight.slice(0, -1);
    bytes.set(Buffer.from("\x94npy>0", "latin1"));
    expect(() => recoverSync(new MemoryStorage(bytes))).toThrow(expect.objectContaining({ code: "ERR_NPY_UNRECOVERABLE" }));
  });
});

describe("a power cut while the file system inserts a block", () => {
  const options = { blockSize: BLOCK_SIZE };
  /** All is ready for the insertion. */
  function almost(): Uint8Array {
    return halfway(INSERTED, options).slice(BLOCK_SIZE);
  }

  test("the file is longer, and nothing was moved: it is taken back", () => {
    const storage = new FaultyStorage(Buffer.concat([almost(), Buffer.alloc(BLOCK_SIZE)]), options);
    recoverSync(storage);
    expect(same(storage.bytes(), files(150).tight)).toBe(true);
  });

  test("the block is in the middle: refused, with advice", () => {
    const [start, rest] = [almost().subarray(0, 100), almost().subarray(100)];
    const bytes = Buffer.concat([start, Buffer.alloc(BLOCK_SIZE), rest]);
    const storage = new FaultyStorage(bytes, options);
    const advice = expect.objectContaining({ code: "ERR_NPY_UNRECOVERABLE", message: expect.stringContaining("hole") });
    expect(() => recoverSync(storage)).toThrow(advice);
    expect(same(storage.bytes(), bytes)).toBe(true);
  });

  test("the block is where it belongs", () => {
    const memory = new MemoryStorage(almost());
    insertZeros(memory.openSync("r+"), BLOCK_SIZE);
    recoverSync(memory);
    expect(same(memory.bytes(), withBlock(files(150)))).toBe(true);
  });
});

test("what only looks like an interrupted rewrite is no .npy file", () => {
  for (const bytes of [Buffer.alloc(6), Buffer.alloc(4096), Buffer.from("\x94npy>"), Buffer.from("npy>0")]) {
    const storage = new MemoryStorage(bytes);
    for (const verb of [inspectSync, needsRecoverySync, recoverSync, ensureAppendableSync]) {
      expect(() => verb(storage)).toThrow(expect.objectContaining({ code: "ERR_NPY_HEADER" }));
    }
  }
  const marked = new MemoryStorage(Buffer.from("\x94npy>0 and no header", "latin1"));
  expect(() => recoverSync(marked)).toThrow(expect.objectContaining({ code: "ERR_NPY_HEADER" }));
});

test("data that are not what the header says are not moved", () => {
  for (const bytes of [files(150).tight.slice(0, -1), Buffer.concat([files(150).tight, Buffer.from("1")])]) {
    const storage = new MemoryStorage(bytes);
    expect(() => ensureAppendableSync(storage, { inplace: true })).toThrow(
      expect.objectContaining({ code: "ERR_NPY_NEEDS_RECOVERY", message: expect.stringContaining("leave out inplace") }),
    );
    expect(same(storage.bytes(), bytes)).toBe(true);
  }
});

test.each([2 ** 32 + 80, 2 ** 41, 2 ** 52 + 1])("a journal of data that end at byte %i", (end) => {
  const file = new MemoryStorage(new Uint8Array()).openSync("r+");
  const journal: Journal = { kind: "move", from: 80, end, header: files(1).roomy.slice(0, 128), block: 1000 };
  runSync(writeJournal(file, journal));
  expect(file.sizeSync()).toBe(sizeWithJournal(journal));
  expect(runSync(readJournal(file))).toEqual({ journal, isMoved: false });
  expect(runSync(lastRecord(file, journal))).toBeUndefined();
  runSync(writeRecord(file, journal, 1, end));
  expect(runSync(lastRecord(file, journal))).toEqual({ slot: 1, position: end });
  runSync(writeRecord(file, journal, 0, end - 1000));
  expect(runSync(lastRecord(file, journal))).toEqual({ slot: 0, position: end - 1000 });
});
