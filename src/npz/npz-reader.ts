/** Reading `.npz` archives: the directory, and then only what is asked for. */
import type { NpyArray } from "../decode/npy-array.ts";
import { abortSignal, checkOptions, INSPECT_OPTIONS } from "../options.ts";
import { run } from "../plan/run.ts";
import { NpyReader } from "../reader/npy-reader.ts";
import type { LoadOptions, ReaderOptions } from "../reader/reader-options.ts";
import type { FileLike } from "../storage/locate.ts";
import type { ReadLimits } from "../storage/storage.ts";
import { attemptLater, onFile, onFileSync } from "../verb.ts";
import { Archive } from "./archive.ts";
import { ArchiveReader, type LoadNpzOptions, loadingAll, loadMember, ofMember } from "./archive-reader.ts";
import { memberStorage } from "./member.ts";
import { NpzReaderSync } from "./npz-reader-sync.ts";

const { maxHeaderSize: _, ...READ_LIMITS } = INSPECT_OPTIONS;

/**
 * An archive of arrays that is open.
 *
 * @example
 * ```ts
 * await saveNpz("points.npz", { xy: [[1, 2], [3, 4]], id: Int32Array.of(7, 8) });
 * await using npz = await openNpz("points.npz");
 * npz.names; // ["xy", "id"]
 * const { data } = await npz.load("id"); // Int32Array [7, 8]
 * ```
 */
export class NpzReader extends ArchiveReader implements AsyncDisposable {
  readonly #archive: Archive;
  #closed: Promise<void> | undefined;

  /** @internal Use {@link openNpz}. */
  constructor(archive: Archive) {
    super(archive, "NpzReader");
    this.#archive = archive;
  }

  /**
   * Opens an array, by its name with or without `.npy`. The reader belongs to you, and may be used after the archive was closed.
   *
   * A member that is not compressed is read like a file: only what is asked for, and mapped with `mmap: true`. A compressed one is decompressed up
   * to what is asked for, and from its beginning again if a read goes back: read it in order. Once it was read in order and to its end, its checksum
   * has been verified.
   *
   * @throws NpyError `ERR_NPY_OPTION` if there is no such member; `ERR_NPY_HEADER` for one that is no `.npy` file, encrypted, damaged, or compressed
   * by another method than deflate; what {@link NpyReader.open} throws.
   */
  async open<const D = unknown>(name: string, options: ReaderOptions<D> = {}): Promise<NpyReader<D>> {
    return await attemptLater(this.path, async () => {
      this.checkOpen();
      const archive = this.#archive;
      const member = archive.member(name);
      const signal = abortSignal(options?.signal, "signal");
      archive.retain();
      try {
        return await NpyReader.open<D>(await run(memberStorage(archive, member, false), signal), options);
      } catch (error) {
        throw ofMember(error, archive, member);
      } finally {
        await archive.release();
      }
    });
  }

  /**
   * Reads a whole array, and verifies its checksum.
   *
   * @throws NpyError what {@link open} throws; `ERR_NPY_HEADER` if the checksum is another.
   */
  async load<const D = unknown>(name: string, options: LoadOptions<D> = {}): Promise<NpyArray<D>> {
    return await attemptLater(this.path, async () => {
      this.checkOpen();
      const archive = this.#archive;
      const member = archive.member(name);
      const signal = abortSignal(options?.signal, "signal");
      archive.retain();
      try {
        return await run(loadMember<D>(archive, member, options), signal);
      } finally {
        await archive.release();
      }
    });
  }

  /** Closes the archive; its file is closed once readers of its members are, too. Idempotent. */
  close(): Promise<void> {
    if (this.markClosed()) this.#closed = attemptLater(this.path, () => this.#archive.release());
    return this.#closed as Promise<void>;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Opens an `.npz` archive, as `numpy.load` does. Reads its directory: of a Blob or URL by two or three ranges, whatever the archive's size.
 *
 * @throws NpyError `ERR_NPY_HEADER` if it is no archive, or its directory is damaged; the file system's and the connection's own errors.
 * @example
 * ```ts
 * await saveNpz("points.npz", { xy: [[1, 2], [3, 4]] });
 * await using npz = await openNpz("points.npz");
 * await using reader = await npz.open("xy", { dtype: "float64" });
 * const { data } = await reader.read(-1); // Float64Array [3, 4]
 * ```
 */
export async function openNpz(file: FileLike, options: ReadLimits = {}): Promise<NpzReader> {
  return new NpzReader(await onFile((storage, given) => Archive.open(storage, checkOptions(given, READ_LIMITS)), file, options));
}

/** {@link openNpz}, synchronously. */
export function openNpzSync(file: FileLike): NpzReaderSync {
  return new NpzReaderSync(onFileSync((storage) => Archive.open(storage, {}), file, {}));
}

/**
 * Loads all arrays of an archive, and verifies their checksums. Members that are not `.npy` files are left out.
 *
 * @throws NpyError what {@link openNpz} and {@link NpzReader.load} throw.
 * @example
 * ```ts
 * await saveNpz("points.npz", { id: Int32Array.of(7, 8) });
 * const { id } = await loadNpz("points.npz");
 * id?.data; // Int32Array [7, 8]
 * ```
 */
export async function loadNpz(file: FileLike, options: LoadNpzOptions = {}): Promise<{ [name: string]: NpyArray }> {
  return await onFile(loadingAll, file, options);
}

/** {@link loadNpz}, synchronously. Where the runtime has no synchronous decompression, only arrays that are not compressed can be read. */
export function loadNpzSync(file: FileLike, options: LoadNpzOptions = {}): { [name: string]: NpyArray } {
  return onFileSync(loadingAll, file, options);
}
