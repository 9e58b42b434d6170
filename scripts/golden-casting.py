"""Writes test/golden/casting/: which casts NumPy allows.

    python3 scripts/golden-casting.py

Needs NumPy 2 on a little-endian machine with a long double of 16 bytes.

can-cast.json: numpy.can_cast for every pair of the dtypes listed. Row i, digit j is the strictest level that lets dtype i become
dtype j: 0 "no", 1 "equiv", 2 "safe", 3 "same_kind", 4 "unsafe"; 5 if none does.
"""

import json
import pathlib

import numpy as np

directory = pathlib.Path(__file__).resolve().parent.parent / "test" / "golden" / "casting"

LEVELS = ["no", "equiv", "safe", "same_kind", "unsafe"]


def to_descr(dtype):
    """The dtype as a header describes it: a type string, a list of fields, or [type, shape] for a sub-array."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return [to_descr(base), shape]
    return np.lib.format.dtype_to_descr(dtype)


def level_of(source, target):
    allowed = [np.can_cast(source, target, level) for level in LEVELS]
    assert allowed == sorted(allowed), (source, target, allowed)
    return allowed.index(True) if any(allowed) else len(LEVELS)


def scalar_dtypes():
    yield from ["?", "i1", "u1"]
    for code in ["i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8", "f16", "c8", "c16", "c32"]:
        yield from ["<" + code, ">" + code]


def datetime_dtypes():
    units = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"]
    for unit in units:
        yield f"<M8[{unit}]"
        yield f"<m8[{unit}]"
    yield from ["<M8", ">M8", "<m8", ">m8", ">M8[s]", ">m8[s]", ">M8[ms]", ">m8[1000ms]", ">M8[Y]", ">m8[W]"]
    # Steps that divide each other and steps that do not, within one unit, across units, and across the calendar.
    for step in ["12M", "7D", "24h", "25h", "3m", "60s", "1000s", "1000ms", "1500ms", "1000000us", "1000000000ns", "86400s", "604800s"]:
        yield f"<m8[{step}]"
    for step in ["4Y", "12M", "14D", "7D", "168h", "60m", "1000ms", "1000000ns", "2147483647as"]:
        yield f"<M8[{step}]"
    # Passes for 2 s, because NumPy's division drops the remainder.
    yield from ["<m8[2001ms]", "<m8[2s]"]
    # Steps beyond the 56 bits that NumPy allows. In 64 bits the first two wrap around to less: 18447 s pass for femtoseconds, whereas
    # hours in attoseconds are refused, whatever their count.
    yield from ["<m8[18447s]", "<m8[243h]", "<m8[2147483647Y]", "<m8[2147483647as]", "<m8[2147483647W]", "<m8[1000000000as]"]


def flexible_dtypes():
    yield from ["S0", "S1", "S3", "S4", "S5", "S10", "S20", "S21", "S31", "S32", "S48", "S64", "S96"]
    for length in [0, 1, 3, 5, 11, 21, 32, 48, 96]:
        yield f"<U{length}"
    yield from [">U0", ">U5", ">U32", "V0", "V1", "V4", "V8", "V12", "V32"]


def structured_dtypes():
    # Sub-arrays as such: of one element and of more, of none, nested, of structures.
    yield from [("<i4", (1,)), ("<i4", (3,)), (">i4", (3,)), ("<i8", (3,)), ("<i4", (1, 3)), ("<f4", (0,)), ("S3", (2,)), ("V4", (3,))]
    yield from [([("a", "<i4")], (3,)), ([("a", "<i4"), ("b", "<f4")], (2,)), (("<i4", (2,)), (3,))]
    # One field.
    for code in ["<i4", ">i4", "<i8", "<f4", "?", "<M8[s]", "<m8[D]", "S4", "<U4", "V4", "S0", "V0"]:
        yield [("a", code)]
    yield from [[], [("b", "<i4")], [(("t", "a"), "<i4")], [(("u", "a"), "<i4")], [(("t", "b"), "<i4")]]
    yield from [[("a", "<i4", (1,))], [("a", "<i4", (3,))], [("a", "<f8", (3,))], [("a", "<i4", (1, 3))], [("a", "V4", (3,))]]
    yield from [[("a", [("a", "<i4")])], [("a", [("b", ">i4")])], [("a", [("a", "<i4")], (3,))]]
    # Two fields: order, names, titles, byte order, kinds.
    yield from [
        [("a", "<i4"), ("b", "<f4")],
        [("b", "<i4"), ("a", "<f4")],
        [("b", "<f4"), ("a", "<i4")],
        [("a", "<i4"), ("b", ">f4")],
        [("a", "<i8"), ("b", "<f8")],
        [("a", "<f4"), ("b", "<i4")],
        [("a", "<i4"), (("t", "b"), "<f4")],
        [(("t", "a"), "<i4"), (("u", "b"), "<f4")],
        [("a", "<M8[s]"), ("b", "S4")],
        [("a", "<M8[ms]"), ("b", "<U4")],
        [("a", "<i4"), ("b", [("x", "<f4"), ("y", "<i2")], (2,))],
        [("a", "<i4"), ("b", [("y", "<f4"), ("x", ">i2")], (2,))],
        [("a", "<i4"), ("b", [("x", "<f4"), ("y", "<i2")], (4,))],
        [("a", "<i4"), ("b", [("x", "<f4"), ("y", "<i2")])],
    ]
    # The same fields at other offsets.
    names_and_formats = {"names": ["a", "b"], "formats": ["<i4", "<f4"]}
    yield {**names_and_formats, "offsets": [0, 8]}
    yield {**names_and_formats, "offsets": [4, 8]}
    yield {**names_and_formats, "offsets": [0, 4], "itemsize": 12}
    yield {"names": ["a"], "formats": ["<i4"], "offsets": [4], "itemsize": 8}
    yield {"names": ["a"], "formats": ["<i4"], "offsets": [0], "itemsize": 8}
    for align in [False, True]:
        yield np.dtype([("flag", "?"), ("x", "<f8"), ("y", "<i2")], align=align)
        yield np.dtype([("a", "<i4"), ("b", "<f4"), ("c", "<i4")], align=align)


def write_can_cast():
    dtypes = []
    for likes in [scalar_dtypes(), datetime_dtypes(), flexible_dtypes(), structured_dtypes()]:
        dtypes += [np.dtype(like) for like in likes]
    rows = [
        {"dtype": to_descr(source), "levels": "".join(str(level_of(source, target)) for target in dtypes)} for source in dtypes
    ]
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    (directory / "can-cast.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    directory.mkdir(parents=True, exist_ok=True)
    write_can_cast()
