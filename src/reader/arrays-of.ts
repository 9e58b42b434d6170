/** Files into which several arrays were saved, one after the other. */
import { NpyError } from "../errors.ts";
import { dataLength } from "../format/layout.ts";
import { run, runSync } from "../plan/run.ts";
import { type Plan, size } from "../plan/step.ts";
import { type FileLike, locate } from "../storage/locate.ts";
import type { Storage } from "../storage/storage.ts";
import { windowOf } from "../storage/window.ts";
import { attempt } from "../verb.ts";
import { NpyReader } from "./npy-reader.ts";
import type { NpyReaderSync } from "./npy-reader-sync.ts";
import type { OpenArray } from "./open-array.ts";
import { openArrayOf, whileOpen } from "./open-readers.ts";
import { checkReaderOptions, type ReaderOptions } from "./reader-options.ts";

/** The arrays of a file, from the first to the last. */
class Walk {
  /** Where the next array begins. */
  offset = 0;
  isAtEnd = false;
  readonly #storage: Storage;
  #key: unknown;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  get window(): Storage {
    return windowOf(this.#storage, this.offset);
  }

  /** Goes past the array that was opened. */
  *pass({ file, header }: OpenArray<unknown>): Plan<void> {
    const { key } = file;
    const end = header.headerLength + dataLength(header);
    if (this.offset > 0 && key !== this.#key) {
      throw this.#error("ERR_NPY_CHANGED", "Another file took the place of this one while its arrays were read: start again.");
    }
    this.#key = key;
    // What follows the rows of a file that a writer with `mmap: true` has reserved room in is no array.
    this.isAtEnd = header.reservesTail || end >= (yield* size(file));
    this.offset += end;
  }

  /** The error of an array that could not be opened. Those of the first one are those of any file. */
  failed(error: unknown): unknown {
    if (!(error instanceof NpyError) || this.offset === 0) return error;
    const advice =
      error.code === "ERR_NPY_NEEDS_RECOVERY"
        ? " It repairs files of one array: copy the bytes from there on into a file of their own."
        : "";
    const message = `At byte ${this.offset}, where the array before it ends, no readable array begins: ${error.reason}${advice}`;
    return this.#error(error.code, message, error);
  }

  #error(code: NpyError["code"], message: string, cause?: NpyError): NpyError {
    const { position, row } = cause ?? {};
    return new NpyError(code, message, { cause, path: this.#storage.path, offset: this.offset, position, row });
  }
}

/** Checks before anything is opened. */
function arraysIn(file: FileLike, options: object): Storage {
  const storage = locate(file);
  attempt(storage.path, () => checkReaderOptions(options));
  return storage;
}

/**
 * Each array of a file into which several were saved one after the other, as by `numpy.save(f, a); numpy.save(f, b)`, in their order.
 *
 * Each reader has the file open by itself, and belongs to you: it may be used and closed at any time, also after the loop. An array is opened
 * when it is asked for. Of a URL that takes one request each.
 *
 * @throws NpyError what `NpyReader.open` throws; its `offset` is the byte at which an array was expected. `ERR_NPY_HEADER` if bytes after an array
 * begin no other, `ERR_NPY_DTYPE` for pickled arrays, whose length only Python knows, `ERR_NPY_CHANGED` if the file is replaced meanwhile.
 * @example
 * ```ts
 * for await (const reader of arraysOf("log.npy")) {
 *   console.log(reader.offset, reader.shape);
 *   await reader.close();
 * }
 * ```
 */
export function arraysOf<const D = unknown>(file: FileLike, options: ReaderOptions<D> = {}): AsyncIterable<NpyReader<D>> {
  const storage = arraysIn(file, options);
  return {
    async *[Symbol.asyncIterator]() {
      for (const walk = new Walk(storage); !walk.isAtEnd; ) {
        const reader = await NpyReader.open<D>(walk.window, options).catch((error: unknown) => {
          throw walk.failed(error);
        });
        try {
          await whileOpen(reader, async (array) => run(walk.pass(array)));
        } catch (error) {
          await reader.close();
          throw error;
        }
        yield reader;
      }
    },
  };
}

/** {@link arraysOf}, synchronously. */
export function arraysOfSync<const D = unknown>(file: FileLike, options: ReaderOptions<D> = {}): Iterable<NpyReaderSync<D>> {
  const storage = arraysIn(file, options);
  return {
    *[Symbol.iterator]() {
      for (const walk = new Walk(storage); !walk.isAtEnd; ) {
        const reader = openedSync<D>(walk, options);
        try {
          runSync(walk.pass(openArrayOf(reader)));
        } catch (error) {
          reader.close();
          throw error;
        }
        yield reader;
      }
    },
  };
}

function openedSync<D>(walk: Walk, options: ReaderOptions<D>): NpyReaderSync<D> {
  try {
    return NpyReader.openSync<D>(walk.window, options);
  } catch (error) {
    throw walk.failed(error);
  }
}
