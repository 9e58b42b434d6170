/** NDJSON as a source of rows: one JSON value per line. */
import { type DType, type DTypeField, type DTypeLike, dtype } from "../../node.ts";
import { FileProblem, UsageError } from "../program/failure.ts";
import type { RowLayout } from "../rows/columns.ts";
import { InvalidText } from "./encoding.ts";
import { dtypeOfJson } from "./infer.ts";
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
  const text = openText(path, options.encoding);
  const isTold = target === undefined && options.dtype === undefined;
  const isInferred = isTold || (options.isInferred ?? false);
  const wanted = target?.dtype ?? options.dtype;
  const parsing: Parsing = { keepsFractions: isTold, keepsHalfway: wanted !== undefined && hasNarrowFloats(wanted) };
  const parts = partsOf(path, text, parsing);
  const sample: Values[] = [];
  for (let length = 0; length < SAMPLE; length += BLOCK) {
    const next = await parts.next();
    if (next.done === true) break;
    sample.push(next.value);
  }
  parsing.keepsFractions = false;
  const layout = target ?? layoutOfSample(path, sample, options);
  const times = new TimesOfJson();
  const convert = valueOfJson(layout.dtype, isInferred, times);
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
        yield blockOf(found);
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

async function* partsOf(path: string, text: TextSource, parsing: Parsing): AsyncGenerator<Values, void, void> {
  let part: Values = { values: [], lines: [] };
  let length = 0;
  for await (const { line, number } of linesOf(path, text)) {
    if (line.trim() === "") continue;
    part.values.push(parseLine(path, line, number, parsing));
    part.lines.push(number);
    length += line.length + 1;
    if (length < BLOCK) continue;
    yield part;
    part = { values: [], lines: [] };
    length = 0;
  }
  if (part.lines.length > 0) yield part;
}

interface Line {
  readonly line: string;
  /** From 1. */
  readonly number: number;
}

/** Splits at line feeds and carriage returns only: other line separators of JavaScript are text in JSON. */
async function* linesOf(path: string, { pieces }: TextSource): AsyncGenerator<Line, void, void> {
  let rest = "";
  let endsInReturn = false;
  let number = 1;
  try {
    for await (const piece of pieces) {
      // Searches, and copies, a long line once, not again with each piece. A piece may end between a carriage return and its line feed.
      const canEnd = endsInReturn || /[\r\n]/.test(piece);
      endsInReturn = piece.endsWith("\r");
      if (!canEnd) {
        rest += piece;
        continue;
      }
      const text = rest + piece;
      const whole = text.endsWith("\r") ? text.length - 1 : text.length;
      const lines = text.slice(0, whole).split(/\r\n|\n|\r/);
      rest = (lines.pop() as string) + text.slice(whole);
      for (const line of lines) yield { line, number: number++ };
    }
  } catch (error) {
    throw error instanceof InvalidText ? error.at(path, number) : error;
  }
  for (const line of rest.split("\r")) yield { line, number: number++ };
}

function parseLine(path: string, line: string, number: number, parsing: Parsing): unknown {
  try {
    return parseJson(line, parsing);
  } catch (error) {
    const problem = error instanceof UsageError ? `: ${error.message}` : " is not JSON: correct it";
    throw new FileProblem(path, `line ${number}${problem}`, { cause: error });
  }
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
