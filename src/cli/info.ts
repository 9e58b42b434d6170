/** `info`: describes files. */
import { Command } from "commander";
import { type FileLike, inspect, NpyError, type NpyInfo, type RecoveryReport, recover } from "../node.ts";
import { archivedArray, isArchive } from "./files/archives.ts";
import { forEachFile } from "./files/each-file.ts";
import { fileAt, folderAt } from "./files/places.ts";
import { holdsShards } from "./files/shard-folders.ts";
import { printArchive, printArchived } from "./info/archive.ts";
import { groupInfo } from "./info/group.ts";
import { dtypeText, dtypeWord, growthAxis, growthText, infoText, orderText } from "./info/lines.ts";
import { shardsInfo } from "./info/shards.ts";
import { watchGrowth } from "./info/watching.ts";
import { intervalArgument } from "./program/arguments.ts";
import { counted, recoveryProblem, UsageError } from "./program/failure.ts";
import { print } from "./program/terminal.ts";
import { shapeText } from "./rows/columns.ts";
import { sizeText } from "./text/byte-counts.ts";
import { jsonText } from "./text/escaping.ts";

interface InfoOptions {
  readonly json?: boolean;
  readonly watch?: boolean;
  readonly interval: number;
}

export function infoCommand(): Command {
  return new Command("info")
    .summary("show dtype, shape, order and state of files")
    .description(
      "Shows version, dtype, shape, order, sizes, room to grow, and whether the file is complete; of an archive, its arrays.",
    )
    .argument(
      "<file...>",
      "the .npy files, folders of shards or of arrays that grow in step, .npz archives, or arrays of archives as FILE.npz:NAME",
    )
    .option("--json", "print one line of JSON per file")
    .option("--watch", "print how many rows there are each second, and how fast they come, until Ctrl-C")
    .option("--interval <seconds>", "the time between the lines of --watch", intervalArgument, 1)
    .action(async (files: string[], options: InfoOptions, command: Command) => {
      if (options.watch) {
        if (files.length > 1 || options.json) throw new UsageError("--watch takes one file, and no --json");
        return await watchGrowth(files[0] as string, options.interval);
      }
      await forEachFile(files, command.optsWithGlobals(), async (file) => {
        if (isArchive(file)) return await printArchive(file, options);
        if (archivedArray(file) !== undefined) return await printArchived(file, options);
        const folder = await folderAt(file);
        if (folder !== undefined) {
          const describe = (await holdsShards(folder)) ? shardsInfo : groupInfo;
          return await print(await describe(file, folder, options.json === true));
        }
        const place = await fileAt(file);
        const info = await inspect(place);
        const recovery = info.needsRecovery ? await recoveryOf(place) : undefined;
        await print(options.json ? `${jsonText(asJson(file, info, recovery))}\n` : asText(file, info, recovery));
      });
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array info log.npy
  npy-append-array info data.npz
  npy-append-array info documents/
  npy-append-array info --watch log.npy
  npy-append-array info --json *.npy | jq -r 'select(.complete | not).path'`,
    );
}

/** What `recover` would do, or why it refuses. */
async function recoveryOf(file: FileLike): Promise<RecoveryReport | string> {
  try {
    return await recover(file, { dryRun: true });
  } catch (error) {
    if (error instanceof NpyError && ["ERR_NPY_UNRECOVERABLE", "ERR_NPY_TRAILING"].includes(error.code))
      return recoveryProblem(error);
    throw error;
  }
}

function asJson(path: string, info: NpyInfo, recovery: RecoveryReport | string | undefined): object {
  const { version, dtype, shape, fortranOrder, headerLength, slack, dataLength, expectedDataLength, appendable } = info;
  return {
    path,
    version,
    dtype: dtypeWord(dtype),
    descr: dtype.descr,
    itemsize: dtype.itemsize,
    shape,
    fortranOrder,
    ...(growthAxis(info) !== undefined && { growthAxis: growthAxis(info) }),
    headerLength,
    slack,
    dataLength,
    expectedDataLength,
    ...(info.reservedLength > 0 && { reservedLength: info.reservedLength }),
    appendable,
    complete: !info.needsRecovery,
    ...(recovery === undefined ? {} : { recovery }),
  };
}

function asText(file: string, info: NpyInfo, recovery: RecoveryReport | string | undefined): string {
  const { shape, headerLength, slack, dataLength, expectedDataLength } = info;
  return infoText(file, {
    dtype: dtypeText(info.dtype),
    shape: shapeText(shape),
    order: orderText(info),
    version: info.version,
    header: `${counted(headerLength, "byte")}, ${slack} of them to grow`,
    growth: growthText(info),
    data: `${sizeText(dataLength)}${dataLength !== expectedDataLength ? `, ${expectedDataLength} expected` : ""}`,
    appendable: info.appendable ? "yes" : shape.length === 0 ? "no: a 0-d array has no rows" : "no: run ensure-appendable",
    complete: recovery === undefined ? "yes" : `no: ${typeof recovery === "string" ? recovery : recoveryText(recovery)}`,
  });
}

function recoveryText({ rowsBefore, rowsAfter, bytesDropped, bytesReserved }: RecoveryReport): string {
  if (bytesReserved !== undefined) return `a writer has reserved ${counted(bytesReserved, "byte")} after the rows, or was killed`;
  const dropped = bytesDropped === 0 ? "" : `, drops ${counted(bytesDropped, "byte")}`;
  return `recover keeps ${counted(rowsAfter, "row")} (the header says ${rowsBefore})${dropped}`;
}
