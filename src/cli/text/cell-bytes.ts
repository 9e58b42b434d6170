/** Writes elements as cells of CSV and as JSON, byte by byte: what `csvOf` and `jsonOf` give as text. */
import type { DType, NpyData } from "../../node.ts";
import { type CellTexts, csvCell, csvLine, csvOf, isRaw, jsonOf } from "./cell.ts";
import { jsonText } from "./escaping.ts";
import { type FloatWords, floatWriter, JSON_WORDS, LONGEST_FLOAT, PYTHON_WORDS } from "./float-bytes.ts";
import { writeInteger, writeInteger64 } from "./integer-bytes.ts";
import { timeWriter } from "./time-bytes.ts";

/** Writes elements of an array. */
export interface CellWriter {
  /** Writes an element, and returns where it ends. */
  write(bytes: Uint8Array, at: number, element: number): number;
  /** The bytes that writing an element may need. Default {@link MOST_BYTES}. */
  mostBytes?(element: number): number;
}

/** No number or time needs more. */
export const MOST_BYTES: number = 4 * LONGEST_FLOAT;

/** Makes a writer for the elements of an array. */
export type WriterOf = (data: NpyData) => CellWriter;

const [HIGH, LOW] = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? [1, 0] : [0, 1];

/** Cells of CSV. `isAlone`: the only cell of its line. */
export function csvWriter(dtype: DType, isAlone: boolean): WriterOf {
  const { kind, itemsize } = dtype;
  if (isRaw(dtype)) return textWriter(csvOf(dtype));
  if (kind === "f") return floats(itemsize, PYTHON_WORDS);
  if (kind === "c") return pythonComplex(itemsize / 2);
  if (kind === "b") return booleans("True", "False");
  if (kind === "S" || kind === "U") return strings(NEEDS_NO_QUOTES, 0, isAlone ? (text) => csvLine([csvCell(text)]) : csvCell);
  if (kind === "M") return times(dtype, "NaT", "", csvOf(dtype));
  return integers(dtype, "NaT");
}

/** JSON. */
export function jsonWriter(dtype: DType): WriterOf {
  const { kind, itemsize } = dtype;
  if (isRaw(dtype)) return textWriter(jsonOf(dtype));
  if (kind === "f") return floats(itemsize, JSON_WORDS);
  if (kind === "c") return jsonComplex(itemsize / 2);
  if (kind === "b") return booleans("true", "false");
  if (kind === "S" || kind === "U") return strings(NEEDS_NO_ESCAPE, 1, jsonText);
  if (kind === "M") return times(dtype, "null", '"', jsonOf(dtype));
  return integers(dtype, "null");
}

/** Any elements, by their texts. */
function textWriter(texts: CellTexts): WriterOf {
  return (data) => {
    const all = texts(data);
    return {
      write: (bytes, at, i) => writeText(bytes, at, all[i] as string),
      mostBytes: (i) => 3 * (all[i] as string).length,
    };
  };
}

function floats(size: number, words: FloatWords): WriterOf {
  const write = floatWriter(size);
  return (data) => {
    const values = data as Float64Array;
    return { write: (bytes, at, i) => write(bytes, at, values, i, words) };
  };
}

const [OPEN, CLOSE, PLUS, MINUS, J] = [0x28, 0x29, 0x2b, 0x2d, 0x6a];

/** As Python writes them: without a real part of 0. */
function pythonComplex(size: number): WriterOf {
  const write = floatWriter(size, true);
  return (data) => {
    const parts = data as Float64Array;
    return {
      write: (bytes, start, i) => {
        let at = start;
        const isImaginary = Object.is(parts[2 * i], 0);
        if (!isImaginary) {
          bytes[at] = OPEN;
          at = write(bytes, at + 1, parts, 2 * i, PYTHON_WORDS);
          bytes[at] = PLUS;
          at++;
        }
        const end = write(bytes, at, parts, 2 * i + 1, PYTHON_WORDS);
        // The sign of the imaginary part takes the place of the plus.
        const isNegative = !isImaginary && bytes[at] === MINUS;
        if (isNegative) bytes.copyWithin(at - 1, at, end);
        at = isNegative ? end - 1 : end;
        bytes[at++] = J;
        if (!isImaginary) bytes[at++] = CLOSE;
        return at;
      },
    };
  };
}

function jsonComplex(size: number): WriterOf {
  const write = floatWriter(size);
  const [before, between, after] = ['{"re":', ',"im":', "}"].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];
  return (data) => {
    const parts = data as Float64Array;
    return {
      write: (bytes, start, i) => {
        let at = writeBytes(bytes, start, before);
        at = write(bytes, at, parts, 2 * i, JSON_WORDS);
        at = writeBytes(bytes, at, between);
        at = write(bytes, at, parts, 2 * i + 1, JSON_WORDS);
        return writeBytes(bytes, at, after);
      },
    };
  };
}

/** Copies a few bytes. */
export function writeBytes(bytes: Uint8Array, start: number, copied: Uint8Array): number {
  for (let i = 0; i < copied.length; i++) bytes[start + i] = copied[i] as number;
  return start + copied.length;
}

function booleans(yes: string, no: string): WriterOf {
  const words = [Buffer.from(no), Buffer.from(yes)] as const;
  return (data) => {
    const values = data as Uint8Array;
    return { write: (bytes, at, i) => writeBytes(bytes, at, values[i] === 0 ? words[0] : words[1]) };
  };
}

/** Integers, and counts of time. */
function integers({ kind, itemsize }: DType, notATime: string): WriterOf {
  if (itemsize < 8) {
    return (data) => {
      const values = data as Int32Array;
      return { write: (bytes, at, i) => writeInteger(bytes, at, values[i] as number) };
    };
  }
  const isSigned = kind !== "u";
  const word = Buffer.from(notATime);
  return (data) => {
    const halves = halvesOf(data);
    return {
      write: (bytes, at, i) => {
        const [high, low] = [halves[2 * i + HIGH] as number, halves[2 * i + LOW] as number];
        if (high === 2 ** 31 && low === 0 && (kind === "m" || kind === "M")) return writeBytes(bytes, at, word);
        return writeInteger64(bytes, at, high, low, isSigned);
      },
    };
  };
}

/** 64-bit integers as pairs of 32-bit ones: reading bigints is slow. */
function halvesOf(data: NpyData): Uint32Array {
  const { buffer, byteOffset, length } = data as BigInt64Array;
  return new Uint32Array(buffer, byteOffset, 2 * length);
}

function times(dtype: DType, notATime: string, quote: string, texts: CellTexts): WriterOf {
  if (dtype.datetime?.unit === "generic") return integers(dtype, notATime);
  const writeTime = timeWriter(dtype);
  if (writeTime === undefined) return textWriter(texts);
  const word = Buffer.from(notATime);
  const quotes = Buffer.from(quote);
  return (data) => {
    const counts = data as BigInt64Array;
    const halves = halvesOf(data);
    /** One time, which no fast path knows: of a year far from ours. */
    const writeRare = (bytes: Uint8Array, at: number, i: number): number =>
      textWriter(texts)(counts.slice(i, i + 1)).write(bytes, at, 0);
    return {
      write: (bytes, at, i) => {
        const [high, low] = [halves[2 * i + HIGH] as number, halves[2 * i + LOW] as number];
        if (high === 2 ** 31 && low === 0) return writeBytes(bytes, at, word);
        const end = writeTime(bytes, at + quotes.length, high | 0, low);
        if (end < 0) return writeRare(bytes, at, i);
        if (quotes.length > 0) {
          bytes[at] = quotes[0] as number;
          bytes[end] = quotes[0] as number;
        }
        return end + quotes.length;
      },
    };
  };
}

/** ASCII that a cell of CSV and a string of JSON can hold as it is. Spaces at the ends of a cell need quotes. */
const NEEDS_NO_QUOTES = asciiBut('",');
const NEEDS_NO_ESCAPE = asciiBut('"\\');

function asciiBut(others: string): Uint8Array {
  return Uint8Array.from({ length: 128 }, (_, code) =>
    code >= 0x20 && code < 0x7f && !others.includes(String.fromCharCode(code)) ? 1 : 0,
  );
}

const [SPACE, QUOTE] = [0x20, 0x22];

/** Texts. Those of which a character is not `plain`, or an end is a space in CSV, become what `textOf` gives. */
function strings(plain: Uint8Array, quotes: 0 | 1, textOf: (text: string) => string): WriterOf {
  return (data) => {
    const texts = data as string[];
    return {
      // An escaped character may take 6 bytes.
      mostBytes: (i) => 6 * (texts[i] as string).length + 2,
      write: (bytes, start, i) => {
        const text = texts[i] as string;
        const { length } = text;
        if (quotes === 0 && (length === 0 || text.charCodeAt(0) === SPACE || text.charCodeAt(length - 1) === SPACE))
          return writeText(bytes, start, textOf(text));
        let at = start;
        if (quotes === 1) bytes[at++] = QUOTE;
        for (let place = 0; place < length; place++) {
          const code = text.charCodeAt(place);
          if (plain[code] !== 1) return writeText(bytes, start, textOf(text));
          bytes[at++] = code;
        }
        if (quotes === 1) bytes[at++] = QUOTE;
        return at;
      },
    };
  };
}

function writeText(bytes: Uint8Array, at: number, text: string): number {
  return at + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).write(text, at);
}
