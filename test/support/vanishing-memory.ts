/** Memory that can be taken away while somebody looks at it, in all ways that JavaScript has. */
import { MessageChannel } from "node:worker_threads";

const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { Memory: new (options: { initial: number }) => { readonly buffer: ArrayBuffer; grow(pages: number): void } };
};

export interface Vanishing {
  readonly buffer: ArrayBuffer;
  /** From now on the views of the buffer have no elements. */
  vanish(): void;
}

/** An ArrayBuffer that can be resized: newer than the library that the compiler knows. */
export function resizable(length: number): ArrayBuffer & { resize(length: number): void } {
  const Resizable = ArrayBuffer as new (length: number, options: { maxByteLength: number }) => ArrayBuffer;
  return new Resizable(length, { maxByteLength: length }) as ArrayBuffer & { resize(length: number): void };
}

/** Memory of at least so many bytes. */
export const VANISHING: readonly (readonly [string, (length: number) => Vanishing])[] = [
  [
    "resized",
    (length) => {
      const buffer = resizable(length);
      return { buffer, vanish: () => buffer.resize(8) };
    },
  ],
  [
    "transferred",
    (length) => {
      const buffer = new ArrayBuffer(length);
      return { buffer, vanish: () => void structuredClone(buffer, { transfer: [buffer] }) };
    },
  ],
  [
    "posted",
    (length) => {
      const buffer = new ArrayBuffer(length);
      const vanish = (): void => {
        const { port1 } = new MessageChannel();
        port1.postMessage(buffer, [buffer]);
        port1.close();
      };
      return { buffer, vanish };
    },
  ],
  [
    "of WebAssembly that grows",
    (length) => {
      const memory = new WebAssembly.Memory({ initial: Math.ceil(length / 2 ** 16) });
      return { buffer: memory.buffer, vanish: () => void memory.grow(1) };
    },
  ],
];
