/** Opens the files of a group for appending. */
import { NpyError, withPath } from "../errors.ts";
import { dtype } from "../format/dtype.ts";
import type { RecoveryReport } from "../plan/rewrite/recover.ts";
import { type Plan, quietly } from "../plan/step.ts";
import { isTaken, MAX_TRIES } from "../plan/writer-lock.ts";
import type { Folder } from "../storage/folder.ts";
import type { CheckedOpenOptions } from "../writer/open-options.ts";
import { Writer } from "../writer/writer.ts";
import { type Column, columnsIn, filesOf, type GroupFile } from "./columns.ts";
import { createFolder } from "./folder-steps.ts";
import type { CheckedGroupOptions } from "./group-options.ts";
import { lookAt, type MendRules, mend } from "./mend.ts";
import { checkOffsets } from "./offsets.ts";

/** The files of a group, open for appending: they agree, and are claimed. */
export interface OpenedGroup {
  readonly columns: readonly Column[];
  readonly files: readonly GroupFile[];
  /** In the order of `files`. */
  readonly writers: readonly Writer[];
  readonly recovery: RecoveryReport | undefined;
}

/** @throws NpyError what {@link mend} and opening a file throw. Nothing is created or changed then, unless creating a file failed. */
export function* openGroup(folder: Folder, { arrays, mayCut, shared }: CheckedGroupOptions): Plan<OpenedGroup> {
  if (folder.whole !== undefined) throw notInStep(folder);
  const columns = yield* columnsIn(folder, arrays);
  if (arrays !== undefined) yield* createFolder(folder);
  const files = filesOf(folder, columns);
  const rules: MendRules = {
    maxHeaderSize: shared.maxHeaderSize,
    mayCut,
    allowEmpty: false,
    isNamed: arrays !== undefined,
  };
  let recovery: RecoveryReport | undefined;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    let { agreement, report } = yield* lookAt(files, rules);
    if (report.needed) {
      ({ agreement, report } = yield* mend(files, rules, shared.lock));
      recovery = report.needed ? report : recovery;
    }
    const writers = yield* openFiles(files, shared);
    // Between the look and the locks another writer may have appended.
    if (writers.every(({ length }, i) => length === agreement.targets[i])) return { columns, files, writers, recovery };
    yield* closeAll(writers);
  }
  throw isTaken("programs that open it again and again");
}

/** Objects become visible one by one: a reader would see an append in some arrays and not in the others. */
function notInStep({ path }: Folder): NpyError {
  const reason =
    "The arrays of a group cannot grow in step in an object store, where each becomes visible by itself: write the group to a disk and upload its folder, or use NpyShards with a structured dtype.";
  return new NpyError("ERR_NPY_OPTION", reason, { path });
}

function* openFiles(files: readonly GroupFile[], shared: CheckedOpenOptions): Plan<Writer[]> {
  const writers: Writer[] = [];
  try {
    for (const file of files) {
      try {
        writers.push(yield* openFile(file, shared));
      } catch (error) {
        throw withPath(error, file.storage.path ?? file.name);
      }
    }
    return writers;
  } catch (error) {
    yield* quietly(closeAll(writers));
    throw error;
  }
}

function* openFile({ column, role, storage }: GroupFile, shared: CheckedOpenOptions): Plan<Writer> {
  const { spec } = column;
  const type = role === "offsets" ? dtype("int64") : spec?.dtype;
  const writer = yield* Writer.open(storage, {
    ...shared,
    dtype: type,
    rowShape: type && (role === "rows" ? spec?.rowShape : []),
  });
  try {
    if (role === "offsets") {
      checkOffsets({ dtype: writer.dtype as NonNullable<typeof writer.dtype>, shape: writer.shape as readonly number[] });
      if (writer.length === 0) yield* writer.append(writer.check(BigInt64Array.of(0n))) ?? [];
    }
    return writer;
  } catch (error) {
    yield* quietly(writer.close());
    throw error;
  }
}

/** Closes all files whatever happens, and throws the first error. */
export function* closeAll(writers: readonly Writer[]): Plan<void> {
  const errors: unknown[] = [];
  for (const writer of writers) {
    try {
      yield* writer.close();
    } catch (error) {
      errors.push(withPath(error, writer.storage.path));
    }
  }
  if (errors.length > 0) throw errors[0];
}
