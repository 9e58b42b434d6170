/** Compression as a part of plans: asynchronously block by block, synchronously all at once. */
import { NpyError } from "../errors.ts";
import { type Plan, perform } from "../plan/step.ts";
import { runtimeDeflate } from "../storage/deflate.ts";
import type { Eventually } from "../storage/storage.ts";

interface Deflating {
  push(bytes: Uint8Array): Eventually<readonly Uint8Array[]>;
  finish(): Eventually<readonly Uint8Array[]>;
  end(): void;
}

/** Compresses a member, block by block. What it returns may be more or fewer bytes than it was given. */
export interface Compressor {
  push(bytes: Uint8Array): Plan<readonly Uint8Array[]>;
  finish(): Plan<readonly Uint8Array[]>;
  /** Gives up before {@link finish}. */
  end(): void;
}

export function* startCompressor(): Plan<Compressor> {
  const deflating = yield* perform<Deflating>(atOnce, () => runtimeDeflate().deflater());
  const step = (work: () => Eventually<readonly Uint8Array[]>): Plan<readonly Uint8Array[]> =>
    perform(work as () => readonly Uint8Array[], work);
  return {
    push: (bytes) => step(() => deflating.push(bytes)),
    finish: () => step(() => deflating.finish()),
    end: () => deflating.end(),
  };
}

function atOnce(): Deflating {
  const { deflateSync } = runtimeDeflate();
  if (deflateSync === undefined) {
    throw new NpyError("ERR_NPY_OPTION", "This runtime compresses only asynchronously: await saveNpz, or leave compress out.");
  }
  const parts: Uint8Array[] = [];
  return {
    push(bytes) {
      parts.push(bytes.slice());
      return [];
    },
    finish() {
      const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
      let at = 0;
      for (const part of parts) {
        all.set(part, at);
        at += part.length;
      }
      return [deflateSync(all)];
    },
    end: () => undefined,
  };
}
