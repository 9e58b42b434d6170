/** Node's `Buffer`, told from the typed array that it is as well. */

/** Whether a value is a `Buffer`, also Bun's, Deno's or the one for browsers: bytes of whatever, although it is a `Uint8Array`. */
export function isNodeBuffer(value: unknown): boolean {
  return ArrayBuffer.isView(value) && typeof (value.constructor as { isBuffer?: unknown } | undefined)?.isBuffer === "function";
}
