/** The arrays of a group, and the files that hold them. */
import { NpyError, quoted } from "../errors.ts";
import { type DType, type DTypeLike, dtype } from "../format/dtype.ts";
import { type Check, checkOptions, fixedSizeDType, flag, optional, optionError } from "../options.ts";
import type { Plan } from "../plan/step.ts";
import { checkFileName, type Folder } from "../storage/folder.ts";
import { hasCode, type Storage } from "../storage/storage.ts";
import { list } from "./folder-steps.ts";

/** One array of a group. */
export interface GroupArray {
  /** The dtype of its elements; `"utf8"` for texts, whose bytes are stored. */
  readonly dtype: DTypeLike | "utf8";
  /** The shape of one row. Default `[]`: rows are single elements. Not with `ragged`. */
  readonly rowShape?: readonly number[];
  /** Whether each row is a list of any length. Default `false`, but for `"utf8"`. */
  readonly ragged?: boolean;
}

/** What a group tells of one of its arrays. */
export interface GroupArrayInfo {
  /** The dtype of its elements. Those of texts are bytes. */
  readonly dtype: DType;
  readonly rowShape: readonly number[];
  readonly ragged: boolean;
  /** Whether its rows are texts, in UTF-8. */
  readonly text: boolean;
}

/** What a user says of an array, checked. */
interface ColumnSpec {
  readonly dtype: DType;
  readonly rowShape: readonly number[];
}

/** The part that a file has in a group: its rows, the elements of ragged rows, or where they end. */
export type Role = "rows" | "values" | "offsets";

/** One file of a group. */
export interface GroupFile {
  readonly name: string;
  /** The array that it belongs to. */
  readonly column: Column;
  readonly role: Role;
  readonly storage: Storage;
}

/** An array of a group, and its files. */
export interface Column {
  readonly name: string;
  readonly isRagged: boolean;
  /** Whether its rows are texts. `undefined`: they are if its elements are bytes. */
  readonly isText: boolean | undefined;
  /** `undefined` if nothing was said of it. */
  readonly spec: ColumnSpec | undefined;
}

/** The arrays that a user describes, or only names. */
export type NamedColumns = readonly (Column | string)[] | undefined;

const SUFFIX = ".npy";
/** How the names of the files of ragged arrays end. */
export const VALUES = ".values";
export const OFFSETS = ".offsets";

const rowShape: Check<readonly number[] | undefined> = optional(
  "a list of sizes of 0 or more ([] for numbers, [3] for rows of three)",
  (value) => Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0),
);

/** The option `arrays`: descriptions of arrays by their names. */
export const describedColumns: Check<readonly Column[] | undefined> = (value, name) => {
  if (value === undefined) return undefined;
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw notArrays(value, name);
  const columns = Object.entries(value).map(([column, array]) => described(column, array, name));
  if (columns.length === 0) throw optionError(`${name} must name at least one array`);
  return columns;
};

/** The option `arrays` where nothing is created: names are enough. */
export const namedColumns: Check<NamedColumns> = (value, name) => {
  if (!Array.isArray(value)) return describedColumns(value, name);
  for (const column of value) {
    if (typeof column !== "string")
      throw optionError(`${name} must be names of arrays, or an object that describes them: found ${quoted(value)}`);
    checkColumnName(column);
  }
  if (value.length === 0) throw optionError(`${name} must name at least one array`);
  return [...new Set(value as string[])];
};

function notArrays(value: unknown, name: string): NpyError {
  return optionError(`${name} must be an object, as in { ${name}: { id: { dtype: "int64" } } }: found ${quoted(value)}`);
}

function described(name: string, array: unknown, option: string): Column {
  checkColumnName(name);
  const isObject = typeof array === "object" && array !== null && !Array.isArray(array);
  if (!isObject || (array as Partial<GroupArray>).dtype === undefined) {
    throw optionError(
      `${option}.${name} must say what its rows are, as in { dtype: "float32", rowShape: [3] }: found ${quoted(array)}`,
    );
  }
  const { dtype: like, ...rest } = array as GroupArray;
  const isText = like === "utf8";
  const given = checkOptions<{ rowShape: readonly number[] | undefined; ragged: boolean }>(rest, {
    rowShape,
    ragged: flag(isText),
  });
  if (isText && !given.ragged) throw optionError(`${option}.${name}: texts have any length, so "utf8" is always ragged`);
  if (given.ragged && given.rowShape !== undefined && given.rowShape.length > 0) {
    throw optionError(`${option}.${name}: rows of a ragged array are lists of single elements, which have no rowShape`);
  }
  const type = isText ? dtype("uint8") : (fixedSizeDType(like, `${option}.${name}.dtype`) as DType);
  return { name, isRagged: given.ragged, isText, spec: { dtype: type, rowShape: [...(given.rowShape ?? [])] } };
}

function checkColumnName(name: string): void {
  checkFileName(`${name}${SUFFIX}`, undefined);
  if (name === "" || name.startsWith("."))
    throw optionError(`an array cannot be named ${quoted(name)}: its file would be hidden`);
  if (name.endsWith(VALUES) || name.endsWith(OFFSETS)) {
    throw optionError(`an array cannot be named ${quoted(name)}: that is how the files of ragged arrays end`);
  }
  if (isShardName(name)) throw optionError(`an array cannot be named ${quoted(name)}: files named by digits alone are shards`);
}

function isShardName(name: string): boolean {
  return /^\d+$/.test(name);
}

/**
 * The arrays that a folder holds: all its `.npy` files, if `named` does not say which. Of these, two named `x.values.npy` and `x.offsets.npy` are one
 * ragged array.
 *
 * @throws NpyError `ERR_NPY_OPTION` if there are none, or the files are of another form than `named` says; the folder's errors.
 */
export function* columnsIn(folder: Folder, named: NamedColumns): Plan<readonly Column[]> {
  let names: readonly string[] = [];
  try {
    names = yield* list(folder);
  } catch (error) {
    if (named === undefined || !hasCode(error, "ENOENT")) throw error;
  }
  if (named === undefined) return columnsOf(names);
  const found = new Set(names);
  const partOf = (name: string): string | undefined =>
    [VALUES, OFFSETS].map((end) => name + end).find((part) => found.has(part + SUFFIX));
  return named.map((column) => {
    if (typeof column === "string") return columnOf(column, partOf(column) !== undefined && !found.has(column + SUFFIX));
    const { name, isRagged } = column;
    const other = isRagged ? name : partOf(name);
    if (other === undefined || !found.has(other + SUFFIX)) return column;
    throw optionError(
      `arrays says that ${quoted(name)} is ${isRagged ? "ragged" : "not ragged"}, and the folder has a file ${quoted(other + SUFFIX)}`,
    );
  });
}

function columnOf(name: string, isRagged: boolean): Column {
  return { name, isRagged, isText: undefined, spec: undefined };
}

function columnsOf(names: readonly string[]): readonly Column[] {
  const stems = names
    .filter((name) => name.endsWith(SUFFIX) && name.length > SUFFIX.length && !name.startsWith("."))
    .map((name) => name.slice(0, -SUFFIX.length))
    .filter((name) => !isShardName(name))
    .sort();
  const columns = new Map<string, Column>();
  for (const stem of stems) {
    const end = [VALUES, OFFSETS].find((part) => stem.endsWith(part));
    const name = end === undefined ? stem : stem.slice(0, -end.length);
    const isRagged = end !== undefined;
    if ((columns.get(name)?.isRagged ?? isRagged) !== isRagged) {
      throw optionError(
        `the folder has both ${quoted(name + SUFFIX)} and the files of a ragged array of that name: say in arrays which`,
      );
    }
    columns.set(name, columnOf(name, isRagged));
  }
  if (columns.size > 0) return [...columns.values()];
  throw new NpyError(
    "ERR_NPY_OPTION",
    'The folder holds no arrays of a group: say in arrays what they are to be, as in { arrays: { id: { dtype: "int64" } } }.',
  );
}

/** The files of arrays, in the order in which their headers are written: elements of ragged arrays first, which prove nothing. */
export function filesOf(folder: Folder, columns: readonly Column[]): readonly GroupFile[] {
  const file = (column: Column, end: string, role: Role): GroupFile => {
    const name = column.name + end + SUFFIX;
    return { name, column, role, storage: folder.file(name) };
  };
  const ragged = columns.filter(({ isRagged }) => isRagged);
  return [
    ...ragged.map((column) => file(column, VALUES, "values")),
    ...columns.map((column) => (column.isRagged ? file(column, OFFSETS, "offsets") : file(column, "", "rows"))),
  ];
}
