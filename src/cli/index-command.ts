/** `index`: an index by which zarr, dask and xarray read shards in place. */
import { Command } from "commander";
import { indexShards } from "../node.ts";
import { about } from "./program/failure.ts";
import { printData } from "./program/terminal.ts";

export function indexCommand(): Command {
  return new Command("index")
    .summary("index shards, so that zarr, dask and xarray read them in place")
    .description(
      "Prints a kerchunk reference (JSON) of the shards in DIR, by which fsspec's reference file system shows them as one zarr array. All " +
        "shards but the last must be of equal chunks: the command shard writes such.",
    )
    .argument("<dir>", "the folder of shards")
    .option("--url <url>", "URL of DIR where the index is used (default: names relative to the working directory)")
    .action(async (folder: string, options: { url?: string }) => {
      const index = await indexShards(folder, options).catch((error: unknown) => {
        throw about(folder, error);
      });
      await printData(`${JSON.stringify(index)}\n`);
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array index --url https://example.org/shards shards > shards.json
  npy-append-array index --url "file://$PWD/shards" shards > shards.json`,
    );
}
