/** `append`: appends rows from other files or from stdin. */
import { fstatSync } from "node:fs";
import { stat } from "node:fs/promises";
import { Command, Option } from "commander";
import { inspect } from "../node.ts";
import { isSameFile } from "./files/each-file.ts";
import { isObject } from "./files/object-names.ts";
import { fileAt } from "./files/places.ts";
import {
  castingOption,
  columnChoices,
  delimiterArgument,
  dtypeArgument,
  durabilityOption,
  encodingArgument,
  overflowOption,
  rowShapeArgument,
} from "./program/arguments.ts";
import { about, counted, FileProblem, shown } from "./program/failure.ts";
import { print } from "./program/terminal.ts";
import { layoutOf, type RowLayout } from "./rows/columns.ts";
import { type GrowOptions, grow, openSources } from "./rows/growing.ts";
import { FORMAT_NAMES, type Format, formatOf, openerOf } from "./sources/formats.ts";

interface AppendOptions extends GrowOptions {
  readonly format?: Format;
}

export function appendCommand(): Command {
  return new Command("append")
    .summary("append .npy, CSV, TSV, NDJSON or raw bytes to a file")
    .description(
      "Appends rows to a file, and creates the file if it does not exist. " +
        "Sources are .npy files, CSV, TSV, NDJSON or raw bytes; - is stdin. An object in S3 (s3://bucket/key) shows all new rows at once, when the last is appended.",
    )
    .argument("<file>", "the .npy file to append to")
    .argument("<source...>", "what to append, in this order")
    .addOption(
      new Option("--format <format>", "format of the sources (default: by their names; raw for stdin)").choices(FORMAT_NAMES),
    )
    .option("--dtype <dtype>", "dtype of raw bytes, and of a new file: f8, t:f8,id:i4, or as NumPy prints it", dtypeArgument)
    .option(
      "--row-shape <sizes>",
      "shape of one row of raw bytes or text, such as 3 or 28,28 (default: one element)",
      rowShapeArgument,
    )
    .option(
      "--columns <list>",
      "CSV columns to take, optionally with dtypes: t,x or t:f8,x:f4; without a header, their names",
      columnChoices,
    )
    .option("--header", "the first line of CSV is a header, even if it could be data")
    .option("--no-header", "the first line of CSV is data")
    .option("--delimiter <character>", "separator of the CSV columns", delimiterArgument)
    .option("--encoding <name>", "encoding of text sources, such as utf-16le or windows-1252 (default: utf-8)", encodingArgument)
    .addOption(castingOption())
    .addOption(overflowOption())
    .option("--fortran-order", "create the file in Fortran order: it grows along its last axis")
    .addOption(durabilityOption())
    .action(async (file: string, paths: string[], _options: AppendOptions, command: Command) => {
      await append(file, paths, command.optsWithGlobals<AppendOptions>());
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array append all.npy monday.npy tuesday.npy
  npy-append-array append log.npy log.csv --columns t:f8,level:i4
  npy-append-array append matrix.npy matrix.csv --dtype f4
  npy-append-array append events.npy events.ndjson
  cat x.bin | npy-append-array append out.npy - --dtype f8 --row-shape 3`,
    );
}

async function append(file: string, paths: readonly string[], given: AppendOptions): Promise<void> {
  const options = { ...given, isAsync: [file, ...paths].some(isObject) };
  const formats = paths.map((path) => formatOf(path, options.format));
  const existing = await layoutOfFile(file);
  if (existing !== undefined && !isObject(file)) await checkSources(file, paths, formats);
  const files = paths.map((path, i) => ({ path, open: openerOf(formats[i] as Format) }));
  const { sources, layout } = await openSources(files, existing, options);
  const { dtype, fortranOrder } = layout;
  // With raw sources, --dtype describes their bytes. Otherwise it is the dtype that the existing file must have.
  const expected = formats.includes("raw") ? undefined : options.dtype;
  const { appended, length } = await grow(
    file,
    existing === undefined
      ? { dtype, fortranOrder }
      : { ...(expected && { dtype: expected }), ...(options.fortranOrder && { fortranOrder: true }) },
    sources,
    options,
  );
  if (!options.quiet) await print(`${shown(file)}: ${counted(appended, "row")} appended, ${length} in all\n`);
}

/** Refuses FILE as a source of bytes or text: reading it would never end, because it keeps growing. */
async function checkSources(file: string, paths: readonly string[], formats: readonly Format[]): Promise<void> {
  const target = await stat(file, { bigint: true });
  for (const [i, path] of paths.entries()) {
    if (formats[i] === "npy") continue;
    const found = path === "-" ? fstatSync(0, { bigint: true }) : await stat(path, { bigint: true }).catch(() => undefined);
    if (found === undefined || !isSameFile(found, target)) continue;
    throw new FileProblem(path, "it is the file that grows, and can only be read as .npy: leave it out");
  }
}

/** The layout of a file; `undefined` if it does not exist. */
async function layoutOfFile(file: string): Promise<RowLayout | undefined> {
  try {
    return layoutOf(await inspect(await fileAt(file)));
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return undefined;
    throw about(file, error);
  }
}
