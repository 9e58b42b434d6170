/** `recover`: repairs incomplete files. */
import { Command, Option } from "commander";
import { type RecoveryReport, recover } from "../node.ts";
import { forEachFile } from "./files/each-file.ts";
import { fileAt, folderAt } from "./files/places.ts";
import { holdsShards, recoverFolder } from "./files/shard-folders.ts";
import { counted, shown, UsageError } from "./program/failure.ts";
import { print } from "./program/terminal.ts";

interface RecoverCommandOptions {
  readonly zerofill?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly dropUncounted?: boolean;
  readonly allowEmpty?: boolean;
  readonly arrays?: string;
  readonly quiet?: boolean;
}

export function recoverCommand(): Command {
  return new Command("recover")
    .summary("repair incomplete files")
    .description("Repairs files whose data do not match their headers, after a crash, a full disk or an incomplete download.")
    .argument("<file...>", "the .npy files, folders of shards whose writers are gone, or folders of arrays that grow in step")
    .option("--zerofill", "fill an incomplete last row with zeros instead of cutting it off")
    .option("--dry-run", "only report what would change")
    .option("--force", "keep bytes after the last row as rows even if they look like another .npy file")
    .addOption(
      new Option("--drop-uncounted", "keep only the rows that the header counts, and cut off everything after them").conflicts([
        "zerofill",
        "force",
      ]),
    )
    .option("--arrays <names>", "of a folder, the names of the arrays that grow in step, with commas: other files are left alone")
    .option("--allow-empty", "allow a result of 0 rows if no row is complete")
    .action(async (files: string[], _options: RecoverCommandOptions, command: Command) => {
      const {
        zerofill = false,
        dryRun = false,
        force = false,
        dropUncounted = false,
        allowEmpty = false,
        arrays,
        quiet,
        ...others
      } = command.optsWithGlobals<RecoverCommandOptions>();
      await forEachFile(files, others, async (file) => {
        const folder = await folderAt(file);
        if (folder !== undefined && (await holdsShards(folder))) {
          if (zerofill || dryRun || force || dropUncounted || allowEmpty)
            throw new UsageError("a folder of shards is recovered without options: leave them out");
          const report = await recoverFolder(file, folder);
          return quiet ? undefined : await print(report);
        }
        const named = arrays === undefined ? {} : { arrays: arrays.split(",") };
        const place = folder ?? (await fileAt(file));
        const report = await recover(place, { zerofillIncomplete: zerofill, dryRun, force, dropUncounted, allowEmpty, ...named });
        const text = folder !== undefined ? groupText(report, dryRun) : reportText(report, dryRun, dropUncounted);
        if (!quiet) await print(`${shown(file)}: ${text}\n`);
      });
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array recover --dry-run *.npy
  npy-append-array recover --zerofill log.npy
  npy-append-array recover --drop-uncounted parallel.npy
  npy-append-array recover --arrays id,text documents/`,
    );
}

function reportText(report: RecoveryReport, dryRun: boolean, dropUncounted: boolean): string {
  const { needed, rowsBefore, rowsAfter, bytesDropped, bytesZeroFilled, bytesReserved } = report;
  if (!needed) return `complete, ${counted(rowsAfter, "row")}`;
  if (bytesReserved !== undefined) {
    const verb = dryRun ? "would cut off" : "cut off";
    return `${counted(rowsAfter, "row")}, ${verb} ${counted(bytesReserved, "byte")} that a writer had reserved after them`;
  }
  const verb = dryRun ? "would keep" : "kept";
  const what = dropUncounted && rowsAfter === rowsBefore ? "after them" : "of an incomplete row";
  const dropped = bytesDropped === 0 ? "" : `, ${dryRun ? "would drop" : "dropped"} ${counted(bytesDropped, "byte")} ${what}`;
  const filled = bytesZeroFilled === 0 ? "" : `, ${dryRun ? "would add" : "added"} ${counted(bytesZeroFilled, "byte")} of zeros`;
  return `${verb} ${counted(rowsAfter, "row")} (the header said ${rowsBefore})${dropped}${filled}`;
}

function groupText({ needed, rowsBefore, rowsAfter, bytesDropped }: RecoveryReport, dryRun: boolean): string {
  if (!needed) return `complete, ${counted(rowsAfter, "row")}`;
  const dropped = bytesDropped === 0 ? "" : `, ${dryRun ? "would drop" : "dropped"} ${counted(bytesDropped, "byte")}`;
  return `${dryRun ? "would keep" : "kept"} ${counted(rowsAfter, "row")} of each array (all files counted ${rowsBefore})${dropped}`;
}
