/** The examples of docs/object-storage.md run, also the commands, on a real S3 server. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { save } from "../src/node.ts";
import { commandBucket } from "./support/cli-s3.ts";
import { gatewayVariables, keysOf, newBucket } from "./support/gateway.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = readFileSync(join(root, "docs/object-storage.md"), "utf8");

test.skipIf(gatewayVariables === undefined)("one object, and a fleet of writers", async () => {
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

test.skipIf(gatewayVariables === undefined)("the commands print what the page says", async () => {
  const { name, run, directory } = await commandBucket();
  writeFileSync(join(directory, "day.csv"), "t,level\n0.5,17\n1.0,18\n1.5,21\n");
  await save(join(directory, "run.npy"), { data: new Float32Array(6000), shape: [3000, 2] });
  expect(run("shard", "run.npy", `${name}/run`, "--rows", "1000").status).toBe(0);
  const [, block = ""] = /^```console\n(.*?)^```$/ms.exec(page) ?? [];
  const [setting, ...commands] = block.split(/^\$ /m).slice(1);
  expect(setting).toMatch(/^export AWS_ENDPOINT_URL=\S+ AWS_PROFILE=\S+\n$/);
  expect(commands.length).toBeGreaterThan(1);
  for (const [command = "", ...printed] of commands.map((text) => text.trimEnd().split("\n"))) {
    const args = command.replaceAll("s3://bucket", name).split(" ").slice(1);
    expect(
      run(...args)
        .stdout.replaceAll(name, "s3://bucket")
        .trimEnd(),
    ).toBe(printed.join("\n"));
  }
});
