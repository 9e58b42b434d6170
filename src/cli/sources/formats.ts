/** The formats of sources, and their file name extensions. */
import { extname } from "node:path";
import { shown, UsageError } from "../program/failure.ts";
import { openCsv } from "./csv.ts";
import { openNdjson } from "./ndjson.ts";
import { openNpy } from "./npy.ts";
import { openRaw } from "./raw.ts";
import type { OpenSource } from "./source.ts";

export type Format = "npy" | "csv" | "tsv" | "ndjson" | "raw";

const FORMATS: Readonly<Record<Format, OpenSource>> = {
  npy: openNpy,
  csv: openSeparated(","),
  tsv: openSeparated("\t"),
  ndjson: openNdjson,
  raw: openRaw,
};

function openSeparated(delimiter: "," | "\t"): OpenSource {
  return (path, target, options) => openCsv(path, target, { delimiter, ...options });
}

export const FORMAT_NAMES: readonly Format[] = Object.keys(FORMATS) as Format[];

const EXTENSIONS: ReadonlyMap<string, Format> = new Map([
  [".npy", "npy"],
  [".csv", "csv"],
  [".tsv", "tsv"],
  [".ndjson", "ndjson"],
  [".jsonl", "ndjson"],
  [".bin", "raw"],
  [".raw", "raw"],
]);

/** The format of a source: from --format, or by its name. stdin holds raw bytes. */
export function formatOf(path: string, given: Format | undefined): Format {
  const found = given ?? (path === "-" ? "raw" : EXTENSIONS.get(extname(path).toLowerCase()));
  if (found !== undefined) return found;
  throw new UsageError(`${shown(path)}: its name has no known extension: pass --format ${FORMAT_NAMES.join("|")}`);
}

export function openerOf(format: Format): OpenSource {
  return FORMATS[format];
}
