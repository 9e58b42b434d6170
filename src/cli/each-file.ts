/** Commands that do the same to several files. */
import { AlreadyReported, about, lineOf } from "./failure.ts";
import { Interrupted } from "./interruption.ts";
import { goOnUnread, tell } from "./terminal.ts";

/** Does `work` for all files; a problem with one is told, and does not keep it from the others. */
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
      if (debug) process.stderr.write(`${found.stack}\n${String((error as Error).stack)}\n`);
      problem ??= new AlreadyReported("Some files have problems.");
    }
  }
  if (problem !== undefined) throw problem;
}
