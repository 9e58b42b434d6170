/** The random files of disks, written to a real S3 server: byte for byte what `numpy.save` writes, also as boto3 and as this package read them. */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { dtype, load, MemoryStorage, save } from "../src/node.ts";
import { s3Object } from "../src/s3/s3-object.ts";
import { runs } from "./support/effort.ts";
import { gatewayVariables, newBucket, signingFetch, uploadsOf } from "./support/gateway.ts";
import { numpyIsAtLeast, numpyVersion, pythonCommand } from "./support/numpy.ts";
import { type Case, partsOf, randomCases, savedByNumpy, type Written, write } from "./support/random-files.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const MIB = 2 ** 20;

/** One of so many files is larger than parts are. */
const LARGE = 40;

const hasBoto = spawnSync(pythonCommand, ["-c", "import boto3"]).status === 0;

/** Python that downloads an object before a file is opened: to a file, since NumPy drops padding as it reads from memory. */
function openedIn(bucket: string): string | undefined {
  if (!hasBoto) return undefined;
  const [name, variables] = [new URL(bucket).pathname.slice(1), gatewayVariables ?? {}].map((value) => JSON.stringify(value));
  return `
import boto3, os
os.environ.update(${variables})
s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
def opened(path):
    s3.download_file(${name}, os.path.basename(path), path)
    return path
`;
}

/** The same file with so many times the rows that it has several parts: of large elements, since random ones take long to make. */
function enlarged(random: Case): Case {
  const descr = "<c16";
  const rows = random.cuts.reduce((sum, cut) => sum + cut.rows, 0);
  const size = random.rowShape.reduce((product, n) => product * n, rows * dtype(descr).itemsize);
  const times = size === 0 ? 1 : Math.ceil((17 * MIB) / size);
  return { ...random, descr, cuts: random.cuts.map((cut) => ({ rows: cut.rows * times, style: "raw" })) };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe.skipIf(gatewayVariables === undefined || numpyVersion === undefined)("random objects", () => {
  const seed = Number(process.env["NPY_SEED"] ?? Date.now() % 2 ** 31);
  const FILES = runs(200);

  test(`${FILES} objects have the SHA-256 that numpy.save gives (NPY_SEED=${seed})`, async () => {
    const directory = temporaryDirectory();
    const bucket = await newBucket();
    const ours: string[] = [];
    const read: string[] = [];
    const files: Written[] = [];
    for (const [i, drawn] of randomCases(FILES, seed).entries()) {
      const mode = drawn.mode === "sync" ? "awaited" : drawn.mode;
      const random = { ...(i % LARGE === 0 ? enlarged(drawn) : drawn), mode } as const;
      const parts = partsOf(random);
      const url = `${bucket}/${i}.npy`;
      const object = s3Object(url, { fetch: signingFetch(), partSize: 5 * MIB, equalParts: i % 3 === 1 });
      await write(object, random, parts);

      const bytes = new Uint8Array(await (await signingFetch()(url)).arrayBuffer());
      ours.push(sha256(bytes));
      const again = new MemoryStorage();
      await save(again, await load(object));
      read.push(sha256(again.bytes() as Uint8Array));
      const path = join(directory, `${i}.npy`);
      if (!hasBoto) writeFileSync(path, bytes);
      files.push({ path, random, parts });
    }
    expect(read).toEqual(ours);
    const theirs = savedByNumpy(files, openedIn(bucket));
    // Before 1.25 NumPy left no room for growth in its headers: then only what it loads can be compared.
    const sameBytes = numpyIsAtLeast(1, 25);
    const differing = files.filter((_, i) => theirs[i]?.[1] !== true || (sameBytes && ours[i] !== theirs[i]?.[0]));
    expect(
      differing.map(({ random }) => random),
      `NPY_SEED=${seed}`,
    ).toEqual([]);
    expect(theirs).toHaveLength(FILES);
    expect(await uploadsOf(bucket)).toEqual([]);
  }, 300_000);
});
