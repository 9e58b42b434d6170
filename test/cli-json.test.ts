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
  const section = page.slice(page.indexOf("## JSON of `info --json`"));
  const row = section.split("\n").find((line) => line.startsWith(`| ${kind} `)) ?? "";
  return [...(row.split("|")[2] ?? "").matchAll(/`(\w+)`/g)].map(([, name = ""]) => name).sort();
}

function fieldsOf(cwd: string, ...paths: readonly string[]): string[] {
  const { stdout, stderr } = npy(["info", "--json", ...paths], { cwd });
  expect(stderr).toBe("");
  const objects = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
  expect(objects).toHaveLength(paths.length);
  return [...new Set(objects.flatMap((found) => Object.keys(found)))].sort();
}

test("info --json prints the fields that docs/cli.md lists, and no others", async () => {
  const cwd = temporaryDirectory();
  for (const name of ["whole", "short", "reserved"]) saveSync(join(cwd, `${name}.npy`), [1, 2, 3]);
  writeFileSync(join(cwd, "short.npy"), readFileSync(join(cwd, "whole.npy")).subarray(0, -3));
  // The mark of a writer that stores rows into mapped memory, and reserved bytes.
  const reserved = readFileSync(join(cwd, "reserved.npy"));
  reserved[126] = 9;
  writeFileSync(join(cwd, "reserved.npy"), reserved);
  appendFileSync(join(cwd, "reserved.npy"), Buffer.alloc(64));
  expect(fieldsOf(cwd, "whole.npy", "short.npy", "reserved.npy")).toEqual(documented("a file"));

  saveNpzSync(join(cwd, "a.npz"), { x: [1, 2] });
  expect(fieldsOf(cwd, "a.npz")).toEqual(documented("an archive"));
  expect(fieldsOf(cwd, "a.npz:x")).toEqual(documented("`FILE.npz:NAME`"));

  npy(["shard", "--rows", "2", "whole.npy", "shards"], { cwd });
  expect(fieldsOf(cwd, "shards")).toEqual(documented("shards"));

  mkdirSync(join(cwd, "group"));
  const group = await NpyAppendGroup.open(join(cwd, "group"), { arrays: { id: { dtype: "float64" } } });
  await group.append({ id: [1, 2] });
  await group.close();
  expect(fieldsOf(cwd, "group")).toEqual(documented("arrays in step"));
});
