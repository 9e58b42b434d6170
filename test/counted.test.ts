/** Counts in messages. */
import { expect, test } from "vitest";
import { counted } from "../src/format/counted.ts";

test.each<[count: number | bigint, text: string]>([
  [0, "0 rows"],
  [1, "1 row"],
  [1n, "1 row"],
  [2, "2 rows"],
])("%s is counted as %s", (count, text) => {
  expect(counted(count, "row")).toBe(text);
});

test("a plural may be irregular", () => {
  expect([counted(1, "axis", "axes"), counted(3, "axis", "axes")]).toEqual(["1 axis", "3 axes"]);
});
