/** Bytes as latin-1, in which every byte is the code point of its character. */

/** All engines take this many arguments. One call for many characters is several times as fast as a call for each. */
const MOST_ARGUMENTS = 1000;

export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += MOST_ARGUMENTS) {
    text += String.fromCharCode.apply(undefined, bytes.subarray(i, i + MOST_ARGUMENTS) as never);
  }
  return text;
}
