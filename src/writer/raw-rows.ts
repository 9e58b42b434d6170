/** Chunks of a file's bytes, which may break anywhere -> arrays of whole rows. */
import { NpyError, quoted } from "../errors.ts";
import type { DType } from "../format/dtype.ts";
import { type ArrayLayout, bytesPerRow, rowShape, shapeOf } from "../format/layout.ts";
import { bufferBytes, isBuffer, isNodeBuffer, typedArrayBytes } from "../input/array-bytes.ts";
import type { ArrayView } from "../input/array-input.ts";
import { hasMethod } from "../input/properties.ts";
import { GrowingBuffer } from "../memory/growing-buffer.ts";
import { optionError } from "../options.ts";

/** Bytes, however they are held: a `Buffer`, a typed array, a `DataView`, or memory without a type. */
export type RawChunk = ArrayBufferView | ArrayBufferLike;

/** Cuts chunks into rows. Only rows that span chunks are copied. */
export class RawRows {
  readonly #layout: ArrayLayout;
  readonly #rowBytes: number;
  /** The beginning of a row. Its memory is not used again once it was given away. */
  #partial = new GrowingBuffer();

  constructor(layout: ArrayLayout) {
    this.#layout = layout;
    this.#rowBytes = bytesPerRow(layout);
  }

  /**
   * The rows that a chunk completes, and those within it.
   *
   * @throws NpyError `ERR_NPY_VALUE` for what is not bytes, `ERR_NPY_SHAPE` for bytes where rows have none.
   */
  push(chunk: unknown): readonly ArrayView[] {
    const bytes = bytesOf(chunk);
    const rowBytes = this.#rowBytes;
    if (bytes.length === 0) return [];
    if (rowBytes === 0) throw endsWithinRow(bytes.length, 0);
    const parts: ArrayView[] = [];
    const start = this.#partial.length === 0 ? 0 : Math.min(rowBytes - this.#partial.length, bytes.length);
    if (start > 0) this.#partial.push(bytes.subarray(0, start));
    if (this.#partial.length === rowBytes) {
      parts.push(this.#rowsOf(this.#partial.bytes()));
      // More rows will be broken: they get all their memory at once.
      this.#partial = new GrowingBuffer(rowBytes);
    }
    const end = bytes.length - ((bytes.length - start) % rowBytes);
    if (end > start) parts.push(this.#rowsOf(bytes.subarray(start, end)));
    if (end < bytes.length) this.#partial.push(bytes.subarray(end));
    return parts;
  }

  /** @throws NpyError `ERR_NPY_SHAPE` if the last row is not complete. */
  finish(): void {
    const { length } = this.#partial;
    if (length > 0) throw endsWithinRow(length, this.#rowBytes);
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
    `With raw: true chunks are bytes (a Buffer, a typed array, an ArrayBuffer ...), not ${typeof chunk === "string" ? "strings" : quoted(chunk)}${hint}.`,
  );
}

function endsWithinRow(left: number, rowBytes: number): NpyError {
  return new NpyError(
    "ERR_NPY_SHAPE",
    rowBytes === 0
      ? `The rows of the file have no bytes: found ${left}. Append { data, shape } to say how many rows there are.`
      : `The bytes end within a row: ${left} of its ${rowBytes} are there. The whole rows before it were appended.`,
  );
}

/**
 * Refuses bytes and text from a stream that does not say what they are, and breaks anywhere (a file, a response): bytes of wider elements, bytes that
 * break within a row, and Buffers where nothing says what rows are.
 *
 * @throws NpyError `ERR_NPY_DTYPE`; `ERR_NPY_SHAPE` within a row, and for text.
 */
export function refuseBytes(chunk: unknown, dtype: DType | undefined, rowBytes: number | undefined): void {
  if (typeof chunk === "string") {
    throw new NpyError(
      "ERR_NPY_SHAPE",
      "The stream gives text, which is no rows: parse it first, or, if it is the bytes of rows, open the source without an encoding and pass raw: true.",
    );
  }
  const tag = ArrayBuffer.isView(chunk) ? (chunk as Uint8Array)[Symbol.toStringTag] : undefined;
  if (tag !== "Uint8Array" && (tag as string | undefined) !== "DataView" && !isBuffer(chunk)) return;
  if (dtype === undefined) {
    if (!isNodeBuffer(chunk)) return;
    throw new NpyError(
      "ERR_NPY_DTYPE",
      "The stream gives bytes, and nothing says what rows are: open the file with dtype and rowShape, and pass raw: true. If each byte is an element, " +
        'these are dtype: "uint8" and rowShape: [].',
    );
  }
  if (dtype.itemsize > 1) {
    const nodes = isNodeBuffer(chunk) ? " (and objectMode: true to Writable.fromWeb)" : "";
    throw new NpyError(
      "ERR_NPY_DTYPE",
      `The stream gives bytes, and an element of the file (${dtype.str}) has ${dtype.itemsize}: pass raw: true if they are the bytes of rows, or ` +
        `give chunks of { data, shape, dtype }${nodes}.`,
    );
  }
  const { byteLength } = chunk as Uint8Array;
  if (!rowBytes || byteLength % rowBytes === 0) return;
  throw new NpyError(
    "ERR_NPY_SHAPE",
    `The stream gives bytes, and a chunk of ${byteLength} ends within a row of ${rowBytes}: pass raw: true if they are the bytes of rows.`,
  );
}

/**
 * Refuses a source of `appendFrom` that cannot be iterated, or only asynchronously with `isSync`.
 *
 * @throws NpyError `ERR_NPY_OPTION`.
 */
export function checkIterable(source: unknown, isSync: boolean): void {
  const isObject = typeof source === "object" && source !== null;
  if (isObject && (Symbol.iterator in source || (!isSync && Symbol.asyncIterator in source))) return;
  const kinds = isSync ? "a generator, a list" : "a stream, a generator, a list";
  throw optionError(`appendFrom takes a reader, or what can be iterated (${kinds}): found ${quoted(source)}${hint(source)}`);
}

function hint(source: unknown): string {
  if (typeof source === "string") return ". To append a file, open it with NpyReader, and pass the reader";
  if (typeof source === "function") return ". Call it, and pass what it returns";
  if (typeof source !== "object" || source === null) return "";
  if (Symbol.asyncIterator in source) return ". Open this file with open to append what must be waited for";
  if (isBuffer(source)) return ". Put it into a list";
  if (hasMethod(source, "then")) return ". Await it first";
  if (hasMethod(source, "chunks") && hasMethod(source, "refresh")) return ", of another copy of this package. Pass its chunks()";
  if ("body" in source) return ". Pass its body, with raw: true if it is the bytes of rows";
  return "stream" in source ? ". Pass its stream(), with raw: true if it is the bytes of rows" : "";
}
