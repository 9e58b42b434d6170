/** The members of packages without types that the tests use. */
declare module "three" {
  interface Attribute {
    readonly array: ArrayBufferView;
    readonly itemSize: number;
    readonly count: number;
  }

  interface Buffer {
    readonly stride: number;
  }

  export const BufferAttribute: new (
    array: ArrayBufferView,
    itemSize: number,
  ) => Attribute & { readonly isBufferAttribute: true };
  export const Float16BufferAttribute: typeof BufferAttribute;
  export const InterleavedBuffer: new (array: ArrayBufferView, stride: number) => Buffer;
  export const InterleavedBufferAttribute: new (
    buffer: Buffer,
    itemSize: number,
    offset: number,
  ) => Attribute & { readonly isInterleavedBufferAttribute: true; readonly offset: number; readonly data: Buffer };
  export const Vector3: new () => object;
}

declare module "pngjs" {
  interface Image {
    readonly data: Uint8Array;
    readonly width: number;
    readonly height: number;
  }

  export const PNG: {
    new (size: { readonly width: number; readonly height: number }): Image;
    readonly sync: { read(file: Uint8Array): Image; write(image: Image): Uint8Array };
  };
}
