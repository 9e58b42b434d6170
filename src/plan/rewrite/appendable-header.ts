/** Decides whether a header has room for any number of rows, and makes one that has. */
import { formatHeader, isGrowable, type NpyHeader, zeroDimensional } from "../../format/header.ts";

/** Whether a file with this header can take any number of rows. */
export function isAppendableHeader(header: NpyHeader): boolean {
  return header.shape.length > 0 && isGrowable(header);
}

/** The header NumPy would write for the same array today. It has room to grow, and is always longer than `header`. */
export function appendableHeader({ dtype, fortranOrder, shape, version, headerLength }: NpyHeader): Uint8Array {
  if (shape.length === 0) throw zeroDimensional();
  const header = formatHeader({ dtype, fortranOrder, shape });
  // An old header of a needlessly high version has a longer prefix, so the new one could come out no longer.
  return header.length > headerLength ? header : formatHeader({ dtype, fortranOrder, shape, version });
}
