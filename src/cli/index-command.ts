/** `index`: an index by which zarr, dask and xarray read shards in place. */
import { Command } from "commander";
import { indexShards } from "../node.ts";
import { isObject } from "./files/object-names.ts";
import { targetFolderAt } from "./files/places.ts";
import { about, UsageError } from "./program/failure.ts";
import { printData } from "./program/terminal.ts";

export function indexCommand(): Command {
  return new Command("index")
    .summary("index shards, so that zarr, dask and xarray read them in place")
    .description(
      "Prints a kerchunk reference (JSON) of the shards in DIR, by which fsspec's reference file system shows them as one zarr array. All " +
        "shards but the last must be of equal chunks: the command shard writes such.",
    )
    .argument("<dir>", "the folder of shards, or s3://bucket/prefix/")
    .option(
      "--url <url>",
      "URL of DIR where the index is used (default: that in S3, elsewhere names relative to the working directory)",
    )
    .option("--write-to <name>", "write the index into a file of this name in DIR instead of printing it")
    .action(async (folder: string, options: { url?: string; writeTo?: string }) => {
      if (options.writeTo !== undefined && /[/\\]|^\.*$|\.npy$/.test(options.writeTo))
        throw new UsageError("--write-to must be the name of a file in DIR that is no shard, such as index.json");
      const { url = isObject(folder) ? folder.replace(/\/*$/, "") : undefined, writeTo } = options;
      const index = await indexShards(await targetFolderAt(folder), { url, writeTo }).catch((error: unknown) => {
        throw about(folder, error);
      });
      if (writeTo === undefined) await printData(`${JSON.stringify(index)}\n`);
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array index --url https://example.org/shards shards > shards.json
  npy-append-array index --url "file://$PWD/shards" shards > shards.json
  npy-append-array index --write-to index.json s3://bucket/shards`,
    );
}
