/** What the table of cases uses of vitest and of Node, for pages and workers. */

function fail(message: string): never {
  throw new Error(message);
}

function show(value: unknown): string {
  return ArrayBuffer.isView(value) ? `[${[...(value as Uint8Array).subarray(0, 20)]}] (${value.byteLength})` : String(value);
}

function isEqual(found: unknown, expected: unknown): boolean {
  if (!(found instanceof Uint8Array && expected instanceof Uint8Array)) return Object.is(found, expected);
  return found.length === expected.length && found.every((byte, i) => byte === expected[i]);
}

interface Matchers {
  toBe(expected: unknown): void;
  toEqual(expected: unknown): void;
  toHaveLength(expected: number): void;
}

export function expect(found: unknown): Matchers & { readonly not: Pick<Matchers, "toBe"> } {
  const check = (expected: unknown): void => {
    if (!isEqual(found, expected)) fail(`expected ${show(expected)}, found ${show(found)}`);
  };
  return {
    toBe: check,
    toEqual: check,
    toHaveLength(expected) {
      const { length } = found as { readonly length: number };
      if (length !== expected) fail(`expected ${expected} elements, found ${length}`);
    },
    not: {
      toBe(other) {
        if (Object.is(found, other)) fail(`expected anything but ${show(other)}`);
      },
    },
  };
}

/** `Buffer.compare`, as far as it says whether bytes are the same. */
(globalThis as { Buffer?: unknown }).Buffer ??= {
  compare: (first: Uint8Array, second: Uint8Array) => (isEqual(first, second) ? 0 : 1),
};
