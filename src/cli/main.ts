#!/usr/bin/env node
/** The command line's entry point. */
import * as nodeModule from "node:module";
import { print, watchOutput } from "./program/terminal.ts";

/** The bundler puts the version of the package here. */
declare const VERSION: string;

async function main(args: readonly string[]): Promise<void> {
  // The version needs no commands, and loading those takes most of the time.
  if (args.length === 1 && args[0] === "--version") return await print(`${VERSION}\n`);
  await (await import("./program/running.ts")).run(args, VERSION);
}

// Keeps what the engine has compiled for the next start. Node has it from 22.8 on.
const { enableCompileCache } = nodeModule as { enableCompileCache?: () => unknown };
enableCompileCache?.();
watchOutput();
void main(process.argv.slice(2));
