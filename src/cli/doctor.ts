/** `doctor`: says what is wrong with files, and fixes it. */
import { Command } from "commander";
import { classify } from "./doctor/classify.ts";
import type { Finding } from "./doctor/finding.ts";
import { fixed } from "./doctor/fix.ts";
import { findingsOf } from "./doctor/folders.ts";
import { type Outcome, outcomeAsJson, reportText } from "./doctor/report.ts";
import { isDirectory } from "./files/places.ts";
import { AlreadyReported, about, lineOf } from "./program/failure.ts";
import { interruptible } from "./program/interruption.ts";
import { goOnUnread, print } from "./program/terminal.ts";
import { jsonText } from "./text/escaping.ts";

interface DoctorOptions {
  readonly fix?: boolean;
  readonly backup: boolean;
  readonly recursive?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function doctorCommand(): Command {
  return new Command("doctor")
    .summary("say what is wrong with files, and fix it with --fix")
    .description(
      "Looks at files, or at all .npy and .npz files of a folder: which are complete, cut, damaged as text, several arrays in one, no .npy files at all ... " +
        "Says what it would do about each, and why. Changes nothing without --fix. Where nothing shows what is right, it says what the choices are, and never " +
        "chooses. Files that a process is appending to are left alone.",
    )
    .argument("<path...>", "files, folders, folders of shards or of arrays that grow in step")
    .option("--fix", "fix what can be fixed; of each file that changes, what was there is kept as FILE.bak")
    .option("--no-backup", "with --fix: keep no copies")
    .option("-r, --recursive", "also look into folders within folders")
    .option("--json", "print one line of JSON per file")
    .action(async (paths: string[], _options: DoctorOptions, command: Command) => {
      const options = command.optsWithGlobals<DoctorOptions>();
      let ignored = 0;
      const outcomes: Outcome[] = [];
      if (options.fix) goOnUnread();
      await interruptible(async (signal) => {
        for (const path of paths) {
          const walk = { recursive: options.recursive ?? false, onIgnored: () => ignored++ };
          for await (const finding of findingsOf(path, walk)) {
            signal.throwIfAborted();
            const outcome = await outcomeOf(finding, options);
            outcomes.push(outcome);
            if (options.json) await print(`${jsonText(outcomeAsJson(outcome))}\n`);
          }
        }
      });
      if (!options.json && !options.quiet) await print(reportText(outcomes, ignored, options.fix ?? false));
      if (outcomes.some(({ finding, isFixed }) => !finding.isWell && isFixed !== true))
        throw new AlreadyReported("Something is wrong with some files.");
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array doctor data/
  npy-append-array doctor --fix data/
  npy-append-array doctor --recursive --json . | jq -r 'select(.ok | not).path'`,
    );
}

async function outcomeOf(finding: Finding, { fix = false, backup }: DoctorOptions): Promise<Outcome> {
  if (!fix || finding.fix === undefined) return { finding };
  const { path } = finding;
  try {
    const copy = await fixed(finding, backup);
    const after = isDirectory(path) ? undefined : await classify(path);
    if (after !== undefined && !after.isWell) return { finding: after, isFixed: false, copy };
    return { finding, isFixed: true, copy };
  } catch (error) {
    const line = lineOf(about(path, error));
    return { finding, isFixed: false, problem: line.slice(line.indexOf(": ") + 2) };
  }
}
