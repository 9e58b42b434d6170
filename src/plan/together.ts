/** Runs several plans at the same time. */
import { run, runSync } from "./run.ts";
import type { Plan } from "./step.ts";

/** The most plans under way at once. */
const AT_ONCE = 8;

/**
 * The results of plans, in their order. One that has to wait does not keep others from beginning. If one fails, none begins after it, and those under way
 * are waited for.
 */
export function* together<Result>(plans: readonly (() => Plan<Result>)[]): Plan<Result[]> {
  return (yield {
    op: "together",
    now: () => plans.map((plan) => runSync(plan())),
    later: (signal?: AbortSignal) => runTogether(plans, signal),
  }) as Result[];
}

async function runTogether<Result>(plans: readonly (() => Plan<Result>)[], signal: AbortSignal | undefined): Promise<Result[]> {
  const results = new Array<Result>(plans.length);
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const runSome = async (): Promise<void> => {
    while (next < plans.length && failure === undefined) {
      const index = next++;
      try {
        results[index] = await run((plans[index] as () => Plan<Result>)(), signal);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, plans.length) }, runSome));
  if (failure !== undefined) throw failure.error;
  return results;
}
