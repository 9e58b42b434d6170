/** Where output goes: streams that may be a terminal, a file or a pipe that breaks. */
import { once } from "node:events";
import { styleText } from "node:util";
import { oneLine } from "./failure.ts";

/** Writes to stdout, and waits while whoever reads it is slower. */
export async function print(output: string | Uint8Array): Promise<void> {
  if (output.length > 0 && !process.stdout.write(output)) await once(process.stdout, "drain");
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
