/** Out of the browser: copies a file to where the user chose, or into a stream. */
import { NpyError, quoted } from "../errors.ts";
import { parseHeader } from "../format/header.ts";
import { dataLength } from "../format/layout.ts";
import { readHeader, readStart } from "../plan/read/header.ts";
import { run } from "../plan/run.ts";
import { type Plan, size } from "../plan/step.ts";
import { type FileLike, locate } from "../storage/locate.ts";
import type { StorageFile } from "../storage/storage.ts";
import { outward } from "../verb.ts";

/** Bytes of one chunk: the only memory that is taken. */
const CHUNK = 2 ** 20;

/** A file that the user chose to write to, such as the `FileSystemFileHandle` of `showSaveFilePicker`. */
export interface WritableFileHandle {
  createWritable(): Promise<WritableStream<Uint8Array>>;
}

/** What {@link exportFile} heeds. */
export interface ExportOptions {
  /**
   * Stops: the stream is aborted with its reason, and a file that was chosen stays as it was.
   *
   * @defaultValue none
   * @example signal: AbortSignal.timeout(60_000)
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called with the bytes that were written, and those of the whole file.
   *
   * @defaultValue none
   * @example onProgress: (done, total) => console.log(done / total)
   */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Copies a `.npy` file to `target`, a file that the user chose or a stream, which is closed at its end. Holds 1 MiB of it in memory. Rows that are appended
 * meanwhile are left out: what arrives is the file of the rows that were there at first. Other files are copied as they are.
 *
 * @returns the number of bytes.
 * @throws NpyError `ERR_NPY_NEEDS_RECOVERY` if the file ends before its rows do, `ERR_NPY_OPTION` for another target; errors of the storage and the
 * stream. The stream is aborted then.
 *
 * @example
 * ```ts
 * const storage = await opfsFile("recordings/today.npy");
 * await exportFile(storage, await showSaveFilePicker({ suggestedName: "today.npy" }));
 * ```
 */
export async function exportFile(
  source: FileLike,
  target: WritableFileHandle | WritableStream<Uint8Array>,
  { signal, onProgress }: ExportOptions = {},
): Promise<number> {
  const storage = locate(source);
  try {
    signal?.throwIfAborted();
    const file = await storage.open("r");
    try {
      const { header, total } = await run(contentOf(file));
      const writer = (await streamTo(target)).getWriter();
      try {
        for (let done = 0; done < total; onProgress?.(done, total)) {
          // Chunks may be kept by the stream: each has memory of its own.
          const chunk = new Uint8Array(Math.min(CHUNK, total - done));
          if ((await file.read(chunk, done)) < chunk.length) throw cutShort();
          if (done === 0) chunk.set(header.subarray(0, CHUNK));
          signal?.throwIfAborted();
          await writer.ready;
          await writer.write(chunk);
          done += chunk.length;
        }
        await writer.close();
        return total;
      } catch (error) {
        await writer.abort(error).catch(() => undefined);
        throw error;
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw outward(error, storage.path, exportFile);
  }
}

/** What is to be copied: `header`, if there is one, and then the rest of the file up to `total`. */
function* contentOf(file: StorageFile): Plan<{ readonly header: Uint8Array; readonly total: number }> {
  let header: Uint8Array;
  try {
    const { headerLength } = yield* readHeader(file);
    // Not read again: it may count more rows by then.
    header = yield* readStart(file, headerLength);
  } catch (error) {
    if (!(error instanceof NpyError) || error.code !== "ERR_NPY_HEADER") throw error;
    return { header: new Uint8Array(0), total: yield* size(file) };
  }
  const total = header.length + dataLength(parseHeader(header, { maxHeaderSize: header.length }));
  const found = yield* size(file);
  if (found >= total) return { header, total };
  throw new NpyError(
    "ERR_NPY_NEEDS_RECOVERY",
    `The file has ${found} bytes where its header says ${total}: call recover first, or take its blob() as it is.`,
  );
}

function cutShort(): NpyError {
  return new NpyError("ERR_NPY_CHANGED", "The file was cut while it was being copied: export it again.");
}

async function streamTo(target: WritableFileHandle | WritableStream<Uint8Array>): Promise<WritableStream<Uint8Array>> {
  if (typeof target === "object" && target !== null) {
    if ("createWritable" in target) return await target.createWritable();
    if ("getWriter" in target) return target;
  }
  throw new NpyError(
    "ERR_NPY_OPTION",
    `Expected a file handle of showSaveFilePicker, or a WritableStream: found ${quoted(target)}. For a download, take the file's blob().`,
  );
}
