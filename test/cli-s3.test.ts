/** The command line reads objects of a real S3 server, and refuses what a store cannot do. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { saveNpz } from "../src/node.ts";
import { commandBucket, runWith } from "./support/cli-s3.ts";
import { gatewayVariables } from "./support/gateway.ts";

const pairs = { data: Int32Array.from({ length: 20 }, (_, i) => i), shape: [10, 2] };
const withStore = test.skipIf(gatewayVariables === undefined);

withStore("prints rows of an object, of a folder of shards and of an archive", async () => {
  const { run, put, putBytes, directory } = await commandBucket();
  for (const key of ["a%20b.npy", "run/00000000.npy", "run/00000001.npy"]) await put(key, pairs);
  await saveNpz(join(directory, "z.npz"), { pairs });
  await putBytes("z.npz", readFileSync(join(directory, "z.npz")));
  expect(run("take", "s3:/a b.npy", "3", "-1", "--csv")).toMatchObject({ status: 0, stderr: "", stdout: "6,7\n18,19\n" });
  expect(run("slice", "s3:/run/", "9:11", "--csv")).toMatchObject({ status: 0, stderr: "", stdout: "18,19\n0,1\n" });
  expect(run("tail", "s3:/run", "-n", "1", "--csv")).toMatchObject({ status: 0, stderr: "", stdout: "18,19\n" });
  expect(run("head", "s3:/z.npz:pairs", "-n", "1", "--csv")).toMatchObject({ status: 0, stderr: "", stdout: "0,1\n" });
  expect(run("slice", "s3:/a b.npy", "1:2", "--raw", "--out", "row.bin").status).toBe(0);
  expect(run("append", "row.npy", "row.bin", "--dtype", "i4", "--row-shape", "2").status).toBe(0);
  expect(run("diff", "row.npy", "s3:/a b.npy").stdout).toContain("ACTUAL: row.npy: int32 (1, 2)");
  expect(run("diff", "s3:/a b.npy", "s3:/a b.npy").status).toBe(0);
});

withStore("describes and verifies objects, folders and archives", async () => {
  const { run, put, putBytes, bytes, name } = await commandBucket();
  await put("whole.npy", pairs);
  await putBytes("short.npy", (await bytes("whole.npy")).subarray(0, -1));
  for (const key of ["run/00000000.npy", "run/00000001.npy", "step/x.npy", "step/y.npy"]) await put(key, pairs);
  const whole = run("info", "s3:/whole.npy", "--json");
  expect(JSON.parse(whole.stdout)).toMatchObject({ path: `${name}/whole.npy`, shape: [10, 2], complete: true });
  expect(JSON.parse(run("info", "s3:/run", "--json").stdout)).toMatchObject({ shape: [20, 2], shards: 2, rows: [10, 10] });
  expect(JSON.parse(run("info", "s3:/step/", "--json").stdout)).toMatchObject({ rows: 10, complete: true });
  expect(run("info", "s3:/short.npy").stdout).toContain("recover keeps 9 rows (the header says 10), drops 7 bytes");
  expect(run("verify", "s3:/whole.npy", "s3:/short.npy")).toMatchObject({
    status: 1,
    stdout: `${name}/whole.npy: ok\n`,
    stderr: expect.stringContaining(`run "npy-append-array recover ${name}/short.npy"`),
  });
});

withStore("says by its name which object is missing, and never what signs", async () => {
  const { run, name, put } = await commandBucket();
  await put("a.npy", pairs);
  expect(run("head", "s3:/b.npy").stderr).toBe(`npy-append-array: ${name}/b.npy: there is no such object: check its name\n`);
  expect(run("head", "s3:/none/").stderr).toContain(
    `there are no shards, whose names are digits alone such as 00000000.npy, in '${name}/none/'`,
  );
  const wrong = runWith(["head", "--debug", `${name}/a.npy`], { AWS_SECRET_ACCESS_KEY: "wrong-secret" });
  expect(wrong).toMatchObject({ status: 1, stderr: expect.stringContaining("answered 403") });
  expect(wrong.stderr).not.toMatch(/wrong-secret|Credential=|Signature=/);
});

test.each([
  ["doctor s3://b/k.npy", "check objects with verify"],
  ["view s3://b/k.npy", "copy the object here"],
  ["info --watch s3://b/k.npy", "run info again"],
  ["tail -f s3://b/k.npy", "run tail again"],
  ["tail -F s3://b/", "run tail again"],
  ["truncate --copy s3://b/k.npy 3", "leave out --copy"],
  ["ensure-appendable --inplace s3://b/k.npy", "leave out --inplace"],
  ["plot a.npy --svg s3://b/k.svg", "upload it"],
])("refuses what a store cannot do: %s", (line, advice) => {
  const found = runWith(line.split(" "));
  expect(found).toMatchObject({ status: 2, stdout: "", stderr: expect.stringContaining(advice) });
  expect(found.stderr).toMatch(/s3:\/\/b\//);
});

test("refuses a name without a bucket", () => {
  const found = runWith(["head", "s3:///k.npy"], { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" });
  expect(found).toMatchObject({ status: 1, stderr: "npy-append-array: s3:///k.npy: it has no bucket: write s3://bucket/key\n" });
});
