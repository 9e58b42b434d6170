/** Runs a command line: all commands, and how their errors end the process. */
import { constants } from "node:os";
import { Command, CommanderError } from "commander";
import { COMMANDS, type Entry, nameOf } from "../commands.ts";
import { isObject } from "../files/object-names.ts";
import { AlreadyReported, EXIT, lineOf, shown, UsageError } from "./failure.ts";
import { Interrupted } from "./interruption.ts";
import { print, tell, tellLines } from "./terminal.ts";
import { withWildcards } from "./wildcards.ts";

/** The program, with the code of the command that `args` name. Of the others it knows what its help says of them. */
async function program(version: string, args: readonly string[]): Promise<Command> {
  const usages = new Map(COMMANDS.map(({ usage }) => [nameOf(usage), usage]));
  const all = new Command("npy-append-array")
    .description("Inspects, grows, repairs and follows NumPy .npy files.")
    .version(version, "--version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand(false)
    .option("-q, --quiet", "print no progress bars and no reports")
    .option("--debug", "print the stack of an error")
    .configureHelp({ showGlobalOptions: true, subcommandTerm: (command) => usages.get(command.name()) ?? command.name() })
    .addHelpText(
      "after",
      `
Exit codes: 0 success, 1 a problem with a file, 2 a mistake on the command line, 130 ended by Ctrl-C.

Examples:
  npy-append-array info log.npy
  npy-append-array append log.npy more.csv
  npy-append-array tail --follow log.npy`,
    );
  const wanted = args.find((arg) => arg === "-" || !arg.startsWith("-"));
  const commands: Command[] = [];
  for (const { usage, summary, load } of COMMANDS) {
    const name = nameOf(usage);
    // Scripts of completion hold the options of all commands.
    const isNeeded = name === wanted || wanted === "completion";
    commands.push(isNeeded ? (await load())(all) : new Command(name).summary(summary));
  }
  all.hook("preAction", (_, command) => refuseObjects(command));
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

/** Refuses names in S3 where the command cannot take them. */
function refuseObjects(command: Command): void {
  const { notInS3 } = COMMANDS.find(({ usage }) => nameOf(usage) === command.name()) as Entry;
  const options: Readonly<Record<string, unknown>> = command.opts();
  const object = command.args.find(isObject);
  if (typeof notInS3 === "string") {
    const given = object ?? Object.values(options).find((value) => typeof value === "string" && isObject(value));
    if (given !== undefined) throw new UsageError(`${shown(String(given))}: ${notInS3}`);
    return;
  }
  for (const [name, reason] of Object.entries(notInS3 ?? {})) {
    const value = options[name];
    const refused = typeof value === "string" ? [value].find(isObject) : value === undefined ? undefined : object;
    if (refused !== undefined) throw new UsageError(`${shown(refused)}: ${reason}`);
  }
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
  const takesIndex = ["slice", "take", "plot"].includes(args.find((arg) => !arg.startsWith("-")) ?? "");
  const range = takesIndex ? /^-\s*\d/ : /^-\d+:-?\d*$/;
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
    const all = await program(version, args);
    await all.parseAsync(withRanges(withWildcards(args)), { from: "user" });
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
