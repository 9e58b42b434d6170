// The main job on real data: streams the daily weather of Seattle and New York (2012 to 2015, from the package vega-datasets) row by row
// and in batches into .npy files, then closes, reopens, grows, damages, recovers and reads them.
//
//   node examples/demo.mjs [directory]     (default: a new temporary directory)
import { spawnSync } from "node:child_process";
import { copyFileSync, createReadStream, mkdtempSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { inspect, load, NpyAppendArray, NpyReader, needsRecovery, recover } from "npy-append-array";

const csv = join(fileURLToPath(import.meta.resolve("vega-datasets")), "../../data/weather.csv");
const directory = process.argv[2] ?? mkdtempSync(join(tmpdir(), "npy-demo-"));
const MEASURED = ["precipitation", "temp_max", "temp_min", "wind"];

/** The rows of the CSV file, one by one. */
async function* weather() {
  let columns;
  for await (const line of createInterface({ input: createReadStream(csv) })) {
    const cells = line.split(",");
    if (columns === undefined) columns = cells;
    else yield Object.fromEntries(cells.map((cell, i) => [columns[i], cell]));
  }
}

async function describe(path) {
  const { dtype, shape, fortranOrder, headerLength, dataLength } = await inspect(path);
  const order = fortranOrder ? "Fortran" : "C";
  console.log(
    `   ${path}\n   dtype ${dtype.name}, shape (${shape.join(", ")}), ${order} order, ${headerLength} + ${dataLength} bytes`,
  );
}

console.log("1. Row by row: measurements of both cities, as they arrive");
const measured = join(directory, "weather.npy");
const days = [];
const log = await NpyAppendArray.open(measured, { dtype: "float32", rowShape: [MEASURED.length], deleteIfExists: true });
for await (const day of weather()) {
  days.push(day);
  await log.append([MEASURED.map((name) => Number(day[name]))]);
}
await log.close();
await describe(measured);

console.log("2. In batches of 100: the dates, as datetime64[D]");
const dates = join(directory, "dates.npy");
const calendar = await NpyAppendArray.open(dates, { dtype: "datetime64[D]", rowShape: [], deleteIfExists: true });
for (let i = 0; i < days.length; i += 100) await calendar.append(days.slice(i, i + 100).map((day) => new Date(day.date)));
await calendar.close();
await describe(dates);

console.log("3. Columns in Fortran order: one column a day, the last axis grows");
const columns = join(directory, "columns.npy");
const table = await NpyAppendArray.open(columns, { dtype: "float64", fortranOrder: true, deleteIfExists: true });
for (let i = 0; i < days.length; i += 365) {
  const year = days.slice(i, i + 365);
  await table.append(MEASURED.map((name) => year.map((day) => Number(day[name]))));
}
await table.close();
await describe(columns);

console.log("4. Closed, reopened, and the five windiest days appended again");
const windiest = days.toSorted((a, b) => b.wind - a.wind).slice(0, 5);
const reopened = await NpyAppendArray.open(measured);
// Calls that are not awaited one by one are written together, with one header.
await Promise.all(windiest.map((day) => reopened.append([MEASURED.map((name) => Number(day[name]))])));
await reopened.close();
await describe(measured);

console.log("5. A copy loses its last 1000 bytes, as in a broken download, and is recovered");
const damaged = join(directory, "damaged.npy");
copyFileSync(measured, damaged);
truncateSync(damaged, statSync(damaged).size - 1000);
console.log(`   needs recovery: ${await needsRecovery(damaged)}`);
const { rowsBefore, rowsAfter, bytesDropped } = await recover(damaged);
console.log(`   ${rowsBefore} rows before, ${rowsAfter} after, ${bytesDropped} bytes of an incomplete row dropped`);
await describe(damaged);

console.log("6. Slices and chunks are read back");
const reader = await NpyReader.open(measured, { dtype: "float32" });
const last = await reader.read(-5);
const wind = Array.from({ length: last.shape[0] }, (_, i) => last.data[i * MEASURED.length + 3].toFixed(1));
console.log(`   wind of the last five rows: ${wind.join(", ")}`);
if (wind.some((speed, i) => Number(speed) !== Number(windiest[i].wind)))
  throw new Error("the rows read are not the rows written");
let hottest = Number.NEGATIVE_INFINITY;
for await (const { data } of reader.chunks({ rows: 500 }))
  for (let i = 1; i < data.length; i += MEASURED.length) hottest = Math.max(hottest, data[i]);
console.log(`   hottest day, found chunk by chunk: ${hottest.toFixed(1)} °C`);
await reader.close();

console.log("7. numpy.load agrees");
const python = `
import sys, numpy as np
for path in sys.argv[1:]:
    a = np.load(path)
    assert np.array_equal(a, np.load(path, mmap_mode="r"))
    print("  ", a.dtype, a.shape, a.min(), a.max())
`;
const files = [measured, dates, columns, damaged];
const { status, stdout, stderr, error } = spawnSync("python3", ["-c", python, ...files], { encoding: "utf8" });
if (status === 0) process.stdout.write(stdout);
else if (error !== undefined || /No module named 'numpy'/.test(stderr)) console.log("   (skipped: no python3 with numpy found)");
else throw new Error(stderr);
for (const path of files) {
  const { data, shape } = await load(path);
  console.log(`   load() here: ${data.constructor.name} of ${shape.join(" × ")}`);
}
