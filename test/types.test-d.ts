/** What the compiler knows. */
import { expectTypeOf, test } from "vitest";
import {
  type AppendInput,
  type ArrayInput,
  arraysOf,
  arraysOfSync,
  type CheckedDType,
  type ColumnsOf,
  type ComplexNumber,
  type DataOf,
  type DType,
  type DTypeLike,
  dtype,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type NpyAppendArraySync,
  type NpyArray,
  type NpyChunk,
  type NpyData,
  NpyGroupReader,
  NpyReader,
  type NpyReaderSync,
  type OpenOptions,
  type RaggedArray,
  type RawChunk,
  type RecordArray,
  type RecordOf,
  type RowOf,
  save,
} from "../src/node.ts";

test("a dtype gives its typed array", () => {
  expectTypeOf<DataOf<"float32">>().toEqualTypeOf<Float32Array<ArrayBuffer>>();
  expectTypeOf<DataOf<"<f8">>().toEqualTypeOf<Float64Array<ArrayBuffer>>();
  expectTypeOf<DataOf<">i8">>().toEqualTypeOf<BigInt64Array<ArrayBuffer>>();
  expectTypeOf<DataOf<"bool">>().toEqualTypeOf<Uint8Array<ArrayBuffer>>();
  expectTypeOf<DataOf<"float16">>().toEqualTypeOf<Float32Array<ArrayBuffer>>();
  expectTypeOf<DataOf<"complex128">>().toEqualTypeOf<Float64Array<ArrayBuffer>>();
  expectTypeOf<DataOf<"<M8[ns]">>().toEqualTypeOf<BigInt64Array<ArrayBuffer>>();
  expectTypeOf<DataOf<"datetime64[ms]">>().toEqualTypeOf<BigInt64Array<ArrayBuffer>>();
  expectTypeOf<DataOf<"<U10">>().toEqualTypeOf<string[]>();
  expectTypeOf<DataOf<"|S5">>().toEqualTypeOf<string[]>();
  expectTypeOf<DataOf<string>>().toEqualTypeOf<NpyData>();
});

test("select with fields gives records of these fields, in either form of a dtype", async () => {
  const reader = await NpyReader.open("a.npy", { dtype: { t: "<f8", id: "int32", pos: ["<f4", [3]] } });
  const some = await reader.select([{ step: 2 }], { fields: ["pos", "t"] });
  expectTypeOf(some.data.at(0)).toEqualTypeOf<{ t: number; pos: Float32Array<ArrayBuffer> } | undefined>();
  expectTypeOf(some.data.column("t")).toEqualTypeOf<Float64Array<ArrayBuffer>>();
  // @ts-expect-error: there is no such field
  void reader.select([], { fields: ["time"] });
  const all = await reader.select([null, 0n], { order: "F" });
  expectTypeOf(all.data.at(0)?.id).toEqualTypeOf<number | undefined>();
  const listed = await NpyReader.open("a.npy", {
    dtype: [
      ["t", "<f8"],
      ["id", "<i8"],
    ],
  });
  expectTypeOf((await listed.select([], { fields: ["id"] })).data.column("id")).toEqualTypeOf<BigInt64Array<ArrayBuffer>>();
  const unknown = await NpyReader.open("a.npy");
  expectTypeOf((await unknown.select([], { fields: ["anything"] })).data).toEqualTypeOf<NpyData>();
  expectTypeOf((await unknown.take(new Int32Array(3))).data).toEqualTypeOf<NpyData>();
  const floats = await NpyReader.open("a.npy", { dtype: "float32" });
  expectTypeOf((await floats.take([1n, 2])).data).toEqualTypeOf<Float32Array<ArrayBuffer>>();
  expectTypeOf((await floats.select([3])).data).toEqualTypeOf<Float32Array<ArrayBuffer>>();
  // @ts-expect-error: a mask
  void floats.take([true, false]);
  // @ts-expect-error: text
  void floats.select(["0:10"]);
});

test("load and NpyReader give data of the dtype that they are told", async () => {
  expectTypeOf(load("a.npy", { dtype: "float32" })).resolves.toEqualTypeOf<NpyArray<"float32">>();
  expectTypeOf((await load("a.npy", { dtype: "float32" })).data).toEqualTypeOf<Float32Array<ArrayBuffer>>();
  expectTypeOf(loadSync("a.npy", { dtype: dtype("uint16") }).data).toEqualTypeOf<Uint16Array<ArrayBuffer>>();
  expectTypeOf((await load("a.npy")).data).toEqualTypeOf<NpyData>();
  const reader = await NpyReader.open("a.npy", { dtype: "int64" });
  expectTypeOf((await reader.read()).data).toEqualTypeOf<BigInt64Array<ArrayBuffer>>();
  for await (const { data } of reader.chunks()) expectTypeOf(data).toEqualTypeOf<BigInt64Array<ArrayBuffer>>();
});

test("chunks say where they begin, and rows are values, records or the data of a row", async () => {
  const reader = await NpyReader.open("a.npy", { dtype: "int64" });
  for await (const chunk of reader.chunks()) expectTypeOf(chunk).toEqualTypeOf<NpyChunk<"int64">>();
  for await (const { start } of reader.follow()) expectTypeOf(start).toEqualTypeOf<number>();
  for await (const row of reader.rows()) expectTypeOf(row).toEqualTypeOf<bigint | BigInt64Array<ArrayBuffer>>();
  const sync = NpyReader.openSync("a.npy", { dtype: [["t", "<f8"]] });
  for (const row of sync.rows()) expectTypeOf(row.t).toEqualTypeOf<number>();
  for (const row of NpyReader.openSync("a.npy").rows()) expectTypeOf(row).toEqualTypeOf<unknown>();
  expectTypeOf<RowOf<"bool">>().toEqualTypeOf<number | Uint8Array<ArrayBuffer>>();
  expectTypeOf<RowOf<"complex64">>().toEqualTypeOf<ComplexNumber | Float32Array<ArrayBuffer>>();
  expectTypeOf<RowOf<"<U5">>().toEqualTypeOf<string | string[]>();
  for await (const one of arraysOf("a.npy", { dtype: "int8" })) expectTypeOf(one).toEqualTypeOf<NpyReader<"int8">>();
  for (const one of arraysOfSync("a.npy")) expectTypeOf(one).toEqualTypeOf<NpyReaderSync>();
});

test("a misspelt option is refused", () => {
  void NpyAppendArray.open("a.npy", { deleteIfExists: true, dtype: "float32", rowShape: [3] });
  // @ts-expect-error
  void NpyAppendArray.open("a.npy", { deleteIfExist: true });
  // @ts-expect-error
  void NpyAppendArray.open("a.npy", { casting: "samekind" });
  // @ts-expect-error
  void NpyAppendArray.open("a.npy", { dtype: "float32", rowShape: 3 });
  // @ts-expect-error
  void NpyReader.open("a.npy", { mmapp: true });
  void NpyReader.open("a.npy", { mmap: true, advise: "random" });
  // @ts-expect-error
  void NpyReader.open("a.npy", { mmap: true, advise: "willneed" });
  // @ts-expect-error
  void load("a.npy", { mmap: true });
});

test("arrays of other shapes than rows are refused", () => {
  const npaa = NpyAppendArray.openSync("a.npy");
  npaa.append([[1, 2]]);
  npaa.append([new Float32Array(3)]);
  npaa.append({ data: new Float64Array(6), shape: [2, 3], strides: [1, 2], offset: 0 });
  npaa.append({ data: new ArrayBuffer(8), shape: [1], dtype: ">f8" });
  npaa.append([new Date(), new Date()]);
  // @ts-expect-error
  npaa.append({ data: new Float64Array(6) });
  // @ts-expect-error
  npaa.append(undefined);
});

test("rows one by one, and arrays of other libraries", async () => {
  const npaa = await NpyAppendArray.open("a.npy", { dtype: { t: "float64", name: "U5" } });
  const rows = [{ t: 1, name: "a" }];
  expectTypeOf(npaa.appendFrom(rows, { each: "row" })).resolves.toEqualTypeOf<number>();
  await npaa.appendFrom(new Map([["a", rows[0]]]).values() as Iterable<{ t: number; name: string }>, { each: "row" });
  // @ts-expect-error
  await npaa.appendFrom([{ t: 1 }], { each: "row" });
  // @ts-expect-error
  await npaa.appendFrom(rows, { each: "rows" });
  expectTypeOf(npaa.writable({ each: "row" })).toEqualTypeOf<
    WritableStream<{ readonly t: number | bigint | null; readonly name: string }>
  >();
  const any = await NpyAppendArray.open("a.npy");
  await any.appendFrom([1, [2], new Float32Array(3)], { each: "row" });
  await any.append({ data: new Uint8ClampedArray(8), width: 1, height: 2 });
  await any.append([{ data: new Uint8ClampedArray(8), width: 1, height: 2 }]);
  await any.append([{ data: new Float32Array(4), shape: [2, 2] }]);
  await any.append(new Map([["a", [1, 2]]]));
});

const LIST = [
  ["t", "<f8"],
  ["", "V4"],
  [["a title", "id"], "<i8"],
  ["pos", "<f4", [3]],
  ["at", { x: "int32", name: "U5" }],
  ["corners", [["x", ">u2"]], [2, 2]],
] as const;

interface ListRecord {
  t: number;
  id: bigint;
  pos: Float32Array<ArrayBuffer>;
  at: { x: number; name: string };
  corners: { x: number }[];
}

interface ListColumns {
  t: Float64Array<ArrayBuffer>;
  id: BigInt64Array<ArrayBuffer>;
  pos: Float32Array<ArrayBuffer>;
  at: RecordArray<{ x: number; name: string }, { x: Int32Array<ArrayBuffer>; name: string[] }>;
  corners: RecordArray<{ x: number }, { x: Uint16Array<ArrayBuffer> }>;
}

test("a list of fields gives its records and columns; titles and padding are no names", () => {
  expectTypeOf<RecordOf<typeof LIST>>().toEqualTypeOf<ListRecord>();
  expectTypeOf<ColumnsOf<typeof LIST>>().toEqualTypeOf<ListColumns>();
  expectTypeOf<DataOf<typeof LIST>>().toEqualTypeOf<RecordArray<ListRecord, ListColumns>>();
});

test("an object of fields gives the same, with a value for every kind of dtype", () => {
  type Kinds = {
    flag: "bool";
    small: ">u1";
    long: "uint64";
    half: "f2";
    wide: "c16";
    when: "datetime64[ms]";
    span: "<m8[s]";
    text: "|S5";
    raw: "V3";
    longdouble: "f16";
    strings: ["U2", [2]];
    waves: ["c8", 4];
    deep: { inner: [{ k: "i1" }, [2]] };
    made: DType<"float32">;
  };
  expectTypeOf<RecordOf<Kinds>>().toEqualTypeOf<{
    flag: boolean;
    small: number;
    long: bigint;
    half: number;
    wide: ComplexNumber;
    when: bigint;
    span: bigint;
    text: string;
    raw: Uint8Array<ArrayBuffer>;
    longdouble: Uint8Array<ArrayBuffer>;
    strings: string[];
    waves: Float32Array<ArrayBuffer>;
    deep: { inner: { k: number }[] };
    made: number;
  }>();
  expectTypeOf<ColumnsOf<Kinds>["flag"]>().toEqualTypeOf<Uint8Array<ArrayBuffer>>();
  expectTypeOf<ColumnsOf<Kinds>["text"]>().toEqualTypeOf<string[]>();
  expectTypeOf<ColumnsOf<Kinds>["half"]>().toEqualTypeOf<Float32Array<ArrayBuffer>>();
  expectTypeOf<ColumnsOf<Kinds>["deep"]>().toEqualTypeOf<
    RecordArray<{ inner: { k: number }[] }, { inner: RecordArray<{ k: number }, { k: Int8Array<ArrayBuffer> }> }>
  >();
});

test("dtype knows what it was given, also where it stands straight in the call", () => {
  const type = dtype({ t: "float64", pos: ["float32", [3]] });
  expectTypeOf<RecordOf<typeof type>>().toEqualTypeOf<{ t: number; pos: Float32Array<ArrayBuffer> }>();
  const listed = dtype(
    [
      ["t", "<f8"],
      [["title", "n"], "u1"],
    ],
    { align: true },
  );
  expectTypeOf<RecordOf<typeof listed>>().toEqualTypeOf<{ t: number; n: number }>();
  expectTypeOf(dtype(type)).toEqualTypeOf(type);
  const nested = dtype({ inner: type });
  expectTypeOf<RecordOf<typeof nested>>().toEqualTypeOf<{ inner: { t: number; pos: Float32Array<ArrayBuffer> } }>();
});

test("reading a structure gives its records and columns", async () => {
  const { data } = await load("a.npy", { dtype: LIST });
  expectTypeOf(data.at(0)).toEqualTypeOf<ListRecord | undefined>();
  for (const record of data) expectTypeOf(record).toEqualTypeOf<ListRecord>();
  expectTypeOf(data.columns()).toEqualTypeOf<ListColumns>();
  expectTypeOf(data.column("id")).toEqualTypeOf<BigInt64Array<ArrayBuffer>>();
  expectTypeOf(data.column("at.x")).toEqualTypeOf<NpyData>();
  expectTypeOf(loadSync("a.npy", { dtype: [["t", "<f8"]] }).data.column("t")).toEqualTypeOf<Float64Array<ArrayBuffer>>();
  const reader = await NpyReader.open("a.npy", { dtype: { t: "<f8", id: dtype("int32") } });
  expectTypeOf((await reader.read()).data.at(0)).toEqualTypeOf<{ t: number; id: number } | undefined>();
  for await (const chunk of reader.chunks()) expectTypeOf(chunk.data.column("id")).toEqualTypeOf<Int32Array<ArrayBuffer>>();
});

test("only records and columns of the file's fields can be appended", async () => {
  const npaa = await NpyAppendArray.open("a.npy", {
    dtype: { t: "float64", id: "int32", pos: ["float32", [3]], when: "M8[ms]", at: { x: "int8", ok: "bool" } },
  });
  const at = { x: 1, ok: true };
  const record = { t: 1, id: 2, pos: [1, 2, 3], when: new Date(), at };
  void npaa.append([record, { ...record, id: 2n, pos: new Float32Array(3), when: 5n }]);
  void npaa.append([[record], [record]]);
  // @ts-expect-error: misspelt
  void npaa.append([{ t: 1, ID: 2, pos: [1, 2, 3], when: 0n, at }]);
  // @ts-expect-error: missing
  void npaa.append([{ t: 1, id: 2, when: 0n, at }]);
  // @ts-expect-error: one too many
  void npaa.append([{ t: 1, id: 2, pos: [1, 2, 3], when: 0n, at, speed: 3 }]);
  // @ts-expect-error: of another type
  void npaa.append([{ t: "1", id: 2, pos: [1, 2, 3], when: 0n, at }]);
  // @ts-expect-error: one for an array of three
  void npaa.append([{ t: 1, id: 2, pos: 1, when: 0n, at }]);
  // @ts-expect-error: within another structure
  void npaa.append([{ t: 1, id: 2, pos: [1, 2, 3], when: 0n, at: { x: 1, okay: true } }]);
  // @ts-expect-error: a record that is in no array
  void npaa.append({ t: 1, id: 2, pos: [1, 2, 3], when: 0n, at });
  // @ts-expect-error: no records
  void npaa.append([1, 2]);

  const columns = { t: new Float64Array(2), id: [1, 2], pos: new Float32Array(6), when: [new Date(0), new Date(1)] };
  void npaa.append({ ...columns, at: [at, at] });
  void npaa.append({ ...columns, at: { x: new Int8Array(2), ok: [true, false] } });
  // @ts-expect-error: misspelt
  void npaa.append({ t: [1], ID: [2], pos: [[1, 2, 3]], when: [0n], at: [at] });
  // @ts-expect-error: missing
  void npaa.append({ t: [1], pos: [[1, 2, 3]], when: [0n], at: [at] });
  // @ts-expect-error: one too many
  void npaa.append({ t: [1], id: [2], pos: [[1, 2, 3]], when: [0n], at: [at], speed: [3] });
  // @ts-expect-error: no array
  void npaa.append({ t: 1, id: [2], pos: [[1, 2, 3]], when: [0n], at: [at] });

  void npaa.append(await load("a.npy"));
  const { data } = await load("a.npy", { dtype: npaa.dtype as NonNullable<typeof npaa.dtype> });
  void npaa.append(data);
  void npaa.append([...data]);
  void npaa.append(data.columns());
  void npaa.append({ data: new ArrayBuffer(34), shape: [1], dtype: "V34" });
});

test("a list of fields says as much, to the synchronous array, too", () => {
  const npaa = NpyAppendArray.openSync("a.npy", { dtype: LIST });
  const at = { x: 1, name: "a" };
  npaa.append([
    {
      t: 1,
      id: 2n,
      pos: [1, 2, 3],
      at,
      corners: [
        [{ x: 1 }, { x: 2 }],
        [{ x: 3 }, { x: 4 }],
      ],
    },
  ]);
  npaa.append([{ t: 1, id: 2n, pos: [1, 2, 3], at, corners: [{ x: 1 }, { x: 2 }, { x: 3 }, { x: 4 }] }]);
  npaa.append({ t: [1], id: [2n], pos: [1, 2, 3], at: { x: [1], name: ["a"] }, corners: { x: [1, 2, 3, 4] } });
  // @ts-expect-error: the title is not the name
  npaa.append([{ t: 1, "a title": 2n, pos: [1, 2, 3], at, corners: [] }]);
  // @ts-expect-error: padding has no name
  npaa.append([{ t: 1, id: 2n, pos: [1, 2, 3], at, corners: [], "": new Uint8Array(4) }]);
});

test("of a dtype that is not known everything is taken", () => {
  expectTypeOf<AppendInput<string>>().toEqualTypeOf<ArrayInput>();
  expectTypeOf<AppendInput<{ [name: string]: "float64" }>>().toEqualTypeOf<ArrayInput>();
  expectTypeOf<DataOf<[string, string][]>>().toEqualTypeOf<NpyData>();
  expectTypeOf<RecordOf<DType>>().toEqualTypeOf<{ [name: string]: unknown }>();
  const npaa = NpyAppendArray.openSync("a.npy");
  npaa.append([{ anything: 1 }]);
  npaa.append({ anything: [1, 2] });
});

interface Row {
  id: number;
  name: string;
  at?: Date | null;
}

class Measurement {
  readonly t: number;
  readonly #secret = 1;
  constructor(t: number) {
    this.t = t;
  }
  secret(): number {
    return this.#secret;
  }
}

test("objects of an interface, a type or a class are records", async () => {
  const rows: Row[] = [{ id: 1, name: "a", at: null }];
  const frozen: readonly Readonly<Row>[] = rows;
  const typed: { a: number }[] = [{ a: 1 }];
  const npaa = await NpyAppendArray.open("a.npy", { nulls: "nan" });
  await npaa.append(rows);
  await npaa.append(frozen);
  await npaa.append(typed);
  await npaa.append([rows, rows]);
  await npaa.append([{ id: 1, name: "a", nested: { x: [1, 2] } }]);
  await npaa.append([new Measurement(1)]);
  await save("a.npy", rows);
  await save("a.npy", [{ id: 1, at: new Date() }]);
  const known = await NpyAppendArray.open("a.npy", { dtype: { id: "float64", name: "U5" } });
  const knownRows: { id: number; name: string }[] = rows;
  await known.append(knownRows);
  NpyAppendArray.openSync("a.npy").append(rows);
  // @ts-expect-error: an await is missing
  await npaa.append([load("a.npy")]);
  // @ts-expect-error
  await npaa.append([new Map([["id", 1]])]);
  // @ts-expect-error: one record in no array
  await npaa.append(rows[0] as Row);
  // @ts-expect-error
  await npaa.append([[Symbol.iterator]]);
});

test("null may stand among numbers and times", async () => {
  const npaa = await NpyAppendArray.open("a.npy", {
    dtype: { t: "float64", when: "M8[ms]", span: "m8[s]", n: "int64" },
    nulls: "nan",
  });
  void npaa.append([{ t: null, when: null, span: null, n: 1 }]);
  void npaa.append([{ t: 1, when: "2024-01-01T00:00:00Z", span: 5n, n: 1n }]);
  // @ts-expect-error: int64 has nothing that stands for null
  void npaa.append([{ t: null, when: null, span: null, n: null }]);
  void NpyAppendArray.openSync("a.npy", { nulls: "nan" }).append([1, null, undefined]);
  void save("a.npy", [[1], [null]], { nulls: "nan" });
  // @ts-expect-error
  void save("a.npy", [1], { nulls: "null" });
});

test("bytes of rows", async () => {
  const npaa = await NpyAppendArray.open("array.npy", { dtype: "float32", rowShape: [] });
  expectTypeOf(npaa.writable({ raw: true })).toEqualTypeOf<WritableStream<RawChunk>>();
  expectTypeOf(npaa.writable({ highWaterMark: 2 })).toEqualTypeOf<WritableStream<AppendInput<"float32">>>();
  expectTypeOf(npaa.writable()).toEqualTypeOf<WritableStream<AppendInput<"float32">>>();
  const bytes = [new Uint8Array(1).buffer, new DataView(new ArrayBuffer(1)), new SharedArrayBuffer(1)];
  expectTypeOf(npaa.appendFrom(bytes, { raw: true })).toEqualTypeOf<Promise<number>>();
  // @ts-expect-error bytes that nothing is said about
  await npaa.appendFrom([new DataView(new ArrayBuffer(1))]);
  // @ts-expect-error no bytes
  await npaa.appendFrom(["text"], { raw: true });
  const reader = await NpyReader.open("array.npy");
  // @ts-expect-error a reader gives rows
  await npaa.appendFrom(reader, { raw: true });
  const sync = NpyAppendArray.openSync("array.npy");
  expectTypeOf(sync.appendFrom(bytes, { raw: true })).toEqualTypeOf<number>();
});

test("what has a known dtype goes where any dtype is accepted", async () => {
  const npaa = await NpyAppendArray.open("a.npy");
  const typedNpaa = await NpyAppendArray.open("a.npy", { dtype: "float16" });
  const structured = await NpyAppendArray.open("a.npy", { dtype: { t: "float64", pos: ["float32", [3]] } });
  const reader = await NpyReader.open("a.npy");
  const typedReader = await NpyReader.open("a.npy", { dtype: "float16" });
  const structuredReader = await NpyReader.open("a.npy", { dtype: [["t", "<f8"]] });
  await npaa.appendFrom(typedReader);
  await typedNpaa.appendFrom(reader);
  await typedNpaa.appendFrom(typedReader);
  await structured.appendFrom(structuredReader);
  const sync = NpyAppendArray.openSync("a.npy");
  const typedSync = NpyAppendArray.openSync("a.npy", { dtype: "float16" });
  const structuredSync = NpyAppendArray.openSync("a.npy", { dtype: { t: "float64" } });
  const syncReader = NpyReader.openSync("a.npy", { dtype: "float16" });
  sync.appendFrom(syncReader);
  structuredSync.appendFrom(syncReader);
  typedSync.appendFrom(NpyReader.openSync("a.npy"));

  const takesArray = (_: NpyArray): void => undefined;
  const takesReader = (_: NpyReader): void => undefined;
  const takesSyncReader = (_: NpyReaderSync): void => undefined;
  const takesWriter = (_: NpyAppendArray): void => undefined;
  const takesSyncWriter = (_: NpyAppendArraySync): void => undefined;
  const takesDType = (_: DType): void => undefined;
  const takesRecords = (_: RecordArray): void => undefined;
  const takesInput = (_: ArrayInput): void => undefined;
  const array = await load("a.npy", { dtype: "float32" });
  const records = await load("a.npy", { dtype: { t: "float64" } });
  takesArray(array);
  takesArray(records);
  takesArray(loadSync("a.npy"));
  takesReader(typedReader);
  takesReader(structuredReader);
  takesReader(reader);
  takesSyncReader(syncReader);
  takesWriter(typedNpaa);
  takesWriter(structured);
  takesWriter(npaa);
  takesSyncWriter(typedSync);
  takesSyncWriter(structuredSync);
  takesDType(dtype("float32"));
  takesDType(dtype({ t: "float64" }));
  takesDType(typedReader.dtype);
  takesDType(array.dtype);
  takesRecords(records.data);
  takesInput(array);
  takesInput(records);
  takesInput(records.data);
  const all: NpyAppendArray[] = [npaa, typedNpaa, structured];
  const alls: NpyAppendArraySync[] = [sync, typedSync, structuredSync];
  const readers: NpyReader[] = [reader, typedReader, structuredReader];
  const arrays: NpyArray[] = [array, records];
  const byName = new Map<string, NpyAppendArray>([["a", typedNpaa]]);
  byName.set("b", structured);
  void all;
  void alls;
  void readers;
  void arrays;
  const o: OpenOptions = { dtype: "float32" };
  let again = await load("a.npy");
  again = array;
  void again;
  void o;
  let one = await NpyReader.open("a.npy");
  one = typedReader;
  one = structuredReader;
  void one;
  let w = await NpyAppendArray.open("a.npy");
  w = typedNpaa;
  w = structured;
  void w;
  const lazily = <D extends DTypeLike>(r: NpyReader<D>, n: NpyAppendArray<D>, a: NpyArray<D>): void => {
    takesReader(r);
    takesWriter(n);
    takesArray(a);
    void npaa.append(a);
    void npaa.appendFrom(r);
  };
  lazily(typedReader, typedNpaa, array as never);

  // @ts-expect-error: of another dtype that the compiler knows
  const ints: NpyArray<"int32"> = array;
  // @ts-expect-error
  const intReader: NpyReader<"int32"> = typedReader;
  void ints;
  void intReader;
});

test("a Float16Array is taken where other typed arrays are; reading gives a Float32Array", () => {
  const halves = {} as { readonly [Symbol.toStringTag]: "Float16Array" } & Omit<Float32Array, typeof Symbol.toStringTag>;
  const npaa = NpyAppendArray.openSync("a.npy", { dtype: { h: "float16", many: ["float16", [2]] } });
  npaa.append({ h: halves, many: halves });
  NpyAppendArray.openSync("a.npy").append(halves);
  NpyAppendArray.openSync("a.npy").append([halves]);
  expectTypeOf<DataOf<"float16">>().toEqualTypeOf<Float32Array<ArrayBuffer>>();
});

test("a misspelt dtype does not compile; one that is known only at run time does", async () => {
  const storage = new MemoryStorage();
  // @ts-expect-error
  await NpyAppendArray.open(storage, { dtype: "flaot32" });
  // @ts-expect-error
  NpyAppendArray.openSync(storage, { dtype: { t: "float64", pos: ["flaot32", [3]] } });
  // @ts-expect-error
  NpyReader.openSync(storage, { dtype: [["t", "<f9"]] });
  // @ts-expect-error
  await load(storage, { dtype: "Float32" });
  // @ts-expect-error
  await save(storage, [1], { dtype: "int3" });
  // @ts-expect-error
  dtype({ t: { x: "number" } });
  // @ts-expect-error
  dtype(8);
  // @ts-expect-error
  await NpyAppendArray.open(storage, { dtype: Float32Array });

  const word = "<f8" as string;
  expectTypeOf(await load(storage, { dtype: word })).toEqualTypeOf<NpyArray<string>>();
  expectTypeOf((await load(storage, { dtype: word })).data).toEqualTypeOf<NpyData>();
  const like = "<f8" as DTypeLike;
  const options: OpenOptions = { dtype: like, rowShape: [] };
  (await NpyAppendArray.open(storage, options)) satisfies NpyAppendArray;
  (await NpyAppendArray.open(storage, { dtype: like })) satisfies NpyAppendArray;
  const fields = [["t", "<f8"]] as [string, string][];
  (await NpyAppendArray.open(storage, { dtype: fields })) satisfies NpyAppendArray;
  const order = "<" as "<" | ">";
  dtype(`${order}f4`);
  dtype(`U${word.length}`);
  dtype(`<${word}`);
  dtype("M8[25us]");
  dtype("datetime64[ns]");
  dtype(">m8[s]");
  dtype("S10");
  dtype("d");
  dtype("<c16");
  dtype("longdouble");
  const either = await load(storage, { dtype: word === "" ? "float32" : "int32" });
  either satisfies NpyArray;

  function create<const D>(of: CheckedDType<D>): NpyAppendArraySync<D> {
    return NpyAppendArray.openSync(storage, { dtype: of }) as NpyAppendArraySync<D>;
  }
  expectTypeOf(create("float32")).toEqualTypeOf<NpyAppendArraySync<"float32">>();
  // @ts-expect-error
  create("flaot32");
});

test("what a group of described arrays gives", async () => {
  const reader = await NpyGroupReader.open("documents", {
    arrays: { id: { dtype: "int64" }, text: { dtype: "utf8" }, tokens: { dtype: "int32", ragged: true } },
  });
  const { id, text, tokens } = await reader.read();
  expectTypeOf(id.data).toEqualTypeOf<BigInt64Array<ArrayBuffer>>();
  expectTypeOf(text).toEqualTypeOf<RaggedArray>();
  expectTypeOf(tokens).toEqualTypeOf<RaggedArray>();
  const { other } = await NpyGroupReader.openSync("documents").read();
  expectTypeOf(other).toEqualTypeOf<NpyArray | RaggedArray | undefined>();
});
