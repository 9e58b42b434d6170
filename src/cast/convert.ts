/** Chooses the conversion from one dtype to another. `can-cast.ts` decides whether it is allowed. */
import { NpyError } from "../errors.ts";
import { type DType, nativeDType, showDType } from "../format/dtype.ts";
import { isLongDouble } from "../format/scalars.ts";
import { datetimeConversion } from "./datetime.ts";
import { type Conversion, chain, copyBytes } from "./kernel.ts";
import { numberCode, numberKernel } from "./numbers.ts";
import { structureConversion } from "./structure.ts";
import { isText, textConversion } from "./text.ts";

/**
 * The conversion that NumPy's `astype` does. Both sides are in this machine's byte order, unless one of them is a structure: then in
 * the dtypes' own.
 *
 * @throws NpyError `ERR_NPY_CAST` if there is none: from raw bytes (V), of long doubles, among structures of another build.
 */
export function conversionOf(from: DType, to: DType): Conversion {
  if (from.fields !== undefined || to.fields !== undefined) return structureConversion(from, to, conversionOf);
  if (from.kind === "b" && to.kind === "V") {
    return { convert: chain(numberKernel("b1", "b1"), 1, 1, copyBytes(1, to.itemsize)), canFail: false };
  }
  const isSameLongDouble = isLongDouble(from) && from.kind === to.kind && from.itemsize === to.itemsize;
  if (to.kind === "V" || isSameLongDouble) return { convert: copyBytes(from.itemsize, to.itemsize), canFail: false };
  if (from.kind === "V" || isLongDouble(from) || isLongDouble(to)) throw noConversion(from, to);
  if (isText(from) || isText(to)) return textConversion(from, to);
  if (from.datetime !== undefined && to.datetime !== undefined) return datetimeConversion(from, to);
  return { convert: numberKernel(numberCode(from), numberCode(to)), canFail: false };
}

/**
 * The conversion of elements that are held as another dtype: float16 in a `Float32Array`. Numbers convert alike from both, but text, raw
 * bytes and fields differ, so they are made from float16.
 */
export function conversionOfHeld(held: DType, elements: DType, to: DType): Conversion {
  if (!"SUV".includes(to.kind)) return conversionOf(held, to);
  const own = nativeDType(elements);
  const { convert, canFail } = conversionOf(own, to);
  return { convert: chain(conversionOf(held, own).convert, held.itemsize, own.itemsize, convert), canFail };
}

function noConversion(from: DType, to: DType): NpyError {
  const reason = from.kind === "V" ? "raw bytes have no values" : "long doubles differ from machine to machine";
  return new NpyError(
    "ERR_NPY_CAST",
    `There is no conversion from ${showDType(from)} to ${showDType(to)}: ${reason}. Convert the data first.`,
  );
}
