"""Loads files with numpy.load and reports which rows they hold: one JSON request per line, one answer per line."""

import json
import sys

import numpy as np


def check(path, words, fortran):
    array = np.load(path)
    rows = array.reshape((words, -1), order="F").T if fortran else array.reshape(-1, words)
    rows = rows.astype(np.uint32)
    total = np.zeros(len(rows), np.uint32)
    for i in range(words - 1):
        total = (total ^ rows[:, i]) * np.uint32(16777619)
    right = (rows[:, 0] == np.arange(len(rows))) & (rows[:, -1] == total)
    right &= rows[:, 1] == (rows[0, 1] if len(rows) else 0)
    wrong = np.flatnonzero(~right)
    return {"rows": len(rows), "problem": f"row {wrong[0]} is not what was appended" if len(wrong) else None}


print(np.__version__, flush=True)
for line in sys.stdin:
    try:
        print(json.dumps(check(**json.loads(line))), flush=True)
    except Exception as error:
        print(json.dumps({"rows": 0, "problem": f"{type(error).__name__}: {error}"}), flush=True)
