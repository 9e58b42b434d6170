/** The documented fields of JSON output are those of real output. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { NpyAppendGroup, saveNpzSync, saveSync } from "../src/node.ts";
import { npy } from "./support/command.ts";
import { temporaryDirectory } from "./support/temporary.ts";

/** The fields that the page lists for a kind of output. */
function documented(kind: string): string[] {
  const page = readFileSync(new URL("../docs/cli.md", import.meta.url), "utf8");
  const section = page.slice(page.indexOf("\n## JSON\n"));
  const row = section.split("\n").find((line) => line.startsWith(`| ${kind} `)) ?? "";
  const fields = [...(row.split("|")[2] ?? "").matchAll(/`(\w+)`/g)].map(([, name = ""]) => name).sort();
  expect(fields, kind).not.toEqual([]);
  return fields;
}

/** The objects that a command prints, one per line. */
function printed(cwd: string, ...args: readonly string[]): Record<string, unknown>[] {
  const { stdout } = npy(args, { cwd });
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The fields that any of some objects have. */
function fieldsOf(objects: readonly unknown[]): string[] {
  expect(objects).not.toEqual([]);
  return [...new Set(objects.flatMap((found) => Object.keys(found as object)))].sort();
}

/** What the objects have in a field, or in the list in it. */
function inField(objects: readonly Record<string, unknown>[], field: string): Record<string, unknown>[] {
  const found = objects.flatMap((object) => object[field] ?? []);
  return found.filter((value): value is Record<string, unknown> => typeof value === "object");
}

test("info --json prints the fields that docs/cli.md lists, and no others", async () => {
  const cwd = temporaryDirectory();
  const info = (...paths: readonly string[]) => printed(cwd, "info", "--json", ...paths);
  for (const name of ["whole", "short", "reserved"]) saveSync(join(cwd, `${name}.npy`), [1, 2, 3]);
  writeFileSync(join(cwd, "short.npy"), readFileSync(join(cwd, "whole.npy")).subarray(0, -3));
  // The mark of a writer that stores rows into mapped memory, and reserved bytes.
  const reserved = readFileSync(join(cwd, "reserved.npy"));
  reserved[126] = 9;
  writeFileSync(join(cwd, "reserved.npy"), reserved);
  appendFileSync(join(cwd, "reserved.npy"), Buffer.alloc(64));
  const files = info("whole.npy", "short.npy", "reserved.npy");
  expect(fieldsOf(files)).toEqual(documented("`info`: a file"));
  expect(fieldsOf(inField(files, "recovery"))).toEqual(documented("its `recovery`"));

  saveNpzSync(join(cwd, "a.npz"), { x: [1, 2] });
  expect(fieldsOf(info("a.npz"))).toEqual(documented("`info`: an archive"));
  expect(fieldsOf(inField(info("a.npz"), "members"))).toEqual(documented("each of its `members`"));
  expect(fieldsOf(info("a.npz:x"))).toEqual(documented("`info`: `FILE.npz:NAME`"));

  npy(["shard", "--rows", "2", "whole.npy", "shards"], { cwd });
  expect(fieldsOf(info("shards"))).toEqual(documented("`info`: shards"));

  mkdirSync(join(cwd, "group"));
  const group = await NpyAppendGroup.open(join(cwd, "group"), { arrays: { id: { dtype: "float64" } } });
  await group.append({ id: [1, 2] });
  await group.close();
  const groups = info("group");
  expect(fieldsOf(groups)).toEqual(documented("`info`: arrays in step"));
  expect(fieldsOf(Object.values(groups[0]?.["arrays"] as object))).toEqual(documented("each of its `arrays`"));
});

test("stats --json", () => {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, "log.csv"), "t,level,station\n1,0.5,a\n2,inf,b\n");
  npy(["append", "log.npy", "log.csv"], { cwd });
  const stats = printed(cwd, "stats", "--json", "log.npy");
  expect(fieldsOf(stats)).toEqual(documented("`stats`"));
  expect(fieldsOf(inField(stats, "columns"))).toEqual(documented("each of the `columns`"));
  expect(inField(stats, "columns")[1]?.["max"]).toBe(Number.POSITIVE_INFINITY);
  expect(inField(stats, "columns")[0]?.["histogram"]).toHaveLength(16);
  const by = printed(cwd, "stats", "--json", "--by", "station", "log.npy");
  expect(fieldsOf(by)).toEqual(documented("`stats --by`"));
  expect(fieldsOf(inField(by, "groups"))).toEqual(documented("each of its `groups`"));
  expect(fieldsOf(inField(inField(by, "groups"), "columns"))).toEqual(documented("each of the `columns`"));
});

test("diff --json", () => {
  const cwd = temporaryDirectory();
  saveSync(join(cwd, "a.npy"), [1, 2, 3]);
  saveSync(join(cwd, "b.npy"), [1, 2, 4]);
  saveSync(join(cwd, "c.npy"), [[1, 2, 3]]);
  for (const [name, csv] of [
    ["l", "t,u\n1,2\n"],
    ["m", "t,u\n1,3\n"],
  ] as const) {
    writeFileSync(join(cwd, "rows.csv"), csv);
    npy(["append", `${name}.npy`, "rows.csv"], { cwd });
  }
  const found = [
    ["a", "b"],
    ["a", "c"],
    ["l", "m"],
  ].flatMap(([x, y]) => printed(cwd, "diff", "--json", `${x}.npy`, `${y}.npy`));
  expect(fieldsOf(found)).toEqual(documented("`diff`"));
  expect(fieldsOf(inField(found, "actual"))).toEqual(documented("`actual` and `desired`"));
  expect(fieldsOf(inField(found, "desired"))).toEqual(documented("`actual` and `desired`"));
  expect(fieldsOf(inField(found, "first"))).toEqual(documented("`first`"));
  expect(fieldsOf(inField(found, "fields"))).toEqual(documented("each of the `fields`"));
});

test("doctor --json", () => {
  const cwd = temporaryDirectory();
  saveSync(join(cwd, "whole.npy"), [1, 2, 3]);
  const whole = readFileSync(join(cwd, "whole.npy"));
  writeFileSync(join(cwd, "short.npy"), whole.subarray(0, -3));
  writeFileSync(join(cwd, "two.npy"), Buffer.concat([whole, whole]));
  const found = printed(cwd, "doctor", "--json", "--fix", ".");
  const all = documented("`doctor`");
  expect(fieldsOf(found)).toEqual(all.filter((field) => field !== "problem"));
  expect(fieldsOf(inField(found, "answers"))).toEqual(documented("each of the `answers`"));
});
