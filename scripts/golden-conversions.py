"""Makes test/golden/conversions.json: what NumPy's astype returns for every pair of dtypes. Run it from the root of the project.

Sources are stored as bytes. Each target has the beginning of the result's SHA-256, "-" if NumPy refuses, or "?" if we do not follow
NumPy's result (`is_open`). Texts are converted one by one.
"""

import base64
import hashlib
import json
import sys
import warnings

import numpy as np

warnings.simplefilter("ignore")

FLOATS = [0.0, -0.0, 1.0, -1.5, 2.5, 99.99, 300.7, -300.7, 65504.0, 65519.0, 65520.0, 1e-4, 9e-5, 6e-8, 3e-8, 1e-45, 1e6, 123456.5, 1 / 3]
LARGE = [2.0**31, 2.0**32 - 1, -(2.0**31), 2.0**53 + 2, 2.0**62, -(2.0**63), 1e16, 1.5e300, 5e-324, 1e22, np.inf, -np.inf, np.nan]
BITS = [0, 1, 2, 3, 127, 128, 129, 200, 255, 256, 1000, 2047, 2049, 2051, 32767, 32768, 65519, 65520, 65535, 65537, 2**24 + 1, 2**24 + 3,
        2**31 - 1, 2**31, 2**32 - 1, 2**32 + 1, 2**53 + 1, 2**54 + 3, 2**60 + 2**35 + 1, 2**63 - 1, 2**63, 2**63 + 1025, 2**64 - 1, 2**64 - 200]
TIMES = [0, 1, -1, 5, 59, 60, 61, -31, 365, 366, 719_468, -719_468, 10_957, 11_016, 20_000, -20_000, 100_000]
TEXTS = {
    "integers": ["0", "12", " -7 ", "+5", "1_000", "007", "300", "-129", "65536", "4294967296", "9223372036854775807", "9223372036854775808",
                 "18446744073709551615", "-1", "12L", "0x10", "1__0", "_1", "1_", "--1", "1 2", "1999 "],
    "floats": ["1.5", ".5", "5.", "1e3", "-1E-3", "1e400", "inf", "-Infinity", "nan", "1_0.5", "65519.9", "2049", "1e-8", "16777217", ".", "e5",
               "1e", "in", "1.5.5", "1._5"],
    "complex": ["1+2j", "(1-2j)", "j", "-j", "2j", "1e5j", "1+j", "nan+infj", " ( 1+2j ) ", "1 + 2j", "1+2", "(1", "1j2", "j1", "1_0j"],
    "dates": ["2000", "2000-02", "2000-02-29", "2001-02-29", "1900-02-29", "2000-13", "2000-00", "2000-01-00", "1969-12-31T23:59:59.9",
              "2000-01-02T03", "2000-01-02 03:04", "2000-01-02T03:04:05.123456789", "2000-01-02T03:04:05.", "2000-01-02T24", "2000-01-02T03:60",
              "2000-01-02T03:04Z", "2000-01-02T03:04+01:30", "2000-01-02T03-0130", "2000-01-02T03+01", "NaT", "nat", "", "-0001-12-31", "12345-06",
              "2000-1-2", "2000/01/02", "2000-01-02t03", " 1999", "1999 ", "2000-01-02T03:04Z ", "5 seconds", "20000101"],
    "words": ["True", "False", "é", "日本", "a b", "NULL", "\U0001F600"],
}
NUMBERS = ["|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16"]
DATETIMES = ["<M8[Y]", "<M8[M]", "<M8[5M]", "<M8[W]", "<M8[D]", "<M8[h]", "<M8[7m]", "<M8[s]", "<M8[ms]", "<M8[25us]", "<M8"]
TIMEDELTAS = ["<m8[Y]", "<m8[M]", "<m8[W]", "<m8[D]", "<m8[h]", "<m8[7m]", "<m8[s]", "<m8[ms]", "<m8[25us]", "<m8"]
WIDE_TEXTS = ["|S40", "<U40", "|S3", "<U3"]
STRUCTURES = [
    [("a", "<i2"), ("b", ">f4")],
    [("x", "<f8"), ("y", "|S6")],
    [("nested", [("p", ">u2"), ("q", "|b1")]), ("", "|V3"), ("z", "<i8")],
    [("one", "<f4", (2, 2)), ("two", "<M8[s]")],
    [("one", "<f8", (2, 2)), ("two", "<m8[s]", (3,))],
    [("alone", "<f8")],
]


def numbers(descr):
    """Elements of a numeric dtype whose conversions C defines, or NumPy performs the same way on every x86-64."""
    dtype = np.dtype(descr)
    if dtype.kind in "biu":
        mask = 2 ** (8 * dtype.itemsize)
        unsigned = np.array([bits % mask for bits in BITS], dtype=f"u{dtype.itemsize}")
        return unsigned.astype(bool) if dtype.kind == "b" else unsigned.view(dtype)
    values = np.array(FLOATS + LARGE)
    if dtype.kind == "c":
        values = values + 1j * values[::-1]
    return values.astype(dtype)


def times(descr):
    """Years beyond 500,000 have more microseconds than 64 bits hold, and NumPy does not notice."""
    few = [time for time in TIMES if abs(time) < 500_000 or descr not in ("<M8[Y]", "<M8[5M]")]
    return np.array(few + [np.iinfo("i8").min], dtype="i8").view(descr)


def structure(descr):
    dtype = np.lib.format.descr_to_dtype(descr)
    array = np.zeros(3, dtype)
    for name in dtype.names:
        field = array[name]
        if field.dtype.names is not None:
            for inner in field.dtype.names:
                field[inner] = [1, 0, 1]
        elif field.dtype.kind == "S":
            field[:] = [b"1", b"20", b"300"]
        else:
            field[...] = np.arange(field.size).reshape(field.shape)
    return array


def is_open(source, target):
    """What is not compared: results that C leaves undefined or that NumPy gets wrong."""
    if not isinstance(target, str):
        # NumPy stretches or truncates sub-arrays to any other shape.
        fields = list(zip(source.dtype.descr, np.lib.format.descr_to_dtype(target).descr))
        return any(len(mine) == 3 and mine[2:] != theirs[2:] for mine, theirs in fields)
    kind = np.dtype(target).kind
    if source.dtype.kind in "fc" and target == "<u4":
        return True  # beyond the range of uint32 each of NumPy's loops gives a different result
    if source.dtype.kind == "m" and kind in "SU":
        return any(len(str(time)) > 20 for time in source)  # truncated, however much room there is
    if source.dtype.kind in "SU" and kind in "Mm":
        return len(source[0]) > 7 and source[0].isdigit()  # wraps around
    return False


def digest(source, target):
    if is_open(source, target):
        return "?"
    try:
        result = source.astype(np.lib.format.descr_to_dtype(target))
    except (TypeError, ValueError, OverflowError, RuntimeError, UnicodeError):
        return "-"
    return hashlib.sha256(result.tobytes()).hexdigest()[:8]


def case(descr, source, targets):
    bytes_ = base64.b64encode(source.tobytes()).decode()
    return {"from": descr, "source": bytes_, "results": " ".join(digest(source, target) for target in targets)}


def texts():
    for group in TEXTS.values():
        for text in group:
            if text.isascii():
                yield np.array([text], dtype=f"S{max(1, len(text))}")
            yield np.array([text], dtype=f"U{max(1, len(text))}")


def main():
    scalars = NUMBERS + DATETIMES + TIMEDELTAS + WIDE_TEXTS + ["|V8"]
    readable = [target for target in scalars if target not in ("<M8", "|V8")]
    alone = STRUCTURES[-1]
    tables = [
        {"targets": scalars, "cases": [case(descr, numbers(descr), scalars) for descr in NUMBERS]},
        {"targets": scalars, "cases": [case(descr, times(descr), scalars) for descr in DATETIMES + TIMEDELTAS]},
        {"targets": readable, "cases": [case(array.dtype.str, array, readable) for array in texts()]},
        {"targets": STRUCTURES, "cases": [case(descr, structure(descr), STRUCTURES) for descr in STRUCTURES]},
        {"targets": STRUCTURES[:1], "cases": [case("<f8", np.array([1.0, 2.5, -3.0]), STRUCTURES[:1])]},
        {"targets": NUMBERS, "cases": [case(alone, structure(alone), NUMBERS)]},
    ]
    with open("test/golden/conversions.json", "w") as file:
        lines = [json.dumps(table["targets"]) + ', "cases": [\n' + ",\n".join(map(json.dumps, table["cases"])) for table in tables]
        file.write('[{"targets": ' + ']},\n{"targets": '.join(lines) + "]}]\n")
    print(f"numpy {np.__version__}: {sum(len(t['targets']) * len(t['cases']) for t in tables)} conversions", file=sys.stderr)


main()
