// The results as Markdown tables and a chart.
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

function verdictText({ target, found, isMet, isClose, limit }, unit) {
  const text = targetText(target, unit);
  if (found === undefined) return `${text}: not measured`;
  const noise = isClose ? `, within the noise (${short(found.min)}–${short(found.max)})` : "";
  const beyond = isMet || limit === undefined ? "" : `; bare Node: ${short(limit)}`;
  return `${text}: ${isMet ? "yes" : "**no**"}, ${short(found.median)}${noise}${beyond}`;
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

/** All rows whose targets are missed, or cannot be told from the noise. */
function summaryOf(families) {
  const verdicts = families.flatMap(({ results }) =>
    results.flatMap(({ row, figures }) => judge(row, figures).map((verdict) => ({ row, ...verdict }))),
  );
  const measured = verdicts.filter(({ found }) => found !== undefined);
  const missed = measured.filter(({ isMet }) => !isMet);
  const list = missed.map(({ row, ...verdict }) => {
    const why = row.note === undefined ? "" : ` (${row.note})`;
    return `- ${row.label}: ${verdictText(verdict, row.unit)}${why}`;
  });
  return [
    `${measured.length - missed.length} of ${measured.length} targets are met${missed.length === 0 ? "." : "; missed:"}`,
    "",
    ...list,
  ];
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
    "Written by `npm run bench`. All contenders of a row did the same job in one run, in turns, in another order in every round, in a",
    "process that is kept for the row, when it was warm. Figures are medians, with the least and the greatest in brackets; ratios (×) are ours to theirs,",
    "the medians of those of each round. Where the ratios of some rounds meet a target and others do not, it says that this is within the noise; where",
    "bare Node, which converts and checks nothing, would miss it as well, what it reaches.",
    "",
    "The reference is the Python package npy-append-array. Of time and memory less is better, of all else more.",
    "",
    "![Our speed as a ratio to bare Node's and to the reference's](benchmarks.svg)",
    "",
    ...Object.entries(machine).map(([what, text]) => `- ${what}: ${text}`),
    "",
    ...summaryOf(families),
    "",
  ];
  for (const { title, about, results } of families) {
    lines.push(`## ${title}`, "", about, "");
    lines.push(`| ${HEAD.join(" | ")} |`, `|${HEAD.map(() => " --- |").join("")}`);
    lines.push(...results.map(tableRow), "");
  }
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

// ---- the chart ----

const WIDTH = 960;
const LABEL_WIDTH = 420;
const LINE = 18;
const SERIES = [
  { name: "reference", color: "#3b6ea5", text: "× the Python reference" },
  { name: "bare", color: "#c8792b", text: "× bare Node" },
];

/** One bar for each row and series, on a logarithmic scale around 1. */
export function chart(families) {
  const bars = families.flatMap(({ results }) =>
    results.flatMap(({ row, figures }) => {
      const ours = figures.get("ours");
      const found = SERIES.filter(({ name }) => ours !== undefined && figures.has(name)).map(({ name, color }) => {
        const { median } = compare(ours, figures.get(name), ratio);
        return { color, value: row.lowerIsBetter ? 1 / median : median };
      });
      const isSpeed = row.unit.endsWith("/s") || row.unit === "ms";
      return isSpeed && found.length > 0 ? [{ label: row.label.replaceAll("`", ""), found }] : [];
    }),
  );
  const values = bars.flatMap(({ found }) => found.map(({ value }) => value));
  const least = 10 ** Math.floor(Math.log10(Math.min(0.1, ...values)));
  const most = 10 ** Math.ceil(Math.log10(Math.max(10, ...values)));
  const x = (value) => LABEL_WIDTH + ((WIDTH - LABEL_WIDTH - 60) * Math.log10(value / least)) / Math.log10(most / least);
  const parts = [];
  let y = 44;
  for (const { label, found } of bars) {
    const height = (LINE - 4) / found.length;
    parts.push(`<text x="${LABEL_WIDTH - 8}" y="${y + 11}" text-anchor="end">${escapeText(label)}</text>`);
    found.forEach(({ color, value }, i) => {
      const [from, to] = [Math.min(x(1), x(value)), Math.max(x(1), x(value))];
      const top = y + i * height;
      parts.push(
        `<rect x="${from.toFixed(1)}" y="${top.toFixed(1)}" width="${(to - from).toFixed(1)}" height="${(height - 1).toFixed(1)}" fill="${color}"/>`,
        `<text x="${(x(Math.max(1, value)) + 4).toFixed(1)}" y="${(top + height - 1).toFixed(1)}" class="value">${short(value)}</text>`,
      );
    });
    y += LINE;
  }
  const grid = [];
  for (let value = least; value <= most; value *= 10) {
    const at = x(value).toFixed(1);
    grid.push(`<line x1="${at}" y1="36" x2="${at}" y2="${y}" stroke="${value === 1 ? "#444" : "#ccc"}"/>`);
    grid.push(`<text x="${at}" y="32" text-anchor="middle" class="value">${Number(value.toPrecision(1))}</text>`);
  }
  const legend = SERIES.map(
    ({ color, text }, i) =>
      `<rect x="${LABEL_WIDTH + 170 * i}" y="6" width="10" height="10" fill="${color}"/><text x="${LABEL_WIDTH + 16 + 170 * i}" y="15">${text}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y + 12}" viewBox="0 0 ${WIDTH} ${y + 12}" font-family="sans-serif" font-size="11">
<title>Our speed as a ratio to bare Node's and to the reference's</title>
<style>.value { font-size: 8px; fill: #444 }</style>
<rect width="100%" height="100%" fill="#fff"/>
${[...legend, ...grid, ...parts].join("\n")}
</svg>
`;
}

function escapeText(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
