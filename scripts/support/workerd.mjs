// Runs test/smoke/portable.mjs in workerd, the runtime of Cloudflare Workers, without its compatibility with Node.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";

/** `date` decides which changes of the platform a worker sees. */
function configuration(modules, date) {
  const embedded = modules.map((name) => `(name = "${name}", esModule = embed "/${name}")`);
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "smoke", worker = .smoke), (name = "internet", network = (allow = ["private"]))]
);

const smoke :Workerd.Worker = (
  compatibilityDate = "${date}",
  modules = [
    (name = "main.mjs", esModule = embed "main.mjs"),
    ${embedded.join(",\n    ")}
  ]
);
`;
}

function worker(server) {
  return `import { run } from "./test/smoke/portable.mjs";

export default {
  async test() {
    const { passed, failed } = await run({ server: ${JSON.stringify(server)} });
    console.log([...passed.map((name) => "ok " + name), ...failed.map((problem) => "FAILED " + problem)].join("\\n"));
    if (failed.length > 0) throw new Error(failed.length + " failed");
  },
};
`;
}

/**
 * Calls `work` with the arguments with which workerd runs the suite.
 *
 * @param {{ root: string, server: string, date: string }} options
 * @param {(args: string[]) => Promise<Result>} work
 * @template Result
 * @returns {Promise<Result>}
 */
export async function withWorker({ root, server, date }, work) {
  const directory = mkdtempSync(join(tmpdir(), "npy-workerd-"));
  try {
    const built = readdirSync(join(root, "dist/modules"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".js"))
      .map((name) => `dist/modules/${name.replaceAll(sep, "/")}`);
    writeFileSync(join(directory, "config.capnp"), configuration(["test/smoke/portable.mjs", ...built], date));
    writeFileSync(join(directory, "main.mjs"), worker(server));
    return await work(["test", `--import-path=${root}`, join(directory, "config.capnp")]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
