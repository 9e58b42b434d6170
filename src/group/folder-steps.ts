/** What plans do to a folder, and to readers, in either form. */
import { NpyError } from "../errors.ts";
import type { Plan, Step } from "../plan/step.ts";
import type { Folder } from "../storage/folder.ts";
import type { Eventually } from "../storage/storage.ts";

function* perform<Result>(step: Step<Result>): Plan<Result> {
  return (yield step) as Result;
}

/** @throws NpyError `ERR_NPY_OPTION` for a folder without a synchronous half. */
function synchronous(folder: Folder): Folder {
  if ("listSync" in folder) return folder;
  throw new NpyError(
    "ERR_NPY_OPTION",
    "This folder has no listSync and works asynchronously only: call the verb whose name does not end in Sync, and await it.",
  );
}

export function list(folder: Folder): Plan<readonly string[]> {
  return perform({ op: "list", now: () => synchronous(folder).listSync(), later: () => folder.list() });
}

export function createFolder(folder: Folder): Plan<void> {
  return perform({ op: "createFolder", now: () => synchronous(folder).createSync(), later: () => folder.create() });
}

/** Calls functions, at the same time where that takes time. They return promises only in plans that run asynchronously. */
export function callAll<Result>(calls: readonly (() => Eventually<Result>)[]): Plan<Result[]> {
  return perform({
    op: "callAll",
    now: () => calls.map((call) => call() as Result),
    later: () => Promise.all(calls.map((call) => call())),
  });
}
