/** Text sources: encodings, headers, blank lines, numbers. Nothing is lost silently. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { CsvReader } from "../src/cli/sources/csv-records.ts";
import { decoded } from "../src/cli/sources/encoding.ts";
import { type ArrayInput, loadSync, type RecordArray, saveSync } from "../src/node.ts";
import { runs } from "./support/effort.ts";
import { ran } from "./support/in-process.ts";
import { temporaryDirectory } from "./support/temporary.ts";

let directory = "";
let count = 0;

beforeEach(() => {
  directory = temporaryDirectory();
});

/** Appends a text to a new file, and returns the rows, or the problem, after which no file must exist. */
async function appended(text: string | Uint8Array, extension: "csv" | "tsv" | "ndjson", ...options: string[]): Promise<unknown> {
  const source = join(directory, `${count++}.${extension}`);
  const file = `${source}.npy`;
  writeFileSync(source, text);
  const { problem } = await ran("append", file, source, ...options);
  if (problem === undefined) return rowsOf(file);
  expect(existsSync(file)).toBe(false);
  return problem.replace(`${source}: `, "");
}

function rowsOf(file: string): unknown {
  const { data } = loadSync(file);
  return data.constructor.name === "RecordArray" ? [...(data as RecordArray)] : Array.from(data as Float64Array);
}

async function appendedTo(rows: unknown, dtype: unknown, text: string, ...options: string[]): Promise<unknown> {
  const source = join(directory, `${count++}.csv`);
  saveSync(`${source}.npy`, rows as ArrayInput, { dtype: dtype as never });
  writeFileSync(source, text);
  const { problem } = await ran("append", `${source}.npy`, source, ...options);
  return problem?.replace(`${source}: `, "") ?? rowsOf(`${source}.npy`);
}

describe("encodings", () => {
  const utf16 = (text: string) => Buffer.from(text, "utf16le");

  test.each([
    ["csv", "t,name\n1,M", "\nüller\n", /^line 2, byte offset 10: 0xfc is not valid UTF-8: .*--encoding/],
    ["ndjson", '{"n":"M', '"}\n', /^line 1, byte offset 7: 0xfc is not valid UTF-8/],
    ["tsv", 'a\tb\n"x\r\ny"\t"z', '"\n', /^line 3, byte offset 13: 0xfc is not valid UTF-8/],
  ] as const)("%s that is not UTF-8 names line and byte", async (extension, before, after, message) => {
    const text = Buffer.concat([Buffer.from(before), Buffer.of(0xfc), Buffer.from(after)]);
    expect(await appended(text, extension)).toMatch(message);
  });

  test.each([
    [Buffer.of(0xc3), 0],
    [Buffer.of(0xe2, 0x82), 0],
    [Buffer.of(0xf0, 0x9f, 0x98), 0],
    [Buffer.of(0xed, 0xa0, 0x80), 0],
    [Buffer.of(0xc0, 0x80), 0],
    [Buffer.of(0xef, 0xbf, 0xbd, 0x80), 3],
    [Buffer.of(0xf4, 0x90, 0x80, 0x80), 0],
  ])("%o is not UTF-8, wherever pieces end", async (bytes, at) => {
    const piece = 2 ** 18;
    for (const before of [4, piece - 3, piece - 2, piece - 1, piece, piece + 1]) {
      const text = Buffer.concat([Buffer.from(`s\n${"é\n".repeat(before / 3).padEnd(before, "x")}`).subarray(0, before), bytes]);
      const start = text.subarray(0, before).toString("utf8").endsWith("\ufffd") ? before - 1 : before + at;
      expect(await appended(text, "csv")).toContain(`byte offset ${start}: `);
    }
  });

  test("characters that span pieces are decoded whole", async () => {
    for (const shift of ["", "x", "xx", "xxx"]) {
      const text = `s\n${shift}${"😀é€\n".repeat(60_000)}`;
      const rows = (await appended(text, "csv")) as { s: string }[];
      expect([rows.length, new Set(rows.slice(1).map(({ s }) => s))]).toEqual([60_000, new Set(["😀é€"])]);
    }
  });

  test("the byte order mark that Windows writes is no part of the first name or value", async () => {
    for (const options of [[], ["--encoding", "utf-8"]]) {
      expect(await appended("\ufefft,x\r\n1,2\r\n", "csv", ...options)).toEqual([{ t: 1n, x: 2n }]);
      expect(await appended('\ufeff{"t":1}\r\n{"t":2}\r\n', "ndjson", ...options)).toEqual([{ t: 1n }, { t: 2n }]);
    }
    expect(await appended("\ufeff", "csv", "--dtype", "f8")).toEqual([]);
  });

  test("UTF-16 and UTF-32 are recognised, and UTF-16 is read if --encoding names it", async () => {
    const text = "t,name\n1,aé\n2,😀\n";
    const rows = [
      { t: 1n, name: "aé" },
      { t: 2n, name: "😀" },
    ];
    expect(await appended(utf16(`\ufeff${text}`), "csv")).toMatch(/^line 1, byte offset 0: .* utf-16le, .*--encoding utf-16le/);
    expect(await appended(utf16(text), "csv")).toMatch(/--encoding utf-16le/);
    expect(await appended(utf16(text).swap16(), "csv")).toMatch(/--encoding utf-16be/);
    expect(await appended(Buffer.of(0xff, 0xfe, 0, 0, 0x31, 0, 0, 0), "csv")).toMatch(/UTF-32/);
    expect(await appended(utf16(text), "csv", "--encoding", "utf-16le")).toEqual(rows);
    expect(await appended(utf16(`\ufeff${text}`).swap16(), "csv", "--encoding", "utf-16be")).toEqual(rows);
    expect(await appended(utf16('{"s":"é"}\n\ud800'), "ndjson", "--encoding", "utf-16le")).toMatch(
      /^line 2, .*not valid utf-16le/,
    );
    // A few zero bytes do not make it UTF-16.
    expect(await appended("s\na\0b\n", "csv")).toEqual([{ s: "a\0b" }]);
    expect(await appended("s\n\0a\0b\0c\0d\0e\n", "csv", "--encoding", "utf-8")).toEqual([{ s: "\0a\0b\0c\0d\0e" }]);
  });

  test("other encodings by name", async () => {
    const text = Buffer.from("s\n\x80M\xfcller\n", "latin1");
    expect(await appended(text, "csv", "--encoding", "latin1")).toEqual([{ s: "€Müller" }]);
    expect(await appended(text, "csv", "--encoding", "WINDOWS-1252")).toEqual([{ s: "€Müller" }]);
    expect(await appended(Buffer.from([0x73, 10, 0x82, 0xa0, 10]), "csv", "--encoding", "shift_jis")).toEqual([{ s: "あ" }]);
    expect(await appended(Buffer.from([0x73, 10, 0x82, 10]), "csv", "--encoding", "shift_jis")).toMatch(/not valid shift_jis/);
    expect(await appended("s\nx\n", "csv", "--encoding", "latin-one")).toMatch(/windows-1252/);
  });

  test("invalid bytes are found at their place, after the text before them, wherever pieces end", async () => {
    for (const [encoding, char, invalid, text] of [
      ["shift_jis", [0x95, 0x5c], [0x81, 0x0a], "表"],
      ["gb18030", [0x81, 0x30, 0x89, 0x38], [0xff], "ß"],
      ["utf-16le", [0x3d, 0xd8, 0x00, 0xde], [0x00, 0xde], "😀"],
      ["utf-16be", [0xd8, 0x3d, 0xde, 0x00], [0xd8, 0x3d], "😀"],
    ] as const) {
      const bytes = Buffer.from([...char, ...char, ...char, ...invalid]);
      for (let size = 1; size <= bytes.length; size++) {
        const pieces = async function* (): AsyncGenerator<Uint8Array> {
          for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
        };
        let found = "";
        const reading = async (): Promise<void> => {
          for await (const part of decoded(pieces(), encoding)) found += part;
        };
        await expect(reading()).rejects.toMatchObject({ offset: 3 * char.length });
        expect(found).toBe(text.repeat(3));
      }
    }
  });

  test("a byte order mark is not part of a name, but later text that begins with one keeps it", async () => {
    expect(await appended('\ufeff{"a":1}\n', "ndjson")).toEqual([{ a: 1n }]);
    expect(await appended('\ufeff"a",b\n1,2\n', "csv")).toEqual([{ a: 1n, b: 2n }]);
    expect(await appended("\ufeff1,2\n", "csv")).toEqual([1, 2]);
    expect(await appended("\ufeff", "csv", "--dtype", "f8")).toEqual([]);
  });
});

describe("the first row", () => {
  test.each([
    ["?", [true], "False\nTrue\n", [1, 0, 1]],
    ["M8[D]", [0n], "2020-01-01\n", [0n, 18262n]],
    ["c16", [1], "(1+2j)\n3j\n", [1, 0, 1, 2, 0, 3]],
    ["m8[s]", [1n], "NaT\n", [1n, -(2n ** 63n)]],
    ["U3", ["x"], "abc\nd\n", ["x", "abc", "d"]],
    ["f8", [1], "x\n2\n", [1, 2]],
    ["M8[D]", [0n], "day\n1970-01-02\n", [0n, 1n]],
  ])("of a file of %s that holds %o", async (dtype, rows, text, expected) => {
    expect(await appendedTo(rows, dtype, text)).toEqual(expected);
  });

  test("is not a header merely because it does not fit", async () => {
    expect(await appendedTo([1], "i4", "1.5\n2\n")).toMatch(/^line 1, .* expected a whole number$/);
    expect(await appendedTo([1], "i1", "300\n2\n")).toMatch(/300 .*does not fit/);
    expect(await appendedTo([0n], "M8[D]", "2020-01-01T00:00:01\n")).toMatch(/^line 1, .*not a whole number of the unit/);
    expect(await appendedTo([1], "i4", "true\n2\n")).toMatch(/^line 1, /);
    expect(await appendedTo(["a"], "U1", "name\nb\n")).toMatch(/"name" .*does not fit/);
    expect(await appendedTo([[1, 2]], "i4", "7,x\n5,6\n")).toMatch(/^line 1 may be a header or a row: .*--no-header/);
  });

  test("of a structure is a header if it has the names of its fields, or fits none of them", async () => {
    const ab = [
      ["a", "U3"],
      ["b", "U3"],
    ];
    const row = { a: "x", b: "y" };
    expect(await appendedTo([row], ab, "b,a\n1,2\n")).toEqual([row, { a: "2", b: "1" }]);
    expect(await appendedTo([row], ab, "p,q\n1,2\n")).toEqual([row, { a: "p", b: "q" }, { a: "1", b: "2" }]);
    const numbers = [
      ["1", "i4"],
      ["nan", "f8"],
    ];
    expect(await appendedTo([{ 1: 5, nan: 6 }], numbers, "nan,1\n7,8\n")).toEqual([
      { 1: 5, nan: 6 },
      { 1: 8, nan: 7 },
    ]);
    expect(
      await appendedTo(
        [{ t: 1, s: "x" }],
        [
          ["t", "f8"],
          ["s", "U5"],
        ],
        "time,place\n1,a\n",
      ),
    ).toMatch(/there is no column "t"/);
    expect(
      await appendedTo(
        [{ t: 1, s: "x" }],
        [
          ["t", "f8"],
          ["s", "U5"],
        ],
        "2,place\n",
      ),
    ).toEqual([
      { t: 1, s: "x" },
      { t: 2, s: "place" },
    ]);
  });

  test("without a dtype, a line of values is not a header", async () => {
    expect(await appended("True,False\nTrue,True\n", "csv")).toEqual([
      { f0: true, f1: false },
      { f0: true, f1: true },
    ]);
    expect(await appended("2020-01-01\n2020-01-02\n", "csv")).toEqual([{ f0: 18262n }, { f0: 18263n }]);
    expect(await appended("2020,a\n1,x\n", "csv")).toEqual([{ 2020: 1n, a: "x" }]);
  });

  test("rounds a float16 or float32 of NDJSON once, from its digits", async () => {
    // Halfway between two floats, and as float64 the same whether or not digits follow.
    const [single, half] = ["1.000000059604644775390625", "1.00048828125"];
    const above = (middle: string): string => `${middle}${"0".repeat(30)}1`;
    const lines = (middle: string): string => `${middle}\n${above(middle)}\n-${above(middle)}\n`;
    expect(await appended(lines(single), "ndjson", "--dtype", "f4")).toEqual([1, 1 + 2 ** -23, -1 - 2 ** -23]);
    expect(await appended(lines(half), "ndjson", "--dtype", "f2")).toEqual([1, 1 + 2 ** -10, -1 - 2 ** -10]);
    const record = `{"a":{"b":[${above(single)},null]}}\n`;
    const source = join(directory, "record.ndjson");
    saveSync(`${source}.npy`, [], { dtype: [["a", [["b", "f4", [2]]]]] as never });
    writeFileSync(source, record);
    expect((await ran("append", `${source}.npy`, source)).problem).toBeUndefined();
    expect(rowsOf(`${source}.npy`)).toEqual([{ a: { b: new Float32Array([1 + 2 ** -23, Number.NaN]) } }]);
    const complex = `{"re":${above(single)},"im":0}\n`;
    expect(await appended(complex, "ndjson", "--dtype", "c8")).toEqual([1 + 2 ** -23, 0]);
  });

  test("of names: spaces, quotes, duplicates", async () => {
    expect(
      await appendedTo(
        [{ " a": 1, "a ": 2 }],
        [
          [" a", "i4"],
          ["a ", "i4"],
        ],
        '" a","a "\n3,4\n',
      ),
    ).toEqual([
      { " a": 1, "a ": 2 },
      { " a": 3, "a ": 4 },
    ]);
    expect(
      await appendedTo(
        [{ a: 1, b: 2 }],
        [
          ["a", "i4"],
          ["b", "i4"],
        ],
        " a , b\n3,4\n",
      ),
    ).toEqual([
      { a: 1, b: 2 },
      { a: 3, b: 4 },
    ]);
    expect(await appended('" a",a\n1,2\n', "csv")).toEqual([{ " a": 1n, a: 2n }]);
    expect(await appended("x,a,y, a\n1,2,3,4\n", "csv")).toMatch(/^columns 2 and 4 have the same name "a"/);
    expect(await appended("f1,\n1,2\n", "csv")).toMatch(/^columns 1 and 2 have the same name "f1"/);
    expect(await appended("x,a,y,a\n1,2,3,4\n", "csv", "--columns", "x,y")).toEqual([{ x: 1n, y: 3n }]);
    expect(await appended("x,a,y,a\n1,2,3,4\n", "csv", "--columns", "a,y")).toMatch(/^columns 2 and 4 have the same name/);
    expect(await appendedTo([{ a: 1 }], [["a", "i4"]], "a,a\n3,4\n")).toMatch(/^columns 1 and 2 have the same name/);
    expect(await appended('{"a":1,"b":{"c":1,"c" :2}}\n', "ndjson")).toBe('line 1: the object has the key "c" twice: remove one');
    expect(await appended('{"a":1,"\\u0061":2}\n', "ndjson")).toMatch(/the object has the key "a" twice/);
    expect(await appended('{"a":"x\\":y","b\\\\":{"a":1}}\n', "ndjson")).toEqual([{ a: 'x":y', "b\\": { a: 1n } }]);
  });
});

describe("lines", () => {
  test("that are blank are refused in a single column, except at the end; a quoted cell is a row", async () => {
    expect(await appended('s\n"x"\n""\n" "\n"y"\n\n\n', "csv")).toEqual(["x", "", " ", "y"].map((s) => ({ s })));
    expect(await appended("s\nx\n\ny\n", "csv")).toMatch(/^line 3 is blank: .*""/);
    expect(await appended("\ns\nx\n", "csv")).toMatch(/^line 1 is blank/);
    expect(await appended("s\nx\n  \n", "csv")).toMatch(/^line 3 holds only spaces/);
    expect(await appended('1\n""\n3\n', "csv")).toEqual([1, Number.NaN, 3]);
    expect(await appended("1\n\n3\n", "csv")).toMatch(/^line 2 is blank/);
    expect(await appended("\na,b\n\n1,2\n \n3,4\n\n", "csv")).toEqual([
      { a: 1n, b: 2n },
      { a: 3n, b: 4n },
    ]);
    expect(await appended("a\tb\n\t\nx\t \n", "tsv", "--dtype", "a:U1,b:U1")).toEqual([
      { a: "", b: "" },
      { a: "x", b: " " },
    ]);
  });

  test.each(["\n", "\r\n", "\r"])("end in %o, and cells keep their own", async (end) => {
    const rows = ["a,b", '"x\ry\r\nz\n",1', '"""q""",2', "-0,3"].join(end);
    const expected = [
      { a: "x\ry\r\nz\n", b: 1n },
      { a: '"q"', b: 2n },
      { a: "-0", b: 3n },
    ];
    expect(await appended(rows, "csv")).toEqual(expected);
    expect(await appended(rows + end, "csv")).toEqual(expected);
    expect(await appended(["1", "", "2.5"].join(end), "ndjson")).toEqual([1, 2.5]);
  });

  test("of JSON end only at line feeds and carriage returns", async () => {
    expect(await appended('"a\u2028b"\n"\u2029"\n', "ndjson")).toEqual(["a\u2028b", "\u2029"]);
    expect(await appended('"\\u0000integer:5"\n"1234567890123456"\n', "ndjson")).toEqual(["\0integer:5", "1234567890123456"]);
  });

  test("with quotes that are unclosed, or closed too early, are named in the error", async () => {
    expect(await appended('a,b\n"x\ny",1\n2,"z\n1,2\n', "csv")).toMatch(
      /^line 4: a quoted cell begins in this record, and does not end/,
    );
    expect(await appended('a,b\n"x"y,1\n', "csv")).toMatch(/^line 2: a quoted cell ends before "y,1/);
    expect(await appended('a,b\n"x" ,1"2\n', "csv")).toEqual([{ a: "x", b: '1"2' }]);
  });

  test.each(["3,4\n", '""\n'])(
    "a quote that is never closed takes neither all memory nor the square of the time: %o",
    async (rest) => {
      const text = Buffer.concat([Buffer.from('a,b\n1,2\n"1,2\n'), Buffer.alloc(2 ** 25, rest)]);
      const start = performance.now();
      expect(await appended(text, "csv")).toMatch(/^line 3: a quoted cell begins in this record, and does not end/);
      expect(performance.now() - start).toBeLessThan(20_000);
    },
  );

  test("make the same records wherever pieces end", async () => {
    const rows = Array.from({ length: 40_000 }, (_, i) => ({ s: i % 3 === 0 ? `"${i}",\r\n` : `${i} é`, n: BigInt(i) }));
    const text = rows.map(({ s, n }) => `${/[",]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s},${n}`);
    for (const end of ["\n", "\r\n"]) expect(await appended(["s,n", ...text, ""].join(end), "csv")).toEqual(rows);
  });
});

describe("numbers", () => {
  test.each([
    ["csv", "id,x\n9007199254740993,a\n,b\n", /^line 2, column "id": "9007199254740993": float64, .*--columns/],
    ["csv", "id,x\n18446744073709551615,a\n-1,b\n", /^line 2, column "id"/],
    ["csv", "1,9007199254740993\n", /^line 1, column "f1"/],
    ["csv", "a\n1.5\n-9007199254740993\n", /^line 3, column "a"/],
    ["ndjson", '{"id":9007199254740993}\n{"id":null}\n', /^line 1: field "id": 9007199254740993: float64/],
    ["ndjson", "[18446744073709551615,-1]\n", /^line 1: 18446744073709551615/],
    ["ndjson", "0.5\n9007199254740993\n", /^line 2: 9007199254740993/],
    ["csv", "a\n1e400\n", /^line 2, .*beyond the largest float64/],
    ["ndjson", "1e400\n", /^line 1: 1e400: it is beyond the largest float64/],
  ] as const)("%s: %o is not rounded", async (extension, text, message) => {
    expect(await appended(text, extension)).toMatch(message);
  });

  test("are not rounded by a float64 that was inferred from another source of the same call", async () => {
    const [gaps, ids] = ["gaps", "ids"].map((name) => join(directory, `${name}.csv`)) as [string, string];
    writeFileSync(gaps, "id,x\n1,a\n,b\n");
    writeFileSync(ids, "id,x\n9007199254740993,c\n");
    const file = join(directory, "both.npy");
    expect((await ran("append", file, gaps, ids)).problem).toMatch(/ids\.csv: line 2, column "id".*\(.*holds 2 rows/);
    expect((await ran("append", file, ids)).problem).toBe(undefined);
    expect((await ran("append", `${file}2`, gaps, ids, "--columns", "id:f8,x")).problem).toBe(undefined);
  });

  test("are rounded like float() if the user chose float64", async () => {
    const text = "id\n9007199254740993\n\n";
    expect(await appended(text, "csv", "--columns", "id:f8")).toEqual([{ id: 9007199254740992 }]);
    expect(await appended(text, "csv", "--dtype", "f8", "--row-shape", "")).toEqual([9007199254740992]);
    expect(await appended('{"id":9007199254740993}\n', "ndjson", "--dtype", "id:f8")).toEqual([{ id: 9007199254740992 }]);
    expect(await appended("a\n9007199254740992\n0.30000000000000004\n", "csv")).toEqual([
      { a: 2 ** 53 },
      { a: 0.30000000000000004 },
    ]);
  });

  test.each(["1e-400", "1.0000000000000000001", "0x10", "1_000", "1,5", "9007199254740991.4", "1e99999999999"])(
    "%s is no whole number",
    async (text) => {
      expect(await appended(`"${text}"\n`, "csv", "--no-header", "--dtype", "i8")).toMatch(/^line 1, .*expected a whole number/);
    },
  );

  test("that are whole are exact however they are written", async () => {
    const text = "1.0,1e3,123e-0,9007199254740993.00,-9.223372036854775808e18,900719925474099.3e1\n";
    const expected = [1n, 1000n, 123n, 9007199254740993n, -(2n ** 63n), 9007199254740993n];
    expect(await appended(text, "csv", "--dtype", "i8")).toEqual(expected);
    expect(await appended(`[${text.trim()}]\n`, "ndjson", "--dtype", "i8")).toEqual(expected);
    expect(await appended("1.0000000000000000001\n", "ndjson", "--dtype", "i8")).toMatch(/expected a whole number/);
    expect(await appended("9007199254740993.5\n", "ndjson", "--dtype", "i8")).toMatch(/expected a whole number/);
  });

  test("that are whole floats stay floats", async () => {
    const file = join(directory, "whole.npy");
    saveSync(file, [1, -0, 2e20, Number.POSITIVE_INFINITY]);
    const { stdout } = await ran("slice", file, "--ndjson");
    expect(await appended(stdout, "ndjson")).toEqual([1, -0, 2e20, Number.POSITIVE_INFINITY]);
    expect(await appended("1.0\n2.0\n", "ndjson")).toEqual([1, 2]);
    expect(await appended("1\n2\n", "ndjson")).toEqual([1n, 2n]);
  });

  test("that are missing become NaN or NaT, or are refused", async () => {
    const nan = Number.NaN;
    expect(await appended("NA,nan,null,\n", "csv", "--dtype", "c16")).toEqual([nan, 0, nan, 0, nan, 0, nan, 0]);
    expect(await appended("NA,NaT,null,\n", "csv", "--dtype", "M8[s]")).toEqual(Array(4).fill(-(2n ** 63n)));
    expect(await appended('null\n{"re":null,"im":1}\n', "ndjson", "--dtype", "c8")).toEqual([nan, 0, nan, 1]);
    expect(await appended(",1\n", "csv", "--dtype", "i4")).toMatch(/expected a whole number/);
    expect(await appended(`${-(2n ** 63n)}\n`, "csv", "--dtype", "m8[s]")).toMatch(/NaT/);
    expect(await appended("1677-09-21T00:12:43.145224192\n", "csv", "--dtype", "M8[ns]")).toMatch(/beyond/);
  });

  test("a cell of a million digits that is not a number takes no time", async () => {
    const start = performance.now();
    for (const cell of [`${"1".repeat(1e6)}x`, `${"1".repeat(1e6)}jj`, `.${"1".repeat(1e6)}e`]) {
      expect(await appended(`${cell}\n`, "csv", "--no-header", "--dtype", "c16")).toMatch(/expected a complex/);
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

test("delimiters are checked", async () => {
  expect(await appended("a;b\n1;2\n", "csv", "--delimiter", ";")).toEqual([{ a: 1n, b: 2n }]);
  expect(await appended("a\tb\n1\t2\n", "csv", "--delimiter", "\\t")).toEqual([{ a: 1n, b: 2n }]);
  expect(await appended('"a;"::b\n1::2\n', "csv", "--delimiter", "::")).toEqual([{ "a;": 1n, b: 2n }]);
  expect(await appended("a\n", "csv", "--delimiter", '"')).toMatch(/not a quote/);
});

describe("CSV in pieces", () => {
  const cells = ["", "a", '"a"', '"a,b"', '"a\nb"', '"\r\n"', '""""', '"" ', " a"];
  const text = fc
    .array(fc.array(fc.constantFrom(...cells), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 5 })
    .chain((rows) => fc.constantFrom("\n", "\r\n", "\r").map((end) => rows.map((row) => row.join(",")).join(end)));

  test("is read as CSV in one piece", () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(60), { maxLength: 8 }), (csv, places) => {
        const cuts = [0, ...places.filter((place) => place < csv.length).toSorted((a, b) => a - b), csv.length];
        const pieces = cuts.slice(1).map((end, i) => csv.slice(cuts[i], end));
        expect(recordsIn(pieces)).toEqual(recordsIn([csv]));
      }),
      { numRuns: runs(2000) },
    );
  });

  // Work that grows with the square of their number would take minutes.
  const MANY = 200_000;

  test.each<[name: string, pieces: string[], cells: number]>([
    ["a record without quotes", Array<string>(MANY).fill("a,"), MANY + 1],
    ["closed quotes", Array<string>(MANY).fill('"a",'), MANY + 1],
    ["closed quotes around line ends", Array<string>(MANY).fill('"a\n",'), MANY + 1],
    ["a quote, then cells without", ['"a",', ...Array<string>(MANY).fill("b,")], MANY + 2],
    ["a quote over many lines", ['"', ...Array<string>(MANY).fill("a\n"), '"'], 1],
  ])("takes time that grows with its length: %s", (_name, pieces, cells) => {
    const { records, lines } = recordsIn(pieces);
    expect(records.map((record) => record.length)).toEqual([cells]);
    expect(lines).toEqual([1]);
  });
});

function recordsIn(pieces: readonly string[]): { records: (readonly string[])[]; lines: number[] } {
  const reader = new CsvReader("-", ",");
  const parts = [...pieces.map((piece) => reader.push(piece)), reader.end()];
  return { records: parts.flatMap(({ cells }) => cells), lines: parts.flatMap(({ lines }) => lines) };
}

test("text without a byte below 0x30 takes time that grows with its length", async () => {
  // Work that grows with the square of their number would take minutes.
  const many = 400_000;
  const blocks = async function* (): AsyncGenerator<Uint8Array, void, void> {
    for (let i = 0; i < many; i++) yield Uint8Array.of(i % 2 === 0 ? 0x82 : 0xa0);
  };
  let text = "";
  for await (const piece of decoded(blocks(), "shift_jis")) text += piece;
  expect(text).toBe("あ".repeat(many / 2));
});
