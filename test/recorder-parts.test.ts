/** The parts of the recorder that need no browser. */
import { describe, expect, test } from "vitest";
import { nameOf, parsedName } from "../site/recorder/names.ts";
import { syntheticBatch } from "../site/recorder/synthetic.ts";
import { Trace } from "../site/recorder/trace.ts";

describe("names of recordings", () => {
  const date = new Date(2026, 10, 9, 7, 5, 3);

  test.each([
    [{ kind: "microphone", rate: 48_000 }, "microphone-48000-hz-2026-11-09-07-05-03.npy"],
    [{ kind: "pointer", rate: undefined }, "pointer-2026-11-09-07-05-03.npy"],
    [{ kind: "synthetic", rate: 1 }, "synthetic-1-hz-2026-11-09-07-05-03.npy"],
  ] as const)("say what is needed to continue: %o", (what, name) => {
    expect(nameOf(what, date, [])).toBe(name);
    expect(parsedName(name)).toEqual(what);
    const second = nameOf(what, date, [name]);
    expect(second).toBe(name.replace(".npy", "-2.npy"));
    expect(nameOf(what, date, [name, second])).toBe(name.replace(".npy", "-3.npy"));
    expect(parsedName(second)).toEqual(what);
  });

  test.each(["log.npy", "microphone.npy", "camera-2026-11-09-07-05-03.npy", "pointer-2026-11-09-07-05-03.npz"])(
    "of other files say nothing: %s",
    (name) => {
      expect(parsedName(name)).toBeUndefined();
    },
  );
});

describe("the test signal", () => {
  test("is the same in one batch and in several, far from its beginning, too", () => {
    const first = 3 * 10 ** 12;
    const whole = syntheticBatch(first, 100, 48);
    const parts = [syntheticBatch(first, 37, 48), syntheticBatch(first + 37, 63, 48)];
    for (const [name, values] of Object.entries(whole.input)) {
      expect(parts.flatMap(({ input }) => [...((input as Record<string, Float32Array>)[name] as Float32Array)])).toEqual([
        ...values,
      ]);
    }
  });

  test("swings between -1 and 1 in a second, and between -0.5 and 0.5 in three", () => {
    const [sine, triangle] = syntheticBatch(0, 12, 4).lines as [Float32Array, Float32Array];
    expect([...sine].map((value) => Math.round(value * 1e6) / 1e6 + 0)).toEqual([0, 1, 0, -1, 0, 1, 0, -1, 0, 1, 0, -1]);
    expect([triangle[0], triangle[3], triangle[6], triangle[9]]).toEqual([0.5, 0, -0.5, 0]);
  });
});

describe("the trace of the newest rows", () => {
  test("keeps each row where there are few", () => {
    const trace = new Trace(1, 1, 10);
    trace.add([Float32Array.of(3, 1)]);
    trace.add([Float32Array.of(2)]);
    expect(trace.points).toEqual({ rows: Float64Array.of(10, 11, 12), lines: [Float64Array.of(3, 1, 2)] });
  });

  test("keeps the smallest and the largest of each group, however the rows come", () => {
    const values = Float32Array.from({ length: 40 }, (_, i) => Math.sin(i * i) * i);
    for (const batch of [1, 3, 40]) {
      const trace = new Trace(2, 10, 0);
      for (let i = 0; i < 40; i += batch) {
        const part = values.subarray(i, i + batch);
        trace.add([part, part.map((value) => -value)]);
      }
      const groups = [0, 10, 20, 30].map((start) => values.subarray(start, start + 10));
      const extremes = groups.flatMap((group) => [Math.min(...group), Math.max(...group)]);
      const { rows, lines } = trace.points;
      expect([...rows]).toEqual([0, 5, 10, 15, 20, 25, 30, 35]);
      expect([...(lines[0] as Float64Array)]).toEqual(extremes);
      expect([...(lines[1] as Float64Array)]).toEqual(groups.flatMap((group) => [-Math.max(...group), -Math.min(...group)]));
    }
  });

  test("forgets the oldest", () => {
    const trace = new Trace(1, 2, 0);
    trace.add([Float32Array.from({ length: 5001 }, (_, i) => i)]);
    const { rows, lines } = trace.points;
    expect([rows.length, rows[0], rows.at(-1)]).toEqual([1200, 3802, 5001]);
    expect([lines[0]?.[0], lines[0]?.[1], lines[0]?.at(-1)]).toEqual([3802, 3803, 5000]);
  });
});
