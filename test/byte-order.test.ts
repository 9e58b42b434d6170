/** Byte order: each way of swapping gives the same. */
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { dtype } from "../src/index.ts";
import type { swapBytes } from "../src/memory/byte-order.ts";
import { vectorSwap } from "../src/memory/vector-swap.ts";
import { pattern } from "./support/storage-cases.ts";

function expected(bytes: Uint8Array, size: number): Uint8Array {
  return bytes.map((_, i) => bytes[i - (i % size) + size - 1 - (i % size)] as number);
}

const lengths = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.integer({ min: 1020, max: 1030 }),
  fc.integer({ min: 8190, max: 8200 }),
);

describe("elements are swapped in place", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  test("by vector instructions, and nothing beside them", () => {
    const swap = vectorSwap();
    expect(swap).toBeDefined();
    fc.assert(
      fc.property(lengths, fc.constantFrom(2, 4, 8, 16), fc.integer({ min: 0, max: 20 }), (count, size, offset) => {
        const all = pattern(offset + count * size + 7);
        const before = all.slice();
        swap?.(all.subarray(offset, offset + count * size), size);
        const swapped = expected(before.subarray(offset, offset + count * size), size);
        expect(Buffer.compare(all.subarray(offset, offset + count * size), swapped)).toBe(0);
        expect(all.subarray(0, offset)).toEqual(before.subarray(0, offset));
        expect(all.subarray(offset + count * size)).toEqual(before.subarray(offset + count * size));
      }),
    );
  });

  test.each(["Buffer and WebAssembly", "WebAssembly", "neither"])("with %s", async (runtime) => {
    if (runtime !== "Buffer and WebAssembly") vi.stubGlobal("Buffer", undefined);
    // A page whose content security policy forbids it.
    if (runtime === "neither") {
      vi.stubGlobal("WebAssembly", {
        Memory: class {
          readonly buffer = new ArrayBuffer(2 ** 16);
        },
        Module: class {
          constructor() {
            throw new Error("Refused to compile");
          }
        },
      });
    }
    vi.resetModules();
    const fresh: { swapBytes: typeof swapBytes } = await import("../src/memory/byte-order.ts");
    for (const type of ["<u2", "<f4", "<f8", "<c8", "<c16", "<f16", "<U3"]) {
      const { itemsize, kind } = dtype(type);
      const size = kind === "c" ? itemsize / 2 : kind === "U" ? 4 : itemsize;
      for (const count of [0, 1, 5, 100, 3000]) {
        const bytes = pattern(count * itemsize);
        const swapped = expected(bytes, size);
        fresh.swapBytes(bytes, dtype(type));
        expect(
          bytes.every((byte, i) => byte === swapped[i]),
          `${type} ${count}`,
        ).toBe(true);
      }
    }
  });
});
