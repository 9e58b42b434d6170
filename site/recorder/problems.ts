/** Errors in words, with what to do. */
import { errorText } from "../shared/texts.ts";

/** What to do, by the name or code of an error. */
const ADVICE: Readonly<Record<string, string>> = {
  NotAllowedError:
    "The page may not use the microphone. Allow it in the settings of this site, beside the address, then press Record again.",
  NotFoundError: "No microphone was found. Connect one, or choose another source.",
  NotReadableError: "The microphone is in use by another program, or was switched off. Free it, then press Record again.",
  NotSupportedError: "This browser cannot record at the rate of that recording. Close it, and begin a new one.",
  ENOSPC:
    "The space that the browser gives this site is used up, and the recording has stopped. All rows counted so far are stored. Export and delete recordings, then continue it.",
  EBUSY: "Another tab uses this recording. Close it there, then try again.",
  ERR_NPY_LOCKED: "Another tab writes to this recording. Stop it there.",
};

/** Why nothing can be recorded in this browser. */
export function unusableText(error: unknown): string {
  return `Nothing can be recorded here. Use a current browser, in a window that is not private. ${errorText(error)}`;
}

export function problemText(error: unknown): string {
  const { name, code } = error as { readonly name?: string; readonly code?: unknown };
  return ADVICE[String(code)] ?? ADVICE[String(name)] ?? errorText(error);
}
