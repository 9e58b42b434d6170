/** Random parts of random arrays against NumPy itself: `a[selection]`, `numpy.take`, fields, and either order. */
import { Buffer } from "node:buffer";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadSync, type NpyArray, NpyReader, RecordArray, type Selection } from "../src/node.ts";
import { numpyVersion, python } from "./support/numpy.ts";
import { Cases, DTYPES, fileOf, randomElements } from "./support/selections.ts";
import { lacksMappings } from "./support/systems.ts";
import { temporaryDirectory } from "./support/temporary.ts";

/** NumPy does not keep what is between the fields of records. */
function withoutPadding(array: NpyArray): object {
  const { data } = array;
  return { ...array, data: data instanceof RecordArray ? [...data] : data };
}

const FILES = 400;
const PARTS = 10;

const PROGRAM = `
import base64, io
from numpy.lib.recfunctions import repack_fields
def entry(e):
    if e is None or isinstance(e, int): return slice(None) if e is None else e
    return slice(e.get("start"), e.get("stop"), e.get("step"))
found = []
for case in data:
    a = np.load(case["path"])
    for part in case["parts"]:
        if "rows" in part:
            b = np.take(a, np.array(part["rows"], np.int64), axis=a.ndim - 1 if case["isFortran"] else 0)
        else:
            # The ellipsis keeps an array where all axes are dropped.
            b = a[tuple(entry(e) for e in part["selection"]) + (Ellipsis,)]
            if part.get("fields"): b = repack_fields(b[part["fields"]])
        file = io.BytesIO()
        order = part.get("order") or ("F" if case["isFortran"] else "C")
        np.save(file, np.asfortranarray(b) if order == "F" and np.ndim(b) > 1 else np.asarray(b, order="C"))
        found.append(base64.b64encode(file.getvalue()).decode())
print(json.dumps(found))
`;

test.runIf(numpyVersion !== undefined)("thousands of random parts are what NumPy gives", { timeout: 300_000 }, async () => {
  const seed = Number(process.env["NPY_SEED"] ?? Date.now() % 2 ** 31);
  const cases = new Cases(seed);
  const directory = temporaryDirectory();
  const hasMmap = !lacksMappings;
  const asked = Array.from({ length: FILES }, (_, i) => {
    // NumPy does not load elements without a size from a file as it saves them.
    const like = cases.of(DTYPES.filter((one) => one !== "|V0" && one !== "|S0"));
    const elements = randomElements(like, cases.shape(), cases.random);
    const isFortran = elements.shape.length > 1 && cases.below(2) === 0;
    const path = join(directory, `${i}.npy`);
    writeFileSync(path, fileOf(elements, isFortran));
    const length = elements.shape[isFortran ? elements.shape.length - 1 : 0] as number;
    const parts = Array.from({ length: PARTS }, (_, k) => {
      const order = cases.of([undefined, "C", "F"] as const);
      if (k % 2 === 0) return { rows: Array.from(cases.rows(length), Number), order };
      const fields = typeof like === "string" ? undefined : cases.of([undefined, ["pos", "t"], ["id"], ["name", "id", "t"]]);
      return { selection: cases.selection(elements.shape), fields, order };
    });
    return { path, isFortran, parts };
  });
  const plain = JSON.stringify(asked, (_, value) => (typeof value === "bigint" ? Number(value) : value));
  const expected = python<string[]>(PROGRAM, JSON.parse(plain)).map((text) => loadSync(Buffer.from(text, "base64")));
  let next = 0;
  for (const { path, parts } of asked) {
    const readers = [
      NpyReader.openSync(path),
      await NpyReader.open(path),
      ...(hasMmap ? [NpyReader.openSync(path, { mmap: true })] : []),
    ];
    for (const part of parts) {
      const one = expected[next++] as (typeof expected)[number];
      for (const reader of readers) {
        const { order } = part;
        const found =
          part.rows === undefined
            ? await reader.select(part.selection as Selection, { order, ...(part.fields && { fields: part.fields }) })
            : await reader.take(part.rows, { order });
        // Where elements lie alike in both orders, NumPy says C, and we what the file says.
        const isEither = found.shape.filter((size) => size !== 1).length < 2 || found.shape.includes(0);
        const { fortranOrder } = isEither ? found : one;
        expect(withoutPadding(found), `NPY_SEED=${seed}`).toEqual(withoutPadding({ ...one, fortranOrder }));
      }
    }
    for (const reader of readers) await reader.close();
  }
  expect(next).toBe(FILES * PARTS);
});
