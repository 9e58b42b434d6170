/** The modules of this folder that have rows, in the order in which they run. */
export const FAMILIES = [
  "rows",
  "bulk",
  "convert",
  "strided",
  "records",
  "memory",
  "metadata",
  "read",
  "choose",
  "npz",
  "objects",
  "durability",
  "threads",
  "peers",
  "cli",
  "startup",
];
