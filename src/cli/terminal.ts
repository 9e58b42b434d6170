/** Where output goes: streams that may be a terminal, a file or a pipe that breaks. */
import { once } from "node:events";
import { styleText } from "node:util";
import { about, EXIT, lineOf, oneLine } from "./failure.ts";

/** Whether nothing more can be written to stdout. */
let isUnread = false;
let hasOtherWork = false;

/** From now on a command ends when its work is done, with the exit code of that, also if nobody reads its output any more. */
export function goOnUnread(): void {
  hasOtherWork = true;
}

/** Handles output that cannot be written, which no exit code but that of a full disk depends on. */
export function watchOutput(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (isUnread) return;
    isUnread = true;
    // The reader of the pipe has closed it.
    if (error.code !== "EPIPE") {
      tell(lineOf(about("stdout", error)));
      process.exitCode = EXIT.problem;
    }
    if (!hasOtherWork) process.exit();
  });
  process.stderr.on("error", () => undefined);
}

/** Writes to stdout, and waits while its reader is slower. */
export async function print(output: string | Uint8Array): Promise<void> {
  if (isUnread || output.length === 0 || process.stdout.write(output)) return;
  await once(process.stdout, "drain").catch((error: unknown) => {
    if (!isUnread) throw error;
  });
}

/** Tells the user something that is no part of the output. */
export function tell(line: string): void {
  process.stderr.write(`npy-append-array: ${oneLine(line)}\n`);
}

/** Text in a colour or style if stdout is a terminal that shows them, and NO_COLOR is not set. */
export function styled(style: Parameters<typeof styleText>[0], text: string): string {
  return hasColors() ? styleText(style, text) : text;
}

export function hasColors(): boolean {
  return process.stdout.isTTY && process.stdout.hasColors();
}

/** Columns of the terminal; `undefined` if stdout is none. */
export function terminalWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns || undefined : undefined;
}
