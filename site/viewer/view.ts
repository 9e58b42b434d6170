/** What a tab shows. */
import type { ArraySpec, OpenedArray } from "./opening.ts";
import type { Sheet, Slicing } from "./sheet.ts";
import type { Tasks } from "./tasks.ts";

/** The array that is shown, and how. */
export interface Shown {
  readonly spec: ArraySpec;
  readonly opened: OpenedArray;
  readonly sheet: Sheet;
  readonly tasks: Tasks;
  /** Shows another part of the array, in each tab. */
  slice(slicing: Slicing): void;
  /** Shows an error in words. */
  problem(error: unknown): void;
}

export interface View {
  readonly name: string;
  readonly element: HTMLElement;
  /** Shows an array, or another part of it. Called only while the tab is open. */
  show(shown: Shown): void;
  /** The array has more rows. */
  grown(shown: Shown): void;
  /** Another tab is opened: ends work under way. */
  hide(): void;
}
