// node bench/chart.mjs: draws docs/benchmarks.svg from the figures in docs/benchmarks.md.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The writers, the rows of the report that have their rates, and their names in both rows. */
const WRITERS = [
  { label: "npy-append-array, mmap: true", name: "ours", isOurs: true },
  { label: "npy-append-array", name: "ours, without `mmap`", isOurs: true },
  { label: "SQLite, a transaction a row", name: "SQLite" },
  { label: "Apache Arrow, a batch a row", name: "apache-arrow" },
  { label: "npy-append-array of Python", name: "reference" },
  { label: "Parquet, 1,000 rows at a time", name: "hyparquet-writer", rate: /rows of 3, 1,000 at a time$/ },
];
const RATE = /rows of 3, each kept when the process is killed$/;
const KEPT = /^rows of 1,000 that can be read after SIGKILL$/;
const SCALES = { "": 1, k: 1e3, M: 1e6, G: 1e9 };

/** The medians of one row of the report, by contender, as they are written: `205 k rows/s`. */
function mediansOf(report, label) {
  const line = report.split("\n").find((each) => each.startsWith("| ") && label.test(each.split(" | ")[0].slice(2)));
  if (line === undefined) return new Map();
  const [, ours, bare, , reference, , others] = line.split(" | ");
  const named = [
    ["ours", ours],
    ["bare", bare],
    ["reference", reference],
    ...others.split("<br>").map((text) => text.split(/: /)),
  ];
  return new Map(
    named
      .filter(([, figure = "–"]) => figure !== "–")
      .map(([name, figure]) => [name, figure.replace(/ \(.*?\)/, "").replace(/, × .*/, "")]),
  );
}

const WIDTH = 830;
const [LEFT, RIGHT] = [260, 670];
const BAR = 26;
const TOP = 62;

/** A bar for each writer that was measured, the fastest first of those that keep rows, and how many of 1,000 rows SIGKILL leaves. */
export function chart(report) {
  const kept = mediansOf(report, KEPT);
  const bars = WRITERS.flatMap(({ label, name, isOurs = false, rate = RATE }) => {
    const text = mediansOf(report, rate).get(name);
    const left = kept.get(name);
    if (text === undefined || left === undefined) return [];
    const [, number, prefix] = /^([\d.]+) ([kMG]?)/.exec(text);
    return [{ label, text, isOurs, value: number * SCALES[prefix], left: Number.parseFloat(left) }];
  });
  const most = Math.max(...bars.map(({ value }) => value));
  const parts = bars.map(({ label, text, isOurs, value, left }, i) => {
    const y = TOP + i * BAR;
    const width = Math.max(1.5, ((RIGHT - LEFT - 110) * value) / most);
    const weight = isOurs ? ' font-weight="bold"' : "";
    return [
      `<text x="${LEFT - 10}" y="${y + 14}" text-anchor="end"${weight}>${label}</text>`,
      `<rect class="${isOurs ? "ours" : "other"}" x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR - 7}"/>`,
      `<text x="${(LEFT + width + 8).toFixed(1)}" y="${y + 14}">${text}</text>`,
      `<text class="${left === 1000 ? "all" : "lost"}" x="${WIDTH - 20}" y="${y + 14}" text-anchor="end"${weight}>${left === 1000 ? "all" : left}</text>`,
    ].join("\n");
  });
  const height = TOP + 14 + bars.length * BAR;
  const title = "Rows a second, appended one by one, and how many of 1,000 rows can be read after SIGKILL";
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">
<title>${title}</title>
<style>
.page { fill: #fff } text { fill: #1f2328 } .ours { fill: #2f6f4f } .other { fill: #b9b9b9 } .all { fill: #1a7f37 } .lost { fill: #b42318 }
@media (prefers-color-scheme: dark) {
.page { fill: #0d1117 } text { fill: #e6edf3 } .ours { fill: #4fb286 } .other { fill: #6e7681 } .all { fill: #56d364 } .lost { fill: #ff7b72 }
}
</style>
<rect class="page" width="100%" height="100%"/>
<text x="${LEFT}" y="40" font-size="15" font-weight="bold">Rows a second, one by one</text>
<text x="${WIDTH - 20}" y="22" text-anchor="end" font-size="15" font-weight="bold">Of 1,000 rows,</text>
<text x="${WIDTH - 20}" y="40" text-anchor="end" font-size="15" font-weight="bold">left by kill -9</text>
${parts.join("\n")}
</svg>
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = (name) => new URL(`../docs/${name}`, import.meta.url);
  writeFileSync(path("benchmarks.svg"), chart(readFileSync(path("benchmarks.md"), "utf8")));
}
