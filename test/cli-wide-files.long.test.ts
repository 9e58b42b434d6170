/** A header of 128 bytes can claim any number of columns: work and memory are in proportion to the file all the same. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type DTypeLike, dtype, formatHeader, loadSync, saveSync } from "../src/node.ts";
import { npy, shell } from "./support/command.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const MILLIONS = 1e8;

describe.each<[name: string, like: DTypeLike, shape: number[]]>([
  ["rows", "f8", [0, MILLIONS]],
  ["a sub-array", [["a", "<f8", [10_000, 10_000]]], [0]],
  [
    "rows of a structure",
    [
      ["a", "<f8"],
      ["b", "<U4"],
    ],
    [0, MILLIONS],
  ],
  ["elements without bytes", "S0", [3, MILLIONS]],
])("of %s", (_name, like, shape) => {
  test.each([
    ["head", []],
    ["tail", []],
    ["slice", ["--csv", "0:1"]],
    ["slice", ["--ndjson", "0:1"]],
    ["stats", []],
    ["plot", []],
    ["append", ["source.csv"]],
  ])("%s says how many columns there are", (command, args) => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "wide.npy"), formatHeader({ dtype: dtype(like), fortranOrder: false, shape }));
    writeFileSync(join(directory, "source.csv"), "1,2\n");
    const { status, stdout, stderr } = npy([command, "wide.npy", ...args], { cwd: directory });
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^npy-append-array: (?:wide.npy|source.csv): .*[12]00000000/);
    expect(status).toBe(1);
  });
});

test("as many columns as a file has bytes are printed", () => {
  const directory = temporaryDirectory();
  saveSync(join(directory, "wide.npy"), { data: new Uint8Array(140_000).fill(7), shape: [1, 140_000] });
  const { status, stdout } = npy(["head", "--csv", "wide.npy"], { cwd: directory });
  expect(
    stdout
      .trim()
      .split(",")
      .every((cell) => cell === "7"),
  ).toBe(true);
  expect(stdout.split(",").length).toBe(140_000);
  expect(status).toBe(0);
  expect(loadSync(join(directory, "wide.npy")).shape).toEqual([1, 140_000]);
});

test("statistics of 100 000 columns take seconds", () => {
  const directory = temporaryDirectory();
  const data = Float32Array.from({ length: 200_000 }, (_, i) => i / 8);
  saveSync(join(directory, "wide.npy"), { data, shape: [2, 100_000] });
  const { status, stdout } = shell(
    "npy-append-array stats --all wide.npy > table && wc -l < table && tail -n 1 table",
    directory,
  );
  expect(stdout.trim().split(/\s+/)).toEqual("100002 99999 0 0 12499.875 24999.875 18749.875 6250.0 █ █".split(" "));
  expect(status).toBe(0);
});

test.each<[like: DTypeLike, shape: number[], line: string]>([
  ["S0", [1e15], ""],
  ["f8", [1e15, 0], ""],
])("statistics of %s in shape %j end", (like, shape, line) => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, "empty.npy"), formatHeader({ dtype: dtype(like), fortranOrder: false, shape }));
  const { status, stdout } = npy(["stats", "empty.npy"], { cwd: directory });
  expect(status).toBe(0);
  expect(stdout.split("\n")[2]).toBe(line);
});
