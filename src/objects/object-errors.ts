/** What is said where an object cannot do what a file can. */
import { NpyError } from "../errors.ts";

/** The error for bytes that were sent, and are not yet in the object. */
export function wasSent(): NpyError {
  return new NpyError(
    "ERR_NPY_OPTION",
    "These rows were sent to the store, where they can be neither read nor changed yet: call sync() first.",
  );
}

/** The error for an object that is another one than was continued. */
export function replaced(): NpyError {
  return new NpyError(
    "ERR_NPY_CHANGED",
    "Another program replaced or deleted the object since it was opened. What was appended since the last sync() is not in it: open it again, and " +
      "append that once more.",
  );
}

export function notInPlace(): NpyError {
  return new NpyError(
    "ERR_NPY_OPTION",
    "Bytes in the middle of an object cannot be replaced, only the first 5 MiB and what was not sent yet. Load the array, change it, and save it again.",
  );
}
