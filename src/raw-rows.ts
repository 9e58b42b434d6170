/** Bytes of a file's rows, in chunks that break anywhere -> arrays of whole rows. */
import { NpyError } from "./errors.ts";
import type { DType } from "./format/dtype.ts";
import { type ArrayLayout, bytesPerRow, rowShape, shapeOf } from "./format/layout.ts";
import type { ArrayView } from "./input/array-input.ts";
import { bufferBytes, describe, isBuffer, typedArrayBytes } from "./input/typed-arrays.ts";
import { optionError } from "./options.ts";

/** Bytes, however they are held: a `Buffer`, a typed array, a `DataView`, or memory without a type. */
export type RawChunk = ArrayBufferView | ArrayBufferLike;

/** Cuts chunks into rows. Only rows that are broken between two chunks are copied. */
export class RawRows {
  readonly #layout: ArrayLayout;
  readonly #rowBytes: number;
  /** The beginning of a row, so many bytes of it. It is not filled again once it was given away. */
  #partial = new Uint8Array(0);
  #held = 0;
  /** Whether a row was broken before: then the next one is given all its memory at once. */
  #wasBroken = false;

  constructor(layout: ArrayLayout) {
    this.#layout = layout;
    this.#rowBytes = bytesPerRow(layout);
  }

  /**
   * The rows that a chunk completes: the one that was begun, and those within the chunk.
   *
   * @throws NpyError `ERR_NPY_VALUE` for what is not bytes, `ERR_NPY_SHAPE` for bytes where rows have none.
   */
  push(chunk: unknown): readonly ArrayView[] {
    const bytes = bytesOf(chunk);
    const rowBytes = this.#rowBytes;
    if (bytes.length === 0) return [];
    if (rowBytes === 0) throw incomplete(bytes.length, 0);
    const parts: ArrayView[] = [];
    const start = this.#held === 0 ? 0 : Math.min(rowBytes - this.#held, bytes.length);
    if (start > 0) this.#hold(bytes, 0, start);
    if (this.#held === rowBytes) {
      parts.push(this.#rowsOf(this.#partial.subarray(0, rowBytes)));
      this.#partial = new Uint8Array(0);
      this.#held = 0;
      this.#wasBroken = true;
    }
    const end = bytes.length - ((bytes.length - start) % rowBytes);
    if (end > start) parts.push(this.#rowsOf(bytes.subarray(start, end)));
    if (end < bytes.length) this.#hold(bytes, end, bytes.length);
    return parts;
  }

  /** @throws NpyError `ERR_NPY_SHAPE` if the last row is not complete. */
  finish(): void {
    if (this.#held > 0) throw incomplete(this.#held, this.#rowBytes);
  }

  #hold(bytes: Uint8Array, from: number, to: number): void {
    const needed = this.#held + to - from;
    if (needed > this.#partial.length) {
      const larger = new Uint8Array(
        this.#wasBroken ? this.#rowBytes : Math.min(this.#rowBytes, Math.max(needed, 2 * this.#partial.length)),
      );
      larger.set(this.#partial);
      this.#partial = larger;
    }
    this.#partial.set(bytes.subarray(from, to), this.#held);
    this.#held = needed;
  }

  #rowsOf(data: Uint8Array): ArrayView {
    const { dtype, fortranOrder } = this.#layout;
    const shape = shapeOf(data.length / this.#rowBytes, rowShape(this.#layout), fortranOrder);
    return { data, shape, dtype, fortranOrder };
  }
}

function bytesOf(chunk: unknown): Uint8Array {
  if (ArrayBuffer.isView(chunk)) return typedArrayBytes(chunk as DataView).bytes;
  if (isBuffer(chunk)) return bufferBytes(chunk);
  const hint = typeof chunk === "string" ? ": open the source without an encoding" : "";
  throw new NpyError(
    "ERR_NPY_VALUE",
    `With raw: true chunks are bytes (a Buffer, a typed array, an ArrayBuffer ...), not ${typeof chunk === "string" ? "strings" : describe(chunk)}${hint}.`,
  );
}

function incomplete(left: number, rowBytes: number): NpyError {
  return new NpyError(
    "ERR_NPY_SHAPE",
    rowBytes === 0
      ? `The rows of the file have no bytes: found ${left}. Append { data, shape } to say how many rows there are.`
      : `The bytes end within a row: ${left} of its ${rowBytes} are there. The whole rows before it were appended.`,
  );
}

/**
 * Refuses bytes in a stream to a file whose elements are wider: a stream of bytes (a file, a response) says nothing about what they are, and breaks
 * anywhere.
 *
 * @throws NpyError `ERR_NPY_DTYPE`.
 */
export function refuseBytes(chunk: unknown, dtype: DType | undefined): void {
  if (dtype === undefined || dtype.itemsize <= 1) return;
  const tag = ArrayBuffer.isView(chunk) ? (chunk as Uint8Array)[Symbol.toStringTag] : undefined;
  if (tag !== "Uint8Array" && (tag as string | undefined) !== "DataView" && !isBuffer(chunk)) return;
  throw new NpyError(
    "ERR_NPY_DTYPE",
    `The stream gives bytes, and an element of the file (${dtype.str}) has ${dtype.itemsize}: pass raw: true if they are the bytes of rows, or ` +
      "give chunks of { data, shape, dtype }.",
  );
}

/**
 * Refuses a source of `appendFrom` that cannot be iterated; by `isSync` also one that must be waited for.
 *
 * @throws NpyError `ERR_NPY_OPTION`.
 */
export function checkIterable(source: unknown, isSync: boolean): void {
  const isObject = typeof source === "object" && source !== null;
  if (isObject && (Symbol.iterator in source || (!isSync && Symbol.asyncIterator in source))) return;
  const kinds = isSync ? "a generator, a list" : "a stream, a generator, a list";
  throw optionError(
    `appendFrom takes a reader, or what can be iterated (${kinds}): found ${describe(source)}${isObject ? hint(source) : ""}`,
  );
}

function hint(source: object): string {
  if (Symbol.asyncIterator in source) return ". Open this file with open to append what must be waited for";
  if (isBuffer(source)) return ". Put it into a list";
  if ("body" in source) return ". Pass its body";
  return "stream" in source ? ". Pass its stream()" : "";
}

/** Whether what is iterated is a stream, of the web's or of Node's: what these give is mostly bytes from elsewhere. */
export function isStream(source: object): boolean {
  return "getReader" in source || ("pipe" in source && "read" in source);
}
