/** What `info` tells of a folder: the arrays of a group, as a table. */
import { basename } from "node:path";
import { type GroupArrayInfo, NpyError, NpyGroupReader, recover } from "../../node.ts";
import type { Place } from "../files/places.ts";
import { counted, FileProblem, recoveryProblem, runAdvice } from "../program/failure.ts";
import { shapeText } from "../rows/columns.ts";
import { sizeText } from "../text/byte-counts.ts";
import { jsonText } from "../text/escaping.ts";
import { Table } from "../text/table.ts";
import { dtypeWord, indented, infoText } from "./lines.ts";

/** The lines that describe a group, or a line of JSON. */
export async function groupInfo(path: string, folder: Place, asJson: boolean): Promise<string> {
  const reader = await opened(path, folder);
  try {
    const { arrays, length } = reader;
    const problem = await problemOf(folder);
    if (asJson) return `${jsonText(jsonOf(path, arrays, length, problem))}\n`;
    const cells: string[][] = [];
    let size = 0;
    for (const [name, array] of Object.entries(arrays)) {
      const bytes = await bytesOfArray(folder, name, array);
      cells.push([name, dtypeOf(array), array.ragged ? "any length" : shapeText(array.rowShape), String(bytes)]);
      size += bytes;
    }
    const table = new Table(["array", "dtype", "row", "bytes"], [false, false, false, true]);
    const text = infoText(path, {
      arrays: String(cells.length),
      rows: String(length),
      size: sizeText(size),
      complete: problem ?? "yes",
    });
    return `${text}${indented(table.lines(cells, true))}`;
  } finally {
    await reader.close();
  }
}

async function opened(path: string, folder: Place): Promise<NpyGroupReader> {
  try {
    return await NpyGroupReader.open(folder);
  } catch (error) {
    if (!(error instanceof NpyError)) throw error;
    const isShort = error.code === "ERR_NPY_NEEDS_RECOVERY" && error.cause === undefined && error.path !== undefined;
    // The advice for one file would not help the group.
    const problem = isShort
      ? `${basename(error.path)} is shorter than its header says: ${runAdvice("recover", path)}`
      : error.reason;
    throw new FileProblem(path, problem, { cause: error });
  }
}

/** What `recover` would do, or why it refuses; `undefined` for a whole group. */
async function problemOf(folder: Place): Promise<string | undefined> {
  try {
    const { needed, rowsAfter, bytesDropped } = await recover(folder, { dryRun: true });
    if (!needed) return undefined;
    return `no: recover keeps ${counted(rowsAfter, "row")}${bytesDropped === 0 ? "" : `, drops ${counted(bytesDropped, "byte")}`}`;
  } catch (error) {
    if (error instanceof NpyError && error.code === "ERR_NPY_UNRECOVERABLE") return `no: ${recoveryProblem(error)}`;
    throw error;
  }
}

function dtypeOf({ dtype, text }: GroupArrayInfo): string {
  return text ? "text (UTF-8)" : dtypeWord(dtype);
}

/** The sizes of the files of an array, with their headers. */
async function bytesOfArray(folder: Place, name: string, { ragged }: GroupArrayInfo): Promise<number> {
  const files = ragged ? [`${name}.values.npy`, `${name}.offsets.npy`] : [`${name}.npy`];
  let size = 0;
  for (const file of files) {
    const opened = await folder.file(file).open("r");
    size += await opened.size();
    await opened.close();
  }
  return size;
}

function jsonOf(
  path: string,
  arrays: { readonly [name: string]: GroupArrayInfo },
  rows: number,
  problem: string | undefined,
): object {
  const described = Object.entries(arrays).map(([name, { dtype, rowShape, ragged, text }]) => {
    return [name, { dtype: text ? "utf8" : dtypeWord(dtype), descr: dtype.descr, rowShape, ragged }];
  });
  return { path, rows, arrays: Object.fromEntries(described), complete: problem === undefined };
}
