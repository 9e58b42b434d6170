/**
 * Which casts are allowed: `numpy.can_cast`, for every pair of dtypes. Source: what NumPy 2.4 does, in `convert_datatype.c` and
 * `datetime.c` (`*_resolve_descriptors`, `datetime_metadata_divides`).
 */
import { NpyError, quoted } from "../errors.ts";
import { type DType, type DTypeField, type DTypeKind, type DTypeLike, nativeDType, dtype as toDType } from "../format/dtype.ts";
import { scalarOf } from "../format/scalars.ts";
import { isCalendar, isSameStep, UNITS } from "../format/units.ts";

/** NumPy's casting rules, from the strictest to none at all. */
export type Casting = (typeof CASTING_LEVELS)[number];

/** The casting rules in order: each allows all that the ones before it allow. */
export const CASTING_LEVELS = ["no", "equiv", "safe", "same_kind", "unsafe"] as const;

/** The strictest rule that allows a cast: an index of {@link CASTING_LEVELS}, or `NEVER`. A cast of several parts has their maximum. */
type Level = number;
const NO: Level = 0;
const EQUIV: Level = 1;
const SAFE: Level = 2;
const SAME_KIND: Level = 3;
const UNSAFE: Level = 4;
const NEVER: Level = 5;

/**
 * `numpy.can_cast(from, to, casting)`: whether the rule allows elements of one dtype to be stored as another. As in NumPy, the
 * targets `S0`, `U0` and `V0` have any length that is needed (but not as the dtype of a field).
 *
 * @throws NpyError `ERR_NPY_DTYPE` for an invalid dtype, `ERR_NPY_OPTION` for an invalid casting rule.
 * @example
 * ```ts
 * // "safe" is the default, as in NumPy
 * canCast("float64", "float32"); // false
 * canCast("float64", "float32", "same_kind"); // true
 * ```
 */
export function canCast(from: DTypeLike, to: DTypeLike, casting: Casting = "safe"): boolean {
  const allowed: Level = CASTING_LEVELS.indexOf(casting);
  if (allowed < 0) {
    const expected = CASTING_LEVELS.map((level) => JSON.stringify(level)).join(", ");
    throw new NpyError("ERR_NPY_OPTION", `casting must be one of ${expected}: found ${quoted(casting)}.`);
  }
  const source = toDType(from);
  const target = toDType(to);
  return (isUnsized(target) ? unsizedLevel(source, target) : levelOf(source, target)) <= allowed;
}

/** Whether it is text or void without a length. Structures and sub-arrays of 0 bytes do have one. */
function isUnsized({ itemsize, fields, subdtype }: DType): boolean {
  return itemsize === 0 && fields === undefined && subdtype === undefined;
}

/** To text or void of the length needed. NumPy always makes it in native byte order. */
function unsizedLevel(from: DType, to: DType): Level {
  if (to.kind === "V") return from.kind === "V" && from.subdtype === undefined ? NO : SAFE;
  if (from.kind === to.kind) return orderLevel(from, nativeDType(from));
  const level = levelOf(from, to);
  return level === SAME_KIND ? SAFE : level;
}

function levelOf(from: DType, to: DType): Level {
  if (from.fields !== undefined && to.fields !== undefined) return fieldsLevel(from, from.fields, to, to.fields);
  if (from.fields !== undefined) return singleFieldLevel(from.fields, to);
  if (to.fields !== undefined) return Math.max(UNSAFE, ...to.fields.map((field) => levelOf(from, field.dtype)));
  if (from.subdtype !== undefined || to.subdtype !== undefined) return subArrayLevel(from, to);
  if (from.kind === to.kind) {
    if (from.datetime !== undefined && to.datetime !== undefined) return datetimeLevel(from, from.datetime, to, to.datetime);
    if (from.itemsize === to.itemsize) return orderLevel(from, to);
    return from.itemsize < to.itemsize ? SAFE : SAME_KIND;
  }
  if (to.kind === "V") return to.itemsize >= from.itemsize ? SAFE : UNSAFE;
  if (to.kind === "S" || to.kind === "U") return textLevel(from, to);
  if (to.kind === "m") return timedeltaLevel(from);
  return numberLevel(from, to);
}

function orderLevel(from: DType, to: DType): Level {
  return from.byteOrder === to.byteOrder ? NO : EQUIV;
}

/** Structures are cast field by field in order. Different names and titles need "safe", different offsets and sizes "equiv". */
function fieldsLevel(from: DType, sources: readonly DTypeField[], to: DType, targets: readonly DTypeField[]): Level {
  if (sources.length !== targets.length) return NEVER;
  const levels = sources.map((source, i) => {
    const target = targets[i] as DTypeField;
    const naming = source.name === target.name && source.title === target.title ? NO : SAFE;
    const place = source.offset === target.offset ? NO : EQUIV;
    return Math.max(naming, place, levelOf(source.dtype, target.dtype));
  });
  return Math.max(from.itemsize === to.itemsize ? NO : EQUIV, ...levels);
}

/** Only a structure of one field can become a scalar: any that its field can become. */
function singleFieldLevel([only, ...others]: readonly DTypeField[], to: DType): Level {
  return only === undefined || others.length > 0 ? NEVER : Math.max(UNSAFE, levelOf(only.dtype, to));
}

/** Sub-arrays need the same shape, or one element for all of it. Void is not such an element in NumPy. */
function subArrayLevel(from: DType, to: DType): Level {
  const source = from.subdtype;
  const target = to.subdtype;
  const isSameShape = source?.shape.join() === target?.shape.join();
  const isOneForAll = source === undefined && from.kind !== "V";
  const shapes = isSameShape ? NO : isOneForAll ? SAFE : UNSAFE;
  return Math.max(shapes, levelOf(source?.dtype ?? from, target?.dtype ?? to));
}

/** Numbers from narrow to wide. A cast to the right is "same_kind" even if it loses range or precision, one to the left is unsafe. */
const NUMBERS: readonly DTypeKind[] = ["b", "u", "i", "f", "c"];

function numberLevel(from: DType, to: DType): Level {
  const source = NUMBERS.indexOf(from.kind);
  const target = NUMBERS.indexOf(to.kind);
  if (source < 0 || target < source) return UNSAFE;
  return from.kind === "b" || holds(from, to) ? SAFE : SAME_KIND;
}

/** Whether all numbers of one kind fit into another further to the right. NumPy accepts float64 for 64-bit integers. */
function holds(from: DType, to: DType): boolean {
  if (to.kind === "i") return to.itemsize > from.itemsize;
  const floatSize = to.kind === "c" ? to.itemsize / 2 : to.itemsize;
  return floatSize >= (from.kind === "f" ? from.itemsize : Math.min(2 * from.itemsize, 8));
}

/** Integers count the steps of a timedelta64, which is an int64. */
function timedeltaLevel(from: DType): Level {
  if (from.kind === "u" && from.itemsize === 8) return SAME_KIND;
  return "biu".includes(from.kind) ? SAFE : UNSAFE;
}

function textLevel(from: DType, to: DType): Level {
  const length = from.kind === "S" ? from.itemsize : scalarOf(from)?.characters;
  if (length === undefined) return UNSAFE;
  return length <= (to.kind === "U" ? to.itemsize / 4 : to.itemsize) ? SAFE : SAME_KIND;
}

type Datetime = NonNullable<DType["datetime"]>;

function datetimeLevel(from: DType, source: Datetime, to: DType, target: Datetime): Level {
  if (source.unit === target.unit && source.count === target.count) return orderLevel(from, to);
  if (source.unit === "generic") return SAFE;
  if (target.unit === "generic") return UNSAFE;
  const crossesCalendar = isCalendar(source.unit) !== isCalendar(target.unit);
  if (crossesCalendar) return from.kind === "m" ? UNSAFE : isCalendar(source.unit) ? SAFE : SAME_KIND;
  const [sourceLength, targetLength] = [UNITS[source.unit].length, UNITS[target.unit].length];
  if (sourceLength >= targetLength) {
    return divides(source.count, sourceLength / targetLength, target.count) ? SAFE : SAME_KIND;
  }
  return isSameStep(source, target) ? orderLevel(from, to) : SAME_KIND;
}

/**
 * Whether steps of a finer unit make up a step of a coarser one, `ratio` times as long. NumPy refuses what needs more than 56 bits, except
 * where its 64-bit product overflows to less.
 */
function divides(coarse: number, ratio: bigint, fine: number): boolean {
  const steps = BigInt.asUintN(64, BigInt(coarse) * ratio);
  return ratio >> 56n === 0n && steps >> 56n === 0n && steps % BigInt(fine) === 0n;
}
