#!/usr/bin/env node
/** The command line. */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { appendCommand } from "./append.ts";
import { completionCommand } from "./completion.ts";
import { concatCommand } from "./concat.ts";
import { ensureAppendableCommand } from "./ensure-appendable.ts";
import { AlreadyReported, EXIT, lineOf, UsageError } from "./failure.ts";
import { headCommand } from "./head.ts";
import { infoCommand } from "./info.ts";
import { Interrupted } from "./interruption.ts";
import { plotCommand } from "./plot.ts";
import { recoverCommand } from "./recover.ts";
import { sliceCommand } from "./slice.ts";
import { statsCommand } from "./stats.ts";
import { tailCommand } from "./tail.ts";
import { tell, watchOutput } from "./terminal.ts";
import { verifyCommand } from "./verify.ts";

/** In the order in which they are listed. */
const COMMANDS = [
  infoCommand,
  appendCommand,
  concatCommand,
  recoverCommand,
  ensureAppendableCommand,
  headCommand,
  tailCommand,
  sliceCommand,
  statsCommand,
  plotCommand,
  verifyCommand,
  completionCommand,
];

function program(): Command {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
  const all = new Command("npy-append-array")
    .description("Looks at, grows, mends and follows NumPy .npy files.")
    .version(version, "--version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand(false)
    .option("-q, --quiet", "no progress bars and no reports")
    .option("--debug", "print the stack of an error")
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      "after",
      `
Exit codes: 0 done, 1 a problem with a file, 2 a mistake on the command line; ended by Ctrl-C as shells expect it (130).

Examples:
  npy-append-array info log.npy
  npy-append-array append log.npy more.csv
  npy-append-array tail --follow log.npy`,
    );
  const commands = COMMANDS.map((make) => make(all));
  for (const command of commands) all.addCommand(command.copyInheritedSettings(all));
  for (const command of [all, ...commands]) {
    command.exitOverride().configureOutput({ outputError: (message) => tell(sentence(message)) });
  }
  return all;
}

/** Commander's messages without its prefix, in one line. */
function sentence(message: string): string {
  return message
    .replace(/^error: /, "")
    .trim()
    .replace(/\s*\n\s*/g, " ");
}

/** Commander takes negative numbers for arguments, but -5: for an option. A space before it is none for us. */
function withRanges(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  return args.map((arg, i) => (/^-\d+:-?\d*$/.test(arg) && (end < 0 || i < end) ? ` ${arg}` : arg));
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  return error instanceof UsageError ? EXIT.usage : EXIT.problem;
}

async function main(args: readonly string[]): Promise<void> {
  const isDebugging = args.includes("--debug");
  try {
    await program().parseAsync(withRanges(args), { from: "user" });
  } catch (error) {
    // Shells look at how a process ended: one that a signal stopped must end by it.
    if (error instanceof Interrupted) return void process.kill(process.pid, error.by);
    if (!(error instanceof CommanderError || error instanceof AlreadyReported)) {
      tell(lineOf(error));
      if (isDebugging && error instanceof Error) process.stderr.write(`${stackOf(error)}\n`);
    }
    process.exitCode = exitCodeOf(error);
  }
}

function stackOf(error: Error): string {
  return error.cause instanceof Error ? `${error.stack}\nCaused by: ${stackOf(error.cause)}` : String(error.stack);
}

watchOutput();
await main(process.argv.slice(2));
