/** What `info` says of folders of shards. */
import { inspect } from "../../node.ts";
import type { Place } from "../files/places.ts";
import { layoutOf, PRIVATE, shardsAmong } from "../files/shard-folders.ts";
import { counted } from "../program/failure.ts";
import { shapeText } from "../rows/columns.ts";
import { sizeText } from "../text/byte-counts.ts";
import { jsonText } from "../text/escaping.ts";
import { bytesOf, dtypeText, dtypeWord, growthText, infoText, orderText } from "./lines.ts";

/** The lines that describe shards, or a line of JSON. */
export async function shardsInfo(path: string, folder: Place, isJson: boolean): Promise<string> {
  const names = await folder.list();
  const shards = shardsAmong(names);
  const writing = names.filter((name) => PRIVATE.test(name)).length;
  const { dtype, shape, fortranOrder } = await layoutOf(folder);
  const rows: number[] = [];
  for (const name of shards) {
    const info = await inspect(folder.file(name));
    rows.push(info.shape[fortranOrder ? info.shape.length - 1 : 0] as number);
  }
  if (isJson) {
    return `${jsonText({ path, dtype: dtypeWord(dtype), descr: dtype.descr, shape, fortranOrder, shards: shards.length, rows, writing })}\n`;
  }
  return infoText(path, {
    dtype: dtypeText(dtype),
    shape: shapeText(shape),
    order: orderText({ fortranOrder }),
    growth: growthText({ dtype, shape, fortranOrder }),
    data: sizeText(bytesOf({ dtype, shape, fortranOrder })),
    shards: `${counted(shards.length, "file")} of ${rowsText(rows)}`,
    writing:
      writing > 0
        ? `${counted(writing, "file")} that no shard was made of yet: recover does, if the writers are gone`
        : undefined,
  });
}

/** `1000 rows`, `1000 rows, the last of 537`, `537 to 1000 rows`. */
function rowsText(rows: readonly number[]): string {
  const last = rows.at(-1) as number;
  const others = rows.slice(0, -1);
  const least = others.reduce((min, count) => Math.min(min, count), last);
  const most = others.reduce((max, count) => Math.max(max, count), last);
  if (least === most) return counted(most, "row");
  return others.every((count) => count === most)
    ? `${counted(most, "row")}, the last of ${last}`
    : `${least} to ${counted(most, "row")}`;
}
