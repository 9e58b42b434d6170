/** `append`: rows of other files, or of stdin. */
import { fstatSync } from "node:fs";
import { stat } from "node:fs/promises";
import { Command, Option } from "commander";
import { type Casting, type Durability, inspect } from "../node.ts";
import { columnChoices, delimiterArgument, dtypeArgument, encodingArgument, rowShapeArgument } from "./arguments.ts";
import { layoutOf, type RowLayout } from "./columns.ts";
import { about, counted, FileProblem, shown } from "./failure.ts";
import { checkFits, grow, type NamedSource } from "./growing.ts";
import type { ProgressOptions } from "./progress.ts";
import { FORMAT_NAMES, type Format, formatOf, openerOf } from "./sources/formats.ts";
import type { Source, SourceOptions } from "./sources/source.ts";
import { print } from "./terminal.ts";

interface AppendOptions extends ProgressOptions, SourceOptions {
  readonly format?: Format;
  readonly casting?: Casting;
  readonly durability?: Durability;
}

export function castingOption(): Option {
  return new Option(
    "--casting <rule>",
    "which casts of typed data are allowed, as in numpy.can_cast (default: same_kind)",
  ).choices(["no", "equiv", "safe", "same_kind", "unsafe"]);
}

export function durabilityOption(): Option {
  return new Option(
    "--durability <level>",
    "when rows are safe: after a crash of the process, or of the machine (default: os)",
  ).choices(["os", "data", "full"]);
}

export function appendCommand(): Command {
  return new Command("append")
    .summary("append .npy, CSV, TSV, NDJSON or raw bytes to a file")
    .description(
      "Appends rows to a file, and creates it if it is not there. " +
        "Sources are .npy files, CSV or TSV, NDJSON, or raw bytes; - is stdin.",
    )
    .argument("<file>", "the .npy file that grows")
    .argument("<source...>", "what is appended, in this order")
    .addOption(
      new Option("--format <format>", "what the sources are (default: what their names say; raw for stdin)").choices(
        FORMAT_NAMES,
      ),
    )
    .option(
      "--dtype <dtype>",
      "dtype of raw bytes, and of a file that is created: f8, t:f8,id:i4, or as NumPy prints it",
      dtypeArgument,
    )
    .option(
      "--row-shape <sizes>",
      "shape of a row of raw bytes or text, such as 3 or 28,28 (default: one element)",
      rowShapeArgument,
    )
    .option(
      "--columns <list>",
      "CSV columns to take, with dtypes if you like: t,x or t:f8,x:f4; names if there is no header",
      columnChoices,
    )
    .option("--header", "the first row of CSV is a header, even if it could be a row")
    .option("--no-header", "the first row of CSV is no header")
    .option("--delimiter <character>", "what separates the columns of CSV", delimiterArgument)
    .option("--encoding <name>", "encoding of text sources, such as utf-16le or windows-1252 (default: utf-8)", encodingArgument)
    .addOption(castingOption())
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

async function append(file: string, paths: readonly string[], options: AppendOptions): Promise<void> {
  const formats = paths.map((path) => formatOf(path, options.format));
  const existing = await layoutOfFile(file);
  if (existing !== undefined) await checkSources(file, paths, formats);
  const sources: NamedSource[] = [];
  let target = existing;
  let isInferred = false;
  for (const [i, path] of paths.entries()) {
    const source: Source = await openerOf(formats[i] as Format)(path, target, { ...options, isInferred }).catch(
      (error: unknown) => {
        throw about(path, error);
      },
    );
    // A file that is created is what its first source says.
    if (target === undefined) {
      target = { ...source.layout, dtype: options.dtype ?? source.layout.dtype };
      isInferred = source.isInferred ?? false;
    }
    checkFits(path, source.layout, target, options.casting);
    sources.push({ path, source });
  }
  const { dtype, fortranOrder } = target as RowLayout;
  const { casting, durability } = options;
  // For a file that is there --dtype says what raw bytes are; without such it is an expectation, which opening checks.
  const wanted = formats.includes("raw") ? undefined : options.dtype;
  const { appended, length } = await grow(
    file,
    {
      ...(existing === undefined ? { dtype, fortranOrder } : {}),
      ...(existing !== undefined && wanted !== undefined ? { dtype: wanted } : {}),
      ...(existing !== undefined && options.fortranOrder ? { fortranOrder: true } : {}),
      ...(casting && { casting }),
      ...(durability && { durability }),
    },
    sources,
    options,
  );
  if (!options.quiet) await print(`${shown(file)}: ${counted(appended, "row")} appended, ${length} in all\n`);
}

/** As bytes or text the file that grows would be read as long as it is written. */
async function checkSources(file: string, paths: readonly string[], formats: readonly Format[]): Promise<void> {
  const { dev, ino } = await stat(file);
  for (const [i, path] of paths.entries()) {
    if (formats[i] === "npy") continue;
    const found = path === "-" ? fstatSync(0) : await stat(path).catch(() => undefined);
    if (found?.dev !== dev || found.ino !== ino) continue;
    throw new FileProblem(path, "it is the file that grows, and can only be read as .npy: leave it out");
  }
}

/** What the rows of a file are; `undefined` if it is not there yet. */
async function layoutOfFile(file: string): Promise<RowLayout | undefined> {
  try {
    return layoutOf(await inspect(file));
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return undefined;
    throw about(file, error);
  }
}
