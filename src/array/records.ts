/** Structures appended as objects and as columns. Fields are matched by their names, never by their places. */
import { NpyError } from "../errors.ts";
import { type DType, type DTypeField, formatDType, withFields } from "../format/dtype.ts";
import { sizeOf } from "../format/layout.ts";
import { needsSwap, swapBytes } from "./byte-order.ts";
import { copyField, flatten } from "./fields.ts";
import { RecordArray } from "./record-array.ts";

/** A value that could not be stored: which, where, and why. */
export interface Failure {
  /** The place of the element among the values. */
  readonly at: number;
  readonly reason: string;
  /** In a structure: the field, and the value and place within it. */
  readonly field?: string;
  readonly value?: unknown;
  readonly within?: readonly number[];
}

/** Fills `bytes` from `values`, or says which value it could not store and why. */
export type Encoder = (values: readonly unknown[], bytes: Uint8Array<ArrayBuffer>) => Failure | undefined;

/** Stores objects, field by field; `encoder` gives the encoders of the fields' own dtypes. In the structure's own byte order. */
export function recordEncoder(target: DType, encoder: (type: DType) => Encoder): Encoder {
  const fields = (target.fields as readonly DTypeField[]).map((field) => {
    const { element, shape, count } = flatten(field.dtype);
    return { name: field.name, place: field, element, shape, count, encode: encoder(element) };
  });
  const names = fields.map(({ name }) => name);
  return (values, bytes) => {
    const failed = checkRecords(values, names);
    if (failed !== undefined) return failed;
    for (const { name, place, element, shape, count, encode } of fields) {
      const column: unknown[] = [];
      for (let at = 0; at < values.length; at++) {
        const value = (values[at] as Fields)[name];
        if (shape.length === 0) column.push(value);
        else {
          const reason = collect(value, shape, element, column);
          if (reason !== undefined) return { at, reason, field: name, value };
        }
      }
      const encoded = new Uint8Array(column.length * element.itemsize);
      const failure = encode(column, encoded);
      if (failure !== undefined) return within(failure, name, column, count, shape);
      if (element.fields === undefined && needsSwap(element)) swapBytes(encoded, element);
      const { itemsize } = place.dtype;
      const records = { bytes, offset: place.offset, stride: target.itemsize };
      copyField({ bytes: encoded, offset: 0, stride: itemsize }, records, itemsize, values.length);
    }
    return undefined;
  };
}

/** The failure of a field's element as that of its record. */
function within(failure: Failure, name: string, column: readonly unknown[], count: number, shape: readonly number[]): Failure {
  const { at, reason, field, value = column[at], within: inner = [] } = failure;
  const index: number[] = [];
  let rest = at % count;
  for (const size of shape.toReversed()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return {
    at: Math.floor(at / count),
    reason,
    field: field === undefined ? name : `${name}.${field}`,
    value,
    within: [...index, ...inner],
  };
}

/** Every record must be an object with all fields and no others. */
function checkRecords(values: readonly unknown[], names: readonly string[]): Failure | undefined {
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Date) {
      return { at, reason: `expected an object with the fields ${list(names)}` };
    }
    if (hasExactly(value as Fields, names)) continue;
    const found = Object.keys(value).filter((name) => (value as Fields)[name] !== undefined);
    const problem = compareNames(found, names);
    if (problem !== undefined) return { at, reason: problem.reason, field: problem.field, value };
  }
  return undefined;
}

type Fields = { readonly [name: string]: unknown };

function hasExactly(value: Fields, names: readonly string[]): boolean {
  let count = 0;
  for (const _ in value) count++;
  for (const name of names) if (value[name] === undefined) return false;
  return count === names.length;
}

/** Which field is missing, or is one too many. */
export function compareNames(found: readonly string[], names: readonly string[]): { field: string; reason: string } | undefined {
  const extra = found.find((name) => !names.includes(name));
  const missing = names.find((name) => !found.includes(name));
  if (extra !== undefined) {
    const hint = missing === undefined ? "" : `, but ${JSON.stringify(missing)} is missing`;
    return { field: extra, reason: `there is no field ${JSON.stringify(extra)}${hint}: expected ${list(names)}` };
  }
  if (missing === undefined) return undefined;
  return { field: missing, reason: `the field ${JSON.stringify(missing)} is missing: expected ${list(names)}` };
}

function list(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(", ");
}

/** Adds the elements of a sub-array's value, or says why they are none. */
function collect(value: unknown, shape: readonly number[], element: DType, column: unknown[]): string | undefined {
  const count = sizeOf(shape);
  const list = listOf(value);
  // As reading gives complex numbers: real and imaginary parts in turn.
  if (element.kind === "c" && ArrayBuffer.isView(value) && list?.length === 2 * count) {
    for (let i = 0; i < list.length; i += 2) column.push({ re: list[i], im: list[i + 1] });
    return undefined;
  }
  const isFlat = list?.length === count && (shape.length === 1 || listOf(list[0]) === undefined);
  if (list !== undefined && isFlat) {
    for (let i = 0; i < count; i++) column.push(list[i]);
    return undefined;
  }
  if (collectNested(value, shape, column)) return undefined;
  return `expected elements of shape (${shape.join(", ")})${list === undefined ? "" : `, found ${list.length}`}`;
}

/** An array, a typed array, or records. */
function listOf(value: unknown): ArrayLike<unknown> | undefined {
  if (Array.isArray(value)) return value;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return value as unknown as ArrayLike<unknown>;
  return value instanceof RecordArray ? [...value] : undefined;
}

function collectNested(value: unknown, shape: readonly number[], column: unknown[]): boolean {
  const [size, ...rest] = shape;
  if (size === undefined) {
    column.push(value);
    return true;
  }
  const list = listOf(value);
  return list?.length === size && Array.from(list).every((item) => collectNested(item, rest, column));
}

/**
 * The dtype of records that are given as `source`, with its fields in the order that `target` has them.
 *
 * @throws NpyError `ERR_NPY_CAST` if they have not the same names.
 */
export function matchFields(source: DType, target: DType): DType {
  const { fields: sources } = source;
  const { fields: targets } = target;
  if (sources === undefined || targets === undefined) return source;
  const problem = compareNames(
    sources.map(({ name }) => name),
    targets.map(({ name }) => name),
  );
  if (problem !== undefined) {
    throw new NpyError("ERR_NPY_CAST", `Cannot cast ${formatDType(source)} to ${formatDType(target)}: ${problem.reason}.`, {
      field: problem.field,
    });
  }
  const matched = targets.map((field) => {
    const found = sources.find(({ name }) => name === field.name) as DTypeField;
    return { ...found, dtype: matchFields(found.dtype, field.dtype) };
  });
  const isInOrder = matched.every((field, i) => field.dtype === sources[i]?.dtype && field.name === sources[i]?.name);
  return isInOrder ? source : withFields(source, matched);
}
