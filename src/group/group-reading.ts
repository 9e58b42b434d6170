/** A group being read, as plans over the readers of its files: what both readers of groups have in common. */

import type { NpyArray } from "../decode/npy-array.ts";
import { NpyError, within } from "../errors.ts";
import { counted } from "../format/counted.ts";
import { rowShape, sizeOf } from "../format/layout.ts";
import { checkNames, position } from "../options.ts";
import type { Plan } from "../plan/step.ts";
import type { NpyReader } from "../reader/npy-reader.ts";
import type { NpyReaderSync } from "../reader/npy-reader-sync.ts";
import type { GroupPart } from "../reader/open-readers.ts";
import type { ReaderOptions } from "../reader/reader-options.ts";
import type { Folder } from "../storage/folder.ts";
import { type Eventually, hasCode } from "../storage/storage.ts";
import {
  type Column,
  columnsIn,
  filesOf,
  type GroupArray,
  type GroupArrayInfo,
  type GroupFile,
  namedColumns,
  OFFSETS,
  VALUES,
} from "./columns.ts";
import { callAll } from "./folder-steps.ts";
import { checkOffsets, notOffsets } from "./offsets.ts";
import type { RaggedArray } from "./ragged-array.ts";
import { checkedOffsets, raggedOf } from "./ragged-rows.ts";

/** How a group is read. */
export interface GroupReaderOptions<A = unknown>
  extends Pick<ReaderOptions, "maxHeaderSize" | "mmap" | "advise" | "signal" | "timeout" | "fetch"> {
  /**
   * The arrays to read: their names, or descriptions as for {@link NpyAppendGroup.open}.
   *
   * The files do not say whether bytes are texts: a ragged array of uint8 is read as texts unless it is described as
   * `{ dtype: "uint8", ragged: true }`.
   *
   * @defaultValue all `.npy` files of the folder
   * @example arrays: ["id", "text"]
   */
  readonly arrays?: A | readonly string[] | { readonly [name: string]: GroupArray };
}

/** Rows of each array. A ragged one is a {@link RaggedArray}. */
export interface GroupArrays {
  readonly [name: string]: NpyArray | RaggedArray;
}

/** Rows of each array of a group that was described as `A`. */
export type GroupArraysOf<A> = A extends { readonly [name: string]: GroupArray }
  ? {
      readonly [Name in keyof A]: A[Name] extends { readonly dtype: "utf8" } | { readonly ragged: true }
        ? RaggedArray
        : NpyArray<A[Name]["dtype"]>;
    }
  : GroupArrays;

const SHARED: readonly string[] = ["maxHeaderSize", "mmap", "advise", "signal", "timeout", "fetch"];

/** A reader in either form. */
type Reader = NpyReader | NpyReaderSync;

interface OpenFile {
  readonly file: GroupFile;
  readonly reader: Reader;
}

/** An array, and the readers of its files. */
interface ReadColumn {
  readonly name: string;
  readonly isText: boolean;
  /** Of its rows, or of its offsets. */
  readonly reader: Reader;
  /** Of its elements, if it is ragged. */
  readonly values: Reader | undefined;
}

/** Bytes of a chunk by default. */
const CHUNK = 2 ** 22;

type Limits = { readonly signal?: AbortSignal | undefined };

export class GroupReading {
  readonly folder: Folder;
  readonly #columns: readonly ReadColumn[];
  readonly #files: readonly OpenFile[];
  /** The rows that every file counts. */
  length = 0;
  /** Whether some file counts other rows than the rest. */
  needsRecovery = false;

  private constructor(folder: Folder, columns: readonly Column[], files: readonly OpenFile[]) {
    this.folder = folder;
    this.#files = files;
    const readerOf = (column: Column, isValues: boolean): Reader | undefined =>
      files.find(({ file }) => file.column === column && (file.role === "values") === isValues)?.reader;
    this.#columns = columns.map((column) => {
      const values = readerOf(column, true);
      const isText = values !== undefined && (column.isText ?? values.dtype.str === "|u1");
      return { name: column.name, isText, reader: readerOf(column, false) as Reader, values };
    });
  }

  /** `open` opens one file, as `NpyReader` does in one of its forms. */
  static *open(
    folder: Folder,
    options: GroupReaderOptions,
    open: (file: GroupFile["storage"], options: ReaderOptions) => Eventually<Reader>,
  ): Plan<GroupReading> {
    checkNames(options, ["arrays", ...SHARED]);
    const { arrays, ...shared } = options;
    const columns = yield* columnsIn(folder, namedColumns(arrays, "arrays"));
    const opened: OpenFile[] = [];
    try {
      // Elements last: a writer counts them before the rows that they belong to.
      for (const file of filesOf(folder, columns).toReversed()) {
        const [reader] = yield* callAll([() => openFile(file, () => open(file.storage, { ...shared, ...dtypeOf(file) }))]);
        opened.push({ file, reader: reader as Reader });
        if (file.role === "offsets") checkOffsets(reader as Reader);
      }
      const reading = new GroupReading(folder, columns, opened);
      yield* reading.#count();
      return reading;
    } catch (error) {
      yield* callAll(
        opened.map(
          ({ reader }) =>
            () =>
              reader.close(),
        ),
      );
      throw error;
    }
  }

  get arrays(): { readonly [name: string]: GroupArrayInfo } {
    return Object.fromEntries(
      this.#columns.map(({ name, isText, reader, values }) => {
        const elements = values ?? reader;
        return [name, { dtype: elements.dtype, rowShape: rowShape(elements), ragged: values !== undefined, text: isText }];
      }),
    );
  }

  /** Finds out how many rows every file counts. */
  *#count(): Plan<void> {
    const counts = this.#columns.map(({ reader, values }) =>
      values === undefined ? reader.length : Math.max(0, reader.length - 1),
    );
    let rows = Math.min(...counts);
    let isWhole = counts.every((count) => count === rows);
    for (const { reader, values } of this.#columns) {
      if (values === undefined || rows === 0) continue;
      const end = yield* offsetAt(reader, rows);
      isWhole &&= end === values.length;
      if (end > values.length) rows = yield* rowsWithin(reader, rows, values.length);
    }
    this.length = rows;
    this.needsRecovery = !isWhole || this.#columns.some(({ reader, values }) => values !== undefined && reader.length === 0);
  }

  /** Looks at the files again. Rows of which some files do not yet count theirs do not count. */
  *refresh(): Plan<void> {
    for (const { reader } of this.#files) yield* callAll([() => reader.refresh()]);
    yield* this.#count();
  }

  *read<A>(start: number | undefined, stop: number | undefined, limits: Limits): Plan<GroupArraysOf<A>> {
    const from = position(start ?? 0, this.length, "start");
    const to = Math.max(from, position(stop ?? this.length, this.length, "stop"));
    const ragged = this.#columns.filter(({ values }) => values !== undefined);
    const plain = this.#columns.filter(({ values }) => values === undefined);
    const parts = yield* callAll([
      ...plain.map(
        ({ name, reader }) =>
          () =>
            inColumn(name, reader.read(from, to, limits)),
      ),
      ...ragged.map(
        ({ name, reader }) =>
          () =>
            inColumn(name, reader.read(from, to + 1, limits)),
      ),
    ]);
    const offsets = parts
      .slice(plain.length)
      .map(({ data }, i) => checkedOffsets(data as BigInt64Array, from, (ragged[i] as ReadColumn).name));
    const values = yield* callAll(
      ragged.map(
        ({ name, values }, i) =>
          () =>
            inColumn(name, (values as Reader).read(Number(offsets[i]?.[0] ?? 0n), Number(offsets[i]?.at(-1) ?? 0n), limits)),
      ),
    );
    const arrays = new Map<string, NpyArray | RaggedArray>();
    for (const [i, { name }] of plain.entries()) arrays.set(name, parts[i] as NpyArray);
    for (const [i, column] of ragged.entries()) {
      arrays.set(column.name, raggedOf(column, values[i] as NpyArray, offsets[i] as BigInt64Array, from));
    }
    return this.#inOrder(arrays);
  }

  /** Rows in any order. The elements of ragged rows are taken one by one where rows do not follow each other. */
  *take<A>(rows: ArrayLike<number | bigint>, limits: Limits): Plan<GroupArraysOf<A>> {
    const wanted = Array.from(rows, (row) => this.#checkRow(Number(row)));
    const arrays = new Map<string, NpyArray | RaggedArray>();
    for (const column of this.#columns) {
      const { name, reader, values } = column;
      if (values === undefined) {
        const [array] = yield* callAll([() => inColumn(name, reader.take(wanted, limits))]);
        arrays.set(name, array as NpyArray);
        continue;
      }
      const [starts, ends] = yield* callAll([
        () => inColumn(name, reader.take(wanted, limits)),
        () =>
          inColumn(
            name,
            reader.take(
              wanted.map((row) => row + 1),
              limits,
            ),
          ),
      ]);
      const firsts = (starts as NpyArray).data as unknown as BigInt64Array;
      const lasts = (ends as NpyArray).data as unknown as BigInt64Array;
      const offsets = new BigInt64Array(wanted.length + 1);
      for (const [i, row] of wanted.entries()) {
        const length = (lasts[i] as bigint) - (firsts[i] as bigint);
        if (length < 0n) throw within(notOffsets(row), { field: name });
        offsets[i + 1] = (offsets[i] as bigint) + length;
      }
      const count = Number(offsets[wanted.length]);
      const elements = values.length <= 2 ** 32 ? new Uint32Array(count) : new Array<number>(count);
      for (let i = 0; i < wanted.length; i++) {
        const first = Number(firsts[i]);
        for (let at = Number(offsets[i]), n = 0; at < Number(offsets[i + 1]); at++, n++) elements[at] = first + n;
      }
      const [taken] = yield* callAll([() => inColumn(name, values.take(elements, limits))]);
      arrays.set(name, raggedOf(column, taken as NpyArray, offsets, 0));
    }
    return this.#inOrder(arrays);
  }

  #checkRow(row: number): number {
    const place = row < 0 ? this.length + row : row;
    if (Number.isInteger(row) && place >= 0 && place < this.length) return place;
    throw new NpyError("ERR_NPY_SHAPE", `There is no row ${row}: the group has ${counted(this.length, "row")}.`, { row });
  }

  #inOrder<A>(arrays: ReadonlyMap<string, NpyArray | RaggedArray>): GroupArraysOf<A> {
    return Object.fromEntries(this.#columns.map(({ name }) => [name, arrays.get(name)])) as GroupArraysOf<A>;
  }

  /** The files, and the rows of each that count. */
  *parts(): Plan<readonly GroupPart[]> {
    const { length } = this;
    const parts: GroupPart[] = [];
    for (const { name, reader, values } of this.#columns) {
      if (values === undefined) {
        parts.push({ name, reader, rows: length });
        continue;
      }
      const end = length === 0 ? 0 : yield* offsetAt(reader, length);
      parts.push({ name: name + VALUES, reader: values, rows: end });
      parts.push({ name: name + OFFSETS, reader, rows: Math.min(reader.length, length + 1) });
    }
    return parts;
  }

  /** About 4 MiB of all arrays together, at least one row. */
  rowsPerChunk(): number {
    let bytes = 0;
    for (const { reader, values } of this.#columns) {
      bytes += sizeOf(rowShape(reader)) * reader.dtype.itemsize;
      if (values !== undefined) bytes += (values.length * values.dtype.itemsize) / Math.max(1, this.length);
    }
    return bytes === 0 ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(CHUNK / bytes));
  }

  *close(): Plan<void> {
    yield* callAll(
      this.#files.map(
        ({ reader }) =>
          () =>
            reader.close(),
      ),
    );
  }

  /** Calls back when the file may have changed whose header a writer writes last. `undefined`: it cannot be watched. */
  watch(onChange: () => void): (() => void) | undefined {
    return this.#files[0]?.file.storage.watch?.(onChange);
  }
}

function dtypeOf({ role, column }: GroupFile): ReaderOptions {
  if (role === "offsets" || column.spec === undefined) return {};
  return { dtype: column.spec.dtype };
}

function openFile(file: GroupFile, open: () => Eventually<Reader>): Eventually<Reader> {
  const explain = (error: unknown): unknown => {
    if (!hasCode(error, "ENOENT")) return error;
    return new NpyError(
      "ERR_NPY_NEEDS_RECOVERY",
      `${file.name} is missing. Put it back; or, to read the others, name them in arrays.`,
      { cause: error },
    );
  };
  return explained(open, explain);
}

function inColumn<Result>(name: string, reading: Eventually<Result>): Eventually<Result> {
  if (!(reading instanceof Promise)) return reading;
  return reading.catch((error: unknown) => {
    throw within(error, { field: name });
  });
}

function explained<Result>(action: () => Eventually<Result>, explain: (error: unknown) => unknown): Eventually<Result> {
  const fail = (error: unknown): never => {
    throw explain(error);
  };
  try {
    const result = action();
    return result instanceof Promise ? result.catch(fail) : result;
  } catch (error) {
    return fail(error);
  }
}

function* offsetAt(reader: Reader, row: number): Plan<number> {
  const [array] = yield* callAll([() => reader.read(row, row + 1)]);
  return Number((array as NpyArray).data[0 as never]);
}

/** How many of the first `rows` rows end within the first `elements` elements. */
function* rowsWithin(offsets: Reader, rows: number, elements: number): Plan<number> {
  let [least, beyond] = [0, rows];
  while (least + 1 < beyond) {
    const row = Math.floor((least + beyond) / 2);
    if ((yield* offsetAt(offsets, row)) <= elements) least = row;
    else beyond = row;
  }
  return least;
}
