/** `convert`: writes an array in another dtype, byte order or order of elements. */
import { chmod, link, rm, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { setImmediate as turnOfEventLoop } from "node:timers/promises";
import { Command, Option } from "commander";
import {
  type AsyncStorage,
  type Casting,
  type DType,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type NpyArray,
  NpyError,
  NpyReader,
  type OnOverflow,
  type OpenOptions,
  save,
} from "../node.ts";
import { realPath, temporaryPath } from "../storage/node-names.ts";
import { renameOver } from "../storage/node-rename.ts";
import { checkFree, writingNew } from "./files/new-file.ts";
import { isObject, nameOf } from "./files/object-names.ts";
import { fileAt } from "./files/places.ts";
import { castingOption, dtypeArgument, overflowOption } from "./program/arguments.ts";
import { about, counted, FileProblem, shown, UsageError } from "./program/failure.ts";
import { Interrupted, interruptible } from "./program/interruption.ts";
import { Progress, type ProgressOptions } from "./program/progress.ts";
import { print, tell } from "./program/terminal.ts";
import { layoutOf, sizeOf } from "./rows/columns.ts";
import { checkFits, type GrowingFile } from "./rows/growing.ts";

interface ConvertOptions extends ProgressOptions {
  readonly dtype?: DType;
  readonly order?: "C" | "F";
  readonly casting?: Casting;
  readonly onOverflow?: OnOverflow;
  readonly overwrite?: boolean;
}

export function convertCommand(): Command {
  return new Command("convert")
    .summary("write an array in another dtype, byte order or order of elements")
    .description(
      "Writes an array into a new file, in another dtype, byte order or order of elements, as numpy.save would. " +
        "OUT appears when it is complete. The array may be larger than memory.",
    )
    .argument("<in>", "the .npy file to read")
    .argument("<out>", "the .npy file to create")
    .option("--dtype <dtype>", "dtype of OUT, such as f4, >f8 or t:f8,id:i4 (default: that of IN)", dtypeArgument)
    .addOption(new Option("--order <order>", "order of the elements in OUT (default: that of IN)").choices(["C", "F"]))
    .addOption(castingOption())
    .addOption(overflowOption())
    .option("--overwrite", "replace OUT if it exists, once the new file is complete; it may be IN")
    .action(async (input: string, out: string, _options: ConvertOptions, command: Command) => {
      await convert(input, out, command.optsWithGlobals<ConvertOptions>());
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array convert --dtype f4 --casting same_kind day.npy small.npy
  npy-append-array convert --order C fortran.npy c.npy
  npy-append-array convert --dtype '>f8' --overwrite log.npy log.npy`,
    );
}

async function convert(input: string, out: string, options: ConvertOptions): Promise<void> {
  if (input === "-") throw new UsageError("a .npy file cannot come from stdin: name it");
  const rows = isObject(out) ? await convertInto(input, out, options) : await convertHere(input, out, options);
  if (!options.quiet) await print(`${shown(out)}: ${counted(rows, "row")}\n`);
}

/** Writes an object. Returns its number of rows. */
async function convertInto(input: string, out: string, options: ConvertOptions): Promise<number> {
  const isNew = { overwrites: options.overwrite ?? false, advice: CHOOSE };
  await checkFree(out, isNew);
  let rows = 0;
  try {
    await interruptible((signal) =>
      writingNew(out, isNew, async (file) => {
        rows = await write(input, file, out, options, signal);
      }),
    );
  } catch (error) {
    if (error instanceof Interrupted) tell(`interrupted: ${shown(out)} is ${isNew.overwrites ? "unchanged" : "not there"}`);
    throw error instanceof Interrupted ? error : about(out, error);
  }
  return rows;
}

/** Writes a file of this machine. Returns its number of rows. */
async function convertHere(input: string, out: string, options: ConvertOptions): Promise<number> {
  const target = await targetOf(out, options);
  const temporary = temporaryPath(target.path);
  let rows = 0;
  try {
    rows = await interruptible((signal) => write(input, temporary, out, options, signal));
    if (target.mode !== undefined) await chmod(temporary, target.mode);
    await place(temporary, target.path, options.overwrite === true);
  } catch (error) {
    await rm(temporary, { force: true });
    if (error instanceof Interrupted)
      tell(`interrupted: ${shown(out)} is ${target.mode === undefined ? "not there" : "unchanged"}`);
    else if ((error as { code?: unknown }).code === "EEXIST") throw new FileProblem(out, APPEARED);
    throw error instanceof Interrupted ? error : about(out, error);
  }
  return rows;
}

const CHOOSE = "choose another name, or pass --overwrite";
const APPEARED = `it appeared in the meantime: ${CHOOSE}`;

/** The path of OUT, behind links, and its mode if it exists. */
async function targetOf(out: string, { overwrite }: ConvertOptions): Promise<{ path: string; mode?: number }> {
  const found = await stat(out).catch((error: unknown) => {
    if ((error as { code?: unknown }).code === "ENOENT") return undefined;
    throw about(out, error);
  });
  if (found === undefined) return { path: out };
  if (!overwrite) throw new FileProblem(out, `it already exists: ${CHOOSE}`);
  if (!found.isFile()) throw new FileProblem(out, "it is not a regular file: choose another name");
  checkNotWritten(out);
  return { path: realPath(out), mode: found.mode };
}

/** Refuses to replace a file to which another process appends. */
function checkNotWritten(out: string): void {
  try {
    NpyAppendArray.openSync(out).close();
  } catch (error) {
    if (error instanceof NpyError && error.code === "ERR_NPY_LOCKED") throw about(out, error);
  }
}

/** Gives a complete file its name. */
async function place(temporary: string, path: string, overwrite: boolean): Promise<void> {
  if (overwrite) return await renameOver(temporary, path);
  try {
    // Unlike a rename, this never replaces a file.
    await link(temporary, path);
  } catch (error) {
    if (!WITHOUT_LINKS.has(String((error as { code?: unknown }).code))) throw error;
    if ((await stat(path).catch(() => undefined)) !== undefined) throw new FileProblem(path, APPEARED);
    return await renameOver(temporary, path);
  }
  await rm(temporary);
}

/** What systems answer whose file systems have no hard links. */
const WITHOUT_LINKS: ReadonlySet<string> = new Set([
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EMLINK",
  "EXDEV",
  // Windows, on FAT and some network drives.
  "EISDIR",
  "EINVAL",
  "UNKNOWN",
]);

/** Writes the new file. Returns its number of rows. */
async function write(
  input: string,
  temporary: string | AsyncStorage,
  out: string,
  options: ConvertOptions,
  signal: AbortSignal,
): Promise<number> {
  const { order, casting = "same_kind", onOverflow = "wrap" } = options;
  const isAsync = isObject(input) || isObject(out);
  try {
    const reader = isAsync ? await NpyReader.open(await fileAt(input)) : NpyReader.openSync(input);
    try {
      const { shape, fortranOrder } = reader;
      const dtype = options.dtype ?? reader.dtype;
      const layout = layoutOf(reader);
      checkFits(input, layout, { ...layout, dtype }, casting);
      if (shape.length === 0) {
        await save(temporary, converted(await reader.read(), { dtype, casting, onOverflow }));
        return 1;
      }
      // NumPy stores what is in both orders as C.
      const isInBothOrders = sizeOf(shape) === 0 || shape.filter((size) => size > 1).length < 2;
      const isFortran = !isInBothOrders && (order === undefined ? fortranOrder : order === "F");
      const growth = isFortran ? shape.length - 1 : 0;
      const rows = shape[growth] as number;
      const rowShape = shape.toSpliced(growth, 1);
      const file = { dtype, rowShape, fortranOrder: isFortran, casting, onOverflow };
      const npaa: GrowingFile = isAsync
        ? await NpyAppendArray.open(temporary, file)
        : NpyAppendArray.openSync(temporary as string, file);
      const bytes = sizeOf(shape) * reader.dtype.itemsize;
      const progress = await Progress.start(shown(out), bytes, options);
      try {
        const isSameOrder = isFortran === fortranOrder;
        const atOnce = bytes === 0 ? rows : Math.max(1, Math.floor(pieceOf(bytes, isSameOrder) / (bytes / rows)));
        for (let start = 0; start < rows; start += atOnce) {
          const stop = Math.min(rows, start + atOnce);
          if (isSameOrder) await npaa.appendFrom(reader, { start, stop });
          else {
            const piece = { start, stop };
            const axes = shape.map((_, axis) => (axis === growth ? piece : null));
            await npaa.append(await reader.select(axes, { order: isFortran ? "F" : "C" }));
          }
          progress.reach((bytes * stop) / rows);
          // Signals and progress bars are handled between pieces.
          await turnOfEventLoop();
          signal.throwIfAborted();
        }
      } finally {
        await npaa.close();
        progress.stop();
      }
      return rows;
    } finally {
      await reader.close();
    }
  } catch (error) {
    throw error instanceof Interrupted
      ? error
      : isOf(typeof temporary === "string" ? temporary : out, error)
        ? about(out, named(out, error))
        : about(input, error);
  }
}

/** A 0-d array in another dtype. */
function converted(array: NpyArray, options: OpenOptions): NpyArray {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, { ...options, rowShape: [] });
  npaa.append({ ...array, shape: [1] });
  npaa.close();
  return { ...loadSync(storage), shape: [] };
}

/** Bytes converted at a time. Each piece of the other order may read all pages of the file, so that few large ones are faster. */
function pieceOf(bytes: number, isSameOrder: boolean): number {
  return isSameOrder ? 2 ** 26 : Math.min(2 ** 28, Math.max(2 ** 26, bytes / 8));
}

/** Whether an error is one of writing the file. */
function isOf(path: string, error: unknown): boolean {
  const { path: found } = error as { path?: unknown };
  const isInput = error instanceof NpyError && error.index !== undefined;
  return typeof found === "string" && resolve(nameOf(found)) === resolve(path) && !isInput;
}

/** The error with OUT's name in place of the temporary one. */
function named(out: string, error: unknown): unknown {
  return error instanceof NpyError ? error : Object.assign(error as object, { path: out });
}
