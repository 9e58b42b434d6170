/** The two drivers of plans. The error of a failed step is thrown into the plan, which may undo what it did. */
import { type Eventually, isPending } from "../storage/storage.ts";
import type { Plan, Step } from "./step.ts";

/** Runs a plan to its end, synchronously. */
export function runSync<Result>(plan: Plan<Result>): Result {
  let state = plan.next();
  while (!state.done) {
    let result: unknown;
    try {
      result = state.value.now();
    } catch (error) {
      state = plan.throw(error);
      continue;
    }
    state = plan.next(result);
  }
  return state.value;
}

/** Runs a plan without blocking. Returns the result itself if no step had to be waited for. Once `signal` is aborted, reads fail with its reason. */
export function run<Result>(plan: Plan<Result>, signal?: AbortSignal): Eventually<Result> {
  let state = plan.next();
  while (!state.done) {
    let result: unknown;
    try {
      result = state.value.later(signal);
    } catch (error) {
      state = plan.throw(error);
      continue;
    }
    if (isPending(result)) return runOn(plan, result, signal);
    state = plan.next(result);
  }
  return state.value;
}

/** The rest of {@link run}, from the first step that has to be waited for. */
async function runOn<Result>(
  plan: Plan<Result>,
  pending: PromiseLike<unknown>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  let waiting: unknown = pending;
  for (;;) {
    let state: IteratorResult<Step, Result>;
    try {
      const result = isPending(waiting) ? await waiting : waiting;
      state = plan.next(result);
    } catch (error) {
      state = plan.throw(error);
    }
    if (state.done) return state.value;
    try {
      waiting = state.value.later(signal);
    } catch (error) {
      waiting = Promise.reject(error);
    }
  }
}
