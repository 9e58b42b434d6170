// Holds the section of docs/cli.md that lists all options equal to what the commands print as their help: checks it, or with --write writes it.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const page = path("docs/cli.md");
const [START, END] = ["<!-- Options: `npm run docs:write` writes what follows. -->", "<!-- End of the options. -->"];

function helpOf(...command) {
  // Without a terminal, lines have 80 characters.
  return execFileSync(process.execPath, [path("dist/cli/main.js"), ...command, "--help"], { encoding: "utf8" }).trim();
}

const all = helpOf();
const names = [...all.matchAll(/^ {2}([a-z-]+) (?:\[options\] )?[<[]/gm)].map(([, name]) => name);
const sections = names.map((name) => `### ${name}\n\n\`\`\`text\n${helpOf(name)}\n\`\`\`\n`);

const text = readFileSync(page, "utf8");
const [start, end] = [text.indexOf(START), text.indexOf(END)];
if (start < 0 || end < start || names.length === 0) throw new Error(`${page} lacks the marks of the options`);
const wanted = `${text.slice(0, start)}${START}\n\n${sections.join("\n")}\n${text.slice(end)}`;
if (process.argv.includes("--write")) writeFileSync(page, wanted);
else if (wanted !== text) {
  console.error("docs/cli.md does not list the options that the commands have: run npm run docs:write");
  process.exitCode = 1;
}
