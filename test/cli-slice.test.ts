/** Parts of an array, by NumPy's index as text, by columns and by fields. */
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { sample } from "../src/cli/rows/sample.ts";
import { indexArgument, takenAxes } from "../src/cli/text/index-text.ts";
import { saveSync } from "../src/node.ts";
import { npy } from "./support/command.ts";
import { temporaryDirectory } from "./support/temporary.ts";

describe("the text of an index", () => {
  test.each<[text: string, axes: [start: number, step: number, count: number, isDropped: boolean][]]>([
    [
      "1",
      [
        [1, 1, 1, true],
        [0, 1, 5, false],
        [0, 1, 6, false],
      ],
    ],
    [
      " - 1 , 2:,",
      [
        [3, 1, 1, true],
        [2, 1, 3, false],
        [0, 1, 6, false],
      ],
    ],
    [
      "::-1,...,+1_0:0:-2",
      [
        [3, -1, 4, false],
        [0, 1, 5, false],
        [5, -2, 3, false],
      ],
    ],
    [
      "..., 2",
      [
        [0, 1, 4, false],
        [0, 1, 5, false],
        [2, 1, 1, true],
      ],
    ],
    [
      "1, ..., :, 2",
      [
        [1, 1, 1, true],
        [0, 1, 5, false],
        [2, 1, 1, true],
      ],
    ],
    [
      "3:1, -100:100, 1::9999999999999999999999",
      [
        [0, 1, 0, false],
        [0, 1, 5, false],
        [1, 1, 1, false],
      ],
    ],
  ])("%j", (text, axes) => {
    const found = takenAxes(indexArgument(text), [4, 5, 6]);
    expect(found.map(({ start, step, count, isDropped }) => [start, step, count, isDropped])).toEqual(axes);
  });

  test.each<[text: string, message: string]>([
    ["", "At character 1: expected a number, a slice such as 0:10:2, or ..., found the end."],
    ["0:10, x", 'At character 7: expected a number, a slice such as 0:10:2, or ..., found "x".'],
    ["1:2 3", 'At character 5: expected a comma or the end, found "3".'],
    ["1:2:3:4", 'At character 6: expected a comma or the end, found ":4".'],
    ["0:2, 1:5:0", "At character 10: the step of a slice cannot be 0."],
    ["..., 1, ...", "At character 9: ... may come only once."],
    ["1.5", 'At character 2: expected a comma or the end, found ".5".'],
    ["[0:2]", 'At character 1: expected a number, a slice such as 0:10:2, or ..., found "[0:2]".'],
  ])("%j is refused, and the message says where", (text, message) => {
    expect(() => indexArgument(text)).toThrow(expect.objectContaining({ message }));
  });
});

describe("of a file", () => {
  let cwd = "";
  const run = (...args: string[]): string => {
    const { stdout, stderr } = npy(args, { cwd });
    return stdout + stderr;
  };

  beforeEach(() => {
    cwd = temporaryDirectory();
    const data = Int32Array.from({ length: 24 }, (_, i) => i);
    saveSync(join(cwd, "video.npy"), { data, shape: [2, 3, 4] });
    saveSync(join(cwd, "fortran.npy"), { data, shape: [4, 6], fortranOrder: true });
    const row = (t: number) => ({ t, pos: [t, t + 0.5], name: `n${t}` });
    const dtype = [
      ["t", "<f8"],
      ["pos", ">f4", [2]],
      ["name", "<U2"],
    ] as const;
    saveSync(join(cwd, "log.npy"), [row(0), row(1), row(2)], { dtype });
  });

  test.each<[args: string[], output: string]>([
    [["video.npy", "1, ::2, 1:3"], "   0,1  0,2  2,1  2,2\n1   13   14   21   22\n"],
    [["video.npy", "::-1, 1, ::3", "--ndjson"], "[16,19]\n[4,7]\n"],
    [["video.npy", "..., 0, 0", "--ndjson"], "0\n12\n"],
    [["video.npy", "-1", "--csv"], "12,13,14,15,16,17,18,19,20,21,22,23\n"],
    [["fortran.npy", "1:2", "--ndjson"], "[4,5,6,7]\n"],
    [["fortran.npy", "1:2,", "--ndjson"], "[1]\n[5]\n[9]\n[13]\n[17]\n[21]\n"],
    [["fortran.npy", ":, ::-5", "--ndjson"], "[20,21,22,23]\n[0,1,2,3]\n"],
    [["log.npy", "::2", "--fields", "name,t"], "   name    t\n0  n0    0.0\n2  n2    2.0\n"],
    [["log.npy", "1:", "--fields", "pos", "--csv"], "pos[0],pos[1]\n1.0,1.5\n2.0,2.5\n"],
    [["log.npy", "1", "--fields", "name,pos", "--ndjson"], '{"name":"n1","pos":[1.0,1.5]}\n'],
    [["log.npy", "1", "--columns", "pos[1],t", "--ndjson"], '{"pos[1]":1.5,"t":1.0}\n'],
    [["log.npy", "1", "--columns", ":-1:2", "--csv"], "t,pos[1]\n1.0,1.5\n"],
    [["video.npy", "5"], "npy-append-array: video.npy: there is no row 5: it has 2 rows\n"],
    [["video.npy", "0, 3"], "npy-append-array: video.npy: axis 1 has no index 3: its size is 3\n"],
    [
      ["video.npy", "0, 0, 0, 0"],
      "npy-append-array: video.npy: the index has 4 entries: expected at most one for each axis of (2, 3, 4)\n",
    ],
    [
      ["video.npy", "0, 0", "--columns", "1"],
      "npy-append-array: --columns and an index of columns cannot be combined: choose one\n",
    ],
    [["video.npy", "--fields", "t"], 'npy-append-array: there is no field "t": the dtype is int32, which has none\n'],
    [["log.npy", "--fields", "x"], 'npy-append-array: there is no field "x": the fields are t, pos, name\n'],
    [["log.npy", "--fields", "t,t"], 'npy-append-array: --fields names "t" twice: name it once\n'],
    [["log.npy", "--columns", "x"], 'npy-append-array: there is no column "x": the columns are t, pos[0], pos[1], name\n'],
    [
      ["log.npy", "--columns", "t", "--raw"],
      "npy-append-array: --raw and --columns cannot be combined: choose fields, or use slice\n",
    ],
  ])("slice %j", (args, output) => {
    expect(run("slice", ...args)).toBe(output);
  });

  test.each<[args: string[], output: string]>([
    [["head", "--columns", "1, ::2", "--ndjson", "video.npy"], "[4,6]\n[16,18]\n"],
    [["tail", "-n", "1", "--table", "--columns", "..., -1", "video.npy"], "   0,3  1,3  2,3\n1   15   19   23\n"],
    [["head", "-n", "1", "--columns", "0,2:,-1", "fortran.npy", "--ndjson"], "[0,2,3,3]\n"],
    [["head", "-n", "1", "--table", "--columns", "1", "fortran.npy"], "   1\n0  1\n"],
    [["head", "--columns", "9", "fortran.npy"], "npy-append-array: --columns: there is no column 9: there are 4\n"],
    [
      ["head", "--columns", "0:2,y", "fortran.npy"],
      'npy-append-array: --columns: at character 5: expected a number, a slice such as 0:10:2, or ..., found "y"\n',
    ],
    [["tail", "-n", "2", "--fields", "t", "log.npy"], "     t\n1  1.0\n2  2.0\n"],
  ])("%j", (args, output) => {
    expect(run(...args)).toBe(output);
  });

  test("head --random prints a sample in the order of the file, the same with one seed", () => {
    saveSync(
      join(cwd, "many.npy"),
      Float64Array.from({ length: 1000 }, (_, i) => i / 2),
    );
    const args = ["head", "many.npy", "--random", "20"];
    const rows = run(...args)
      .trim()
      .split("\n")
      .map((line) => line.trim().split(/ +/).map(Number));
    expect(rows).toHaveLength(20);
    expect(rows.every(([row = 0, value], i) => value === row / 2 && row < 1000 && row > (rows[i - 1]?.[0] ?? -1))).toBe(true);
    expect(run(...args, "--seed", "7", "--raw")).toBe(run(...args, "--seed", "7", "--raw"));
    expect(run(...args, "--seed", "7", "--csv")).not.toBe(run(...args, "--seed", "8", "--csv"));
    expect(run("head", "log.npy", "--random", "9", "--fields", "t", "--csv")).toBe("t\n0.0\n1.0\n2.0\n");
    expect(run("head", "fortran.npy", "--random", "6", "--columns", "1:3", "--ndjson").split("\n")[5]).toBe("[21,22]");
    expect(run("head", "log.npy", "--seed", "1")).toBe("npy-append-array: --seed is for --random: add that, or leave it out\n");
  });

  test("each sample is as likely as any other", () => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 6000; seed++) {
      const key = sample(4, 2, seed).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  test("raw bytes keep the byte order of the file", () => {
    const raw = (...args: string[]) => Buffer.from(npy(["slice", "--raw", ...args], { cwd }).stdout, "latin1").toString("hex");
    expect(raw("log.npy", "2,", "--fields", "pos")).toMatch(/^40000000402?/);
    expect(raw("video.npy", "::-1, 0, 1")).toBe("0d00000001000000");
    expect(raw("fortran.npy", "1:3, 5")).toBe("1500000016000000");
  });

  test("a table into a pipe has all of 1,000 columns, and the first and last of more", () => {
    for (const count of [1000, 1001]) {
      saveSync(join(cwd, "wide.npy"), { data: new Uint8Array(count).fill(7), shape: [1, count] });
      const [, row = ""] = run("head", "--table", "wide.npy").split("\n");
      if (count === 1000) expect(row.split(/\s+/)).toHaveLength(1001);
      else expect(row).toMatch(/^(?=.{60,80}$)0( +7)+ {2}\.\.\.( +7)+$/);
      expect(run("head", "--csv", "wide.npy").split(",")).toHaveLength(count);
    }
    expect(run("head", "--table", "wide.npy", "--width", "0").split("\n")[1]?.trim().split(/\s+/)).toHaveLength(1002);
  });
});
