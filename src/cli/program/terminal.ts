/** Writes to stdout and stderr, which may be a terminal, a file or a broken pipe. */
import { once } from "node:events";
import type { FileHandle } from "node:fs/promises";
import { styleText } from "node:util";
import { isObject } from "../files/object-names.ts";
import { printable, printableLines } from "../text/escaping.ts";
import { about, EXIT, FileProblem, lineOf, UsageError } from "./failure.ts";

/** Whether writing to stdout has failed. */
let isUnread = false;
let hasOtherWork = false;

/** From now on the command finishes its work, and exits with its result, even if nobody reads stdout any more. */
export function goOnUnread(): void {
  hasOtherWork = true;
}

/** Handles errors of stdout and stderr. A closed pipe does not change the exit code, a full disk does. */
export function watchOutput(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (isUnread) return;
    isUnread = true;
    // The reader has closed the pipe. EOF: on Windows.
    if (error.code !== "EPIPE" && error.code !== "EOF") {
      tell(lineOf(about("stdout", error)));
      process.exitCode = EXIT.problem;
    }
    if (!hasOtherWork) process.exit();
  });
  process.stderr.on("error", () => undefined);
}

/** Prints lines for people to stdout. Escapes what could control the terminal. */
export async function print(lines: string): Promise<void> {
  await write(printableLines(lines, { keepsStyles: hasColors() }));
}

/** Prints data for programs to stdout: exact in a file or pipe, but escaped in a terminal, where people read it. */
export async function printData(data: string): Promise<void> {
  await write(process.stdout.isTTY ? printableLines(data) : data);
}

/** {@link printData} of text in UTF-8. */
export async function printDataBytes(text: Uint8Array): Promise<void> {
  if (process.stdout.isTTY) await write(printableLines(Buffer.from(text.buffer, text.byteOffset, text.length).toString()));
  else await write(text);
}

/** Where bytes go instead of stdout. */
let out: FileHandle | undefined;

/** Prints bytes to stdout, which is a file or pipe, or into the file of {@link printingInto}. */
export async function printBytes(bytes: Uint8Array): Promise<void> {
  if (out === undefined) await write(bytes);
  else await out.writeFile(bytes);
}

/** Prints bytes into a new file, which is removed if that fails. */
export async function printingInto(path: string, work: () => Promise<void>): Promise<void> {
  if (isObject(path)) throw new UsageError(`${path}: bytes are printed into files of this machine: name one, and upload it`);
  // Loading it takes a tenth of a start, and few commands need it.
  const { open, rm } = await import("node:fs/promises");
  try {
    out = await open(path, "wx");
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === "EEXIST";
    throw isThere ? new FileProblem(path, "it already exists: choose another name") : about(path, error);
  }
  try {
    await work();
    await out.close();
  } catch (error) {
    await out.close().catch(() => undefined);
    await rm(path, { force: true });
    throw error;
  } finally {
    out = undefined;
  }
}

/** Writes to stdout, and waits for a slower reader. */
async function write(output: string | Uint8Array): Promise<void> {
  if (isUnread || output.length === 0 || process.stdout.write(output)) return;
  await once(process.stdout, "drain").catch((error: unknown) => {
    if (!isUnread) throw error;
  });
}

/** Prints a message to stderr. */
export function tell(line: string): void {
  process.stderr.write(`npy-append-array: ${printable(line)}\n`);
}

/** Prints lines to stderr. */
export function tellLines(lines: string): void {
  process.stderr.write(`${printableLines(lines)}\n`);
}

/** Styles text, if stdout is a terminal with colours and NO_COLOR is not set. */
export function styled(style: Parameters<typeof styleText>[0], text: string): string {
  return hasColors() ? styleText(style, text) : text;
}

export function hasColors(): boolean {
  return process.stdout.isTTY && process.stdout.hasColors();
}

/** Columns of the terminal; `undefined` if stdout is not a terminal. */
export function terminalWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns || undefined : undefined;
}
