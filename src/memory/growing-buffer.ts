/** A buffer that grows: rows are copied into it one after another. */

/** The part of a typed array that copying uses. */
export interface Elements extends ArrayBufferView {
  readonly BYTES_PER_ELEMENT: number;
  readonly length: number;
  [index: number]: unknown;
  set(elements: ArrayLike<never>, offset: number): void;
}

export interface ElementsClass {
  readonly prototype: object;
  new (buffer: ArrayBuffer): Elements;
}

/** Up to so many elements, a loop is faster than `set`. */
const FEW = 8;

/** Copies elements into an array of the same class, from element `start` on. */
export function copyElements(from: Elements, to: Elements, start: number): void {
  const { length } = from;
  let copied = 0;
  if (length <= FEW) {
    for (; copied < length; copied++) {
      const element = from[copied];
      // Reading a NaN may change its bits, and reading a bigint allocates it.
      if (typeof element !== "number" || Number.isNaN(element)) break;
      to[start + copied] = element;
    }
  }
  if (copied < length) to.set(from as unknown as ArrayLike<never>, start);
}

export class GrowingBuffer {
  /** Bytes in use. */
  length = 0;
  /** All bytes, also those not in use. */
  view: DataView = new DataView(new ArrayBuffer(0));
  #bytes = new Uint8Array(0);
  /** What {@link bytes} last returned. */
  #used = this.#bytes;
  /** All bytes as elements of the class that was last copied, which has this prototype. */
  #elements: Elements | undefined;
  #prototype: object | undefined;
  #itemsize = 0;

  /** With room for `capacity` bytes. */
  constructor(capacity: number = 0) {
    this.resize(capacity);
    this.length = 0;
  }

  push(bytes: Uint8Array): void {
    const at = this.length;
    this.resize(at + bytes.length);
    this.#bytes.set(bytes, at);
  }

  /**
   * Copies elements to a multiple of their size. Asking a small typed array for its `buffer` makes the runtime allocate one outside its heap, which
   * costs ten times as much as the copy.
   */
  pushElements(elements: Elements): void {
    // V8 has a fast path for `length`, but not for `byteLength`.
    const { length } = elements;
    if (Object.getPrototypeOf(elements) !== this.#prototype) this.elementsOf(elements.constructor as ElementsClass);
    const at = this.length;
    const itemsize = this.#itemsize;
    const end = at + length * itemsize;
    if (end > this.#bytes.length) {
      this.resize(end);
      this.elementsOf(elements.constructor as ElementsClass);
    }
    this.length = end;
    copyElements(elements, this.#elements as Elements, at / itemsize);
  }

  /** All bytes, also those not in use, as elements. */
  elementsOf(Class: ElementsClass): Elements {
    if (this.#elements === undefined || this.#prototype !== Class.prototype) {
      this.#elements = new Class(this.#bytes.buffer);
      this.#prototype = Class.prototype;
      this.#itemsize = this.#elements.BYTES_PER_ELEMENT;
    }
    return this.#elements;
  }

  /** The bytes of elements, copied to the beginning. */
  copyOf(elements: Elements): Uint8Array<ArrayBuffer> {
    this.length = 0;
    this.pushElements(elements);
    return this.bytes();
  }

  /** Makes `length` bytes used. Those not used before may hold anything, but are zero where nothing was ever written. */
  resize(length: number): void {
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.ceil(Math.max(length, 2 * this.#bytes.length) / 8) * 8);
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.view = new DataView(larger.buffer);
      this.#used = larger.subarray(0, 0);
      this.#elements = undefined;
      this.#prototype = undefined;
    }
    this.length = length;
  }

  /** The bytes in use, valid until the next change. */
  bytes(): Uint8Array<ArrayBuffer> {
    // Rows mostly have one length: then it is the same view.
    if (this.#used.length !== this.length) this.#used = this.#bytes.subarray(0, this.length);
    return this.#used;
  }

  *[Symbol.iterator](): Generator<Uint8Array<ArrayBuffer>, void, unknown> {
    yield this.bytes();
  }
}
