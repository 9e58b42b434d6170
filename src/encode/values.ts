/**
 * Plain JavaScript values -> bytes of a dtype. Plain values have no dtype, so no casting rule applies: a value is stored exactly (floats: to
 * the nearest) or refused with its index.
 */

import { dateToTicks } from "../cast/dates.ts";
import { exactDatetime } from "../cast/datetime.ts";
import { float64ToFloat16 } from "../cast/float16.ts";
import { NpyError, quoted } from "../errors.ts";
import { keptCodePoints } from "../format/code-points.ts";
import { counted } from "../format/counted.ts";
import { type DType, nativeDType, showDType } from "../format/dtype.ts";
import { type Fit, fitOf } from "../format/fit.ts";
import { unravelIndex } from "../format/flat-index.ts";
import { sizeOf } from "../format/layout.ts";
import { dataClass, isFloat16, type TypedArrayClass } from "../format/scalars.ts";
import { contiguous, type PlainInput, type StridedBytes, type Values } from "../input/parsed-input.ts";
import { elementOfNull, isNull, type Nulls } from "./nulls.ts";
import { type Encoder, type Failure, recordEncoder } from "./records.ts";

/** How plain values are stored. */
export interface PlainRules {
  readonly nulls: Nulls;
  /** Whether the first append decided how long text may be. */
  readonly isInferred?: boolean;
}

/**
 * The bytes of `values` in `target`, in this machine's byte order and in the order of the values.
 *
 * @throws NpyError `ERR_NPY_VALUE` with the `index` of the first value that does not fit.
 */
export function encodeValues(
  { values, shape }: Values,
  target: DType,
  { nulls, isInferred }: PlainRules,
): Uint8Array<ArrayBuffer> {
  const count = sizeOf(shape);
  const bytes = new Uint8Array(count * target.itemsize);
  const failed = values.length === count ? encoder(target, nulls)(values, bytes) : undefined;
  // Before, or while they were encoded.
  if (values.length !== count) throw changedLength(values.length, count);
  if (failed === undefined) return bytes;
  const { at, reason, field, value = values[at], within = [], characters } = failed;
  const index = [...unravelIndex(at, shape), ...within];
  throw new NpyError(
    "ERR_NPY_VALUE",
    `${quoted(value)} does not fit into ${field === undefined ? target.str : showDType(target)}: ${reason}${roomFor(characters, isInferred)}.`,
    { index, field },
  );
}

/** What gives a text that is too long the room for its characters. */
function roomFor(characters: number | undefined, isInferred: boolean | undefined): string {
  if (characters === undefined) return "";
  const option = isInferred ? ` or textLength: ${characters}` : "";
  return ` (a file that is created with dtype "U${characters}"${option} has room for it)`;
}

/** Plain values as elements of `target`. */
export function encodeInput(
  { values, shape, fortranOrder, dtype: given }: PlainInput,
  target: DType,
  rules: PlainRules,
): StridedBytes {
  // Values that were given with a dtype may be in Fortran order: an error says their index in the data.
  const bytes = encodeValues({ values, shape: given === undefined ? shape : [values.length] }, target, rules);
  return contiguous(bytes, nativeDType(target), shape, fortranOrder ?? false);
}

/** A getter or a Proxy changed the array while it was being read. */
function changedLength(found: number, expected: number): NpyError {
  return new NpyError(
    "ERR_NPY_SHAPE",
    `The array had ${counted(expected, "value")}, and ${found} after they were read: append a copy of it that nothing else changes.`,
  );
}

/** Cached, since making one costs more than encoding a few values. */
const encoders: { readonly [Rule in Nulls]: WeakMap<DType, Encoder> } = { error: new WeakMap(), nan: new WeakMap() };

function encoder(target: DType, nulls: Nulls): Encoder {
  const known = encoders[nulls].get(target);
  if (known !== undefined) return known;
  const made = makeEncoder(target, nulls);
  encoders[nulls].set(target, made);
  return made;
}

function makeEncoder(target: DType, nulls: Nulls): Encoder {
  if (target.fields !== undefined) return recordEncoder(target, nulls, encoder);
  const ofNull = elementOfNull(target, nulls);
  if (target.kind === "S") return strings(target.itemsize, encodeLatin1, ofNull as string);
  if (target.kind === "U") return strings(target.itemsize, encodeUtf32, ofNull as string);
  const toElement = fitOf(target);
  if (toElement === undefined) return rawBytes(target.itemsize);
  if (isFloat16(target)) return float16s(toElement, ofNull);
  const Class = dataClass(target);
  if (target.kind === "c") return complexes(Class, toElement, ofNull);
  if (target.kind !== "M") return elementwise(Class, toElement, ofNull);
  const fromDate = dateToTicks(target);
  const toTicks: Fit = (value) => {
    if (value instanceof Date) return fromDate(value);
    return typeof value === "string" ? exactDatetime(value, target) : toElement(value);
  };
  return elementwise(Class, toTicks, ofNull);
}

/** Void and long doubles are given as bytes. */
function rawBytes(itemsize: number): Encoder {
  return (values, bytes) => {
    for (let at = 0, { length } = values; at < length; at++) {
      const value = values[at];
      if (!(value instanceof Uint8Array) || value.length !== itemsize)
        return { at, reason: `expected a Uint8Array of ${counted(itemsize, "byte")}` };
      bytes.set(value, at * itemsize);
    }
    return undefined;
  };
}

/** Encodes one element after the other, as `toElement` gives them; `ofNull` stands for null, or is the reason why nothing does. */
function elementwise(Class: TypedArrayClass, toElement: Fit, ofNull: number | bigint | string): Encoder {
  return (values, bytes) => {
    const target = new Class(bytes.buffer) as unknown as { [index: number]: number | bigint };
    for (let at = 0; at < values.length; at++) {
      const value = values[at];
      let element = toElement(value);
      // No dtype takes null as a value, so that only values which are refused need another look.
      if (typeof element === "string" && isNull(value)) element = ofNull;
      if (typeof element === "string") return { at, reason: element };
      target[at] = element;
    }
    return undefined;
  };
}

function float16s(toElement: Fit, ofNull: number | bigint | string): Encoder {
  const encode = elementwise(Float64Array, toElement, ofNull);
  return (values, bytes) => {
    const doubles = new Uint8Array(values.length * 8);
    const failed = encode(values, doubles);
    if (failed === undefined) float64ToFloat16(doubles, bytes);
    return failed;
  };
}

/** As in NumPy, both parts of a null are NaN. */
function complexes(Class: TypedArrayClass, toElement: Fit, ofNull: number | bigint | string): Encoder {
  return (values, bytes) => {
    const parts = new Class(bytes.buffer) as Float64Array;
    for (let at = 0; at < values.length; at++) {
      const value = values[at];
      if (isNull(value)) {
        if (typeof ofNull === "string") return { at, reason: ofNull };
        parts.fill(Number.NaN, 2 * at, 2 * at + 2);
        continue;
      }
      const pair = typeof value === "object" && "re" in value && "im" in value ? value : { re: value, im: 0 };
      const re = toElement(pair.re);
      const im = toElement(pair.im);
      if (typeof re === "string") return { at, reason: `${re}, or { re, im }` };
      if (typeof im === "string") return { at, reason: `${im}, or { re, im }` };
      parts[2 * at] = re as number;
      parts[2 * at + 1] = im as number;
    }
    return undefined;
  };
}

/** Why a text does not fit. */
type TextProblem = Pick<Failure, "reason" | "characters">;

/** Encodes strings: `encode` writes one into its place, or says why it does not fit; `noNull` says why null does not. */
function strings(
  itemsize: number,
  encode: (text: string, place: Uint8Array, kept?: Uint32Array) => TextProblem | undefined,
  noNull: string,
): Encoder {
  return (values, bytes) => {
    for (let at = 0; at < values.length; at++) {
      const value = values[at];
      if (typeof value !== "string") return { at, reason: isNull(value) ? noNull : "expected a string" };
      const kept = keptCodePoints(values, at, value);
      const problem = encode(value, bytes.subarray(at * itemsize, (at + 1) * itemsize), kept);
      if (problem !== undefined) return { at, ...problem };
    }
    return undefined;
  };
}

function encodeLatin1(text: string, place: Uint8Array): TextProblem | undefined {
  if (text.length > place.length) return { reason: `it has ${counted(text.length, "byte")}, expected at most ${place.length}` };
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) return { reason: "bytes are latin-1, which lacks one of its characters (use a U dtype)" };
    place[i] = code;
  }
  return undefined;
}

/** `kept` are the code points of a text that was read, if a string cannot hold them. */
function encodeUtf32(text: string, place: Uint8Array, kept?: Uint32Array): TextProblem | undefined {
  const length = kept?.length ?? countCodePoints(text);
  if (length * 4 > place.length)
    return { reason: `it has ${counted(length, "character")}, expected at most ${place.length / 4}`, characters: length };
  const codes = new Uint32Array(place.buffer, place.byteOffset, place.length / 4);
  if (kept !== undefined) {
    codes.set(kept);
    return undefined;
  }
  let i = 0;
  for (const char of text) codes[i++] = char.codePointAt(0) as number;
  return undefined;
}

/** NumPy counts code points, JavaScript's `length` UTF-16 units. */
export function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
