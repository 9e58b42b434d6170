/** Reading archives synchronously. */
import type { NpyArray } from "../decode/npy-array.ts";
import { runSync } from "../plan/run.ts";
import { NpyReader } from "../reader/npy-reader.ts";
import type { NpyReaderSync } from "../reader/npy-reader-sync.ts";
import type { LoadOptions, ReaderOptions } from "../reader/reader-options.ts";
import { attempt } from "../verb.ts";
import type { Archive } from "./archive.ts";
import { ArchiveReader, loadMember, ofMember } from "./archive-reader.ts";
import { memberStorage } from "./member.ts";

/** {@link NpzReader}, synchronously. */
export class NpzReaderSync extends ArchiveReader implements Disposable {
  readonly #archive: Archive;

  /** @internal Use {@link openNpzSync}. */
  constructor(archive: Archive) {
    super(archive, "NpzReaderSync");
    this.#archive = archive;
  }

  /** {@link NpzReader.open}, synchronously. A compressed array is decompressed whole, into memory, when its rows are first read. */
  open<const D = unknown>(name: string, options: ReaderOptions<D> = {}): NpyReaderSync<D> {
    return attempt(this.path, () => {
      this.checkOpen();
      const archive = this.#archive;
      const member = archive.member(name);
      try {
        return NpyReader.openSync<D>(runSync(memberStorage(archive, member, false)), options);
      } catch (error) {
        throw ofMember(error, archive, member);
      }
    });
  }

  /** {@link NpzReader.load}, synchronously. */
  load<const D = unknown>(name: string, options: LoadOptions<D> = {}): NpyArray<D> {
    return attempt(this.path, () => {
      this.checkOpen();
      const archive = this.#archive;
      return runSync(loadMember<D>(archive, archive.member(name), options));
    });
  }

  /** {@link NpzReader.close}, synchronously. */
  close(): void {
    if (this.markClosed()) attempt(this.path, () => this.#archive.releaseSync());
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
