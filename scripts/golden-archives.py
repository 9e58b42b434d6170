"""Writes test/golden/archives/: small .npz archives made by NumPy and zipfile. The tests read them.

    python3 scripts/golden-archives.py

Their arrays are those of test/golden/files/, under the names of these files; what else an archive has is said in index.json.
"""

import io
import json
import pathlib
import shutil
import zipfile

import numpy as np

golden = pathlib.Path(__file__).resolve().parent.parent / "test" / "golden"
directory = golden / "archives"
shutil.rmtree(directory, ignore_errors=True)
directory.mkdir(parents=True)

files = sorted((golden / "files").glob("*.npy"))
arrays = {path.stem: np.load(path) for path in files[::3]}
index = {}


def describe(name, members=None, arrays=arrays, sources=None, **more):
    """`members` are the names as NumPy lists them, `arrays` those that are in golden/files, `sources` says under which name."""
    index[name] = {
        "names": list(members or arrays),
        "arrays": sources or {key: key for key in arrays},
        **more,
    }


class Pipe(io.RawIOBase):
    """A stream without positions: sizes and checksums follow the data, in data descriptors."""

    def __init__(self):
        self.parts = []

    def writable(self):
        return True

    def write(self, part):
        self.parts.append(bytes(part))
        return len(part)


def write(name, data):
    (directory / name).write_bytes(data)


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def add(archive, name, data):
    """As NumPy does, with no time: the same members give the same bytes."""
    info = zipfile.ZipInfo(name)
    info.compress_type = archive.compression
    archive.writestr(info, data)


np.savez(directory / "stored.npz", **arrays)
describe("stored.npz")
np.savez_compressed(directory / "compressed.npz", **arrays)
describe("compressed.npz")

for name, save in {"stored-to-a-pipe.npz": np.savez, "compressed-to-a-pipe.npz": np.savez_compressed}.items():
    pipe = Pipe()
    save(pipe, **arrays)
    write(name, b"".join(pipe.parts))
    describe(name)

np.savez(directory / "no-arrays.npz")
describe("no-arrays.npz", [], {})

one = next(iter(arrays))
with zipfile.ZipFile(directory / "other-members.npz", "w") as archive:
    archive.comment = b"made by a test, PK\x05\x06 and more " * 500
    add(archive, "readme.txt", "Not an array.")
    add(archive, "folder/", "")
    add(archive, f"folder/{one}.npy", npy(arrays[one]))
    add(archive, "größe/行.npy", npy(arrays[one]))
    add(archive, "without-suffix", npy(arrays[one]))
describe(
    "other-members.npz",
    ["readme.txt", "folder/", f"folder/{one}", "größe/行", "without-suffix"],
    sources={f"folder/{one}": one, "größe/行": one},
)

# Zip64 records, as archives of more than 4 GiB or 65,535 members have them.
limits = zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT
zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = 100, 2
np.savez(directory / "zip64.npz", **arrays)
zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = limits
describe("zip64.npz")

write("after-a-program.npz", b"#!/bin/sh\nexit\n" + (directory / "stored.npz").read_bytes())
describe("after-a-program.npz")
zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = 100, 2
np.savez(directory / "zip64-after-a-program.npz", **arrays)
zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = limits
write("zip64-after-a-program.npz", b"#!/bin/sh\nexit\n" + (directory / "zip64-after-a-program.npz").read_bytes())
describe("zip64-after-a-program.npz")

for name, method in {"bzip2.npz": zipfile.ZIP_BZIP2, "lzma.npz": zipfile.ZIP_LZMA}.items():
    with zipfile.ZipFile(directory / name, "w", method) as archive:
        add(archive, f"{one}.npy", npy(arrays[one]))
    describe(name, [one], {}, method=method)

np.savez(directory / "objects.npz", good=arrays[one], objects=np.array([None, {}], dtype=object))
describe("objects.npz", ["good", "objects"], sources={"good": one}, pickled=["objects"])

(directory / "index.json").write_text(json.dumps(index, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
