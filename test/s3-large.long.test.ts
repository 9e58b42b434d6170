/** What an object of 1 GiB costs, in bytes that are sent and received, on a real server. */
import { expect, test } from "vitest";
import { NpyAppendArray, NpyReader } from "../src/node.ts";
import { s3Object } from "../src/s3/s3-object.ts";
import { countingFetch, gatewayVariables, newBucket, signingFetch } from "./support/gateway.ts";

const MIB = 2 ** 20;
const WIDTH = 1500;
const ROWS = Math.floor(2 ** 30 / WIDTH);

test.runIf(gatewayVariables !== undefined)(
  "a sync that adds 1 MiB to 1 GiB sends little more, and 1,000 rows of it are read by little more than their bytes",
  { timeout: 300_000 },
  async () => {
    const url = `${await newBucket()}/large.npy`;
    const first = await NpyAppendArray.open(s3Object(url, { fetch: signingFetch() }), { dtype: "uint8", rowShape: [WIDTH] });
    const perBlock = 1000;
    for (let row = 0; row < ROWS; row += perBlock) {
      const count = Math.min(perBlock, ROWS - row);
      await first.append(new Uint8Array(count * WIDTH).fill(row / perBlock));
    }
    await first.close();

    const writing = countingFetch();
    const npaa = await NpyAppendArray.open(s3Object(url, { fetch: writing.fetch }));
    expect(npaa.length).toBe(ROWS);
    const added = Math.floor(MIB / WIDTH);
    await npaa.append(new Uint8Array(added * WIDTH).fill(251));
    await npaa.sync();
    // The new rows, the first part (5 MiB at least), and the lists of parts. Of the rest nothing comes here.
    expect(writing.sent).toBeLessThan(6.1 * MIB);
    expect(writing.received).toBeLessThan(5.1 * MIB);
    await npaa.close();

    const reading = countingFetch();
    const reader = await NpyReader.open(url, { fetch: reading.fetch });
    expect(reader.length).toBe(ROWS + added);
    const wanted = Array.from({ length: 1000 }, (_, i) => (i * 7_368_787) % ROWS);
    const { data } = await reader.take(wanted);
    const expected = Uint8Array.from(wanted, (row) => Math.floor(row / perBlock));
    expect(Uint8Array.from(expected, (_, i) => (data as Uint8Array)[i * WIDTH] as number)).toEqual(expected);
    expect(reading.received).toBeGreaterThan(1000 * WIDTH);
    expect(reading.received).toBeLessThan(4 * 1000 * WIDTH);
    expect(Array.from((await reader.read(-1)).data as Uint8Array)).toEqual(Array(WIDTH).fill(251));
    await reader.close();
  },
);
