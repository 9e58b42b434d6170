/** Commands within this process: hundreds of them take less than one process each. */
import { Command } from "commander";
import { vi } from "vitest";
import { appendCommand } from "../../src/cli/append.ts";
import { lineOf } from "../../src/cli/program/failure.ts";
import { sliceCommand } from "../../src/cli/slice.ts";

/** What a command printed, or why it stopped. */
export interface Ran {
  readonly stdout: string;
  readonly problem: string | undefined;
}

export async function ran(command: "append" | "slice", ...args: readonly string[]): Promise<Ran> {
  const parts: Buffer[] = [];
  const write = vi.spyOn(process.stdout, "write").mockImplementation((part) => {
    parts.push(Buffer.from(part as Uint8Array));
    return true;
  });
  const made = command === "append" ? appendCommand() : sliceCommand();
  const program = new Command()
    .addCommand(made)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  made.exitOverride().configureOutput({ writeErr: () => undefined });
  let problem: string | undefined;
  try {
    await program.parseAsync([command, ...args], { from: "user" });
  } catch (error) {
    problem = lineOf(error);
  } finally {
    write.mockRestore();
  }
  return { stdout: Buffer.concat(parts).toString("utf8"), problem };
}
