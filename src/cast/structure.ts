/**
 * Structures are converted field by field, in order, whatever the names: NumPy's "Assignment from other structured arrays". Each field has
 * its own byte order, so bytes are not in native order here. Padding becomes zero.
 */
import { NpyError } from "../errors.ts";
import { type DType, showDType } from "../format/dtype.ts";
import { isNative } from "../format/scalars.ts";
import { swapBytes } from "../memory/byte-order.ts";
import { copyField, flatten, inField } from "../memory/fields.ts";
import { type Conversion, type Kernel, makeScratch } from "./kernel.ts";

type ConversionOf = (from: DType, to: DType) => Conversion;

/** The conversion between two dtypes, at least one of them with fields; `conversionOf` converts the fields. */
export function structureConversion(from: DType, to: DType, conversionOf: ConversionOf): Conversion {
  const sources = placesOf(from);
  const targets = placesOf(to);
  // A scalar is stored in every field.
  const isSpread = from.fields === undefined;
  if (!isSpread && sources.length !== targets.length) throw impossible(from, to);
  const columns = targets.map((target, i) =>
    columnConversion(sources[isSpread ? 0 : i] as Place, target, from, to, conversionOf),
  );
  return {
    convert: (source, target) => {
      target.fill(0);
      for (const { convert } of columns) convert(source, target);
    },
    canFail: columns.some(({ canFail }) => canFail),
  };
}

function impossible(from: DType, to: DType): NpyError {
  return new NpyError(
    "ERR_NPY_CAST",
    `There is no conversion from ${showDType(from)} to ${showDType(to)}: convert the data first.`,
  );
}

interface Place {
  readonly name?: string;
  readonly dtype: DType;
  readonly offset: number;
}

function placesOf(type: DType): readonly Place[] {
  return type.fields ?? [{ dtype: type, offset: 0 }];
}

/** Takes one field out of all records, converts it and puts it in its place. */
function columnConversion(source: Place, target: Place, from: DType, to: DType, conversionOf: ConversionOf): Conversion {
  const given = flatten(source.dtype);
  const wanted = flatten(target.dtype);
  const isSameShape = given.shape.join() === wanted.shape.join();
  // NumPy also stretches and cuts sub-arrays of other shapes, which is more likely a mistake.
  if (!isSameShape && given.count !== 1) throw impossible(from, to);
  const { convert, canFail } = conversionOf(given.element, wanted.element);
  const { name } = target;
  const gathered = makeScratch();
  const converted = makeScratch();
  const convertColumn: Kernel = (bytes, out) => {
    const records = from.itemsize === 0 ? out.length / to.itemsize : bytes.length / from.itemsize;
    const taken = source.dtype.itemsize;
    const input = gathered(records * taken);
    copyField(
      { bytes, offset: source.offset, stride: from.itemsize },
      { bytes: input, offset: 0, stride: taken },
      taken,
      records,
    );
    if (!isNative(given.element)) swapBytes(input, given.element);
    const width = given.count * wanted.element.itemsize;
    const output = converted(records * width);
    if (name === undefined) convert(input, output);
    else inField(name, () => convert(input, output));
    if (!isNative(wanted.element)) swapBytes(output, wanted.element);
    const column = { bytes: output, offset: 0, stride: width };
    for (let offset = target.offset; offset < target.offset + target.dtype.itemsize; offset += width) {
      copyField(column, { bytes: out, offset, stride: to.itemsize }, width, records);
    }
  };
  return { convert: convertColumn, canFail };
}
