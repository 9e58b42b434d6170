/**
 * A power cut while a group grows: of each file, what was synced is there, and of what was written since then anything may be. Each append whose promise
 * resolved is in all files once the group is opened; with durability "full" readers see it before.
 */
import { beforeEach, expect, test } from "vitest";
import { MemoryStorage, NpyAppendGroup } from "../src/index.ts";
import { stopClock } from "./support/clock.ts";
import { runs } from "./support/effort.ts";
import { FaultyFolder, type Files, folderOf } from "./support/faulty-folder.ts";
import { ARRAYS, mended, type Row, readable, rows } from "./support/groups.ts";

type Step = FaultyFolder["steps"][number];

beforeEach(stopClock);

/** The files after `steps`, if the power goes off then. `random` chooses what is left of the steps that were not synced. */
function leftover(steps: readonly Step[], random: () => number): Files {
  const files = new Map<string, Uint8Array>();
  for (const name of new Set(steps.map((step) => step.name))) {
    const own = steps.filter((step) => step.name === name);
    const synced = own.findLastIndex(({ op }) => op === "sync");
    const storage = new MemoryStorage();
    for (const [i, { op, position = 0, bytes, size = 0 }] of own.entries()) {
      const isLeft = i <= synced || random() < 0.5;
      if (op === "create") storage.createSync();
      else if (op === "write" && isLeft) storage.openSync("r+").writeSync(bytes as Uint8Array, position);
      else if (op === "truncate" && isLeft) storage.openSync("r+").truncateSync(size);
    }
    const bytes = storage.bytes();
    if (bytes !== undefined) files.set(name, bytes);
  }
  return files;
}

/** Numbers from 0 to 1, the same each time. */
function randomNumbers(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test.each(["data", "full"] as const)("durability %s", { timeout: 200_000 }, (durability) => {
  const random = randomNumbers();
  const folder = new FaultyFolder(new Map());
  let group: ReturnType<typeof NpyAppendGroup.openSync> | undefined;
  const calls: readonly (readonly [() => void, readonly Row[]])[] = [
    [
      () => {
        group = NpyAppendGroup.openSync(folder, { arrays: ARRAYS, durability });
      },
      [],
    ],
    [() => group?.append(rows(0, 2)), rows(0, 2)],
    [() => group?.append(rows(2, 11)), rows(0, 11)],
    [() => group?.append(rows(11, 12)), rows(0, 12)],
    [() => group?.truncate(9), rows(0, 9)],
    [() => group?.append(rows(9, 13)), rows(0, 13)],
    [() => group?.close(), rows(0, 13)],
  ];
  let certain: readonly Row[] = [];
  let completed = 0;
  for (const [i, [call, wanted]] of calls.entries()) {
    const before = folder.steps.length;
    call();
    for (let at = before; at <= folder.steps.length; at++) {
      const isDone = at === folder.steps.length;
      for (let sample = 0; sample < runs(8, 0.5); sample++) {
        const files = leftover(folder.steps.slice(0, at), random);
        const context = `call ${i}, cut after step ${at - before}`;
        // Before all files exist and have their first header, there is nothing to read.
        const isCreated = i > 0 || isDone;
        const seen = isCreated ? readable(folderOf(files)) : [];
        const held = mended(folderOf(files));
        expect(isDone ? [wanted] : [certain, wanted], context).toContainEqual(held);
        if (durability === "full" && isDone) expect(seen, context).toEqual(wanted);
        if (seen.length < held.length) completed++;
      }
    }
    certain = wanted;
  }
  expect(completed).toBeGreaterThan(0);
});
