/** A part of an array as a `.npy` file, in the order of its axes, and in the dtype and byte order of the file. */
import { formatHeader, MemoryStorage, type NpyArray, parseHeader, type Selection, saveSync } from "../shared/library.ts";
import { type Part, type Parts, takenOf } from "./part.ts";
import { countOf, type Span } from "./sheet.ts";
import type { Shown } from "./view.ts";

/** Bytes that are read at a time. */
const PART = 2 ** 22;

export async function* npyParts({ sheet, opened }: Shown, part: Part, signal: AbortSignal): Parts {
  const { slicing } = sheet;
  const { indices, fields } = takenOf(sheet, part);
  const selection = slicing.fixed.map((at, axis) =>
    axis === slicing.rows ? part.rows : axis === slicing.columns ? indices : at,
  );
  const shape = selection.filter((entry) => typeof entry === "object").map(countOf);
  const read = async (entries: Selection): Promise<NpyArray> =>
    (await opened.readable.select(entries, {
      order: "C",
      signal,
      ...(fields !== undefined && { fields: fields as never }),
    })) as NpyArray;
  // Parts follow each other along the first axis that the result has.
  const along = selection.findIndex((entry) => typeof entry === "object");
  const span = (selection[along] as Span | undefined) ?? { start: 0, stop: 1 };
  const rowBytes = shape.slice(1).reduce((product, size) => product * size, sheet.dtype.itemsize);
  const step = Math.max(1, Math.floor(PART / Math.max(1, rowBytes)));
  let isFirst = true;
  for (let start = span.start; start < span.stop || isFirst; start += step) {
    const stop = Math.min(span.stop, start + step);
    const array = await read(along < 0 ? selection : selection.with(along, { start, stop }));
    const bytes = bytesOf(array);
    const { headerLength } = parseHeader(bytes);
    if (isFirst)
      yield { bytes: formatHeader({ dtype: array.dtype, shape, fortranOrder: false }) as Uint8Array<ArrayBuffer>, done: 0 };
    isFirst = false;
    yield { bytes: bytes.subarray(headerLength), done: (stop - span.start) / Math.max(1, span.stop - span.start) };
  }
}

function bytesOf(array: NpyArray): Uint8Array<ArrayBuffer> {
  const storage = new MemoryStorage();
  saveSync(storage, array);
  return storage.bytes() as Uint8Array<ArrayBuffer>;
}
