/** Writing a whole array at once. */

import { ON_OVERFLOW, type OnOverflow } from "./cast/overflow.ts";
import { castInput } from "./encode/cast-input.ts";
import { dtypeOfInput } from "./encode/conform.ts";
import { NULLS, type Nulls } from "./encode/nulls.ts";
import type { CheckedDType } from "./format/dtype.ts";
import { formatHeader } from "./format/header.ts";
import { sizeOf } from "./format/layout.ts";
import type { ArrayInput } from "./input/array-input.ts";
import { parseInput } from "./input/input.ts";
import { type Blocks, placed } from "./memory/blocks.ts";
import { checkOptions, fixedSizeDType, oneOf } from "./options.ts";
import { type Claim, claiming } from "./plan/claims.ts";
import { writeBlocks } from "./plan/grow/write-blocks.ts";
import { closing, createTemporary, type Plan, quietly, remove, write } from "./plan/step.ts";
import type { FileLike } from "./storage/locate.ts";
import { hasCode, type Storage, type StorageFile } from "./storage/storage.ts";
import { onFile, onFileSync } from "./verb.ts";

/** How an array is saved. */
export interface SaveOptions<D = unknown> {
  /**
   * The dtype of the file, to which the array is cast by the rule `"same_kind"`.
   *
   * @defaultValue that of the array
   * @example dtype: "float32"
   */
  readonly dtype?: CheckedDType<D>;
  /**
   * The order of the file.
   *
   * @defaultValue what an {@link NpyArray} says, else `false`
   * @example fortranOrder: true
   */
  readonly fortranOrder?: boolean;
  /**
   * What happens to typed data that a cast to `dtype` would change beyond rounding: as of {@link OpenOptions}.
   *
   * @defaultValue `"wrap"`
   * @example onOverflow: "throw"
   */
  readonly onOverflow?: OnOverflow;
  /**
   * What happens to `null` and `undefined` among plain values: as of {@link OpenOptions}.
   *
   * @defaultValue `"error"`
   * @example nulls: "nan"
   */
  readonly nulls?: Nulls;
}

/**
 * Writes an array into a file, as `numpy.save`, whose bytes it gives. The array may be 0-d. The file is written beside an existing one
 * and put in its place: readers see the old or the new one, whole.
 *
 * @throws NpyError `ERR_NPY_SHAPE`, `ERR_NPY_CAST`, `ERR_NPY_VALUE`, `ERR_NPY_DTYPE`, `ERR_NPY_OPTION`; `ERR_NPY_LOCKED` if a writer holds
 * the file, also one that appeared meanwhile; `ERR_NPY_CHANGED` if a file appeared meanwhile where there are no locks; the file system's own
 * errors. An error leaves the file unchanged.
 * @example
 * ```ts
 * await save("identity.npy", [[1, 0], [0, 1]], { dtype: "float32" });
 * ```
 */
export async function save<const D = unknown>(
  file: FileLike,
  array: ArrayInput | number | bigint | boolean | string | Date,
  options: SaveOptions<D> = {},
): Promise<void> {
  await onFile((storage) => saving(storage, array, options), file, options);
}

/** {@link save}, synchronously. */
export function saveSync<const D = unknown>(
  file: FileLike,
  array: ArrayInput | number | bigint | boolean | string | Date,
  options: SaveOptions<D> = {},
): void {
  onFileSync((storage) => saving(storage, array, options), file, options);
}

const SAVE_OPTIONS = {
  dtype: fixedSizeDType,
  fortranOrder: oneOf([undefined, true, false]),
  onOverflow: oneOf(ON_OVERFLOW, "wrap"),
  nulls: oneOf(NULLS, "error"),
};

function* saving(storage: Storage, input: unknown, options: object): Plan<void> {
  const { header, blocks, length } = npyBytes(input, options);
  yield* replacing(storage, function* (file) {
    file.expect?.(header.length + length);
    yield* write(file, header, 0);
    yield* writeBlocks(file, blocks, header.length, header.length + length);
  });
}

/** An array as the bytes of a `.npy` file. */
export interface NpyBytes {
  readonly header: Uint8Array;
  /** The bytes of its data. */
  readonly length: number;
  readonly blocks: Blocks;
}

/** What `numpy.save` would write for an array. Everything is checked here; the data are made on demand. */
export function npyBytes(input: unknown, options: object = {}): NpyBytes {
  const { dtype: wanted, fortranOrder: wantedOrder, onOverflow, nulls } = checkOptions(options, SAVE_OPTIONS);
  const parsed = parseInput(input, wanted);
  const type = wanted ?? dtypeOfInput(parsed, { nulls });
  const elements = castInput(parsed, type, { casting: "same_kind", onOverflow, nulls });
  const { shape } = elements;
  // numpy.save writes False for arrays that are in both orders.
  const fortranOrder = shape.length > 1 && (wantedOrder ?? (parsed.fortranOrder === true && !isInBothOrders(shape)));
  return {
    header: formatHeader({ dtype: type, fortranOrder, shape }),
    length: sizeOf(shape) * type.itemsize,
    blocks: placed((position) => elements.blocks(fortranOrder, position)),
  };
}

/** Writes a new file, and puts it in the place of the existing one once `fill` has written it. */
export function* replacing(storage: Storage, fill: (file: StorageFile) => Plan<void>): Plan<void> {
  // Replacing a file while a writer appends to it would lose the later rows.
  yield* claiming(storage, function* (claim) {
    try {
      yield* claim.hold(yield* claim.open("r"));
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
    }
    yield* replaceWith(storage, claim, fill);
  });
}

function* replaceWith(storage: Storage, claim: Claim, fill: (file: StorageFile) => Plan<void>): Plan<void> {
  const temporary = yield* createTemporary(storage);
  try {
    // Closed before it takes its place: network file systems report a full disk only then.
    yield* closing(temporary, () => fill(temporary));
    yield* claim.replace(temporary);
  } catch (error) {
    yield* quietly(remove(storage, temporary));
    throw error;
  }
}

function isInBothOrders(shape: readonly number[]): boolean {
  return shape.includes(0) || shape.filter((size) => size > 1).length <= 1;
}
