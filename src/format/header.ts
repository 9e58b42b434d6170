/**
 * The header: magic, version, length, and the padded text of a Python dict.
 *
 * Source: "The NPY format" (numpy.lib.format), versions 1.0, 2.0 and 3.0, and NumPy's own writer for the padding.
 */

import { clipped, NpyError } from "../errors.ts";
import { counted } from "./counted.ts";
import { dtypeToLiteral } from "./descr.ts";
import { dtypeFromLiteral, subArrayOfAnArray } from "./dtype.ts";
import { latin1 } from "./latin1.ts";
import { type ArrayLayout, checkSize, growthAxis } from "./layout.ts";
import { hexEscape, PyTuple, type PyValue, parsePythonLiteral, printPythonLiteral } from "./python-literal.ts";

/** The versions of the format. They differ in the width of the length field and in the encoding of the text. */
export type NpyVersion = "1.0" | "2.0" | "3.0";

/** The content of a header, with its version and length. */
export interface NpyHeader extends ArrayLayout {
  readonly version: NpyVersion;
  /** Bytes before the data: magic, version, length field and padded text. */
  readonly headerLength: number;
  /**
   * Whether the last byte of the padding is a tab: bytes after the counted rows are no rows then, but room that a writer with `mmap: true` reserved.
   * Else missing.
   */
  readonly reservesTail?: true;
}

/** The last byte of the padding, a space, is this tab while a writer may reserve room after the rows: docs/design/mapped-growth.md. */
export const MARK = 0x09;

/** NumPy's `max_header_size`, in characters: Python's parser is not safe for longer headers. */
export const MAX_HEADER_SIZE = 10_000;

/** Bytes that tell the length of a header: magic, version, and the longest length field. */
export const PREFIX_LENGTH = 12;

/** The first bytes of every `.npy` file: `"\x93NUMPY"`. */
export const MAGIC: readonly number[] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

const BEYOND_LATIN1 = /[\u0100-\u{10ffff}]/gu;

const KEYS: readonly PyValue[] = ["descr", "fortran_order", "shape"];

/** NumPy's `ARRAY_ALIGN`: data begin at a multiple of it, which suits memory mapping and every element size. */
const ARRAY_ALIGN = 64;

/** NumPy's `GROWTH_AXIS_MAX_DIGITS` = len(str(8 * 2**64 - 1)): room for any size of the growth axis. */
const GROWTH_AXIS_MAX_DIGITS = 21;

const VERSIONS = {
  "1.0": { lengthBytes: 2, maxLength: 0xffff },
  "2.0": { lengthBytes: 4, maxLength: 0xffffffff },
  "3.0": { lengthBytes: 4, maxLength: 0xffffffff },
} as const;

/** Bytes of magic, version and length field. */
function prefixLength(version: NpyVersion): number {
  return MAGIC.length + 2 + VERSIONS[version].lengthBytes;
}

/**
 * The version and the total length of the header that begins with `prefix`. {@link PREFIX_LENGTH} bytes are enough.
 *
 * @throws NpyError `ERR_NPY_HEADER` if it is not the beginning of a `.npy` file, or the header is longer than allowed.
 */
export function parsePrefix(
  prefix: Uint8Array,
  maxHeaderSize: number = MAX_HEADER_SIZE,
): { version: NpyVersion; headerLength: number } {
  if (!hasMagic(prefix)) throw notNpy(prefix);
  const [major, minor] = prefix.subarray(MAGIC.length);
  if (major === undefined || minor === undefined) throw truncatedHeader();
  const version = `${major}.${minor}`;
  if (!isVersion(version)) {
    throw headerError(`Version ${version} of the .npy format is not known: expected 1.0, 2.0 or 3.0`);
  }
  const { lengthBytes } = VERSIONS[version];
  const start = prefixLength(version);
  if (prefix.length < start) throw truncatedHeader();
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  const textLength = lengthBytes === 2 ? view.getUint16(start - 2, true) : view.getUint32(start - 4, true);
  // A character has at most 4 bytes. Check before allocating memory for the header.
  if (textLength > maxHeaderSize * 4) throw tooLongHeader(textLength, maxHeaderSize);
  return { version, headerLength: start + textLength };
}

/** Whether these are the first bytes of a `.npy` file. */
export function hasMagic(prefix: Uint8Array): boolean {
  return MAGIC.every((byte, i) => prefix[i] === byte);
}

/** The error for a file that begins otherwise. `what` it is, if that is known. */
export function notNpy(prefix: Uint8Array, what?: string): NpyError {
  const found = [...prefix.subarray(0, MAGIC.length)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const end = prefix.length < MAGIC.length ? " and the end of the file" : "";
  const explained = what === undefined ? "" : `: ${what}`;
  return headerError(
    `Not a .npy file: expected it to begin with 93 4e 55 4d 50 59 ("\\x93NUMPY"), found ${found ? found + end : "nothing: it is empty"}${explained}`,
  );
}

/** Whether "\n" became "\r\n", as transfers of text do, by the last byte of the header and the next one. */
export function isTextTransfer(bytes: Uint8Array, headerLength: number): boolean {
  return bytes[headerLength - 1] === 0x0d && (bytes[headerLength] ?? 0x0a) === 0x0a;
}

function isVersion(text: string): text is NpyVersion {
  return Object.hasOwn(VERSIONS, text);
}

/**
 * Reads the header at the beginning of `bytes`; more bytes may follow.
 *
 * @throws NpyError `ERR_NPY_HEADER` (with the `position` of a syntax error), `ERR_NPY_DTYPE` for dtypes that cannot be
 * read, `ERR_NPY_SHAPE` for arrays too large to be counted.
 */
export function parseHeader(bytes: Uint8Array, options: { maxHeaderSize?: number } = {}): NpyHeader {
  const { maxHeaderSize = MAX_HEADER_SIZE } = options;
  const { version, headerLength } = parsePrefix(bytes, maxHeaderSize);
  if (bytes.length < headerLength) throw truncatedHeader();
  if (isTextTransfer(bytes, headerLength)) throw textTransfer("ERR_NPY_HEADER");
  const encoded = bytes.subarray(prefixLength(version), headerLength);
  const text = version === "3.0" ? decodeUtf8(encoded) : latin1(encoded);
  // Python counts code points, JavaScript code units, which are at least as many.
  const length = text.length > maxHeaderSize ? [...text].length : 0;
  if (length > maxHeaderSize) throw tooLongHeader(length, maxHeaderSize);
  const dict = parsePythonLiteral(text);
  if (!(dict instanceof Map)) throw headerError(`The header is not a dictionary: found ${shown(dict)}`);
  if (dict.size !== KEYS.length || !KEYS.every((key) => dict.has(key))) {
    throw headerError(`The header must have the keys 'descr', 'fortran_order' and 'shape': found ${shown([...dict.keys()])}`);
  }
  const fortranOrder = dict.get("fortran_order");
  if (typeof fortranOrder !== "boolean") throw headerError(`fortran_order must be True or False: found ${shown(fortranOrder)}`);
  const layout = { dtype: dtypeFromLiteral(dict.get("descr") as PyValue), fortranOrder, shape: parseShape(dict.get("shape")) };
  checkSize(layout);
  const header = { version, headerLength, ...layout };
  return bytes[headerLength - 2] === MARK ? { ...header, reservesTail: true } : header;
}

function parseShape(value: PyValue | undefined): readonly number[] {
  const sizes = value instanceof PyTuple ? value.items : undefined;
  if (!sizes?.every((size) => (typeof size === "number" || typeof size === "bigint") && size >= 0)) {
    throw headerError(`shape must be a tuple of integers of 0 or more: found ${shown(value)}`);
  }
  const beyond = sizes.find((size) => typeof size === "bigint");
  if (beyond !== undefined) {
    throw new NpyError("ERR_NPY_SHAPE", `shape holds ${beyond}: sizes beyond 2^53 cannot be handled.`);
  }
  return sizes as readonly number[];
}

/**
 * A header as NumPy writes it: the oldest version that can hold it, keys sorted, room for the growth axis, padded with 1
 * to 64 bytes. With `version` and `headerLength` of an existing header it is fitted into those instead.
 *
 * @throws NpyError `ERR_NPY_NOT_APPENDABLE` if it does not fit into `headerLength`; `ERR_NPY_HEADER` if no version can say that
 * length, `ERR_NPY_DTYPE` for sub-arrays, `ERR_NPY_SHAPE` for arrays that are not possible.
 * @example
 * ```ts
 * formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [2, 3] }).length; // 128
 * ```
 */
export function formatHeader(
  layout: ArrayLayout & { readonly version?: NpyVersion | undefined; readonly headerLength?: number | undefined },
): Uint8Array<ArrayBuffer> {
  checkSize(layout);
  if (layout.dtype.subdtype !== undefined) throw subArrayOfAnArray(layout.dtype);
  const { version, text, headerLength } = encodeHeader(layout);
  const start = prefixLength(version);
  checkRoom(start + text.length + 1, headerLength);
  const header = new Uint8Array(headerLength).fill(0x20);
  header.set(MAGIC);
  header.set(version.split(".").map(Number), MAGIC.length);
  const view = new DataView(header.buffer);
  if (VERSIONS[version].lengthBytes === 2) view.setUint16(start - 2, headerLength - start, true);
  else view.setUint32(start - 4, headerLength - start, true);
  header.set(text, start);
  header[headerLength - 1] = 0x0a;
  return header;
}

function checkRoom(needed: number, headerLength: number): void {
  if (needed <= headerLength) return;
  throw new NpyError(
    "ERR_NPY_NOT_APPENDABLE",
    `The header has no room: ${headerLength} bytes are there, ${needed} are needed. Call ensureAppendable on the file first.`,
  );
}

/** Spaces after the dict. Together with the digits of the growth axis they have a constant length. */
function growthSlack({ fortranOrder, shape }: Pick<ArrayLayout, "fortranOrder" | "shape">): number {
  const axis = growthAxis(fortranOrder, shape.length);
  return axis === undefined ? 0 : GROWTH_AXIS_MAX_DIGITS - String(shape[axis]).length;
}

/** Whether the header can be rewritten in place for any size of the growth axis, with one byte of padding left, as in the reference. */
export function isGrowable(header: NpyHeader): boolean {
  return growthRoom(header) >= growthSlack(header);
}

/**
 * Spaces left in the header for more digits of the growth axis: its length, less the text as NumPy writes it, one byte of padding
 * and the newline. Negative if the text does not fit.
 */
export function growthRoom(header: NpyHeader): number {
  const { version, text } = encodeHeader(header);
  return header.headerLength - prefixLength(version) - text.length - 2;
}

/**
 * Makes a function that renders a header for any number of rows, with the length and version of the given one. Only the digits change.
 * Each call overwrites the bytes returned by the one before; the caller may set {@link MARK} in the last byte of the padding, where it stays. Throws as
 * {@link formatHeader} does if the digits do not fit.
 */
export function growingHeader(header: NpyHeader): (rows: number) => Uint8Array<ArrayBuffer> {
  const axis = growthAxis(header.fortranOrder, header.shape.length);
  if (axis === undefined) throw zeroDimensional();
  const { before, after } = headerText(header);
  const start = prefixLength(header.version) + encode(before, header.version).length;
  const tail = encode(after, header.version);
  const bytes = formatHeader({ ...header, shape: header.shape.with(axis, 0) });
  let last = 0;
  let end = start + 1;
  // All numbers with as many digits share this.
  let [least, next] = [0, 10];
  return (rows) => {
    if (rows < least || rows >= next) {
      const digits = String(rows).length;
      checkRoom(start + digits + tail.length + 1, bytes.length);
      end = start + digits;
      const isMarked = bytes[bytes.length - 2] === MARK;
      bytes.fill(0x30, start, end).set(tail, end);
      bytes.fill(0x20, end + tail.length, bytes.length - 1);
      if (isMarked && end + tail.length < bytes.length - 1) bytes[bytes.length - 2] = MARK;
      [least, next, last] = [digits === 1 ? 0 : 10 ** (digits - 1), 10 ** digits, 0];
    }
    // Mostly only the last digits differ from those of the previous number.
    for (let i = end - 1, now = rows, before = last; now !== before; i--) {
      bytes[i] = 0x30 + (now % 10);
      now = Math.floor(now / 10);
      before = Math.floor(before / 10);
    }
    last = rows;
    return bytes;
  };
}

/** Where the digits of the growth axis begin in the header that {@link growingHeader} renders. */
export function countPosition(header: NpyHeader): number {
  return prefixLength(header.version) + encode(headerText(header).before, header.version).length;
}

/** 0-d arrays have no axis to grow along. The words are those of numpy.concatenate, and then what to do. */
export function zeroDimensional(advice: string = ""): NpyError {
  return new NpyError(
    "ERR_NPY_SHAPE",
    `Zero-dimensional arrays cannot be concatenated: they have no axis to grow along.${advice}`,
  );
}

/** The text of the dict, cut at the digits of the growth axis. NumPy: `"'%s': %s, "` for each key, sorted. */
function headerText(layout: ArrayLayout): { before: string; digits: string; after: string } {
  const { shape } = layout;
  const fortranOrder = layout.fortranOrder && shape.length > 1; // An array in both orders counts as C order in NumPy
  const axis = growthAxis(fortranOrder, shape.length);
  const order = fortranOrder ? "True" : "False";
  const start = `{'descr': ${printPythonLiteral(dtypeToLiteral(layout.dtype))}, 'fortran_order': ${order}, 'shape': (`;
  if (axis === undefined) return { before: start, digits: "", after: "), }" };
  const others = fortranOrder ? shape.slice(0, -1).map((size) => `${size}, `) : shape.slice(1).map((size) => `, ${size}`);
  const text = others.join("");
  if (fortranOrder) return { before: start + text, digits: String(shape[axis]), after: "), }" };
  return { before: start, digits: String(shape[axis]), after: `${text}${shape.length === 1 ? "," : ""}), }` };
}

/** The encoded text and the total length of the header: as asked for, or of the oldest version that can hold it, padded as by NumPy. */
function encodeHeader(layout: Parameters<typeof formatHeader>[0]): {
  version: NpyVersion;
  text: Uint8Array;
  headerLength: number;
} {
  const { before, digits, after } = headerText(layout);
  const dict = before + digits + after;
  const isLatin1 = dict.search(BEYOND_LATIN1) === -1;
  for (const version of layout.version === undefined ? (Object.keys(VERSIONS) as NpyVersion[]) : [layout.version]) {
    if (layout.version === undefined && version !== "3.0" && !isLatin1) continue;
    const text = encode(dict, version);
    const needed = prefixLength(version) + text.length + growthSlack(layout) + 1;
    const { headerLength = needed + ARRAY_ALIGN - (needed % ARRAY_ALIGN) } = layout;
    if (headerLength - prefixLength(version) <= VERSIONS[version].maxLength) return { version, text, headerLength };
  }
  throw headerError(`A header of ${counted(dict.length, "character")} cannot be written in version ${layout.version ?? "3.0"}`);
}

function encode(text: string, version: NpyVersion): Uint8Array {
  return version === "3.0" ? new TextEncoder().encode(text) : encodeLatin1(text);
}

/**
 * Characters beyond latin-1 occur only within strings, where escapes mean the same. So a file keeps its version even if the Unicode
 * database of its writer differs from this runtime's.
 */
function encodeLatin1(text: string): Uint8Array {
  const escaped = text.replace(BEYOND_LATIN1, (char) => hexEscape(char.codePointAt(0) as number));
  return Uint8Array.from(escaped, (char) => char.charCodeAt(0));
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new NpyError("ERR_NPY_HEADER", "The header of version 3.0 is not valid UTF-8.", { cause });
  }
}

function headerError(message: string): NpyError {
  return new NpyError("ERR_NPY_HEADER", `${message}.`);
}

/** The error for a file in which a transfer as text put "\r" before each "\n". */
export function textTransfer(code: "ERR_NPY_HEADER" | "ERR_NPY_UNRECOVERABLE"): NpyError {
  return new NpyError(
    code,
    'The header ends with "\\r\\n" instead of "\\n": the file was copied as text (by FTP in text mode, Git with autocrlf, or an editor), which ' +
      "shifts and changes its data. Get the original again, and copy it as binary; npy-append-array doctor says whether the damage can be undone.",
  );
}

function truncatedHeader(): NpyError {
  return headerError("The file ends within its header: nothing can be read from it or recovered");
}

function tooLongHeader(length: number, maxHeaderSize: number): NpyError {
  return headerError(
    `The header is ${length} characters long, more than the ${maxHeaderSize} allowed: raise maxHeaderSize if you trust the file`,
  );
}

function shown(value: PyValue | undefined): string {
  return value === undefined ? "nothing" : clipped(printPythonLiteral(value));
}
