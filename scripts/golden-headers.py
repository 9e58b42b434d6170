"""Writes test/golden/headers.json: dtypes, headers and literals as NumPy and Python write them.

    python3 scripts/golden-headers.py

The file depends only on NumPy's format, not on its version (1.25 and later). The machine must be little-endian with long doubles of 16 bytes.
Contents:

- dtypes: `descr` as JSON (tuples as lists) and as the text of a header, with `str`, `name`, `itemsize` and the fields' names, titles and
  offsets.
- headers: `descr` as JSON, the other keys, the version, and the header's bytes as latin-1 characters up to the spaces that pad it to
  `length`, the newline included.
- strings, bytes, literals: values and their repr; for literals only the repr.
"""

import io
import json
import pathlib
import warnings

import numpy as np
from numpy.lib import format as npy

warnings.simplefilter("ignore")

path = pathlib.Path(__file__).resolve().parent.parent / "test" / "golden" / "headers.json"

scalars = ["?", "i1", "u1", "S0", "S1", "S5", "V0", "V1", "V12", "S2147483647"]
for order in "<>":
    scalars += [order + code for code in "i2 i4 i8 u2 u4 u8 f2 f4 f8 f16 c8 c16 c32 M8 m8 U0 U1 U10".split()]
    for unit in "Y M W D h m s ms us ns ps fs as".split():
        scalars += [f"{order}M8[{unit}]", f"{order}m8[{unit}]"]
    for unit in ["2Y", "15m", "25s", "100ns", "2147483647as"]:
        scalars += [f"{order}M8[{unit}]", f"{order}m8[{unit}]"]

point = np.dtype([("x", "<f4"), ("y", "<f4")])
padded = np.dtype([("flag", "?"), ("x", "<f8"), ("tail", "i1")], align=True)
# Names that Python quotes, escapes, or leaves alone; the characters are older than Unicode 10.
names = {
    "quotes": ["it's", 'say "hi"', "both ' and \"", "'", '"'],
    "backslashes": ["\\", "a\\b", "\\n", "\\'"],
    "control characters": ["\0", "\t\n\r", "\x1b[0m", "\x7f", "\x85"],
    "latin-1": ["größe", "\xa0", "\xad", "ÿ"],
    "unprintable": ["\u200b", "\u2028", "\ufeff", "\ue000", "\U000e0001", "\U0010ffff"],
    "surrogates": ["\ud800", "\udfffz"],
    "unicode": ["名", "é\u0301", "🙂", "ж'"],
    "words": ["", "__proto__", "constructor", "toString", "length", "0", "None", "descr"],
}
structures = [
    np.dtype([("a", "<i4")]),
    np.dtype([("t", "<f8"), ("id", ">i4"), ("pos", "<f4", (3,))]),
    np.dtype([("m", ">c16", (2, 3)), ("s", "S7"), ("u", "<U3"), ("when", "<M8[15m]")]),
    np.dtype([("one", "<f8", (1,)), ("none", "<i2", (0,)), ("empty", "S0")]),
    padded,
    np.dtype([("a", "i1"), ("b", padded, (2,)), ("c", "<i2")], align=True),
    np.dtype({"names": ["a", "b"], "formats": ["<i2", "<f8"], "offsets": [3, 16], "itemsize": 40}),
    np.dtype({"names": [], "formats": [], "offsets": [], "itemsize": 8}),
    np.dtype([("p", point), ("q", point, (2,)), ("r", [("deep", [("deeper", "<u8")])])]),
    np.dtype([("v", "V4"), ("w", "V3", (2,))]),
    np.dtype([("nested", (np.dtype(("<f4", (2,))), (3,)))]),
    np.dtype([(("a title", "x"), "<i2"), (("", "y"), "U2"), (("it's", "z"), point)]),
    np.dtype([]),
    np.dtype([("inner", [])]),
]
for words in names.values():
    structures.append(np.dtype({"names": words, "formats": ["<i2"] * len(words)}))


def fields(dtype):
    if dtype.names is None:
        return None
    described = [dtype.fields[name] for name in dtype.names]
    return [[name, field[2] if len(field) > 2 else None, field[1]] for name, field in zip(dtype.names, described)]


def describe(dtype):
    descr = npy.dtype_to_descr(dtype)
    return {
        "like": descr,
        "descr": repr(descr),
        "str": dtype.str,
        "name": dtype.name,
        "itemsize": dtype.itemsize,
        "fields": fields(dtype),
    }


headers = []


def header(descr, shape, fortran_order, bytes_written):
    assert bytes_written.endswith(b" \n")
    headers.append(
        {
            "like": descr,
            "shape": shape,
            "fortranOrder": fortran_order,
            "version": f"{bytes_written[6]}.{bytes_written[7]}",
            "length": len(bytes_written),
            "start": bytes_written.decode("latin-1").rstrip("\n "),
        }
    )


def written(dtype, shape, fortran_order=False, write=npy.write_array_header_1_0):
    descr = npy.dtype_to_descr(np.dtype(dtype))
    file = io.BytesIO()
    write(file, {"descr": descr, "fortran_order": fortran_order, "shape": shape})
    header(descr, shape, fortran_order, file.getvalue())


def saved(dtype, shape, version=None):
    file = io.BytesIO()
    array = np.zeros(shape, dtype)
    npy.write_array(file, array, version)
    written_bytes = file.getvalue()
    header(npy.dtype_to_descr(array.dtype), shape, False, written_bytes[: len(written_bytes) - array.nbytes])


for shape in [(), (0,), (1,), (9,), (10,), (12345,), (2**31,), (2**53 - 1,), (0, 3), (3, 0), (2, 3), (99, 1, 100), (0, 0), (1,) * 20]:
    written("|u1", shape)
    if len(shape) > 1:
        written("|u1", shape, fortran_order=True)
written("<f8", (2, 3), write=npy.write_array_header_2_0)
written("<f8", (), write=npy.write_array_header_2_0)
written(">c16", (7, 5), fortran_order=True, write=npy.write_array_header_2_0)
for dtype in structures:
    descr = repr(npy.dtype_to_descr(dtype))
    if all(ord(char) < 256 for char in descr):
        written(dtype, (5,))
        written(dtype, (5, 2), fortran_order=True, write=npy.write_array_header_2_0)
    else:
        saved(dtype, (3, 2))
    saved(dtype, (2,), version=(3, 0))
# NumPy pads with 1 to 64 spaces, never 0: the names are as long as 128 and 192 bytes allow, and one longer.
for length in [29, 30, 31, 32, 93, 94, 95, 96]:
    written([("n" * length, "<i4")], (1,))

strings = [word for words in names.values() for word in words]
strings += ["".join(map(chr, range(start, start + 32))) for start in range(0, 256, 32)]
strings += ["'\"", "''", "\"'\\", "a\u2029b", "\U0001f468\u200d\U0001f469", "\uffff", "\U0001ffff", "\u3000", "\u180e", "\u0600", "\xe9" * 3]
bytestrings = [b"", b"abc", b"it's", b'"', b"'\"", b"\\", bytes(range(48)), bytes(range(120, 256))]
literals = [
    None, True, False, 0, -1, 2**53 - 1, 2**53, -(2**64), 10**30, (), (1,), (1, 2), [], [[]], [1, (2,)], {}, {"a": 1}, {1: {}},
    {"descr": [("a", "<f8", (3,))], "fortran_order": False, "shape": (2, 0)}, (((),),), {(1, 2): [None, b"x", "y"]}, "", b"",
]  # fmt: skip

golden = {
    "dtypes": [describe(np.dtype(like)) for like in scalars] + [describe(dtype) for dtype in structures],
    "headers": headers,
    "strings": [[value, repr(value)] for value in strings],
    "bytes": [[list(value), repr(value)] for value in bytestrings],
    "literals": [repr(value) for value in literals],
}
lines = [
    f'"{key}": [\n' + ",\n".join(json.dumps(case, ensure_ascii=True, separators=(",", ":")) for case in cases) + "\n]"
    for key, cases in golden.items()
]
path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
