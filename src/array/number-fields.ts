/** Fields of numbers, stored one by one, record by record. */
import { type DType, type DTypeField, NATIVE_BYTE_ORDER } from "../format/dtype.ts";
import { flatten } from "./fields.ts";

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

/** Floats whose nearest float32 is infinite begin here. */
const FLOAT32_OVERFLOW = 2 ** 128 - 2 ** 103;

function storeOf({ kind, itemsize, byteOrder, fields }: DType): Store | undefined {
  if (fields !== undefined) return undefined;
  const isLittle = (byteOrder === "|" ? NATIVE_BYTE_ORDER : byteOrder) === "<";
  const isWhole = (value: unknown, min: number, max: number): value is number =>
    typeof value === "number" && value >= min && value <= max && Number.isInteger(value);
  switch (kind + itemsize) {
    case "f8":
      return (view, at, value) => {
        if (typeof value !== "number") return false;
        view.setFloat64(at, value, isLittle);
        return true;
      };
    case "f4":
      return (view, at, value) => {
        if (typeof value !== "number" || (Math.abs(value) >= FLOAT32_OVERFLOW && Number.isFinite(value))) return false;
        view.setFloat32(at, value, isLittle);
        return true;
      };
    case "i4":
      return (view, at, value) => {
        if (!isWhole(value, -(2 ** 31), 2 ** 31 - 1)) return false;
        view.setInt32(at, value, isLittle);
        return true;
      };
    case "u4":
      return (view, at, value) => {
        if (!isWhole(value, 0, 2 ** 32 - 1)) return false;
        view.setUint32(at, value, isLittle);
        return true;
      };
    case "i2":
      return (view, at, value) => {
        if (!isWhole(value, -(2 ** 15), 2 ** 15 - 1)) return false;
        view.setInt16(at, value, isLittle);
        return true;
      };
    case "u2":
      return (view, at, value) => {
        if (!isWhole(value, 0, 2 ** 16 - 1)) return false;
        view.setUint16(at, value, isLittle);
        return true;
      };
    case "i1":
      return (view, at, value) => {
        if (!isWhole(value, -128, 127)) return false;
        view.setInt8(at, value);
        return true;
      };
    case "u1":
      return (view, at, value) => {
        if (!isWhole(value, 0, 255)) return false;
        view.setUint8(at, value);
        return true;
      };
    case "b1":
      return (view, at, value) => {
        if (typeof value !== "boolean") return false;
        view.setUint8(at, value ? 1 : 0);
        return true;
      };
    case "i8":
      return (view, at, value) => {
        if (typeof value !== "bigint" || BigInt.asIntN(64, value) !== value) return false;
        view.setBigInt64(at, value, isLittle);
        return true;
      };
    case "u8":
      return (view, at, value) => {
        if (typeof value !== "bigint" || BigInt.asUintN(64, value) !== value) return false;
        view.setBigUint64(at, value, isLittle);
        return true;
      };
    default:
      return undefined;
  }
}
