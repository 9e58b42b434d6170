/** What the terminal can show. */
import { hasColors, terminalWidth } from "../program/terminal.ts";
import type { Depth } from "./colors.ts";
import type { Screen } from "./text-axes.ts";

export interface ScreenOptions {
  readonly width?: number;
  readonly height?: number;
  readonly ascii?: boolean;
}

/** Pictures into files and pipes have the size of a usual terminal. */
const USUAL = { width: 80, height: 24 } as const;

/** Nothing smaller is readable. */
const SMALLEST = { width: 20, height: 6 } as const;

/** The whole terminal, without the line of the prompt. */
export function screenOf({ width, height, ascii }: ScreenOptions): Screen {
  const rows = process.stdout.isTTY ? process.stdout.rows || USUAL.height : USUAL.height;
  return {
    width: width ?? Math.max(SMALLEST.width, terminalWidth() ?? USUAL.width),
    height: height ?? Math.max(SMALLEST.height, rows - 1),
    depth: depthOf(process.env),
    isAscii: ascii ?? isAsciiOnly(process.env),
  };
}

function depthOf({ COLORTERM = "", FORCE_COLOR }: NodeJS.ProcessEnv): Depth {
  if (!hasColors()) return 1;
  const depth = process.stdout.getColorDepth() as Depth;
  if (/^(?:truecolor|24bit)$/i.test(COLORTERM)) return 24;
  return depth === 24 && process.platform !== "win32" && FORCE_COLOR === undefined ? 8 : depth;
}

/** Whether the locale has another encoding than UTF-8, or the console of Linux, whose font has no braille. */
export function isAsciiOnly({ LC_ALL, LC_CTYPE, LANG, TERM }: NodeJS.ProcessEnv): boolean {
  const locale = LC_ALL || LC_CTYPE || LANG || "";
  return TERM === "linux" || (locale !== "" && !/utf-?8/i.test(locale));
}
