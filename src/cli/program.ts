/** Runs a command line: all commands, and how their errors end the process. */
import { constants } from "node:os";
import { Command, CommanderError } from "commander";
import { appendCommand } from "./append.ts";
import { completionCommand } from "./completion.ts";
import { concatCommand } from "./concat.ts";
import { convertCommand } from "./convert.ts";
import { ensureAppendableCommand } from "./ensure-appendable.ts";
import { AlreadyReported, EXIT, lineOf, UsageError } from "./failure.ts";
import { headCommand } from "./head.ts";
import { indexCommand } from "./index-command.ts";
import { infoCommand } from "./info.ts";
import { Interrupted } from "./interruption.ts";
import { packCommand } from "./pack.ts";
import { plotCommand } from "./plot.ts";
import { recoverCommand } from "./recover.ts";
import { shardCommand } from "./shard.ts";
import { sliceCommand } from "./slice.ts";
import { splitCommand } from "./split.ts";
import { statsCommand } from "./stats.ts";
import { tailCommand } from "./tail.ts";
import { print, tell, tellLines } from "./terminal.ts";
import { truncateCommand } from "./truncate.ts";
import { unpackCommand } from "./unpack.ts";
import { verifyCommand } from "./verify.ts";
import { withWildcards } from "./wildcards.ts";

/** In the order of the help text. */
const COMMANDS = [
  infoCommand,
  appendCommand,
  concatCommand,
  splitCommand,
  packCommand,
  unpackCommand,
  shardCommand,
  indexCommand,
  convertCommand,
  recoverCommand,
  truncateCommand,
  ensureAppendableCommand,
  headCommand,
  tailCommand,
  sliceCommand,
  statsCommand,
  plotCommand,
  verifyCommand,
  completionCommand,
];

function program(version: string): Command {
  const all = new Command("npy-append-array")
    .description("Inspects, grows, repairs and follows NumPy .npy files.")
    .version(version, "--version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand(false)
    .option("-q, --quiet", "print no progress bars and no reports")
    .option("--debug", "print the stack of an error")
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      "after",
      `
Exit codes: 0 success, 1 a problem with a file, 2 a mistake on the command line, 130 ended by Ctrl-C.

Examples:
  npy-append-array info log.npy
  npy-append-array append log.npy more.csv
  npy-append-array tail --follow log.npy`,
    );
  const commands = COMMANDS.map((make) => make(all));
  for (const command of commands) all.addCommand(command.copyInheritedSettings(all));
  for (const command of [all, ...commands]) {
    command.exitOverride().configureOutput({
      writeOut: (lines) => void print(lines),
      writeErr: (lines) => tellLines(lines.trimEnd()),
      outputError: (message) => tell(sentence(message)),
    });
  }
  return all;
}

/** A message of Commander on one line, without its prefix. */
function sentence(message: string): string {
  return message
    .replace(/^error: /, "")
    .trim()
    .split("\n")
    .map((line) => line.trim())
    .join(" ");
}

/** Commander takes -5: for an option. A space before it prevents that, and is ignored later. */
function withRanges(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  const isSlice = args.find((arg) => !arg.startsWith("-")) === "slice";
  const range = isSlice ? /^-\s*\d/ : /^-\d+:-?\d*$/;
  return args.map((arg, i) => (range.test(arg) && (end < 0 || i < end) ? ` ${arg}` : arg));
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  return error instanceof UsageError ? EXIT.usage : EXIT.problem;
}

/** Runs a command line, and sets the exit code of the process. */
export async function run(args: readonly string[], version: string): Promise<void> {
  const isDebugging = args.includes("--debug");
  try {
    await program(version).parseAsync(withRanges(withWildcards(args)), { from: "user" });
  } catch (error) {
    if (error instanceof Interrupted) return endBy(error.by);
    if (!(error instanceof CommanderError || error instanceof AlreadyReported)) {
      tell(lineOf(error));
      if (isDebugging && error instanceof Error) tellLines(stackOf(error));
    }
    process.exitCode = exitCodeOf(error);
  }
}

/** Shells expect a process that was interrupted by a signal to end by that signal. Windows has none, and would end before output is written. */
function endBy(signal: NodeJS.Signals): void {
  if (process.platform === "win32") process.exitCode = 128 + constants.signals[signal];
  else process.kill(process.pid, signal);
}

function stackOf(error: Error): string {
  return error.cause instanceof Error ? `${error.stack}\nCaused by: ${stackOf(error.cause)}` : String(error.stack);
}
