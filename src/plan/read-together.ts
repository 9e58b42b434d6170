/** Reads several parts of a file at the same time. */
import { Lifetime } from "../storage/signals.ts";
import { type Eventually, isPending, type StorageFile } from "../storage/storage.ts";

/** Bytes to read from one place of a file. */
export interface Part {
  readonly bytes: Uint8Array;
  readonly position: number;
}

/** The most reads under way at once: more requests gain nothing from most servers, and browsers queue them. */
const AT_ONCE = 8;

/**
 * Returns where the file ended, if it did before the end of a part. If a read fails, none is started after it, those under way are ended where
 * that is possible, and waited for: the memory belongs to the caller.
 */
export function readTogether(
  file: StorageFile,
  parts: readonly Part[],
  signal: AbortSignal | undefined,
): Eventually<number | undefined> {
  signal?.throwIfAborted();
  if (parts.length === 1) {
    const [part] = parts as [Part];
    const count = file.read(part.bytes, part.position, signal);
    return isPending(count) ? Promise.resolve(count).then((read) => endOf(part, read)) : endOf(part, count);
  }
  const lifetime = new Lifetime();
  lifetime.follow(signal);
  let isPassedOn = false;
  try {
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i] as Part;
      const count = file.read(part.bytes, part.position, lifetime.signal);
      if (isPending(count)) {
        isPassedOn = true;
        return finishTogether(file, parts, i, count, lifetime);
      }
      const end = endOf(part, count);
      if (end !== undefined) return end;
    }
    return undefined;
  } finally {
    if (!isPassedOn) lifetime.end();
  }
}

function endOf({ bytes, position }: Part, count: number): number | undefined {
  return count < bytes.length ? position + count : undefined;
}

/** The parts from `first` on, whose read is under way. */
async function finishTogether(
  file: StorageFile,
  parts: readonly Part[],
  first: number,
  started: PromiseLike<number>,
  lifetime: Lifetime,
): Promise<number | undefined> {
  const { signal } = lifetime;
  let next = first + 1;
  let ends: number | undefined;
  let failure: { readonly error: unknown } | undefined;
  const readOn = async (index: number, reading: PromiseLike<number>): Promise<void> => {
    let at = index;
    let count: Eventually<number> | PromiseLike<number> = reading;
    for (;;) {
      const end = endOf(parts[at] as Part, isPending(count) ? await count : count);
      if (end !== undefined) ends = Math.min(end, ends ?? end);
      if (next === parts.length || ends !== undefined || failure !== undefined) return;
      at = next++;
      const part = parts[at] as Part;
      count = file.read(part.bytes, part.position, signal);
    }
  };
  const fail = (error: unknown): void => {
    failure ??= { error };
    lifetime.end(error);
  };
  const all = [readOn(first, started).catch(fail)];
  while (all.length < AT_ONCE && next < parts.length) {
    const index = next++;
    const part = parts[index] as Part;
    // A read that fails at once counts as one that fails later.
    const reading = (async () => await file.read(part.bytes, part.position, signal))();
    all.push(readOn(index, reading).catch(fail));
  }
  await Promise.all(all);
  lifetime.end();
  if (failure !== undefined) throw failure.error;
  return ends;
}
