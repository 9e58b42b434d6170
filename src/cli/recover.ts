/** `recover`: files that broke off. */
import { Command } from "commander";
import { type RecoveryReport, recover } from "../node.ts";
import { forEachFile } from "./each-file.ts";
import { shown } from "./failure.ts";
import { rowsText } from "./growing.ts";
import { print } from "./terminal.ts";

interface RecoverCommandOptions {
  readonly zerofill?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly quiet?: boolean;
}

export function recoverCommand(): Command {
  return new Command("recover")
    .summary("make incomplete files whole")
    .description("Makes files whole whose data are not what their headers say, after a crash, a full disk or a broken download.")
    .argument("<file...>", "the .npy files")
    .option("--zerofill", "complete an incomplete last row with zeros instead of cutting it off")
    .option("--dry-run", "only say what would be done")
    .option("--force", "take what is behind the last row for rows even if it begins as another .npy file does")
    .action(async (files: string[], _options: RecoverCommandOptions, command: Command) => {
      const {
        zerofill = false,
        dryRun = false,
        force = false,
        quiet,
        ...others
      } = command.optsWithGlobals<RecoverCommandOptions>();
      await forEachFile(files, others, async (file) => {
        const report = await recover(file, { zerofillIncomplete: zerofill, dryRun, force });
        if (!quiet) await print(`${shown(file)}: ${reportText(report, dryRun)}\n`);
      });
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array recover --dry-run *.npy
  npy-append-array recover --zerofill log.npy`,
    );
}

function bytesText(bytes: number): string {
  return `${bytes} ${bytes === 1 ? "byte" : "bytes"}`;
}

function reportText({ needed, rowsBefore, rowsAfter, bytesDropped, bytesZeroFilled }: RecoveryReport, dryRun: boolean): string {
  if (!needed) return `complete, ${rowsText(rowsAfter)}`;
  const verb = dryRun ? "would keep" : "kept";
  const dropped =
    bytesDropped === 0 ? "" : `, ${dryRun ? "would drop" : "dropped"} ${bytesText(bytesDropped)} of an incomplete row`;
  const filled = bytesZeroFilled === 0 ? "" : `, ${dryRun ? "would add" : "added"} ${bytesText(bytesZeroFilled)} of zeros`;
  return `${verb} ${rowsText(rowsAfter)} (the header said ${rowsBefore})${dropped}${filled}`;
}
