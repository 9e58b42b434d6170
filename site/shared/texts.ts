/** Numbers, sizes and elements as people read them. */
import { type DType, isRaw, loadSync, MemoryStorage, NpyAppendArray, type NpyData, saveSync } from "./library.ts";

export { bytesText, isRaw, shapeText } from "./library.ts";

const grouped = new Intl.NumberFormat("en-US");

/** `1,000,000`. */
export function numberText(value: number): string {
  return grouped.format(value);
}

/** `1 row`, `1,000 rows`. */
export function counted(count: number, noun: string): string {
  return `${numberText(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** A number in few digits, for axes and summaries. */
export function shortText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  return Number.isInteger(value) && Math.abs(value) < 1e9 ? numberText(value) : String(Number(value.toPrecision(6)));
}

/** How many items of `data` are one element. */
export function itemsOf(dtype: DType): number {
  return isRaw(dtype) ? dtype.itemsize : dtype.kind === "c" ? 2 : 1;
}

/** Lengths of the longest texts of each kind, such as `-1.7976931348623157e+308`, or a time with attoseconds. */
const LONGEST: Readonly<Record<string, number>> = { b: 5, f: 25, c: 52, M: 40, m: 44 };

/** Elements as NumPy's scalars print with `str()`; raw bytes in hexadecimal. It takes as long for a hundred elements as for one. */
export function textsOf(data: NpyData, dtype: DType): string[] {
  const { kind } = dtype;
  if (isRaw(dtype)) return hexTexts(data as Uint8Array, dtype.itemsize);
  if (kind === "S" || kind === "U") return Array.from(data as string[], printable);
  if (kind === "i" || kind === "u") return Array.from(data as ArrayLike<number | bigint>, String);
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, { dtype: `S${LONGEST[kind]}`, rowShape: [], casting: "unsafe" });
  npaa.append({ data, shape: [data.length / itemsOf(dtype)], dtype } as never);
  npaa.close();
  return loadSync(storage).data as string[];
}

/** The text of one value, as reading returns it. */
export function textOfValue(value: number | bigint, dtype: DType): string {
  const storage = new MemoryStorage();
  saveSync(storage, [value] as never, { dtype });
  return textsOf(loadSync(storage).data, dtype)[0] as string;
}

function hexTexts(bytes: Uint8Array, itemsize: number): string[] {
  const texts: string[] = [];
  for (let at = 0; itemsize > 0 && at < bytes.length; at += itemsize) {
    let text = "0x";
    for (let i = at; i < at + itemsize; i++) text += (bytes[i] as number).toString(16).padStart(2, "0");
    texts.push(text);
  }
  return texts;
}

/** Text on one line: characters that show nothing are escaped as Python does. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (char) => {
    const short = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[char];
    return short ?? `\\x${(char.codePointAt(0) as number).toString(16).padStart(2, "0")}`;
  });
}

/** An error in words: errors of the system begin with a code, and end with what was tried. */
export function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const [, what, where] = /^E[A-Z]+: (.*), (?:open|read) '(.*)'$/s.exec(text) ?? [];
  return what === undefined ? text : `${where}: ${what}.`;
}
