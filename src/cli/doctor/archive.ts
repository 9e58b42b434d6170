/** Archives: reads all their arrays, and so verifies the checksums. */
import { NpyError, type NpyReader } from "../../node.ts";
import { withArchive } from "../files/archives.ts";
import { quoted } from "../program/failure.ts";
import { type Finding, GET_AGAIN } from "./finding.ts";

/** So many of the arrays that are whole have commands that save them. */
const SHOWN = 8;

export async function archiveFinding(path: string): Promise<Finding> {
  const common = { path, state: "archive" } as const;
  const damaged: string[] = [];
  const whole: string[] = [];
  const foreign: string[] = [];
  let count = 0;
  try {
    await withArchive(path, async (npz) => {
      for (const { name, file } of npz.members) {
        if (!file.endsWith(".npy")) continue;
        count++;
        try {
          const reader = await npz.open(file);
          await readAll(reader);
          // take, which saves them, takes rows.
          if (reader.shape.length > 0) whole.push(name);
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
  const saving = whole.slice(0, SHOWN).map((name) => ({
    effect: `save ${name}, which is whole`,
    command: `npy-append-array take ${quoted(`${path}:${name}`)} : --out ${quoted(`${name.replace(/^.*[\\/]/s, "")}.npy`)}`,
  }));
  return {
    ...common,
    isWell: false,
    found: `damaged: ${damaged.join(", ")}, of ${arrays(count)}${objects}`,
    why: "their bytes do not have the checksums that the archive says",
    answers: [GET_AGAIN, ...saving],
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
