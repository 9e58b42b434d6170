/**
 * Swapping bytes by the processor's vector instructions, which JavaScript has only through WebAssembly. The module has one function: it puts 16
 * bytes at a time into the order that the first 16 bytes of its memory say.
 */

/** The binary format: https://webassembly.github.io/spec/core/binary/modules.html, and `i8x16.swizzle` of its vector instructions. */
const MODULE: readonly number[] = [
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // "\0asm", version 1
  ...[0x01, 0x06, 0x01, 0x60, 0x02, 0x7f, 0x7f, 0x00], // a type: (at: i32, end: i32) -> ()
  ...[0x02, 0x06, 0x01, 0x00, 0x00, 0x02, 0x00, 0x01], // imports the memory "", ""
  ...[0x03, 0x02, 0x01, 0x00], // a function of that type
  ...[0x07, 0x04, 0x01, 0x00, 0x00, 0x00], // exports it as ""
  ...[0x0a, 0x2d, 0x01, 0x2b, 0x01, 0x01, 0x7b], // its code, with a local: order: v128
  ...[0x41, 0x00, 0xfd, 0x00, 0x04, 0x00, 0x21, 0x02], // order = v128.load(0)
  ...[0x03, 0x40], // loop
  ...[0x20, 0x00, 0x20, 0x00, 0xfd, 0x00, 0x04, 0x00], // at, v128.load(at)
  ...[0x20, 0x02, 0xfd, 0x0e, 0xfd, 0x0b, 0x04, 0x00], // v128.store(at, i8x16.swizzle(.., order))
  ...[0x20, 0x00, 0x41, 0x10, 0x6a, 0x22, 0x00], // at += 16
  ...[0x20, 0x01, 0x49, 0x0d, 0x00, 0x0b, 0x0b], // repeat if at < end
];

/** Of the bytes that a vector has. */
const VECTOR = 16;

/** So many bytes at a time are copied into the module's memory and back: they fit into the processor's nearest cache. */
const PIECE = 2 ** 14;
const PAGE = 2 ** 16;

type Swap = (bytes: Uint8Array, size: number) => void;

/** What there is of WebAssembly where this runs. */
interface Runtime {
  Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: Record<string, (at: number, end: number) => void> };
}

let swap: Swap | undefined;
let isTried = false;

/** Reverses the bytes of all elements of 2, 4, 8 or 16 bytes, in place. `undefined` where there are no such instructions, or code may not be made. */
export function vectorSwap(): Swap | undefined {
  if (isTried) return swap;
  isTried = true;
  try {
    swap = compile((globalThis as unknown as { WebAssembly: Runtime }).WebAssembly);
  } catch {
    // An older processor, or a page whose content security policy forbids WebAssembly: loops do it.
  }
  return swap;
}

function compile({ Memory, Module, Instance }: Runtime): Swap | undefined {
  const memory = new Memory({ initial: 1, maximum: 1 });
  const { exports } = new Instance(new Module(Uint8Array.from(MODULE)), { "": { "": memory } });
  const reorder = exports[""];
  if (reorder === undefined) return undefined;
  const order = new Uint8Array(memory.buffer, 0, VECTOR);
  const piece = new Uint8Array(memory.buffer, PAGE - PIECE, PIECE);
  return (bytes, size) => {
    for (let i = 0; i < VECTOR; i++) order[i] = i - (i % size) + (size - 1 - (i % size));
    for (let at = 0; at < bytes.length; at += PIECE) {
      const part = bytes.subarray(at, at + PIECE);
      piece.set(part);
      reorder(piece.byteOffset, piece.byteOffset + part.length);
      bytes.set(part.length === PIECE ? piece : piece.subarray(0, part.length), at);
    }
  };
}
