/** NDJSON: a JSON value in each line. */
import { createInterface } from "node:readline";
import { type DType, type DTypeField, type DTypeLike, dtype } from "../../node.ts";
import { type RowLayout, shapeText, sizeOf } from "../columns.ts";
import { datetimeTicks, NOT_A_TIME } from "../datetime.ts";
import { FileProblem, shown, UsageError } from "../failure.ts";
import { dtypeOfJson } from "./infer.ts";
import { arrayOf, type Block, type OpenSource, type SourceOptions } from "./source.ts";
import { openText, SAMPLE } from "./text.ts";

/** Characters of the lines that are appended together. */
const BLOCK = 2 ** 18;

/** Lines that were parsed, and their numbers, from 1. */
interface Values {
  readonly values: unknown[];
  readonly rows: number[];
}

export const openNdjson: OpenSource = async (path, target, options) => {
  const { stream, bytes } = await openText(path);
  const parts = partsOf(path, createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }));
  const sample: Values[] = [];
  for (let length = 0; length < SAMPLE; length += BLOCK) {
    const next = await parts.next();
    if (next.done === true) break;
    sample.push(next.value);
  }
  const layout = target ?? layoutOfSample(path, sample, options);
  return {
    bytes,
    layout,
    async *blocks(reach) {
      if (sample.length === 0) sample.push({ values: [], rows: [] });
      for (const found of sample.splice(0)) yield block(path, found, layout);
      for await (const found of parts) {
        yield block(path, found, layout);
        reach(stream.bytesRead ?? 0);
      }
    },
  };
};

function layoutOfSample(path: string, sample: readonly Values[], options: SourceOptions): RowLayout {
  const type = options.dtype ?? dtypeOfSample(path, sample);
  const shape = options.dtype?.fields === undefined ? dtypeOfSample(path, sample).subdtype?.shape : [];
  return {
    dtype: type.subdtype?.dtype ?? type,
    rowShape: options.rowShape ?? shape ?? [],
    fortranOrder: options.fortranOrder ?? false,
  };
}

/** What a value is; an array is a sub-array. */
function dtypeOfSample(path: string, sample: readonly Values[]): DType {
  const found = dtypeOfJson(sample.flatMap(({ values }) => values));
  try {
    // A field may be an array, which no dtype of an array is.
    const structure: DType = dtype([["value", found as DTypeLike]]);
    const [field] = structure.fields as readonly [DTypeField];
    return field.dtype;
  } catch (error) {
    throw new FileProblem(`${shown(path)}: no dtype fits its values: pass --dtype`, { cause: error });
  }
}

async function* partsOf(path: string, lines: AsyncIterable<string>): AsyncGenerator<Values, void, void> {
  let part: Values = { values: [], rows: [] };
  let row = 0;
  let length = 0;
  for await (const line of lines) {
    row++;
    if (line.trim() === "") continue;
    part.values.push(parseLine(path, line, row));
    part.rows.push(row);
    length += line.length + 1;
    if (length < BLOCK) continue;
    yield part;
    part = { values: [], rows: [] };
    length = 0;
  }
  if (part.rows.length > 0) yield part;
}

/** Integers that a JavaScript number would round. */
const LONG_INTEGERS = /"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g;
const MARK = "\u0000integer:";

function parseLine(path: string, line: string, row: number): unknown {
  try {
    if (!/\d{16}/.test(line)) return JSON.parse(line);
    const marked = line.replace(LONG_INTEGERS, (found) => (found.startsWith('"') ? found : `"\\u0000integer:${found}"`));
    return JSON.parse(marked, (_name, value: unknown) =>
      typeof value === "string" && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value,
    );
  } catch (error) {
    throw new FileProblem(`${shown(path)}: line ${row} is not JSON: correct it`, { cause: error });
  }
}

function block(path: string, { values, rows }: Values, { dtype: type, rowShape, fortranOrder }: RowLayout): Block {
  const convert = valueOfJson(type);
  const elements = values.map((value, i) => {
    try {
      return rowShape.length === 0 ? convert(value) : flat(value, rowShape, convert);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new FileProblem(`${shown(path)}: line ${rows[i]}: ${error.message}`);
    }
  });
  const data = rowShape.length === 0 ? elements : elements.flat(1);
  return { input: arrayOf(data, values.length, { rowShape, fortranOrder }), rowOf: (i) => rows[i] ?? 1 };
}

/** The elements of nested arrays of a shape. */
function flat(value: unknown, shape: readonly number[], convert: (value: unknown) => unknown): unknown[] {
  const [size, ...rest] = shape;
  if (size === undefined) return [convert(value)];
  if (Array.isArray(value) && value.length === size) return value.flatMap((item) => flat(item, rest, convert));
  // A flat list of all elements will do.
  if (Array.isArray(value) && value.length === sizeOf(shape)) return value.map(convert);
  throw new UsageError(
    `expected an array of shape ${shapeText(shape)}, found ${Array.isArray(value) ? `one of ${value.length}` : typeof value}`,
  );
}

/** How a JSON value becomes an element: null is NaN or NaT, times are text. */
function valueOfJson(type: DType): (value: unknown) => unknown {
  if (type.subdtype !== undefined) {
    const { dtype: element, shape } = type.subdtype;
    const convert = valueOfJson(element);
    return (value) => flat(value, shape, convert);
  }
  const { fields, kind, datetime } = type;
  if (fields !== undefined) {
    const converters = new Map(fields.map((field) => [field.name, valueOfJson(field.dtype)]));
    return (value) => {
      if (typeof value !== "object" || value === null || Array.isArray(value))
        throw new UsageError(`expected an object, found ${JSON.stringify(value)}`);
      return Object.fromEntries(
        Object.entries(value).map(([name, item]) => [name, (converters.get(name) ?? ((same: unknown) => same))(item)]),
      );
    };
  }
  if (kind === "f") return (value) => (typeof value === "bigint" ? Number(value) : (value ?? Number.NaN));
  if (kind === "m") return (value) => value ?? NOT_A_TIME;
  if (kind === "M")
    return (value) =>
      typeof value === "string" ? datetimeTicks(value, datetime as NonNullable<typeof datetime>) : (value ?? NOT_A_TIME);
  return (value) => value;
}
