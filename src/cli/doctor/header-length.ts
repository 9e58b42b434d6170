/** Headers whose length field does not say where they end. */
import { createReadStream } from "node:fs";
import { parseHeader } from "../../node.ts";
import { sizeOf } from "../rows/columns.ts";
import type { Finding } from "./finding.ts";

/** What was found of a file whose header ends elsewhere than its length field says; `undefined` of others. */
export function wrongHeaderLength(path: string, start: Buffer, fileSize: number): Finding | undefined {
  const fieldBytes = start[6] === 1 ? 2 : 4;
  const textStart = 8 + fieldBytes;
  if (start.length < textStart) return undefined;
  const said = start.readUIntLE(8, fieldBytes);
  const end = start.indexOf("\n", textStart) + 1;
  const found = end - textStart;
  if (end === 0 || found === said || !/^\{.*\}\s*$/s.test(start.toString("latin1", textStart, end))) return undefined;
  if (found >= 2 ** (8 * fieldBytes)) return undefined;
  const header = Buffer.from(start.subarray(0, end));
  header.writeUIntLE(found, 8, fieldBytes);
  const common = {
    path,
    state: "header length",
    isWell: false,
    found: `the length field says that the header's text has ${said} bytes, and it ends after ${found}`,
  } as const;
  const size = sizeIn(header);
  if (size === undefined) return undefined;
  if (size !== fileSize)
    return {
      ...common,
      why: `with ${found} the file should have ${size} bytes, and it has ${fileSize}: more than the field is damaged`,
      answers: [{ effect: "get the original again", command: undefined }],
    };
  return {
    ...common,
    why: `with ${found} the file has exactly the ${size} bytes that its header says`,
    fix: { kind: "replace", effect: `set the length field to ${found}`, content: () => corrected(path, header), size },
  };
}

function sizeIn(header: Buffer): number | undefined {
  try {
    const { headerLength, shape, dtype } = parseHeader(header);
    return headerLength + sizeOf(shape) * dtype.itemsize;
  } catch {
    return undefined;
  }
}

async function* corrected(path: string, header: Buffer): AsyncGenerator<Uint8Array> {
  yield header;
  for await (const block of createReadStream(path, { start: header.length, highWaterMark: 2 ** 20 })) yield block as Buffer;
}
