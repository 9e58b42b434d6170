// Rows that identify themselves by their number, their file and a checksum. Checking them finds rows that are torn, lost,
// duplicated, in the wrong place or from another file.

/** `count` rows of `words` numbers each, from row number `first` on. */
export function makeRows(first, count, words, generation) {
  const rows = new Uint32Array(count * words);
  for (let row = 0; row < count; row++) {
    const start = row * words;
    rows[start] = first + row;
    rows[start + 1] = generation;
    let sum = checksum(checksum(0, first + row), generation);
    for (let i = 2; i < words - 1; i++) {
      const word = Math.imul(first + row + i, 2654435761) >>> 0;
      rows[start + i] = word;
      sum = checksum(sum, word);
    }
    rows[start + words - 1] = sum;
  }
  return rows;
}

/** Which file the rows belong to (`undefined` for no rows), and how they differ from what was appended to it. */
export function checkRows(rows, words) {
  const generation = rows[1];
  for (let start = 0; start < rows.length; start += words) {
    const row = start / words;
    if (rows[start] !== row) return { generation, problem: `row ${row} has the number ${rows[start]}` };
    if (rows[start + 1] !== generation)
      return { generation, problem: `row ${row} is of file ${rows[start + 1]}, not ${generation}` };
    let sum = 0;
    for (let i = 0; i < words - 1; i++) sum = checksum(sum, rows[start + i]);
    if (rows[start + words - 1] !== sum) return { generation, problem: `row ${row} has a wrong checksum` };
  }
  return { generation, problem: undefined };
}

/** FNV-1a, by words; the same as in numpy-check.py. */
function checksum(sum, word) {
  return Math.imul(sum ^ word, 16777619) >>> 0;
}
