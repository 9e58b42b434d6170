#!/usr/bin/env node
/** The command line's entry point. */
import { readFileSync } from "node:fs";
import { print, watchOutput } from "./terminal.ts";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
const args = process.argv.slice(2);

watchOutput();
// The version needs no commands, and loading those takes most of the time.
if (args.length === 1 && args[0] === "--version") await print(`${version}\n`);
else await (await import("./program.ts")).run(args, version);
