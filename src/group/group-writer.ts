/** A group being grown, as plans: what `NpyAppendGroup` and its synchronous twin have in common. */

import type { EncodedRows } from "../encode/encoded-rows.ts";
import { NpyError, quoted, within } from "../errors.ts";
import { counted } from "../format/counted.ts";
import type { DType } from "../format/dtype.ts";
import { rowShape } from "../format/layout.ts";
import { isMap } from "../input/properties.ts";
import type { GrowingFile } from "../plan/grow/growing-file.ts";
import type { Rows } from "../plan/grow/growth.ts";
import { JointGrowth } from "../plan/grow/joint-growth.ts";
import type { RecoveryReport } from "../plan/rewrite/recover.ts";
import { type Plan, read } from "../plan/step.ts";
import type { Folder } from "../storage/folder.ts";
import { Batch } from "../writer/batch.ts";
import { checkKept } from "../writer/changed-rows.ts";
import { waitingForLock } from "../writer/lock-wait.ts";
import type { Writer } from "../writer/writer.ts";
import { columnInputs } from "./column-input.ts";
import type { Column, GroupArrayInfo } from "./columns.ts";
import type { CheckedRows, ColumnRows, GroupRows } from "./group-batch.ts";
import { checkGroupOptions, type GroupOptions } from "./group-options.ts";
import { closeAll, type OpenedGroup, openGroup } from "./open-group.ts";
import { checkRagged, type RaggedRows } from "./ragged-input.ts";

/** An array of a group, and the writers of its files. */
interface OpenColumn {
  readonly column: Column;
  readonly isText: boolean;
  /** Of its rows, or of its offsets. */
  readonly writer: Writer;
  /** Of its elements, if it is ragged. */
  readonly values: Writer | undefined;
}

export class GroupWriter {
  readonly folder: Folder;
  readonly names: readonly string[];
  /** How opening made the files agree. */
  readonly recovered: RecoveryReport | undefined;
  readonly #columns: readonly OpenColumn[];
  /** In the order in which headers are written: elements first. */
  readonly #writers: readonly Writer[];
  readonly #ragged: readonly OpenColumn[];
  readonly #growth: JointGrowth;
  /** The file whose header makes rows count. */
  readonly #commit: GrowingFile;
  readonly #commitsOffsets: boolean;
  /** The rows of each file, while they are written. */
  readonly #added: Rows[] = [];

  private constructor(folder: Folder, { columns, files, writers, recovery }: OpenedGroup) {
    this.folder = folder;
    this.recovered = recovery;
    this.names = columns.map(({ name }) => name);
    this.#writers = writers;
    const writerOf = (column: Column, isValues: boolean): Writer | undefined =>
      writers[files.findIndex((file) => file.column === column && (file.role === "values") === isValues)];
    this.#columns = columns.map((column) => {
      const values = writerOf(column, true);
      const isText = values !== undefined && (column.isText ?? values.dtype?.str === "|u1");
      return { column, isText, writer: writerOf(column, false) as Writer, values };
    });
    this.#ragged = this.#columns.filter(({ values }) => values !== undefined);
    const growing = writers.map(({ growingFile }) => growingFile as GrowingFile);
    this.#commit = growing[this.#ragged.length] as GrowingFile;
    this.#commitsOffsets = this.#columns[0]?.values !== undefined;
    this.#growth = new JointGrowth(growing, this.#commit);
  }

  static *open(folder: Folder, options: GroupOptions): Plan<GroupWriter> {
    const checked = checkGroupOptions(options);
    const opened = yield* waitingForLock(checked.shared.lockWait, () => openGroup(folder, checked));
    return new GroupWriter(folder, opened);
  }

  get length(): number {
    return this.#commit.rows - (this.#commitsOffsets ? 1 : 0);
  }

  get arrays(): { readonly [name: string]: GroupArrayInfo } {
    return Object.fromEntries(
      this.#columns.map(({ column, isText, writer, values }) => {
        const { dtype, shape = [], fortranOrder = false } = values ?? writer;
        const info = {
          dtype: dtype as DType,
          rowShape: rowShape({ shape, fortranOrder }),
          ragged: values !== undefined,
          text: isText,
        };
        return [column.name, info];
      }),
    );
  }

  /** Checks everything about an input. Writes nothing. */
  check(input: unknown): CheckedRows {
    this.#growth.check();
    const inputs = columnInputs(input, this.names);
    const columns = new Array<EncodedRows | RaggedRows>(inputs.length);
    for (let i = 0; i < inputs.length; i++) {
      const open = this.#columns[i] as OpenColumn;
      const checked = checkColumn(open, inputs[i]);
      columns[i] = checked;
      const first = columns[0] as EncodedRows | RaggedRows;
      if (checked.rows !== first.rows) throw otherCount(open, checked.rows, this.names[0] as string, first.rows);
    }
    return { rows: columns[0]?.rows ?? 0, columns };
  }

  /** Checks one row: an object with a value for each array. Errors tell its number. */
  checkRow(record: unknown, row: number): CheckedRows {
    try {
      return this.check([record]);
    } catch (error) {
      throw error instanceof NpyError ? this.#numbered(error, row) : error;
    }
  }

  /** Counts an error's index, in arrays of one row, from the first row of all. */
  #numbered(error: NpyError, row: number): NpyError {
    const writer = this.#columns.find(({ column, values }) => values === undefined && column.name === error.field)?.writer;
    const axis = error.row === undefined ? 0 : (writer?.rowAxis ?? 0);
    const index = error.index ?? [0];
    return error.within({ index: axis < index.length ? index.with(axis, row) : index, row });
  }

  /** Writes rows: all, or none. `undefined`: it is done. With `isBlocking` any number of rows may be written before this returns. */
  append(rows: GroupRows, isBlocking: boolean): Plan<void> | undefined {
    this.#growth.check();
    if (rows.rows === 0) return undefined;
    const added = this.#added;
    let next = 0;
    if (this.#ragged.length > 0) {
      for (let i = 0; i < rows.columns.length; i++) {
        const column = rows.columns[i] as ColumnRows;
        if ("ends" in column) added[next++] = column.values;
      }
    }
    for (let i = 0; i < rows.columns.length; i++) {
      const column = rows.columns[i] as ColumnRows;
      added[next++] = "ends" in column ? this.#offsetsOf(this.#columns[i] as OpenColumn, column.ends) : column;
    }
    return this.#growth.append(added, isBlocking);
  }

  /** Offsets count from the first element of the file, which is known only now: an append that was called before may have failed. */
  #offsetsOf({ writer, values }: OpenColumn, ends: readonly number[]): Rows {
    const before = (values as Writer).length;
    return writer.check(BigInt64Array.from(ends, (end) => BigInt(before + end)));
  }

  /**
   * Checks rows that are to replace others, of some of the arrays.
   *
   * @throws NpyError what {@link check} throws; `ERR_NPY_OPTION` for ragged arrays.
   */
  checkNew(start: unknown, input: unknown): Plan<void>[] {
    this.#growth.check();
    const names = namesOf(input, this.names);
    const inputs = columnInputs(input, names);
    const checked = names.map((name, i) => {
      const open = this.#columns[this.names.indexOf(name)] as OpenColumn;
      if (open.values !== undefined) throw cannotSet(name);
      const batch = new Batch(undefined);
      batch.add(inColumn(open, () => open.writer.checkNew(start, inputs[i])));
      return { open, batch };
    });
    const [first] = checked;
    for (const { open, batch } of checked) {
      if (first !== undefined && batch.rows !== first.batch.rows) {
        throw otherCount(open, batch.rows, first.open.column.name, first.batch.rows);
      }
    }
    return checked.map(({ open, batch }) => open.writer.set(start as number, batch));
  }

  /** Keeps the first `rows` rows. */
  *truncate(rows: number): Plan<void> {
    this.#growth.check();
    checkKept(rows, this.length);
    const kept: number[] = [];
    for (const { writer } of this.#ragged) kept.push(rows === this.length ? this.#endOf(writer) : yield* offsetIn(writer, rows));
    for (const { values } of this.#columns) kept.push(values === undefined ? rows : rows + 1);
    yield* this.#growth.truncate(kept);
  }

  #endOf(offsets: Writer): number {
    return this.#ragged.find(({ writer }) => writer === offsets)?.values?.length ?? 0;
  }

  sync(): Plan<void> {
    return this.#growth.sync();
  }

  close(): Plan<void> {
    return closeAll(this.#writers);
  }
}

function checkColumn(open: OpenColumn, input: unknown): EncodedRows | RaggedRows {
  const { writer, values, isText } = open;
  try {
    return values === undefined ? writer.check(input) : checkRagged(input, isText, (elements) => values.check(elements));
  } catch (error) {
    throw inContext(open, error);
  }
}

function inColumn<Result>(open: OpenColumn, check: () => Result): Result {
  try {
    return check();
  } catch (error) {
    throw inContext(open, error);
  }
}

function inContext({ column, writer, values }: OpenColumn, error: unknown): unknown {
  return within(error, { field: column.name, path: (values ?? writer).storage.path });
}

function otherCount({ column }: OpenColumn, rows: number, first: string, expected: number): NpyError {
  return new NpyError(
    "ERR_NPY_SHAPE",
    `${rows === 1 ? "There is" : "There are"} ${counted(rows, "row")}, and ${quoted(first)} has ${expected}: an append takes as many rows of each array.`,
    { field: column.name },
  );
}

function cannotSet(name: string): NpyError {
  return new NpyError(
    "ERR_NPY_OPTION",
    "Rows of a ragged array cannot be replaced: those after them would have to move. truncate, and append them again.",
    { field: name },
  );
}

/** The arrays that an input has rows of. */
function namesOf(input: unknown, known: readonly string[]): readonly string[] {
  const record: unknown = Array.isArray(input) ? input[0] : input;
  if (typeof record !== "object" || record === null || ArrayBuffer.isView(record)) return known;
  if (isMap(record)) return known.filter((name) => record.has(name));
  const names = known.filter((name) => name in record);
  return names.length === 0 ? known : names;
}

/** The offset of a row that the file counts. */
function* offsetIn({ growingFile }: Writer, row: number): Plan<number> {
  const { file, header } = growingFile as GrowingFile;
  const bytes = new Uint8Array(8);
  yield* read(file, bytes, header.headerLength + row * 8);
  return Number(new DataView(bytes.buffer).getBigInt64(0, !header.dtype.str.startsWith(">")));
}
