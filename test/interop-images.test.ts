/** Images: pixels in rows. */
import jpeg from "jpeg-js";
import { PNG } from "pngjs";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { type ArrayInput, load, MemoryStorage, NpyAppendArray } from "../src/index.ts";
import { memoryOf, stored } from "./support/stored.ts";

const pixels = Uint8ClampedArray.of(1, 2, 3, 4, 5, 6, 7, 8);

/** As browsers make it: its parts are getters of the class. */
class ImageData {
  get data(): Uint8ClampedArray {
    return pixels;
  }
  get width(): number {
    return 1;
  }
  get height(): number {
    return 2;
  }
}

const rgb = { raw: { width: 2, height: 1, channels: 3 } } as const;

describe("in", () => {
  test.each<[string, ArrayInput, number[], string]>([
    ["ImageData", new ImageData(), [2, 1, 4], "uint8"],
    ["a Buffer of RGBA", { data: Buffer.from(pixels), width: 2, height: 1 }, [1, 2, 4], "uint8"],
    ["RGB", { data: pixels.subarray(0, 6), width: 1, height: 2 }, [2, 1, 3], "uint8"],
    ["one element for each pixel", { data: new Float32Array(6), width: 3, height: 2 }, [2, 3], "float32"],
    ["one channel", { data: new Uint16Array(6), width: 3, height: 2, channels: 1 }, [2, 3, 1], "uint16"],
    ["no pixels", { data: new Uint8Array(0), width: 0, height: 2, channels: 3 }, [2, 0, 3], "uint8"],
  ])("%s", (_, image, shape, dtype) => {
    const { data } = image as { readonly data: Uint8Array };
    expect(stored(image)).toEqual({ shape, dtype, values: Array.from(data) });
  });

  test("nothing is copied before it is written", () => {
    expect(memoryOf(new ImageData())).toBe(pixels.buffer);
  });

  test("pngjs", () => {
    const png = new PNG({ width: 1, height: 2 });
    png.data.set(pixels);
    for (const image of [png, PNG.sync.read(PNG.sync.write(png))]) {
      expect(stored(image)).toEqual({ shape: [2, 1, 4], dtype: "uint8", values: Array.from(pixels) });
    }
  });

  test("jpeg-js", () => {
    const { data } = jpeg.encode({ data: pixels, width: 1, height: 2 }, 90);
    const image = jpeg.decode(data, { useTArray: true, formatAsRGBA: false });
    expect(stored(image)).toEqual({ shape: [2, 1, 3], dtype: "uint8", values: Array.from(image.data) });
  });

  test.each([
    ["uchar", "uint8"],
    ["ushort", "uint16"],
    ["int", "int32"],
    ["float", "float32"],
    ["double", "float64"],
  ] as const)("sharp, raw pixels of depth %s", async (depth, dtype) => {
    const image = await sharp(Uint8Array.of(1, 2, 3, 4, 5, 6), rgb)
      .raw({ depth })
      .toBuffer({ resolveWithObject: true });
    expect(stored(image)).toEqual({ shape: [1, 2, 3], dtype, values: [1, 2, 3, 4, 5, 6] });
  });

  test("a list of images is an array of images", async () => {
    const storage = new MemoryStorage();
    await using npaa = await NpyAppendArray.open(storage, { dtype: "float32", rowShape: [2, 1, 4] });
    await npaa.append([new ImageData()]);
    await npaa.append([new ImageData(), { data: Buffer.from(pixels), width: 1, height: 2 }]);
    const { data, shape } = await load(storage);
    expect(shape).toEqual([3, 2, 1, 4]);
    expect(data).toEqual(Float32Array.of(...pixels, ...pixels, ...pixels));
    await expect(npaa.append(new ImageData())).rejects.toMatchObject({
      code: "ERR_NPY_SHAPE",
      message: expect.stringContaining("For one row, put it into a list: [array]."),
    });
  });
});

describe("refused", () => {
  test("a file of an image, which is no pixels", async () => {
    const image = await sharp(Uint8Array.of(1, 2, 3, 4, 5, 6), rgb)
      .png()
      .toBuffer({ resolveWithObject: true });
    expect(() => stored(image)).toThrow('The data are a file of format "png", not pixels: call raw() before toBuffer().');
  });

  test.each<[string, ArrayInput, string, string]>([
    ["incomplete pixels", { data: new Uint8Array(7), width: 2, height: 1 }, "ERR_NPY_SHAPE", "found 7 for 1 row of 2 pixels"],
    [
      "other channels than said",
      { data: new Uint8Array(8), width: 2, height: 1, channels: 3 },
      "ERR_NPY_SHAPE",
      "needs 6 elements",
    ],
    ["no pixels, of unknown channels", { data: new Uint8Array(0), width: 0, height: 0 }, "ERR_NPY_SHAPE", "found 0 for 0 rows"],
    [
      "an unknown depth",
      { data: new Uint8Array(8), info: { format: "raw", width: 2, height: 1, channels: 1, depth: "quad" } },
      "ERR_NPY_DTYPE",
      '"quad"',
    ],
  ])("%s", (_, image, code, words) => {
    expect(() => stored(image)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(words) }));
  });
});
