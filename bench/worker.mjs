// node --expose-gc worker.mjs MODULE: for each line on the standard input, does the job that it names and prints what it returns.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { jobs } = await import(pathToFileURL(process.argv[2]).href);
for await (const line of createInterface({ input: process.stdin })) {
  const { job, params } = JSON.parse(line);
  console.log(JSON.stringify(await jobs[job](params)));
}
