/**
 * An input of `append` -> the bytes of a file's rows. Each open file has one encoder. Fast paths have no rules of their own: `undefined` means
 * only that they do not apply, and the general way then encodes the input or reports what is wrong with it.
 */
import { conversionOf } from "../cast/convert.ts";
import type { Kernel } from "../cast/kernel.ts";
import { checkOf } from "../cast/overflow.ts";
import { NpyError } from "../errors.ts";
import { type DType, nativeDType, sameDType } from "../format/dtype.ts";
import { type ArrayLayout, bytesPerRow, growthAxis, rowShape, sizeOf } from "../format/layout.ts";
import { codeOfTag, elementClass, isNative, storedClass, type TypedArrayClass } from "../format/scalars.ts";
import { isDType } from "../format/structure.ts";
import { typedArrayBytes } from "../input/array-bytes.ts";
import type { ArrayView, TypedArray } from "../input/array-input.ts";
import { asElementsOf, parseInput } from "../input/input.ts";
import type { TypedInput } from "../input/parsed-input.ts";
import type { Blocks } from "../memory/blocks.ts";
import { areBools, hasBools } from "../memory/bools.ts";
import { swapBytes } from "../memory/byte-order.ts";
import { GrowingBuffer } from "../memory/growing-buffer.ts";
import { type CastRules, castInput } from "./cast-input.ts";
import { fastColumns } from "./columns.ts";
import { encodeParsed } from "./conform.ts";
import { COPY_LIMIT, type EncodedRows, oneBlock } from "./encoded-rows.ts";
import { fastNumbers } from "./fast-numbers.ts";
import { fastRecords } from "./fast-records.ts";

/** How typed arrays of one class become rows. */
interface Source {
  readonly prototype: object;
  readonly dtype: DType;
  /** Whether arrays of the class have that dtype without declaring it, if they come with a shape; and if they come alone. */
  readonly isOwnDType: boolean;
  readonly isAlone: boolean;
  /** Elements of the array in a row of the file. */
  readonly perRow: number;
  /** `undefined` if the bytes are those of the file. */
  readonly convert: Kernel | undefined;
  /** With `onOverflow: "throw"`: finds elements that do not fit. `undefined` if all do. */
  readonly check: Kernel | undefined;
}

/** Any other property of a view may change what these mean; `start`, which chunks have, does not. */
const PARTS: ReadonlySet<string> = new Set(["data", "shape", "dtype", "fortranOrder", "start"]);

export class RowEncoder {
  readonly #layout: ArrayLayout;
  readonly #rules: CastRules;
  readonly #row: readonly number[];
  readonly #axis: number;
  readonly #rowBytes: number;
  readonly #hasBools: boolean;
  readonly #numbers: ((input: readonly unknown[]) => EncodedRows | undefined) | undefined;
  readonly #records: ((input: readonly unknown[]) => EncodedRows | undefined) | undefined;
  readonly #columns: ((input: object) => EncodedRows | undefined) | undefined;
  /** By prototype. */
  readonly #sources = new WeakMap<object, Source | undefined>();
  #last: Source | undefined;
  readonly #copy = new GrowingBuffer();
  readonly #elementRows = new ElementRows(this.#copy);
  readonly #converted = new GrowingBuffer();

  /** For rows of an array of this layout, whatever the size of its growth axis. */
  constructor(layout: ArrayLayout, rules: CastRules) {
    const { dtype, fortranOrder } = layout;
    this.#layout = layout;
    this.#rules = rules;
    this.#row = rowShape(layout);
    this.#axis = growthAxis(fortranOrder, this.#row.length + 1) as number;
    this.#rowBytes = bytesPerRow(layout);
    this.#hasBools = hasBools(dtype);
    this.#numbers = fastNumbers(layout);
    this.#records = fastRecords(layout);
    this.#columns = fastColumns(layout);
    const Class = storedClass(dtype);
    if (Class === undefined) return;
    const { prototype } = Class;
    const perRow = this.#rowBytes / Class.BYTES_PER_ELEMENT;
    this.#last = {
      prototype,
      dtype,
      isOwnDType: elementClass(dtype) === Class,
      isAlone: true,
      perRow,
      convert: undefined,
      check: undefined,
    };
    this.#sources.set(prototype, this.#last);
  }

  /**
   * Checks and encodes an input. Each call has the memory to itself, even if a getter of the input leads to another call.
   *
   * @throws NpyError as {@link encodeParsed} does.
   */
  encode(input: unknown): EncodedRows {
    return this.#encodeFast(input) ?? encodeParsed(parseInput(input, this.#layout.dtype), this.#layout, this.#rules);
  }

  #encodeFast(input: unknown): EncodedRows | undefined {
    if (typeof input !== "object" || input === null || this.#rowBytes === 0) return undefined;
    if (ArrayBuffer.isView(input)) {
      // Read before the prototype: V8 then knows the array's class, and need not call its runtime for that.
      const { length } = input as TypedArray;
      const source = this.#sourceOf(input);
      return source?.isAlone ? this.#rowsOf(input as TypedArray, length, source) : undefined;
    }
    if (Array.isArray(input)) return this.#numbers?.(input) ?? this.#records?.(input);
    if (Object.getPrototypeOf(input) !== Object.prototype) return undefined;
    return this.#viewRows(input) ?? this.#columns?.(input);
  }

  /** A typed array with a shape, also with `dtype` and `fortranOrder`, as reading gives it. */
  #viewRows(input: object): EncodedRows | undefined {
    for (const name in input) if (!PARTS.has(name)) return undefined;
    const { data, shape, dtype, fortranOrder = false } = input as ArrayView;
    const source = ArrayBuffer.isView(data) ? this.#sourceOf(data) : undefined;
    if (source === undefined || !isDeclaredAs(dtype, source) || !Array.isArray(shape)) return undefined;
    const row = this.#row;
    const axis = this.#axis;
    if (shape.length !== row.length + 1 || (fortranOrder !== this.#layout.fortranOrder && row.length > 0)) return undefined;
    for (let i = 0; i < row.length; i++) if (shape[i < axis ? i : i + 1] !== row[i]) return undefined;
    const rows: unknown = shape[axis];
    const elements = data as TypedArray;
    const { length } = elements;
    return typeof rows === "number" && rows * source.perRow === length ? this.#rowsOf(elements, length, source) : undefined;
  }

  #sourceOf(data: ArrayBufferView): Source | undefined {
    const prototype: object = Object.getPrototypeOf(data);
    return prototype === this.#last?.prototype ? this.#last : this.#otherSource(data, prototype);
  }

  #otherSource(data: ArrayBufferView, prototype: object): Source | undefined {
    if (!this.#sources.has(prototype)) {
      this.#sources.set(prototype, this.#sourceOfClass(prototype, (data as TypedArray)[Symbol.toStringTag]));
    }
    const source = this.#sources.get(prototype);
    this.#last = source ?? this.#last;
    return source;
  }

  /** The general rules decide, on an array without elements. A class that is derived from a typed array may do anything. */
  #sourceOfClass(prototype: object, tag: string): Source | undefined {
    const Class = (globalThis as unknown as { readonly [name: string]: TypedArrayClass })[tag];
    if (Class?.prototype !== prototype || !codeOfTag.has(tag)) return undefined;
    const { dtype: target } = this.#layout;
    const parsed = parseInput(new Class(0), target) as TypedInput;
    try {
      castInput(parsed, target, this.#rules);
    } catch (error) {
      if (error instanceof NpyError) return undefined;
      throw error;
    }
    const { dtype } = parsed;
    const { convert, canFail } = conversionOf(dtype, nativeDType(target));
    if (canFail || target.fields !== undefined) return undefined;
    const check = checkOf(dtype, nativeDType(target), this.#rules.onOverflow);
    return {
      prototype,
      dtype,
      isOwnDType: true,
      isAlone: asElementsOf(parsed, target) === parsed,
      perRow: sizeOf(this.#row),
      convert: isNative(target) ? convert : swapped(convert, target),
      check: check.canFail ? check.convert : undefined,
    };
  }

  #rowsOf(elements: TypedArray, count: number, { perRow, convert, check }: Source): EncodedRows | undefined {
    const rows = count / perRow;
    if (rows === 0 || !Number.isInteger(rows)) return undefined;
    const length = rows * this.#rowBytes;
    if (convert === undefined) {
      // Bools that are not 0 or 1 are refused, or converted.
      if (this.#hasBools && !areBools(elements as Uint8Array, this.#layout.dtype)) return undefined;
      if (length > COPY_LIMIT) return oneBlock(typedArrayBytes(elements).bytes, rows);
      return this.#elementRows.of(elements, rows, length);
    }
    if (Math.max(length, elements.byteLength) > COPY_LIMIT) return undefined;
    this.#converted.resize(length);
    const bytes = this.#converted.bytes();
    const source = this.#copy.copyOf(elements);
    if (check !== undefined && !fits(check, source, bytes)) return undefined;
    convert(source, bytes);
    return oneBlock(bytes, rows);
  }
}

function fits(check: Kernel, source: Uint8Array, bytes: Uint8Array): boolean {
  try {
    check(source, bytes);
    return true;
  } catch (error) {
    if (error instanceof NpyError) return false;
    throw error;
  }
}

function swapped(convert: Kernel, target: DType): Kernel {
  return (source, bytes) => {
    convert(source, bytes);
    swapBytes(bytes, target);
  };
}

function isDeclaredAs(like: ArrayView["dtype"], { dtype, isOwnDType }: Source): boolean {
  if (like === undefined) return isOwnDType;
  if (typeof like === "string") return dtype.kind !== "V" && (like === dtype.str || like === dtype.name);
  return isDType(like) && sameDType(like, dtype);
}

/**
 * A small typed array. It is copied on demand, since appends that are written together copy it into a buffer of their own. One object serves all
 * inputs of a file: allocating one for each takes as long as copying a few elements.
 */
class ElementRows implements EncodedRows {
  elements!: TypedArray;
  rows = 0;
  byteLength = 0;
  readonly #buffer: GrowingBuffer;

  constructor(buffer: GrowingBuffer) {
    this.#buffer = buffer;
  }

  of(elements: TypedArray, rows: number, byteLength: number): this {
    this.elements = elements;
    this.rows = rows;
    this.byteLength = byteLength;
    return this;
  }

  get onlyBlock(): Uint8Array {
    return this.#buffer.copyOf(this.elements);
  }
  get blocks(): Blocks {
    return [this.onlyBlock];
  }
}
