/** Folders of shards on the command line. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { inspect, NpyReader, recoverShards } from "../../node.ts";
import { counted, shown } from "../program/failure.ts";
import { styled } from "../program/terminal.ts";
import { shapeText } from "../rows/columns.ts";
import { jsonText } from "../text/escaping.ts";
import { isDirectory } from "./each-file.ts";

const SHARD = /^\d+\.npy$/;
const PRIVATE = /^\.shard\..*\.npy$/;

/** Whether a path is that of a directory with shards, or with files that are to become shards. */
export function isShardFolder(path: string): boolean {
  return isDirectory(path) && readdirSync(path).some((name) => SHARD.test(name) || PRIVATE.test(name));
}

/** What `info` says of shards. */
export async function shardsInfo(folder: string, isJson: boolean): Promise<string> {
  const names = readdirSync(folder);
  const shards = names.filter((name) => SHARD.test(name)).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  const writing = names.filter((name) => PRIVATE.test(name)).length;
  const { dtype, shape, fortranOrder } = await layoutOf(folder);
  const rows: number[] = [];
  for (const name of shards) {
    const info = await inspect(join(folder, name));
    rows.push(info.shape[fortranOrder ? info.shape.length - 1 : 0] as number);
  }
  const type = dtype.fields === undefined ? dtype.name : dtype.str;
  if (isJson) {
    return `${jsonText({ path: folder, dtype: type, descr: dtype.descr, shape, fortranOrder, shards: shards.length, rows, writing })}\n`;
  }
  const lines = {
    dtype: dtype.fields === undefined ? `${dtype.name} (${dtype.str})` : dtype.str,
    shape: shapeText(shape),
    order: fortranOrder ? "Fortran" : "C",
    shards: `${counted(shards.length, "file")} of ${rowsText(rows)}`,
    ...(writing > 0 && {
      writing: `${counted(writing, "file")} that no shard was made of yet: recover does, if the writers are gone`,
    }),
  };
  const body = Object.entries(lines).map(([name, text]) => `  ${name.padEnd(10)}  ${text}\n`);
  return `${styled("bold", shown(folder))}\n${body.join("")}`;
}

/** The dtype, shape and order of all shards together. */
export async function layoutOf(folder: string): Promise<Pick<NpyReader, "dtype" | "shape" | "fortranOrder">> {
  const reader = await NpyReader.open(folder);
  try {
    const { dtype, shape, fortranOrder } = reader;
    return { dtype, shape, fortranOrder };
  } finally {
    await reader.close();
  }
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

/** Makes shards of what writers left. */
export async function recoverFolder(folder: string): Promise<string> {
  const { adopted, inUse, repaired } = await recoverShards(folder);
  const parts = [
    `${counted(adopted.length, "file")} made shards`,
    ...(Object.keys(repaired).length > 0 ? [`${counted(Object.keys(repaired).length, "file")} repaired`] : []),
    ...(inUse.length > 0 ? [`${counted(inUse.length, "file")} in use`] : []),
  ];
  return `${shown(folder)}: ${parts.join(", ")}\n`;
}
