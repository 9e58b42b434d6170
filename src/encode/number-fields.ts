/** Fields of numbers, stored one by one, record by record. */
import type { DType, DTypeField } from "../format/dtype.ts";
import { NATIVE_BYTE_ORDER } from "../format/scalars.ts";
import { flatten } from "../memory/fields.ts";
import { FLOAT_OVERFLOW, integerRange } from "./number-limits.ts";

/** Stores a value at a place. `false`, if it is no number that fits: then nothing was stored, or a part of it. */
type Store = (view: DataView, at: number, value: unknown) => boolean;

export interface NumberField {
  readonly name: string;
  readonly offset: number;
  readonly store: Store;
}

/** The field as one of numbers, or of a list of them; `undefined` if it is another one. */
export function numberField({ name, offset, dtype }: DTypeField): NumberField | undefined {
  const { element, shape, count } = flatten(dtype);
  const store = storeOf(element);
  if (store === undefined || shape.length > 1) return undefined;
  return { name, offset, store: shape.length === 0 ? store : listStore(store, count, element.itemsize) };
}

function listStore(store: Store, count: number, itemsize: number): Store {
  return (view, at, value) => {
    if (!Array.isArray(value) || value.length !== count) return false;
    for (let i = 0; i < count; i++) if (!store(view, at + i * itemsize, value[i])) return false;
    return true;
  };
}

/** Stores a number, or a bigint, that fits. */
type Put<Value> = (view: DataView, at: number, value: Value, isLittle: boolean) => void;

const INTEGERS: Readonly<Record<string, Put<number>>> = {
  i1: (view, at, value) => view.setInt8(at, value),
  i2: (view, at, value, isLittle) => view.setInt16(at, value, isLittle),
  i4: (view, at, value, isLittle) => view.setInt32(at, value, isLittle),
  u1: (view, at, value) => view.setUint8(at, value),
  u2: (view, at, value, isLittle) => view.setUint16(at, value, isLittle),
  u4: (view, at, value, isLittle) => view.setUint32(at, value, isLittle),
};

const LONG_INTEGERS: Readonly<Record<string, Put<bigint>>> = {
  i8: (view, at, value, isLittle) => view.setBigInt64(at, value, isLittle),
  u8: (view, at, value, isLittle) => view.setBigUint64(at, value, isLittle),
};

const FLOATS: Readonly<Record<string, Put<number>>> = {
  f4: (view, at, value, isLittle) => view.setFloat32(at, value, isLittle),
  f8: (view, at, value, isLittle) => view.setFloat64(at, value, isLittle),
};

function storeOf(element: DType): Store | undefined {
  const { kind, itemsize, byteOrder } = element;
  if (element.fields !== undefined) return undefined;
  const isLittle = (byteOrder === "|" ? NATIVE_BYTE_ORDER : byteOrder) === "<";
  const code = kind + itemsize;
  const [integer, long, float] = [INTEGERS[code], LONG_INTEGERS[code], FLOATS[code]];
  if (integer !== undefined) return integerStore(integer, element, isLittle);
  if (long !== undefined) return longStore(long, element, isLittle);
  if (float !== undefined) return floatStore(float, element, isLittle);
  return kind === "b" ? storeBoolean : undefined;
}

function integerStore(put: Put<number>, { kind, itemsize }: DType, isLittle: boolean): Store {
  const [min, max] = integerRange(kind === "i", 8 * itemsize).map(Number) as [number, number];
  return (view, at, value) => {
    if (typeof value !== "number" || !(value >= min && value <= max && Number.isInteger(value))) return false;
    put(view, at, value, isLittle);
    return true;
  };
}

function longStore(put: Put<bigint>, { kind }: DType, isLittle: boolean): Store {
  const [min, max] = integerRange(kind === "i", 64);
  return (view, at, value) => {
    if (typeof value !== "bigint" || value < min || value > max) return false;
    put(view, at, value, isLittle);
    return true;
  };
}

function floatStore(put: Put<number>, { itemsize }: DType, isLittle: boolean): Store {
  const overflow = FLOAT_OVERFLOW[itemsize] as number;
  return (view, at, value) => {
    if (typeof value !== "number" || (Math.abs(value) >= overflow && Number.isFinite(value))) return false;
    put(view, at, value, isLittle);
    return true;
  };
}

function storeBoolean(view: DataView, at: number, value: unknown): boolean {
  if (typeof value !== "boolean") return false;
  view.setUint8(at, value ? 1 : 0);
  return true;
}
