/** Archives: reads all their arrays, and so verifies the checksums. */
import { NpyError, type NpyReader } from "../../node.ts";
import { quoted } from "../failure.ts";
import { withArchive } from "../npz.ts";
import { type Finding, GET_AGAIN } from "./finding.ts";

export async function archiveFinding(path: string): Promise<Finding> {
  const common = { path, state: "archive" } as const;
  const damaged: string[] = [];
  const foreign: string[] = [];
  let count = 0;
  try {
    await withArchive(path, async (npz) => {
      for (const { name, file } of npz.members) {
        if (!file.endsWith(".npy")) continue;
        count++;
        try {
          await readAll(await npz.open(file));
        } catch (error) {
          if (!(error instanceof NpyError)) throw error;
          (error.code === "ERR_NPY_DTYPE" ? foreign : damaged).push(name);
        }
      }
    });
  } catch (error) {
    if (!(error instanceof NpyError)) throw error;
    return { ...common, isWell: false, found: error.reason.replace(/\.$/, ""), answers: [GET_AGAIN] };
  }
  const objects = foreign.length === 0 ? "" : `; not readable, because they hold Python objects: ${foreign.join(", ")}`;
  if (damaged.length === 0)
    return { ...common, isWell: foreign.length === 0, found: `${arrays(count)}, their checksums are right${objects}` };
  const unpack = {
    effect: "save the arrays that are whole, one by one",
    command: `npy-append-array convert ${quoted(`${path}:NAME`)} NAME.npy`,
  };
  return {
    ...common,
    isWell: false,
    found: `damaged: ${damaged.join(", ")}, of ${arrays(count)}${objects}`,
    why: "their bytes do not have the checksums that the archive says",
    answers: damaged.length < count ? [GET_AGAIN, unpack] : [GET_AGAIN],
  };
}

function arrays(count: number): string {
  return count === 1 ? "1 array" : `${count} arrays`;
}

async function readAll(reader: NpyReader): Promise<void> {
  try {
    for await (const _ of reader.chunks());
  } finally {
    await reader.close();
  }
}
