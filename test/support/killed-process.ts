/** Processes that write to a store until they are killed. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";
import { expect } from "vitest";
import { gatewayVariables } from "./gateway.ts";
import { temporaryDirectory } from "./temporary.ts";

/** A process of this directory, in one file that Node runs. */
export async function bundled(name: string): Promise<string> {
  const file = join(temporaryDirectory(fileURLToPath(new URL("../../node_modules/", import.meta.url))), "process.mjs");
  await build({ input: fileURLToPath(new URL(name, import.meta.url)), platform: "node", output: { file } });
  return file;
}

/** Runs it, and kills it so many milliseconds after the first line that it prints. Returns the whole lines. */
export async function untilKilled(script: string, args: readonly string[], milliseconds: number): Promise<string[]> {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...gatewayVariables },
  });
  let [output, errors] = ["", ""];
  child.stdout.on("data", (data) => {
    // A kill while Node starts is none of a writer.
    if (output === "") setTimeout(() => child.kill("SIGKILL"), milliseconds);
    output += data;
  });
  child.stderr.on("data", (data) => {
    errors += data;
  });
  await new Promise((resolve) => child.once("close", resolve));
  expect(errors).toBe("");
  return output.slice(0, output.lastIndexOf("\n")).split("\n");
}
