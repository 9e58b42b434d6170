"""Writes test/golden/files/: small .npy files made by numpy.save. The tests read them, write them again byte for byte, and grow them row by row.

    python3 scripts/golden-files.py

The files depend only on NumPy's format, not on its version (1.25 and later) or the machine. Beside each is a .json file of the same name
that says what a reader must find: dtype, shape, order, and the elements in the file's order as JSON (64-bit integers and dates as
strings of digits, floats in hexadecimal, complex numbers as pairs, structures and other raw bytes as hexadecimal bytes).
"""

import json
import pathlib
import shutil

import numpy as np

directory = pathlib.Path(__file__).resolve().parent.parent / "test" / "golden" / "files"
shutil.rmtree(directory, ignore_errors=True)
directory.mkdir(parents=True)


def element(value, dtype):
    kind = dtype.kind
    if kind in "b":
        return bool(value)
    if kind in "iu":
        return str(int(value)) if dtype.itemsize == 8 else int(value)
    if kind == "f" and dtype.itemsize <= 8:
        return float(value).hex()
    if kind == "c" and dtype.itemsize <= 16:
        return [float(value.real).hex(), float(value.imag).hex()]
    if kind in "mM":
        return str(int(value.astype("i8")))
    if kind == "U":
        return str(value)
    if kind == "S":
        return bytes(value).decode("latin-1")
    return value.tobytes().hex()


def save(name, array):
    np.save(directory / f"{name}.npy", array)
    flat = array.reshape(-1, order="F" if array.flags.fnc else "C")
    described = {
        "dtype": array.dtype.str if array.dtype.names is None else None,
        "shape": array.shape,
        "fortranOrder": bool(array.flags.fnc),
        "elements": [element(flat[i], array.dtype) for i in range(flat.size)],
    }
    (directory / f"{name}.json").write_text(json.dumps(described, ensure_ascii=True) + "\n")


def integers(dtype):
    info = np.iinfo(dtype)
    return np.array([info.min, info.max, 0, 1, 2, 100], dtype)


floats = [0.0, -0.0, 1.5, -2.25, float("inf"), float("-inf"), float("nan"), 1e-7, 65504.0, 0.1]

for order in "<>":
    for code in ["i2", "i4", "i8", "u2", "u4", "u8"]:
        save(f"{code}-{'little' if order == '<' else 'big'}", integers(order + code).reshape(3, 2))
    for code in ["f2", "f4", "f8"]:
        save(f"{code}-{'little' if order == '<' else 'big'}", np.array(floats).astype(order + code).reshape(5, 2))
    for code in ["c8", "c16"]:
        complexes = np.array([complex(a, b) for a, b in zip(floats, floats[::-1])]).astype(order + code)
        save(f"{code}-{'little' if order == '<' else 'big'}", complexes)
    for code in ["M8[ns]", "M8[D]", "m8[15m]"]:
        times = np.array([0, 1, -1, 2**40, -(2**63)], dtype="i8").view(code).astype(order + code)
        save(f"{code.replace('[', '-').replace(']', '')}-{'little' if order == '<' else 'big'}", times)
    save(f"U-{'little' if order == '<' else 'big'}", np.array(["", "a", "héé", "\U0001f642!", "a\0b"], dtype=order + "U4"))

save("b1", np.array([[True, False], [False, True]]))
save("i1", integers("i1"))
save("u1", integers("u1"))
save("S", np.array([b"", b"a", b"caf\xe9", b"a\0b"], dtype="S5"))
save("V", np.arange(12, dtype="u1").view("V3"))
save("fortran", np.asfortranarray(np.arange(24, dtype="<i4").reshape(2, 3, 4)))
save("fortran-2d", np.asfortranarray(np.arange(6, dtype=">f8").reshape(2, 3)))
save("c-4d", np.arange(48, dtype="<u2").reshape(3, 2, 2, 4))
save("empty-1d", np.zeros(0, "<f8"))
save("empty-rows", np.zeros((0, 3), "<f4"))
save("empty-axis", np.zeros((3, 0), "<f4"))
save("zero-d", np.array(7.5))
save("one-row", np.arange(4, dtype="<i2").reshape(1, 4))
record = np.dtype([("t", "<f8"), ("id", ">i4"), ("pos", "<f4", (3,))])
save("structured", np.array([(i, -i, (i, i + 0.5, i + 1)) for i in range(4)], record))
padded = np.dtype([("flag", "?"), ("x", "<f8"), ("inner", [("a", "<i2"), ("b", "S3")], (2,))], align=True)
rows = np.zeros(3, padded)
rows["x"] = [1, 2, 3]
rows["inner"]["b"] = b"ab"
save("structured-aligned", rows)
save("structured-titles", np.zeros(2, [(("a title", "x"), "<i2"), (("another", "y"), "U2")]))
save("structured-unicode", np.ones(2, [("größe", "<f4"), ("名", "<i2")]))
