/** What `info` says of archives. */
import { NpyError, type NpyReader, type NpzMember, type NpzReader } from "../../node.ts";
import { openReader, withArchive } from "../files/archives.ts";
import { print } from "../program/terminal.ts";
import { shapeText } from "../rows/columns.ts";
import { sizeText } from "../text/byte-counts.ts";
import { jsonText } from "../text/escaping.ts";
import { Table } from "../text/table.ts";
import { bytesOf, type Described, dtypeText, dtypeWord, indented, infoText, orderText } from "./lines.ts";

/** Prints the members of an archive. */
export async function printArchive(file: string, { json = false }: { readonly json?: boolean }): Promise<void> {
  await withArchive(file, async (npz) => {
    const arrays: (Described | undefined)[] = [];
    for (const { file } of npz.members) arrays.push(await describe(npz, file));
    if (json) {
      const members = npz.members.map((member, i) => ({ ...asJson(arrays[i]), ...member }));
      return await print(`${jsonText({ path: file, members })}\n`);
    }
    const table = new Table(["array", "dtype", "shape", "order", "bytes", "storage"], [false, false, false, false, true, false]);
    const cells = npz.members.map((member, i) => [member.name, ...cellsOf(arrays[i]), String(member.size), storedAs(member)]);
    const size = npz.members.reduce((sum, member) => sum + member.size, 0);
    const stored = npz.members.reduce((sum, { compressedSize }) => sum + compressedSize, 0);
    const text = infoText(file, {
      arrays: String(npz.members.length),
      size: `${sizeText(size)}${stored === size ? "" : `, stored in ${sizeText(stored)}`}`,
    });
    await print(`${text}${indented(table.lines(cells, true))}`);
  });
}

/** `undefined` for a member that is no array, or one of Python objects. */
async function describe(npz: NpzReader, file: string): Promise<Described | undefined> {
  let reader: NpyReader;
  try {
    reader = await npz.open(file);
  } catch (error) {
    if (error instanceof NpyError && ["ERR_NPY_HEADER", "ERR_NPY_DTYPE"].includes(error.code)) return undefined;
    throw error;
  }
  const { dtype, shape, fortranOrder } = reader;
  await reader.close();
  return { dtype, shape, fortranOrder };
}

function asJson(array: Described | undefined): object {
  if (array === undefined) return {};
  const { dtype, shape, fortranOrder } = array;
  return { dtype: dtypeWord(dtype), descr: dtype.descr, itemsize: dtype.itemsize, shape, fortranOrder };
}

function cellsOf(array: Described | undefined): [dtype: string, shape: string, order: string] {
  return array === undefined ? ["not readable", "", ""] : [dtypeWord(array.dtype), shapeText(array.shape), orderText(array)];
}

function storedAs({ isCompressed, size, compressedSize }: NpzMember): string {
  if (!isCompressed) return "stored";
  return `deflate, ${size === 0 ? 100 : Math.ceil((100 * compressedSize) / size)} %`;
}

/** Prints what is known of one array of an archive. */
export async function printArchived(file: string, { json = false }: { readonly json?: boolean }): Promise<void> {
  const reader = await openReader(file);
  try {
    if (json) return await print(`${jsonText({ path: file, ...asJson(reader) })}\n`);
    const { dtype, shape } = reader;
    await print(
      infoText(file, {
        dtype: dtypeText(dtype),
        shape: shapeText(shape),
        order: orderText(reader),
        data: sizeText(bytesOf(reader)),
      }),
    );
  } finally {
    await reader.close();
  }
}
