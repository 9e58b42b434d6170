/** NDJSON as a source of rows: one JSON value per line. */
import { type DType, type DTypeField, type DTypeLike, dtype } from "../../node.ts";
import { FileProblem, UsageError } from "../program/failure.ts";
import type { RowLayout } from "../rows/columns.ts";
import type { LinesRead } from "./csv-records.ts";
import { InvalidText } from "./encoding.ts";
import { fastJson } from "./fast-json.ts";
import { dtypeOfJson } from "./infer.ts";
import { type Line, LinesOfText } from "./json-lines.ts";
import { type KeptNumbers, parseJson } from "./json-text.ts";
import { flat, hasNarrowFloats, TimesOfJson, type ValueOfJson, valueOfJson } from "./json-values.ts";
import { arrayOf, type Block, type OpenSource, type SourceOptions } from "./source.ts";
import { openText, SAMPLE, type TextSource } from "./text-source.ts";

/** Characters per block of lines. */
const BLOCK = 2 ** 18;

/** Parsed lines, and their numbers, from 1. */
interface Values {
  readonly values: unknown[];
  readonly lines: number[];
}

type Parsing = { -readonly [name in keyof KeptNumbers]: KeptNumbers[name] };

export const openNdjson: OpenSource = async (path, target, options) => {
  const reader = new LinesOfText();
  const text = await openText(path, options.encoding, reader);
  const isTold = target === undefined && options.dtype === undefined;
  const isInferred = isTold || (options.isInferred ?? false);
  const wanted = target?.dtype ?? options.dtype;
  const parsing: Parsing = { keepsFractions: isTold, keepsHalfway: wanted !== undefined && hasNarrowFloats(wanted) };
  const parts = partsOf(path, text, reader, parsing);
  const sample: Values[] = [];
  // Of a known dtype, the first lines tell only the shape of a row.
  for (let length = 0; length < (wanted === undefined ? SAMPLE : 1); length += BLOCK) {
    const next = await parts.next();
    if (next.done === true || "bytes" in next.value) break;
    sample.push(next.value);
  }
  parsing.keepsFractions = false;
  const layout = target ?? layoutOfSample(path, sample, options);
  const times = new TimesOfJson();
  const convert = valueOfJson(layout.dtype, isInferred, times);
  reader.readRows = fastJson(layout, isInferred);
  const blockOf = (found: Values): Block => times.converted(() => block(path, found, layout, convert));
  return {
    bytes: text.bytes,
    layout,
    isInferred,
    async *blocks(reach, signal) {
      text.heed(signal);
      if (sample.length === 0) sample.push({ values: [], lines: [] });
      for (const found of sample.splice(0)) yield blockOf(found);
      for await (const found of parts) {
        yield "bytes" in found ? blockOfLines(found, layout) : blockOf(found);
        reach(text.bytesRead());
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

/** The dtype of the values. Arrays are sub-arrays. */
function dtypeOfSample(path: string, sample: readonly Values[]): DType {
  const found = dtypeOfJson(sample.flatMap(({ values }) => values));
  try {
    // Wrapped in a field, because only fields can be sub-arrays.
    const structure: DType = dtype([["value", found as DTypeLike]]);
    const [field] = structure.fields as readonly [DTypeField];
    return field.dtype;
  } catch (error) {
    throw new FileProblem(path, "no dtype fits all its values: pass --dtype", { cause: error });
  }
}

async function* partsOf(
  path: string,
  { pieces }: TextSource,
  reader: LinesOfText,
  parsing: Parsing,
): AsyncGenerator<Values | LinesRead, void, void> {
  let part: Values = { values: [], lines: [] };
  let length = 0;
  const add = ({ line, number }: Line): void => {
    if (line.trim() === "") return;
    part.values.push(parseLine(path, line, number, parsing));
    part.lines.push(number);
    length += line.length + 1;
  };
  const taken = (): Values => {
    const whole = part;
    part = { values: [], lines: [] };
    length = 0;
    return whole;
  };
  try {
    for await (const piece of pieces) {
      const before = reader.before();
      if (before !== undefined && before.count > 0) {
        if (part.lines.length > 0) yield taken();
        yield before;
      }
      for (const line of reader.push(piece)) {
        add(line);
        if (length >= BLOCK) yield taken();
      }
    }
  } catch (error) {
    throw error instanceof InvalidText ? error.at(path, reader.line) : error;
  }
  for (const line of reader.end()) add(line);
  if (part.lines.length > 0) yield taken();
}

function parseLine(path: string, line: string, number: number, parsing: Parsing): unknown {
  try {
    return parseJson(line, parsing);
  } catch (error) {
    const problem = error instanceof UsageError ? `: ${error.message}` : " is not JSON: correct it";
    throw new FileProblem(path, `line ${number}${problem}`, { cause: error });
  }
}

/** Rows that were read from consecutive lines. */
function blockOfLines({ bytes, count, line }: LinesRead, layout: RowLayout): Block {
  return { input: arrayOf(bytes, count, layout), placeOf: (i) => `line ${line + i}` };
}

function block(path: string, { values, lines }: Values, { rowShape, fortranOrder }: RowLayout, convert: ValueOfJson): Block {
  const elements = values.map((value, i) => {
    try {
      return rowShape.length === 0 ? convert(value) : flat(value, rowShape, convert);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new FileProblem(path, `line ${lines[i]}: ${error.message}`);
    }
  });
  const data = rowShape.length === 0 ? elements : elements.flat(1);
  return { input: arrayOf(data, values.length, { rowShape, fortranOrder }), placeOf: (i) => `line ${lines[i] ?? 1}` };
}
