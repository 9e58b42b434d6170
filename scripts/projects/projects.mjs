// Packs the package, installs it into small projects, and builds and runs them: module systems, TypeScript compilers, bundlers.
//
// npm run projects -- [WORD...]    only the projects with these words in their title, as in `npm run projects -- rollup`
// npm run projects -- compare      the table beside other packages

import { bundlerProjects } from "./bundlers.mjs";
import { compare } from "./compare.mjs";
import { moduleSystems } from "./module-systems.mjs";
import { typescript } from "./typescript.mjs";
import { inParallel, packedPackage } from "./workspace.mjs";

/** Projects that fail, and why. They are published in docs/projects.md; one that no longer fails must be removed from here. */
const knownFailures = process.version.startsWith("v20.")
  ? {
      "module systems: tsx, a .cts file":
        "Node 20 cannot require a module that imports node: modules while tsx loads a .cts file",
    }
  : {};

const words = process.argv.slice(2);
if (words[0] === "compare") {
  await compare();
  process.exit();
}
const directory = await packedPackage();
const groups = await Promise.all([moduleSystems(directory), typescript(directory), bundlerProjects(directory)]);
const projects = groups.flat().filter(({ title }) => words.every((word) => title.join(" ").includes(word)));
if (projects.length === 0) throw new Error(`No project has ${words.join(" and ")} in its title`);

const results = await inParallel(projects, async (project) => {
  const name = project.title.join(": ");
  const reason = knownFailures[name];
  const problem = await project.check().catch((error) => String(error.stack));
  const state = problem === undefined ? (reason === undefined ? "passed" : "FIXED") : reason === undefined ? "FAILED" : "known";
  const detail = state === "FAILED" ? `\n${problem.trim().replace(/^/gm, "    ")}` : "";
  console.log(`${state}  ${project.title.join(": ")}${state === "known" ? `: ${reason}` : ""}${detail}`);
  return state;
});

const count = (state) => results.filter((result) => result === state).length;
if (count("FIXED") > 0)
  console.log("\nFIXED projects no longer fail: remove them from the known failures, and from docs/projects.md");
console.log(`\n${count("passed")} passed, ${count("FAILED") + count("FIXED")} failed, ${count("known")} known to fail`);
process.exitCode = count("FAILED") + count("FIXED") === 0 ? 0 : 1;
