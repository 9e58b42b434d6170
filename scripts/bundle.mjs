// Makes of src/ what is published: a file for each entry point instead of one for each module, since Node takes about a millisecond
// for each that it loads.
import { rmSync } from "node:fs";
import { isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const library = path("src/node.ts");

// Dependencies stay beside the package. Modules are asked for by what is written and by where they are.
const isPackage = (id) => !id.startsWith(".") && !isAbsolute(id);
// What functions do is said in the declarations.
const output = { dir: path("dist"), sourcemap: true, comments: { legal: true, annotation: true, jsdoc: false } };

rmSync(output.dir, { recursive: true, force: true });
await build({ input: library, platform: "node", external: isPackage, output });
await build({ input: path("src/index.ts"), platform: "neutral", external: isPackage, output });
await build({
  input: { "cli/main": path("src/cli/main.ts") },
  platform: "node",
  external: (id) => id === library || isPackage(id),
  output: {
    ...output,
    chunkFileNames: "cli/[name].js",
    paths: { [library]: "./node.js" },
    // Without what loads large dependencies, which most commands have no need of.
    codeSplitting: { groups: [{ name: "commands", test: /[\\/]src[\\/]cli[\\/](?!main|plot-)/ }] },
  },
});
