/** The memory of typed arrays and buffers, of this realm or another. */
import { NpyError, quoted } from "../errors.ts";
import { type DType, dtype } from "../format/dtype.ts";
import { codeOfTag } from "../format/scalars.ts";
import type { TypedArray } from "./array-input.ts";

/** The dtypes of typed arrays by their tags, which are the same in all realms. They are made on demand, so that this package loads faster. */
const dtypes = new Map<string, DType>();

function dtypeOfTag(tag: string): DType | undefined {
  const known = dtypes.get(tag);
  const code = codeOfTag.get(tag);
  if (known !== undefined || code === undefined) return known;
  const made: DType = dtype(code);
  dtypes.set(tag, made);
  return made;
}

/**
 * The bytes of a typed array or DataView, with no copy, and their dtype if the type tells.
 *
 * @throws NpyError `ERR_NPY_VALUE` if its memory is gone.
 */
export function typedArrayBytes(data: TypedArray | DataView): { bytes: Uint8Array; dtype: DType | undefined } {
  const tag = (data as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] ?? "";
  try {
    // An array whose memory is gone looks empty: only its methods throw.
    if (data.byteLength === 0 && "at" in data) data.at(0);
    return { bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength), dtype: dtypeOfTag(tag) };
  } catch (cause) {
    throw gone(data, cause);
  }
}

/**
 * The bytes of memory without a type.
 *
 * @throws NpyError `ERR_NPY_VALUE` if it is gone.
 */
export function bufferBytes(data: ArrayBufferLike): Uint8Array {
  try {
    return new Uint8Array(data);
  } catch (cause) {
    throw gone(data, cause);
  }
}

function gone(data: unknown, cause: unknown): NpyError {
  return new NpyError(
    "ERR_NPY_VALUE",
    `${quoted(data)} has no memory any more: its buffer was resized or transferred, or it belongs to a WebAssembly memory that grew. Make a new one.`,
    { cause },
  );
}

/** Whether a value is a `Buffer` (Node's, Bun's, Deno's or the one for browsers): bytes of anything, although it is a `Uint8Array`. */
export function isNodeBuffer(value: unknown): boolean {
  return ArrayBuffer.isView(value) && typeof (value.constructor as { isBuffer?: unknown } | undefined)?.isBuffer === "function";
}

/** Whether a value is a typed array, of any realm. */
export function isTypedArray(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && "length" in value;
}

/** Whether a value is an ArrayBuffer or SharedArrayBuffer, of any realm. */
export function isBuffer(value: unknown): value is ArrayBufferLike {
  const tag = Object.prototype.toString.call(value);
  return tag === "[object ArrayBuffer]" || tag === "[object SharedArrayBuffer]";
}

/** The error for data that do not tell their dtype. */
export function needsDType(what: string): NpyError {
  return new NpyError("ERR_NPY_DTYPE", `${what} says nothing about its elements: pass { data, shape, dtype }.`);
}
