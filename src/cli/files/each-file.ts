/** The files that a command works on. */
import type { BigIntStats } from "node:fs";
import type { NpyReader } from "../../node.ts";
import { keyOf } from "../../storage/node-identity.ts";
import { AlreadyReported, about, lineOf } from "../program/failure.ts";
import { Interrupted } from "../program/interruption.ts";
import { goOnUnread, tell, tellLines } from "../program/terminal.ts";
import { openReader } from "./archives.ts";

/** Reads rows from a file, or of an array in an archive. Errors name it. */
export async function readingRows(file: string, read: (reader: NpyReader) => Promise<void>): Promise<void> {
  try {
    const reader = await openReader(file);
    await read(reader).finally(() => reader.close());
  } catch (error) {
    throw error instanceof Interrupted ? error : about(file, error);
  }
}

/** Does `work` for each file. Reports the problem of a file, and continues with the others. */
export async function forEachFile(
  files: readonly string[],
  { debug = false }: { readonly debug?: boolean },
  work: (file: string) => Promise<void>,
): Promise<void> {
  goOnUnread();
  let problem: AlreadyReported | undefined;
  for (const file of files) {
    try {
      await work(file);
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      const found = about(file, error);
      tell(lineOf(found));
      if (debug) tellLines(`${found.stack}\n${String((error as Error).stack)}`);
      problem ??= new AlreadyReported("Some files have problems.");
    }
  }
  if (problem !== undefined) throw problem;
}

/** Whether two names, even links, lead to the same file. */
export function isSameFile(a: BigIntStats, b: BigIntStats): boolean {
  return keyOf(a) === keyOf(b);
}
