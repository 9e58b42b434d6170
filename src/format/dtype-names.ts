/** The names and type strings of NumPy's scalar dtypes. */
import type { ByteOrder, DatetimeUnit, Descr, DType, DTypeKind } from "./dtype.ts";

/** The names of NumPy's dtypes that have one size. */
export type DTypeName = keyof typeof NAMES | DTypeCode;

type DTypeCode = "?" | "b1" | `${"i" | "u"}${1 | 2 | 4 | 8}` | `f${2 | 4 | 8 | 16}` | `c${8 | 16 | 32}`;

/** Whatever {@link dtype} takes. */
export type DTypeLike =
  | DTypeName
  | `${"<" | ">" | "=" | "|"}${DTypeCode}`
  | (string & {})
  | Exclude<Descr, string>
  | readonly FieldLike[]
  | { readonly [name: string]: DTypeLike | readonly [DTypeLike, number | readonly number[]] }
  // biome-ignore lint/suspicious/noExplicitAny: however it was described
  | DType<any>;

/** A field of a structure, whose dtype may be described in any way. */
type FieldLike =
  | readonly [
      name: string | readonly [title: string, name: string],
      dtype: DTypeLike | readonly [DTypeLike, number | readonly number[]],
    ]
  | readonly [name: string | readonly [title: string, name: string], dtype: DTypeLike, shape: number | readonly number[]];

/** Names, one-letter codes (those of a 64-bit Unix) and aliases of NumPy -> kind and size in bytes. */
const NAMES = {
  bool: "b1",
  bool_: "b1",
  int8: "i1",
  int16: "i2",
  int32: "i4",
  int64: "i8",
  uint8: "u1",
  uint16: "u2",
  uint32: "u4",
  uint64: "u8",
  float16: "f2",
  float32: "f4",
  float64: "f8",
  float128: "f16",
  complex64: "c8",
  complex128: "c16",
  complex256: "c32",
  byte: "i1",
  ubyte: "u1",
  short: "i2",
  ushort: "u2",
  intc: "i4",
  uintc: "u4",
  int: "i8",
  int_: "i8",
  uint: "u8",
  intp: "i8",
  uintp: "u8",
  long: "i8",
  ulong: "u8",
  longlong: "i8",
  ulonglong: "u8",
  half: "f2",
  single: "f4",
  double: "f8",
  float: "f8",
  longdouble: "f16",
  csingle: "c8",
  cdouble: "c16",
  complex: "c16",
  complex_: "c16",
  clongdouble: "c32",
} as const;

const LETTERS: Readonly<Record<string, string>> = {
  "?": "b1",
  b: "i1",
  B: "u1",
  h: "i2",
  H: "u2",
  i: "i4",
  I: "u4",
  l: "i8",
  L: "u8",
  q: "i8",
  Q: "u8",
  p: "i8",
  P: "u8",
  n: "i8",
  N: "u8",
  e: "f2",
  f: "f4",
  d: "f8",
  g: "f16",
  F: "c8",
  D: "c16",
  G: "c32",
  c: "S1",
  S: "S0",
  U: "U0",
  V: "V0",
  M: "M8",
  m: "m8",
};

const WORDS: ReadonlyMap<string, string> = new Map([
  ...Object.entries(NAMES),
  ["str", "U0"],
  ["str_", "U0"],
  ["unicode", "U0"],
  ["bytes", "S0"],
  ["bytes_", "S0"],
  ["a", "S0"],
  ["void", "V0"],
  ["object", "O"],
  ["object_", "O"],
]);

/** f12 and c24 are the long doubles of 32-bit machines. */
const SIZES: Readonly<Record<string, readonly number[]>> = {
  b: [1],
  i: [1, 2, 4, 8],
  u: [1, 2, 4, 8],
  f: [2, 4, 8, 12, 16],
  c: [8, 16, 24, 32],
};

const LONG_NAMES: Readonly<Record<string, string>> = {
  i: "int",
  u: "uint",
  f: "float",
  c: "complex",
  S: "bytes",
  U: "str",
  V: "void",
};

const UNITS: ReadonlySet<string> = new Set("Y M W D h m s ms us ns ps fs as generic".split(" "));

/** Units that make one step of a datetime64, at most: a C int. */
const MAX_COUNT = 2 ** 31 - 1;

/** A scalar dtype, but for what every dtype has. */
interface Scalar {
  readonly kind: DTypeKind;
  readonly itemsize: number;
  readonly byteOrder: ByteOrder;
  readonly name: string;
  readonly str: string;
  readonly datetime: DType["datetime"];
}

/** Reads a name or type string as `numpy.dtype` does; `"object"` for Python objects, `undefined` if it means nothing. */
export function scalarFromString(text: string, native: "<" | ">"): Scalar | "object" | undefined {
  const [, mark = "", body = text] = /^([<>=|])(.+)$/s.exec(text) ?? [];
  const order = mark === ">" || mark === "<" ? mark : native;
  const code = (mark === "" ? WORDS.get(body) : undefined) ?? LETTERS[body] ?? body.replace(/^a(?=\d)/, "S");
  if (/^O[48]?$/.test(code)) return "object";
  const datetime = parseDatetime(code);
  if (datetime !== undefined) return { ...datetime, byteOrder: order, str: order + datetime.str };
  const [, kind, digits] = /^([biufcSUV])(\d{1,10})$/.exec(code) ?? [];
  if (kind === undefined || digits === undefined) return undefined;
  const size = Number(digits);
  if (SIZES[kind]?.includes(size) === false) return undefined;
  const itemsize = kind === "U" ? size * 4 : size;
  const byteOrder = itemsize === 1 || "bSV".includes(kind) ? "|" : order;
  const name = kind === "b" ? "bool" : `${LONG_NAMES[kind]}${itemsize * 8 || ""}`;
  return { kind: kind as DTypeKind, itemsize, byteOrder, name, str: byteOrder + kind + size, datetime: undefined };
}

/** `M8[25us]`, `timedelta64`; `str` still lacks the byte order. */
function parseDatetime(body: string): Omit<Scalar, "byteOrder"> | undefined {
  const found = /^(M8|m8|datetime64|timedelta64)(?:\[(\d{0,10})([A-Za-zμ]+)\])?$/.exec(body);
  if (found === null) return undefined;
  const [, word = "", digits, written = "generic"] = found;
  const unit = written === "μs" ? "us" : written;
  if (!UNITS.has(unit)) return undefined;
  const kind = word.startsWith("M") || word.startsWith("d") ? "M" : "m";
  const count = digits ? Number(digits) : 1;
  if (count < 1 || count > MAX_COUNT || (unit === "generic" && count !== 1)) return undefined;
  const bracket = unit === "generic" ? "" : `[${count === 1 ? "" : count}${unit}]`;
  return {
    kind,
    itemsize: 8,
    name: (kind === "M" ? "datetime64" : "timedelta64") + bracket,
    str: `${kind}8${bracket}`,
    datetime: Object.freeze({ unit: unit as DatetimeUnit, count }),
  };
}
