/** What a file's `U` has that no JavaScript string holds is kept, wherever it was read and by whatever way it is written again. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ArrayInput,
  type Descr,
  dtype,
  formatHeader,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  NpyReader,
  parseHeader,
  type RecordArray,
  saveSync,
} from "../src/index.ts";

const [HIGH, LOW] = [0xd834, 0xdd1e];
const PAIR = "\u{1d11e}";

/** The bytes of texts of `length` code points each. */
function bytesOf(texts: readonly (readonly number[])[], length: number, isLittle: boolean): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(texts.length * length * 4);
  const view = new DataView(bytes.buffer);
  texts.forEach((codes, i) => {
    codes.forEach((code, j) => {
      view.setUint32((i * length + j) * 4, code, isLittle);
    });
  });
  return bytes;
}

function fileOf(descr: Descr, data: Uint8Array, shape?: readonly number[]): MemoryStorage {
  const type = dtype(descr);
  const header = formatHeader({ dtype: type, shape: shape ?? [data.length / type.itemsize], fortranOrder: false });
  return new MemoryStorage(new Uint8Array([...header, ...data]));
}

function dataOf(storage: MemoryStorage): Uint8Array {
  const bytes = storage.bytes() as Uint8Array;
  return bytes.slice(parseHeader(bytes).headerLength);
}

/** The data of a file that is created for an input, to which it is appended once more. */
function twice(descr: Descr, input: unknown, rowShape: readonly number[] = []): Uint8Array {
  const storage = new MemoryStorage();
  const file = NpyAppendArray.openSync(storage, { dtype: descr, rowShape });
  file.append(input as ArrayInput);
  file.append(input as ArrayInput);
  file.close();
  return dataOf(storage);
}

const doubled = (data: Uint8Array): Uint8Array => new Uint8Array([...data, ...data]);

const TEXTS = [[HIGH, LOW], [97], [LOW, HIGH], [HIGH, HIGH, LOW], [0x1d11e, 0xe9], [0x110000], [0xffffffff, 0, 98], [HIGH], []];

describe.each([
  ["<", true],
  [">", false],
] as const)("in byte order %s", (order, isLittle) => {
  const descr = `${order}U3`;
  const data = bytesOf(TEXTS, 3, isLittle);
  const file = fileOf(descr, data);

  test("texts are read as strings", () => {
    expect(loadSync(file).data).toEqual([
      ...[PAIR, "a", "\udd1e\ud834", `\ud834${PAIR}`, `${PAIR}é`, "\ufffd", "\ufffd\0b", "\ud834", ""],
    ]);
  });

  test("what was read is written as it was", () => {
    const array = loadSync(file);
    expect(twice(descr, array)).toEqual(doubled(data));
    expect(twice(descr, array.data)).toEqual(doubled(data));
    expect(twice(descr, { data: array.data, shape: [TEXTS.length] })).toEqual(doubled(data));
    const saved = new MemoryStorage();
    saveSync(saved, array);
    expect(saved.bytes()).toEqual(file.bytes());
  });

  test("so are slices, chunks, and what is awaited", async () => {
    const reader = await NpyReader.open(file);
    const storage = new MemoryStorage();
    await using grown = await NpyAppendArray.open(storage);
    await grown.append((await reader.read(0, 2)) as ArrayInput);
    for await (const chunk of reader.chunks({ rows: 2 })) await grown.append(chunk as ArrayInput);
    await grown.append((await load(file)) as ArrayInput);
    expect(dataOf(storage)).toEqual(new Uint8Array([...data.subarray(0, 24), ...doubled(data)]));
    await reader.close();
  });

  test("the shortest U counts code points as the file had them", () => {
    const saved = new MemoryStorage();
    saveSync(saved, (loadSync(fileOf(descr, bytesOf([[97], [HIGH, LOW]], 3, isLittle))) as { data: string[] }).data);
    expect(loadSync(saved)).toMatchObject({ dtype: { str: "<U2" }, data: ["a", PAIR] });
    expect(dataOf(saved)).toEqual(bytesOf([[97], [HIGH, LOW]], 2, true));
  });

  test("into a longer U, and not into a shorter one nor into bytes", () => {
    const array = loadSync(fileOf(descr, bytesOf([[HIGH, LOW]], 3, isLittle))) as { data: string[] };
    expect(twice("<U4", array.data)).toEqual(doubled(bytesOf([[HIGH, LOW]], 4, true)));
    expect(() => twice("<U1", array.data)).toThrow(/2 characters, expected at most 1/);
    for (const input of [array, array.data]) expect(() => twice("|S9", input)).toThrow(/latin-1|rule/);
  });

  test("strings in the places of others are taken as they are", () => {
    const array = loadSync(fileOf(descr, bytesOf([[HIGH, LOW], [98]], 3, isLittle))) as { data: string[] };
    array.data.reverse();
    expect(twice(descr, array)).toEqual(doubled(bytesOf([[98], [0x1d11e]], 3, isLittle)));
  });

  test("arrays of them are joined, and strided views followed", () => {
    const array = loadSync(fileOf(descr, bytesOf([[HIGH, LOW], [97]], 3, isLittle))) as { data: string[] };
    const rows = bytesOf([[HIGH, LOW], [97], [HIGH, LOW], [97]], 3, isLittle);
    expect(twice(descr, [array.data, array.data], [2])).toEqual(doubled(rows));
    const reversed = { data: array.data, shape: [2], strides: [-1], offset: 1 };
    expect(twice(descr, reversed)).toEqual(doubled(bytesOf([[97], [HIGH, LOW]], 3, isLittle)));
  });

  const RECORD: Descr = [
    ["n", "|u1"],
    ["name", descr],
    ["inner", [["tags", descr, [2]]], [2]],
  ];
  const record = (n: number): number[] => [
    ...[n, ...bytesOf([[HIGH, LOW], [97], [HIGH], [0x110001], [HIGH, LOW, 99]], 3, isLittle)],
  ];
  const records = Uint8Array.from([1, 2, 3].flatMap(record));

  test("records keep them as objects and as columns", () => {
    const { data: array } = loadSync(fileOf(RECORD, records)) as { data: RecordArray };
    expect(array.at(-1)).toEqual({
      n: 3,
      name: PAIR,
      inner: [{ tags: ["a", "\ud834"] }, { tags: ["\ufffd", `${PAIR}c`] }],
    });
    expect(twice(RECORD, [...array])).toEqual(doubled(records));
    expect(twice(RECORD, [array.at(0), array.at(1), array.at(2)])).toEqual(doubled(records));
    expect(twice(RECORD, array)).toEqual(doubled(records));
    expect(twice(RECORD, array.columns())).toEqual(doubled(records));
    const byName: Descr = [["name", descr]];
    expect(twice(byName, { name: array.column("name") })).toEqual(doubled(bytesOf(Array(3).fill([HIGH, LOW]), 3, isLittle)));
  });

  test("any code points", () => {
    const code = fc.oneof(fc.constantFrom(HIGH, LOW, 0xd800, 0xdfff, 0x10ffff, 0x110000), fc.nat(0xffffffff));
    const texts = fc.array(fc.array(code, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(texts, (codes) => {
        const bytes = bytesOf(codes, 3, isLittle);
        expect(twice(descr, loadSync(fileOf(descr, bytes)))).toEqual(doubled(bytes));
        const own: Descr = [["s", descr, [3]]];
        const inThrees = new Uint8Array([...bytes, ...bytes, ...bytes]);
        const { data: array } = loadSync(fileOf(own, inThrees)) as { data: RecordArray };
        expect(twice(own, [...array])).toEqual(doubled(inThrees));
        expect(twice(own, array.columns())).toEqual(doubled(inThrees));
      }),
    );
  });
});
