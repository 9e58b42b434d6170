// What the processes of the demo log: real weather, from the package vega-datasets.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NpyAppendArray, NpyAppendGroup, NpyGroupReader, NpyReader } from "npy-append-array";

const data = join(fileURLToPath(import.meta.resolve("vega-datasets")), "../../data");

/** The rows of a CSV file of the package. */
function csv(name) {
  const [head, ...lines] = readFileSync(join(data, name), "utf8").trim().split(/\r?\n/);
  const columns = head.split(",");
  return lines.map((line) => Object.fromEntries(line.split(",").map((cell, i) => [columns[i], cell])));
}

/** One record a day. */
function daily(name, city) {
  const rows = csv("weather.csv")
    .filter(({ location }) => location === city)
    .map(({ date, precipitation, temp_max, temp_min, wind, weather }) => ({
      date: new Date(date),
      rain: Number(precipitation),
      high: Number(temp_max),
      low: Number(temp_min),
      wind: Number(wind),
      sky: weather,
    }));
  const dtype = { date: "datetime64[D]", rain: "float64", high: "float64", low: "float64", wind: "float64", sky: "U7" };
  return {
    name,
    about: `${rows.length.toLocaleString("en")} days in ${city}: a structured array, one record a day`,
    rows,
    write: (path) => NpyAppendArray.open(path, { dtype, rowShape: [] }),
    read: (path) => NpyReader.open(path),
    /** The records of a chunk, as they were logged. */
    rowsOf: (chunk) => Array.from(chunk.data, (record) => ({ ...record, date: new Date(Number(record.date) * 86_400_000) })),
  };
}

/** One row of each array a day. The arrays of its hours are ragged, since the first day has 23. */
function hourly(name) {
  const days = new Map();
  for (const { date, temperature, wind } of csv("seattle-weather-hourly-normals.csv")) {
    const day = date.slice(0, 10);
    if (!days.has(day)) days.set(day, { day: new Date(day), temperature: [], wind: [] });
    days.get(day).temperature.push(Number(temperature));
    days.get(day).wind.push(Number(wind));
  }
  const rows = [...days.values()];
  const arrays = {
    day: { dtype: "datetime64[D]" },
    temperature: { dtype: "float64", ragged: true },
    wind: { dtype: "float64", ragged: true },
  };
  return {
    name,
    about: `${rows.length} days hour by hour in Seattle: a group of three arrays in step`,
    rows,
    write: (path) => NpyAppendGroup.open(path, { arrays }),
    read: (path) => NpyGroupReader.open(path),
    rowsOf: ({ day, temperature, wind }) =>
      Array.from(day.data, (number, i) => ({
        day: new Date(Number(number) * 86_400_000),
        temperature: [...temperature.at(i)],
        wind: [...wind.at(i)],
      })),
  };
}

export const LOGS = [daily("seattle.npy", "Seattle"), daily("new-york.npy", "New York"), hourly("hourly")];
