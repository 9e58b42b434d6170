/** The members of packages without types that the tests use. */
declare module "three" {
  import type { ThreeAttribute } from "../../src/index.ts";

  export const BufferAttribute: new (array: ArrayBufferView, itemSize: number) => ThreeAttribute;
  export const Float16BufferAttribute: new (bits: readonly number[], itemSize: number) => ThreeAttribute;
  export const InterleavedBuffer: new (array: ArrayBufferView, stride: number) => { readonly stride: number };
  export const InterleavedBufferAttribute: new (buffer: object, itemSize: number, offset: number) => ThreeAttribute;
  export const Vector3: new () => object;
}
