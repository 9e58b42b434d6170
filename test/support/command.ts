/** The built program as a process. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const MAIN: string = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** What a process left behind. */
export interface Finished {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface CommandOptions {
  readonly cwd?: string;
  readonly input?: string | Uint8Array;
}

/** Commands that hang are stopped: while they run, Vitest cannot. */
const TIMEOUT = 60_000;

/** `plot` draws with ASCII where the locale is not UTF-8. */
const ENVIRONMENT: NodeJS.ProcessEnv = { ...process.env, LC_ALL: "C.UTF-8", TERM: "xterm-256color" };

/** Runs a command to its end. */
export function npy(args: readonly string[], { cwd, input }: CommandOptions = {}): Finished {
  return spawnSync(process.execPath, [MAIN, ...args], {
    ...(cwd && { cwd }),
    input: input ?? "",
    env: ENVIRONMENT,
    encoding: "utf8",
    timeout: TIMEOUT,
  });
}

/** Commands of a shell in which `npy-append-array` (also behind `npx`) is this program. */
export function shell(script: string, cwd: string): Finished {
  const bin = join(cwd, ".bin");
  mkdirSync(bin, { recursive: true });
  for (const [name, start] of [
    ["npy-append-array", ""],
    ["npx", "shift; "],
  ]) {
    writeFileSync(join(bin, name as string), `#!/bin/sh\n${start}exec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o755 });
  }
  return spawnSync("sh", ["-c", script], {
    cwd,
    encoding: "utf8",
    timeout: TIMEOUT,
    env: { ...ENVIRONMENT, PATH: `${bin}:${process.env["PATH"]}` },
  });
}
