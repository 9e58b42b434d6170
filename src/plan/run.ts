/** The two drivers of plans. A step that fails is thrown into the plan, which may take back what it did. */

import type { Eventually, StorageFile } from "../storage/storage.ts";
import type { Plan, StartedWrite, Step, StepResult } from "./step.ts";

/** Runs a plan to its end, synchronously. */
export function runSync<Result>(plan: Plan<Result>): Result {
  let state = plan.next();
  while (!state.done) {
    let result: StepResult;
    try {
      result = performSync(state.value);
    } catch (error) {
      state = plan.throw(error);
      continue;
    }
    state = plan.next(result);
  }
  return state.value;
}

/** Runs a plan without blocking. Gives its result at once if no step had to be waited for. */
export function run<Result>(plan: Plan<Result>): Eventually<Result> {
  let state = plan.next();
  while (!state.done) {
    let result: Eventually<StepResult>;
    try {
      result = perform(state.value);
    } catch (error) {
      state = plan.throw(error);
      continue;
    }
    if (result instanceof Promise) return runOn(plan, result);
    state = plan.next(result);
  }
  return state.value;
}

/** The rest of {@link run}, from the first step that has to be waited for. */
async function runOn<Result>(plan: Plan<Result>, pending: Promise<StepResult>): Promise<Result> {
  let waiting: Eventually<StepResult> = pending;
  for (;;) {
    let state: IteratorResult<Step, Result>;
    try {
      const result = waiting instanceof Promise ? await waiting : waiting;
      state = plan.next(result);
    } catch (error) {
      state = plan.throw(error);
    }
    if (state.done) return state.value;
    try {
      waiting = perform(state.value);
    } catch (error) {
      waiting = Promise.reject(error);
    }
  }
}

const DONE: StartedWrite = { pending: undefined };

function startWrite(file: StorageFile, bytes: Uint8Array, position: number): StartedWrite {
  const pending = file.write(bytes, position);
  if (!(pending instanceof Promise)) return DONE;
  // Whether it fails is asked for later.
  pending.catch(() => undefined);
  return { pending };
}

function performSync(step: Step): StepResult {
  switch (step.op) {
    case "write":
      return step.file.writeSync(step.bytes, step.position);
    case "startWrite":
      step.file.writeSync(step.bytes, step.position);
      return DONE;
    case "finishWrite":
      return undefined;
    case "read":
      return step.file.readSync(step.buffer, step.position);
    case "copyRange":
      return 0;
    case "map":
      return step.file.map?.(step.position, step.length, step.advice);
    case "size":
      return step.file.sizeSync();
    case "truncate":
      return step.file.truncateSync(step.size);
    case "insert":
      return step.file.insertSync?.(step.length) ?? false;
    case "copyTimes":
      return step.file.copyTimes?.(step.from);
    case "lock":
      return step.file.lockSync?.() ?? "unsupported";
    case "claimRewrite":
      return step.storage.claimRewrite?.(step.isLocked);
    case "releaseRewrite":
      return step.storage.releaseRewrite?.();
    case "currentSize":
      return step.file.currentSizeSync === undefined ? step.file.sizeSync() : step.file.currentSizeSync();
    case "sync":
      return step.file.syncSync();
    case "wait":
      return void Atomics.wait(step.words, step.index, step.value);
    case "turn":
      return;
    case "close":
      return step.file.closeSync();
    case "open":
      return step.storage.openSync(step.mode);
    case "create":
      return step.storage.createSync();
    case "createTemporary":
      return step.storage.createTemporarySync();
    case "replace":
      return step.storage.replaceSync(step.file);
    case "place":
      return step.storage.placeSync?.(step.file) ?? false;
    case "remove":
      return step.storage.removeSync(step.file);
  }
}

function perform(step: Step): Eventually<StepResult> {
  switch (step.op) {
    case "write":
      return step.file.write(step.bytes, step.position);
    case "startWrite":
      return startWrite(step.file, step.bytes, step.position);
    case "finishWrite":
      return step.write.pending;
    case "read":
      return step.file.read(step.buffer, step.position);
    case "copyRange":
      return step.file.copyFrom?.(step.from, step.start, step.position, step.length) ?? 0;
    case "map":
      return step.file.map?.(step.position, step.length, step.advice);
    case "size":
      return step.file.size();
    case "truncate":
      return step.file.truncate(step.size);
    case "insert":
      return step.file.insert?.(step.length) ?? false;
    case "copyTimes":
      return step.file.copyTimes?.(step.from);
    case "lock":
      return step.file.lock?.() ?? "unsupported";
    case "claimRewrite":
      return step.storage.claimRewrite?.(step.isLocked);
    case "releaseRewrite":
      return step.storage.releaseRewrite?.();
    case "currentSize":
      return step.file.currentSize === undefined ? step.file.size() : step.file.currentSize();
    case "sync":
      return step.file.sync();
    case "wait":
      return untilWoken(step.words, step.index, step.value);
    case "turn":
      return new Promise((resolve) => setImmediate(resolve));
    case "close":
      return step.file.close();
    case "open":
      return step.storage.open(step.mode);
    case "create":
      return step.storage.create();
    case "createTemporary":
      return step.storage.createTemporary();
    case "replace":
      return step.storage.replace(step.file);
    case "place":
      return step.storage.place?.(step.file) ?? false;
    case "remove":
      return step.storage.remove(step.file);
  }
}

/** As long as a timer can be. */
const LONGEST = 2 ** 31 - 1;

function untilWoken(words: Int32Array<SharedArrayBuffer>, index: number, value: number): Eventually<void> {
  const waiting = Atomics.waitAsync(words, index, value);
  if (!waiting.async) return;
  // What waits for another thread alone does not keep a program running.
  const alive = setTimeout(() => undefined, LONGEST);
  return waiting.value.then(() => clearTimeout(alive));
}
