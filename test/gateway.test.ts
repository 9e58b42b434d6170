/** The S3 server of the tests: that it does what the package rests on, and that the proxy before it does what it says. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import {
  answered,
  type Fate,
  faultyWay,
  gatewayVariables,
  keysOf,
  newBucket,
  publish,
  signingFetch,
  uploadsOf,
} from "./support/gateway.ts";

const isThere = gatewayVariables !== undefined;

test.runIf(process.env["REQUIRE_GATEWAY"] === "1")("there is an S3 server, and a Python with boto3 and aiohttp", () => {
  expect(gatewayVariables).toBeDefined();
  expect(spawnSync("/usr/bin/python3", ["-c", "import boto3, aiohttp, fsspec, dask.array, zarr"]).status).toBe(0);
});

test.runIf(isThere)("has one winner among those that create an object if it is absent", async () => {
  const bucket = await newBucket();
  const put = signingFetch();
  for (let round = 0; round < 10; round++) {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        put(`${bucket}/${round}`, { method: "PUT", body: `writer ${i}`, headers: { "If-None-Match": "*" } }),
      ),
    );
    const winners = answers.flatMap(({ ok }, i) => (ok ? [i] : []));
    expect(winners).toHaveLength(1);
    for (const { ok, status } of answers) if (!ok) expect([409, 412]).toContain(status);
    expect(await answered(`${bucket}/${round}`)).toBe(`writer ${winners[0]}`);
  }
  expect(await keysOf(bucket)).toHaveLength(10);
});

test.runIf(isThere)("lists the uploads that are under way", async () => {
  const bucket = await newBucket();
  expect(await uploadsOf(bucket)).toEqual([]);
  await answered(`${bucket}/b%20c?uploads`, { method: "POST" });
  expect(await uploadsOf(bucket)).toEqual([["b c", expect.any(String)]]);
});

test.runIf(isThere)("refuses those who sign nothing, until a bucket is published", async () => {
  const bucket = await newBucket();
  await answered(`${bucket}/a`, { method: "PUT", body: "a" });
  expect((await fetch(`${bucket}/a`)).status).toBe(403);
  await publish(bucket);
  expect((await fetch(`${bucket}/a`)).status).toBe(200);
});

test.runIf(isThere)("loses answers, requests and connections where the proxy is told to", async () => {
  const bucket = await newBucket();
  let fate: Fate = "pass";
  const way = await faultyWay(() => fate);
  const put = (key: string): Promise<Response> =>
    signingFetch()(way.via(`${bucket}/${key}`), { method: "PUT", body: "x".repeat(100_000) });
  expect((await put("passed")).status).toBe(200);
  fate = "lose";
  await expect(put("lost")).rejects.toThrow("fetch failed");
  fate = "drop";
  await expect(put("dropped")).rejects.toThrow("fetch failed");
  fate = 503;
  expect((await put("refused")).status).toBe(503);
  expect(await keysOf(bucket)).toEqual(["lost", "passed"]);
  expect(way.log.map((line) => line.split(" ").at(-1))).toEqual(["pass", "lose", "drop", "503"]);
});
