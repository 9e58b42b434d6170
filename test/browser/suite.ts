/** What runs in pages and workers of the tests: the package as `npy`, and the table of cases of storages. */
import * as portable from "../../src/index.ts";
import * as opfs from "../../src/opfs.ts";
import { run, runSync } from "../../src/plan/run.ts";
import { CASES, REPLACES_OPEN } from "../support/storage-cases.ts";

/** Runs all cases on files of their own; returns those that failed, and why. */
async function storageCases(prefix: string, isSync: boolean): Promise<{ passed: string[]; failed: string[] }> {
  const [passed, failed]: [string[], string[]] = [[], []];
  for (const [i, [name, plan]] of CASES.entries()) {
    // As on Windows: a file that is open cannot be replaced.
    if (REPLACES_OPEN.has(name)) continue;
    try {
      const storage = await opfs.opfsFile(`${prefix}/${i}.npy`);
      await (isSync ? runSync(plan(storage)) : run(plan(storage)));
      passed.push(name);
    } catch (error) {
      failed.push(`${name}: ${(error as Error).stack}`);
    }
  }
  return { passed, failed };
}

export type Npy = typeof portable & typeof opfs & { readonly storageCases: typeof storageCases };
const npy: Npy = { ...portable, ...opfs, storageCases };
Object.assign(globalThis, { npy });
