/**
 * The protocol of shared files in one thread, deterministically: threads are plans that take turns at every step, and in the middle of
 * every access to the shared memory; their writes fail, and they end at any of these moments.
 */
import { describe, expect, test, vi } from "vitest";
import { dtype, formatHeader, MemoryStorage, parseHeader } from "../src/index.ts";
import { type Durability, GrowingFile } from "../src/plan/grow/growing-file.ts";
import { Reservations, SHARER, SharedWords, SLOTS, STATES, STATUSES } from "../src/plan/grow/reservations.ts";
import { SharedGrowth } from "../src/plan/grow/shared-growth.ts";
import type { Plan, Step } from "../src/plan/step.ts";
import type { StorageFile } from "../src/storage/storage.ts";
import { runs } from "./support/effort.ts";

/** Numbers that look random, the same for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e3779b9) >>> 0;
    return (state >>> 4) % below;
  };
}

/** More seeds find more. */
const SEEDS = Number(process.env["SEEDS"] ?? runs(400));

const ENDED = new Error("this thread has ended");

interface Thread {
  readonly plan: Plan<void>;
  /** After so many accesses to the memory and steps it ends. */
  life: number;
  ended: boolean;
  done: boolean;
  /** The word that it waits for. */
  waitsFor: number | undefined;
  /** What its last step gave. */
  outcome: { readonly result?: unknown; readonly failure?: Error } | undefined;
}

interface World {
  readonly threads: number;
  readonly appends: number;
  readonly durability: Durability;
  /** One in so many writes of data, and of headers, fails; 0: none. */
  readonly failures: number;
  readonly headerFailures: number;
  /** Whether threads end. */
  readonly deaths: boolean;
  /** Whether the one that shared the file ends. */
  readonly sharerEnds?: boolean;
}

/** Runs a world to its end, and checks what it leaves. */
function simulate(seed: number, world: World): { acknowledged: number; failed: number; ended: number } {
  const random = randomOf(seed);
  const storage = new MemoryStorage();
  const file = storage.createSync();
  file.writeSync(formatHeader({ dtype: dtype("<i4"), fortranOrder: false, shape: [0] }), 0);

  const threads: Thread[] = [];
  const ofSharer: Thread[] = [];
  const stack: Thread[] = [];
  let depth = 0;

  /** What happens at any moment. */
  const moment = (): void => {
    const current = stack.at(-1);
    if (current !== undefined) {
      if (current.ended) throw ENDED;
      if (--current.life < 0) {
        current.ended = true;
        throw ENDED;
      }
    }
    if (depth < 4 && random(6) === 0) {
      const others = threads.filter((other) => !stack.includes(other) && isReady(other));
      const other = others[random(Math.max(1, others.length))];
      if (other !== undefined) {
        depth++;
        for (let turns = 1 + random(4); turns > 0 && isReady(other); turns--) advance(other);
        depth--;
      }
    }
  };

  class WatchedWords extends SharedWords {
    override load(index: number): number {
      moment();
      return super.load(index);
    }
    override store(index: number, value: number): void {
      moment();
      super.store(index, value);
    }
    override exchange(index: number, expected: number, value: number): boolean {
      moment();
      return super.exchange(index, expected, value);
    }
    override increment(index: number): number {
      moment();
      return super.increment(index);
    }
    override wake(index: number): void {
      moment();
      for (const thread of threads) if (thread.waitsFor === index) thread.waitsFor = undefined;
    }
    override loadLong(index: number): number {
      moment();
      return super.loadLong(index);
    }
    override storeLong(index: number, value: number): void {
      moment();
      super.storeLong(index, value);
    }
  }
  const words = new WatchedWords();

  const isReady = ({ done, ended, waitsFor }: Thread): boolean => !done && !ended && waitsFor === undefined;

  const counted = (): readonly number[] => {
    const bytes = storage.bytes() as Uint8Array<ArrayBuffer>;
    const { shape, headerLength } = parseHeader(bytes);
    return [...new Int32Array(bytes.buffer, headerLength, shape[0])];
  };

  let seen: readonly number[] = [];
  const fail = (one: number): void => {
    if (one > 0 && random(one) === 0) throw Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" });
  };
  /** Writes that are under way: of the one that shared the file, whose thread need not wait for them. */
  const started = new Map<unknown, () => void>();
  const writeData = (bytes: Uint8Array, position: number): void => {
    fail(world.failures);
    file.writeSync(bytes, position);
  };
  /** The file as the plans see it. Data are written by `write`, headers by `writeSync`. */
  const watched = {
    key: file.key,
    sizeSync: () => file.sizeSync(),
    readSync: (buffer, position) => file.readSync(buffer, position),
    truncateSync: (size) => file.truncateSync(size),
    write(bytes, position) {
      if (!ofSharer.includes(stack.at(-1) as Thread)) return writeData(bytes, position);
      const pending = Promise.resolve();
      started.set(pending, () => writeData(bytes, position));
      return pending;
    },
    writeSync(bytes, position) {
      expect(position).toBe(0);
      // What puts back the header that was there does not.
      if ((parseHeader(bytes).shape[0] as number) > seen.length) fail(world.headerFailures);
      file.writeSync(bytes, 0);
      // What readers saw stays, and is never a gap.
      const now = counted();
      expect(now.slice(0, seen.length)).toEqual(seen);
      expect(now).not.toContain(0);
      seen = now;
    },
  } as Partial<StorageFile> as StorageFile;
  const perform = (step: Step): unknown => {
    switch (step.op) {
      case "startWrite":
        return step.later();
      case "finishWrite": {
        const pending = step.later();
        const write = started.get(pending);
        started.delete(pending);
        return write?.();
      }
      case "write":
      case "truncate":
      case "size":
      case "currentSize":
      case "read":
        return step.now();
      case "sync":
      case "turn":
        return;
      default:
        throw new Error(`unexpected: ${step.op}`);
    }
  };

  // All threads take turns in this one, which must not stop.
  vi.spyOn(Atomics, "wait").mockImplementation((ints, index, value) => {
    if (ints[index] === value) (stack.at(-1) as Thread).waitsFor = index;
    return "ok";
  });

  /** Runs a thread to its next step, and does that. */
  function advance(thread: Thread): void {
    stack.push(thread);
    const { outcome } = thread;
    thread.outcome = undefined;
    try {
      const failure = outcome?.failure;
      const state = failure === undefined ? thread.plan.next(outcome?.result) : thread.plan.throw(failure);
      if (state.done) {
        thread.done = true;
        return;
      }
      if (state.value.op === "wait") {
        state.value.now();
        return;
      }
      moment();
      thread.outcome = outcomeOf(state.value);
    } catch (error) {
      if (!thread.ended) throw error;
    } finally {
      stack.pop();
    }
  }

  function outcomeOf(step: Step): Thread["outcome"] {
    try {
      return { result: perform(step) };
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOSPC") return { failure: error };
      throw error;
    }
  }

  const grow = (): GrowingFile => {
    const bytes = formatHeader({ dtype: dtype("<i4"), fortranOrder: false, shape: [0] });
    return new GrowingFile(watched, parseHeader(bytes), world.durability);
  };
  const start = (plan: Plan<void>, life = Number.POSITIVE_INFINITY): Thread => {
    const thread: Thread = { plan, life, ended: false, done: false, waitsFor: undefined, outcome: undefined };
    threads.push(thread);
    return thread;
  };

  const acknowledged: number[] = [];
  const failed: number[] = [];
  /** Appends numbered rows: `number` says which append, its low digit which row. */
  function* program(growth: SharedGrowth, writer: number): Plan<void> {
    for (let i = 0; i < world.appends; i++) {
      const number = (writer * 1000 + i + 1) * 10;
      const rows = 1 + ((i + writer) % 3);
      const data = Int32Array.from({ length: rows }, (_, row) => number + row);
      try {
        const blocks = [...data.keys()].map((row) => new Uint8Array(data.buffer, 4 * row, 4));
        yield* growth.append({ rows, blocks });
        acknowledged.push(number);
      } catch (error) {
        if (!(error instanceof Error && "code" in error)) throw error;
        if (world.sharerEnds && error.code === "ERR_NPY_CLOSED") break;
        if (error.code !== "ENOSPC") throw error;
        failed.push(number);
      }
    }
    if (writer !== SHARER) yield* growth.finish();
  }

  const sharerWords = new Reservations(words);
  expect(sharerWords.take(sharerWords.newOwner())).toBe(SHARER);
  const sharer = new SharedGrowth(grow(), sharerWords, SHARER);
  const run = (thread: Thread): void => {
    while (!thread.done) advance(thread);
  };
  run(start(sharer.start()));
  const workers: { readonly thread: Thread; readonly slot: number; readonly growth: SharedGrowth; isTold: boolean }[] = [];
  ofSharer.push(start(program(sharer, SHARER), world.sharerEnds ? random(1500) : undefined));
  for (let i = 1; i < world.threads; i++) {
    const slot = sharerWords.take(sharerWords.newOwner()) as number;
    const growth = new SharedGrowth(grow(), new Reservations(words), slot);
    const thread = start(program(growth, i), world.deaths && random(2) === 0 ? random(1500) : undefined);
    workers.push({ thread, slot, growth, isTold: false });
  }
  const buried = new Set<number>();
  let ended = 0;
  for (;;) {
    const isOver = ofSharer.some((thread) => thread.ended);
    if (isOver) for (const thread of ofSharer) thread.ended = true;
    let isTelling = false;
    for (const worker of workers) {
      const { thread, slot, growth } = worker;
      const isToBeTold = isOver ? !thread.ended && !worker.isTold : thread.ended && !buried.has(slot);
      if (!isToBeTold) continue;
      isTelling = true;
      if (random(4) > 0) continue;
      if (isOver) {
        worker.isTold = true;
        stack.push(thread);
        try {
          growth.abandon();
        } catch (error) {
          if (error !== ENDED) throw error;
        } finally {
          stack.pop();
        }
        continue;
      }
      buried.add(slot);
      ended++;
      const { life } = ofSharer[0] as Thread;
      ofSharer.push(start(sharer.bury(slot), world.sharerEnds ? life : undefined));
    }
    const ready = threads.filter(isReady);
    if (ready.length > 0) advance(ready[random(ready.length)] as Thread);
    else if (!isTelling) break;
  }
  // Nobody waits for ever.
  expect(threads.filter(({ done, ended: isEnded }) => !done && !isEnded).length).toBe(0);
  const isOver = ofSharer.some((thread) => thread.ended);
  if (!isOver) run(start(sharer.finish()));

  const bytes = storage.bytes() as Uint8Array<ArrayBuffer>;
  const header = parseHeader(bytes);
  const rows = counted();
  if (isOver) expect(bytes.length).toBeGreaterThanOrEqual(header.headerLength + 4 * rows.length);
  else {
    expect(bytes.length).toBe(header.headerLength + 4 * rows.length);
    expect(sharer.length).toBe(rows.length);
  }
  // Whole appends, each at most once, each thread's in its order.
  const found: number[] = [];
  for (let i = 0; i < rows.length; ) {
    const number = rows[i] as number;
    const [writer, index] = [Math.floor(number / 10_000), (Math.floor(number / 10) % 1000) - 1];
    const length = 1 + ((index + writer) % 3);
    expect(rows.slice(i, i + length)).toEqual(Array.from({ length }, (_, row) => number + row));
    found.push(number);
    i += length;
  }
  expect(new Set(found).size).toBe(found.length);
  for (let writer = 0; writer < world.threads; writer++) {
    const own = found.filter((number) => Math.floor(number / 10_000) === writer);
    expect(own).toEqual([...own].sort((a, b) => a - b));
  }
  expect(acknowledged.filter((number) => !found.includes(number))).toEqual([]);
  expect(failed.filter((number) => found.includes(number))).toEqual([]);
  if (isOver) return { acknowledged: acknowledged.length, failed: failed.length, ended: ended + 1 };
  // Beside what was acknowledged, there is at most the last append of each thread that ended.
  expect(found.length - acknowledged.length).toBeLessThanOrEqual(ended);
  if (!world.deaths) expect(found.length).toBe(acknowledged.length);
  for (const slot of buried) expect(new Reservations(words).state(slot)).toBe(STATES.FREE);
  return { acknowledged: acknowledged.length, failed: failed.length, ended };
}

const QUIET = { threads: 4, appends: 6, durability: "os", failures: 0, headerFailures: 0, deaths: false } as const;
const WORLDS: readonly (readonly [string, World])[] = [
  ["nothing goes wrong", QUIET],
  ["writes fail", { ...QUIET, failures: 8 }],
  ["headers fail", { ...QUIET, headerFailures: 8 }],
  ["threads end", { ...QUIET, threads: 5, deaths: true }],
  ["threads end and writes fail", { ...QUIET, threads: 5, failures: 12, deaths: true }],
  ["threads end, among them the one that shared the file", { ...QUIET, threads: 5, deaths: true, sharerEnds: true }],
  ["the one that shared the file ends and writes fail", { ...QUIET, failures: 12, deaths: true, sharerEnds: true }],
  ["data are synced", { ...QUIET, durability: "data", failures: 12, deaths: true }],
  ["all is synced", { ...QUIET, appends: 5, durability: "full", failures: 12, deaths: true }],
];

describe.each(WORLDS)("%s", (_name, world) => {
  test("no gap, nothing lost, nothing twice, nobody waits for ever", () => {
    const total = { acknowledged: 0, failed: 0, ended: 0 };
    for (let seed = 1; seed <= SEEDS; seed++) {
      let result: typeof total;
      try {
        result = simulate(seed, world);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
      for (const key of ["acknowledged", "failed", "ended"] as const) total[key] += result[key];
    }
    expect(total.acknowledged).toBeGreaterThan(SEEDS);
    if (world.failures + world.headerFailures > 0) expect(total.failed).toBeGreaterThan(SEEDS / 4);
    if (world.deaths) expect(total.ended).toBeGreaterThan(SEEDS / 4);
  });
});

describe("reservations", () => {
  test("there are so many slots, and one that is given back is taken again", () => {
    const reservations = new Reservations(new SharedWords());
    for (let slot = 0; slot < SLOTS; slot++) expect(reservations.take(reservations.newOwner())).toBe(slot);
    expect(reservations.take(reservations.newOwner())).toBeUndefined();
    reservations.leave(5);
    expect(reservations.take(reservations.newOwner())).toBe(5);
    expect(reservations.status).toBe(STATUSES.STARTING);
  });

  test("a slot is found by its owner, until it is given back", () => {
    const reservations = new Reservations(new SharedWords());
    const [first, second] = [reservations.newOwner(), reservations.newOwner()];
    const slot = reservations.take(first) as number;
    expect(reservations.take(second)).not.toBe(slot);
    expect(reservations.slotOf(first)).toBe(slot);
    reservations.leave(slot);
    expect(reservations.slotOf(first)).toBeUndefined();
    const third = reservations.newOwner();
    expect(new Set([first, second, third]).size).toBe(3);
    expect(reservations.take(third)).toBe(slot);
    expect(reservations.slotOf(first)).toBeUndefined();
  });

  test("a slot that another thread takes and leaves with rows meanwhile is not taken", () => {
    let meanwhile: (() => void) | undefined;
    class Words extends SharedWords {
      override exchange(index: number, expected: number, value: number): boolean {
        const now = meanwhile;
        meanwhile = undefined;
        now?.();
        return super.exchange(index, expected, value);
      }
    }
    const words = new Words();
    const [mine, others] = [new Reservations(words), new Reservations(new SharedWords(words.buffer))];
    meanwhile = () => {
      const slot = others.take(others.newOwner()) as number;
      others.reserve(slot, 2);
      others.leave(slot);
      others.setState(slot, STATES.FAILED);
    };
    expect(mine.take(mine.newOwner())).toBe(1);
    expect([mine.isTaken(0), mine.isTaken(1)]).toEqual([false, true]);
  });

  test("a slot whose rows are still to be taken back is not taken", () => {
    const reservations = new Reservations(new SharedWords());
    const slot = reservations.take(reservations.newOwner()) as number;
    reservations.reserve(slot, 2);
    reservations.leave(slot);
    reservations.setState(slot, STATES.FAILED);
    expect(reservations.take(reservations.newOwner())).toBe(slot + 1);
    reservations.drop(0);
    expect(reservations.take(reservations.newOwner())).toBe(slot);
  });

  test("a slot that is reserved anew while it is looked at does not count as written", () => {
    let meanwhile: (() => void) | undefined;
    class Words extends SharedWords {
      override loadLong(index: number): number {
        const now = meanwhile;
        meanwhile = undefined;
        now?.();
        return super.loadLong(index);
      }
    }
    const reservations = new Reservations(new Words());
    const slot = reservations.take(reservations.newOwner()) as number;
    reservations.reserve(slot, 2);
    reservations.setState(slot, STATES.WRITTEN);
    expect(reservations.writtenEnd()).toBe(2);
    reservations.committed = 2;
    // After the look at what is committed comes the one at the slot.
    meanwhile = () => {
      meanwhile = () => {
        reservations.setState(slot, STATES.FREE);
        expect(reservations.reserve(slot, 3)).toEqual({ start: 2, end: 5 });
      };
    };
    expect(reservations.writtenEnd()).toBe(2);
    expect(reservations.state(slot)).toBe(STATES.WRITING);
  });
});
