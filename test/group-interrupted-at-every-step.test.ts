/**
 * A group, stopped or failed at every step of every call: each append is in all files or in none, and no row whose append returned is lost.
 *
 * A header lies within one page, which a system writes whole or not at all when a process is killed. A header write that fails may leave any part of it.
 */
import { beforeEach, describe, expect, test } from "vitest";
import { type Durability, NpyAppendGroup, type NpyAppendGroupSync, NpyError } from "../src/index.ts";
import type { Eventually } from "../src/storage/storage.ts";
import { rushClock, stopClock } from "./support/clock.ts";
import { sampled } from "./support/effort.ts";
import { FaultyFolder, type Files, folderOf } from "./support/faulty-folder.ts";
import { ARRAYS, mended, type Row, readable, rows } from "./support/groups.ts";
import { type Interruption, interruptions } from "./support/interruptions.ts";

interface Session {
  readonly open: (folder: FaultyFolder, durability: Durability) => Eventually<NpyAppendGroup | NpyAppendGroupSync>;
  readonly durability: Durability;
  readonly folder: FaultyFolder;
  group: NpyAppendGroup | NpyAppendGroupSync | undefined;
}

interface Call {
  readonly name: string;
  /** What the group holds when the call has returned. */
  readonly rows: readonly Row[];
  make(session: Session): Promise<unknown>;
}

const FORMS = [
  ["sync", (folder: FaultyFolder, durability: Durability) => NpyAppendGroup.openSync(folder, { arrays: ARRAYS, durability })],
  ["async", (folder: FaultyFolder, durability: Durability) => NpyAppendGroup.open(folder, { arrays: ARRAYS, durability })],
] as const;

const open: Call = {
  name: "open",
  rows: [],
  make: async (session) => {
    session.group = await session.open(session.folder, session.durability);
  },
};
const append = (from: number, to: number, after: readonly Row[]): Call => ({
  name: "append",
  rows: after,
  make: async ({ group }) => await group?.append(rows(from, to)),
});
const truncate = (kept: number, after: readonly Row[]): Call => ({
  name: "truncate",
  rows: after,
  make: async ({ group }) => await group?.truncate(kept),
});
const close = (after: readonly Row[]): Call => ({ name: "close", rows: after, make: async ({ group }) => await group?.close() });

/** Crosses a count of digits, appends after a cut, and opens again. */
const CALLS: readonly Call[] = [
  open,
  append(0, 2, rows(0, 2)),
  append(2, 11, rows(0, 11)),
  truncate(3, rows(0, 3)),
  append(3, 5, rows(0, 5)),
  close(rows(0, 5)),
  { ...open, name: "open again", rows: rows(0, 5) },
  append(5, 6, rows(0, 6)),
  close(rows(0, 6)),
];

function begin(open: Session["open"], durability: Durability): Session {
  return { open, durability, folder: new FaultyFolder(new Map(), { isSlow: true }), group: undefined };
}

/** The interruptions of one case: of all of them a part, another one in each case, so that together they take all. */
const PARTS = 12;
let part = 0;

async function interruptionsOf(open: Session["open"], durability: Durability, headersAreTorn: boolean): Promise<Interruption[]> {
  const session = begin(open, durability);
  for (const call of CALLS) {
    await call.make(session);
    expect(mended(folderOf(session.folder.files())), call.name).toEqual(call.rows);
  }
  expect(session.folder.openFiles).toBe(0);
  part++;
  return sampled(
    interruptions(session.folder.steps, headersAreTorn).filter((_, i) => i % PARTS === part % PARTS),
    5,
  );
}

/** Whether the files of a group that was being created are not all there yet. */
function isBeingCreated(files: Files): boolean {
  return files.size < 6 || [...files.values()].some(({ length }) => length === 0);
}

const CASES = FORMS.flatMap(([form, open]) =>
  (["os", "data", "full"] as const).map((durability) => [form, durability, open] as const),
);

describe.each(CASES)("%s, durability %s", (_form, durability, open) => {
  describe.each([
    ["the clock asks for every check", rushClock],
    ["the clock asks for none", stopClock],
  ])("%s", (_name, clock) => {
    beforeEach(clock);

    test("the process stops: each append is in all files or in none", { timeout: 200_000 }, async () => {
      for (const { at, after, context } of await interruptionsOf(open, durability, false)) {
        const session = begin(open, durability);
        const { folder } = session;
        folder.stopAt(at, { after });
        let certain: readonly Row[] = [];
        let interrupted: Call | undefined;
        for (const call of CALLS) {
          try {
            await call.make(session);
            certain = call.rows;
          } catch (error) {
            expect(error, context).toBe(folder.errors[0]);
            interrupted = call;
            break;
          }
        }
        if (interrupted === undefined) throw new Error(`${context}: nothing was interrupted`);
        const { name, rows: wanted } = interrupted;
        const files = folder.files();
        if (!isBeingCreated(files))
          expect([certain, wanted], `${context}: ${name}, read`).toContainEqual(readable(folderOf(files)));
        const held = mended(folderOf(files));
        expect([certain, wanted], `${context}: ${name}`).toContainEqual(held);
      }
    });

    test("a step fails: the group holds what it held, and the call can be made again", { timeout: 200_000 }, async () => {
      for (const { at, after, context } of await interruptionsOf(open, durability, true)) {
        const session = begin(open, durability);
        const { folder } = session;
        folder.failAt(at, { after });
        let certain: readonly Row[] = [];
        for (const call of CALLS) {
          try {
            await call.make(session);
          } catch (error) {
            expect(error, context).toBe(folder.errors[0]);
            const held = mended(folderOf(folder.files()));
            const isCut = folder.steps[at]?.op === "truncate" || (call.name === "truncate" && folder.steps[at]?.op === "sync");
            expect(isCut ? [certain, call.rows] : [certain], `${context}: ${call.name}`).toContainEqual(held);
            if (call.name === "close") {
              certain = call.rows;
              continue;
            }
            try {
              await call.make(session);
            } catch (again) {
              // A cut that fails after another file was cut: the first rows are safe, and the group has to be opened again.
              if (!isCut || (again as NpyError).code !== "ERR_NPY_BROKEN") throw again;
              await expect(async () => await session.group?.close(), context).rejects.toThrow(NpyError);
              session.group = await session.open(folder, durability);
              await session.group.truncate(call.rows.length);
            }
          }
          certain = call.rows;
          expect(mended(folderOf(folder.files())), `${context}: ${call.name}`).toEqual(certain);
        }
        expect(folder.openFiles, context).toBe(0);
        NpyAppendGroup.openSync(folder).close();
      }
    });
  });
});

test("opening is stopped while it completes an append or takes it back: opening again does it", {
  timeout: 300_000,
}, async () => {
  rushClock();
  const [, open] = FORMS[1];
  for (const { at, after, context } of sampled(await interruptionsOf(open, "os", false), 2)) {
    const session = begin(open, "os");
    session.folder.stopAt(at, { after });
    let certain: readonly Row[] = [];
    let wanted: readonly Row[] = [];
    for (const call of CALLS) {
      wanted = call.rows;
      try {
        await call.make(session);
      } catch {
        break;
      }
      certain = call.rows;
    }
    const files = session.folder.files();
    for (let stop = 0; ; stop++) {
      const folder = new FaultyFolder(files, { isSlow: true });
      folder.stopAt(stop);
      try {
        const group = NpyAppendGroup.openSync(folder, { arrays: ARRAYS });
        group.close();
        break;
      } catch (error) {
        if (folder.errors.length === 0) throw error;
        expect([certain, wanted], `${context}, then stopped at ${stop}`).toContainEqual(mended(folderOf(folder.files())));
      }
    }
  }
});
