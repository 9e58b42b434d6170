/** How much a test does: `npm test` tries a part of the cases, `npm run test:all` all of them. */
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    isFull: boolean;
  }
}

/** Whether this is `npm run test:all`. */
export const isFull: boolean = inject("isFull");

/** A number of random cases: in `npm test` a tenth of it, unless another part is given. */
export function runs(full: number, part = 0.1): number {
  return isFull ? full : Math.ceil(full * part);
}

/** The cases of a table: in `npm test` every `step`-th. */
export function sampled<Case>(cases: readonly Case[], step: number): Case[] {
  return isFull ? [...cases] : cases.filter((_, i) => i % step === 0);
}
