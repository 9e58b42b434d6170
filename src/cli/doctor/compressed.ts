/** `.npy` files that gzip compressed. */
import { createReadStream } from "node:fs";
import { PassThrough, pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { parseHeader } from "../../node.ts";
import { quoted } from "../program/failure.ts";
import { shapeText, sizeOf } from "../rows/columns.ts";
import { type Finding, GET_AGAIN } from "./finding.ts";

const START = 2 ** 16;

export function isGzip(start: Buffer): boolean {
  return start[0] === 0x1f && start[1] === 0x8b;
}

/** What was found of a file that begins like one of gzip. One that is called `.gz` is what its name says. */
export async function compressedFinding(path: string): Promise<Finding> {
  const common = { path, state: "compressed", isWell: false } as const;
  const isNamedSo = /\.gz$/i.test(path);
  let size = 0;
  const start: Buffer[] = [];
  try {
    for await (const part of decompressed(path)) {
      if (size < START) start.push(part);
      size += part.length;
    }
  } catch (error) {
    const found = `gzip cannot decompress it: ${(error as Error).message}`;
    return { ...common, found, why: "it was cut or damaged after it was compressed", answers: [GET_AGAIN] };
  }
  const content = contentOf(Buffer.concat(start), size);
  if (content.isWhole && isNamedSo)
    return { ...common, isWell: true, found: `compressed by gzip, as its name says: ${content.text}` };
  const answers = [{ effect: "decompress it first, and look at it then", command: `gzip -dc ${quoted(path)}` }];
  if (!content.isWhole || isNamedSo) return { ...common, found: `compressed by gzip: ${content.text}`, answers };
  return {
    ...common,
    found: `compressed by gzip: ${content.text}`,
    why: "decompressed, it has exactly the bytes that its header says",
    fix: { kind: "replace", effect: "decompress it", content: () => decompressed(path), size },
  };
}

async function* decompressed(path: string): AsyncGenerator<Buffer> {
  // Errors of any of the streams end the last one.
  const out = new PassThrough();
  pipeline(createReadStream(path), createGunzip(), out, () => undefined);
  for await (const part of out) yield part as Buffer;
}

function contentOf(start: Buffer, size: number): { readonly text: string; readonly isWhole: boolean } {
  try {
    const { headerLength, dtype, shape } = parseHeader(start);
    const isWhole = headerLength + sizeOf(shape) * dtype.itemsize === size;
    const array = `${dtype.fields === undefined ? dtype.name : `${dtype.itemsize} bytes`} ${shapeText(shape)}`;
    return { text: isWhole ? array : `an incomplete .npy file, ${array}`, isWhole };
  } catch {
    return { text: "no .npy file that can be read", isWhole: false };
  }
}
