/** Parses times (ISO 8601) as datetime64, exactly or not at all. */
import { type DatetimeUnit, type DType, type DTypeLike, NpyError } from "../../node.ts";
import { cast, textsOfCast } from "./cast.ts";

/** How NumPy stores NaT. */
export const NOT_A_TIME: bigint = -(2n ** 63n);

/** Stricter than the library, which like NumPy takes any number for a year. */
const ISO =
  /^([+-]?\d{4,}|-\d{3})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,18}))?)?)?(?:Z|([+-])(\d\d):?(\d\d))?)?)?)?$/;

/** The coarsest unit of D, s, ms, us and ns that holds a time exactly; `undefined` for anything but an ISO 8601 date. */
export function unitOfText(text: string): "D" | "s" | "ms" | "us" | "ns" | undefined {
  const found = ISO.exec(text);
  if (found?.[3] === undefined) return undefined;
  if (found[4] === undefined) return "D";
  const digits = found[7]?.length ?? 0;
  return digits === 0 ? "s" : digits <= 3 ? "ms" : digits <= 6 ? "us" : digits <= 9 ? "ns" : undefined;
}

/** Digits after the seconds. */
const FRACTION: Readonly<Partial<Record<DatetimeUnit, number>>> = { s: 0, ms: 3, us: 6, ns: 9, ps: 12, fs: 15, as: 18 };

/** How many parts a unit holds of year, month, day, hour, minute and second. W holds none: no part is a number of weeks. */
const PARTS: Readonly<Partial<Record<DatetimeUnit, number>>> = { Y: 1, M: 2, W: 0, D: 3, h: 4, m: 5 };

/** The ticks of each time, in UTC if it has a time zone. A problem takes the place of the first ticks that have one. */
export function ticksOfTexts(texts: readonly string[], type: DType): ArrayLike<bigint | string> {
  const { unit = "generic", count = 1 } = type.datetime ?? {};
  if (unit === "generic") return texts.map(() => "a datetime64 without a unit has no dates");
  const digits = FRACTION[unit] ?? 0;
  const parts = PARTS[unit] ?? 6;
  let isFiner = count > 1;
  for (const [i, text] of texts.entries()) {
    if (text === "" || text === "NaT") continue;
    const found = ISO.exec(text);
    if (found === null) return withProblem(texts, i, "expected an ISO 8601 date, such as 2024-01-31 or 2024-01-31T23:59:59.5Z");
    if ((found[7]?.replace(/0+$/, "").length ?? 0) > digits) return withProblem(texts, i, tooFine(unit));
    isFiner ||= parts < 6 && (found[parts + 1] !== undefined || found[9] !== undefined);
  }
  const ticks = parsed(texts, type);
  if (!(ticks instanceof BigInt64Array) || !isFiner) return ticks;
  // The library truncates to the unit. Times that print as they were written lost nothing.
  const printed = textsOfCast(ticks as BigInt64Array<ArrayBuffer>, ticks.length, type);
  const doubtful = [...texts.keys()].filter((i) => printed[i] !== texts[i]);
  const fine = `<M8[${parts < 6 ? "s" : unit}]` as "<M8[s]";
  const exact = parsed(
    doubtful.map((i) => texts[i] as string),
    fine,
  );
  if (!(exact instanceof BigInt64Array)) return withProblem(texts, doubtful[exact.findIndex(isProblem)] as number, tooFine(unit));
  const kept = cast(
    BigInt64Array.from(doubtful, (i) => ticks[i] as bigint),
    doubtful.length,
    type,
    fine,
  ) as BigInt64Array;
  const different = kept.findIndex((tick, i) => tick !== exact[i]);
  return different < 0 ? ticks : withProblem(texts, doubtful[different] as number, tooFine(unit));
}

function isProblem(found: bigint | string): boolean {
  return typeof found === "string";
}

function parsed(texts: readonly string[], type: DTypeLike): BigInt64Array | (bigint | string)[] {
  const found = ticksOrError(texts, type);
  if (!(found instanceof NpyError)) return found;
  let [first, last] = [0, texts.length];
  while (last - first > 1) {
    const middle = (first + last) >> 1;
    if (ticksOrError(texts.slice(first, middle), type) instanceof NpyError) last = middle;
    else first = middle;
  }
  return withProblem(texts, first, found.message);
}

function ticksOrError(texts: readonly string[], type: DTypeLike): BigInt64Array | NpyError {
  const width = texts.reduce((most, { length }) => Math.max(most, length), 1);
  const bytes = Buffer.alloc(texts.length * width);
  for (const [i, text] of texts.entries()) bytes.write(text, i * width, "latin1");
  try {
    return cast(bytes, texts.length, `S${width}`, type) as BigInt64Array;
  } catch (error) {
    if (error instanceof NpyError) return error;
    throw error;
  }
}

function withProblem(texts: readonly string[], at: number, problem: string): (bigint | string)[] {
  return texts.map((_, i) => (i === at ? problem : NOT_A_TIME));
}

function tooFine(unit: DatetimeUnit): string {
  return `it is not a whole number of the unit (${unit})`;
}
