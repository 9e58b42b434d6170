/** The command line on a real S3 server. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ArrayInput, save } from "../../src/node.ts";
import { type Finished, MAIN } from "./command.ts";
import { answered, gatewayVariables, newBucket, signingFetch } from "./gateway.ts";
import { temporaryDirectory } from "./temporary.ts";

/** A bucket, and the commands on it. */
export interface CommandBucket {
  /** `s3://bucket` */
  readonly name: string;
  /** Runs a command in a directory of its own; `s3:` stands for the bucket. */
  run(...args: readonly string[]): Finished;
  readonly directory: string;
  /** Puts an array there. */
  put(key: string, array: ArrayInput): Promise<void>;
  putBytes(key: string, bytes: Uint8Array | string): Promise<void>;
  bytes(key: string): Promise<Uint8Array>;
  /** Its URL, without a slash at its end. */
  readonly url: string;
}

/** Runs a command to its end, with these variables beside those of the server. */
export function runWith(
  args: readonly string[],
  variables: Readonly<Record<string, string | undefined>> = {},
  cwd?: string,
): Finished {
  const env = { ...process.env, ...gatewayVariables, ...variables };
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8", timeout: 60_000, env, ...(cwd && { cwd }) });
}

/** A new bucket; removed when the test ends. */
export async function commandBucket(): Promise<CommandBucket> {
  const url = await newBucket();
  const name = `s3://${new URL(url).pathname.slice(1)}`;
  const directory = temporaryDirectory();
  const putBytes = async (key: string, bytes: Uint8Array | string): Promise<void> => {
    await answered(`${url}/${key}`, { method: "PUT", body: bytes as Uint8Array<ArrayBuffer> });
  };
  return {
    name,
    url,
    directory,
    run: (...args) =>
      runWith(
        args.map((arg) => arg.replace(/^s3:(?=\/[^/])/, name)),
        {},
        directory,
      ),
    put: async (key, array) => {
      const file = join(temporaryDirectory(), "array.npy");
      await save(file, array);
      await putBytes(key, readFileSync(file));
    },
    putBytes,
    bytes: async (key) => {
      const response = await signingFetch()(`${url}/${key}`);
      if (!response.ok) throw new Error(`GET ${key}: ${response.status}`);
      return new Uint8Array(await response.arrayBuffer());
    },
  };
}
