#!/usr/bin/env node
/** The command line's entry point. */
import { readFileSync } from "node:fs";
import * as nodeModule from "node:module";
import { print, watchOutput } from "./terminal.ts";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
const args = process.argv.slice(2);

// Keeps what the engine has compiled for the next start. Node has it from 22.8 on.
const { enableCompileCache } = nodeModule as { enableCompileCache?: () => unknown };
enableCompileCache?.();
watchOutput();
// The version needs no commands, and loading those takes most of the time.
if (args.length === 1 && args[0] === "--version") await print(`${version}\n`);
else await (await import("./program.ts")).run(args, version);
