/** Headers for tools: what they pass is checked. */
import { expect, test } from "vitest";
import { dtype, formatHeader, type NpyErrorCode, parseHeader } from "../src/index.ts";
import { caught } from "./support/caught.ts";

test("a header that was parsed is formatted again, byte for byte", () => {
  const header = formatHeader({ dtype: "<f4", shape: [3, 2], fortranOrder: true, version: "2.0", headerLength: 256 });
  expect(parseHeader(header)).toMatchObject({ shape: [3, 2], fortranOrder: true, version: "2.0", headerLength: 256 });
  expect(formatHeader(parseHeader(header))).toEqual(header);
  expect(formatHeader({ dtype: dtype("<f4"), shape: [3] })).toEqual(
    formatHeader({ dtype: "float32", shape: [3], fortranOrder: false }),
  );
});

test.each<[unknown, NpyErrorCode, RegExp]>([
  [undefined, "ERR_NPY_OPTION", /must be an object/],
  [{ dtype: "float99", shape: [1] }, "ERR_NPY_DTYPE", /"float99" is not a dtype/],
  [{ shape: [1] }, "ERR_NPY_DTYPE", /undefined is not a dtype/],
  [{ dtype: "<f4" }, "ERR_NPY_SHAPE", /shape must be a list of sizes, such as \[2, 3\]: found undefined/],
  [{ dtype: "<f4", shape: "3" }, "ERR_NPY_SHAPE", /found "3"/],
  [{ dtype: "<f4", shape: [-3] }, "ERR_NPY_SHAPE", /sizes must be whole numbers/],
  [{ dtype: "<f4", shape: ["3"] }, "ERR_NPY_SHAPE", /sizes must be whole numbers/],
  [{ dtype: "<f4", shape: [3], version: "4.0" }, "ERR_NPY_OPTION", /version must be "1.0" or "2.0" or "3.0": found "4.0"/],
  [{ dtype: "<f4", shape: [3], headerLength: "x" }, "ERR_NPY_OPTION", /headerLength must be a number of bytes: found "x"/],
  [{ dtype: "<f4", shape: [3], fortran_order: true }, "ERR_NPY_OPTION", /did you mean fortranOrder/],
])("%j is no layout", (layout, code, message) => {
  expect(caught(() => formatHeader(layout as never))).toMatchObject({ code, message: expect.stringMatching(message) });
});

test.each([undefined, "x", [1, 2], Float64Array.of(1)])("%j are no bytes of a file", (bytes) => {
  expect(caught(() => parseHeader(bytes as never))).toMatchObject({
    code: "ERR_NPY_OPTION",
    message: expect.stringMatching(/as a Uint8Array: found/),
  });
});
