/** Archives with more members, and larger ones, than zip had room for at first: written by NumPy, and by us. */
import { spawnSync } from "node:child_process";
import { closeSync, ftruncateSync, openSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dtype, formatHeader, loadNpz, loadNpzSync, MemoryStorage, NpyReader, openNpz, saveNpz, saveSync } from "../src/node.ts";
import { numpyVersion, python } from "./support/numpy.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const MANY = 65_600;

/** More than 4 GiB of bytes. */
const LARGE = 2 ** 32 + 1000;

test.skipIf(numpyVersion === undefined)("more than 65,535 arrays: NumPy reads ours, and we read NumPy's", async () => {
  const directory = temporaryDirectory();
  const [theirs, ours] = ["theirs.npz", "ours.npz"].map((name) => join(directory, name)) as [string, string];
  python(`np.savez(data, **{f"a{i}": np.int32(i) for i in range(${MANY})})\nprint("{}")`, theirs);
  const loaded = await loadNpz(theirs);
  expect(Object.keys(loaded)).toHaveLength(MANY);
  for (let i = 0; i < MANY; i += 997) expect(loaded[`a${i}`]?.data).toEqual(Int32Array.of(i));
  await saveNpz(ours, loaded);
  const found = python(
    `
import zipfile
archive, a = zipfile.ZipFile(data), np.load(data)
print(json.dumps([archive.testzip(), len(a.files), [int(a[f"a{i}"]) for i in range(0, ${MANY}, 997)]]))`,
    ours,
  );
  expect(found).toEqual([null, MANY, Array.from({ length: Math.ceil(MANY / 997) }, (_, i) => 997 * i)]);
});

/** A sparse file, which takes no space. */
function sparse(path: string): void {
  const fd = openSync(path, "w");
  const header = formatHeader({ dtype: dtype("|u1"), fortranOrder: false, shape: [LARGE] });
  writeSync(fd, header);
  writeSync(fd, Uint8Array.of(1, 2, 3), 0, 3, header.length);
  ftruncateSync(fd, header.length + LARGE - 3);
  writeSync(fd, Uint8Array.of(4, 5, 6), 0, 3, header.length + LARGE - 3);
  closeSync(fd);
}

test.skipIf(numpyVersion === undefined)(
  "more than 4 GiB: compressed by us for NumPy, and by NumPy for us",
  async () => {
    const directory = temporaryDirectory();
    const [source, ours, theirs] = ["large.npy", "ours.npz", "theirs.npz"].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    sparse(source);
    const reader = await NpyReader.open(source);
    await saveNpz(ours, { small: [1], large: reader, last: [2] }, { compress: true });
    await reader.close();
    expect(statSync(ours).size).toBeLessThan(2 ** 24);
    const found = python(
      `
import zipfile
archive = zipfile.ZipFile(data)
with archive.open("large.npy") as f:
    version, (shape, _, dtype) = np.lib.format.read_magic(f), np.lib.format.read_array_header_1_0(f)
    first, n, last = f.read(3), 3, b""
    while part := f.read(2**24):
        n, last = n + len(part), part[-3:]
loaded = np.load(data)
print(json.dumps([shape, dtype.str, list(first), n, list(last), loaded["small"].tolist(), loaded["last"].tolist()]))`,
      ours,
    );
    expect(found).toEqual([[LARGE], "|u1", [1, 2, 3], LARGE, [4, 5, 6], [1], [2]]);
    python(
      `
import zlib, zipfile
zipfile._get_compressor = lambda *_: zlib.compressobj(1, zlib.DEFLATED, -15)
np.savez_compressed(data[1], small=np.array([1]), large=np.load(data[0], mmap_mode="r"), last=np.array([2]))
print("{}")`,
      [source, theirs],
    );
    for (const path of [theirs, ours]) {
      await using npz = await openNpz(path);
      expect(npz.members.find(({ name }) => name === "large")?.size).toBe(LARGE + 128);
      expect([...((await npz.load("last")).data as ArrayLike<unknown> as number[])].map(Number)).toEqual([2]);
      await using large = await npz.open("large", { dtype: "uint8" });
      expect((await large.read(0, 3)).data).toEqual(Uint8Array.of(1, 2, 3));
      expect((await large.read(-3)).data).toEqual(Uint8Array.of(4, 5, 6));
    }
  },
  600_000,
);

test.skipIf(numpyVersion === undefined)("more than 4 GiB, stored as it is", { timeout: 600_000 }, async () => {
  const directory = temporaryDirectory();
  const [source, ours] = ["large.npy", "ours.npz"].map((name) => join(directory, name)) as [string, string];
  sparse(source);
  const reader = await NpyReader.open(source);
  await saveNpz(ours, { large: reader, last: [2] });
  await reader.close();
  const check = "import zipfile\nprint(json.dumps([zipfile.ZipFile(data).testzip(), np.load(data)['last'].tolist()]))";
  expect(python(check, ours)).toEqual([null, [2]]);
  await using npz = await openNpz(ours);
  await using large = await npz.open("large", { dtype: "uint8" });
  expect((await large.read(-3)).data).toEqual(Uint8Array.of(4, 5, 6));
});

test.skipIf(numpyVersion === undefined)(
  "more than 4 GiB that NumPy did not compress",
  async () => {
    const directory = temporaryDirectory();
    const [source, theirs] = ["large.npy", "theirs.npz"].map((name) => join(directory, name)) as [string, string];
    sparse(source);
    // What is in the archive is a hole: only its checksum, which nobody asks for, would need its bytes.
    python(
      `
import io, zipfile
source, target = data
class Sparse(io.FileIO):
    def write(self, part):
        part = bytes(part)
        if part.count(0) < len(part): return super().write(part)
        self.seek(len(part), 1)
        return len(part)
np.savez(Sparse(target, "w+"), large=np.load(source, mmap_mode="r"), last=np.array([2], "i4"))
print("{}")`,
      [source, theirs],
    );
    await using npz = await openNpz(theirs);
    expect((await npz.load("last")).data).toEqual(Int32Array.of(2));
    await using large = await npz.open("large", { dtype: "uint8" });
    expect((await large.read(0, 3)).data).toEqual(Uint8Array.of(1, 2, 3));
    expect((await large.read(-3)).data).toEqual(Uint8Array.of(4, 5, 6));
  },
  600_000,
);

test.skipIf(process.platform === "win32")("10,000 files, where only 256 can be open", () => {
  const directory = temporaryDirectory();
  const one = new MemoryStorage();
  saveSync(one, [1]);
  for (let i = 0; i < 10_000; i++) writeFileSync(join(directory, `${i}.npy`), one.bytes() as Uint8Array);
  const program = `
    import { NpyReader, saveNpz } from ${JSON.stringify(new URL("../dist/node.js", import.meta.url).href)};
    const names = Array.from({ length: 10_000 }, (_, i) => String(i));
    await saveNpz("many.npz", Object.fromEntries(names.map((name) => [name, () => NpyReader.open(name + ".npy")])));`;
  writeFileSync(join(directory, "program.mjs"), program);
  const { status, stderr } = spawnSync("sh", ["-c", `ulimit -n 256 && exec "${process.execPath}" program.mjs`], {
    cwd: directory,
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(Object.keys(loadNpzSync(join(directory, "many.npz")))).toHaveLength(10_000);
});
