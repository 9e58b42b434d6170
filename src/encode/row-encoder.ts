/** What is appended -> the bytes of a file's rows. One encoder is made for each open file. */
import type { Casting } from "../cast/can-cast.ts";
import { type ArrayLayout, bytesPerRow } from "../format/layout.ts";
import { parseInput } from "../input/input.ts";
import { encodeParsed } from "./conform.ts";
import type { EncodedRows, FastPath } from "./encoded-rows.ts";
import { fastColumns } from "./fast-columns.ts";
import { fastNumbers } from "./fast-numbers.ts";
import { FastTypedArrays } from "./fast-typed-arrays.ts";
import { fastViews } from "./fast-views.ts";

export class RowEncoder {
  readonly #layout: ArrayLayout;
  readonly #casting: Casting;
  readonly #fastPaths: readonly FastPath[];

  /** For rows of an array of this layout, whatever the size of its growth axis. */
  constructor(layout: ArrayLayout, casting: Casting) {
    this.#layout = layout;
    this.#casting = casting;
    this.#fastPaths = bytesPerRow(layout) === 0 ? [] : fastPathsOf(layout, casting);
  }

  /**
   * Checks and encodes an input. Each call has the memory to itself, also where a getter of the input leads to another one.
   *
   * @throws NpyError as {@link encodeParsed} does.
   */
  encode(input: unknown): EncodedRows {
    if (typeof input === "object" && input !== null) {
      for (let i = 0; i < this.#fastPaths.length; i++) {
        const rows = (this.#fastPaths[i] as FastPath)(input);
        if (rows !== undefined) return rows;
      }
    }
    return encodeGenerally(input, this.#layout, this.#casting);
  }
}

/** In the order in which they are tried. */
function fastPathsOf(layout: ArrayLayout, casting: Casting): readonly FastPath[] {
  const typedArrays = new FastTypedArrays(layout, casting);
  const paths = [typedArrays.encode, fastNumbers(layout), fastViews(layout, typedArrays), fastColumns(layout)];
  return paths.filter((path) => path !== undefined);
}

/** The general way: every kind of input, and the words for every mistake. */
export function encodeGenerally(input: unknown, layout: ArrayLayout, casting: Casting): EncodedRows {
  return encodeParsed(parseInput(input, layout.dtype), layout, casting);
}
