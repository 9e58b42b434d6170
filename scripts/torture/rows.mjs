// Rows that tell what they are: a number, whose file they belong to, and a checksum over all of it. A row that is torn, lost,
// doubled, in the wrong place or of another file shows.

/** `count` rows from number `first` on, of `words` numbers each, row after row. */
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

/** Which file rows are of (`undefined` for none), and why they are not what was appended to it. */
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

/** FNV-1a, by words. numpy-check.py has the same. */
function checksum(sum, word) {
  return Math.imul(sum ^ word, 16777619) >>> 0;
}
