/** Escapes characters that people must not receive raw: they control the terminal, reorder the text, or hide in it. */

/** Text without any of these characters, which is nearly all text. */
const PLAIN = /^[ -~]*$/;
const PLAIN_LINES = /^[\n -~]*$/;

/**
 * Control characters (C0, DEL, C1), halves of surrogate pairs, line separators, bidirectional overrides, invisible characters and
 * noncharacters. Joiners and variation selectors stay: Persian, Hindi and emoji need them.
 */
const UNSAFE = String.raw`(?![\u200c\u200d\ufe0e\ufe0f])[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{DI}\p{NChar}\ufff9-\ufffb]`;
const EACH_UNSAFE = new RegExp(UNSAFE, "gu");
const UNSAFE_OR_STYLE = new RegExp(String.raw`\u001b\[[\d;]*m|${UNSAFE}`, "gu");

const SHORT: ReadonlyMap<string, string> = new Map([
  ["\b", "\\b"],
  ["\t", "\\t"],
  ["\n", "\\n"],
  ["\f", "\\f"],
  ["\r", "\\r"],
]);

/** Text on one line: `\n`, `\u001b`, or `\U000e0001` beyond four digits, as Python and shells write them. */
export function printable(text: string): string {
  return PLAIN.test(text) ? text : text.replace(EACH_UNSAFE, escapeOf);
}

/** {@link printable}, but keeps line feeds, and with `keepsStyles` the colours of this program. */
export function printableLines(text: string, { keepsStyles = false }: { readonly keepsStyles?: boolean } = {}): string {
  if (PLAIN_LINES.test(text)) return text;
  return text.replace(keepsStyles ? UNSAFE_OR_STYLE : EACH_UNSAFE, (found) =>
    found === "\n" || found.startsWith("\u001b[") ? found : escapeOf(found),
  );
}

/** JSON in which these characters are escaped, which changes no value. */
export function jsonText(value: unknown): string {
  const json = JSON.stringify(value);
  if (PLAIN.test(json)) return json;
  return json.replace(EACH_UNSAFE, (found) =>
    Array.from({ length: found.length }, (_, i) => `\\u${hex(found.charCodeAt(i), 4)}`).join(""),
  );
}

function escapeOf(char: string): string {
  const code = char.codePointAt(0) as number;
  return SHORT.get(char) ?? (code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`);
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
