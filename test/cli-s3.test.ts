/** The command line on objects of a real S3 server. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { save } from "../src/node.ts";
import { MAIN } from "./support/command.ts";
import { answered, gatewayVariables, newBucket } from "./support/gateway.ts";
import { temporaryDirectory } from "./support/temporary.ts";

function run(args: readonly string[], variables: Readonly<Record<string, string>> = {}) {
  const env = { ...process.env, ...gatewayVariables, ...variables };
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8", timeout: 60_000, env });
}

test.skipIf(gatewayVariables === undefined)("prints rows of an object and of a folder of shards", async () => {
  const bucket = await newBucket();
  const name = `s3://${new URL(bucket).pathname.slice(1)}`;
  const file = join(temporaryDirectory(), "a.npy");
  await save(file, { data: Int32Array.from({ length: 20 }, (_, i) => i), shape: [10, 2] });
  const body = readFileSync(file);
  for (const key of ["a%20b.npy", "run/00000000.npy", "run/00000001.npy"])
    await answered(`${bucket}/${key}`, { method: "PUT", body });
  expect(run(["take", `${name}/a b.npy`, "3", "-1", "--csv"])).toMatchObject({ status: 0, stderr: "", stdout: "6,7\n18,19\n" });
  expect(run(["slice", `${name}/run/`, "9:11", "--csv"])).toMatchObject({ status: 0, stderr: "", stdout: "18,19\n0,1\n" });
  const wrong = run(["head", `${name}/a b.npy`], { AWS_SECRET_ACCESS_KEY: "wrong-secret" });
  expect(wrong.status).toBe(1);
  expect(wrong.stderr).not.toMatch(/wrong-secret|npy-append-array\/|Signature=/);
});

test.each([
  "append s3://b/k.npy rows.csv",
  "info s3://b/k.npy",
  "concat s3://b/k.npy a.npy",
  "tail -f s3://b/k.npy",
  "take a.npy 0 --out s3://b/k.npy",
])("refuses what it cannot do: %s", (line) => {
  const found = run(line.split(" "));
  expect(found).toMatchObject({ status: 2, stdout: "", stderr: expect.stringContaining("only head, tail, slice") });
  expect(found.stderr).toContain("s3://b/k.npy");
});

test("says which variables are missing", () => {
  expect(run(["head", "s3://b/k.npy"], { AWS_ACCESS_KEY_ID: "" })).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
  });
});
