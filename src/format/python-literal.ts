/**
 * The grammar of the header: a Python literal, read as `ast.literal_eval` reads it and written as `repr` writes it. What
 * `repr` never writes is refused rather than half understood: floats, sets, comments, triple quotes, adjacent strings,
 * integers with a base or underscores, named characters.
 *
 * Format specification: "The header data is an ASCII (UTF-8 since version 3.0) formatted string which contains a Python
 * literal expression of a dictionary."
 */
import { NpyError, quotedText } from "../errors.ts";

/** A Python tuple. Lists are JavaScript arrays: a header distinguishes the two. */
export class PyTuple {
  readonly items: readonly PyValue[];
  constructor(items: readonly PyValue[]) {
    this.items = items;
  }
}

/** `b"..."`. NumPy accepts only `str` for names and dtypes. */
export class PyBytes {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** What a literal may contain. Integers beyond 2^53 are `bigint`; dicts are `Map`s, in the order of their keys. */
export type PyValue = string | number | bigint | boolean | null | PyBytes | PyTuple | readonly PyValue[] | PyDict;

/** A Python dict. */
export interface PyDict extends ReadonlyMap<PyValue, PyValue> {}

/** CPython's limit (`MAXLEVEL` of its tokenizer) of nested brackets. */
const MAX_DEPTH = 200;

/** Python ints are unbounded, but no file has a size with more digits. */
const MAX_DIGITS = 40;

/**
 * Reads one Python literal that fills `text`: strings, bytes, ints (with a Python 2 `L`), `True`, `False`, `None`,
 * tuples, lists and dicts, with any white space.
 *
 * @throws NpyError `ERR_NPY_HEADER`, with the `position` of the first character that does not fit.
 */
export function parsePythonLiteral(text: string): PyValue {
  const parser = new Parser(text);
  const value = parser.value(0);
  parser.end();
  return value;
}

const SPACE = /[ \t\f\r\n]*/y;
const INTEGER = /[+-]?(?:0+|[1-9]\d*)(?![\w.])/y;
const INTEGER_PYTHON_2 = /[+-]?(?:0+|[1-9]\d*)[lL](?!\w)/y;
const WORD = /[A-Za-z_]\w*/y;
const STRING_START = /(?:[uU]|[bB][rR]?|[rR][bB]?)?(?=["'])/y;
const PLAIN_RUN = /[^\\"'\n\r]+/y;
const OCTAL = /[0-7]{1,3}/y;
const NEWLINE = /\r\n?|\n/y;
const LOW_SURROGATE = /^[\udc00-\udfff]/;
const HIGH_SURROGATE = /[\ud800-\udbff]$/;

class Parser {
  readonly text: string;
  position = 0;

  constructor(text: string) {
    this.text = text;
  }

  fail(message: string, position: number = this.position): never {
    throw new NpyError("ERR_NPY_HEADER", `The header is not a Python literal: ${message} at character ${position}.`, {
      position,
    });
  }

  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.position += found.length;
    return found;
  }

  /** Skips white space and takes `char` if it comes next. */
  take(char: string): boolean {
    this.match(SPACE);
    if (this.text[this.position] !== char) return false;
    this.position += 1;
    return true;
  }

  found(): string {
    const char = this.text.codePointAt(this.position);
    return char === undefined ? "the end of the header" : quotedText(String.fromCodePoint(char));
  }

  end(): void {
    this.match(SPACE);
    if (this.position < this.text.length) this.fail(`expected the end of the header, found ${this.found()}`);
  }

  value(depth: number): PyValue {
    this.match(SPACE);
    const start = this.position;
    const isOpening = "{[(".includes(this.text[start] ?? " ");
    if (isOpening && depth === MAX_DEPTH) this.fail(`more than ${MAX_DEPTH} brackets within brackets`);
    if (this.take("{")) return this.dict(depth + 1);
    if (this.take("[")) return this.items("]", depth + 1, start).values;
    if (this.take("(")) {
      const { values, trailingComma } = this.items(")", depth + 1, start);
      const only = values[0];
      return values.length === 1 && only !== undefined && !trailingComma ? only : new PyTuple(values);
    }
    const prefix = this.match(STRING_START);
    if (prefix !== undefined) return this.string(prefix.toLowerCase(), start);
    return this.integer() ?? this.constant();
  }

  /** The rest of a list or tuple, after its opening bracket. */
  items(close: string, depth: number, start: number): { values: PyValue[]; trailingComma: boolean } {
    const values: PyValue[] = [];
    for (;;) {
      if (this.take(close)) return { values, trailingComma: values.length > 0 };
      values.push(this.value(depth));
      if (this.take(",")) continue;
      if (this.take(close)) return { values, trailingComma: false };
      this.fail(`expected "," or "${close}" (for the bracket at ${start}), found ${this.found()}`);
    }
  }

  dict(depth: number): PyDict {
    const entries = new Map<PyValue, PyValue>();
    for (;;) {
      if (this.take("}")) return entries;
      const key = this.value(depth);
      if (!this.take(":")) this.fail(`expected ":" after a key, found ${this.found()}`);
      entries.set(key, this.value(depth));
      if (this.take(",")) continue;
      if (this.take("}")) return entries;
      this.fail(`expected "," or "}", found ${this.found()}`);
    }
  }

  integer(): PyValue | undefined {
    const digits = this.match(INTEGER) ?? this.match(INTEGER_PYTHON_2)?.slice(0, -1);
    if (digits === undefined) return undefined;
    if (digits.length > MAX_DIGITS) this.fail(`an integer of ${digits.length} digits`, this.position - digits.length);
    const number = Number(digits);
    return Number.isSafeInteger(number) ? number + 0 : BigInt(digits.replace(/^\+/, ""));
  }

  constant(): PyValue {
    const start = this.position;
    const word = this.match(WORD);
    const value = CONSTANTS.get(word);
    if (value !== undefined) return value;
    this.position = start;
    return this.fail(`expected a value, found ${word === undefined ? this.found() : quotedText(word)}`);
  }

  string(prefix: string, start: number): string | PyBytes {
    const isBytes = prefix.includes("b");
    const isRaw = prefix.includes("r");
    const quote = this.text[this.position] as string;
    this.position += 1;
    const parts: string[] = [];
    for (;;) {
      const run = this.match(PLAIN_RUN);
      if (run !== undefined) parts.push(run);
      const char = this.text[this.position];
      if (char === undefined || char === "\n" || char === "\r") {
        this.fail(`the string that starts at ${start} has no closing quote`);
      }
      this.position += 1;
      if (char === quote) break;
      if (char !== "\\") parts.push(char);
      else if (isRaw) parts.push(this.rawEscape());
      else {
        const from = this.position - 1;
        const escaped = this.escape(isBytes);
        if (LOW_SURROGATE.test(escaped) && HIGH_SURROGATE.test(parts.at(-1) ?? "")) {
          this.fail("two surrogates, which are two characters in Python and would be one here", from);
        }
        if (escaped !== "") parts.push(escaped);
      }
    }
    const value = parts.join("");
    if (!isBytes) return value;
    if (/[\u0080-\uffff]/.test(this.text.slice(start, this.position))) this.fail("bytes can only hold ASCII characters", start);
    return new PyBytes(Uint8Array.from(value, (char) => char.charCodeAt(0)));
  }

  rawEscape(): string {
    // Python reads every newline of a source as "\n".
    if (this.match(NEWLINE) !== undefined) return "\\\n";
    return `\\${this.afterBackslash()}`;
  }

  afterBackslash(): string {
    const char = this.text[this.position];
    if (char === undefined) this.fail("a string ends after a backslash");
    this.position += 1;
    return char;
  }

  /** After a backslash. Python's "String and Bytes literals", escape sequences. */
  escape(isBytes: boolean): string {
    const start = this.position - 1;
    const octal = this.match(OCTAL);
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & (isBytes ? 0xff : 0x1ff));
    if (this.match(NEWLINE) !== undefined) return "";
    const char = this.afterBackslash();
    const simple = SIMPLE_ESCAPES.get(char);
    if (simple !== undefined) return simple;
    if (char === "x") return this.hex(2, start);
    if (isBytes) return `\\${char}`;
    if (char === "u") return this.hex(4, start);
    if (char === "U") return this.hex(8, start);
    if (char === "N") this.fail("named characters (\\N{...}) are not understood", start);
    // Python keeps the backslash of an escape that it does not know.
    return `\\${char}`;
  }

  hex(digits: number, start: number): string {
    const text = this.text.slice(this.position, this.position + digits);
    if (text.length < digits || !/^[0-9a-fA-F]+$/.test(text)) {
      this.fail(`an escape needs ${digits} hexadecimal digits`, start);
    }
    const code = Number.parseInt(text, 16);
    if (code > 0x10ffff) this.fail("an escape is beyond Unicode", start);
    this.position += digits;
    return String.fromCodePoint(code);
  }
}

const CONSTANTS: ReadonlyMap<string | undefined, PyValue> = new Map([
  ["True", true],
  ["False", false],
  ["None", null],
]);

const SIMPLE_ESCAPES: ReadonlyMap<string, string> = new Map(
  Object.entries({ "\\": "\\", "'": "'", '"': '"', a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" }),
);

/** Writes a literal exactly as Python's `repr` does. */
export function printPythonLiteral(value: PyValue): string {
  if (typeof value === "string") return quote(value, isPrintable);
  if (value === true) return "True";
  if (value === false) return "False";
  if (value === null) return "None";
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (value instanceof PyBytes) {
    return `b${quote(Array.from(value.bytes, (byte) => String.fromCharCode(byte)).join(""), (char) => char < "\x7f")}`;
  }
  if (value instanceof PyTuple) {
    const items = value.items.map(printPythonLiteral);
    return items.length === 1 ? `(${items[0]},)` : `(${items.join(", ")})`;
  }
  if (value instanceof Map) {
    const entries = [...value].map(([key, item]) => `${printPythonLiteral(key)}: ${printPythonLiteral(item)}`);
    return `{${entries.join(", ")}}`;
  }
  return `[${(value as readonly PyValue[]).map(printPythonLiteral).join(", ")}]`;
}

// `str.isprintable`: all but "Other" and "Separator" of the Unicode character database, the space excepted. Python and this
// runtime may have databases of different ages: either way of writing a newer character is read alike.
const NOT_PRINTABLE = /[\p{C}\p{Z}]/u;

function isPrintable(char: string): boolean {
  return char === " " || !NOT_PRINTABLE.test(char);
}

function quote(text: string, printable: (char: string) => boolean): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = mark;
  for (const char of text) {
    if (char === mark || char === "\\") out += `\\${char}`;
    else if (char === "\n") out += "\\n";
    else if (char === "\r") out += "\\r";
    else if (char === "\t") out += "\\t";
    else if (char >= " " && printable(char)) out += char;
    else out += hexEscape(char.codePointAt(0) as number);
  }
  return out + mark;
}

/** The shortest escape of a code point: `\xe9`, `\u20ac`, `\U0001f642`. */
export function hexEscape(code: number): string {
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}
