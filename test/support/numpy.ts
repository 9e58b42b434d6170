/** NumPy as an oracle, where there is a python3 with it. `REQUIRE_NUMPY=1` (CI) makes its absence a failure. */
import { spawnSync } from "node:child_process";

/** The version of NumPy, or `undefined` where there is none. */
export const numpyVersion: string | undefined = (() => {
  const { status, stdout } = spawnSync("python3", ["-c", "import numpy; print(numpy.__version__)"], {
    encoding: "utf8",
  });
  const version = status === 0 ? stdout.trim() : undefined;
  if (version === undefined && process.env["REQUIRE_NUMPY"] === "1") {
    throw new Error("REQUIRE_NUMPY=1, but `python3 -c 'import numpy'` fails");
  }
  return version;
})();

/** Runs Python with `input` (as JSON) in `data`, and `np`, `json`, `sys` imported; gives what it prints, parsed as JSON. */
export function python<Result>(code: string, input: unknown = null): Result {
  const preamble = "import sys, json\nimport numpy as np\ndata = json.load(sys.stdin)\n";
  const { status, stdout, stderr } = spawnSync("python3", ["-W", "ignore", "-c", preamble + code], {
    input: JSON.stringify(input),
    encoding: "utf8",
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(`python3 exited with ${status}:\n${stderr}`);
  return JSON.parse(stdout) as Result;
}
