/**
 * NumPy as an oracle, where there is a Python with it: `PYTHON`, `python3` or the system's own. `REQUIRE_NUMPY=1` (CI) makes its absence a
 * failure.
 */
import { spawnSync } from "node:child_process";

const found = [process.env["PYTHON"], "python3", "/usr/bin/python3", "python"]
  .filter((command) => command !== undefined && command !== "")
  .map((command) => {
    const { status, stdout } = spawnSync(command as string, ["-c", "import numpy; print(numpy.__version__)"], {
      encoding: "utf8",
    });
    return { command: command as string, version: status === 0 ? stdout.trim() : undefined };
  })
  .find(({ version }) => version !== undefined);

if (found === undefined && process.env["REQUIRE_NUMPY"] === "1") {
  throw new Error("REQUIRE_NUMPY=1, but there is no python3 that can `import numpy`");
}

/** The version of NumPy, or `undefined` where there is none. */
export const numpyVersion: string | undefined = found?.version;

/** The Python that has it. */
export const pythonCommand: string = found?.command ?? "python3";

/** Whether NumPy is there, in this version or a later one. */
export function numpyIsAtLeast(major: number, minor: number): boolean {
  const [hasMajor = 0, hasMinor = 0] = (numpyVersion ?? "0.0").split(".").map(Number);
  return hasMajor > major || (hasMajor === major && hasMinor >= minor);
}

/** Runs Python with `input` (as JSON) in `data`, and `np`, `json`, `sys` imported; gives what it prints, parsed as JSON. */
export function python<Result>(code: string, input: unknown = null): Result {
  const preamble = "import sys, json\nimport numpy as np\ndata = json.load(sys.stdin)\n";
  const { status, stdout, stderr } = spawnSync(pythonCommand, ["-W", "ignore", "-c", preamble + code], {
    input: JSON.stringify(input),
    encoding: "utf8",
    maxBuffer: 2 ** 30,
    timeout: 60_000,
  });
  if (status !== 0) throw new Error(`${pythonCommand} exited with ${status}:\n${stderr}`);
  return JSON.parse(stdout) as Result;
}

/** What a program in Python prints, which is run as it is. */
export function pythonPrints(code: string, cwd: string): string {
  const { status, stdout, stderr } = spawnSync(pythonCommand, ["-c", code], { cwd, encoding: "utf8", timeout: 60_000 });
  if (status !== 0) throw new Error(`${pythonCommand} exited with ${status}:\n${stderr}`);
  return stdout;
}
