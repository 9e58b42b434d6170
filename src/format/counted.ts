/** Counts with their nouns, for messages. */

/** `1 row`, `2 rows`; `1 axis`, `2 axes` where the plural needs more than an s. */
export function counted(count: number | bigint, noun: string, plural = `${noun}s`): string {
  return `${count} ${Number(count) === 1 ? noun : plural}`;
}
