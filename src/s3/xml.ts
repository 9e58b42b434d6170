/** The little XML that S3 speaks: elements without attributes, of which only the texts matter. */

/** The text of the first element of this name; `""` if there is none. */
export function textOf(xml: string, name: string): string {
  return unescaped(contentsOf(xml, name)[0] ?? "");
}

/** What is inside each element of this name. None contains another of the same name. */
export function contentsOf(xml: string, name: string): string[] {
  return Array.from(xml.matchAll(new RegExp(`<${name}(?: [^>]*)?>([^]*?)</${name}>`, "g")), ([, inside]) => inside as string);
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (whole, hex, digits, name) => {
    if (name !== undefined) return NAMED[name] ?? whole;
    return String.fromCodePoint(hex === undefined ? Number(digits) : Number.parseInt(hex, 16));
  });
}
