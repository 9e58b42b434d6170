/** CSV and TSV: columns of text. */
import { Readable } from "node:stream";
import Papa from "papaparse";
import { counted } from "../counted.ts";
import { FileProblem, shown } from "../failure.ts";
import { type CsvColumns, planColumns } from "./csv-columns.ts";
import type { Block, OpenSource } from "./source.ts";
import { isNumberText, openText, SAMPLE } from "./text.ts";

export const openCsv: OpenSource = async (path, target, options) => {
  const { stream, bytes } = await openText(path);
  const records = recordsOf(path, stream, options.delimiter ?? ",");
  const sample = await takeSample(records);
  const [first] = sample.flatMap(({ cells }) => cells).filter((cells) => !isBlank(cells));
  const hasHeader = options.header ?? !(first?.every(isNumberText) ?? true);
  const names = hasHeader ? first : undefined;
  const rows = sample.flatMap(({ cells }) => cells).filter((cells) => cells !== names && !isBlank(cells));
  const columns = planColumns(path, names, rows, target, options);
  return {
    bytes,
    layout: columns.layout,
    async *blocks(reach) {
      for (const records of sample.splice(0)) yield block(path, records, columns, names);
      for await (const found of records) {
        yield block(path, found, columns, names);
        reach(stream.bytesRead ?? 0);
      }
    },
  };
};

/** Records, and the number of the first of them, from 1. */
interface Records {
  readonly cells: string[][];
  readonly row: number;
}

async function takeSample(records: AsyncGenerator<Records, void, void>): Promise<Records[]> {
  const sample: Records[] = [];
  for (let length = 0; length < SAMPLE; ) {
    const next = await records.next();
    if (next.done === true) break;
    sample.push(next.value);
    for (const cells of next.value.cells) for (const cell of cells) length += cell.length + 1;
  }
  if (sample.length === 0) sample.push({ cells: [], row: 1 });
  return sample;
}

/** Papa Parse pushes; its input is held back while nobody takes the records. */
async function* recordsOf(path: string, text: Readable, delimiter: string): AsyncGenerator<Records, void, void> {
  const queue: Papa.ParseResult<string[]>[] = [];
  let wake = (): void => undefined;
  let release = (): void => undefined;
  let end: { readonly error?: unknown } | undefined;
  async function* heldBack(): AsyncGenerator<unknown, void, void> {
    for await (const part of text) {
      yield part;
      if (queue.length > 0) await new Promise<void>((resolve) => (release = resolve));
    }
  }
  const finish = (error?: unknown): void => {
    end ??= { error };
    wake();
  };
  Papa.parse<string[], Readable>(Readable.from(heldBack(), { highWaterMark: 1 }) as Readable, {
    delimiter,
    chunk(results) {
      queue.push(results);
      wake();
    },
    complete: () => finish(),
    error: finish,
  });
  let row = 1;
  try {
    for (;;) {
      const results = queue.shift();
      if (results !== undefined) {
        const [problem] = results.errors;
        if (problem !== undefined)
          throw new FileProblem(`${shown(path)}: row ${row + (problem.row ?? 0)}: ${problem.message.toLowerCase()}`);
        yield { cells: results.data, row };
        row += results.data.length;
        continue;
      }
      release();
      if (end?.error !== undefined) throw end.error;
      if (end !== undefined) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    text.destroy();
  }
}

function block(path: string, { cells, row }: Records, columns: CsvColumns, names: readonly string[] | undefined): Block {
  const rows: string[][] = [];
  const numbers: number[] = [];
  for (const [i, found] of cells.entries()) {
    if (found === names || isBlank(found)) continue;
    if (found.length !== columns.width) {
      const count = counted(found.length, "column");
      throw new FileProblem(`${shown(path)}: row ${row + i} has ${count}, the others have ${columns.width}: correct it`);
    }
    rows.push(found);
    numbers.push(row + i);
  }
  const rowOf = (i: number): number => numbers[i] ?? row;
  return { input: columns.convert(rows, rowOf), rowOf };
}

function isBlank(cells: readonly string[]): boolean {
  return cells.length === 1 && cells[0]?.trim() === "";
}
