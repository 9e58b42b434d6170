/** The look of all that `info` prints: what is described, and below it a line for each of its properties. */
import type { DType, NpyReader } from "../../node.ts";
import { counted, shown } from "../program/failure.ts";
import { styled } from "../program/terminal.ts";
import { shapeText } from "../rows/columns.ts";
import { sizeText } from "../text/byte-counts.ts";
import { printable } from "../text/escaping.ts";

export type Described = Pick<NpyReader, "dtype" | "shape" | "fortranOrder">;

/** Lines of names and texts. Properties that are `undefined` are left out. */
export function infoText(path: string, properties: Readonly<Record<string, string | undefined>>): string {
  const lines = Object.entries(properties).map(([name, text]) => (text === undefined ? "" : `  ${name.padEnd(10)}  ${text}\n`));
  return `${styled("bold", shown(path))}\n${lines.join("")}`;
}

/** `float64 (<f8)`, `36 bytes: t <f8, level <f8`. */
export function dtypeText(dtype: DType): string {
  if (dtype.fields === undefined) return `${dtype.name} (${dtype.str})`;
  const fields = dtype.fields.map(({ name, dtype: type }) => {
    const shape = type.subdtype === undefined ? "" : ` ${shapeText(type.subdtype.shape)}`;
    return `${printable(name)} ${(type.subdtype?.dtype ?? type).str}${shape}`;
  });
  return `${counted(dtype.itemsize, "byte")}: ${fields.join(", ")}`;
}

/** A dtype in one word, as tables and JSON have it. */
export function dtypeWord(dtype: DType): string {
  return dtype.fields === undefined ? dtype.name : dtype.str;
}

export function orderText({ fortranOrder }: Pick<Described, "fortranOrder">): string {
  return fortranOrder ? "Fortran" : "C";
}

/** The axis along which rows are appended: 0 in C order, the last in Fortran order. A 0-d array has none. */
export function growthAxis({ shape, fortranOrder }: Described): number | undefined {
  return shape.length === 0 ? undefined : fortranOrder ? shape.length - 1 : 0;
}

export function growthText(array: Described): string {
  const axis = growthAxis(array);
  if (axis === undefined) return "none: a 0-d array has no rows";
  return `along axis ${axis}, rows of ${sizeText(bytesOf({ ...array, shape: array.shape.with(axis, 1) }))}`;
}

/** The bytes of all elements. */
export function bytesOf({ dtype, shape }: Described): number {
  return shape.reduce((product, size) => product * size, dtype.itemsize);
}

/** The lines of a table below the properties. */
export function indented(table: string): string {
  return table.replace(/^(?=.)/gm, "  ");
}
