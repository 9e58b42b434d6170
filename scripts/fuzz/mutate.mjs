// Makes variations of known inputs.

/** Words that mean something to a target. */
const WORDS = [
  ..."[](){},:'\"\\ \n\r\t\f\v0123456789+-.=<>|!#LlxuUNbBrR_\0\x7f\x80\xe9\xff",
  ...[
    "True",
    "False",
    "None",
    "()",
    "[]",
    "{}",
    "(1,)",
    "(0,)",
    "(2, 3)",
    "'",
    "''",
    "\\x41",
    "\\u00e9",
    "\\U0001f642",
    "\\ud800",
    "\\N{a}",
  ],
  ...[
    "'descr'",
    "'fortran_order'",
    "'shape'",
    "'<f8'",
    "'<U0'",
    "'|S0'",
    "'|V0'",
    "'|O'",
    "'>M8[ns]'",
    "'<m8[15m]'",
    "'<f16'",
    "'>c32'",
  ],
  ...[
    "[('a', '<i4')]",
    "('b', '<f4', (2,))",
    "(('t', 'n'), '|u1')",
    "('', '|V3')",
    "('c', [], (9,))",
    "'__proto__'",
    "'constructor'",
  ],
  ...['["a","<i4"]', '["b",["<f4",[2]]]', '{"a":"f8"}', "[2]", '"<U3"', "datetime64[s]", "float16"],
  ...[
    "9007199254740991",
    "9007199254740992",
    "18446744073709551616",
    "2147483647",
    "999999999999",
    "1e9",
    "00",
    "-0",
    "3L",
    "\x93NUMPY\x01\0",
  ],
].map((text) => Buffer.from(text, "latin1"));

const LONGEST = 2 ** 16;

/** A string or a number, which a word may replace. */
const IS_NUMBER = /^\d+$/;
const TOKEN = /'[^']*'|"[^"]*"|\d+/g;

/** Changes one of the inputs in a few places. `random` returns integers below its argument. */
export function mutate(inputs, random, hasHeader) {
  let bytes = inputs[random(inputs.length)];
  for (let i = 1 + random(1 + random(6)); i > 0; i--) bytes = edit(bytes, inputs, random);
  bytes = bytes.subarray(0, LONGEST);
  return hasHeader && random(8) > 0 ? withLength(bytes) : bytes;
}

function edit(bytes, inputs, random) {
  const at = random(bytes.length + 1);
  const length = Math.min(random(2) === 0 ? 1 + random(4) : random(64), bytes.length - at);
  switch (random(9)) {
    case 0:
      return splice(bytes, at, 0, WORDS[random(WORDS.length)]);
    case 1:
      return splice(bytes, at, length, WORDS[random(WORDS.length)]);
    case 2:
      return splice(bytes, at, length, []);
    case 3:
      return splice(bytes, at, 1, [random(256)]);
    case 4:
      // Repeats these bytes elsewhere.
      return splice(bytes, random(bytes.length + 1), 0, bytes.subarray(at, at + length));
    case 5:
    case 6: {
      const tokens = [...bytes.toString("latin1").matchAll(TOKEN)];
      if (tokens.length === 0) return bytes;
      const { 0: token, index } = tokens[random(tokens.length)];
      const words = random(4) === 0 ? WORDS : WORDS.filter((word) => IS_NUMBER.test(word) === IS_NUMBER.test(token));
      return splice(bytes, index, token.length, words[random(words.length)]);
    }
    case 7: {
      const other = inputs[random(inputs.length)];
      const from = random(other.length + 1);
      return splice(bytes, at, length, other.subarray(from, from + random(64)));
    }
    default:
      return splice(
        bytes,
        at,
        length,
        Buffer.concat(Array.from({ length: 1 << random(9) }, () => bytes.subarray(at, at + length))),
      );
  }
}

function splice(bytes, at, length, patch) {
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(patch), bytes.subarray(at + length)]);
}

/** Corrects the header's length field; otherwise the header would not be parsed at all. */
function withLength(bytes) {
  const end = bytes.indexOf("\n") + 1;
  const isLong = bytes[6] !== 1;
  const start = isLong ? 12 : 10;
  if (end < start) return bytes;
  const copy = Buffer.from(bytes);
  if (isLong) copy.writeUInt32LE(end - start, 8);
  else copy.writeUInt16LE(Math.min(end - start, 0xffff), 8);
  return copy;
}
