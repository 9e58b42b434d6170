/** Long arguments and many names: work that grows with their square would take minutes. */
import { describe, expect, test } from "vitest";
import { dtypeArgument, rangeArgument } from "../src/cli/program/arguments.ts";
import { chosenColumns } from "../src/cli/rows/columns.ts";
import { planColumns } from "../src/cli/sources/csv-columns.ts";
import { hasHeader, headerNames } from "../src/cli/sources/csv-header.ts";
import { indexArgument } from "../src/cli/text/index-text.ts";
import { dtype } from "../src/node.ts";

describe("arguments take time that grows with their length", () => {
  const MANY = 500_000;

  test.each<[name: string, text: string]>([
    ["digits", `${"1".repeat(MANY)}x`],
    ["spaces", `${" ".repeat(MANY)}x`],
    ["two numbers", `${"1".repeat(MANY)}-${"1".repeat(MANY)}`],
  ])("a range of many %s", (_name, text) => {
    expect(() => rangeArgument(text)).toThrow(/START:STOP/);
  });

  test.each<[name: string, text: string, message: RegExp]>([
    ["digits", `${"1".repeat(MANY)}x`, /^At character 500001: expected a comma/],
    ["underscores", `1${"_1".repeat(MANY)}_`, /^At character 1000002: expected a comma/],
    ["spaces", `${" ".repeat(MANY)}x`, /^At character 500001: expected a number/],
    ["entries", `${"1,".repeat(MANY)}x`, /^At character 1000001: expected a number/],
  ])("an index of many %s", (_name, text, message) => {
    expect(() => indexArgument(text)).toThrow(message);
  });

  test.each<[name: string, text: string]>([
    ["escaped quotes", `['${"\\'".repeat(MANY)}`],
    ["backslashes", `['${"\\".repeat(MANY)}`],
    ["quotes in quotes", `["${"'".repeat(MANY)}`],
  ])("a dtype with a string of %s that does not end", (_name, text) => {
    expect(() => dtypeArgument(text)).toThrow(/as NumPy prints it/);
  });

  test("names of columns", () => {
    const names = Array.from({ length: 100_000 }, (_, i) => `c${i}`);
    const columns = names.map((label, offset) => ({ label, dtype: dtype("f8"), path: undefined, offset, perRow: names.length }));
    const found = chosenColumns(columns, names.toReversed());
    expect(found.map(({ label }) => label)).toEqual(names.toReversed());
    expect(() => chosenColumns(columns, ["c"])).toThrow(/no column "c": the columns are c0, .*c11, \.\.\.$/);
  });

  test("names of a header, which are found among the fields and the other way round", () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `c${i}`);
    const header = headerNames(names.toReversed(), () => false);
    const choices = names.map((name) => ({ name, dtype: dtype("f8") }));
    expect(hasHeader("-", 1, header, undefined, { columns: choices })).toBe(true);
    const { layout } = planColumns("-", header, [], undefined, { columns: choices });
    expect(layout.dtype.fields?.length).toBe(names.length);
    expect(hasHeader("-", 1, header, layout, {})).toBe(true);
    const { convert } = planColumns("-", header, [], layout, {});
    const [record] = convert([names.map((_, i) => String(i))], () => 1) as [{ [name: string]: number }];
    expect([record["c0"], record["c19999"]]).toEqual([19_999, 0]);
  });
});
