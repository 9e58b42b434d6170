/** Prints what `doctor` found: a table that fits into the terminal, the choices that are left, and a summary. */

import { counted, shown } from "../program/failure.ts";
import { styled, terminalWidth } from "../program/terminal.ts";
import { printable } from "../text/escaping.ts";
import type { Answer, Finding } from "./finding.ts";

/** What became of a finding. */
export interface Outcome {
  readonly finding: Finding;
  readonly isFixed?: boolean;
  /** The copy of what was there. */
  readonly copy?: string | undefined;
  /** Why it could not be fixed. */
  readonly problem?: string;
}

/** From so many characters on, what was found and what is done have columns of their own. */
const WIDE = 120;

const SPACE = "  ";

export function reportText(outcomes: readonly Outcome[], ignored: number, fixes: boolean): string {
  const width = terminalWidth();
  const table = width !== undefined && width < WIDE ? narrowTable(outcomes, width) : wideTable(outcomes, width);
  const left = outcomes.filter(({ finding, isFixed }) => !finding.isWell && isFixed !== true);
  const choices = left.flatMap(choiceLines);
  return [...table, ...(choices.length > 0 ? ["", ...choices] : []), "", ...summaryLines(outcomes, ignored, fixes), ""].join(
    "\n",
  );
}

/** What is, was or would be done, and why. */
function actionText({ finding, isFixed, copy, problem }: Outcome): string {
  const { isWell, fix, why, answers = [] } = finding;
  if (isWell) return "";
  if (problem !== undefined) return `not fixed: ${problem}`;
  if (isFixed && fix !== undefined)
    return `fixed: ${fix.effect}${copy === undefined ? "" : `; what was there is ${shown(copy)}`}`;
  if (fix !== undefined) return `would ${fix.effect}${why === undefined ? "" : `: ${why}`}`;
  const hasCommands = answers.some(({ command }) => command !== undefined);
  const effects = hasCommands ? [] : answers.map(({ effect }) => effect);
  const reasons = [...(why === undefined ? [] : [why]), ...effects].join("; ");
  const choice = hasCommands ? "your choice, see below" : "no fix";
  return reasons === "" ? choice : `${choice}: ${reasons}`;
}

type Style = "green" | "yellow" | "red";

function styleOf({ finding, isFixed }: Outcome): Style {
  if (finding.isWell || isFixed) return "green";
  return finding.fix === undefined ? "red" : "yellow";
}

function stateText({ finding, isFixed }: Outcome): string {
  return isFixed ? "fixed" : finding.state;
}

function wideTable(outcomes: readonly Outcome[], width: number | undefined): string[] {
  const rows = outcomes.map((one) => [
    shown(one.finding.path),
    stateText(one),
    printable(one.finding.found),
    printable(actionText(one)),
  ]);
  const [first, second] = [widest(rows, 0, 44), widest(rows, 1, 16)];
  if (width === undefined)
    return table(["file", "state", "found", "what to do"], rows, [widest(rows, 0), second, widest(rows, 2)], outcomes);
  const room = width - first - second - 3 * SPACE.length;
  const found = Math.min(widest(rows, 2), Math.floor(room * 0.45));
  return table(["file", "state", "found", "what to do"], rows, [first, second, found, room - found], outcomes);
}

function narrowTable(outcomes: readonly Outcome[], width: number): string[] {
  const rows = outcomes.map((one) => {
    const action = printable(actionText(one));
    const found = printable(one.finding.found);
    return [shown(one.finding.path), stateText(one), action === "" ? found : `${found}\n${action}`];
  });
  const [first, second] = [widest(rows, 0, Math.floor(width / 4)), widest(rows, 1, 16)];
  return table(
    ["file", "state", "found"],
    rows,
    [first, second, Math.max(16, width - first - second - 2 * SPACE.length)],
    outcomes,
  );
}

function widest(rows: readonly (readonly string[])[], column: number, most = Number.POSITIVE_INFINITY): number {
  return Math.min(
    most,
    rows.reduce((width, row) => Math.max(width, (row[column] as string).length), 5),
  );
}

/** Lines of rows whose cells continue on the next lines. Columns without a width have all they need. */
function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  widths: readonly number[],
  outcomes: readonly Outcome[],
): string[] {
  const lineOf = (cells: readonly string[], style?: Style): string => {
    const padded = cells.map((cell, i) => (i === cells.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)));
    const line = padded.map((cell, i) => (i === 1 && style !== undefined ? styled(style, cell) : cell)).join(SPACE);
    return line.trimEnd();
  };
  const lines = rows.flatMap((row, i) => {
    const cells = row.map((cell, column) => wrapped(cell, widths[column] ?? Number.POSITIVE_INFINITY));
    const height = Math.max(...cells.map(({ length }) => length));
    return Array.from({ length: height }, (_, line) =>
      lineOf(
        cells.map((cell) => cell[line] ?? ""),
        line === 0 ? styleOf(outcomes[i] as Outcome) : undefined,
      ),
    );
  });
  return [styled("dim", lineOf(header)), ...lines];
}

/** Divides a text into lines between words, and words that are too long within them. */
function wrapped(text: string, width: number): string[] {
  return text.split("\n").flatMap((line) => wrappedLine(line, width));
}

function wrappedLine(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
    for (; line.length > width; line = line.slice(width)) lines.push(line.slice(0, width));
  }
  return [...lines, line];
}

/** The commands among which the user chooses; of a file that can be fixed, what to do instead. */
function choiceLines({ finding }: Outcome): string[] {
  const { path, state, fix, answers = [] } = finding;
  if (!answers.some(({ command }) => command !== undefined)) return [];
  const lineOf = ({ effect, command }: Answer): string =>
    command === undefined ? `  ${effect}` : `  ${effect}:\n    ${command}`;
  return [`${styled("bold", shown(path))}, ${state}${fix === undefined ? "" : ", instead of --fix"}:`, ...answers.map(lineOf)];
}

function summaryLines(outcomes: readonly Outcome[], ignored: number, fixes: boolean): string[] {
  const well = outcomes.filter(({ finding }) => finding.isWell).length;
  const done = outcomes.filter(({ isFixed }) => isFixed).length;
  const fixable = outcomes.filter(({ finding, isFixed }) => finding.fix !== undefined && !isFixed).length;
  const left = outcomes.length - well - done - fixable;
  const parts = [
    `${well} well`,
    ...(done > 0 ? [`${done} fixed`] : []),
    ...(fixable > 0 ? [fixes ? `${fixable} not fixed` : `${fixable} that --fix fixes`] : []),
    ...(left > 0 ? [`${left} that ${left === 1 ? "needs" : "need"} you`] : []),
  ];
  const others = ignored === 0 ? "" : `; ${counted(ignored, "file")} not looked at: kept copies, or neither .npy nor .npz`;
  return [`${outcomes.length} looked at: ${parts.join(", ")}${others}`];
}

export function outcomeAsJson({ finding, isFixed, copy, problem }: Outcome): object {
  const { path, state, isWell, found, why, fix, answers } = finding;
  return {
    path,
    state,
    ok: isWell || isFixed === true,
    found,
    ...(why !== undefined && { why }),
    ...(fix !== undefined && { fix: fix.effect }),
    ...(answers !== undefined && { answers }),
    ...(isFixed !== undefined && { fixed: isFixed }),
    ...(copy !== undefined && { copy }),
    ...(problem !== undefined && { problem }),
  };
}
