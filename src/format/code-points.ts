/**
 * NumPy's `U` holds any 32 bits as a character. JavaScript strings do not: in them a high surrogate followed by a low one is one
 * character, and nothing lies beyond U+10FFFF. The code points of such texts are kept as long as the array or record that was
 * read, so that it can be appended and saved unchanged.
 */

/** A text and its code points. */
interface Kept {
  readonly text: string;
  readonly codes: Uint32Array;
}

/** By the array or record that holds the texts, then by index or field name. */
const kept = new WeakMap<object, Map<string | number, Kept>>();

/** Such texts are very rare: most processes never look for them. */
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

/** Keeps the code points of `from[key]` for its copy `to[toKey]`, too. */
export function passCodePoints(from: object, key: string | number, to: object, toKey: string | number): void {
  const found = isAny ? kept.get(from)?.get(key) : undefined;
  if (found !== undefined) kept.set(to, (kept.get(to) ?? new Map<string | number, Kept>()).set(toKey, found));
}

/** Keeps for `to` all that is kept for `from`, which is discarded. */
export function moveCodePoints(from: object, to: object): void {
  const texts = isAny ? kept.get(from) : undefined;
  if (texts !== undefined) kept.set(to, texts);
}
