/** The examples of docs/object-storage.md run, on a real S3 server. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { gatewayVariables, keysOf, newBucket } from "./support/gateway.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

test.skipIf(gatewayVariables === undefined)("one object, and a fleet of writers", async () => {
  const page = readFileSync(join(root, "docs/object-storage.md"), "utf8");
  const examples = [...page.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code as string);
  expect(examples).toHaveLength(2);
  const directory = temporaryDirectory();
  mkdirSync(join(directory, "node_modules"));
  symlinkSync(root, join(directory, "node_modules/npy-append-array"), "junction");
  symlinkSync(join(root, "node_modules/aws4fetch"), join(directory, "node_modules/aws4fetch"), "junction");
  const bucket = await newBucket();
  const env = { ...process.env, ...gatewayVariables, BUCKET_URL: bucket };
  const printed = examples.map((code, i) => {
    const file = join(directory, `${i}.mjs`);
    // The page's functions have types.
    writeFileSync(file, code.replaceAll("(url: string, init?: RequestInit)", "(url, init)"));
    return execFileSync(process.execPath, [file], { cwd: directory, env, encoding: "utf8", timeout: 60_000 });
  });
  expect(printed).toEqual(["[ 1, 3 ]\n", "[ 2500, 8 ]\n"]);
  const keys = (await keysOf(bucket)).filter((key) => !key.includes(".npy-append-array"));
  expect(keys).toEqual(["log.npy", "run.npy", "run/00000000.npy", "run/00000001.npy", "run/00000002.npy"]);
});
