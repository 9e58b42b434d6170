/** Numbers of things, as text. */

/** `1 row`, `2 rows`. */
export function counted(count: number, noun: "byte" | "column" | "file" | "row"): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
