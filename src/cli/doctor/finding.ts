/** What `doctor` finds of a file or folder. */
import { quoted } from "../program/failure.ts";

export type State =
  | "complete"
  | "in use"
  | "cut"
  | "uncounted rows"
  | "half a row"
  | "reserved room"
  | "interrupted"
  | "several arrays"
  | "damaged as text"
  | "header length"
  | "damaged header"
  | "compressed"
  | "not .npy"
  | "foreign"
  | "archive"
  | "shards"
  | "group"
  | "left over"
  | "empty"
  | "unreadable";

/** One of several things that a user may want. */
export interface Answer {
  readonly effect: string;
  /** Ready to be pasted into a shell; `undefined` where no command does it. */
  readonly command: string | undefined;
}

/** How a file is fixed: it is recovered where it is, or other content takes its place. */
export type Fix = { readonly effect: string } & (
  | { readonly kind: "recover" }
  | { readonly kind: "replace"; content(): AsyncIterable<Uint8Array>; readonly size: number }
);

export interface Finding {
  readonly path: string;
  readonly state: State;
  readonly isWell: boolean;
  readonly found: string;
  /** Why that is so, or why the fix is right. */
  readonly why?: string;
  readonly fix?: Fix;
  /** What could be done where nothing shows what is right. */
  readonly answers?: readonly Answer[];
  /** What the header says, of files with a readable one. */
  readonly layout?: { readonly rows: number; readonly row: string };
}

export function runs(command: string, file: string, after = ""): string {
  return `npy-append-array ${command} ${quoted(file)}${after}`;
}

export const GET_AGAIN: Answer = { effect: "get the original again, and copy it as binary", command: undefined };
