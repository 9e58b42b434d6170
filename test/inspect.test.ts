/** inspect. */
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { dtype, formatHeader, inspect, inspectSync } from "../src/node.ts";
import { temporaryPath } from "./support/temporary.ts";

test("inspect tells all that is known without reading the data", async () => {
  const path = temporaryPath();
  const header = formatHeader({ dtype: dtype("<i2"), fortranOrder: false, shape: [3, 2] });
  writeFileSync(path, Buffer.concat([header, new Uint8Array(10)]));
  const expected = {
    path,
    version: "1.0",
    dtype: dtype("<i2"),
    shape: [3, 2],
    fortranOrder: false,
    headerLength: 128,
    dataLength: 10,
    reservedLength: 0,
    expectedDataLength: 12,
    appendable: true,
    needsRecovery: true,
  };
  const info = await inspect(path);
  expect(info).toEqual({ ...expected, slack: info.slack });
  // The text with one row more digit by digit: exactly `slack` digits more still fit.
  const layout = { dtype: dtype("<i2"), fortranOrder: false, headerLength: 128 };
  expect(info.slack).toBe(128 - 10 - "{'descr': '<i2', 'fortran_order': False, 'shape': (3, 2), }\n".length);
  expect(() => formatHeader({ ...layout, shape: [10 ** 15, 2] })).not.toThrow();
  expect(inspectSync(path)).toEqual(info);
});
