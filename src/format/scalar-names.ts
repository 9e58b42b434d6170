/**
 * The names of the scalar dtypes, by kind and itemsize: their `names`, and their one-letter codes (`letters`), which are those of a 64-bit Unix.
 * `scalars.ts` has their values. Source: NumPy's "Scalars".
 */
const NAMES = {
  b1: { names: ["?", "bool", "bool_"], letters: "?" },
  i1: { names: ["int8", "byte"], letters: "b" },
  i2: { names: ["int16", "short"], letters: "h" },
  i4: { names: ["int32", "intc"], letters: "i" },
  i8: { names: ["int64", "int", "int_", "intp", "long", "longlong"], letters: "lqpn" },
  u1: { names: ["uint8", "ubyte"], letters: "B" },
  u2: { names: ["uint16", "ushort"], letters: "H" },
  u4: { names: ["uint32", "uintc"], letters: "I" },
  u8: { names: ["uint64", "uint", "uintp", "ulong", "ulonglong"], letters: "LQPN" },
  f2: { names: ["float16", "half"], letters: "e" },
  f4: { names: ["float32", "single"], letters: "f" },
  f8: { names: ["float64", "double", "float"], letters: "d" },
  f12: { names: [], letters: "" },
  f16: { names: ["float128", "longdouble"], letters: "g" },
  c8: { names: ["complex64", "csingle"], letters: "F" },
  c16: { names: ["complex128", "cdouble", "complex", "complex_"], letters: "D" },
  c24: { names: [], letters: "" },
  c32: { names: ["complex256", "clongdouble"], letters: "G" },
  M8: { names: ["datetime64"], letters: "M" },
  m8: { names: ["timedelta64"], letters: "m" },
} as const;

/** Kind and itemsize, such as `f8`. */
export type ScalarCode = keyof typeof NAMES;

/** The codes whose names the compiler knows: datetime64 and timedelta64 also have units, long doubles of 12 bytes have no name. */
type NamedCode = Exclude<ScalarCode, "f12" | "c24" | "M8" | "m8">;

export type CodeByName = { [Code in NamedCode as Code | (typeof NAMES)[Code]["names"][number]]: Code };

/** Every name and code that the compiler knows. */
export type ScalarName = keyof CodeByName;

/** What may follow a byte order. */
export type OrderedCode = NamedCode | "?";

interface Names {
  readonly names: readonly string[];
  readonly letters: string;
}

/** All entries, by their codes. */
export const scalarNames: ReadonlyMap<string, Names> = new Map<string, Names>(Object.entries(NAMES));
