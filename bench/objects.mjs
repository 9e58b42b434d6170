// One object in an object store: appended to, read part by part, and continued. Only where an S3 server is found: scripts/gateway.sh up.
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AwsClient } from "aws4fetch";
import { dtype, formatHeader, NpyAppendArray, NpyReader } from "../dist/node.js";
import { s3Object } from "../dist/s3.js";
import { numbers, sourceFile, stopwatch } from "./measure.mjs";

export const title = "Object store";
export const about =
  "float32 rows of 1.5 kB in Ceph's S3 gateway on this machine (`scripts/gateway.sh up`), which takes a good part of its two processors. curl sends and gets the same " +
  "bytes in one request; bare `fetch` gets the ranges that we ask for, signed, and drops what arrives.";

const CURL = "curl";
const FETCH = "bare fetch";
/** The bytes of a chunk, and how many are under way. */
const [CHUNK, AT_ONCE] = [2 ** 23, 4];
const WIDTH = 384;

/** The variables of the server; `undefined` where there is none. */
function gateway() {
  if (spawnSync("curl", ["--version"]).status !== 0) return undefined;
  if (process.env.AWS_ENDPOINT_URL !== undefined) return process.env;
  if (process.platform !== "linux") return undefined;
  const script = fileURLToPath(new URL("../scripts/gateway.sh", import.meta.url));
  const { status, stdout } = spawnSync(script, ["env"], { encoding: "utf8" });
  if (status !== 0) return undefined;
  return Object.fromEntries(
    stdout
      .trim()
      .split("\n")
      .map((line) => line.split("=", 2)),
  );
}

/** @returns {import("./harness.mjs").Row[]} */
export function rows(pick) {
  if (gateway() === undefined) return [];
  const bytes = pick(2 ** 22, 2 ** 28, 2 ** 29);
  const row = (id, label, job, others = []) => ({
    id: `objects/${id}`,
    label,
    unit: "B/s",
    amount: bytes,
    rounds: pick(1, 5, 9),
    contenders: [
      { name: "ours", job, params: { bytes } },
      { name: CURL, job: `${job}ByCurl`, params: { bytes } },
      ...others.map((name) => ({ name, job: `${job}ByFetch`, params: { bytes } })),
    ],
    targets: [{ against: CURL, atLeast: 0.8 }, ...others.map((name) => ({ against: name, atLeast: 0.8 }))],
    note: "fetch of Node takes a whole processor for what curl does with a third of one",
  });
  return [
    row("append", "appending 1 MiB at a time to a new object", "append"),
    row("scan", "reading an object in chunks", "scan", [FETCH]),
  ];
}

const variables = gateway();
const BUCKET = `${variables?.AWS_ENDPOINT_URL}/npy-bench`;

const client =
  variables &&
  new AwsClient({
    accessKeyId: variables.AWS_ACCESS_KEY_ID,
    secretAccessKey: variables.AWS_SECRET_ACCESS_KEY,
    region: variables.AWS_REGION,
    service: "s3",
    retries: 0,
  });
const fetch = (input, init) => client.fetch(input, init);

/** curl as the tools of object stores call it: signed, without a hash of what it sends. */
function curl(...args) {
  const { status, stderr } = spawnSync("curl", [
    ...["-sS", "--fail", "--aws-sigv4", `aws:amz:${variables.AWS_REGION}:s3`],
    ...["--user", `${variables.AWS_ACCESS_KEY_ID}:${variables.AWS_SECRET_ACCESS_KEY}`],
    ...["-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", ...args],
  ]);
  if (status !== 0) throw new Error(String(stderr));
}

/** Gives `work` the URL of an object that is there for this time only. */
async function withObject(work) {
  await fetch(BUCKET, { method: "PUT" });
  const url = `${BUCKET}/${randomUUID()}.npy`;
  try {
    return await work(url);
  } finally {
    await fetch(url, { method: "DELETE" });
  }
}

function file(path, bytes) {
  return sourceFile(path, `object-${bytes}.npy`, (target) => {
    const data = numbers("float32", 2 ** 18);
    const fd = openSync(target, "w");
    writeSync(fd, formatHeader({ dtype: dtype("<f4"), shape: [Math.floor(bytes / 4 / WIDTH), WIDTH], fortranOrder: false }));
    for (let left = Math.floor(bytes / 4 / WIDTH) * WIDTH * 4; left > 0; left -= data.byteLength) {
      writeSync(fd, data, 0, Math.min(left, data.byteLength));
    }
    closeSync(fd);
  });
}

export const jobs = {
  append({ bytes }) {
    const rows = 682;
    const data = numbers("float32", rows * WIDTH);
    return withObject(async (url) => {
      const seconds = stopwatch();
      const npaa = await NpyAppendArray.open(s3Object(url, { fetch }), { dtype: "float32", rowShape: [WIDTH] });
      for (let done = 0; done < bytes; done += data.byteLength) await npaa.append(data);
      await npaa.close();
      return seconds();
    });
  },

  appendByCurl({ path, bytes }) {
    const source = file(path, bytes);
    return withObject((url) => {
      const seconds = stopwatch();
      curl("-T", source, url);
      return seconds();
    });
  },

  scan({ path, bytes }) {
    const source = file(path, bytes);
    return withObject(async (url) => {
      curl("-T", source, url);
      const seconds = stopwatch();
      const reader = await NpyReader.open(url, { fetch });
      let rows = 0;
      for await (const chunk of reader.chunks()) rows += chunk.shape[0];
      await reader.close();
      if (rows !== reader.length) throw new Error(`${rows} rows of ${reader.length}`);
      return seconds();
    });
  },

  scanByFetch({ path, bytes }) {
    const source = file(path, bytes);
    return withObject(async (url) => {
      curl("-T", source, url);
      const seconds = stopwatch();
      let at = 0;
      const requests = Array.from({ length: AT_ONCE }, async () => {
        while (at < bytes) {
          const start = at;
          at += CHUNK;
          const { body } = await fetch(url, { headers: { Range: `bytes=${start}-${at - 1}` } });
          const reader = body.getReader();
          while (!(await reader.read()).done);
        }
      });
      await Promise.all(requests);
      return seconds();
    });
  },

  scanByCurl({ path, bytes }) {
    const source = file(path, bytes);
    return withObject((url) => {
      curl("-T", source, url);
      const seconds = stopwatch();
      curl("-o", "/dev/null", url);
      return seconds();
    });
  },
};
