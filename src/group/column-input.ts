/** What is appended to a group -> the input of each of its arrays. */
import { NpyError, quoted } from "../errors.ts";
import { similarName } from "../format/similar.ts";
import { fromForeign } from "../input/foreign.ts";
import { isMap, isPlainObject } from "../input/properties.ts";

/**
 * The inputs of the arrays of these names, in their order: of an object of columns, a list of objects, or a table of Arrow.
 *
 * @throws NpyError `ERR_NPY_VALUE` unless it has exactly these names.
 */
export function columnInputs(input: unknown, names: readonly string[]): unknown[] {
  if (Array.isArray(input)) return ofRecords(input, names);
  if (typeof input !== "object" || input === null) throw notColumns(input, names);
  if (isPlainObject(input)) return ofColumns(input as { readonly [name: string]: unknown }, names);
  const columns = fromForeign(input);
  if (columns === undefined || !isMap(columns)) throw notColumns(input, names);
  checkNames([...columns.keys()], names, undefined);
  return names.map((name) => columns.get(name));
}

function notColumns(input: unknown, names: readonly string[]): NpyError {
  return new NpyError(
    "ERR_NPY_VALUE",
    `Expected an object with rows of each array (${names.map(quoted).join(", ")}), a list of objects, or a table: found ${quoted(input)}.`,
  );
}

function ofColumns(columns: { readonly [name: string]: unknown }, names: readonly string[]): unknown[] {
  const inputs = new Array<unknown>(names.length);
  let found = 0;
  for (const _ in columns) found++;
  if (found !== names.length) checkNames(Object.keys(columns), names, undefined);
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    if (!(name in columns)) checkNames(Object.keys(columns), names, undefined);
    inputs[i] = columns[name];
  }
  return inputs;
}

function ofRecords(records: readonly unknown[], names: readonly string[]): unknown[] {
  const columns = names.map(() => new Array<unknown>(records.length));
  for (let row = 0; row < records.length; row++) {
    const record = records[row];
    if (typeof record !== "object" || record === null || ArrayBuffer.isView(record) || Array.isArray(record)) {
      throw new NpyError("ERR_NPY_VALUE", `Expected an object with a value for each array: found ${quoted(record)}.`, {
        row,
        index: [row],
      });
    }
    const values = ofColumns(record as { readonly [name: string]: unknown }, names);
    for (let i = 0; i < names.length; i++) (columns[i] as unknown[])[row] = values[i];
  }
  return columns;
}

/** @throws NpyError `ERR_NPY_VALUE` unless both are the same names. */
function checkNames(found: readonly unknown[], names: readonly string[], row: number | undefined): void {
  const other = found.find((name) => !names.includes(name as string));
  if (other !== undefined) {
    const meant = similarName(String(other), names);
    const hint = meant === undefined ? "" : ` (did you mean ${quoted(meant)}?)`;
    throw new NpyError(
      "ERR_NPY_VALUE",
      `The group has no array ${quoted(other)}${hint}: expected ${names.map(quoted).join(", ")}.`,
      { row },
    );
  }
  const missing = names.find((name) => !found.includes(name));
  if (missing === undefined) return;
  throw new NpyError("ERR_NPY_VALUE", "There are no rows for it: an append takes as many rows of each array of the group.", {
    field: missing,
    row,
  });
}
