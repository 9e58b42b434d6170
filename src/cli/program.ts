/** All commands, and what becomes of their errors. */
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
import { tell } from "./terminal.ts";
import { verifyCommand } from "./verify.ts";

/** In the order of the help. */
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

function program(version: string): Command {
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

/** A message of Commander in one line, without its prefix. */
function sentence(message: string): string {
  return message
    .replace(/^error: /, "")
    .trim()
    .replace(/\s*\n\s*/g, " ");
}

/** Commander takes -5 for an argument, but -5: for an option, unless a space precedes it, which we ignore. */
function withRanges(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  return args.map((arg, i) => (/^-\d+:-?\d*$/.test(arg) && (end < 0 || i < end) ? ` ${arg}` : arg));
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  return error instanceof UsageError ? EXIT.usage : EXIT.problem;
}

/** Runs a command line to its end, and sets the exit code of the process. */
export async function run(args: readonly string[], version: string): Promise<void> {
  const isDebugging = args.includes("--debug");
  try {
    await program(version).parseAsync(withRanges(args), { from: "user" });
  } catch (error) {
    // Shells look at how a process ended: after a signal, it must end by that signal.
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
