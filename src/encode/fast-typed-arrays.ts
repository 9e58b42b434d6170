/** Typed arrays of whole rows: copied as they are, or cast by a kernel that is chosen once for each class. */
import type { Casting } from "../cast/can-cast.ts";
import { conversionOf } from "../cast/convert.ts";
import type { Kernel } from "../cast/kernel.ts";
import { NpyError } from "../errors.ts";
import { type DType, nativeDType } from "../format/dtype.ts";
import { type ArrayLayout, bytesPerRow, rowShape, sizeOf } from "../format/layout.ts";
import { codeOfTag, elementClass, storedClass, type TypedArrayClass } from "../format/scalars.ts";
import type { TypedArray } from "../input/array-input.ts";
import { asElementsOf, parseInput } from "../input/input.ts";
import type { TypedInput } from "../input/parsed-input.ts";
import { typedArrayBytes } from "../input/typed-arrays.ts";
import type { Blocks } from "../memory/blocks.ts";
import { areBools, hasBools } from "../memory/bools.ts";
import { needsSwap, swapBytes } from "../memory/byte-order.ts";
import { GrowingBuffer } from "../memory/growing-buffer.ts";
import { castInput } from "./cast-input.ts";
import { COPY_LIMIT, type EncodedRows, oneBlock } from "./encoded-rows.ts";

/** How typed arrays of one class become rows. */
export interface Source {
  readonly prototype: object;
  /** What the elements are. */
  readonly dtype: DType;
  /** Whether arrays of the class are that without being declared so, if they come with a shape; and if they come alone. */
  readonly isOwnDType: boolean;
  readonly isAlone: boolean;
  /** Elements of the array in a row of the file. */
  readonly perRow: number;
  /** `undefined` if the bytes are those of the file. */
  readonly convert: Kernel | undefined;
}

export class FastTypedArrays {
  readonly #layout: ArrayLayout;
  readonly #casting: Casting;
  readonly #rowBytes: number;
  readonly #hasBools: boolean;
  /** By prototype. */
  readonly #sources = new WeakMap<object, Source | undefined>();
  #last: Source | undefined;
  readonly #copy = new GrowingBuffer();
  readonly #converted = new GrowingBuffer();

  constructor(layout: ArrayLayout, casting: Casting) {
    const { dtype } = layout;
    this.#layout = layout;
    this.#casting = casting;
    this.#rowBytes = bytesPerRow(layout);
    this.#hasBools = hasBools(dtype);
    const Class = storedClass(dtype);
    if (Class === undefined) return;
    const { prototype } = Class;
    const isOwnDType = elementClass(dtype) === Class;
    const perRow = this.#rowBytes / Class.BYTES_PER_ELEMENT;
    this.#last = { prototype, dtype, isOwnDType, isAlone: true, perRow, convert: undefined };
    this.#sources.set(prototype, this.#last);
  }

  readonly encode = (input: object): EncodedRows | undefined => {
    const source = this.sourceOf(input);
    return source?.isAlone ? this.rowsOf(input as TypedArray, source) : undefined;
  };

  sourceOf(data: unknown): Source | undefined {
    if (!ArrayBuffer.isView(data)) return undefined;
    const prototype: object = Object.getPrototypeOf(data);
    if (prototype === this.#last?.prototype) return this.#last;
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
      castInput(parsed, target, this.#casting);
    } catch (error) {
      if (error instanceof NpyError) return undefined;
      throw error;
    }
    const { dtype } = parsed;
    const { convert, canFail } = conversionOf(dtype, nativeDType(target));
    if (canFail || target.fields !== undefined) return undefined;
    return {
      prototype,
      dtype,
      isOwnDType: true,
      isAlone: asElementsOf(parsed, target) === parsed,
      perRow: sizeOf(rowShape(this.#layout)),
      convert: needsSwap(target) ? swapped(convert, target) : convert,
    };
  }

  /** The rows of an array of that source. */
  rowsOf(elements: TypedArray, { perRow, convert }: Source): EncodedRows | undefined {
    const rows = elements.length / perRow;
    if (rows === 0 || !Number.isInteger(rows)) return undefined;
    if (convert !== undefined) return this.#convertedRows(elements, rows, convert);
    // Bools that are not 0 or 1 are refused, or converted.
    if (this.#hasBools && !areBools(elements as Uint8Array, this.#layout.dtype)) return undefined;
    return elements.byteLength > COPY_LIMIT
      ? oneBlock(typedArrayBytes(elements).bytes, rows)
      : new ElementRows(elements, rows, this.#copy);
  }

  #convertedRows(elements: TypedArray, rows: number, convert: Kernel): EncodedRows | undefined {
    const length = rows * this.#rowBytes;
    if (Math.max(length, elements.byteLength) > COPY_LIMIT) return undefined;
    this.#converted.resize(length);
    const bytes = this.#converted.bytes();
    convert(copyInto(this.#copy, elements), bytes);
    return oneBlock(bytes, rows);
  }
}

function swapped(convert: Kernel, target: DType): Kernel {
  return (source, bytes) => {
    convert(source, bytes);
    swapBytes(bytes, target);
  };
}

function copyInto(buffer: GrowingBuffer, elements: TypedArray): Uint8Array {
  buffer.length = 0;
  buffer.pushElements(elements);
  return buffer.bytes();
}

/** Copied only when it is asked for: appends that are written together have a buffer of their own for it. */
class ElementRows implements EncodedRows {
  readonly elements: TypedArray;
  readonly rows: number;
  readonly #buffer: GrowingBuffer;

  constructor(elements: TypedArray, rows: number, buffer: GrowingBuffer) {
    this.elements = elements;
    this.rows = rows;
    this.#buffer = buffer;
  }

  get byteLength(): number {
    return this.elements.byteLength;
  }
  get onlyBlock(): Uint8Array {
    return copyInto(this.#buffer, this.elements);
  }
  get blocks(): Blocks {
    return [this.onlyBlock];
  }
}
