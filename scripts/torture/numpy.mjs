// numpy.load as a second opinion, in one Python process that keeps running.
import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Starts NumPy; `undefined` if it is not installed (an error with `REQUIRE_NUMPY=1`). */
export async function startNumpy() {
  const command = [process.env.PYTHON, "python3", "/usr/bin/python3"].find(
    (python) => python && spawnSync(python, ["-c", "import numpy"]).status === 0,
  );
  if (command === undefined) {
    if (process.env.REQUIRE_NUMPY === "1") throw new Error("REQUIRE_NUMPY=1, but no python3 can `import numpy`");
    return undefined;
  }
  const child = spawn(command, ["-W", "ignore", fileURLToPath(new URL("numpy-check.py", import.meta.url))], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value: version } = await lines.next();
  let last = Promise.resolve();
  return {
    version,
    /** The rows numpy.load finds, and what is wrong with them. */
    check(request) {
      last = last.then(async () => {
        child.stdin.write(`${JSON.stringify(request)}\n`);
        const { value, done } = await lines.next();
        if (done) throw new Error("Python ended");
        return JSON.parse(value);
      });
      return last;
    },
    stop: () => child.stdin.end(),
  };
}
