/** The header of an array that is read. */
import { NpyError } from "../errors.ts";
import { showDType } from "../format/dtype.ts";
import { isEquivalent } from "../format/equivalent.ts";
import type { NpyHeader } from "../format/header.ts";
import { readCheckedHeader } from "../plan/read/header.ts";
import type { Plan } from "../plan/step.ts";
import type { StorageFile } from "../storage/storage.ts";
import type { CheckedReaderOptions } from "./reader-options.ts";

/** @throws NpyError `ERR_NPY_DTYPE` if the array has another dtype than the options say; what {@link readCheckedHeader} throws. */
export function* readArrayHeader(
  file: StorageFile,
  { maxHeaderSize, dtype }: Pick<CheckedReaderOptions, "maxHeaderSize" | "dtype">,
): Plan<NpyHeader> {
  const header = yield* readCheckedHeader(file, maxHeaderSize);
  if (dtype === undefined || isEquivalent(header.dtype, dtype)) return header;
  throw new NpyError(
    "ERR_NPY_DTYPE",
    `The file has dtype ${showDType(header.dtype)}, expected ${showDType(dtype)}: leave dtype out, or name the one that it has.`,
  );
}
