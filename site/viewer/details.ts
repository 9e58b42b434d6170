/** What the header and the size of a file say. */
import { el } from "../shared/dom.ts";
import type { DType } from "../shared/library.ts";
import { bytesText, counted, numberText, shapeText } from "../shared/texts.ts";
import type { ArraySpec, OpenedArray } from "./opening.ts";

type Line = readonly [name: string, text: string, more?: string | undefined];

export function details(spec: ArraySpec, opened: OpenedArray): HTMLElement {
  const list = el("dl", { class: "details", id: "details" });
  for (const [name, text, more] of linesOf(spec, opened)) {
    const value = el("dd", {}, text);
    if (more !== undefined) value.append(el("small", {}, more));
    list.append(el("dt", {}, name), value);
  }
  return list;
}

function linesOf(spec: ArraySpec, { reader, info, fileSize }: OpenedArray): Line[] {
  const { dtype, shape, fortranOrder } = reader;
  const size = fileSize ?? 0;
  const elements = shape.reduce((product, size) => product * size, 1);
  const axis = shape.length === 0 ? undefined : fortranOrder ? shape.length - 1 : 0;
  const rowBytes = shape.reduce((product, size, at) => (at === axis ? product : product * size), dtype.itemsize);
  const lines: Line[] = [
    ["dtype", dtype.fields === undefined ? dtype.name : `${dtype.fields.length} fields`, dtypeWords(dtype)],
    ["shape", shapeText(shape), counted(elements, "element")],
    ["order", fortranOrder ? "Fortran" : "C", fortranOrder ? "the first index changes fastest" : undefined],
    ["data", bytesText(elements * dtype.itemsize), exactly(elements * dtype.itemsize)],
    axis === undefined
      ? ["grows", "no", "a 0-d array has no rows"]
      : ["grows along", `axis ${axis}`, `rows of ${bytesText(rowBytes)}`],
  ];
  if (spec.source.kind === "shards") lines.push(["files", numberText(spec.source.files.length), `${bytesText(size)} in all`]);
  if (spec.groupRows !== undefined) lines.push(["group", counted(spec.groupRows, "row"), "counted by all its files"]);
  if (info === undefined) return lines;
  const { version, headerLength, slack, dataLength, expectedDataLength, reservedLength, appendable } = info;
  lines.push(
    ["file", bytesText(size), exactly(size)],
    ["header", `${headerLength} bytes`, `version ${version}, ${counted(slack, "byte")} free to grow`],
    [
      "appendable",
      appendable ? "yes" : "no",
      appendable || shape.length === 0 ? undefined : "ensure-appendable gives the header room",
    ],
  );
  if (dataLength > expectedDataLength) {
    lines.push([
      "after the rows",
      bytesText(dataLength - expectedDataLength),
      "not counted by the header: recover keeps whole rows of it",
    ]);
  }
  if (reservedLength > 0) lines.push(["reserved", bytesText(reservedLength), "by a writer, for rows to come"]);
  return lines;
}

/** All digits of a size that has a unit. */
function exactly(bytes: number): string | undefined {
  return bytes < 1000 ? undefined : `${numberText(bytes)} bytes`;
}

/** A dtype in words: its type string, or its fields. */
function dtypeWords(dtype: DType): string {
  const order = dtype.byteOrder === ">" ? ", big-endian" : "";
  if (dtype.fields === undefined) return `${dtype.str}, ${counted(dtype.itemsize, "byte")} each${order}`;
  const fields = dtype.fields.map(({ name, dtype: type }) => {
    const shape = type.subdtype === undefined ? "" : ` ${shapeText(type.subdtype.shape)}`;
    return `${name} ${(type.subdtype?.dtype ?? type).str}${shape}`;
  });
  return `${counted(dtype.itemsize, "byte")} each: ${fields.join(", ")}`;
}
