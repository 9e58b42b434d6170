/** The queue of operations that wait. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Fifo } from "../src/memory/fifo.ts";

test("what was added first is taken first, as from an array that is shifted", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -3000, max: 3000 }), { maxLength: 20 }), (counts) => {
      const fifo = new Fifo<number>();
      const expected: number[] = [];
      let next = 0;
      for (const count of counts) {
        for (let i = 0; i < count; i++) {
          fifo.push(next);
          expected.push(next++);
        }
        for (let i = 0; i < -count; i++) expect(fifo.take()).toBe(expected.shift());
        expect(fifo.last).toBe(expected.at(-1));
      }
      for (const item of expected) expect(fifo.take()).toBe(item);
      expect(fifo.take()).toBeUndefined();
      expect(fifo.last).toBeUndefined();
    }),
    { numRuns: 50 },
  );
});
