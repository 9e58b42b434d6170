/** The header's grammar: what Python writes is read, what is written is what Python writes, and nothing is read as something else. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  hexEscape,
  PyBytes,
  PyTuple,
  type PyValue,
  parsePythonLiteral,
  printPythonLiteral,
} from "../src/format/python-literal.ts";
import { runs } from "./support/effort.ts";
import { numpyVersion, python } from "./support/numpy.ts";

const golden = JSON.parse(readFileSync(new URL("./golden/headers.json", import.meta.url), "utf8")) as {
  strings: [string, string][];
  bytes: [number[], string][];
  literals: string[];
};

/** Any UTF-16, surrogates without their other half included. */
const anyString = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
  fc.string({ unit: fc.constantFrom(..."'\"\\\n\r\t\0\x7f\xa0\xadé€🙂", "\ud800", "\udc00") }),
);
const anyInteger = fc.oneof(
  fc.maxSafeInteger(),
  fc.bigInt({ min: 2n ** 53n, max: 10n ** 38n }),
  fc.bigInt({ min: -(10n ** 38n), max: -(2n ** 53n) }),
);

const anyValue: fc.Arbitrary<PyValue> = fc.letrec<{ value: PyValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(true, false, null),
    anyInteger,
    anyString,
    fc.uint8Array().map((bytes) => new PyBytes(bytes)),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(tie("value"), { maxLength: 4 }).map((items) => new PyTuple(items)),
    fc.array(fc.tuple(anyString, tie("value")), { maxLength: 4 }).map((entries) => new Map(entries)),
  ),
})).value;

/** A source and what it means. */
interface Source {
  readonly source: string;
  readonly value: PyValue;
}

const space = fc.string({ unit: fc.constantFrom(" ", " ", "\t", "\n", "\r\n", "\f"), maxLength: 3 });

/** A character of a string's source, and what it means in a str, in bytes (`undefined`: not allowed) and in a raw one. */
type Piece = readonly [source: string, meaning: string, inBytes: string | undefined, raw: string];

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, "0");
const isNoSurrogate = (code: number): boolean => code < 0xd800 || code > 0xdfff;

const piece: fc.Arbitrary<Piece> = fc.oneof(
  fc.string({ unit: "grapheme-ascii", minLength: 1 }).map((text): Piece => {
    const plain = text.replace(/[\\'"]/g, "_");
    return [plain, plain, plain, plain];
  }),
  fc.constantFrom("é", "名", "🙂").map((char): Piece => [char, char, undefined, char]),
  fc
    .constantFrom(["\\\\", "\\"], ["\\'", "'"], ['\\"', '"'], ["\\a", "\x07"], ["\\b", "\b"], ["\\f", "\f"], ["\\n", "\n"])
    .map(([source, char]): Piece => [source as string, char as string, char, source as string]),
  fc
    .constantFrom(["\\r", "\r"], ["\\t", "\t"], ["\\v", "\v"])
    .map(([source, char]): Piece => [source as string, char as string, char, source as string]),
  fc.constantFrom("\n", "\r", "\r\n").map((newline): Piece => [`\\${newline}`, "", "", "\\\n"]),
  fc.constantFrom("\\d", "\\ ", "\\(", "\\8", "\\-").map((source): Piece => [source, source, source, source]),
  fc.constantFrom("\\é", "\\🙂").map((source): Piece => [source, source, undefined, source]),
  fc.integer({ min: 0, max: 0o777 }).map((code): Piece => {
    const source = `\\${code.toString(8).padStart(3, "0")}`;
    return [source, String.fromCharCode(code), String.fromCharCode(code & 0xff), source];
  }),
  fc.integer({ min: 0, max: 0xff }).map((code): Piece => {
    const source = `\\x${hex(code, 2)}`;
    return [source, String.fromCharCode(code), String.fromCharCode(code), source];
  }),
  fc
    .integer({ min: 0, max: 0xffff })
    .filter(isNoSurrogate)
    .map(
      (code): Piece => [
        `\\u${hex(code, 4).toUpperCase()}`,
        String.fromCharCode(code),
        `\\u${hex(code, 4).toUpperCase()}`,
        `\\u${hex(code, 4).toUpperCase()}`,
      ],
    ),
  fc
    .integer({ min: 0, max: 0x10ffff })
    .filter(isNoSurrogate)
    .map((code): Piece => [`\\U${hex(code, 8)}`, String.fromCodePoint(code), `\\U${hex(code, 8)}`, `\\U${hex(code, 8)}`]),
);

const stringSource: fc.Arbitrary<Source> = fc
  .record({
    prefix: fc.constantFrom("", "", "", "u", "U", "r", "R", "b", "B", "br", "Br", "bR", "BR", "rb", "rB", "Rb", "RB"),
    quote: fc.constantFrom("'", '"'),
    pieces: fc.array(piece, { maxLength: 6 }),
  })
  .map(({ prefix, quote, pieces }) => {
    const isBytes = /b/i.test(prefix);
    const used = isBytes ? pieces.filter(([, , inBytes]) => inBytes !== undefined) : pieces;
    const text = used.map(([, meaning, inBytes, raw]) => (/r/i.test(prefix) ? raw : isBytes ? inBytes : meaning)).join("");
    return {
      source: prefix + quote + used.map(([source]) => source).join("") + quote,
      value: isBytes ? new PyBytes(Uint8Array.from(text, (char) => char.charCodeAt(0))) : text,
    };
  });

const scalarSource: fc.Arbitrary<Source> = fc.oneof(
  stringSource,
  fc.constantFrom(
    { source: "True", value: true },
    { source: "False", value: false },
    { source: "None", value: null },
    { source: "00", value: 0 },
    { source: "-0", value: 0 },
    { source: "+7", value: 7 },
  ),
  anyInteger.map((value) => ({ source: String(value), value })),
);

const anySource: fc.Arbitrary<Source> = fc.letrec<{ source: Source }>((tie) => {
  const spaced = fc.tuple(space, tie("source"), space).map(([before, inner, after]) => ({
    source: before + inner.source + after,
    value: inner.value,
  }));
  const comma = fc.tuple(fc.boolean(), space).map(([isThere, after]) => (isThere ? `,${after}` : ""));
  const sequence = fc.tuple(fc.array(spaced, { maxLength: 4 }), comma);
  const joined = (items: readonly Source[], end: string): string =>
    items.map(({ source }) => source).join(",") + (items.length === 0 ? "" : end);
  return {
    source: fc.oneof(
      { maxDepth: 4 },
      scalarSource,
      sequence.map(([items, end]) => ({ source: `[${joined(items, end)}]`, value: items.map(({ value }) => value) })),
      sequence.map(([items, end]) => ({
        source: `(${joined(items, items.length === 1 ? "," : end)})`,
        value: new PyTuple(items.map(({ value }) => value)),
      })),
      spaced.map(({ source, value }) => ({ source: `(${source})`, value })),
      fc
        .tuple(
          fc.uniqueArray(
            fc.tuple(
              stringSource.filter(({ value }) => typeof value === "string"),
              spaced,
            ),
            {
              maxLength: 4,
              selector: ([key]) => key.value,
            },
          ),
          comma,
          space,
        )
        .map(([entries, end, after]) => ({
          source: `{${entries.map(([key, item]) => `${key.source}${after}:${item.source}`).join(",")}${entries.length === 0 ? "" : end}}`,
          value: new Map(entries.map(([key, item]) => [key.value, item.value])),
        })),
    ),
  };
}).source;

/** Python's `ascii`: what does not depend on the age of a Unicode database. */
function ascii(value: PyValue): string {
  return printPythonLiteral(value).replace(/[\u0080-\u{10ffff}]/gu, (char) => hexEscape(char.codePointAt(0) as number));
}

describe("printing", () => {
  test.each(golden.strings)("the string %j is %s", (value, repr) => {
    expect(printPythonLiteral(value)).toBe(repr);
    expect(parsePythonLiteral(repr)).toBe(value);
  });

  test.each(golden.bytes)("the bytes %j are %s", (value, repr) => {
    const bytes = new PyBytes(Uint8Array.from(value));
    expect(printPythonLiteral(bytes)).toBe(repr);
    expect(parsePythonLiteral(repr)).toStrictEqual(bytes);
  });

  test("bytes may be more than a call has arguments", () => {
    expect(printPythonLiteral(new PyBytes(new Uint8Array(1e6)))).toBe(`b'${"\\x00".repeat(1e6)}'`);
  });

  test.each(golden.literals)("%s is written as it was read", (repr) => {
    expect(printPythonLiteral(parsePythonLiteral(repr))).toBe(repr);
  });

  test("and parsing again gives the value", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(parsePythonLiteral(printPythonLiteral(value))).toStrictEqual(value);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("parsing", () => {
  test("reads every spelling, with any white space", () => {
    fc.assert(
      fc.property(anySource, space, space, ({ source, value }, before, after) => {
        expect(parsePythonLiteral(before + source + after)).toStrictEqual(value);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ["(3L, 4L)", new PyTuple([3, 4])],
    ["[0L, -1l, 18446744073709551616L]", [0, -1, 2n ** 64n]],
    ["{'a': 1, 'a': 2}", new Map([["a", 2]])],
    ["('descr')", "descr"],
    ["9007199254740991", 2 ** 53 - 1],
    ["9007199254740992", 2n ** 53n],
    ["-9007199254740992", -(2n ** 53n)],
    ["{'__proto__': 1}", new Map([["__proto__", 1]])],
    ["'\\0\\08\\1234'", "\0\x008S4"],
    ["'\\uD83D'", "\ud83d"],
    ["'\\U0001F642'", "🙂"],
  ] satisfies [string, PyValue][])("%s", (source, value) => {
    expect(parsePythonLiteral(source)).toStrictEqual(value);
  });

  test("brackets within brackets, to CPython's limit", () => {
    for (const inner of ["", "1"]) {
      expect(printPythonLiteral(parsePythonLiteral("[".repeat(200) + inner + "]".repeat(200)))).toHaveLength(400 + inner.length);
      expect(() => parsePythonLiteral("[".repeat(201) + inner + "]".repeat(201))).toThrow(
        expect.objectContaining({
          code: "ERR_NPY_HEADER",
          position: 200,
          message: expect.stringMatching(/more than 200 brackets/),
        }),
      );
    }
  });

  // Were the work not proportional to the length, these would not end in time.
  test.each<[string, string, string, number]>([
    ["backslashes", "'", "\\\\", 1],
    ["line continuations", "'", "\\\n", 0],
    ["quotes", "'", '"', 1],
    ["surrogates", "'", "\\ud800", 1],
  ])("a million %s", (_name, quote, part, length) => {
    expect(parsePythonLiteral(quote + part.repeat(1e6) + quote)).toHaveLength(length * 1e6);
  });

  test.each(["1,", "-1 , ", "'',", "()\n,"])("a list of a million %j", (item) => {
    expect(parsePythonLiteral(`[${item.repeat(1e6)}]`)).toHaveLength(1e6);
  });

  test.each(["[", "(", "{", "'\\", "'", "\\", " ", "1", "-", "{'a':", "[1,", "b", "#"])("a million %j are refused", (part) => {
    expect(() => parsePythonLiteral(part.repeat(1e6))).toThrow(expect.objectContaining({ code: "ERR_NPY_HEADER" }));
  });
});

describe("refused, and where", () => {
  test.each<[source: string, position: number, message: RegExp]>([
    ["", 0, /a value, found the end/],
    ["  ", 2, /a value, found the end/],
    ["[1, 2", 5, /"," or "]" \(for the bracket at 0\), found the end/],
    ["[1 2]", 3, /found "2"/],
    ["[1,,]", 3, /a value, found ","/],
    ["(,)", 1, /a value, found ","/],
    ["(1]", 2, /"," or "\)"/],
    ["{'a' 1}", 5, /":" after a key/],
    ["{'a': 1 'b'}", 8, /"," or "}"/],
    ["{1}", 2, /":" after a key/],
    ["{'a':}", 5, /a value, found "}"/],
    ["1 2", 2, /the end of the header, found "2"/],
    ["{}🙂", 2, /found "🙂"/],
    ["{}\0", 2, /found "\\u0000"/],
    ["\ufeff{}", 0, /a value/],
    ["\u00a0{}", 0, /a value/],
    ["[nope]", 1, /a value, found "nope"/],
    ["true", 0, /found "true"/],
    ["Nonesuch", 0, /found "Nonesuch"/],
    ["'abc", 4, /the string that starts at 0 has no closing quote/],
    ["['a\nb']", 3, /the string that starts at 1 has no closing quote/],
    ["'a\rb'", 2, /no closing quote/],
    ["'a\\", 3, /ends after a backslash/],
    ["r'a\\", 4, /ends after a backslash/],
    ["r'\\'", 4, /no closing quote/],
    ["'ab\\x4'", 3, /2 hexadecimal digits/],
    ["'\\xg0'", 1, /2 hexadecimal digits/],
    ["'\\u12 4'", 1, /4 hexadecimal digits/],
    ["'\\U0001f64'", 1, /8 hexadecimal digits/],
    ["'\\U00110000'", 1, /beyond Unicode/],
    ["'a\\N{BULLET}'", 2, /named characters/],
    ["[b'\u00e9']", 1, /bytes can only hold ASCII/],
    ["rb'\\é'", 0, /bytes can only hold ASCII/],
    ["'\\ud83d\\ude42'", 7, /two surrogates/],
    ["'\\ud83d\\\n\\U0000de42'", 9, /two surrogates/],
    [`(${"9".repeat(41)})`, 1, /an integer of 41 digits/],
    ["ur''", 0, /found "ur"/],
    ["f''", 0, /found "f"/],
    // What repr never writes.
    ["[1.5]", 1, /a value/],
    ["1e3", 0, /a value/],
    ["01", 0, /a value/],
    ["0x10", 0, /a value/],
    ["1_000", 0, /a value/],
    ["- 1", 0, /a value/],
    ["3LL", 0, /a value/],
    ["...", 0, /a value/],
    ["{1, 2}", 2, /":" after a key/],
    ["[1] # comment", 4, /the end/],
    ["['a' 'b']", 5, /"," or "]"/],
    ["['''a''']", 3, /"," or "]"/],
    ["set()", 0, /found "set"/],
    ["[1]*2", 3, /the end/],
  ])("%j", (source, position, message) => {
    expect(() => parsePythonLiteral(source)).toThrow(
      expect.objectContaining({
        code: "ERR_NPY_HEADER",
        position,
        message: expect.stringMatching(
          new RegExp(`not a Python literal: .*${message.source}.* at character ${position}\\.$`, "s"),
        ),
      }),
    );
  });

  test("whatever it is, it is an error of ours within the text", () => {
    const alphabet = fc.constantFrom(..."[](){},:'\"\\ \n01-LbBrRuUxN#é🙂", "True", "None", "'a'", "\\x", "\ud800");
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 20 }), (source) => {
        try {
          parsePythonLiteral(source);
        } catch (error) {
          expect(error).toMatchObject({ name: "NpyError", code: "ERR_NPY_HEADER", position: expect.any(Number) });
          expect((error as { position: number }).position).toBeGreaterThanOrEqual(0);
          expect((error as { position: number }).position).toBeLessThanOrEqual(source.length);
        }
      }),
      { numRuns: runs(5000) },
    );
  });
});

describe.skipIf(numpyVersion === undefined)("Python says the same", () => {
  test("of every code point whether it is printable, if both know it", () => {
    const [known, printable] = python<[string, string]>(
      `import unicodedata
chars = [chr(code) for code in range(0x110000)]
known = ["01"[unicodedata.category(char) != "Cn"] for char in chars]
printable = ["01"[repr(char)[1:-1] == char] for char in chars]
print(json.dumps(["".join(known), "".join(printable)]))`,
    );
    const wrong: number[] = [];
    for (let code = 0; code < 0x110000; code++) {
      const char = String.fromCodePoint(code);
      if (known[code] === "0" || /\p{Cn}/u.test(char)) continue;
      if ((printPythonLiteral(char).slice(1, -1) === char) !== (printable[code] === "1")) wrong.push(code);
    }
    expect(wrong).toEqual([]);
  });

  test("of values how they are written", () => {
    const values = fc.sample(anyValue, { numRuns: runs(3000), seed: 1 });
    const sources = values.map(ascii);
    // A literal that Python reads and writes unchanged is the one that it writes.
    const written = python<string[]>(
      "import ast\nprint(json.dumps([ascii(ast.literal_eval(source)) for source in data]))",
      sources,
    );
    expect(written).toEqual(sources);
  });

  test("of sources what they mean", () => {
    const sources = fc.sample(anySource, { numRuns: runs(3000), seed: 1 }).map(({ source }) => source);
    const meanings = python<string[]>(
      "import ast\nprint(json.dumps([ascii(ast.literal_eval(source)) for source in data]))",
      sources,
    );
    expect(sources.map((source) => ascii(parsePythonLiteral(source)))).toEqual(meanings);
  });

  test("of broken sources what they mean, unless they are refused", () => {
    const edit = fc.record({
      at: fc.nat(),
      remove: fc.nat({ max: 2 }),
      insert: fc.constantFrom("", ..."[](){},:'\"\\ \n\r\t\f01-+_.xubrNé", "\\x", "\\u", "\\ud83d", "\\ude42", "'''", "#"),
    });
    const SOURCES = runs(20_000);
    const broken = fc.tuple(anySource, fc.array(edit, { minLength: 1, maxLength: 3 })).map(([{ source }, edits]) =>
      edits.reduce((text, { at, remove, insert }) => {
        const start = at % (text.length + 1);
        return text.slice(0, start) + insert + text.slice(start + remove);
      }, source),
    );
    const sources = fc.sample(broken, { numRuns: SOURCES, seed: 3 }).filter((source) => !/\p{Cs}/u.test(source));
    const meanings = python<{ value?: string; error?: string }[]>(
      `import ast
def meaning(source):
    try:
        return {"value": ascii(ast.literal_eval(source))}
    except Exception as error:
        return {"error": type(error).__name__ + ": " + str(error)}
print(json.dumps([meaning(source) for source in data]))`,
      sources,
    );
    let understood = 0;
    for (const [i, source] of sources.entries()) {
      let value: PyValue;
      try {
        value = parsePythonLiteral(source);
      } catch {
        continue;
      }
      // White space that Python takes for indentation, keys that it cannot hash, are of no matter in a header.
      const { value: meaning, error = "" } = meanings[i] as { value?: string; error?: string };
      if (/^IndentationError|^TypeError: unhashable/.test(error)) continue;
      expect({ source, meaning: ascii(value), error: "" }).toEqual({ source, meaning, error });
      understood += 1;
    }
    expect(understood).toBeGreaterThan(SOURCES / 20);
  });
});
