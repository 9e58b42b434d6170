/** Finds a value in a sorted array, of which only a few elements are read. */
import { type Comparison, comparisonWith } from "../decode/compare.ts";
import type { ComplexNumber } from "../decode/npy-array.ts";
import { pathTo } from "../decode/record-array.ts";
import { NpyError, within } from "../errors.ts";
import type { DType } from "../format/dtype.ts";
import { noField } from "../format/structure.ts";
import { abortSignal, type Check, checkOptions, oneOf, optional, optionError } from "../options.ts";
import type { Plan } from "../plan/step.ts";
import type { OpenArray } from "./open-array.ts";

/** What can be searched for: for `datetime64` also Dates and text in ISO 8601. */
export type SearchValue = number | bigint | boolean | string | Date | ComplexNumber;

/** Where {@link NpyReader.searchsorted} searches. */
export interface SearchOptions {
  /**
   * For structures: the field by which the records are sorted; a nested one by its full name, as in `pos.x`.
   *
   * @defaultValue none
   * @example field: "t"
   */
  readonly field?: string | undefined;
  /**
   * Which index to give where elements equal the value: that of the first of them (`"left"`), or the one after the last (`"right"`).
   *
   * @defaultValue `"left"`
   * @example side: "right"
   */
  readonly side?: "left" | "right" | undefined;
  /**
   * Stops the search.
   *
   * @defaultValue none
   * @example signal: AbortSignal.timeout(10_000)
   */
  readonly signal?: AbortSignal | undefined;
}

const SEARCH_OPTIONS: {
  readonly field: Check<string | undefined>;
  readonly side: Check<"left" | "right" | undefined>;
  readonly signal: Check<AbortSignal | undefined>;
} = {
  field: optional<string>("the name of a field", (value) => typeof value === "string"),
  side: oneOf([undefined, "left", "right"]),
  signal: abortSignal,
};

export function checkSearchOptions(options: object): SearchOptions {
  return checkOptions(options, SEARCH_OPTIONS);
}

/** So many bytes are read at once at the end, instead of halving them further: as long as a dozen small reads take. */
const BLOCK = 2 ** 14;

/** The same where each read is a request. */
const BLOCK_OF_REQUEST = 2 ** 18;

/** The index at which `value` would be inserted, as by `numpy.searchsorted`. */
export function* searchSorted(array: OpenArray<unknown>, value: unknown, options: SearchOptions): Plan<number> {
  const { field, side = "left" } = options;
  const { dtype, shape } = array.header;
  if (shape.length !== 1) {
    const found = shape.length === 0 ? "a 0-d array" : `an array of shape (${shape.join(", ")})`;
    throw new NpyError("ERR_NPY_SHAPE", `Only 1-D arrays can be searched: this is ${found}.`);
  }
  const { type, offset } = elementOf(dtype, field);
  const compare = comparisonOf(type, value, field);
  const last = side === "left" ? -1 : 0;
  const isBefore = (view: DataView, at: number): boolean => compare(view, at) <= last;

  const stride = dtype.itemsize;
  const rows = Math.max(1, Math.floor((array.file.isSnapshot ? BLOCK_OF_REQUEST : BLOCK) / Math.max(1, stride)));
  let [low, high] = [0, array.length];
  const element = viewOf(type.itemsize);
  while (high - low > rows) {
    const middle = low + Math.floor((high - low) / 2);
    yield* array.readData(element.bytes, middle * stride + offset);
    if (isBefore(element.view, 0)) low = middle + 1;
    else high = middle;
  }
  if (low === high) return low;
  const start = low;
  const block = viewOf((high - low - 1) * stride + type.itemsize);
  yield* array.readData(block.bytes, start * stride + offset);
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    if (isBefore(block.view, (middle - start) * stride)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function viewOf(length: number): { readonly bytes: Uint8Array; readonly view: DataView } {
  const bytes = new Uint8Array(length);
  return { bytes, view: new DataView(bytes.buffer) };
}

/** What is searched: the elements of the array, or one field of each. */
function elementOf(dtype: DType, field: string | undefined): { readonly type: DType; readonly offset: number } {
  if (dtype.fields === undefined) {
    if (field === undefined) return { type: dtype, offset: 0 };
    throw optionError(`field is for structures, and this array has dtype ${dtype.str}: leave it out`);
  }
  if (field === undefined) {
    const names = dtype.fields.slice(0, 80).map(({ name }) => name);
    throw optionError(`field must say by which one the records are sorted: there are ${names.join(", ")}`);
  }
  const path = pathTo(dtype, field);
  if (path === undefined) throw noField(dtype.fields ?? [], field);
  const type = path[path.length - 1]?.dtype as DType;
  if (path.some((part) => part.dtype.subdtype !== undefined)) {
    throw new NpyError("ERR_NPY_SHAPE", "Each record has several elements of it: only a field of one can be searched.", {
      field,
    });
  }
  if (type.fields !== undefined)
    throw optionError(`field must be that of an element, and ${field} is a structure: name one of its fields`);
  return { type, offset: path.reduce((sum, part) => sum + part.offset, 0) };
}

function comparisonOf(type: DType, value: unknown, field: string | undefined): Comparison {
  try {
    return comparisonWith(type, value);
  } catch (error) {
    throw field === undefined ? error : within(error, { field });
  }
}
