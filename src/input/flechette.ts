/** Columns of flechette, another library for Apache Arrow (tables of arquero's `toArrow()` have them), as the vectors that `arrow.ts` reads. */
import type { FlechetteColumn } from "./array-input.ts";
import { type Chunk, ID, type Type, type Values, type Vector } from "./arrow.ts";

interface FlechetteType extends Type {
  readonly signed?: boolean;
  /** Elements of a list, or bytes of a binary, of fixed size. */
  readonly stride?: number;
  readonly children: readonly { readonly name: string; readonly type: FlechetteType }[];
  /** The type of a dictionary's words. */
  readonly dictionary: FlechetteType;
}

interface Batch {
  readonly type: FlechetteType;
  readonly length: number;
  readonly nullCount: number;
  /** A bit for each element; `undefined` where none is null. */
  readonly validity: Uint8Array | undefined;
  readonly values: Values;
  readonly children: readonly Batch[];
  readonly dictionary: FlechetteColumn | undefined;
  at(index: number): unknown;
}

/** The names, in Arrow, of the types that NumPy has no dtypes for. */
const NAMES: { readonly [typeId: number]: string } = {
  4: "Binary",
  7: "Decimal",
  11: "Interval",
  12: "List",
  14: "Union",
  17: "Map",
  19: "LargeBinary",
  21: "LargeList",
  22: "RunEndEncoded",
  23: "BinaryView",
  25: "ListView",
  26: "LargeListView",
};

export function vectorOfColumn({ type, data }: FlechetteColumn): Vector {
  return vectorOf(type as FlechetteType, data as readonly Batch[]);
}

function vectorOf(own: FlechetteType, batches: readonly Batch[]): Vector {
  // Only batches have a dictionary.
  const isEmptyDictionary = own.typeId === ID.dictionary && batches.length === 0;
  const given = isEmptyDictionary ? own.dictionary : own;
  const type = arrowType(given);
  const { children = [], stride = 1 } = given;
  const starts = [0];
  for (const { length } of batches) starts.push((starts.at(-1) as number) + length);
  const at = (index: number): [Batch | undefined, number] => {
    const i = starts.findLastIndex((start) => start <= index);
    return [batches[i], index - (starts[i] as number)];
  };
  return {
    type,
    data: batches.map((batch) => chunkOf(batch, type)),
    length: starts.at(-1) as number,
    numChildren: children.length,
    get(index) {
      const [batch, within] = at(index);
      return batch?.at(within);
    },
    isValid(index) {
      const [batch, within] = at(index);
      return batch !== undefined && isValidIn(batch, within);
    },
    getChildAt(i) {
      const parts = batches.map((batch) => batch.children[i] as Batch);
      const isList = type.typeId === ID.fixedSizeList;
      const cut = isList ? parts.map((part, b) => shortened(part, (batches[b] as Batch).length * stride)) : parts;
      return vectorOf((children[i] as { readonly type: FlechetteType }).type, cut);
    },
  };
}

/** A list's elements may be followed by padding. */
function shortened(batch: Batch, length: number): Batch {
  return batch.length === length ? batch : Object.create(batch, { length: { value: length } });
}

function arrowType(type: FlechetteType): Type {
  const { signed = false, stride = 1, children = [] } = type;
  const shown = { toString: () => NAMES[type.typeId] ?? `type ${type.typeId}` };
  return { ...type, ...shown, children, isSigned: signed, listSize: stride, byteWidth: stride };
}

function chunkOf(batch: Batch, type: Type): Chunk {
  const { length, nullCount, values, dictionary } = batch;
  return {
    type,
    length,
    offset: 0,
    stride: type.typeId === ID.fixedSizeBinary ? type.byteWidth : 1,
    values,
    nullCount,
    dictionary: dictionary && vectorOfColumn(dictionary),
    getValid: (index) => isValidIn(batch, index),
  };
}

function isValidIn({ validity, nullCount }: Batch, index: number): boolean {
  if (nullCount === 0 || validity === undefined || validity.length === 0) return true;
  return (((validity[index >> 3] as number) >> (index & 7)) & 1) === 1;
}
