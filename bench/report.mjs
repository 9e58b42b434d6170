// The results as Markdown tables.
import { compare, judge, ratio, summary } from "./harness.mjs";

/**
 * @typedef {{ row: import("./harness.mjs").Row, figures: Map<string, number[]> }} Result
 * @typedef {{ title: string, about: string, results: Result[] }} Family
 */

/** A number with three digits that count. */
function short(value) {
  if (value === 0 || (value >= 1000 && value < 100_000)) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}

const SCALES = [
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
  [1, ""],
];

/** A figure with its unit: `4.2 GB/s`. */
function scaled(value, unit) {
  if (!unit.endsWith("/s")) return { number: short, text: unit };
  const [factor, prefix] = SCALES.find(([size]) => value >= size) ?? [1, ""];
  return { number: (n) => short(n / factor), text: unit === "B/s" ? `${prefix}B/s` : `${prefix} ${unit}`.trim() };
}

function figure(values, unit) {
  if (values === undefined) return "–";
  const { median, min, max } = summary(values);
  const { number, text } = scaled(median, unit);
  const range = number(min) === number(max) ? "" : ` (${number(min)}–${number(max)})`;
  return `${number(median)}${range} ${text}`;
}

function ratioText(ours, theirs) {
  if (ours === undefined || theirs === undefined) return "–";
  const { median } = compare(ours, theirs, ratio);
  // A process may need no memory at all beside its array.
  return Number.isFinite(median) ? short(median) : "–";
}

function targetText({ against, minus, atLeast, atMost }, unit) {
  const limit = atLeast === undefined ? `≤ ${short(atMost)}` : `≥ ${short(atLeast)}`;
  if (against !== undefined) return `${limit} × ${against}`;
  return `${limit} ${unit}${minus === undefined ? "" : ` over ${minus}`}`;
}

function verdictText({ target, found, isMet, isClose, beyond }, unit) {
  const text = targetText(target, unit);
  if (found === undefined) return `${text}: not measured`;
  if (beyond !== undefined) return `${text}: bare Node ${short(beyond.limit)}, ours ${short(beyond.ofBare)} of it`;
  const noise = isClose ? `, within the noise (${short(found.min)}–${short(found.max)})` : "";
  return `${text}: ${isMet ? "yes" : "**no**"}, ${short(found.median)}${noise}`;
}

const MAIN = ["ours", "bare", "reference"];

function tableRow({ row, figures }) {
  const ours = figures.get("ours");
  const others = [...figures].filter(([name]) => !MAIN.includes(name));
  const cells = [
    row.label,
    figure(ours, row.unit),
    figure(figures.get("bare"), row.unit),
    ratioText(ours, figures.get("bare")),
    figure(figures.get("reference"), row.unit),
    ratioText(ours, figures.get("reference")),
    others.map(([name, values]) => `${name}: ${figure(values, row.unit)}, × ${ratioText(ours, values)}`).join("<br>"),
    judge(row, figures)
      .map((verdict) => verdictText(verdict, row.unit))
      .join("<br>"),
  ];
  return `| ${cells.join(" | ")} |`;
}

const HEAD = ["", "ours", "bare Node", "×", "reference", "×", "others", "target: met"];

/** All targets that were measured, with their rows. */
function verdictsOf(families) {
  const verdicts = families.flatMap(({ results }) =>
    results.flatMap(({ row, figures }) => judge(row, figures).map((verdict) => ({ row, ...verdict }))),
  );
  return verdicts.filter(({ found }) => found !== undefined);
}

/** What is missed, by the reason. */
function misses(families) {
  const verdicts = verdictsOf(families);
  const beyond = verdicts.filter((verdict) => verdict.beyond !== undefined);
  const missed = verdicts.filter((verdict) => !verdict.isMet && verdict.beyond === undefined);
  const met = verdicts.length - missed.length - beyond.length;
  const item = ({ row, ...verdict }) => `- ${row.label}: ${verdictText(verdict, row.unit)}`;
  const lines = ["## Targets that were missed", "", `${met} of ${verdicts.length} targets are met, ${missed.length} missed.`, ""];
  for (const [reason, those] of grouped(missed)) {
    lines.push(`${reason === undefined ? "Without a known reason" : sentence(reason)}:`, "", ...those.map(item), "");
  }
  if (beyond.length > 0) {
    lines.push(
      `Bare Node, which converts and checks nothing, misses ${beyond.length} more. What counts there is how near ours comes to bare Node:`,
      "",
      ...beyond.map(item),
      "",
    );
  }
  return lines;
}

/** By the note of their rows; `Map.groupBy` came after Node 20. */
function grouped(missed) {
  const groups = new Map();
  for (const verdict of missed) groups.set(verdict.row.note, [...(groups.get(verdict.row.note) ?? []), verdict]);
  return groups;
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}`;
}

/**
 * What a reader takes away, each from the row that it names: our figure first, and how it compares.
 *
 * @type {[id: string, text: (ours: string) => string, others: [contender: string, text: string][]][]}
 */
const HEADLINES = [
  [
    "peers/each",
    (ours) => `**${ours}**, appended one by one, each kept when the process is killed`,
    [
      ["bare", "bare Node's two writes a row"],
      ["reference", "the Python package"],
    ],
  ],
  [
    "bulk/sync-1",
    (ours) => `**${ours}** appended in chunks of 1 MiB`,
    [
      ["bare", "bare writes"],
      ["reference", "the Python package"],
    ],
  ],
  ["read/chunks-sync", (ours) => `**${ours}** read in chunks of 1 MiB`, [["bare", "bare reads"]]],
  [
    "memory/transposed-sync",
    (ours) => `**${ours}** of memory to append an array that must be transposed (64 MiB of it)`,
    [["reference", "the Python package"]],
  ],
  ["metadata/open", (ours) => `**${ours}** to open a file of 1 TiB for appending`, [["reference", "the Python package"]]],
];

function headlines(families) {
  const results = new Map(families.flatMap((family) => family.results.map((result) => [result.row.id, result])));
  return HEADLINES.flatMap(([id, text, others]) => {
    const { row, figures } = results.get(id) ?? {};
    const ours = figures?.get("ours");
    if (ours === undefined) return [];
    const compared = others
      .filter(([name]) => figures.has(name))
      .map(([name, what]) => `${times(row, ours, figures.get(name))} ${what}`);
    return `- ${[text(plain(ours, row.unit)), ...compared].join(compared.length === 0 ? "" : ": ").replace(/: (.*): /, ": $1, ")}`;
  });
}

/** The median alone. */
function plain(values, unit) {
  const { median } = summary(values);
  const { number, text } = scaled(median, unit);
  return `${number(median)} ${text}`;
}

/** How much better ours is, whether more or less is better: `12 ×`. */
function times(row, ours, theirs) {
  const { median } = compare(ours, theirs, ratio);
  if (!Number.isFinite(median) || median === 0) return `against ${plain(theirs, row.unit)} of`;
  return `${short(median)} ×`;
}

/**
 * The document.
 *
 * @param {Family[]} families
 * @param {{ [what: string]: string }} machine
 */
export function markdown(families, machine) {
  const lines = [
    "# Benchmarks",
    "",
    ...headlines(families),
    "",
    "![Rows a second, appended one by one, and how many of 1,000 rows can be read after SIGKILL](benchmarks.svg)",
    "",
    "Written by `npm run bench`, on this machine:",
    "",
    ...Object.entries(machine).map(([what, text]) => `- ${what}: ${text}`),
    "",
    "All contenders of a row did the same job in one run, in turns, in another order in every round, in a process that is kept for the row, when it",
    "was warm. Figures are medians, with the least and the greatest in brackets; ratios (×) are ours to theirs, the medians of those of each round.",
    "Where the ratios of some rounds meet a target and others do not, it says that this is within the noise. The reference is the Python package",
    "npy-append-array. Of time and memory less is better, of all else more. What is missed, and why, [is at the end](#targets-that-were-missed).",
    "",
  ];
  for (const { title, about, results } of families) {
    lines.push(`## ${title}`, "", about, "");
    lines.push(`| ${HEAD.join(" | ")} |`, `|${HEAD.map(() => " --- |").join("")}`);
    lines.push(...results.map(tableRow), "");
  }
  lines.push(...misses(families));
  return `${lines.join("\n").trimEnd()}\n`;
}

/** The table for a terminal, one line a contender. */
export function terminalLines({ row, figures }) {
  const ours = figures.get("ours");
  const lines = [row.label.replaceAll("`", "")];
  for (const [name, values] of figures) {
    const times = name === "ours" ? "" : `× ${ratioText(ours, values)}`;
    lines.push(`    ${name.replaceAll("`", "").padEnd(26)} ${figure(values, row.unit).padEnd(32)} ${times}`.trimEnd());
  }
  for (const verdict of judge(row, figures)) lines.push(`    ${verdictText(verdict, row.unit).replaceAll("*", "")}`);
  return lines;
}
