/** Names and texts that come from files or arguments never control a terminal, whatever command prints them. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { printable } from "../src/cli/text/escaping.ts";
import { saveSync } from "../src/node.ts";
import { npy } from "./support/command.ts";
import { temporaryDirectory } from "./support/temporary.ts";

/** Sets the title of a terminal, colours what follows, goes back, and reverses the order of the text. */
const EVIL = "\u001b]0;owned\u0007\u001b[31m\rx\u009b2J\u202e\u007f\u0000";

/** What must not reach a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are looked for
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/;

/** A file name cannot hold a zero. */
const NAME = EVIL.replace("\u0000", "");
const FIELD = EVIL.replace("\u0000", "");

function files(): { readonly directory: string; readonly evil: string; readonly broken: string } {
  const directory = temporaryDirectory();
  const evil = `${NAME}.npy`;
  saveSync(
    join(directory, evil),
    [1, 2, 3].map((x) => ({ [FIELD]: x, [`${FIELD}text`]: `${FIELD}${x}` })),
    {
      dtype: [
        [FIELD, "<f8"],
        [`${FIELD}text`, "<U40"],
      ],
    },
  );
  const broken = `${NAME}broken.npy`;
  writeFileSync(join(directory, broken), readFileSync(join(directory, evil)).subarray(0, -1));
  writeFileSync(join(directory, `${NAME}.csv`), `${FIELD},b\n${FIELD},"2\n`);
  writeFileSync(join(directory, `${NAME}.ndjson`), `{"a":${JSON.stringify(FIELD)}}\n{"a":${FIELD}}\n`);
  return { directory, evil, broken };
}

describe("no control character is printed by", () => {
  test.each<[name: string, args: (files: { evil: string; broken: string }) => string[]]>([
    ["info", ({ evil }) => ["info", evil]],
    ["info --json", ({ evil }) => ["info", "--json", evil]],
    ["info of a broken file", ({ broken }) => ["info", broken]],
    ["head", ({ evil }) => ["head", evil]],
    ["tail", ({ evil }) => ["tail", evil]],
    ["slice", ({ evil }) => ["slice", evil, "0:2"]],
    ["slice --ndjson", ({ evil }) => ["slice", "--ndjson", evil, "0:2"]],
    ["stats", ({ evil }) => ["stats", evil]],
    ["stats --json", ({ evil }) => ["stats", "--json", evil]],
    ["plot", ({ evil }) => ["plot", evil]],
    ["plot --heatmap", ({ evil }) => ["plot", "--heatmap", evil]],
    ["plot of an unknown column", ({ evil }) => ["plot", "--columns", EVIL.replace("\u0000", ""), evil]],
    ["verify", ({ evil, broken }) => ["verify", evil, broken]],
    ["recover --dry-run", ({ broken }) => ["recover", "--dry-run", broken]],
    ["recover", ({ broken }) => ["recover", broken]],
    ["ensure-appendable", ({ evil }) => ["ensure-appendable", evil]],
    ["concat", ({ evil, broken }) => ["concat", "out.npy", evil, broken]],
    ["append of CSV", ({ evil }) => ["append", evil, `${NAME}.csv`]],
    ["append of CSV to a new file", () => ["append", "new.npy", `${NAME}.csv`]],
    ["append of NDJSON", ({ evil }) => ["append", evil, `${NAME}.ndjson`]],
    ["a file that is not there", () => ["head", `${NAME}gone.npy`]],
    ["a command that is not there", () => [NAME]],
    ["an option that is not there", ({ evil }) => ["head", `--${NAME}`, evil]],
    ["an argument that is no range", ({ evil }) => ["slice", evil, NAME]],
    ["a dtype that is none", () => ["append", "new.npy", "--dtype", NAME, `${NAME}.csv`]],
    ["--debug", () => ["--debug", "head", `${NAME}gone.npy`]],
  ])("%s", (_name, args) => {
    const made = files();
    const { stdout, stderr, signal } = npy(args(made), { cwd: made.directory });
    expect(signal).toBeNull();
    expect(`${stdout}${stderr}`).not.toBe("");
    expect(CONTROL.exec(stdout)).toBeNull();
    expect(CONTROL.exec(stderr)).toBeNull();
  });
});

test("CSV in a pipe is exact", () => {
  const { directory, evil } = files();
  const { stdout } = npy(["slice", "--csv", evil, "0:1"], { cwd: directory });
  expect(stdout).toContain(`${FIELD}1`);
});

test("JSON is escaped without a change of its values", () => {
  const { directory, evil } = files();
  const { stdout } = npy(["slice", "--ndjson", evil, "0:1"], { cwd: directory });
  expect(JSON.parse(stdout)).toEqual({ [FIELD]: 1, [`${FIELD}text`]: `${FIELD}1` });
});

test("a picture has no control characters, which XML does not allow", () => {
  const { directory, evil } = files();
  for (const form of [[], ["--heatmap"]]) {
    const { status, stderr } = npy(["plot", ...form, "--svg", `out${form.length}.svg`, evil], { cwd: directory });
    expect({ status, stderr: stderr.includes("rror") }).toEqual({ status: 0, stderr: false });
    expect(CONTROL.exec(readFileSync(join(directory, `out${form.length}.svg`), "utf8"))).toBeNull();
  }
});

test.each([
  ["plain", "plain"],
  ["Größe €, 漢字, 👩‍🚀", "Größe €, 漢字, 👩‍🚀"],
  ["a\nb\tc", "a\\nb\\tc"],
  ["\u001b[31m", "\\u001b[31m"],
  ["\u009b\u007f\ud800", "\\u009b\\u007f\\ud800"],
  ["\u202e\u{e0001}", "\\u202e\\U000e0001"],
])("%j is shown as %j", (text, shown) => {
  expect(printable(text)).toBe(shown);
});
