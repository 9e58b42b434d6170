/** What Windows is asked for when a file is locked. Its functions are played by a table of locks here. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import type * as Natives from "../src/storage/native/c-library.ts";

/** The locks that are held, by the handles that hold them. */
const held = new Map<string, bigint>();
const asked: unknown[][] = [];
const system = vi.hoisted(() => ({
  isThere: true,
  handlesAreExported: true,
  /** The error of LockFileEx instead of an answer. */
  error: 0,
  platform: process.platform,
}));

vi.mock("../src/storage/native/c-library.ts", async (importOriginal) => {
  const original = await importOriginal<typeof Natives>();
  const library = {
    func(prototype: string): never {
      throw new Error(`no function ${prototype}`);
    },
    pointerFunc(prototype: string) {
      if (!system.handlesAreExported) throw new Error(`no function ${prototype}`);
      expect(prototype).toBe("void *uv_get_osfhandle(int fd)");
      return (fd: number) => (fd < 0 ? "EBADF" : BigInt(fd) * 4n);
    },
    kernelFunc(prototype: string) {
      expect(prototype).toMatch(/^int __stdcall LockFileEx\(/);
      return (handle: bigint, flags: number, reserved: number, low: number, high: number, overlapped: Uint8Array) => {
        const fields = new DataView(overlapped.buffer);
        const words = [0, 8, 16, 24].map((at) => fields.getBigUint64(at, true));
        asked.push([handle, flags, reserved, low, high, words]);
        if (system.error !== 0) return system.error;
        const name = String(words[2]);
        if (held.has(name)) return 33;
        held.set(name, handle);
        return 0;
      };
    },
  } as unknown as Natives.CLibrary;
  return {
    ...original,
    cLibrary: () => (system.isThere ? library : undefined),
    fromCLibrary: <F>(find: (library: Natives.CLibrary) => F) => {
      return () => {
        if (!system.isThere) return undefined;
        try {
          return find(library);
        } catch {
          return undefined;
        }
      };
    },
  };
});

const { lockDescriptor, lockProblem } = await import("../src/storage/native/lock.ts");

beforeEach(() => {
  Object.defineProperty(process, "platform", { value: "win32" });
  Object.assign(system, { isThere: true, handlesAreExported: true, error: 0 });
  held.clear();
  asked.length = 0;
  return () => Object.defineProperty(process, "platform", { value: system.platform });
});

describe("on Windows", () => {
  test("a file is locked by its handle, exclusively and at once, in a byte that no file has", () => {
    expect(lockDescriptor(5)).toBe("locked");
    expect(asked).toEqual([[20n, 0b11, 0, 1, 0, [0n, 0n, 2n ** 62n, 0n]]]);
    expect(lockProblem()).toBeUndefined();
  });

  test("a lock that another opening holds is not waited for", () => {
    expect(lockDescriptor(5)).toBe("locked");
    expect(lockDescriptor(6)).toBe("taken");
    held.clear();
    expect(lockDescriptor(6)).toBe("locked");
  });

  test.each([
    [33, "taken"],
    [997, "taken"],
    [1, "unsupported"],
    [50, "unsupported"],
  ])("error %i of LockFileEx means: %s", (error, expected) => {
    system.error = error;
    expect(lockDescriptor(5)).toBe(expected);
  });

  test("a descriptor without a handle cannot be locked", () => {
    expect(lockDescriptor(-1)).toBe("unsupported");
    expect(asked).toEqual([]);
  });

  test("a runtime that does not export the handles has no locks, and says so", () => {
    system.handlesAreExported = false;
    expect(lockDescriptor(5)).toBe("unsupported");
    expect(lockProblem()).toBe("on Windows only Node has them");
  });

  test("without koffi there are no locks, and the advice is to install it", () => {
    system.isThere = false;
    expect(lockDescriptor(5)).toBe("unsupported");
    expect(lockProblem()).toMatch(/koffi.*npm install koffi/);
  });
});
