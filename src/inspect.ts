/** What is known of a file without reading its data. */
import type { DType } from "./format/dtype.ts";
import { growthRoom, type NpyVersion } from "./format/header.ts";
import { dataLength } from "./format/layout.ts";
import { checkOptions, INSPECT_OPTIONS, type InspectOptions } from "./options.ts";
import { readHeader } from "./plan/read/header.ts";
import { isAppendableHeader } from "./plan/rewrite/appendable-header.ts";
import { hasWrongLength, reservedLength } from "./plan/rewrite/recover.ts";
import { type Plan, size, withFile } from "./plan/step.ts";
import type { FileLike } from "./storage/locate.ts";
import type { Storage, StorageFile } from "./storage/storage.ts";
import { onFile, onFileSync } from "./verb.ts";

/** What {@link inspect} tells. Lengths are in bytes. */
export interface NpyInfo {
  readonly path: string | undefined;
  readonly version: NpyVersion;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly fortranOrder: boolean;
  /** Where the data begin. */
  readonly headerLength: number;
  /** Padding after the header's dict, as NumPy would write it: the digits that the growth axis can still gain. */
  readonly slack: number;
  /** The data that are there. */
  readonly dataLength: number;
  /** What a writer with `mmap: true` has reserved after the data, or had when it was killed. It holds no rows. */
  readonly reservedLength: number;
  /** The data that the header says. */
  readonly expectedDataLength: number;
  /** Whether the header can be rewritten for any number of rows: see {@link isAppendable}. */
  readonly appendable: boolean;
  /** Whether the two lengths of data differ, or room may be reserved: see {@link needsRecovery}. */
  readonly needsRecovery: boolean;
}

export function inspecting(storage: Storage, options: InspectOptions): Plan<NpyInfo> {
  const checked = checkOptions(options, INSPECT_OPTIONS);
  const look = function* (opened: StorageFile): Plan<NpyInfo> {
    const header = yield* readHeader(opened, checked.maxHeaderSize);
    const fileSize = yield* size(opened);
    const { version, dtype, shape, fortranOrder, headerLength } = header;
    const reserved = reservedLength(header, fileSize);
    return {
      path: storage.path,
      version,
      dtype,
      shape,
      fortranOrder,
      headerLength,
      slack: Math.max(0, growthRoom(header) + 1),
      dataLength: fileSize - headerLength - reserved,
      reservedLength: reserved,
      expectedDataLength: dataLength(header),
      appendable: isAppendableHeader(header),
      needsRecovery: hasWrongLength(header, fileSize),
    };
  };
  return withFile(storage, "r", look, checked);
}

/**
 * Reads a file's header and size: shape, dtype, order, room to grow, and whether the data are all there.
 *
 * @throws NpyError `ERR_NPY_HEADER`, `ERR_NPY_DTYPE`, `ERR_NPY_SHAPE` if it cannot be read as `.npy`; `ERR_NPY_NEEDS_RECOVERY` while an
 * in-place `ensureAppendable` is under way, or after it was interrupted; the file system's own errors.
 * @example
 * ```ts
 * const { shape, dtype, needsRecovery } = await inspect("log.npy");
 * ```
 */
export async function inspect(file: FileLike, options: InspectOptions = {}): Promise<NpyInfo> {
  return await onFile(inspecting, file, options);
}

/** {@link inspect}, synchronously. */
export function inspectSync(file: FileLike, options: InspectOptions = {}): NpyInfo {
  return onFileSync(inspecting, file, options);
}
