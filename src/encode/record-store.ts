/** Storing plain objects one after the other: checks the names and stores the numbers of a record in one pass over its properties. */
import type { DTypeField } from "../format/dtype.ts";
import { floatLimits, integerRange, type Store, storeOf } from "../format/fit.ts";
import { isLittleEndian, type ScalarType } from "../format/scalars.ts";
import { flatten } from "../memory/fields.ts";

export type Fields = { readonly [name: string]: unknown };

/** Elements that are stored without a call. */
const OTHER = 0;
const FLOAT64 = 1;
const FLOAT32 = 2;
const INT32 = 3;
const UINT32 = 4;
const INT16 = 5;
const UINT16 = 6;
const INT8 = 7;
const UINT8 = 8;

const CODES: { readonly [kindAndSize: string]: number } = {
  f8: FLOAT64,
  f4: FLOAT32,
  i4: INT32,
  u4: UINT32,
  i2: INT16,
  u2: UINT16,
  i1: INT8,
  u1: UINT8,
};

/** A field as a record is stored. All have one hidden class. */
class FieldStore {
  readonly name: string;
  readonly offset: number;
  readonly itemsize: number;
  /** The elements of a list; `-1` for a single element. */
  readonly count: number;
  readonly code: number;
  readonly isLittle: boolean;
  /** The numbers between these fit: for floats all numbers beyond them are too large, or infinite. */
  readonly min: number;
  readonly max: number;
  /** `undefined` if the field is only checked to be there. */
  readonly store: Store | undefined;

  constructor({ name, offset, dtype }: DTypeField) {
    const { element, shape, count } = flatten(dtype);
    const { kind, itemsize } = element;
    const code = CODES[`${kind}${itemsize}`] ?? OTHER;
    this.name = name;
    this.offset = offset;
    this.itemsize = itemsize;
    this.count = shape.length === 0 ? -1 : count;
    this.store = shape.length > 1 ? undefined : storeOf(element as ScalarType);
    this.code = this.store === undefined ? OTHER : code;
    this.isLittle = isLittleEndian(element as ScalarType);
    const [min, max] = this.code === OTHER ? [0, 0] : limitsOf(element);
    this.min = min;
    this.max = max;
  }
}

function limitsOf(element: Pick<ScalarType, "kind" | "itemsize">): readonly [min: number, max: number] {
  if (element.kind === "f") {
    const [overflow] = floatLimits(element);
    return [-overflow, overflow];
  }
  const [min, max] = integerRange(element);
  return [Number(min), Number(max)];
}

/** Stores a value that fits; `false` if it does not. */
function storeElement(view: DataView, at: number, field: FieldStore, value: unknown): boolean {
  if (typeof value === "number") {
    switch (field.code) {
      case FLOAT64:
        view.setFloat64(at, value, field.isLittle);
        return true;
      case FLOAT32:
        if (!(value <= field.min || value >= field.max)) {
          view.setFloat32(at, value, field.isLittle);
          return true;
        }
        break;
      case INT32:
        if ((value | 0) === value) {
          view.setInt32(at, value, field.isLittle);
          return true;
        }
        break;
      case OTHER:
        break;
      default:
        if (value >= field.min && value <= field.max && Math.floor(value) === value) {
          storeInteger(view, at, field, value);
          return true;
        }
    }
  }
  // Also what is to be refused.
  return (field.store as Store)(view, at, value);
}

function storeInteger(view: DataView, at: number, { code, isLittle }: FieldStore, value: number): void {
  if (code === UINT32) view.setUint32(at, value, isLittle);
  else if (code === INT16) view.setInt16(at, value, isLittle);
  else if (code === UINT16) view.setUint16(at, value, isLittle);
  else if (code === INT8) view.setInt8(at, value);
  else view.setUint8(at, value);
}

/** Stores the records of a structure. */
export class RecordStore {
  /** Whether all fields are stored, and which are not. */
  readonly isComplete: boolean;
  readonly isStored: readonly boolean[];
  readonly #byName: ReadonlyMap<string, FieldStore>;
  /** The fields in the order in which the last record listed them. */
  readonly #order: FieldStore[];

  constructor(fields: readonly DTypeField[]) {
    this.#order = fields.map((field) => new FieldStore(field));
    this.#byName = new Map(this.#order.map((field) => [field.name, field]));
    this.isStored = this.#order.map(({ store }) => store !== undefined);
    this.isComplete = !this.isStored.includes(false);
  }

  /**
   * Stores the numbers, and lists of numbers, of a record that begins at `start`. `false` if it has not exactly the fields of the structure, if one of
   * them is undefined, or if a value does not fit.
   */
  store(view: DataView, start: number, record: Fields): boolean {
    const order = this.#order;
    let found = 0;
    // By the names that the object lists: each object also inherits some, such as `toString`. Engines read properties fast in such a loop.
    for (const name in record) {
      const value = record[name];
      if (found === order.length || value === undefined) return false;
      let field = order[found] as FieldStore;
      if (field.name !== name) {
        const other = this.#byName.get(name);
        if (other === undefined) return false;
        // Swaps them, so that each record is compared with the order of the one before.
        order[order.indexOf(other)] = field;
        order[found] = other;
        field = other;
      }
      found++;
      if (field.store === undefined) continue;
      const at = start + field.offset;
      if (field.count < 0) {
        if (!storeElement(view, at, field, value)) return false;
      } else if (!storeList(view, at, field, value)) return false;
    }
    return found === order.length;
  }
}

function storeList(view: DataView, start: number, field: FieldStore, list: unknown): boolean {
  const { count, itemsize } = field;
  if (!Array.isArray(list) || list.length !== count) return false;
  for (let i = 0, at = start; i < count; i++, at += itemsize) if (!storeElement(view, at, field, list[i])) return false;
  return true;
}
