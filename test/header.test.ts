/** Headers: byte for byte NumPy's, whatever wrote them before; and nothing is read from what is none. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Descr, dtype, formatDType, sameDType } from "../src/format/dtype.ts";
import {
  formatHeader,
  growingHeader,
  growthRoom,
  isGrowable,
  MAX_HEADER_SIZE,
  type NpyHeader,
  type NpyVersion,
  PREFIX_LENGTH,
  parseHeader,
  parsePrefix,
} from "../src/format/header.ts";
import { NATIVE_BYTE_ORDER } from "../src/format/scalars.ts";
import { runs } from "./support/effort.ts";
import { numpyIsAtLeast, python } from "./support/numpy.ts";

interface GoldenHeader {
  readonly like: Descr;
  readonly shape: readonly number[];
  readonly fortranOrder: boolean;
  readonly version: NpyVersion;
  readonly length: number;
  readonly start: string;
}

const golden = JSON.parse(readFileSync(new URL("./golden/headers.json", import.meta.url), "utf8")) as {
  headers: GoldenHeader[];
};

const latin1 = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** A file's beginning with `text` in its header, as any program might have written it. */
function fileWith(text: string, version: NpyVersion = "1.0"): Uint8Array<ArrayBuffer> {
  const encoded = version === "3.0" ? new TextEncoder().encode(text) : latin1(text);
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const length = new Uint8Array(version === "1.0" ? 2 : 4).map((_, i) => (encoded.length >>> (8 * i)) & 0xff);
  return new Uint8Array([...latin1("\x93NUMPY"), major, minor, ...length, ...encoded]);
}

const textOf = (header: Uint8Array): string => Buffer.from(header).toString("latin1", header[6] === 1 ? 10 : 12);

const refusal = (code: string, message: RegExp): unknown =>
  expect.objectContaining({ name: "NpyError", code, message: expect.stringMatching(message) });

const DESCRS: readonly Descr[] = [
  ...["|b1", "|u1", "<i2", ">f8", "<c32", "<M8[ns]", ">m8[15m]", "|S5", "<U3", "|V7", "|S0"],
  [
    ["a", "<i4"],
    ["", "|V4"],
    [["a title", "b"], ">f4", [2, 1]],
  ],
  [
    ["größe", "<f4"],
    ["it's", [["x", "|u1"]], [3]],
  ],
  [
    ["名", "<f8"],
    ["🙂", "|S3"],
  ],
];

const versionsFor = (descr: Descr): readonly NpyVersion[] =>
  /[^\0-\xff]/.test(formatDType(dtype(descr))) ? ["3.0"] : ["1.0", "2.0", "3.0"];

const anyLayout = fc
  .record({
    descr: fc.constantFrom(...DESCRS),
    fortranOrder: fc.boolean(),
    shape: fc.array(fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 120 })), { maxLength: 5 }),
    rows: fc.oneof(
      fc.nat({ max: 12 }),
      fc.maxSafeNat().map((n) => n % 2 ** 30),
    ),
    version: fc.nat({ max: 2 }),
  })
  .map(({ descr, fortranOrder, shape, rows, version }) => {
    const versions = versionsFor(descr);
    const whole = shape.length === 0 ? [] : fortranOrder ? [...shape.slice(1), rows] : [rows, ...shape.slice(1)];
    return {
      descr,
      dtype: dtype(descr),
      // What has at most one axis is in both orders, and NumPy says False.
      fortranOrder: fortranOrder && whole.length > 1,
      shape: whole,
      version: versions[version % versions.length] as NpyVersion,
    };
  })
  .filter(({ shape, dtype }) => shape.reduce((product, size) => product * (size || 1), dtype.itemsize || 1) < 2 ** 53);

/** A header that is as long as it is told to be, for arrays of more than 0 axes. */
const anyHeader: fc.Arbitrary<NpyHeader> = fc
  .tuple(
    anyLayout.filter(({ shape }) => shape.length > 0),
    fc.nat({ max: 60 }),
  )
  .map(([{ descr: _descr, ...layout }, spare]) => {
    const shortest = formatHeader(layout);
    const text = textOf(shortest).trimEnd();
    return { ...layout, headerLength: shortest.length - textOf(shortest).length + text.length + 1 + spare };
  });

describe.each(golden.headers)("golden: version $version of $shape, Fortran order $fortranOrder, $like", (expected) => {
  const { like, shape, fortranOrder, version, length, start } = expected;
  const bytes = latin1(`${start.padEnd(length - 1)}\n`);

  test("is written as NumPy writes it, and read as what it is", () => {
    expect(formatHeader({ dtype: dtype(like), shape, fortranOrder, version })).toEqual(bytes);
    const header = parseHeader(bytes);
    expect(header).toMatchObject({ shape, fortranOrder, version, headerLength: length });
    expect(sameDType(header.dtype, dtype(like))).toBe(true);
    expect(formatHeader(header)).toEqual(bytes);
    expect(isGrowable(header)).toBe(true);
    expect(parsePrefix(bytes.subarray(0, PREFIX_LENGTH))).toEqual({ version, headerLength: length });
  });
});

describe("writing", () => {
  test("aligns to 64 with 1 to 64 spaces, keeps room for the growth axis, and is read again", () => {
    fc.assert(
      fc.property(anyLayout, ({ descr: _descr, ...layout }) => {
        const bytes = formatHeader(layout);
        const header = parseHeader(bytes);
        expect(header).toEqual({ ...layout, dtype: header.dtype, headerLength: bytes.length });
        expect(sameDType(header.dtype, layout.dtype)).toBe(true);
        expect(bytes.length % 64).toBe(0);
        const [, spaces = ""] = /\}( *)\n$/.exec(textOf(bytes)) ?? [];
        const axis = layout.fortranOrder ? layout.shape.at(-1) : layout.shape[0];
        const slack = axis === undefined ? 0 : 21 - String(axis).length;
        expect(spaces.length - slack).toBeGreaterThanOrEqual(1);
        expect(spaces.length - slack).toBeLessThanOrEqual(64);
        expect(textOf(bytes)).toMatch(/^\{'descr': .*, 'fortran_order': (True|False), 'shape': \([\d, ]*\), \} *\n$/s);
      }),
    );
  });

  test("takes the oldest version that can hold the text", () => {
    const layout = { fortranOrder: false, shape: [3] };
    const versionOf = (descr: Descr): NpyVersion =>
      parseHeader(formatHeader({ ...layout, dtype: dtype(descr) }), { maxHeaderSize: 1e6 }).version;
    expect(versionOf([["é", "u1"]])).toBe("1.0");
    expect(versionOf([["\u200b", "u1"]])).toBe("1.0"); // Escaped, since it is not printable.
    expect(versionOf([["名", "u1"]])).toBe("3.0");
    // With magic and length 65536 bytes: the next multiple of 64 is more than two bytes can say.
    const overhead = textOf(formatHeader({ ...layout, dtype: dtype([["", "u1"]]) })).trimEnd().length;
    const longest = 65536 - 10 - overhead - 20 - 1 - 1;
    expect(versionOf([["n".repeat(longest), "u1"]])).toBe("1.0");
    expect(versionOf([["n".repeat(longest + 1), "u1"]])).toBe("2.0");
    expect(versionOf([["é".repeat(longest + 1), "u1"]])).toBe("2.0");
    expect(() => formatHeader({ ...layout, version: "1.0", dtype: dtype([["n".repeat(longest + 1), "u1"]]) })).toThrow(
      refusal("ERR_NPY_HEADER", /cannot be written in version 1\.0/),
    );
    expect(() => formatHeader({ ...layout, version: "1.0", headerLength: 65536 + 10, dtype: dtype("u1") })).toThrow(
      refusal("ERR_NPY_HEADER", /cannot be written in version 1\.0/),
    );
  });

  test("arrays of one axis are in C order, whatever they are called", () => {
    for (const shape of [[], [5]]) {
      const header = formatHeader({ dtype: dtype("<f8"), shape, fortranOrder: true });
      expect(header).toEqual(formatHeader({ dtype: dtype("<f8"), shape, fortranOrder: false }));
    }
  });

  test.each<[string, Parameters<typeof formatHeader>[0], string, RegExp]>([
    ["a size that is none", { dtype: dtype("u1"), shape: [-1], fortranOrder: false }, "ERR_NPY_SHAPE", /\(-1\)/],
    ["65 axes", { dtype: dtype("u1"), shape: Array(65).fill(1), fortranOrder: false }, "ERR_NPY_SHAPE", /65 dimensions/],
    ["a sub-array", { dtype: dtype(["<f4", [3]]), shape: [2], fortranOrder: false }, "ERR_NPY_DTYPE", /\('<f4', \(3,\)\)/],
  ])("refuses %s", (_name, layout, code, message) => {
    expect(() => formatHeader(layout)).toThrow(refusal(code, message));
  });
});

describe("foreign headers", () => {
  const layout = { shape: [3, 4], fortranOrder: false };

  test.each([
    ["Python 2", "{'descr': '<i4', 'fortran_order': False, 'shape': (3L, 4L), }          \n"],
    ["another order of keys", "{'shape': (3, 4), 'fortran_order': False, 'descr': '<i4'}\n"],
    ["no spaces", "{'descr':'<i4','fortran_order':False,'shape':(3,4)}"],
    ["double quotes", '{"descr": "<i4", "fortran_order": False, "shape": (3, 4)}\n'],
    ["many lines", "\n{\n\t'descr': '<i4',\r\n\t'fortran_order': False,\n\t'shape': (\n3,\n4,\n),\n}\n\n"],
    ["prefixed strings", "{u'descr': r'<i4', U'fortran_order': False, 'shape': ((3), +4)}\n"],
    [
      "a key twice",
      "{'descr': '>f8', 'fortran_order': True, 'shape': (), 'descr': '<i4', 'fortran_order': False, 'shape': (3, 4)}",
    ],
  ])("of %s", (_name, text) => {
    for (const version of ["1.0", "2.0", "3.0"] as const) {
      const bytes = fileWith(text, version);
      expect(parseHeader(bytes)).toEqual({ ...layout, dtype: dtype("<i4"), version, headerLength: bytes.length });
      // What follows is no concern of the header.
      expect(parseHeader(new Uint8Array([...bytes, 0, 255]))).toEqual(parseHeader(bytes));
    }
  });

  test("of no byte order mean that of the machine", () => {
    for (const descr of ["|i4", "=i4", "i4", "int32"]) {
      const header = parseHeader(fileWith(`{'descr': '${descr}', 'fortran_order': False, 'shape': (3, 4)}`));
      expect(header.dtype.str).toBe(`${NATIVE_BYTE_ORDER}i4`);
    }
  });

  test("a part of a larger buffer is read from where it begins", () => {
    const bytes = formatHeader({ ...layout, dtype: dtype("<i4") });
    const buffer = new Uint8Array(bytes.length + 7);
    buffer.set(bytes, 7);
    expect(parseHeader(buffer.subarray(7))).toEqual(parseHeader(bytes));
  });

  test.each([
    ["16, by NumPy before 1.14", 80, "{'descr': '<i4', 'fortran_order': False, 'shape': (3, 4), }", false],
    ["64, by NumPy before 1.25", 128, "{'descr': '<i4', 'fortran_order': False, 'shape': (3, 4), }", true],
    ["64, without a byte to spare", 64, "{'descr':'<i4','fortran_order':False,'shape':(3,4)}", false],
    ["192", 192, "{'descr': '<i4', 'fortran_order': False, 'shape': (3, 4), }", true],
    ["144", 144, "{'descr': '<i4', 'fortran_order': False, 'shape': (3, 4), }", true],
    ["4096", 4096, "{'shape': (3, 4), 'descr': '<i4', 'fortran_order': False}", true],
  ])("aligned to %s, keep their version and length", (_name, headerLength, text, growable) => {
    for (const version of ["1.0", "2.0", "3.0"] as const) {
      const start = version === "1.0" ? 10 : 12;
      const bytes = fileWith(`${text.padEnd(headerLength - start - 1)}\n`, version);
      const header = parseHeader(bytes);
      expect(header.headerLength).toBe(headerLength);
      expect(isGrowable(header)).toBe(growable);
      if (growthRoom(header) < -1) {
        expect(() => formatHeader(header)).toThrow(
          refusal("ERR_NPY_NOT_APPENDABLE", /no room: 64 bytes are there, \d\d are needed/),
        );
        continue;
      }
      const written = formatHeader(header);
      expect(written).toHaveLength(headerLength);
      expect(parseHeader(written)).toEqual(header);
      expect(textOf(written).trimEnd()).toBe("{'descr': '<i4', 'fortran_order': False, 'shape': (3, 4), }");
    }
  });

  // As Python writes characters that its Unicode database does not know yet, and as some programs write all.
  test("escaped names keep their version, although version 3.0 would not need the escapes", () => {
    for (const version of ["1.0", "2.0"] as const) {
      const text = "{'descr': [('\\u540d\\U0001f642é', '<i4')], 'fortran_order': False, 'shape': (3, 4), }";
      const bytes = fileWith(`${text.padEnd(192 - 13)}\n`, version);
      const header = parseHeader(bytes);
      expect(header.dtype.fields).toMatchObject([{ name: "名🙂é" }]);
      expect(isGrowable(header)).toBe(true);
      expect(formatHeader(header)).toEqual(bytes);
      expect(growingHeader(header)(3)).toEqual(bytes);
    }
  });

  test("a text as long as version 1.0 can say is read and written again, but cannot grow", () => {
    const overhead = "{'descr': [('', '|u1')], 'fortran_order': False, 'shape': (3,), }".length;
    const bytes = fileWith(
      `{'descr': [('${"n".repeat(65535 - overhead - 1)}', '|u1')], 'fortran_order': False, 'shape': (3,), }\n`,
    );
    const header = parseHeader(bytes, { maxHeaderSize: 65535 });
    expect(isGrowable(header)).toBe(false);
    expect(growthRoom(header)).toBe(-1);
    expect(formatHeader(header)).toEqual(bytes);
    const { version, headerLength, ...array } = header;
    expect(headerLength).toBe(65535 + 10);
    expect(parseHeader(formatHeader(array), { maxHeaderSize: 1e5 })).toMatchObject({ version: "2.0" });
    expect(version).toBe("1.0");
  });
});

describe("refused", () => {
  test.each<[string, string | Uint8Array, RegExp]>([
    ["an empty file", "", /Not a \.npy file: .*found nothing/],
    ["a text", "hello, world", /found 68 65 6c 6c 6f 2c/],
    ["a PNG", "\x89PNG\r\n\x1a\n", /found 89 50 4e 47 0d 0a/],
    ["an .npz", "PK\x03\x04\x14\0\0\0\0\0\0\0", /Not a \.npy file/],
    ["a magic in capitals", "\x93numpy\x01\0v\0", /Not a \.npy file/],
    ["a magic in UTF-8", "\xc2\x93NUMPY\x01\0v\0", /Not a \.npy file/],
    ["version 0.1", "\x93NUMPY\0\x01v\0{}", /Version 0\.1 .* expected 1\.0, 2\.0 or 3\.0/],
    ["version 1.1", "\x93NUMPY\x01\x01v\0{}", /Version 1\.1/],
    ["version 4.0", "\x93NUMPY\x04\0v\0\0\0{}", /Version 4\.0/],
    ["no text", fileWith(""), /not a Python literal: expected a value, found the end of the header at character 0/],
    ["no dict", fileWith("['descr']\n"), /not a dictionary: found \['descr'\]/],
    ["a long list", fileWith(`[${"1, ".repeat(99)}]`), /not a dictionary: found \[(1, ){25}1\.\.\.\.$/],
    ["no keys", fileWith("{}"), /must have the keys 'descr', 'fortran_order' and 'shape': found \[\]/],
    ["a key too few", fileWith("{'descr': '<i4', 'shape': (3,)}"), /found \['descr', 'shape'\]/],
    ["a key too many", fileWith("{'descr': '<i4', 'fortran_order': False, 'shape': (3,), 'x': 1}"), /'shape', 'x'\]/],
    ["a key of another type", fileWith("{['descr']: '<i4', 'fortran_order': False, 'shape': (3,)}"), /found \[\['descr'\], /],
    ["keys that look like two", fileWith("{'descr,fortran_order': '<i4', 'shape': (3,)}"), /found \['descr,fortran_order', /],
    ["keys of bytes", fileWith("{b'descr': '<i4', 'fortran_order': False, 'shape': (3,)}"), /found \[b'descr', /],
    [
      "an order of 0",
      fileWith("{'descr': '<i4', 'fortran_order': 0, 'shape': (3,)}"),
      /fortran_order must be True or False: found 0/,
    ],
    ["an order of None", fileWith("{'descr': '<i4', 'fortran_order': None, 'shape': (3,)}"), /found None/],
    ...["[3]", "3", "(3)", "(-1,)", "(3, -1)", "(True,)", "(None,)", "('3',)", "((3,),)", "-18446744073709551616"].map(
      (shape): [string, Uint8Array, RegExp] => [
        `the shape ${shape}`,
        fileWith(`{'descr': '<i4', 'fortran_order': False, 'shape': ${shape}}`),
        /shape must be a tuple of integers of 0 or more: found /,
      ],
    ),
    ["invalid UTF-8", "\x93NUMPY\x03\0\x0e\0\0\0{'descr': '\xff'}", /not valid UTF-8/],
    ["a mark of byte order", fileWith("\ufeff{}", "3.0"), /expected a value/],
  ])("%s", (_name, file, message) => {
    const bytes = typeof file === "string" ? latin1(file) : file;
    expect(() => parseHeader(bytes)).toThrow(refusal("ERR_NPY_HEADER", message));
  });

  test.each([
    ["(9007199254740992,)", /9007199254740992: sizes beyond 2\^53/],
    ["(0, 18446744073709551616)", /18446744073709551616/],
    ["(4503599627370496, 3)", /\(4503599627370496, 3\)/],
    [`(${"1, ".repeat(65)})`, /65 dimensions/],
  ])("the shape %s, which cannot be counted", (shape, message) => {
    expect(() => parseHeader(fileWith(`{'descr': '|u1', 'fortran_order': False, 'shape': ${shape}}`))).toThrow(
      refusal("ERR_NPY_SHAPE", message),
    );
  });

  test.each(["'|O'", "[('a', '<i4'), ('b', 'O')]", "b'<i4'", "None", "'nope'", "('<i4', (2,))", "[('a', '<i4'), ('a', '<i4')]"])(
    "the dtype %s",
    (descr) => {
      expect(() => parseHeader(fileWith(`{'descr': ${descr}, 'fortran_order': False, 'shape': (3,)}`))).toThrow(
        refusal("ERR_NPY_DTYPE", /./),
      );
    },
  );

  test("a file that ends within its header, wherever that is", () => {
    for (const version of ["1.0", "2.0", "3.0"] as const) {
      const bytes = formatHeader({ dtype: dtype("<f8"), shape: [3], fortranOrder: false, version });
      for (let length = 0; length < bytes.length; length++) {
        expect(() => parseHeader(bytes.subarray(0, length))).toThrow(
          refusal("ERR_NPY_HEADER", length < 6 ? /Not a \.npy file/ : /ends within its header/),
        );
      }
      expect(parseHeader(bytes).headerLength).toBe(bytes.length);
    }
  });

  test("a syntax error says where", () => {
    const bytes = fileWith("{'descr': '<f8', 'fortran_order': false}");
    expect(() => parseHeader(bytes)).toThrow(expect.objectContaining({ code: "ERR_NPY_HEADER", position: 34 }));
  });

  test("whatever the bytes are, it is an error of ours", () => {
    const valid = formatHeader({ dtype: dtype([["é", "<f8", [2]]]), shape: [3, 4], fortranOrder: true });
    const edits = fc.array(fc.tuple(fc.nat({ max: valid.length - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(edits, fc.nat({ max: valid.length }), (changes, length) => {
        const bytes = valid.slice(0, length < 64 ? length : valid.length);
        for (const [at, byte] of changes) bytes[at] = byte;
        try {
          formatHeader(parseHeader(bytes));
        } catch (error) {
          expect(error).toMatchObject({
            name: "NpyError",
            code: expect.stringMatching(/^ERR_NPY_(HEADER|DTYPE|SHAPE|NOT_APPENDABLE)$/),
          });
        }
      }),
      { numRuns: runs(5000) },
    );
  });
});

describe("maxHeaderSize", () => {
  const ofLength = (characters: number, version: NpyVersion, char = " "): Uint8Array => {
    const text = "{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (3,)}";
    return fileWith(text.replace("a", char.repeat(characters - text.length + 1)), version);
  };

  test("is NumPy's, in characters", () => {
    for (const version of ["1.0", "2.0", "3.0"] as const) {
      expect(parseHeader(ofLength(MAX_HEADER_SIZE, version)).shape).toEqual([3]);
      expect(() => parseHeader(ofLength(MAX_HEADER_SIZE + 1, version))).toThrow(
        refusal("ERR_NPY_HEADER", /10001 characters long, more than the 10000 allowed: raise maxHeaderSize/),
      );
      expect(parseHeader(ofLength(MAX_HEADER_SIZE + 1, version), { maxHeaderSize: MAX_HEADER_SIZE + 1 }).shape).toEqual([3]);
    }
  });

  test("counts characters as Python does, however many bytes they have", () => {
    for (const char of ["é", "名", "🙂"]) {
      expect(parseHeader(ofLength(10_000, "3.0", char)).dtype.fields?.[0]?.name).toMatch(/^.{9937}$/u);
      expect(() => parseHeader(ofLength(10_001, "3.0", char))).toThrow(refusal("ERR_NPY_HEADER", /10001 characters/));
    }
  });

  test("is compared before anything is read: no text of so many bytes could be short enough", () => {
    const prefix = (length: number): Uint8Array =>
      new Uint8Array([...latin1("\x93NUMPY\x02\0"), ...[0, 8, 16, 24].map((shift) => (length >>> shift) & 0xff)]);
    expect(parsePrefix(prefix(40_000))).toEqual({ version: "2.0", headerLength: 40_012 });
    expect(() => parsePrefix(prefix(40_001))).toThrow(refusal("ERR_NPY_HEADER", /40001 characters/));
    expect(() => parsePrefix(prefix(0xffffffff))).toThrow(refusal("ERR_NPY_HEADER", /4294967295 characters/));
    expect(parsePrefix(prefix(0xffffffff), 2 ** 30).headerLength).toBe(0xffffffff + 12);
  });
});

describe("growing", () => {
  const rowsOf = fc.array(
    fc.oneof(
      fc.nat({ max: 1000 }),
      fc.maxSafeNat().map((n) => n % 2 ** 30),
    ),
    { minLength: 1, maxLength: 8 },
  );
  const shapeWith = ({ shape, fortranOrder }: NpyHeader, rows: number): readonly number[] =>
    shape.with(fortranOrder ? -1 : 0, rows);

  test("renders what formatHeader would, for rows in any order, or refuses them like it", () => {
    fc.assert(
      fc.property(anyHeader, rowsOf, (header, rows) => {
        const render = growingHeader(header);
        for (const count of rows) {
          const shape = shapeWith(header, count);
          let expected: Uint8Array | string;
          try {
            expected = formatHeader({ ...header, shape });
          } catch (error) {
            expected = (error as Error).message;
          }
          if (typeof expected === "string") {
            // Arrays that are too large never get this far.
            if (/no room/.test(expected)) expect(() => render(count)).toThrow(expected);
          } else {
            expect(render(count)).toEqual(expected);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test("has exactly as much room as it says", () => {
    fc.assert(
      fc.property(
        anyHeader.filter(({ dtype, shape }) => dtype.itemsize === 1 && shape.length === 1),
        (header) => {
          const digits = String(header.shape[0]).length;
          // One more than the room takes the byte of padding.
          for (let more = 0; digits + more <= 15; more++) {
            const grown = { ...header, shape: [10 ** (digits + more - 1)] };
            if (more <= growthRoom(header) + 1) expect(formatHeader(grown)).toHaveLength(header.headerLength);
            else expect(() => formatHeader(grown)).toThrow(refusal("ERR_NPY_NOT_APPENDABLE", /Call ensureAppendable/));
          }
        },
      ),
    );
  });

  test("needs room for 21 digits, and one byte of padding", () => {
    fc.assert(
      fc.property(anyHeader, (header) => {
        const digits = String(header.fortranOrder ? header.shape.at(-1) : header.shape[0]).length;
        expect(isGrowable(header)).toBe(growthRoom(header) >= 21 - digits);
        const grown = { ...header, headerLength: header.headerLength - growthRoom(header) + 21 - digits };
        expect(isGrowable(grown)).toBe(true);
        expect(isGrowable({ ...grown, headerLength: grown.headerLength - 1 })).toBe(false);
      }),
    );
  });

  test("what was refused leaves the next as it was", () => {
    const short = formatHeader({ dtype: dtype("<f8"), shape: [3], fortranOrder: false });
    const headerLength = short.length - textOf(short).length + textOf(short).trimEnd().length + 2;
    const header: NpyHeader = { dtype: dtype("<f8"), shape: [3], fortranOrder: false, version: "1.0", headerLength };
    const render = growingHeader(header);
    expect(textOf(render(10))).toBe("{'descr': '<f8', 'fortran_order': False, 'shape': (10,), }\n");
    expect(() => render(100)).toThrow(refusal("ERR_NPY_NOT_APPENDABLE", /no room/));
    expect(textOf(render(99))).toBe("{'descr': '<f8', 'fortran_order': False, 'shape': (99,), }\n");
    expect(textOf(render(5))).toBe("{'descr': '<f8', 'fortran_order': False, 'shape': (5,), } \n");
  });

  test("one row more or less, where the digits become more or fewer", () => {
    const header = parseHeader(formatHeader({ dtype: dtype("<f8"), shape: [0, 3], fortranOrder: false }));
    const render = growingHeader(header);
    for (let digits = 1; digits < 16; digits++) {
      for (const rows of [
        10 ** digits - 2,
        10 ** digits - 1,
        10 ** digits,
        10 ** digits + 1,
        10 ** digits - 1,
        10 ** (digits - 1),
      ]) {
        const text = `{'descr': '<f8', 'fortran_order': False, 'shape': (${rows}, 3), }`;
        expect(textOf(render(rows)).trimEnd()).toBe(text);
      }
    }
  });

  test("0-d arrays do not", () => {
    const header = parseHeader(formatHeader({ dtype: dtype("<f8"), shape: [], fortranOrder: false }));
    expect(() => growingHeader(header)).toThrow(refusal("ERR_NPY_SHAPE", /Zero-dimensional arrays cannot be concatenated/));
  });
});

// Before 1.25 NumPy left no room for the growth axis.
describe.skipIf(!numpyIsAtLeast(1, 25))("NumPy says the same", () => {
  const writer = `import io
from numpy.lib.format import descr_to_dtype, dtype_to_descr
try:
    from numpy.lib import _format_impl as npy
except ImportError:
    from numpy.lib import format as npy
def from_json(like):
    if isinstance(like, str):
        return like
    return [(tuple(label) if isinstance(label, list) else label, from_json(d), *map(tuple, shape)) for label, d, *shape in like]
def header(case):
    file = io.BytesIO()
    descr = dtype_to_descr(descr_to_dtype(from_json(case["descr"])))
    version = case["version"] and tuple(map(int, case["version"].split(".")))
    npy._write_array_header(file, {"descr": descr, "fortran_order": case["fortranOrder"], "shape": tuple(case["shape"])}, version)
    return file.getvalue().decode("latin-1")
print(json.dumps([header(case) for case in data]))`;

  test("of random layouts", () => {
    const layouts = fc.sample(anyLayout, { numRuns: runs(1000), seed: 1 });
    const theirs = python<string[]>(
      writer,
      layouts.map(({ dtype: _dtype, ...layout }) => layout),
    );
    expect(theirs).toHaveLength(layouts.length);
    for (const [i, layout] of layouts.entries()) expect(Buffer.from(formatHeader(layout)).toString("latin1")).toBe(theirs[i]);
  });

  test("of the version, if none is asked for", () => {
    const descrs: Descr[] = [...DESCRS, [["\u200b\ud800", "<i4"]]];
    for (let length = 65400; length < 65500; length++) descrs.push([["n".repeat(length), "<i4"]]);
    const layouts = descrs.map((descr) => ({ descr, fortranOrder: false, shape: [3, 2], version: null }));
    const theirs = python<string[]>(writer, layouts);
    const versions = new Set<number | undefined>();
    for (const [i, { descr, fortranOrder, shape }] of layouts.entries()) {
      const bytes = formatHeader({ dtype: dtype(descr), fortranOrder, shape });
      expect(Buffer.from(bytes).toString("latin1") === theirs[i], JSON.stringify(descr).slice(0, 80)).toBe(true);
      versions.add(bytes[6]);
    }
    expect([...versions].sort()).toEqual([1, 2, 3]);
  });

  test("of whole headers what they mean, or that they mean nothing", () => {
    const descr = fc.oneof(
      fc.constantFrom(...DESCRS).map((like) => formatDType(dtype(like)).replace(/^[^[].*/s, "'$&'")),
      fc.constantFrom(
        "'|O'",
        "[('a', '|O')]",
        "None",
        "'nope'",
        "5",
        "[('a', '<i4'), ('a', '<i4')]",
        "b'<i4'",
        "[('a', 'i4', (-1,))]",
      ),
    );
    const shape = fc.constantFrom("()", "(3,)", "(3, 0)", "(2L, 3L)", "[3]", "(3)", "3", "('3',)", "(3, None)", "(2,(3))");
    const order = fc.oneof({ weight: 3, arbitrary: fc.constantFrom("True", "False") }, fc.constantFrom("0", "None", "'False'"));
    const entries = fc
      .tuple(descr, order, shape)
      .chain(([d, o, s]) =>
        fc.shuffledSubarray([`'descr': ${d}`, `'fortran_order': ${o}`, `'shape': ${s}`, `'descr': ${d}`], { minLength: 2 }),
      );
    const texts = fc.sample(entries, { numRuns: 2000, seed: 1 }).map((list) => `{${list.join(", ")}}\n`);
    // NumPy knows that no Python 2 wrote version 3.0.
    const cases = texts.map((text) =>
      /[^\0-\xff]/.test(text) ? { text: text.replaceAll("L", ""), version: "3.0" as const } : { text, version: "1.0" as const },
    );
    const theirs = python<unknown[]>(
      `import io
from numpy.lib.format import dtype_to_descr
try:
    from numpy.lib import _format_impl as npy
except ImportError:
    from numpy.lib import format as npy
def read(case):
    version = tuple(map(int, case["version"].split(".")))
    text = case["text"].encode("utf-8" if version == (3, 0) else "latin-1")
    file = io.BytesIO(len(text).to_bytes(2 if version == (1, 0) else 4, "little") + text)
    try:
        shape, fortran_order, dtype = npy._read_array_header(file, version)
    except ValueError:
        return None
    if dtype.hasobject:
        return None
    descr = dtype_to_descr(dtype)
    return [list(shape), fortran_order, descr if isinstance(descr, str) else repr(descr)]
print(json.dumps([read(case) for case in data]))`,
      cases,
    );
    let valid = 0;
    for (const [i, { text, version }] of cases.entries()) {
      if (theirs[i] === null) {
        expect(() => parseHeader(fileWith(text, version)), text).toThrow(expect.objectContaining({ name: "NpyError" }));
        continue;
      }
      const header = parseHeader(fileWith(text, version));
      expect([header.shape, header.fortranOrder, formatDType(header.dtype)], text).toEqual(theirs[i]);
      valid += 1;
    }
    expect(valid).toBeGreaterThan(100);
    expect(valid).toBeLessThan(cases.length - 100);
  });
});
