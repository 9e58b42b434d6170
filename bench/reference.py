"""python3 reference.py: for each line on the standard input, does the job that it names and prints its seconds.

The Python package npy-append-array, and NumPy, at the same jobs as the modules beside this file.
"""

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Lock
from time import perf_counter

import numpy as np
from npy_append_array import NpyAppendArray, ensure_appendable, recover
from npy_append_array.npy_append_array import is_appendable, needs_recovery


def create(path, descr, shape, fortran_order=False):
    with open(path, "wb") as fp:
        np.lib.format.write_array_header_1_0(fp, {"descr": descr, "fortran_order": fortran_order, "shape": tuple(shape)})


@cache
def made(dtype, shape):
    return np.resize(np.arange(100).astype(dtype), shape)


def numbers(dtype, shape):
    """The same array when it is asked for again, as a program would reuse it."""
    return made(dtype, tuple(shape))


def end_if(killed):
    if killed:
        os.kill(os.getpid(), signal.SIGKILL)


def append_all(path, arrays, killed=False, **options):
    npaa = NpyAppendArray(path, **options)
    start = perf_counter()
    for array in arrays:
        npaa.append(array)
    end_if(killed)
    npaa.close()
    return perf_counter() - start


def rows(path, rows, rewrite, scale):
    create(path, "<f8", (0, 3))
    row = np.zeros((1, 3))
    npaa = NpyAppendArray(path, rewrite_header_on_append=rewrite)
    start = perf_counter()
    for i in range(rows):
        row[0, 0] = i
        npaa.append(row)
    npaa.close()
    return scale * (perf_counter() - start)


def batches(path, rows, columns, batch, scale=1, killed=False):
    create(path, "<f8", (0, columns))
    array = numbers("<f8", (batch, columns))
    return scale * append_all(path, (array for _ in range(0, rows, batch)), killed)


def sqlite(path, rows, columns, batch, scale=1, killed=False):
    """Each row in a transaction of its own, which outlives the process."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=OFF")
    names = [f"c{i}" for i in range(columns)]
    connection.execute(f"CREATE TABLE rows ({', '.join(name + ' REAL' for name in names)})")
    insert = f"INSERT INTO rows VALUES ({', '.join('?' for _ in names)})"
    start = perf_counter()
    for i in range(rows):
        connection.execute(insert, [float(i)] * columns)
    seconds = perf_counter() - start
    end_if(killed)
    connection.close()
    return scale * seconds


def left(path, job, **params):
    """The rows that can be read when the process that appended them was killed right after the last one."""
    task = {"job": job, "params": {**params, "path": path, "killed": True}}
    status = subprocess.run([sys.executable, __file__], input=json.dumps(task), text=True).returncode
    assert status == -signal.SIGKILL, status
    if job != "sqlite":
        return len(np.load(path, mmap_mode="r"))
    connection = sqlite3.connect(path)
    [count] = connection.execute("SELECT count(*) FROM rows").fetchone()
    connection.close()
    return count


def bulk(path, total, chunk):
    create(path, "<f8", (0,))
    array = numbers("<f8", (chunk // 8,))
    return append_all(path, (array for _ in range(0, total, chunk)))


def tofile(path, total, chunk):
    array = numbers("<f8", (chunk // 8,))
    start = perf_counter()
    with open(path, "wb") as fp:
        for _ in range(0, total, chunk):
            array.tofile(fp)
    return perf_counter() - start


def view(source, shape, axes, step):
    array = numbers(source, shape)
    if step > 1:
        array = array[..., ::step]
    elif step == -1:
        array = array[::-1]
    return array if axes is None else array.transpose(axes)


def convert(path, to, shape, appends, axes=None, step=1, fortranOrder=False, label="", **given):
    array = view(given["from"], shape, axes, step)
    if fortranOrder:
        create(path, to, (*array.shape[:-1], 0), True)
    else:
        create(path, to, (0, *array.shape[1:]))
    return append_all(path, (array for _ in range(appends)))


def converted(path, to, shape, appends, axes=None, step=1, fortranOrder=False, **given):
    """NumPy alone: makes an array of what the file holds, and writes it."""
    array = view(given["from"], shape, axes, step)
    start = perf_counter()
    with open(path, "wb") as fp:
        for _ in range(appends):
            array.astype(to, order="F" if fortranOrder else "C").ravel("K").tofile(fp)
    return perf_counter() - start


def interleaved(path, perAppend, appends, **given):
    columns = ("t", numbers("<f8", (perAppend,))), ("id", numbers("<i4", (perAppend,))), ("pos", numbers("<f4", (perAppend, 3)))
    start = perf_counter()
    with open(path, "wb") as fp:
        for _ in range(appends):
            array = np.empty(perAppend, [("t", "<f8"), ("id", "<i4"), ("pos", "<f4", 3)])
            for name, column in columns:
                array[name] = column
            array.tofile(fp)
    return perf_counter() - start


def records(path, records, perAppend, columns):
    dtype = np.dtype([("t", "<f8"), ("id", "<i4"), ("pos", "<f4", 3)])
    create(path, dtype.descr, (0,))
    t, ids, pos = numbers("<f8", (perAppend,)), numbers("<i4", (perAppend,)), numbers("<f4", (perAppend, 3))
    ready = np.zeros(perAppend, dtype)

    def interleaved():
        array = np.empty(perAppend, dtype)
        array["t"], array["id"], array["pos"] = t, ids, pos
        return array

    return append_all(path, (interleaved() if columns else ready for _ in range(0, records, perAppend)))


def peak_memory():
    try:
        with open("/proc/self/status", encoding="latin1") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def forget_peak():
    try:
        with open("/proc/self/clear_refs", "w", encoding="latin1") as refs:
            refs.write("5")
    except OSError:
        pass


def extra(path, bytes, mode="sync", to="<f8", transposed=False, **given):
    dtype = np.dtype(given["from"])
    count = bytes // dtype.itemsize
    create(path, to, (0, 1024))
    array = np.ones((1024, count // 1024) if transposed else (count // 1024, 1024), dtype)
    array = array.T if transposed else array
    npaa = NpyAppendArray(path)
    npaa.append(array[:2])
    forget_peak()
    before = peak_memory()
    npaa.append(array)
    result = peak_memory() - before
    npaa.close()
    return result


def peak(path, total):
    bulk(path, total, 2**20)
    return peak_memory()


def threads(path, threads, arrays, size):
    create(path, "<f4", (size, 0), True)
    npaa = NpyAppendArray(path)
    lock = Lock()
    array = numbers("<f8", (size, size))
    npaa.append(np.asfortranarray(array, "<f4"))

    def work(_):
        converted = np.asfortranarray(array, "<f4")
        with lock:
            npaa.append(converted)

    with ThreadPoolExecutor(threads) as pool:
        start = perf_counter()
        list(pool.map(work, range(arrays)))
        npaa.close()
        return perf_counter() - start


def repeat(path, verb, bytes, times):
    create(path, "<f8", (bytes // 8 - (verb == "recover"),))
    with open(path, "rb") as fp:
        header = fp.read()
    os.truncate(path, len(header) + bytes)
    verbs = {"open": lambda path: NpyAppendArray(path).close(), "needsRecovery": needs_recovery, "recover": recover}
    total = 0
    for _ in range(times):
        if verb == "recover":
            with open(path, "rb+") as fp:
                fp.write(header)
        start = perf_counter()
        verbs[verb](path)
        total += perf_counter() - start
    return 1000 * total / times


def rewrite(path, bytes):
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({bytes // 8},), }}".ljust(69) + "\n"
    block = numbers("<f8", (min(2**17, bytes // 8),))
    with open(path, "wb") as fp:
        fp.write(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode())
        for _ in range(0, bytes, block.nbytes):
            block.tofile(fp)
        fp.flush()
        os.fsync(fp.fileno())
    start = perf_counter()
    ensure_appendable(path)
    taken = perf_counter() - start
    assert is_appendable(path)
    return taken


def slices(path, fileBytes, passes, bytes):
    np.save(path, numbers("<f8", (fileBytes // 8,)))
    os.replace(path + ".npy", path)
    array = np.load(path, mmap_mode="r")
    length, count, total = bytes // 8, fileBytes // bytes, 0
    start = perf_counter()
    for i in range(int(passes * count)):
        first = (i * 7919) % count * length
        total += np.array(array[first : first + length])[0]
    return perf_counter() - start


def mapped(path, fileBytes, bytes, inOrder):
    create(path, "<f8", (fileBytes // 8,))
    # In blocks as read.mjs writes them: how large the pieces are in which the system holds a file tells in its mapping.
    with open(path, "ab") as fp:
        for _ in range(0, fileBytes, 2**20):
            fp.write(numbers("<f8", (2**17,)).tobytes())
            fp.flush()
    length, count, total = bytes // 8, fileBytes // bytes, 0
    start = perf_counter()
    array = np.load(path, mmap_mode="c")
    for i in range(2 * count):
        first = (i * (1 if inOrder else 7919)) % count * length
        total += array[first : first + length : 512].sum()
    return perf_counter() - start


def table(path, shape):
    create(path, "<f4", shape)
    with open(path, "ab") as fp:
        total, block = int(np.prod(shape)), numbers("<f4", (2**18,))
        for done in range(0, total, 2**18):
            fp.write(block[: min(2**18, total - done)].tobytes())
    return np.load(path, mmap_mode="r")


def passes_of(use, passes):
    use(0)
    start = perf_counter()
    for i in range(passes):
        use(i + 1)
    return perf_counter() - start


def taken(path, rowCount, columns, passes):
    array = table(path, (rowCount, columns))
    wanted = [np.random.randint(0, rowCount, 1000) for _ in range(passes + 1)]
    return passes_of(lambda i: array[wanted[i]], passes)


def cropped(path, frames, passes):
    np.save(path, numbers("|u1", (frames, 480, 640)))
    os.replace(path + ".npy", path)
    array = np.load(path, mmap_mode="r")
    return passes_of(lambda _: np.array(array[:, 100:200, 300:320]), passes)


def column(path, rowCount, columns, passes):
    array = table(path, (rowCount, columns))
    return passes_of(lambda _: np.array(array[:, 7]), passes)


def npz_of(path, bytes, count, compress):
    file = f"{os.path.dirname(path)}/npz-numpy-{bytes}-{count}-{compress}.npz"
    if not os.path.exists(file):
        save = np.savez_compressed if compress else np.savez
        save(file, **{f"a{i}": numbers("<f8", (bytes // 8 // count,)) for i in range(count)})
    return file


def npz_save(path, bytes, compress=False):
    array = numbers("<f8", (bytes // 8,))
    start = perf_counter()
    with open(path, "wb") as fp:
        (np.savez_compressed if compress else np.savez)(fp, array=array)
    return perf_counter() - start


def npz_load(path, bytes, compress=False):
    file = npz_of(path, bytes, 1, compress)
    start = perf_counter()
    with np.load(file) as archive:
        archive["a0"]
    return perf_counter() - start


def npz_one(path, bytes, passes):
    file = npz_of(path, bytes, 1000, False)
    start = perf_counter()
    for i in range(passes):
        with np.load(file) as archive:
            archive[f"a{7 * i % 1000}"]
    return perf_counter() - start


for line in sys.stdin:
    task = json.loads(line)
    print(json.dumps(globals()[task["job"]](**task["params"])), flush=True)
