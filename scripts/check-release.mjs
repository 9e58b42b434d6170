// Fails unless a tag such as v0.2.0 is that of the version in package.json and jsr.json, and CHANGELOG.md has a section for it:
// node scripts/check-release.mjs v0.2.0
import { readFileSync } from "node:fs";

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");
const [tag = ""] = process.argv.slice(2);
const version = tag.replace(/^v/, "");
for (const name of ["package.json", "jsr.json"]) {
  const found = JSON.parse(read(name)).version;
  if (found !== version) throw new Error(`The tag is ${tag}, and ${name} has version ${found}`);
}
if (!read("CHANGELOG.md").includes(`\n## ${version} `)) throw new Error(`CHANGELOG.md has no section "## ${version} – DATE"`);
