/** Output: exit codes when nobody reads it, and which files a command may overwrite. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { grow } from "../src/cli/rows/growing.ts";
import type { Source } from "../src/cli/sources/source.ts";
import { dtype, loadSync, MemoryStorage, needsRecoverySync, saveSync } from "../src/node.ts";
import { MAIN, npy, shell } from "./support/command.ts";
import { sampled } from "./support/effort.ts";
import { lacksLinks } from "./support/systems.ts";
import { temporaryDirectory } from "./support/temporary.ts";

/** The exit code of a command when nobody reads one or both of its outputs. */
async function unread(args: readonly string[], cwd: string, closed: readonly ("stdout" | "stderr")[]): Promise<number | null> {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  for (const name of ["stdout", "stderr"] as const) {
    if (closed.includes(name)) child[name].destroy();
    else child[name].resume();
  }
  const [code] = await once(child, "exit");
  return code as number | null;
}

/** `good.npy`, `short.npy`, which needs recovery, and `not.npy`. */
function directoryOfFiles(): string {
  const cwd = temporaryDirectory();
  saveSync(join(cwd, "good.npy"), [1, 2, 3]);
  for (const name of ["short.npy", "short2.npy"]) {
    saveSync(join(cwd, name), [1, 2, 3]);
    truncateSync(join(cwd, name), 145);
  }
  writeFileSync(join(cwd, "not.npy"), "no array");
  return cwd;
}

describe.skipIf(process.platform === "win32")("exit codes do not depend on the readers of the output", () => {
  const commands: readonly (readonly [number, readonly string[]])[] = [
    [1, ["verify", "not.npy"]],
    [1, ["verify", "--quiet", "short.npy", "good.npy"]],
    [1, ["verify", "good.npy", "short.npy"]],
    [0, ["verify", "good.npy"]],
    [1, ["info", "good.npy", "not.npy"]],
    [1, ["recover", "good.npy", "not.npy"]],
    [1, ["ensure-appendable", "good.npy", "not.npy"]],
    [1, ["append", "good.npy", "none.npy"]],
    [1, ["concat", "good.npy", "good.npy"]],
    [1, ["stats", "not.npy"]],
    [2, ["frobnicate"]],
    [2, ["head", "good.npy", "-n", "x"]],
    [0, ["head", "good.npy"]],
    [0, ["append", "good.npy", "good.npy"]],
  ];

  test.each(sampled(commands, 3))("%i: %j", async (code, args) => {
    for (const closed of [["stderr"], ["stdout"], ["stdout", "stderr"]] as const) {
      expect([closed, await unread(args, directoryOfFiles(), closed)]).toEqual([closed, code]);
    }
  });

  test("all files are done even if nobody reads the output", async () => {
    const cwd = directoryOfFiles();
    expect(await unread(["recover", "short.npy", "not.npy", "short2.npy"], cwd, ["stdout", "stderr"])).toBe(1);
    for (const name of ["short.npy", "short2.npy"]) expect(needsRecoverySync(join(cwd, name))).toBe(false);
  });

  test.skipIf(!existsSync("/dev/full"))("a full disk is an error: it is reported once, and all files are done", () => {
    const cwd = directoryOfFiles();
    const { status, stderr } = shell("npy-append-array recover good.npy short.npy short2.npy > /dev/full", cwd);
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^npy-append-array: .*no space left on the device.*\n$/)]);
    expect(needsRecoverySync(join(cwd, "short2.npy"))).toBe(false);
    for (const command of ["info good.npy", "verify good.npy", "slice good.npy :", "append good.npy good.npy", "--help"]) {
      expect([command, shell(`npy-append-array ${command} > /dev/full`, cwd).status]).toEqual([command, 1]);
    }
    for (const [command, code] of [
      ["verify good.npy", 0],
      ["verify not.npy", 1],
      ["head", 2],
    ] as const) {
      expect([command, shell(`npy-append-array ${command} 2> /dev/full`, cwd).status]).toEqual([command, code]);
    }
  });
});

describe("plot --svg", () => {
  const drawn = expect.stringMatching(/^<svg .*<\/svg>\n$/s);

  /** Expects exit code 1, one line that names the file, and no changes. */
  function expectRefused(cwd: string, name: string, ...args: string[]): void {
    const before = readdirSync(cwd).map((file) => [file, lstatSync(join(cwd, file)).isFile() && readFileSync(join(cwd, file))]);
    const { status, stdout, stderr } = npy(["plot", ...args], { cwd });
    expect([status, stdout, stderr.split("\n").length]).toEqual([1, "", 2]);
    expect(stderr).toContain(`npy-append-array: ${name}: `);
    const after = readdirSync(cwd).map((file) => [file, lstatSync(join(cwd, file)).isFile() && readFileSync(join(cwd, file))]);
    expect(after).toEqual(before);
  }

  test.skipIf(lacksLinks)("never overwrites a file that is not an SVG, even with --overwrite", () => {
    const cwd = temporaryDirectory();
    saveSync(join(cwd, "a.npy"), [1, 2]);
    saveSync(join(cwd, "b.npy"), [1, 2]);
    writeFileSync(join(cwd, "notes.svg"), "<html><svg></html>");
    writeFileSync(join(cwd, "page.svg"), "<!DOCTYPE html>\n<!-- mine --><html><svg></svg></html>");
    mkdirSync(join(cwd, "directory.svg"));
    linkSync(join(cwd, "b.npy"), join(cwd, "hard.svg"));
    symlinkSync("b.npy", join(cwd, "soft.svg"));
    for (const name of ["a.npy", "b.npy", "notes.svg", "page.svg", "directory.svg", "hard.svg", "soft.svg"]) {
      expectRefused(cwd, name, "--svg", name, "b.npy");
      expectRefused(cwd, name, "--overwrite", "--svg", name, "b.npy");
    }
  });

  test.skipIf(lacksLinks)(
    "replaces an SVG only with --overwrite, follows links and keeps the mode; writes to pipes and devices",
    () => {
      const cwd = temporaryDirectory();
      saveSync(join(cwd, "a.npy"), [1, 2]);
      for (const picture of ["<svg/>", '<?xml version="1.0"?>\n<!-- mine -->\n<svg>', "\n<svg xmlns", ""]) {
        writeFileSync(join(cwd, "x.svg"), picture);
        expectRefused(cwd, "x.svg", "--svg", "x.svg", "a.npy");
        chmodSync(join(cwd, "x.svg"), 0o640);
        expect(npy(["plot", "--svg", "x.svg", "a.npy", "--overwrite"], { cwd })).toMatchObject({ status: 0, stderr: "" });
        expect(readFileSync(join(cwd, "x.svg"), "utf8")).toEqual(drawn);
        expect(statSync(join(cwd, "x.svg")).mode & 0o777).toBe(process.platform === "win32" ? 0o666 : 0o640);
      }
      symlinkSync("x.svg", join(cwd, "link.svg"));
      expect(npy(["plot", "--svg", "link.svg", "a.npy", "--overwrite"], { cwd }).status).toBe(0);
      expect(lstatSync(join(cwd, "link.svg")).isSymbolicLink()).toBe(true);
      expect(readdirSync(cwd).sort()).toEqual(["a.npy", "link.svg", "x.svg"]);
      if (existsSync("/dev/null")) {
        expect(npy(["plot", "--svg", "/dev/null", "a.npy"], { cwd }).status).toBe(0);
        expect(statSync("/dev/null").isFile()).toBe(false);
        const piped = shell("npy-append-array plot --quiet --svg /dev/stdout a.npy | cat", cwd);
        expect(piped.stdout).toEqual(drawn);
      }
    },
  );
});

describe("concat and append overwrite nothing without being asked", () => {
  function sourceOf(rows: Float64Array, happens: () => void): Source {
    return {
      bytes: undefined,
      layout: { dtype: dtype("<f8"), rowShape: [], fortranOrder: false },
      async *blocks() {
        happens();
        yield { input: rows, placeOf: (i) => `row ${i + 1}` };
      },
    };
  }

  test("a file that appears while the sources are opened or read stays unchanged", async () => {
    const other = new MemoryStorage();
    saveSync(other, [7, 8]);
    for (const isEarly of [true, false]) {
      const out = join(temporaryDirectory(), "out.npy");
      const appear = (): void => writeFileSync(out, other.bytes() as Uint8Array);
      if (isEarly) appear();
      const source = sourceOf(Float64Array.of(1), isEarly ? () => undefined : appear);
      await expect(grow(out, { dtype: "<f8" }, [{ path: "in.npy", source }], { quiet: true }, { isNew: true })).rejects.toThrow(
        /out\.npy: it appeared .*choose another name/,
      );
      expect(readFileSync(out)).toEqual(Buffer.from(other.bytes() as Uint8Array));
    }
  });

  test.skipIf(lacksLinks)("OUT cannot be a directory, a device, or a source under any of its names", () => {
    const cwd = temporaryDirectory();
    saveSync(join(cwd, "a.npy"), [1, 2]);
    mkdirSync(join(cwd, "directory"));
    linkSync(join(cwd, "a.npy"), join(cwd, "hard.npy"));
    symlinkSync("a.npy", join(cwd, "soft.npy"));
    const before = readFileSync(join(cwd, "a.npy"));
    for (const out of ["directory", "hard.npy", "soft.npy", "a.npy", ...(existsSync("/dev/null") ? ["/dev/null"] : [])]) {
      const { status, stderr } = npy(["concat", "--overwrite", out, "a.npy"], { cwd });
      expect([out, status, stderr.startsWith(`npy-append-array: ${out}: `), stderr.split("\n").length]).toEqual([
        out,
        1,
        true,
        2,
      ]);
    }
    expect(readFileSync(join(cwd, "a.npy"))).toEqual(before);
    expect(readdirSync(cwd).sort()).toEqual(["a.npy", "directory", "hard.npy", "soft.npy"]);
  });

  test.skipIf(lacksLinks)("the file that grows is refused as a source of bytes or text, which would never end", () => {
    const cwd = temporaryDirectory();
    saveSync(join(cwd, "a.npy"), [1, 2]);
    linkSync(join(cwd, "a.npy"), join(cwd, "hard.bin"));
    symlinkSync("a.npy", join(cwd, "soft.csv"));
    for (const args of [["hard.bin"], ["soft.csv"], ["a.npy", "--format", "raw"], ["a.npy", "--format", "ndjson"]]) {
      const { status, stderr } = npy(["append", "a.npy", ...args], { cwd });
      expect([args, status, stderr]).toEqual([
        args,
        1,
        `npy-append-array: ${args[0]}: it is the file that grows, and can only be read as .npy: leave it out\n`,
      ]);
    }
    if (process.platform !== "win32") {
      expect(shell("npy-append-array append a.npy - < a.npy", cwd)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining("grows"),
      });
    }
    expect(loadSync(join(cwd, "a.npy")).shape).toEqual([2]);
    expect(npy(["append", "a.npy", "a.npy"], { cwd }).status).toBe(0);
    expect(loadSync(join(cwd, "a.npy")).shape).toEqual([4]);
  });
});
