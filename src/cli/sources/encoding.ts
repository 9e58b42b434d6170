/** Decodes text strictly: invalid bytes are an error, never a replacement character. */
import { isAscii, isUtf8 } from "node:buffer";
import { FileProblem } from "../program/failure.ts";

/** Bytes that are not valid in the encoding. The parser adds the line. */
export class InvalidText extends Error {
  override readonly name = "InvalidText";
  /** The offset of the first invalid byte in the source, from 0. */
  readonly offset: number;

  constructor(offset: number, problem: string) {
    super(problem);
    this.offset = offset;
  }

  at(path: string, line: number): FileProblem {
    return new FileProblem(path, `line ${line}, byte offset ${this.offset}: ${this.message}`, { cause: this });
  }
}

/** Whether the runtime knows an encoding of this name. */
export function isEncoding(label: string): boolean {
  try {
    return new TextDecoder(label).encoding !== "";
  } catch {
    return false;
  }
}

/** Reads lines of valid UTF-8 before they are decoded: making strings of numbers takes longer than reading them. */
export interface LineReader {
  /** Whether lines can be read now: not in the middle of a record, for instance. */
  isReady(): boolean;
  /** Text that was decoded already, but belongs to the next line. Called if it is ready. */
  takeBack(): string;
  /** Reads lines from the start, and returns the number of their bytes. */
  read(bytes: Buffer): number;
}

/**
 * Decodes blocks of bytes, and drops a byte order mark. Without a label the text must be UTF-8.
 *
 * @throws InvalidText once it has yielded the text before the first invalid byte.
 */
export async function* decoded(
  blocks: AsyncIterable<Uint8Array>,
  label: string | undefined,
  lines?: LineReader,
): AsyncGenerator<string, void, void> {
  const encoding = new TextDecoder(label).encoding;
  const decoder = encoding === "utf-8" ? new Utf8(lines) : encoding === "windows-1252" ? new Windows1252() : new Other(encoding);
  let offset = 0;
  for await (const block of blocks) {
    if (offset === 0 && label === undefined) refuseOtherEncodings(block);
    yield* piece(decoder.decode(Buffer.from(block.buffer, block.byteOffset, block.length), offset));
    offset += block.length;
  }
  yield* piece(decoder.end(offset));
}

/** Text, what came before it, and the problem that follows it. */
interface Piece {
  readonly text: string;
  /** Whether lines before the text were read by the {@link LineReader}. */
  readonly hasLines?: boolean;
  readonly problem?: InvalidText;
}

interface Decoder {
  /** `offset`: that of the first byte in the source. The bytes may be overwritten afterwards. */
  decode(bytes: Buffer, offset: number): Piece;
  end(offset: number): Piece;
}

function* piece({ text, hasLines = false, problem }: Piece): Generator<string, void, void> {
  if (text !== "" || hasLines) yield text;
  if (problem !== undefined) throw problem;
}

const ADVICE = "if the text is in another encoding, name it with --encoding, such as windows-1252 or utf-16le";

const BYTE_ORDER_MARK = Buffer.from("\ufeff");

const EMPTY = Buffer.alloc(0);

/** The reader of lines is not offered longer ones: joining their parts again and again would take quadratic time. */
export const LONGEST_LINE: number = 2 ** 18;

/** The text of valid UTF-8. */
function textOf(bytes: Buffer): string {
  return bytes.toString(isAscii(bytes) ? "latin1" : "utf8");
}

/** Faster than `TextDecoder`, which takes several times as long when a character may continue in the next block. */
class Utf8 implements Decoder {
  readonly #lines: LineReader | undefined;
  /** The start of a line that the reader of lines waits for, whole characters, and then the start of a character. */
  #line: Buffer = EMPTY;
  #rest: Buffer = EMPTY;
  /** Reused: new memory costs more than copying. */
  #joined: Buffer = EMPTY;

  constructor(lines: LineReader | undefined) {
    this.#lines = lines;
  }

  decode(block: Buffer, at: number): Piece {
    const isReady = this.#lines?.isReady() ?? false;
    const back = isReady ? Buffer.from(this.#lines?.takeBack() ?? "") : EMPTY;
    const bytes = this.#join([back, this.#line, this.#rest, block]);
    this.#line = EMPTY;
    const rest = bytes.length - block.length;
    const start = at === 0 && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0;
    const end = endOfWholeCharacters(bytes);
    const whole = bytes.subarray(start, end);
    if (!isUtf8(whole)) {
      const invalid = firstInvalid(whole);
      return { text: whole.toString("utf8", 0, invalid), problem: notUtf8(bytes[start + invalid], at - rest + start + invalid) };
    }
    this.#rest = Buffer.from(bytes.subarray(end));
    if (!isReady) return { text: textOf(whole) };
    const unread = whole.subarray(this.#lines?.read(whole));
    const hasLines = unread.length < whole.length;
    if (unread.length >= LONGEST_LINE || unread.includes("\n") || unread.includes("\r"))
      return { text: textOf(unread), hasLines };
    this.#line = Buffer.from(unread);
    return { text: "", hasLines };
  }

  /** One block of several. */
  #join(parts: readonly Buffer[]): Buffer {
    const block = parts.at(-1) as Buffer;
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (length === block.length) return block;
    if (this.#joined.length < length) this.#joined = Buffer.allocUnsafeSlow(2 * length);
    let at = 0;
    for (const part of parts) at += part.copy(this.#joined, at);
    return this.#joined.subarray(0, length);
  }

  end(offset: number): Piece {
    const text = textOf(this.#line);
    if (this.#rest.length === 0) return { text };
    return { text, problem: notUtf8(this.#rest[0], offset - this.#rest.length) };
  }
}

function notUtf8(byte: number | undefined, offset: number): InvalidText {
  return new InvalidText(offset, `0x${(byte ?? 0).toString(16).padStart(2, "0")} is not valid UTF-8: correct it, or ${ADVICE}`);
}

/** Where the last character begins, if it continues in the next block; otherwise the end. */
function endOfWholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) break;
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** The offset of the first invalid byte: where a replacement character is decoded that the bytes do not hold. */
function firstInvalid(bytes: Buffer): number {
  let offset = 0;
  for (const char of bytes.toString("utf8")) {
    if (char === "\ufffd" && !bytes.subarray(offset, offset + 3).equals(Buffer.from(char))) break;
    const code = char.codePointAt(0) as number;
    offset += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return offset;
}

/** The bytes 0x80 to 0x9f in the Encoding Standard, for which latin1 is another name of windows-1252. */
const WINDOWS_1252 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

/** Not `TextDecoder`: some versions of Node decode those bytes as control characters. */
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
  readonly #isUtf16: boolean;
  readonly #decoder: InstanceType<typeof TextDecoder>;
  /**
   * Bytes of which nothing says that they end a character. Each decoded block starts with a whole character, so a fresh decoder can find
   * the invalid byte. They are joined once: there may be many blocks.
   */
  #rest: Buffer[] = [];
  #restLength = 0;

  constructor(encoding: string) {
    this.#encoding = encoding;
    this.#isUtf16 = encoding.startsWith("utf-16");
    this.#decoder = new TextDecoder(encoding, { fatal: true });
  }

  decode(block: Buffer, at: number): Piece {
    if (!this.#isUtf16 && endOfCharacters(block) === 0) {
      this.#rest.push(Buffer.from(block));
      this.#restLength += block.length;
      return { text: "" };
    }
    const start = at - this.#restLength;
    const bytes = Buffer.concat([...this.#rest, block]);
    const end = this.#isUtf16 ? this.#endOfPairs(bytes) : endOfCharacters(bytes);
    const whole = bytes.subarray(0, end);
    this.#rest = [bytes.subarray(end)];
    this.#restLength = bytes.length - end;
    try {
      return { text: this.#decoder.decode(whole, { stream: true }) };
    } catch {
      return this.#validPart(whole, start);
    }
  }

  end(offset: number): Piece {
    const rest = Buffer.concat(this.#rest);
    try {
      return { text: this.#decoder.decode(rest) };
    } catch {
      return this.#validPart(rest, offset - rest.length);
    }
  }

  /** Where the last two bytes end that are not the first half of a surrogate pair. */
  #endOfPairs(bytes: Buffer): number {
    const end = bytes.length - (bytes.length % 2);
    const high = bytes[this.#encoding === "utf-16le" ? end - 1 : end - 2] ?? 0;
    return high >= 0xd8 && high < 0xdc ? end - 2 : end;
  }

  /** Decodes byte by byte: nothing else tells where the decoder stopped. */
  #validPart(bytes: Buffer, offset: number): Piece {
    // The meaning of its bytes depends on escape sequences anywhere before them.
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
      // The first invalid character begins after the valid part.
    }
    return { text, problem: this.#problem(offset + valid) };
  }

  #problem(offset: number): InvalidText {
    return new InvalidText(offset, `it is not valid ${this.#encoding}: correct it, or ${ADVICE}`);
  }
}

/** Where the last byte ends that must end a character: in multi-byte encodings every byte of one is at least 0x30, the digit 0. */
function endOfCharacters(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] as number) >= 0x30) end--;
  return end;
}

/** Recognises UTF-16 and UTF-32 by their byte order marks, and UTF-16 also by the zero bytes next to ASCII characters. */
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
