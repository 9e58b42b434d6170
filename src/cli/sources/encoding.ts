/** Bytes of a text source -> text, strictly: what is not valid in its encoding is an error, never a replacement character. */
import { isAscii, isUtf8 } from "node:buffer";
import { FileProblem } from "../failure.ts";

/** Bytes that are no text in the encoding of their source. The reader of the text adds the line. */
export class InvalidText extends Error {
  override readonly name = "InvalidText";
  /** The offset of the first of them in the source, from 0. */
  readonly offset: number;

  constructor(offset: number, problem: string) {
    super(problem);
    this.offset = offset;
  }

  at(path: string, line: number): FileProblem {
    return new FileProblem(path, `line ${line}, byte offset ${this.offset}: ${this.message}`, { cause: this });
  }
}

/** Whether the runtime decodes an encoding of this name. */
export function isEncoding(label: string): boolean {
  try {
    return new TextDecoder(label).encoding !== "";
  } catch {
    return false;
  }
}

/**
 * The text of blocks of bytes, piece by piece, without a byte order mark. Without a name it must be UTF-8.
 *
 * @throws InvalidText after the text before the first byte that is not valid.
 */
export async function* decoded(blocks: AsyncIterable<Uint8Array>, label: string | undefined): AsyncGenerator<string, void, void> {
  const encoding = new TextDecoder(label).encoding;
  const decoder = encoding === "utf-8" ? new Utf8() : encoding === "windows-1252" ? new Windows1252() : new Other(encoding);
  let offset = 0;
  for await (const block of blocks) {
    if (offset === 0 && label === undefined) refuseOtherEncodings(block);
    yield* piece(decoder.decode(Buffer.from(block.buffer, block.byteOffset, block.length), offset));
    offset += block.length;
  }
  yield* piece(decoder.end(offset));
}

/** Text, and what is wrong behind it. */
interface Piece {
  readonly text: string;
  readonly problem?: InvalidText;
}

interface Decoder {
  /** Bytes that may be written over afterwards, the first of which is at `offset`. */
  decode(bytes: Buffer, offset: number): Piece;
  end(offset: number): Piece;
}

function* piece({ text, problem }: Piece): Generator<string, void, void> {
  if (text !== "") yield text;
  if (problem !== undefined) throw problem;
}

const ADVICE = "if the text is in another encoding, name it with --encoding, such as windows-1252 or utf-16le";

const BYTE_ORDER_MARK = Buffer.from("\ufeff");

/** Without `TextDecoder`, which takes several times as long where characters may go on in the next block. */
class Utf8 implements Decoder {
  #rest: Buffer = Buffer.alloc(0);

  decode(block: Buffer, at: number): Piece {
    const rest = this.#rest.length;
    const bytes = rest === 0 ? block : Buffer.concat([this.#rest, block]);
    const start = at === 0 && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0;
    const end = endOfWholeCharacters(bytes);
    const whole = bytes.subarray(start, end);
    if (isAscii(whole)) return { text: this.#kept(bytes, end, whole.toString("latin1")) };
    if (!isUtf8(whole)) {
      const invalid = firstInvalid(whole);
      return { text: whole.toString("utf8", 0, invalid), problem: notUtf8(bytes[start + invalid], at - rest + start + invalid) };
    }
    return { text: this.#kept(bytes, end, whole.toString("utf8")) };
  }

  /** The text, when what is behind it has been put aside. */
  #kept(bytes: Buffer, end: number, text: string): string {
    this.#rest = Buffer.from(bytes.subarray(end));
    return text;
  }

  end(offset: number): Piece {
    if (this.#rest.length === 0) return { text: "" };
    return { text: "", problem: notUtf8(this.#rest[0], offset - this.#rest.length) };
  }
}

function notUtf8(byte: number | undefined, offset: number): InvalidText {
  return new InvalidText(offset, `0x${(byte ?? 0).toString(16).padStart(2, "0")} is not valid UTF-8: correct it, or ${ADVICE}`);
}

/** Where a last character begins that goes on in the next block, or the end. */
function endOfWholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) break;
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** Found in the text that has replacement characters: each stands for bytes that are one, or that are invalid. */
function firstInvalid(bytes: Buffer): number {
  let offset = 0;
  for (const char of bytes.toString("utf8")) {
    if (char === "\ufffd" && !bytes.subarray(offset, offset + 3).equals(Buffer.from(char))) break;
    const code = char.codePointAt(0) as number;
    offset += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return offset;
}

/** What the Encoding Standard makes of the bytes 0x80 to 0x9f; it calls latin-1 by this name, too. */
const WINDOWS_1252 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

/** Without `TextDecoder`: some versions of Node take those bytes for control characters. */
class Windows1252 implements Decoder {
  decode(bytes: Buffer): Piece {
    return {
      text: bytes.toString("latin1").replace(/[\x80-\x9f]/g, (char) => WINDOWS_1252[char.charCodeAt(0) - 0x80] as string),
    };
  }

  end(): Piece {
    return { text: "" };
  }
}

class Other implements Decoder {
  readonly #encoding: string;
  readonly #decoder: InstanceType<typeof TextDecoder>;
  /** What may be a part of a character, so that a decoder that has seen nothing before can tell where a block is not valid. */
  #rest: Buffer = Buffer.alloc(0);

  constructor(encoding: string) {
    this.#encoding = encoding;
    this.#decoder = new TextDecoder(encoding, { fatal: true });
  }

  decode(block: Buffer, at: number): Piece {
    const start = at - this.#rest.length;
    const bytes = Buffer.concat([this.#rest, block]);
    const end = this.#endOfWholeCharacters(bytes);
    const whole = bytes.subarray(0, end);
    this.#rest = bytes.subarray(end);
    try {
      return { text: this.#decoder.decode(whole, { stream: true }) };
    } catch {
      return this.#validPart(whole, start);
    }
  }

  end(offset: number): Piece {
    try {
      return { text: this.#decoder.decode(this.#rest) };
    } catch {
      return this.#validPart(this.#rest, offset - this.#rest.length);
    }
  }

  #endOfWholeCharacters(bytes: Buffer): number {
    let end = bytes.length;
    if (this.#encoding.startsWith("utf-16")) {
      end -= end % 2;
      const high = bytes[this.#encoding === "utf-16le" ? end - 1 : end - 2] ?? 0;
      return high >= 0xd8 && high < 0xdc ? end - 2 : end;
    }
    // In encodings of several bytes for a character none of them is less than the digit 0.
    while (end > 0 && (bytes[end - 1] as number) >= 0x30) end--;
    return end;
  }

  /** Byte by byte, as nothing else tells where the decoder stopped. */
  #validPart(bytes: Buffer, offset: number): Piece {
    // What its bytes are depends on those before, however far away.
    if (this.#encoding === "iso-2022-jp") return { text: "", problem: this.#problem(offset) };
    const decoder = new TextDecoder(this.#encoding, { fatal: true, ignoreBOM: offset > 0 });
    let text = "";
    let valid = 0;
    try {
      for (let at = 0; at < bytes.length; at++) {
        const found = decoder.decode(bytes.subarray(at, at + 1), { stream: true });
        text += found;
        if (found !== "") valid = at + 1;
      }
    } catch {
      // The character that began behind the valid part.
    }
    return { text, problem: this.#problem(offset + valid) };
  }

  #problem(offset: number): InvalidText {
    return new InvalidText(offset, `it is not valid ${this.#encoding}: correct it, or ${ADVICE}`);
  }
}

/** UTF-16 and UTF-32 are told by their byte order marks, or by the zeros that they have beside each character of ASCII. */
function refuseOtherEncodings(bytes: Uint8Array): void {
  const [a, b, c, d] = bytes;
  const found =
    (a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe && d === 0xff)
      ? "UTF-32"
      : a === 0xff && b === 0xfe
        ? "utf-16le"
        : a === 0xfe && b === 0xff
          ? "utf-16be"
          : utf16ByZeros(bytes.subarray(0, 1024));
  if (found === undefined) return;
  const advice = found === "UTF-32" ? "convert it to UTF-8 first" : `pass --encoding ${found}, or --encoding utf-8 if it is not`;
  throw new InvalidText(0, `the text seems to be ${found}, expected UTF-8: ${advice}`);
}

function utf16ByZeros(bytes: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  const units = Math.floor(bytes.length / 2);
  const zeros = [0, 0];
  for (let i = 0; i < 2 * units; i++) if (bytes[i] === 0) zeros[i % 2] = (zeros[i % 2] as number) + 1;
  const [even = 0, odd = 0] = zeros;
  const isClear = Math.max(even, odd) >= 0.7 * units && Math.min(even, odd) <= Math.max(even, odd) / 8;
  if (units < 2 || !isClear) return undefined;
  return odd > even ? "utf-16le" : "utf-16be";
}
