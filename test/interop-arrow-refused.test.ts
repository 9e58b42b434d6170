/** What NumPy cannot hold: nulls, wherever they are, and types that it has no dtype for. */
import * as arrow from "apache-arrow";
import { describe, expect, test } from "vitest";
import { stored } from "./support/stored.ts";

const { vectorFromArray } = arrow;

/** In two chunks. */
function chunked(vector: arrow.Vector): arrow.Vector {
  return vector.slice(0, 2).concat(vector.slice(2));
}

function list(type: arrow.DataType, size: number): arrow.FixedSizeList {
  return new arrow.FixedSizeList(size, new arrow.Field("item", type));
}

describe("refused", () => {
  function refusal(input: arrow.Vector | arrow.Table | arrow.RecordBatch): unknown {
    try {
      return stored(input);
    } catch (error) {
      return error;
    }
  }

  const holed = vectorFromArray([1, 2, null, 4]);

  test.each<[string, arrow.Vector, number[]]>([
    ["a vector", holed, [2]],
    ["a slice", holed.slice(1), [1]],
    ["a later chunk", chunked(holed), [2]],
    ["strings", vectorFromArray(["a", null], new arrow.Utf8()), [1]],
    ["bools", vectorFromArray([true, null, false]).slice(1), [0]],
    ["dictionary indices", vectorFromArray(["a", null, "b"]), [1]],
    ["nothing but nulls", vectorFromArray([null, null], new arrow.Null()), [0]],
    ["lists", vectorFromArray([[1, 2], null], list(new arrow.Float32(), 2)), [1]],
    [
      "an element of a list",
      vectorFromArray(
        [
          [1, 2],
          [3, null],
        ],
        list(new arrow.Float32(), 2),
      ),
      [1, 1],
    ],
    [
      "an element of a list of lists",
      vectorFromArray(
        [
          [[1], [2]],
          [[3], [null]],
        ],
        list(list(new arrow.Float32(), 1), 2),
      ),
      [1, 1, 0],
    ],
    [
      "a value of a dictionary",
      arrow.makeVector({
        type: new arrow.Dictionary(new arrow.Int16(), new arrow.Int8()),
        data: new Int8Array([1, 1, 0]),
        dictionary: vectorFromArray([null, 7], new arrow.Int16()),
      }),
      [2],
    ],
    [
      "a structure, whose fields have none",
      arrow.makeVector(
        arrow.makeData({
          type: new arrow.Struct([new arrow.Field("x", new arrow.Float64())]),
          children: [vectorFromArray([1, 2]).data[0] as never],
          nullBitmap: new Uint8Array([0b01]),
        }),
      ),
      [1],
    ],
  ])("null in %s", (_, vector, index) => {
    expect(refusal(vector)).toMatchObject({
      name: "NpyError",
      code: "ERR_NPY_VALUE",
      index,
      message: expect.stringContaining(`t [${index.join(", ")}]: NumPy has no null`),
    });
  });

  test("a null that a dictionary has and nothing uses is none", () => {
    const vector = arrow.makeVector({
      type: new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8()),
      data: new Int8Array([1, 1]),
      dictionary: vectorFromArray([null, "b"], new arrow.Utf8()),
    });
    expect(stored(vector).values).toEqual(["b", "b"]);
  });

  test("null in a table: which column, and where", () => {
    const table = new arrow.Table({ x: vectorFromArray([1, 2, 3, 4]), y: holed });
    const expected = {
      code: "ERR_NPY_VALUE",
      field: "y",
      index: [2],
      message: expect.stringMatching(/^Field "y" at \[2\]: NumPy has no null/),
    };
    expect(refusal(table)).toMatchObject(expected);
    expect(refusal(table.slice(0, 1).concat(table.slice(1)))).toMatchObject(expected);
    const nested = new arrow.Table({ s: vectorFromArray([{ x: 1 }, { x: null }]) });
    expect(refusal(nested)).toMatchObject({ field: "s.x", index: [1] });
  });

  test.each<[string, arrow.Vector]>([
    ["lists of any length", vectorFromArray([[1], [2, 3]])],
    ["decimals", arrow.makeVector({ type: new arrow.Decimal(0, 10), data: new Uint32Array(4) } as never)],
    ["binary", vectorFromArray([new Uint8Array(2)], new arrow.Binary())],
    [
      "lists in a dictionary",
      arrow.makeVector({
        type: new arrow.Dictionary(list(new arrow.Int8(), 1), new arrow.Int8()),
        data: new Int8Array([0]),
        dictionary: vectorFromArray([[1]], list(new arrow.Int8(), 1)),
      }),
    ],
    ["structures in lists", vectorFromArray([[{ x: 1 }]], list(new arrow.Struct([new arrow.Field("x", new arrow.Int8())]), 1))],
  ])("%s", (_, vector) => {
    expect(refusal(vector)).toMatchObject({ code: "ERR_NPY_DTYPE", message: expect.stringContaining("NumPy has no dtype") });
  });

  test("two columns of one name", () => {
    const field = new arrow.Field("x", new arrow.Float64());
    const { data } = vectorFromArray([1, 2]);
    const struct = arrow.makeData({ type: new arrow.Struct([field, field]), children: [data[0] as never, data[0] as never] });
    expect(refusal(new arrow.RecordBatch(new arrow.Schema([field, field]), struct))).toMatchObject({
      code: "ERR_NPY_DTYPE",
      field: "x",
    });
  });
});
