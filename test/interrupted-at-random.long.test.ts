/**
 * Random histories of one file: it is created, appended to, recovered and made appendable by processes that are killed at a random step, with
 * writes torn, one after the other. What a process left is what the next one begins with.
 */
import { expect, test } from "vitest";
import { dtype, formatHeader, NpyError, type OpenOptions } from "../src/index.ts";
import { rewriteInPlace } from "../src/plan/rewrite/in-place.ts";
import { rushClock } from "./support/clock.ts";
import { runs } from "./support/effort.ts";
import { FaultyStorage } from "./support/faulty-storage.ts";
import { equal, interruptions, isBetween, readable, recovered } from "./support/interruptions.ts";
import { FORMS, rows, type Session, type Verbs } from "./support/procedures.ts";
import { randomNumbers } from "./support/random-bytes.ts";

const HISTORIES = runs(150, 0.2);
const PROCESSES = 12;

/** One call of a process, and how many rows the file holds when it has returned. */
interface Step {
  readonly rows: number;
  make(session: Session): unknown;
}

/** What one process does to a file of `count` rows. */
function processOf(
  count: number,
  isThere: boolean,
  random: () => number,
): { steps: Step[]; name: string; countsAtOnce: boolean } {
  const below = (n: number): number => random() % n;
  const kind = isThere ? below(6) : 0;
  const recover: Step = { rows: count, make: ({ verbs, storage }) => verbs.recover(storage) };
  if (kind === 3) {
    return { name: "recover", steps: [recover], countsAtOnce: false };
  }
  if (kind > 3) {
    const isCopy = kind === 4;
    const sizes = { block: 1 + below(100), insertFrom: below(2) === 0 ? 0 : Number.POSITIVE_INFINITY };
    const ensure: Step = {
      rows: count,
      make: ({ verbs, storage }) =>
        isCopy ? verbs.ensureAppendable(storage) : verbs.run(rewriteInPlace(storage, undefined, {}, sizes)),
    };
    return {
      name: `ensureAppendable, ${isCopy ? "copy" : JSON.stringify(sizes)}`,
      steps: [recover, ensure],
      countsAtOnce: false,
    };
  }
  const options: OpenOptions = {
    durability: (["os", "data", "full"] as const)[below(3)] ?? "os",
    rewriteHeaderOnAppend: below(2) === 0,
    onNeedsRecovery: "truncate",
    onNotAppendable: "rewrite",
    ...(below(2) === 0 ? { dtype: "<i2", rowShape: [] } : {}),
  };
  const steps: Step[] = [
    {
      rows: count,
      make: async (session) => {
        session.npaa = await session.verbs.open(session.storage, options);
      },
    },
  ];
  let now = count;
  for (let i = below(6); i >= 0; i--) {
    const [from, to] = [now, now + below(40)];
    const verb = below(8);
    if (verb === 0) steps.push({ rows: now, make: ({ npaa }) => npaa?.updateHeader() });
    else if (verb === 1) steps.push({ rows: now, make: ({ npaa }) => npaa?.sync() });
    else {
      steps.push({ rows: to, make: ({ npaa }) => npaa?.append(rows(from, to)) });
      now = to;
    }
  }
  steps.push({ rows: now, make: ({ npaa }) => npaa?.close() });
  return { name: `append, ${JSON.stringify(options)}`, steps, countsAtOnce: options.rewriteHeaderOnAppend === true };
}

/** Gives a whole file the header of another writer, which has no room. */
function tightened(count: number): Uint8Array {
  const header = formatHeader({ dtype: dtype("<i2"), fortranOrder: false, shape: [count], headerLength: 80 });
  return Buffer.concat([header, new Uint8Array(rows(0, count).buffer)]);
}

/** What a reader gets, or `undefined` if the file is refused loudly. */
function readableOrRefused(bytes: Uint8Array | undefined): Int16Array | undefined {
  try {
    return readable(bytes);
  } catch (error) {
    if (error instanceof NpyError && error.code === "ERR_NPY_NEEDS_RECOVERY") return undefined;
    throw error;
  }
}

async function live(seed: number, verbs: Verbs): Promise<number> {
  const random = randomNumbers(seed);
  const options = { isSlow: true, blockSize: 512 };
  let bytes: Uint8Array | undefined;
  let count = 0;
  let killed = 0;
  for (let i = 0; i < PROCESSES; i++) {
    if (bytes !== undefined && bytes.length > 0 && random() % 5 === 0) bytes = tightened(count);
    const { steps, name, countsAtOnce } = processOf(count, bytes !== undefined && bytes.length > 0, random);
    const context = `NPY_SEED=${seed}, process ${i} (${name})`;

    // How it goes if nothing happens; then once more, killed at one of the steps.
    const undisturbed: Session = { verbs, storage: new FaultyStorage(bytes, options), npaa: undefined };
    for (const step of steps) {
      await step.make(undisturbed);
      expect(equal(recovered(undisturbed.storage.bytes()), rows(0, step.rows)), context).toBe(true);
    }
    const moments = interruptions(undisturbed.storage.steps, false);
    const moment = moments[random() % (moments.length + 1)];
    if (moment === undefined) {
      bytes = undisturbed.storage.bytes();
      count = steps.at(-1)?.rows ?? count;
      continue;
    }
    const session: Session = { verbs, storage: new FaultyStorage(bytes, options), npaa: undefined };
    session.storage.stopAt(moment.at, { after: moment.after });
    let certain = count;
    let interrupted: number | undefined;
    for (const step of steps) {
      try {
        await step.make(session);
        certain = step.rows;
      } catch (error) {
        expect(error, context).toBe(session.storage.errors[0]);
        interrupted = step.rows;
        break;
      }
    }
    if (interrupted === undefined) throw new Error(`${context}: nothing was interrupted`);
    killed++;
    bytes = session.storage.bytes();
    const held = recovered(bytes);
    const where = `${context}, ${moment.context}`;
    expect(isBetween(held, rows(0, certain), rows(0, interrupted)), where).toBe(true);
    const read = readableOrRefused(bytes);
    if (read !== undefined) expect(equal(read, rows(0, read.length)) && read.length <= held.length, where).toBe(true);
    // With a header each, a reader that gets anything gets all that was acknowledged, if no earlier process had left it uncounted.
    if (countsAtOnce && session.npaa !== undefined) expect(read?.length, where).toBeGreaterThanOrEqual(certain);
    count = held.length;
  }
  return killed;
}

const seed = Number(process.env["NPY_SEED"] ?? Date.now() % 2 ** 31);

test.each(FORMS)(`%s: no row whose append returned is ever lost (NPY_SEED=${seed})`, async (_form, verbs) => {
  // Every time the same steps, and all that there can be.
  rushClock();
  let killed = 0;
  for (let i = 0; i < HISTORIES; i++) killed += await live(seed + i, verbs);
  expect(killed).toBeGreaterThan(HISTORIES);
});
