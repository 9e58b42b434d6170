// What jobs measure with.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Starts a watch; calling what it gives tells the seconds since. */
export function stopwatch() {
  const start = process.hrtime.bigint();
  return () => Number(process.hrtime.bigint() - start) / 1e9;
}

const MiB = 2 ** 20;

/**
 * The path of a file that jobs read: beside the one of a job, made by the first that asks for it, and there until the run ends.
 *
 * @param {string} path
 * @param {string} name
 * @param {(path: string) => void} make
 */
export function sourceFile(path, name, make) {
  const source = join(dirname(path), name);
  if (!existsSync(source)) {
    make(`${source}.part`);
    renameSync(`${source}.part`, source);
  }
  return source;
}

/**
 * Begins to watch this process's memory; calling what it gives tells by how many MiB its peak was above what it has now, and where the
 * peak was. Linux tells the peak since it was last asked to forget it; elsewhere it is that of the whole process.
 */
export function watchMemory() {
  globalThis.gc();
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // The peak so far counts, too.
  }
  const before = process.memoryUsage.rss();
  return () => ({ extra: Math.max(0, peakMemory() - before) / MiB, peak: peakMemory() / MiB });
}

/** `maxRSS` of a process on Linux begins with what its parent had; the kernel's own account does not. */
function peakMemory() {
  try {
    const [, peak] = /VmHWM:\s*(\d+) kB/.exec(readFileSync("/proc/self/status", "latin1"));
    return Number(peak) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

/** The arrays of the runtime, by dtype. */
export const TYPED_ARRAYS = {
  uint8: Uint8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  float32: Float32Array,
  float64: Float64Array,
};

const made = new Map();

/**
 * Numbers that any dtype can hold: 0 to 99, again and again. The same array when it is asked for again, as a program would reuse it: memory
 * that was never handed to the system before can take it several times as long.
 */
export function numbers(dtype, length) {
  const name = `${length} ${dtype}`;
  if (!made.has(name)) made.set(name, makeNumbers(dtype, length));
  return made.get(name);
}

function makeNumbers(dtype, length) {
  const data = new TYPED_ARRAYS[dtype](length);
  for (let i = 0; i < Math.min(length, 100); i++) data[i] = dtype === "int64" ? BigInt(i) : i;
  for (let done = 100; done < length; done *= 2) data.copyWithin(done, 0, done);
  return data;
}
