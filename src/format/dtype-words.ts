/** Which words for a dtype the compiler accepts: a misspelt one does not compile, while one that is known only when it runs does. */
import type { DatetimeUnit, DType, DTypeLike } from "./descr.ts";
import type { OrderedCode, ScalarName } from "./scalar-names.ts";

/** `numpy.dtype`'s one-letter codes. */
type Letter =
  | ("?" | "b" | "B" | "h" | "H" | "i" | "I" | "l" | "L" | "q" | "Q" | "p" | "P" | "n" | "N")
  | ("e" | "f" | "d" | "g" | "F" | "D" | "G" | "M" | "m" | "c" | "S" | "U" | "V" | "a");

type Sized = `${"S" | "a" | "U" | "V"}${number}`;

type Unit = Exclude<DatetimeUnit, "generic"> | "μs";

type Time = `${"M8" | "m8" | "datetime64" | "timedelta64"}${"" | `[${Unit}]` | `[${number}${Unit}]`}`;

/** What may follow a byte order. */
type Code = OrderedCode | "f12" | "c24" | Letter | Sized | Time;

/** The words of `numpy.dtype` for one scalar. */
type DTypeWord = ScalarName | Code | `${"<" | ">" | "=" | "|"}${Code}` | "str" | "str_" | "unicode" | "bytes" | "bytes_" | "void";

/**
 * A description of a dtype that was given as `D`: `D` itself, or the names that were probably meant. Use it for the dtype of a function of your own
 * that passes it on: `function create<const D>(dtype: CheckedDType<D>)`.
 */
export type CheckedDType<D> = Checked<D, D>;

// Two parameters, because the compiler infers D from the branches, where it would take a checked D for a string.
type Checked<T, D> = unknown extends T
  ? DTypeLike
  : T extends string
    ? CheckedWord<T, D>
    : T extends DType
      ? D
      : T extends readonly unknown[]
        ? { readonly [I in keyof T]: CheckedItem<T[I]> }
        : T extends object
          ? { readonly [Name in keyof T]: CheckedField<T[Name]> }
          : DTypeLike;

type CheckedWord<T extends string, D> = IsPattern<T> extends true ? DTypeLike : T extends DTypeWord ? D : ScalarName;

/** Whether a type of strings is not a union of literals: only patterns may be absent as keys. */
type IsPattern<T extends string> = Record<never, 1> extends { [Word in T]: 1 } ? true : false;

/** A field in a list. */
type CheckedItem<Item> = Item extends readonly [infer Name, infer Element, infer Shape]
  ? readonly [Name, CheckedDType<Element>, Shape]
  : Item extends readonly [infer Name, infer Element]
    ? readonly [Name, CheckedField<Element>]
    : Item;

/** The dtype of a field, or a sub-array. */
type CheckedField<Field> = Field extends readonly [infer Element, infer Shape extends number | readonly number[]]
  ? readonly [CheckedDType<Element>, Shape]
  : CheckedDType<Field>;
