/** Undoes transfers as text, where one answer alone is possible: its size is what the header says. */
import { createReadStream } from "node:fs";
import { parseHeader } from "../../node.ts";
import { sizeOf } from "../rows/columns.ts";
import type { Finding } from "./finding.ts";
import { GET_AGAIN } from "./finding.ts";

/** Undoes one change, block by block. */
interface Stage {
  /** @throws Irreversible */
  undo(bytes: Buffer, isEnd: boolean): Buffer;
}

/** What cannot be undone, as the end of a sentence. */
class Irreversible extends Error {}

/** The changes, in the order in which they are undone. */
interface Damage {
  readonly names: readonly string[];
  readonly stages: () => Stage[];
}

const MAGIC = Buffer.from("\x93NUMPY", "latin1");

/** The bytes with which the signature is replaced where bytes were lost: by U+FFFD, a question mark, or nothing but seven bits. */
const LOST = [[0xef, 0xbf, 0xbd], [0x3f], [0x13]].map((bytes) => Buffer.from([...bytes, ...MAGIC.subarray(1)]));

/** Windows-1252 from 0x80 on, as the Encoding Standard has it. Written out: the decoder of Node 20 takes these bytes for Latin-1. */
const WINDOWS_1252 = new Map(
  [..."€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ"].map((character, i) => [character, 0x80 + i]),
);

/** What the first bytes tell of a transfer as text; `undefined` if they tell of none. */
function damageOf(start: Buffer): Damage | "lost" | undefined {
  const isMarked = start.indexOf(Buffer.from([0xef, 0xbb, 0xbf])) === 0;
  const rest = start.subarray(isMarked ? 3 : 0);
  const mark = isMarked ? ["a byte order mark was put in front"] : [];
  if (LOST.some((lost) => rest.indexOf(lost) === 0)) return "lost";
  if (start.indexOf(Buffer.from([0xff, 0xfe, 0xfd, 0xff])) === 0) return "lost";
  if (start.indexOf(Buffer.from("\ufeff\u0093NUMPY", "utf16le")) === 0)
    return { names: ["it was written again as UTF-16"], stages: () => [decoding("utf-16le", true, new Map())] };
  const isLatin1 = rest.indexOf(Buffer.from("\u0093NUMPY")) === 0;
  if (isLatin1 || rest.indexOf(Buffer.from("\u201cNUMPY")) === 0)
    return {
      names: [...mark, "it was written again as UTF-8"],
      stages: () => [decoding("utf-8", isMarked, isLatin1 ? new Map() : WINDOWS_1252)],
    };
  if (!isMarked || rest.indexOf(MAGIC) !== 0) return undefined;
  return { names: mark, stages: () => [withoutMark()] };
}

function withoutMark(): Stage {
  let isFirst = true;
  return {
    undo: (bytes) => {
      const start = isFirst ? 3 : 0;
      isFirst = false;
      return bytes.subarray(start);
    },
  };
}

/** Each character back to its byte: of Latin-1, or the `others`. */
function decoding(encoding: "utf-8" | "utf-16le", isMarked: boolean, others: ReadonlyMap<string, number>): Stage {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  let isFirst = true;
  return {
    undo: (bytes, isEnd) => {
      let text: string;
      try {
        text = decoder.decode(bytes, { stream: !isEnd });
      } catch {
        throw new Irreversible("it holds bytes that no text has");
      }
      if (isFirst && isMarked && text !== "") text = text.slice(1);
      isFirst &&= text === "";
      return bytesOf(text, others);
    },
  };
}

function bytesOf(text: string, others: ReadonlyMap<string, number>): Buffer {
  const single = text.replace(/[^\0-\xff]/gu, (character) => {
    const byte = others.get(character);
    if (byte === undefined) throw new Irreversible("it holds characters that stand for no byte");
    return String.fromCharCode(byte);
  });
  return Buffer.from(single, "latin1");
}

/** "\r\n" back to "\n", if there is no "\n" by itself. */
function withoutReturns(): Stage {
  let isAfterReturn = false;
  return {
    undo: (bytes, isEnd) => {
      const out = Buffer.alloc(bytes.length + 1);
      let length = 0;
      for (const byte of bytes) {
        if (byte === 0x0a && !isAfterReturn) throw new Irreversible("some line feeds in it are as they were");
        // A return is written once the next byte shows that no line feed follows it.
        if (isAfterReturn && byte !== 0x0a) out[length++] = 0x0d;
        isAfterReturn = byte === 0x0d;
        if (!isAfterReturn) out[length++] = byte;
      }
      if (isEnd && isAfterReturn) out[length++] = 0x0d;
      return out.subarray(0, length);
    },
  };
}

async function* undone(path: string, stages: readonly Stage[]): AsyncGenerator<Buffer> {
  const through = (bytes: Buffer, isEnd: boolean): Buffer => stages.reduce((part, stage) => stage.undo(part, isEnd), bytes);
  for await (const block of createReadStream(path, { highWaterMark: 2 ** 20 })) yield through(block as Buffer, false);
  yield through(Buffer.alloc(0), true);
}

/** So many bytes of a file hold its header, or it is too long to be read. */
const START = 2 ** 16;

/** Whether the header ends as it does after a transfer that made "\r\n" of "\n". */
function hasReturns(start: Buffer): boolean {
  if (start.indexOf(MAGIC) !== 0 || start.length < 12) return false;
  const end = start[6] === 1 ? 10 + start.readUInt16LE(8) : 12 + start.readUInt32LE(8);
  return start[end - 1] === 0x0d && start[end] === 0x0a;
}

/** What was found of a file that was copied as text; `undefined` of others. */
export async function textDamage(path: string, start: Buffer): Promise<Finding | undefined> {
  const damage = damageOf(start);
  const common = { path, state: "damaged as text", isWell: false } as const;
  if (damage === "lost")
    return {
      ...common,
      found: "it was read as text and written again, and its bytes from 0x80 on are lost",
      why: "all of them became the same character, so nothing shows what they were",
      answers: [GET_AGAIN],
    };
  const first = damage === undefined ? start : await startUndone(path, damage.stages());
  const returns = hasReturns(first);
  if (damage === undefined && !returns) return undefined;
  const names = [...(damage?.names ?? []), ...(returns ? ['each "\\n" became "\\r\\n"'] : [])];
  const stages = (): Stage[] => [...(damage?.stages() ?? []), ...(returns ? [withoutReturns()] : [])];
  const found = names.join(", and ");
  const problem = await problemOf(path, stages);
  if (typeof problem === "string")
    return { ...common, found, why: `${problem}, so nothing shows what its bytes were`, answers: [GET_AGAIN] };
  return {
    ...common,
    found,
    why: `undone, it has exactly the ${problem.size} bytes that its header says`,
    fix: { kind: "replace", effect: "undo that", content: () => undone(path, stages()), size: problem.size },
  };
}

async function startUndone(path: string, stages: readonly Stage[]): Promise<Buffer> {
  const parts: Buffer[] = [];
  try {
    for await (const part of undone(path, stages)) {
      parts.push(part);
      if (parts.reduce((sum, { length }) => sum + length, 0) >= START) break;
    }
  } catch (error) {
    if (!(error instanceof Irreversible)) throw error;
  }
  return Buffer.concat(parts);
}

/** The size that the file has with the damage undone, or why it cannot be undone. */
async function problemOf(path: string, stages: () => Stage[]): Promise<string | { readonly size: number }> {
  let size = 0;
  const start: Buffer[] = [];
  try {
    for await (const part of undone(path, stages())) {
      if (size < START) start.push(part);
      size += part.length;
    }
    const { headerLength, shape, dtype } = parseHeader(Buffer.concat(start));
    const expected = headerLength + sizeOf(shape) * dtype.itemsize;
    return size === expected ? { size } : `undone, it would have ${size} bytes, and its header says ${expected}`;
  } catch (error) {
    if (error instanceof Irreversible) return error.message;
    if (String((error as { code?: unknown }).code).startsWith("ERR_NPY_")) return "its header cannot be read then";
    throw error;
  }
}
