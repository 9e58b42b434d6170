/** The names of shards: the files of a folder that are read as one array. */
import { quoted } from "../errors.ts";

const SHARD = /^(\d+)\.npy$/;

/** The digits of a new name; a higher number has as many as it needs. */
const DIGITS = 8;

/** The number of the shard of that name; `undefined` for the names of other files. */
export function shardNumber(name: string): number | undefined {
  const digits = SHARD.exec(name)?.[1];
  if (digits === undefined) return undefined;
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** The name that a writer gives to the shard of that number. */
export function shardName(number: number, digits: number = DIGITS): string {
  return `${String(number).padStart(digits, "0")}.npy`;
}

/** Orders names as numbers. Names of one number are ordered by their digits. */
export function inOrder(names: readonly string[]): string[] {
  return names
    .map((name) => ({ name, number: shardNumber(name) }))
    .filter((shard): shard is { name: string; number: number } => shard.number !== undefined)
    .sort((a, b) => a.number - b.number || a.name.length - b.name.length)
    .map(({ name }) => name);
}

/** The most names that are looked for between two others. */
const MOST_MISSING = 64;

/**
 * Names that may have been left out of a listing that was made while writers gave names: the system may list a new name without the one before it. Only
 * neighbours are looked for, so that names such as dates cost nothing.
 */
export function namesBetween(before: string, after: string): string[] {
  const [first, end] = [(shardNumber(before) as number) + 1, shardNumber(after) as number];
  if (end - first > MOST_MISSING || before.length !== after.length) return [];
  return Array.from({ length: Math.max(0, end - first) }, (_, i) => shardName(first + i, before.length - ".npy".length));
}

/** Other files of the folder, for a message. */
export function otherNames(names: readonly string[]): string {
  const found = names.filter((name) => name.endsWith(".npy") && !name.startsWith(".")).sort();
  const shown = found.slice(0, 3).map((name) => quoted(name));
  return found.length > shown.length ? `${shown.join(", ")} and ${found.length - shown.length} more` : shown.join(", ");
}
