// Shows whether this system and runtime give one volume two numbers, as Node 22.12 to 22.16 and 24.0 to 24.1 do on recent versions of Windows.
import { closeSync, fstatSync, openSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = fileURLToPath(import.meta.url);
const fd = openSync(path, "r");
const [named, opened] = [statSync(path, { bigint: true }), fstatSync(fd, { bigint: true })];
closeSync(fd);
console.log(`stat: ${named.dev}:${named.ino}, fstat: ${opened.dev}:${opened.ino}`);
if (named.dev !== opened.dev) console.log("They differ: test/windows.test.ts plays this case.");
