/**
 * NumPy's `U` holds any 32 bits as a character. A JavaScript string does not: a high and a low surrogate that follow each other are one character
 * there, and what is beyond U+10FFFF is none. The code points of such texts are kept beside them, for as long as the array or record in which they
 * were read exists, so that it is appended and saved as it was.
 */

/** A text, and the code points that it stands for. */
interface Kept {
  readonly text: string;
  readonly codes: Uint32Array;
}

/** By the array or record that holds the texts, and the index or name under which it does. */
const kept = new WeakMap<object, Map<string | number, Kept>>();

/** Nearly no file has such texts: most processes never look for them. */
let isAny = false;

/** Whether `text` has other code points than these. */
function differs(text: string, codes: Uint32Array): boolean {
  let i = 0;
  for (const char of text) if (char.codePointAt(0) !== codes[i++]) return true;
  return i !== codes.length;
}

/** Keeps the code points of the text that is `owner[key]`, if a string cannot hold them. */
export function keepCodePoints(owner: object, key: string | number, text: string, codes: Uint32Array): void {
  if (!differs(text, codes)) return;
  const texts = kept.get(owner) ?? new Map<string | number, Kept>();
  kept.set(owner, texts.set(key, { text, codes }));
  isAny = true;
}

/** The code points that were kept of `owner[key]`, if that is still the same text. */
export function keptCodePoints(owner: object, key: string | number, text: unknown): Uint32Array | undefined {
  const found = isAny ? kept.get(owner)?.get(key) : undefined;
  return found?.text === text ? found?.codes : undefined;
}

/** Keeps for `to[toKey]`, which is a copy of `from[key]`, what is kept for that. */
export function passCodePoints(from: object, key: string | number, to: object, toKey: string | number): void {
  const found = isAny ? kept.get(from)?.get(key) : undefined;
  if (found !== undefined) kept.set(to, (kept.get(to) ?? new Map<string | number, Kept>()).set(toKey, found));
}

/** Keeps for `to` all that is kept for `from`, of which nothing remains. */
export function moveCodePoints(from: object, to: object): void {
  const texts = isAny ? kept.get(from) : undefined;
  if (texts !== undefined) kept.set(to, texts);
}
