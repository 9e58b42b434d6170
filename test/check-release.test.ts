/** What the release workflow asks before it publishes a tag. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

function check(tag: string): string {
  return spawnSync(process.execPath, [join(root, "scripts/check-release.mjs"), tag], { encoding: "utf8" }).stderr;
}

test("a tag of another version is refused", () => {
  expect(check("v99.0.0")).toContain(`The tag is v99.0.0, and package.json has version ${version}`);
});

test("the tag of this version needs a section in the changelog", () => {
  const hasSection = readFileSync(join(root, "CHANGELOG.md"), "utf8").includes(`\n## ${version} `);
  expect(check(`v${version}`)).toEqual(
    hasSection ? "" : expect.stringContaining(`CHANGELOG.md has no section "## ${version} – DATE"`),
  );
});
