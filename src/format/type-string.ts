/** The names and type strings of scalar dtypes, as `numpy.dtype` reads them: `float64`, `<f8`, `M8[25us]`, `d`. */
import type { DatetimeUnit, DType } from "./descr.ts";
import { scalarNames } from "./scalar-names.ts";
import type { ByteOrder, DTypeKind } from "./scalars.ts";
import { similarName } from "./similar.ts";

/** Names, which take no byte order, and their codes. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ...[...scalarNames].flatMap(([code, { names }]) => names.map((name): [string, string] => [name, code])),
  ...["str", "str_", "unicode"].map((name): [string, string] => [name, "U0"]),
  ...["bytes", "bytes_", "a"].map((name): [string, string] => [name, "S0"]),
  ["void", "V0"],
  ["object", "O"],
  ["object_", "O"],
]);

/** One-letter codes, which may follow a byte order. */
const LETTERS: ReadonlyMap<string, string> = new Map([
  ...[...scalarNames].flatMap(([code, { letters }]) => Array.from(letters, (letter): [string, string] => [letter, code])),
  ["c", "S1"],
  ["S", "S0"],
  ["U", "U0"],
  ["V", "V0"],
]);

const LONG_NAMES: Readonly<Record<string, string>> = {
  i: "int",
  u: "uint",
  f: "float",
  c: "complex",
  S: "bytes",
  U: "str",
  V: "void",
};

const UNIT_NAMES: readonly string[] = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as", "generic"];

/** The most units in one step of a datetime64: a C int. */
const MAX_COUNT = 2 ** 31 - 1;

/** Words of JavaScript and other languages for what NumPy calls otherwise. */
const OTHER_WORDS: ReadonlyMap<string, string> = new Map([
  ["number", "float64"],
  ["real", "float64"],
  ["integer", "int64"],
  ["bigint", "int64"],
  ["boolean", "bool"],
  ["string", "U10"],
  ["text", "U10"],
  ["date", "datetime64[ms]"],
  ["datetime", "datetime64[ms]"],
]);

/** The dtype that was probably meant by a word that is none, or by a class of JavaScript. */
export function meantDType(like: unknown): string | undefined {
  const word = typeof like === "function" ? like.name : like;
  if (typeof word !== "string") return undefined;
  const ofArray = /^(?:Big)?(Int|Uint|Float)(8|16|32|64)(?:Clamped)?Array$/.exec(word);
  if (ofArray !== null) return `${(ofArray[1] as string).toLowerCase()}${ofArray[2]}`;
  if (/^object$/i.test(word)) return undefined; // It could not be stored.
  return OTHER_WORDS.get(word.toLowerCase()) ?? similarName(word.trim(), NAMES.keys());
}

/** The content of a type string. */
interface ParsedScalar {
  readonly kind: DTypeKind;
  readonly itemsize: number;
  readonly byteOrder: ByteOrder;
  readonly name: string;
  readonly str: string;
  readonly datetime: DType["datetime"];
}

/** Reads a name or type string as `numpy.dtype` does; `"object"` for Python objects, `undefined` if it means nothing. */
export function scalarFromString(text: string, native: "<" | ">"): ParsedScalar | "object" | undefined {
  const [, mark = "", body = text] = /^([<>=|])(.+)$/s.exec(text) ?? [];
  const order = mark === ">" || mark === "<" ? mark : native;
  const code = (mark === "" ? NAMES.get(body) : undefined) ?? LETTERS.get(body) ?? body.replace(/^a(?=\d)/, "S");
  if (/^O[48]?$/.test(code)) return "object";
  const datetime = parseDatetime(code);
  if (datetime !== undefined) return { ...datetime, byteOrder: order, str: order + datetime.str };
  const [, kind, digits] = /^([biufcSUV])(\d{1,10})$/.exec(code) ?? [];
  if (kind === undefined || digits === undefined) return undefined;
  const size = Number(digits);
  if (!"SUV".includes(kind) && !scalarNames.has(kind + size)) return undefined;
  const itemsize = kind === "U" ? size * 4 : size;
  const byteOrder = itemsize === 1 || "bSV".includes(kind) ? "|" : order;
  const name = kind === "b" ? "bool" : `${LONG_NAMES[kind]}${itemsize * 8 || ""}`;
  return { kind: kind as DTypeKind, itemsize, byteOrder, name, str: byteOrder + kind + size, datetime: undefined };
}

function isUnit(name: string): name is DatetimeUnit {
  return UNIT_NAMES.includes(name);
}

/** `M8[25us]`, `timedelta64`; `str` still lacks the byte order. */
function parseDatetime(body: string): Omit<ParsedScalar, "byteOrder"> | undefined {
  const found = /^(M8|m8|datetime64|timedelta64)(?:\[(\d{0,10})([A-Za-zμ]+)\])?$/.exec(body);
  if (found === null) return undefined;
  const [, word = "", digits, written = "generic"] = found;
  const unit = written === "μs" ? "us" : written;
  if (!isUnit(unit)) return undefined;
  const kind = word.startsWith("M") || word.startsWith("d") ? "M" : "m";
  const count = digits ? Number(digits) : 1;
  if (count < 1 || count > MAX_COUNT || (unit === "generic" && count !== 1)) return undefined;
  const bracket = unit === "generic" ? "" : `[${count === 1 ? "" : count}${unit}]`;
  return {
    kind,
    itemsize: 8,
    name: (kind === "M" ? "datetime64" : "timedelta64") + bracket,
    str: `${kind}8${bracket}`,
    datetime: Object.freeze({ unit, count }),
  };
}
