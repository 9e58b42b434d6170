/** A process that grows one object in a real S3 store, and is killed again and again. */
import { expect, test } from "vitest";
import { MemoryStorage, save } from "../src/node.ts";
import { abortStale } from "../src/s3/s3-object.ts";
import { gatewayVariables, newBucket, signingFetch, uploadsOf } from "./support/gateway.ts";
import { bundled, untilKilled } from "./support/killed-process.ts";

const OBJECTS = 6;
const LIVES = 8;
const ROW = 2 ** 12;

/** The object of rows 0, 1 and so on, each of which holds its number; before the first sync there is an empty one. */
async function objectOf(rows: number): Promise<Uint8Array> {
  if (rows === 0) return new Uint8Array(0);
  const storage = new MemoryStorage();
  await save(storage, { data: Int32Array.from({ length: rows * ROW }, (_, i) => Math.floor(i / ROW)), shape: [rows, ROW] });
  return storage.bytes() as Uint8Array;
}

test.runIf(gatewayVariables !== undefined).each([false, true])(
  "the object is the old one or the new one, with all rows that were synced; parts of one size: %s",
  async (equalParts) => {
    const script = await bundled("s3-object-process.ts");
    const bucket = await newBucket();
    let killedInSync = 0;
    let grown = 0;
    for (let object = 0; object < OBJECTS; object++) {
      const url = `${bucket}/${object}.npy`;
      let before = 0;
      for (let life = 0; life < LIVES; life++) {
        const lines = await untilKilled(script, [url, String(equalParts)], Math.random() * 800);
        await abortStale(bucket, { fetch: signingFetch() });
        expect(await uploadsOf(bucket)).toEqual([]);
        // It goes on where the object ended.
        expect(lines[0]).toBe(`synced ${before}`);
        const [verb, count] = (lines.at(-1) as string).split(" ");
        const found = new Uint8Array(await (await signingFetch()(url)).arrayBuffer());
        const synced = Number((lines.findLast((line) => line.startsWith("synced")) as string).split(" ")[1]);
        const whole = await objectOf(synced);
        const isOld = Buffer.compare(found, whole) === 0;
        if (verb === "syncing") {
          killedInSync++;
          expect(isOld || Buffer.compare(found, await objectOf(Number(count))) === 0, `${lines}`).toBe(true);
        } else expect(isOld, `${lines}`).toBe(true);
        before = isOld ? synced : Number(count);
      }
      grown += before;
    }
    expect(killedInSync).toBeGreaterThan(0);
    expect(grown).toBeGreaterThan(0);
  },
  600_000,
);
