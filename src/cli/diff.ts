/** `diff`: compares two arrays. */
import { Command, InvalidArgumentError } from "commander";
import type { DType } from "../node.ts";
import { Comparison, isComparable, type Leaf, leavesOf, type Mismatch, type Tolerance } from "./diff/compare.ts";
import { blocksOf, commonRows, isComparedInFortranOrder, openSide, type Side } from "./diff/sources.ts";
import { differenceText, percentText, relativeText } from "./diff/words.ts";
import { AlreadyReported, about, counted, lineOf, shown, UsageError } from "./program/failure.ts";
import { Interrupted } from "./program/interruption.ts";
import { print } from "./program/terminal.ts";
import { columnData, layoutOf, rowsOf, shapeText, sizeOf } from "./rows/columns.ts";
import { numberText } from "./text/cell.ts";
import { jsonText } from "./text/escaping.ts";

interface DiffOptions {
  readonly rtol?: number;
  readonly atol?: number;
  readonly equalNan: boolean;
  readonly strict?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function diffCommand(): Command {
  return new Command("diff")
    .summary("compare two arrays, as numpy.testing.assert_array_equal")
    .description(
      "Compares two arrays of any size: shapes, dtypes and values. Says how many elements differ, the first of them, and the largest differences, in the " +
        "words of numpy.testing. NaN equals NaN, NaT equals NaT, and -0.0 equals 0.0. Exits with 0 if the arrays are equal, 1 if they differ, and 2 if " +
        "they cannot be compared.",
    )
    .argument("<actual>", "a .npy file, a folder of shards, or FILE.npz:NAME")
    .argument("<desired>", "the other one, to which differences are relative")
    .option("--rtol <number>", "the relative tolerance, as in numpy.testing.assert_allclose (default: 0)", toleranceArgument)
    .option("--atol <number>", "the absolute tolerance (default: 0)", toleranceArgument)
    .option("--equal-nan", "NaN equals NaN, and NaT equals NaT (the default)", true)
    .option("--no-equal-nan", "NaN and NaT equal nothing")
    .option("--strict", "dtypes that differ in more than their byte order are a difference, even if all values are equal")
    .option("--json", "print one line of JSON")
    .action(async (actual: string, desired: string, _options: DiffOptions, command: Command) => {
      const options = command.optsWithGlobals<DiffOptions>();
      const found = await compared(actual, desired, options).catch((error: unknown) => {
        if (error instanceof Interrupted) throw error;
        // As diff and cmp: 1 says that the arrays differ.
        throw error instanceof UsageError ? error : new UsageError(lineOf(error), { cause: error });
      });
      if (options.json) await print(`${jsonText(asJson(found))}\n`);
      else if (!options.quiet) await print(asText(found, options));
      if (!found.isEqual) throw new AlreadyReported("The arrays differ.");
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array diff new.npy old.npy
  npy-append-array diff --rtol 1e-5 --atol 1e-8 results.npz:x expected.npy
  npy-append-array diff --quiet a.npy b.npy && echo equal`,
    );
}

function toleranceArgument(text: string): number {
  const number = text.trim() === "" ? Number.NaN : Number(text);
  if (number >= 0) return number;
  throw new InvalidArgumentError("It must be a number of 0 or more, such as 1e-5.");
}

/** What was found. */
interface Found {
  readonly a: Side;
  readonly b: Side;
  readonly isEqual: boolean;
  readonly isSameShape: boolean;
  readonly isSameDType: boolean;
  /** Why no values were compared. */
  readonly reason: string | undefined;
  /** Elements, or records, that were compared, and those of them that differ. */
  readonly elements: number;
  readonly mismatched: number;
  readonly comparisons: readonly Comparison[];
  readonly isFortranOrder: boolean;
}

async function compared(actual: string, desired: string, options: DiffOptions): Promise<Found> {
  const a = await opened(actual);
  try {
    const b = await opened(desired);
    try {
      return await compare(a, b, options);
    } finally {
      await b.reader.close();
    }
  } finally {
    await a.reader.close();
  }
}

async function opened(file: string): Promise<Side> {
  return await openSide(file).catch((error: unknown) => {
    throw about(file, error);
  });
}

async function compare(a: Side, b: Side, options: DiffOptions): Promise<Found> {
  const [x, y] = [a.reader, b.reader];
  const isSameShape = jsonText(x.shape) === jsonText(y.shape);
  const isSameDType = typeText(x.dtype) === typeText(y.dtype);
  const tolerance = { rtol: options.rtol ?? 0, atol: options.atol ?? 0, equalNan: options.equalNan };
  const comparisons = comparisonsOf(x.dtype, y.dtype, tolerance);
  const reason = reasonNotToCompare(a, b, comparisons);
  const found = { a, b, isSameShape, isSameDType, reason, comparisons, isFortranOrder: isComparedInFortranOrder(x, y) };
  if (reason !== undefined) return { ...found, isEqual: false, elements: 0, mismatched: 0 };
  const rows = commonRows(x, y);
  let mismatched = 0;
  for await (const block of blocksOf(a, b, rows, tolerance.equalNan)) {
    const records = sizeOf(block.a.shape);
    const differs = new Uint8Array(records);
    const [dataOfA, dataOfB] = [columnData(block.a), columnData(block.b)];
    for (const comparison of comparisons) {
      const data = [dataOfA(columnOf(comparison.a)), dataOfB(columnOf(comparison.b))] as const;
      comparison.compare(...data, block.start, (record) => {
        mismatched += 1 - (differs[record] as number);
        differs[record] = 1;
      });
    }
  }
  const elements = isSameShape ? sizeOf(x.shape) : sizeOf(layoutOf(x).rowShape) * rows;
  const isEqual = mismatched === 0 && isSameShape && unpaired(found).length === 0 && (isSameDType || !options.strict);
  return { ...found, isEqual, elements, mismatched };
}

/** What `columnData` needs of a column. */
function columnOf({ path, dtype, perRecord }: Leaf): Parameters<ReturnType<typeof columnData>>[0] {
  return { path: path.length === 0 ? undefined : path, dtype, label: "", offset: 0, perRow: perRecord };
}

/** The fields that both arrays have, paired by their names. */
function comparisonsOf(a: DType, b: DType, tolerance: Tolerance): Comparison[] {
  const others = new Map(leavesOf(b).map((leaf) => [jsonText(leaf.path), leaf]));
  return leavesOf(a).flatMap((leaf) => {
    const other = others.get(jsonText(leaf.path));
    const isPair = other !== undefined && leaf.perRecord === other.perRecord && isComparable(leaf.dtype, other.dtype);
    return isPair ? new Comparison(leaf, other, tolerance) : [];
  });
}

function reasonNotToCompare(a: Side, b: Side, comparisons: readonly Comparison[]): string | undefined {
  const [x, y] = [layoutOf(a.reader), layoutOf(b.reader)];
  const isOneRowShape = jsonText(x.rowShape) === jsonText(y.rowShape) && a.reader.shape.length === b.reader.shape.length;
  const isOneOrder = x.fortranOrder === y.fortranOrder || a.reader.shape.length < 2;
  const isSameShape = jsonText(a.reader.shape) === jsonText(b.reader.shape);
  if (!isSameShape && !(isOneRowShape && isOneOrder)) return "shapes";
  return comparisons.length === 0 && leavesOf(a.reader.dtype).length + leavesOf(b.reader.dtype).length > 0 ? "dtypes" : undefined;
}

/** What is said of fields that were not compared. */
function unpaired({ a, b, comparisons }: Pick<Found, "a" | "b" | "comparisons">): string[] {
  const names = (leaves: readonly Leaf[]): string[] => leaves.map(({ path }) => path.join("."));
  const compared = new Set(names(comparisons.map((one) => one.a)));
  const [inA, inB] = [a, b].map(({ reader }) => names(leavesOf(reader.dtype))) as [string[], string[]];
  return [...new Set([...inA, ...inB])]
    .filter((name) => !compared.has(name))
    .map((name) => {
      if (!inB.includes(name)) return `Field ${name}: only in ACTUAL`;
      return inA.includes(name) ? `Field ${name}: the dtypes cannot be compared` : `Field ${name}: only in DESIRED`;
    });
}

/** A dtype without its byte order. */
function typeText({ descr }: DType): string {
  return jsonText(descr).replace(/"[<>=|](?=[a-zA-Z?]\d*(?:\[[^\]]*\])?")/g, '"');
}

function dtypeText({ dtype }: Side["reader"]): string {
  return dtype.fields === undefined ? dtype.name : `(${leavesText(dtype)})`;
}

function leavesText(dtype: DType): string {
  return leavesOf(dtype)
    .map(({ path, dtype: type, perRecord }) => `${path.join(".")} ${type.name}${perRecord === 1 ? "" : ` x ${perRecord}`}`)
    .join(", ");
}

function asText(found: Found, options: DiffOptions): string {
  const { a, b, isEqual, isSameShape, isSameDType } = found;
  const isTolerant = (options.rtol ?? 0) > 0 || (options.atol ?? 0) > 0;
  const header = isEqual
    ? isTolerant && !options.strict
      ? `Arrays are equal to tolerance ${toleranceText(options)}`
      : "Arrays are equal"
    : isTolerant
      ? `Not equal to tolerance ${toleranceText(options)}`
      : "Arrays are not equal";
  const lines = [
    header,
    ...(isSameShape ? [] : [`(shapes ${shapeText(a.reader.shape)}, ${shapeText(b.reader.shape)} mismatch)`]),
    ...(isSameDType ? [] : [`(dtypes ${dtypeText(a.reader)}, ${dtypeText(b.reader)} mismatch)`]),
    ...(isEqual ? [] : mismatchLines(found)),
    ...[a, b].map(
      ({ file, reader }, i) =>
        ` ${i === 0 ? "ACTUAL" : "DESIRED"}: ${shown(file)}: ${dtypeText(reader)} ${shapeText(reader.shape)}`,
    ),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function toleranceText({ rtol = 0, atol = 0 }: DiffOptions): string {
  const text = (number: number): string => (Number.isInteger(number) ? String(number) : numberText(number));
  return `rtol=${text(rtol)}, atol=${text(atol)}`;
}

function mismatchLines(found: Found): string[] {
  const { comparisons, isFortranOrder, mismatched, elements, isSameShape, reason } = found;
  if (reason === "shapes") return [];
  if (reason === "dtypes") return ["Values of these dtypes cannot be compared"];
  const common = isSameShape ? "" : `, in the ${counted(commonRows(found.a.reader, found.b.reader), "row")} that both have`;
  const percent = mismatched === 0 ? "" : ` (${percentText(mismatched, elements)})`;
  const lines = [`Mismatched elements: ${mismatched} / ${elements}${percent}${common}`];
  const shape = layoutOfCommon(found);
  for (const comparison of comparisons.filter((one) => one.mismatched > 0)) {
    const { path, perRecord } = comparison.a;
    const indent = path.length === 0 ? "" : "  ";
    if (path.length > 0) {
      const all = elements * perRecord;
      lines.push(`Field ${path.join(".")}: ${comparison.mismatched} / ${all} (${percentText(comparison.mismatched, all)})`);
    }
    lines.push(...comparisonLines(comparison, shape, isFortranOrder).map((line) => indent + line));
  }
  return [...lines, ...unpaired(found)];
}

function comparisonLines(comparison: Comparison, shape: readonly number[], isFortranOrder: boolean): string[] {
  const { first, mismatched, missing, maxAbsolute, maxRelative, differenceDType } = comparison;
  const title =
    mismatched === 1
      ? "Mismatch at index:"
      : mismatched === first.length
        ? "Mismatch at indices:"
        : `First ${first.length} mismatches are at indices:`;
  const places = first.map(
    (one) => ` ${placeText(one, comparison.a, shape, isFortranOrder)}: ${one.a} (ACTUAL), ${one.b} (DESIRED)`,
  );
  const word = "mM".includes(comparison.a.dtype.kind) ? "NaT" : "nan";
  return [
    title,
    ...places,
    ...(missing === 0 ? [] : [`${word} location mismatch: ${missing} of them`]),
    ...(maxAbsolute === undefined
      ? []
      : [`Max absolute difference among violations: ${differenceText(maxAbsolute, differenceDType as DType)}`]),
    ...(maxRelative === undefined
      ? []
      : [`Max relative difference among violations: ${relativeText(maxRelative, differenceDType as DType)}`]),
  ];
}

/** The shape of what was compared. */
function layoutOfCommon({ a, b, isSameShape }: Found): readonly number[] {
  const { shape } = a.reader;
  return isSameShape || rowsOf(a.reader) <= rowsOf(b.reader) ? shape : b.reader.shape;
}

function indexOf(flat: number, shape: readonly number[], isFortranOrder: boolean): number[] {
  const sizes = isFortranOrder ? shape : shape.toReversed();
  let rest = flat;
  const index = sizes.map((size) => {
    const i = rest % size;
    rest = (rest - i) / size;
    return i;
  });
  return isFortranOrder ? index : index.reverse();
}

function placeText({ record, item }: Mismatch, leaf: Leaf, shape: readonly number[], isFortranOrder: boolean): string {
  const place = `[${indexOf(record, shape, isFortranOrder).join(", ")}]`;
  return leaf.perRecord === 1 ? place : `${place} element ${item}`;
}

function asJson(found: Found): object {
  const { a, b, isEqual, isSameShape, isSameDType, elements, mismatched, comparisons, isFortranOrder, reason } = found;
  const shape = layoutOfCommon(found);
  const values = comparisons.map((comparison) => {
    const [first] = comparison.first;
    return {
      ...(comparison.a.path.length > 0 && { field: comparison.a.path.join(".") }),
      mismatched: comparison.mismatched,
      ...(first && {
        first: {
          index: indexOf(first.record, shape, isFortranOrder),
          ...(comparison.a.perRecord > 1 && { element: first.item }),
          actual: first.a,
          desired: first.b,
        },
      }),
      ...(comparison.maxAbsolute !== undefined && { maxAbsolute: jsonNumber(comparison.maxAbsolute) }),
      ...(comparison.maxRelative !== undefined && { maxRelative: jsonNumber(comparison.maxRelative) }),
    };
  });
  const side = ({ file, reader }: Side): object => ({ path: file, dtype: reader.dtype.descr, shape: reader.shape });
  return {
    equal: isEqual,
    actual: side(a),
    desired: side(b),
    sameShape: isSameShape,
    sameDtype: isSameDType,
    ...(reason !== undefined && { notComparable: reason }),
    elements,
    mismatched,
    ...(comparisons.some(({ a: { path } }) => path.length > 0) ? { fields: values } : values[0]),
  };
}

/** JSON has neither infinities nor exact numbers beyond 2^53: those are texts. */
function jsonNumber(value: number | bigint): number | string {
  const number = Number(value);
  if (typeof value === "bigint") return Number.isSafeInteger(number) ? number : String(value);
  return Number.isFinite(number) ? number : number > 0 ? "inf" : "nan";
}
