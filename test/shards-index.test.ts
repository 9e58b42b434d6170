/** The index of shards, by which zarr, dask and zarrita read them in place. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import * as zarrita from "zarrita";
import { indexShards, loadSync, NpyShards, type ShardsIndex } from "../src/node.ts";
import { range, serve } from "./support/server.ts";
import { temporaryDirectory } from "./support/temporary.ts";

/** A Python that has zarr, fsspec and dask, such as Debian's. */
const PYTHON = [process.env["PYTHON"], "python3", "/usr/bin/python3"].find(
  (command) =>
    command !== undefined && spawnSync(command, ["-c", "import zarr, fsspec, dask.array"], { stdio: "ignore" }).status === 0,
);

test.runIf(process.env["REQUIRE_ZARR"] === "1")("there is a Python with zarr, fsspec and dask", () => {
  expect(PYTHON).toBeDefined();
});

/** Shards of 1000 rows of `0, 1, 2 ...`, the last of which is short. */
async function shardsOf(rows: number, options: object = {}): Promise<string> {
  const folder = temporaryDirectory();
  const shards = await NpyShards.open(folder, { rowsPerShard: 1000, dtype: "float32", rowShape: [4], ...options });
  const { rowShape, dtype } = shards;
  const fortranOrder = (options as { fortranOrder?: boolean }).fortranOrder ?? false;
  const count = rows * rowShape.reduce((product, size) => product * size, 1);
  const data = dtype.kind === "f" ? new Float32Array(count) : new Int16Array(count);
  for (let i = 0; i < count; i++) data[i] = i % 30_000;
  const shape = fortranOrder ? [...rowShape, rows] : [rows, ...rowShape];
  await shards.append({ data, shape, fortranOrder } as never);
  await shards.close();
  return folder;
}

const metadata = (index: ShardsIndex): { shape: number[]; chunks: number[]; order: string; dtype: string } =>
  JSON.parse(index.refs[".zarray"] as string);

test("names chunks that divide all shards, and holds the end of the last one", async () => {
  const folder = await shardsOf(3537);
  const { version, refs } = await indexShards(folder, { url: "https://example.org/points/" });
  expect(version).toBe(1);
  expect(JSON.parse(refs[".zarray"] as string)).toEqual({
    zarr_format: 2,
    shape: [3537, 4],
    chunks: [1000, 4],
    dtype: "<f4",
    compressor: null,
    filters: null,
    fill_value: null,
    order: "C",
  });
  expect(Object.keys(refs)).toEqual([".zarray", "0.0", "1.0", "2.0", "3.0"]);
  expect(refs["2.0"]).toEqual(["https://example.org/points/00000002.npy", 128, 16_000]);
  const last = Buffer.from((refs["3.0"] as string).replace("base64:", ""), "base64");
  expect(last).toHaveLength(16_000);
  expect(last.subarray(0, 537 * 16)).toEqual(readFileSync(join(folder, "00000003.npy")).subarray(128));
  expect(last.subarray(537 * 16).every((byte) => byte === 0)).toBe(true);
  expect((await indexShards(folder)).refs["0.0"]).toEqual(["00000000.npy", 128, 16_000]);
});

test("writes the index beside the shards, in place of an older one", async () => {
  const folder = await shardsOf(10);
  for (let i = 0; i < 2; i++) {
    const index = await indexShards(folder, { url: "https://example.org/points", writeTo: "index.json" });
    expect(JSON.parse(readFileSync(join(folder, "index.json"), "utf8"))).toEqual(index);
    expect(readdirSync(folder).sort()).toEqual(["00000000.npy", "index.json"]);
  }
  for (const wrong of ["00000000.npy", "../index.json", 1]) {
    await expect(indexShards(folder, { writeTo: wrong as string })).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  }
});

test.each([1, 3, 999, 1000])("a single shard of %d rows is one chunk", async (rows) => {
  const { refs } = await indexShards(await shardsOf(rows));
  expect(Object.keys(refs)).toEqual([".zarray", "0.0"]);
  expect(refs["0.0"]).toEqual(["00000000.npy", 128, 16 * rows]);
});

test("large shards have several chunks, of 16 MiB at most", async () => {
  const folder = await shardsOf(250, { rowsPerShard: 100, rowShape: [60_000] });
  const index = await indexShards(folder);
  expect(metadata(index).chunks).toEqual([50, 60_000]);
  expect(index.refs["1.0"]).toEqual(["00000000.npy", 128 + 50 * 240_000, 50 * 240_000]);
});

test("several short shards are refused, with what to do", async () => {
  const folder = await shardsOf(1999);
  const more = await NpyShards.open(folder, { rowsPerShard: 1000 });
  await more.append(new Float32Array(4));
  await more.close();
  await expect(indexShards(folder)).rejects.toMatchObject({
    code: "ERR_NPY_SHAPE",
    path: folder,
    message: expect.stringMatching(/found shards of 1000, 999 rows.*command shard/),
  });
  await expect(indexShards(folder, { uri: "x" } as never)).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  await expect(indexShards(temporaryDirectory())).rejects.toMatchObject({ code: "ENOENT" });
});

const READ = `
import sys, json, numpy as np, zarr, fsspec, dask.array as da, glob
folder, index = sys.argv[1:3]
axis = int(sys.argv[3])
expected = np.concatenate([np.load(f) for f in sorted(glob.glob(folder + "/*.npy"))], axis=axis)
mapper = fsspec.get_mapper("reference://", fo=json.load(open(index)), remote_protocol=sys.argv[4])
a = zarr.open(mapper, mode="r")
assert a.shape == expected.shape and a.dtype.newbyteorder('=') == expected.dtype, (a.shape, a.dtype)
assert (a[:] == expected).all()
d = da.from_zarr(mapper)
assert (d.compute() == expected).all()
part = (..., slice(10, 2500)) if axis == -1 else slice(10, 2500)
assert d[part].astype('f8').sum().compute() == expected[part].astype('f8').sum()
print("equal", len(expected))
`;

describe.skipIf(PYTHON === undefined)("Debian's zarr and dask", () => {
  test.each([
    ["rows of four", 3537, {}, 0],
    ["whole shards", 3000, {}, 0],
    ["numbers", 2500, { rowShape: [], dtype: "int16" }, 0],
    ["big-endian matrices", 2100, { rowShape: [2, 3], dtype: ">i2" }, 0],
    ["Fortran order", 2700, { rowShape: [3], fortranOrder: true }, -1],
  ])("read %s equal to NumPy's concatenation", async (_, rows, options, axis) => {
    const folder = await shardsOf(rows, options);
    const index = join(temporaryDirectory(), "index.json");
    writeFileSync(index, JSON.stringify(await indexShards(folder, { url: pathToFileURL(folder).href })));
    const { status, stdout, stderr } = spawnSync(
      PYTHON as string,
      ["-W", "ignore", "-c", READ, folder, index, String(axis), "file"],
      {
        encoding: "utf8",
      },
    );
    expect(stderr).toBe("");
    expect([status, stdout.startsWith("equal")]).toEqual([0, true]);
  });
});

describe("zarrita", () => {
  test.each([
    ["rows of four", 3537, {}],
    ["numbers", 2500, { rowShape: [], dtype: "int16" }],
    ["Fortran order", 2700, { rowShape: [3], fortranOrder: true }],
  ])("reads %s over http ranges", async (_, rows, options) => {
    const folder = await shardsOf(rows, options);
    const asked: string[] = [];
    const url = await serve((request, response) => {
      const name = (request.url as string).split("/").at(-1) as string;
      asked.push(`${name} ${request.headers.range}`);
      range(readFileSync(join(folder, name)), '"1"', request, response);
    });
    const index = await indexShards(folder, { url: new URL(".", url).href });
    const store = await referenceStore(index);
    const array = await zarrita.open.v2(store as never, { kind: "array", attrs: false });
    const { data, shape, stride } = (await zarrita.get(array as never)) as {
      data: Float32Array;
      shape: number[];
      stride: number[];
    };
    const expected = loadSync(folder, { order: "C" });
    expect(shape).toEqual(expected.shape);
    expect(asked[0]).toMatch(/^00000000\.npy bytes=128-\d+$/);
    expect(inOrderC(data, shape, stride)).toEqual([...(expected.data as Float32Array)]);
    expect(asked).toHaveLength(Object.values(index.refs).filter((ref) => Array.isArray(ref)).length);
  });
});

function inOrderC(data: ArrayLike<number>, shape: readonly number[], stride: readonly number[]): number[] {
  const result: number[] = [];
  const walk = (axis: number, at: number): void => {
    if (axis === shape.length) result.push(data[at] as number);
    else for (let i = 0; i < (shape[axis] as number); i++) walk(axis + 1, at + i * (stride[axis] as number));
  };
  walk(0, 0);
  return result;
}

async function referenceStore(index: ShardsIndex): Promise<unknown> {
  const { default: ReferenceStore } = await import("@zarrita/storage/ref");
  return await ReferenceStore.fromSpec(index as never);
}
