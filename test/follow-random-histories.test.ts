/** Whatever this package does to a file whose rows stay what they are, its readers go on: `refresh` finds no other array in it. */
import { appendFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { dtype, ensureAppendable, formatHeader, NpyAppendArray, type NpyArray, NpyReader, recover, save } from "../src/node.ts";
import { mapProblem } from "../src/storage/native/mmap.ts";
import { runs } from "./support/effort.ts";
import { randomNumbers } from "./support/random-bytes.ts";
import { temporaryPath } from "./support/temporary.ts";

const SEED = Number(process.env["NPY_SEED"] ?? Date.now() % 2 ** 31);
const HISTORIES = runs(80);
const SHAPES: readonly (readonly number[])[] = [[], [3], [0], [40], [2, 2]];

test(`random histories (NPY_SEED=${SEED})`, { timeout: 120_000 }, async () => {
  const random = randomNumbers(SEED);
  const below = (count: number): number => random() % count;
  const isChosen = (): boolean => below(3) === 0;
  for (let history = 0; history < HISTORIES; history++) await live(below, isChosen, `history ${history}`);
});

/** The life of one file: each of its elements says where it is. */
async function live(below: (count: number) => number, isChosen: () => boolean, name: string): Promise<void> {
  const path = temporaryPath();
  const rowShape = SHAPES[below(SHAPES.length)] as readonly number[];
  const width = rowShape.reduce((product, size) => product * size, 1);
  const fortranOrder = rowShape.length > 0 && isChosen();
  const shapeOf = (rows: number): number[] => (fortranOrder ? [...rowShape, rows] : [rows, ...rowShape]);
  const rowsFrom = (first: number, rows: number) => ({
    data: Float64Array.from({ length: rows * width }, (_, i) => first * width + i),
    shape: shapeOf(rows),
    dtype: dtype("<f8"),
    fortranOrder,
  });
  let rows = below(2) * below(200);
  const log: string[] = [];
  const readers: NpyReader[] = [];
  const openReader = async (): Promise<void> => {
    readers.push(await NpyReader.open(path, { mmap: isChosen() && mapProblem(false) === undefined }));
  };
  const look = async (): Promise<void> => {
    for (const reader of readers) {
      const context = `${name}: ${log.join(" ")}`;
      await reader.refresh().catch((error: unknown) => Promise.reject(new Error(context, { cause: error })));
      const last = Math.max(0, reader.length - 1);
      const { data } = (await reader.read(last)) as NpyArray<"<f8">;
      expect(data, context).toEqual(rowsFrom(last, reader.length - last).data);
    }
  };
  const grow = async (): Promise<void> => {
    const npaa = await NpyAppendArray.open(path, {
      onNotAppendable: "rewrite",
      rewriteHeaderOnAppend: isChosen(),
      mmap: isChosen() && mapProblem(true) === undefined,
      durability: (["os", "data", "full"] as const)[below(12)] ?? "os",
    });
    for (let appends = below(5); appends > 0; appends--) {
      if (isChosen()) {
        const wrong = { data: new Float64Array(4), shape: [1, 1, 1, 1, 4] };
        await expect(npaa.append(wrong)).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
      }
      const added = below(10) === 0 ? 3000 : below(20);
      await npaa.append(rowsFrom(rows, added));
      rows += added;
      log.push(`+${added}`);
      if (isChosen()) await npaa.updateHeader();
      await look();
    }
    await npaa.close();
  };
  const appendUncounted = async (): Promise<void> => {
    appendFileSync(path, new Uint8Array(rowsFrom(rows, 2).data.buffer));
    await look();
    rows = (await recover(path, { dropUncounted: isChosen() })).rowsAfter;
  };
  const actions: Record<string, () => unknown> = {
    grow,
    growAgain: grow,
    copy: () => ensureAppendable(path),
    inPlace: () => ensureAppendable(path, { inplace: true }),
    appendUncounted,
    saveTheSame: () => save(path, rowsFrom(0, rows), { fortranOrder }),
    openReader,
  };
  const layout = { dtype: dtype("<f8"), fortranOrder, shape: shapeOf(rows) };
  const header = formatHeader(isChosen() ? layout : { ...layout, headerLength: 96 });
  writeFileSync(path, Buffer.concat([header, new Uint8Array(rowsFrom(0, rows).data.buffer)]));
  await openReader();
  await grow();
  for (let steps = 8; steps > 0; steps--) {
    const [action, act] = Object.entries(actions)[below(Object.keys(actions).length)] as [string, () => unknown];
    log.push(action);
    await act();
    await look();
  }
  for (const reader of readers) await reader.close();
  expect(readdirSync(dirname(path))).toEqual(["array.npy"]);
}
