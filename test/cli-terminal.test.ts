/** What users see in a terminal. */
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { dtype, formatHeader, inspectSync, saveSync } from "../src/node.ts";
import { npy } from "./support/command.ts";
import { temporaryDirectory } from "./support/temporary.ts";
import { hasTerminal, inTerminal } from "./support/terminal.ts";

const ESCAPE = "\u001b[";

describe.skipIf(!hasTerminal)("in a terminal", () => {
  test("Ctrl-C leaves whole rows, and reports how many", () => {
    const cwd = temporaryDirectory();
    const file = join(cwd, "out.npy");
    // Writes 2 MiB and part of a row, and keeps the pipe open.
    const script = "(head -c 2097155 /dev/zero; sleep 600) | $npy append out.npy - --dtype f8";
    const { output, status } = inTerminal(script, { cwd, ctrlC: { file, bytes: 1_000_000 } });
    expect(status).toBe(130);
    const { shape, needsRecovery } = inspectSync(file);
    expect(shape[0]).toBeGreaterThanOrEqual(2 ** 17);
    expect(needsRecovery).toBe(false);
    expect(output).toContain(`npy-append-array: interrupted: out.npy holds ${shape[0]} rows`);
  });

  test("a bar with rate and time left appears on stderr after a second, and disappears at the end", () => {
    const cwd = temporaryDirectory();
    const header = formatHeader({ dtype: dtype("f8"), shape: [4_000_000], fortranOrder: false });
    writeFileSync(join(cwd, "in.npy"), header);
    truncateSync(join(cwd, "in.npy"), header.length + 32_000_000);
    // Speeds up the clock, so that a second passes soon.
    writeFileSync(
      join(cwd, "clock.mjs"),
      "const now = performance.now.bind(performance);\nperformance.now = () => now() * 100_000;\n",
    );
    const env = { NODE_OPTIONS: `--import ${join(cwd, "clock.mjs")}` };
    const bar = /out\.npy [█░]{24} \d+% \| [\d.]+ k?B\/s \| .* left/;
    const loud = inTerminal("$npy concat out.npy in.npy > stdout.txt", { cwd, env });
    expect(loud.output).toMatch(bar);
    expect(loud.output).toContain(`${ESCAPE}2K`);
    const quiet = inTerminal(
      "$npy concat --quiet --overwrite out.npy in.npy; $npy concat --overwrite out.npy in.npy 2> stderr.txt; cat stderr.txt",
      { cwd, env },
    );
    expect(quiet).toEqual({ output: "out.npy: 4000000 rows of 1 file\r\n", status: 0 });
  });

  test("prints colours, and as many columns as fit; no colours with NO_COLOR or into a pipe", () => {
    const cwd = temporaryDirectory();
    saveSync(join(cwd, "wide.npy"), [Float64Array.from({ length: 30 }, (_, i) => i + 0.5)]);
    const { output } = inTerminal("$npy head --table wide.npy; $npy plot --heatmap wide.npy", {
      cwd,
      env: { COLORTERM: "truecolor" },
    });
    expect(output).toContain(`${ESCAPE}2m`);
    expect(output).toContain(`${ESCAPE}38;2;`);
    const plain = inTerminal("$npy head --table wide.npy; $npy plot --heatmap wide.npy", { cwd, env: { NO_COLOR: "1" } });
    expect(plain.output).not.toContain(ESCAPE);
    const [header = "", row = ""] = plain.output.split("\r\n");
    expect(header.length).toBeLessThanOrEqual(60);
    expect(row).toBe("0  0.5  1.5  2.5  3.5  ...  25.5  26.5  27.5  28.5  29.5");
    expect(inTerminal("$npy head --table --width 20 wide.npy", { cwd }).output.split("\r\n")[1]).toBe("0  0.5  ...  29.5");
    expect(inTerminal("$npy head --table --width 0 wide.npy", { cwd }).output).not.toContain("...");
    expect(inTerminal("$npy head --csv wide.npy", { cwd }).output).toHaveLength(30 * 5 - 10 + 1);
    const piped = npy(["head", "--table", "wide.npy"], { cwd }).stdout;
    expect(piped).not.toContain(ESCAPE);
    expect(piped.split("\n")[1]?.trim().split(/ +/)).toHaveLength(31);
  });
});
