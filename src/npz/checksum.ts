/** Verifies the checksum of a member while it is read. */
import { NpyError } from "../errors.ts";
import { combineCrc32, crc32 } from "./crc32.ts";
import type { Member } from "./zip-directory.ts";

interface Piece {
  readonly crc: number;
  readonly length: number;
}

/** The checksum of what was read of a member from its beginning on without a gap. Reads of other parts are not counted. */
export class Checksum {
  readonly #member: Pick<Member, "crc" | "size">;
  #end = 0;
  #value = 0;
  /** Parts that were read before those in front of them, by where they begin. */
  readonly #later: Map<number, Piece> | undefined;

  /** With `isWhole` all will be read, parts of it in any order. */
  constructor(member: Pick<Member, "crc" | "size">, isWhole: boolean) {
    this.#member = member;
    this.#later = isWhole ? new Map() : undefined;
  }

  /** Whether bytes from there on will count at once. */
  counts(position: number): boolean {
    return position <= this.#end;
  }

  /** Counts bytes that were read. @throws NpyError `ERR_NPY_HEADER` if they were the last, and the checksum is another. */
  add(bytes: Uint8Array, position: number): void {
    const end = position + bytes.length;
    if (this.#end < end && position <= this.#end) {
      this.#value = crc32(bytes.subarray(this.#end - position), this.#value);
      this.#end = end;
      for (let next = this.#take(); next !== undefined; next = this.#take()) {
        this.#value = combineCrc32(this.#value, next.crc, next.length);
        this.#end += next.length;
      }
    } else if (position > this.#end) {
      this.#later?.set(position, { crc: crc32(bytes), length: bytes.length });
    }
    if (this.#end === this.#member.size && this.#value !== this.#member.crc) throw wrongChecksum();
  }

  #take(): Piece | undefined {
    const found = this.#later?.get(this.#end);
    this.#later?.delete(this.#end);
    return found;
  }
}

function wrongChecksum(): NpyError {
  return new NpyError(
    "ERR_NPY_HEADER",
    "Its bytes do not have the checksum that the archive says: they are damaged. Get the archive again, or save it again.",
  );
}
