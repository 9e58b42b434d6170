/** Structures as objects. Fields are matched by name, never by position. */

import { RecordArray } from "../decode/record-array.ts";
import { clipped, NpyError, quoted } from "../errors.ts";
import { passCodePoints } from "../format/code-points.ts";
import { type DType, type DTypeField, showDType } from "../format/dtype.ts";
import { unravelIndex } from "../format/flat-index.ts";
import { isLongDouble, isNative } from "../format/scalars.ts";
import { subArray, withFields } from "../format/structure.ts";
import { isNodeBuffer } from "../input/array-bytes.ts";
import { swapBytes } from "../memory/byte-order.ts";
import { copyField, type FieldPlace, flatten } from "../memory/fields.ts";
import { HOW_TO_STORE_NULLS, type Nulls } from "./nulls.ts";
import { type Fields, RecordStore } from "./record-store.ts";

/** A value that could not be stored, and why. */
export interface Failure {
  /** The index of the element among the values. */
  readonly at: number;
  readonly reason: string;
  /** The length of a text that is too long for its dtype `U`. */
  readonly characters?: number | undefined;
  /** In a structure: the field, and the value and its index in that field. */
  readonly field?: string;
  readonly value?: unknown;
  readonly within?: readonly number[];
}

/** Encodes `values` into `bytes`, which begin a buffer of their own. */
export type Encoder = (values: readonly unknown[], bytes: Uint8Array<ArrayBuffer>) => Failure | undefined;

/** Records that are stored at a time: few enough for their values to stay in the processor's cache. */
const AT_ONCE = 2 ** 11;

/** The encoder of a dtype, which treats nulls by a rule. */
type EncoderOf = (type: DType, nulls: Nulls) => Encoder;

/**
 * Stores objects, in the structure's own byte order; `encoderOf` gives the encoders of the fields' own dtypes. Numbers are stored record by record,
 * which is twice as fast, if all of them fit. Everything else is stored field by field, which also tells what is wrong.
 */
export function recordEncoder(target: DType, nulls: Nulls, encoderOf: EncoderOf): Encoder {
  const fields = target.fields as readonly DTypeField[];
  const names = fields.map(({ name }) => name);
  const known = new Set(names);
  const all = fields.map((field) => fieldEncoder(field, (type) => encoderOf(type, nulls)));
  const store = new RecordStore(fields);
  const others = all.filter((_, i) => !store.isStored[i]);
  return (values, bytes) => {
    const view = new DataView(bytes.buffer);
    // As many as there were at first: a getter may add to them.
    for (let from = 0, { length } = values; from < length; from += AT_ONCE) {
      const records = values.slice(from, Math.min(length, from + AT_ONCE)) as Fields[];
      const place = { bytes, offset: from * target.itemsize, stride: target.itemsize };
      const isStored = storeAll(records, store, view, place);
      let failure = isStored ? undefined : checkRecords(records, names, known, nulls);
      const rest = isStored ? others : all;
      for (let i = 0; i < rest.length && failure === undefined; i++) failure = rest[i]?.(records, place);
      if (failure !== undefined) return { ...failure, at: from + failure.at };
    }
    return undefined;
  };
}

function storeAll(records: readonly Fields[], store: RecordStore, view: DataView, { offset, stride }: FieldPlace): boolean {
  for (let i = 0; i < records.length; i++) {
    const record = records[i];
    if (!isRecord(record) || !store.store(view, offset + i * stride, record)) return false;
  }
  return true;
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Stores one field of records, the first of which begins at `place`. */
function fieldEncoder(field: DTypeField, encoder: (type: DType) => Encoder) {
  const { name } = field;
  const { element, shape, count } = flatten(field.dtype);
  const { itemsize } = field.dtype;
  const encode = encoder(element);
  const isSubArray = shape.length > 0;
  // Long doubles are given as the file's bytes.
  const swaps = !isLongDouble(element) && !isNative(element);
  return (records: readonly Fields[], place: FieldPlace): Failure | undefined => {
    const column: unknown[] = [];
    for (let at = 0; at < records.length; at++) {
      const record = records[at] as Fields;
      const value = record[name];
      const reason = isSubArray ? collect(value, shape, count, element, column) : push(record, name, value, column);
      if (reason !== undefined) return { at, reason, field: name, value };
    }
    const encoded = new Uint8Array(records.length * itemsize);
    const failure = encode(column, encoded);
    if (failure !== undefined) return within(failure, name, column, count, shape);
    if (swaps) swapBytes(encoded, element);
    const source = { bytes: encoded, offset: 0, stride: itemsize };
    copyField(source, { ...place, offset: place.offset + field.offset }, itemsize, records.length);
    return undefined;
  };
}

/** The failure of a field's element as one of its record. */
function within(failure: Failure, name: string, column: readonly unknown[], count: number, shape: readonly number[]): Failure {
  const { at, reason, characters, field, value = column[at], within: inner = [] } = failure;
  return {
    at: Math.floor(at / count),
    reason,
    characters,
    field: field === undefined ? name : `${name}.${field}`,
    value,
    within: [...unravelIndex(at % count, shape), ...inner],
  };
}

/** Every record must be an object with all fields and no others. A field that is undefined is missing, unless it is stored as null. */
function checkRecords(
  values: readonly unknown[],
  names: readonly string[],
  known: ReadonlySet<string>,
  nulls: Nulls,
): Failure | undefined {
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    if (!isRecord(value)) {
      return { at, reason: `expected an object with the fields ${list(names)}` };
    }
    if (hasExactly(value as Fields, known)) continue;
    const problem = compareNames(namesOf(value as Fields, known, nulls), names);
    if (problem === undefined) continue;
    const hint = known.has(problem.field) && problem.field in value ? ` (it is undefined; ${HOW_TO_STORE_NULLS})` : "";
    return { at, reason: problem.reason + hint, field: problem.field, value };
  }
  return undefined;
}

/** The fields that a record has: also those that are stored as null. */
function namesOf(value: Fields, known: ReadonlySet<string>, nulls: Nulls): string[] {
  return Object.keys(value).filter((name) => value[name] !== undefined || (nulls === "nan" && known.has(name)));
}

/** By the names that the object lists: each object also inherits some, such as `toString`. */
function hasExactly(value: Fields, names: ReadonlySet<string>): boolean {
  let count = 0;
  for (const name in value) {
    if (value[name] === undefined || !names.has(name)) return false;
    count++;
  }
  return count === names.size;
}

/** Finds a field that is missing or unknown. */
export function compareNames(found: readonly string[], names: readonly string[]): { field: string; reason: string } | undefined {
  const extra = found.find((name) => !names.includes(name));
  const missing = names.find((name) => !found.includes(name));
  if (extra !== undefined) {
    const hint = missing === undefined ? "" : `, but ${quoted(missing)} is missing`;
    return { field: extra, reason: `there is no field ${quoted(extra)}${hint}: expected ${list(names)}` };
  }
  if (missing === undefined) return undefined;
  return { field: missing, reason: `the field ${quoted(missing)} is missing: expected ${list(names)}` };
}

function list(names: readonly string[]): string {
  return clipped(names.slice(0, 80).map(quoted).join(", "));
}

/** Adds `value`, which is `owner[key]`. */
function push(owner: object, key: string | number, value: unknown, column: unknown[]): undefined {
  passCodePoints(owner, key, column, column.length);
  column.push(value);
}

/** Adds the `count` elements of a sub-array, or gives the reason why it has none. */
function collect(value: unknown, shape: readonly number[], count: number, element: DType, column: unknown[]): string | undefined {
  if (isBytesOfWhat(value, element)) return `a Buffer is bytes, not elements of shape (${shape.join(", ")})`;
  const list = listOf(value);
  if (list !== undefined && ArrayBuffer.isView(value) && collectParts(list, count, element, column)) return undefined;
  const isFlat = list?.length === count && (shape.length === 1 || listOf(list[0]) === undefined);
  if (list !== undefined && isFlat) {
    for (let i = 0; i < count; i++) push(list, i, list[i], column);
    return undefined;
  }
  if (collectNested(value, shape, element, column)) return undefined;
  return `expected elements of shape (${shape.join(", ")})${list === undefined ? "" : `, found ${list.length}`}`;
}

/** Whether a value is a `Buffer`, each byte of which would become a wider element. */
function isBytesOfWhat(value: unknown, element: DType): boolean {
  if (element.itemsize <= 1 || element.kind === "V" || !isNodeBuffer(value)) return false;
  return (value as Uint8Array).length > 0 && !isLongDouble(element);
}

/** Takes what reading gives where JavaScript has no numbers: pairs of parts for complex ones, bytes for void and long doubles. */
function collectParts(list: ArrayLike<unknown>, count: number, element: DType, column: unknown[]): boolean {
  const { kind, itemsize } = element;
  if ((kind === "V" && element.fields === undefined) || isLongDouble(element)) {
    if (!(list instanceof Uint8Array) || list.length !== count * itemsize) return false;
    for (let i = 0; i < count; i++) column.push(list.subarray(i * itemsize, (i + 1) * itemsize));
    return true;
  }
  if (kind !== "c" || list.length !== 2 * count) return false;
  for (let i = 0; i < list.length; i += 2) column.push({ re: list[i], im: list[i + 1] });
  return true;
}

/** An array, a typed array, or records. */
function listOf(value: unknown): ArrayLike<unknown> | undefined {
  if (Array.isArray(value)) return value;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return value as unknown as ArrayLike<unknown>;
  return value instanceof RecordArray ? [...value] : undefined;
}

function collectNested(value: unknown, [size, ...rest]: readonly number[], element: DType, column: unknown[]): boolean {
  if (isBytesOfWhat(value, element)) return false;
  const list = listOf(value);
  if (list === undefined || list.length !== size) return false;
  for (let i = 0; i < list.length; i++) {
    if (rest.length === 0) push(list, i, list[i], column);
    else if (!collectNested(list[i], rest, element, column)) return false;
  }
  return true;
}

/**
 * The `source` dtype with its fields in the order of `target`.
 *
 * @throws NpyError `ERR_NPY_CAST` if their fields have other names.
 */
export function matchFields(source: DType, target: DType): DType {
  const { element, shape } = flatten(source);
  const { fields: sources } = element;
  const { fields: targets } = flatten(target).element;
  if (sources === undefined || targets === undefined) return source;
  const problem = compareNames(
    sources.map(({ name }) => name),
    targets.map(({ name }) => name),
  );
  if (problem !== undefined) {
    throw new NpyError("ERR_NPY_CAST", `Cannot cast ${showDType(source)} to ${showDType(target)}: ${problem.reason}.`, {
      field: problem.field,
    });
  }
  const matched = targets.map((field) => {
    const found = sources.find(({ name }) => name === field.name) as DTypeField;
    return { ...found, dtype: matchFields(found.dtype, field.dtype) };
  });
  const isInOrder = matched.every((field, i) => field.dtype === sources[i]?.dtype && field.name === sources[i]?.name);
  return isInOrder ? source : subArray(withFields(element, matched), shape, quoted);
}
