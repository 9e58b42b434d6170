/** What the rows of a folder of shards are. */
import { NpyError } from "../errors.ts";
import { optionError } from "../options.ts";
import { run } from "../plan/run.ts";
import { list } from "../plan/step.ts";
import { NpyReader } from "../reader/npy-reader.ts";
import { inOrder } from "../reader/shard-names.ts";
import type { Folder } from "../storage/folder.ts";
import type { ShardLayout } from "./private-file.ts";
import type { CheckedShardsOptions } from "./shards-options.ts";

/** What the rows of the shards are: what the options say, or what the last shard has. */
export async function layoutOf(folder: Folder, { dtype, rowShape, checked, files }: CheckedShardsOptions): Promise<ShardLayout> {
  const last = inOrder(await run(list(folder))).at(-1);
  if (last === undefined) {
    if (dtype !== undefined && rowShape !== undefined) return { dtype, rowShape, fortranOrder: checked.fortranOrder ?? false };
    throw optionError("dtype and rowShape must say what rows are: the folder has no shards that do");
  }
  const { maxHeaderSize } = files;
  const reader = await NpyReader.open(folder.file(last), {
    ...(dtype !== undefined && { dtype: dtype as never }),
    ...(maxHeaderSize !== undefined && { maxHeaderSize }),
  });
  try {
    return checkedLayout(reader, rowShape, checked.fortranOrder);
  } finally {
    await reader.close();
  }
}

/** Refuses options that contradict the shards. */
function checkedLayout(reader: NpyReader, rowShape: readonly number[] | undefined, order: boolean | undefined): ShardLayout {
  const { dtype, shape, fortranOrder, path } = reader;
  const found = fortranOrder ? shape.slice(0, -1) : shape.slice(1);
  if (rowShape !== undefined && rowShape.join() !== found.join()) {
    throw new NpyError("ERR_NPY_SHAPE", `The shards have rows of shape (${found}), the options say (${rowShape}).`, { path });
  }
  if (order !== undefined && shape.length > 1 && order !== fortranOrder) {
    const [is, wants] = fortranOrder ? ["Fortran", "C"] : ["C", "Fortran"];
    const reason = `The shards are in ${is} order, the options say ${wants} order: leave fortranOrder out.`;
    throw new NpyError("ERR_NPY_OPTION", reason, { path });
  }
  return { dtype, rowShape: found, fortranOrder };
}
