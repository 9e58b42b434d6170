/** The dtype of plain values for which none was given. Records become a structure, lists within them sub-arrays. */
import { RecordArray } from "../decode/record-array.ts";
import { NpyError, quoted } from "../errors.ts";
import { keptCodePoints, passCodePoints } from "../format/code-points.ts";
import { type DescrField, type DType, dtype } from "../format/dtype.ts";
import { unravelIndex } from "../format/flat-index.ts";
import { MAX_DIMENSIONS } from "../format/structure.ts";
import { isNodeBuffer } from "../input/array-bytes.ts";
import { parseNested } from "../input/nested.ts";
import type { ParsedInput, Values } from "../input/parsed-input.ts";
import { isPlainObject } from "../input/properties.ts";
import { HOW_TO_STORE_NULLS, isNull, type Nulls } from "./nulls.ts";
import { compareNames } from "./records.ts";
import { countCodePoints } from "./values.ts";

/** How dtypes are inferred. */
export interface InferenceRules {
  readonly nulls: Nulls;
  /** The characters of text; `undefined` for those of the longest one. */
  readonly textLength?: number | undefined;
}

/** The dtypes of values by their types, for all but text and records. */
const DTYPES: ReadonlyMap<string, string> = new Map([
  ["number", "float64"],
  ["bigint", "int64"],
  ["boolean", "bool"],
  ["Date", "datetime64[ms]"],
  ["complex number", "complex128"],
]);

/**
 * The dtype of values for which none was given: number -> float64, bigint -> int64, boolean -> bool, string -> the shortest `U` that holds
 * all, Date -> datetime64[ms], `{ re, im }` -> complex128, other objects -> a structure with the fields of the first one. float64 if there are
 * none, as `numpy.array([])`, or nulls only.
 *
 * @throws NpyError `ERR_NPY_VALUE` for mixed or other values, `ERR_NPY_SHAPE` for ragged lists in records; with the `index` and the `field`.
 */
export function dtypeOfValues({ values, shape }: Values, rules: InferenceRules): DType {
  return at(shape, () => inferred(values, rules, 0));
}

/** Errors of `infer` have the flat index of a value first: gives it the axes of `shape`. */
function at<Result>(shape: readonly number[], infer: () => Result, field?: string): Result {
  try {
    return infer();
  } catch (error) {
    if (!(error instanceof NpyError)) throw error;
    const [flat, ...rest] = error.index ?? [];
    throw error.within({ field, index: flat === undefined ? undefined : [...unravelIndex(flat, shape), ...rest] });
  }
}

/** `depth` counts the records around the values. */
function inferred(values: readonly unknown[], rules: InferenceRules, depth: number): DType {
  const missing = rules.nulls === "error" ? values.findIndex(isNull) : -1;
  if (missing >= 0) {
    throw new NpyError(
      "ERR_NPY_VALUE",
      `${quoted(values[missing])} has no dtype: replace it, or store it (${HOW_TO_STORE_NULLS}).`,
      {
        index: [missing],
      },
    );
  }
  const place = values.findIndex((value) => !isNull(value));
  if (place < 0) return dtype("float64");
  const first = values[place];
  const type = typeOf(first);
  const other = values.findIndex((value) => !isNull(value) && typeOf(value) !== type);
  if (other >= 0) {
    throw new NpyError(
      "ERR_NPY_VALUE",
      `${quoted(values[other])} (${typeOf(values[other])}) is not of the type of the first value, ${quoted(first)} (${type}): convert all to ` +
        "one type, or give a dtype.",
      { index: [other] },
    );
  }
  if (type === "string") return dtype(`U${rules.textLength ?? Math.max(1, longest(values))}`);
  if (type === "record") return structureOf(values, rules, depth);
  const name = DTYPES.get(type);
  if (name !== undefined) return dtype(name);
  throw noDType(first, place);
}

function noDType(value: unknown, index: number): NpyError {
  return new NpyError(
    "ERR_NPY_VALUE",
    `No dtype for ${quoted(value)}${typeof value === "function" ? ", a function" : ""}: expected numbers, bigints, booleans, strings, Dates or ` +
      "records (objects with fields). Convert it, or give a dtype.",
    { index: [index] },
  );
}

function typeOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value;
  if (value instanceof Date) return "Date";
  if (Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof RecordArray) return "array";
  return isComplex(value) ? "complex number" : "record";
}

/** Whether a value is what reading gives for complex numbers. */
function isComplex(value: { readonly re?: unknown; readonly im?: unknown }): boolean {
  return typeof value.re === "number" && typeof value.im === "number" && Object.keys(value).length === 2;
}

/** The longest string, in code points. */
function longest(values: readonly unknown[]): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value !== "string") continue;
    const kept = keptCodePoints(values, i, value);
    if (kept !== undefined) most = Math.max(most, kept.length);
    else if (value.length > most) most = Math.max(most, countCodePoints(value));
  }
  return most;
}

type Fields = { readonly [name: string]: unknown };

function structureOf(values: readonly unknown[], rules: InferenceRules, depth: number): DType {
  const missing = values.findIndex(isNull);
  if (missing >= 0) throw new NpyError("ERR_NPY_VALUE", "null is no record: leave it out.", { index: [missing] });
  // Also stops at a record that contains itself.
  if (depth === MAX_DIMENSIONS) {
    throw new NpyError("ERR_NPY_VALUE", `Records within records go ${MAX_DIMENSIONS} levels deep at most.`, { index: [0] });
  }
  const records = values as readonly Fields[];
  const names = Object.keys(records[0] as Fields);
  if (names.length === 0 || holdsFunctions(records[0] as Fields)) throw noDType(records[0], 0);
  checkNames(records, names);
  const fields = names.map((name): DescrField => {
    const column: unknown[] = [];
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as Fields;
      passCodePoints(record, name, column, i);
      column.push(record[name]);
    }
    return at([column.length], () => fieldOf(name, column, rules, depth + 1), name);
  });
  return dtype(fields);
}

/** Whether it is an object of a class that does more than hold values, such as a number of many digits. */
function holdsFunctions(record: Fields): boolean {
  return !isPlainObject(record) && Object.values(record).some((value) => typeof value === "function");
}

/** The first record says which fields all have. */
function checkNames(records: readonly Fields[], names: readonly string[]): void {
  if (names.includes(""))
    throw new NpyError("ERR_NPY_DTYPE", "A field needs a name: rename the one without.", { field: "", index: [0] });
  const known = new Set(names);
  for (let i = 1; i < records.length; i++) {
    const found = Object.keys(records[i] as Fields);
    if (found.length === names.length && found.every((name) => known.has(name))) continue;
    const { field, reason } = compareNames(found, names) as { field: string; reason: string };
    throw new NpyError(
      "ERR_NPY_VALUE",
      `${reason} (without a dtype, the first record says which). Give all records the same fields, if need be with null and nulls: "nan".`,
      { field, index: [i] },
    );
  }
}

/** One field of records, `column` being its values. Lists are sub-arrays. */
function fieldOf(name: string, column: readonly unknown[], rules: InferenceRules, depth: number): DescrField {
  const bytes = column.findIndex((value) => isNodeBuffer(value) || value instanceof ArrayBuffer);
  if (bytes >= 0) throw bytesOfWhat(column[bytes], bytes);
  if (!isList(column.find((value) => !isNull(value)))) return [name, inferred(column, rules, depth).descr];
  const missing = column.findIndex(isNull);
  if (missing >= 0) {
    const reason = `${quoted(column[missing])} is no list, and others are: give every record a list of one length.`;
    throw new NpyError("ERR_NPY_VALUE", reason, { index: [missing] });
  }
  const parsed = parseLists(column);
  if (parsed.kind === "typed") {
    if (parsed.ofBuffer) throw bytesOfWhat(column[0], 0);
    return [name, parsed.dtype.descr, parsed.array.shape.slice(1)];
  }
  const { values, shape } = parsed as Values;
  return [name, at(shape, () => inferred(values, rules, depth)).descr, shape.slice(1)];
}

function parseLists(column: readonly unknown[]): ParsedInput {
  try {
    return parseNested(column, () => undefined);
  } catch (error) {
    if (!(error instanceof NpyError)) throw error;
    const hint = "A field holds lists of one shape: pad them, or leave the field out.";
    throw new NpyError(error.code, `${error.reason} ${hint}`, { index: error.index });
  }
}

function isList(value: unknown): boolean {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

function bytesOfWhat(value: unknown, index: number): NpyError {
  const { byteLength } = value as Uint8Array;
  return new NpyError(
    "ERR_NPY_DTYPE",
    `${quoted(value)} is bytes of any kind: give a dtype that says what they are (such as "V${byteLength}" for ${byteLength} bytes in every ` +
      "record), or leave them out. NumPy has no bytes of varying length.",
    { index: [index] },
  );
}
