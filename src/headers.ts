/** Headers for tools that have the bytes of a file, and no file: what they pass is checked. */
import { NpyError, quoted } from "./errors.ts";
import { type DType, type DTypeLike, dtype } from "./format/dtype.ts";
import { formatHeader as format, type NpyHeader, type NpyVersion, parseHeader as parse } from "./format/header.ts";
import { checkOptions, flag, type HeaderOptions, isPositive, oneOf, optional } from "./options.ts";

/** What a header says of an array, and how long it is. */
export interface HeaderLayout {
  readonly dtype: DTypeLike;
  /** Sizes of 0 or more; `[]` for an array of one element without axes. */
  readonly shape: readonly number[];
  /**
   * Whether the first axis varies fastest.
   *
   * @defaultValue `false`
   */
  readonly fortranOrder?: boolean;
  /**
   * The version of the format.
   *
   * @defaultValue the oldest that can hold the header
   */
  readonly version?: NpyVersion | undefined;
  /**
   * The bytes of the header, in which it is fitted.
   *
   * @defaultValue as by NumPy
   */
  readonly headerLength?: number | undefined;
}

/**
 * Reads the header at the beginning of a file's bytes; more bytes may follow.
 *
 * @throws NpyError `ERR_NPY_HEADER` (with the `position` of a syntax error), `ERR_NPY_DTYPE` for dtypes that cannot be
 * read, `ERR_NPY_SHAPE` for arrays too large to be counted; `ERR_NPY_OPTION`.
 * @example
 * ```ts
 * parseHeader(formatHeader({ dtype: "<f8", shape: [2, 3] })).shape; // [2, 3]
 * ```
 */
export function parseHeader(bytes: Uint8Array, options: HeaderOptions = {}): NpyHeader {
  // Without checkOptions and quoted, which would be a tenth of what an application bundles that only parses headers.
  const found = Object.prototype.toString.call(bytes).slice(8, -1);
  if (found === "Uint8Array") return parse(bytes, options);
  throw new NpyError("ERR_NPY_OPTION", `Expected the first bytes of a file, as a Uint8Array: found ${found}.`);
}

/**
 * A header as NumPy writes it: the oldest version that can hold it, keys sorted, room for the growth axis, padded with 1
 * to 64 bytes. With `version` and `headerLength` of an existing header it is fitted into those instead.
 *
 * @throws NpyError `ERR_NPY_NOT_APPENDABLE` if it does not fit into `headerLength`; `ERR_NPY_HEADER` if no version can say that
 * length, `ERR_NPY_DTYPE` for sub-arrays, `ERR_NPY_SHAPE` for arrays that are not possible; `ERR_NPY_OPTION`.
 * @example
 * ```ts
 * formatHeader({ dtype: "<f8", shape: [2, 3] }).length; // 128
 * ```
 */
export function formatHeader(layout: HeaderLayout): Uint8Array<ArrayBuffer> {
  return format(
    checkOptions(layout, {
      dtype: (value: unknown): DType => dtype(value as DTypeLike),
      shape: sizes,
      fortranOrder: flag(false),
      version: oneOf<NpyVersion | undefined>([undefined, "1.0", "2.0", "3.0"]),
      headerLength: optional<number>("a number of bytes", isPositive),
      // Of headers that were parsed.
      reservesTail: (value: unknown) => value,
    }),
  );
}

function sizes(value: unknown, name: string): readonly number[] {
  if (Array.isArray(value)) return value;
  throw new NpyError("ERR_NPY_SHAPE", `${name} must be a list of sizes, such as [2, 3]: found ${quoted(value)}.`);
}
