/** What a file is that does not begin like a `.npy` file: one table of beginnings, with what to do. */

/** The first bytes, as numbers or as a text of ASCII characters; what it is and what to do. */
type Beginning = readonly [bytes: readonly number[] | string, what: string];

const COMPRESSED = "Decompress it first";
const MANGLED = "its bytes were read as text and written again, which loses bytes: get the original again, and copy it as binary";
const WEB_PAGE =
  "it is a web page, such as an error or a login page that was saved instead of the file: look at its text, and download it again";
const TEXT_FILE = "save it with numpy.save, or append its rows as numbers";

/** The longer beginnings come first. */
const BEGINNINGS: readonly Beginning[] = [
  [
    [0x50, 0x4b, 0x03, 0x04],
    "it is a zip file; .npz files are, and hold several arrays. Call openNpz or loadNpz; on the command line, name one as FILE.npz:NAME",
  ],
  [[0x50, 0x4b, 0x05, 0x06], "it is an empty zip file (.npz). Save an array with numpy.save"],
  [
    "PK",
    "it is a zip file; .npz files are, and hold several arrays. Call openNpz or loadNpz; on the command line, name one as FILE.npz:NAME",
  ],
  [[0x1f, 0x8b], `it is compressed by gzip (.gz). ${COMPRESSED}, with gunzip`],
  [[0x28, 0xb5, 0x2f, 0xfd], `it is compressed by Zstandard (.zst). ${COMPRESSED}, with unzstd`],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], `it is compressed by xz. ${COMPRESSED}, with unxz`],
  ["BZh", `it is compressed by bzip2 (.bz2). ${COMPRESSED}, with bunzip2`],
  [[0x04, 0x22, 0x4d, 0x18], `it is compressed by LZ4. ${COMPRESSED}, with unlz4`],
  [[0x89, 0x48, 0x44, 0x46], "it is an HDF5 file (.h5). Read a data set with h5py, and save it with numpy.save"],
  ["ARROW1", "it is an Arrow (Feather) file. Read its table, and append its columns"],
  ["FEA1", "it is a Feather file. Read its table, and append its columns"],
  ["PAR1", "it is a Parquet file. Read its table, and append its columns"],
  ["MATLAB", "it is a MATLAB file (.mat). Read it with scipy.io.loadmat, and save an array with numpy.save"],
  ["version https://git-lfs", "it is a pointer of Git LFS, not the file itself. Get the file with git lfs pull"],
  [[0xc2, 0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], MANGLED],
  [[0xef, 0xbf, 0xbd, 0x4e, 0x55, 0x4d, 0x50, 0x59], MANGLED],
  [[0x3f, 0x4e, 0x55, 0x4d, 0x50, 0x59], MANGLED],
  [[0x13, 0x4e, 0x55, 0x4d, 0x50, 0x59], MANGLED],
  [[0xe2, 0x80, 0x9c, 0x4e, 0x55, 0x4d, 0x50, 0x59], MANGLED],
  [
    [0xef, 0xbb, 0xbf, 0x93, 0x4e],
    "a text editor put a byte order mark before it. Get the original again, and copy it as binary",
  ],
  [[0xef, 0xbb, 0xbf, 0xc2, 0x93, 0x4e], MANGLED],
  [[0xef, 0xbb, 0xbf, 0xef, 0xbf, 0xbd, 0x4e], MANGLED],
  [[0xff, 0xfe, 0x93, 0x00, 0x4e, 0x00], `it was written again as UTF-16; ${MANGLED}`],
  [[0xff, 0xfe, 0xfd, 0xff, 0x4e, 0x00], `it was written again as UTF-16; ${MANGLED}`],
  [[0xff, 0xfe], `it is a text file in UTF-16: ${TEXT_FILE}`],
  [[0xfe, 0xff], `it is a text file in UTF-16: ${TEXT_FILE}`],
];

/** What a file is by its first bytes, and what to do; `undefined` if they tell nothing. */
export function otherFormat(start: Uint8Array): string | undefined {
  const found = BEGINNINGS.find(([beginning]) => beginsWith(start, beginning));
  if (found !== undefined) return found[1];
  if (start.length > 0 && start.every((byte) => byte === 0)) {
    return "it holds zeros, as files do whose data had not reached the disk when the system crashed. Nothing can be read from it: restore it from a copy";
  }
  // Pickles of protocol 2 to 5.
  if (start[0] === 0x80 && (start[1] as number) >= 2 && (start[1] as number) <= 5) {
    return "it is a Python pickle. Load it with pickle in Python, if you trust it, and save the array with numpy.save";
  }
  return textFormat(start);
}

function beginsWith(start: Uint8Array, beginning: readonly number[] | string): boolean {
  if (start.length < beginning.length) return false;
  for (let i = 0; i < beginning.length; i++) {
    if (start[i] !== (typeof beginning === "string" ? beginning.charCodeAt(i) : beginning[i])) return false;
  }
  return true;
}

function textFormat(start: Uint8Array): string | undefined {
  const isBom = beginsWith(start, [0xef, 0xbb, 0xbf]);
  const bytes = start.subarray(isBom ? 3 : 0, 512);
  if (bytes.length < 2 || bytes.some((byte) => byte === 0x7f || (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13)))
    return undefined;
  const text = String.fromCharCode(...bytes).trimStart();
  if (/^<(?:!doctype|html|head|body|\?xml)/i.test(text)) return WEB_PAGE;
  if (/^\{\s*(?:"|\})|^\[\s*[[{"\d\]-]/.test(text)) return `it is a JSON file. Parse it and append the rows, or ${TEXT_FILE}`;
  if (/^[^\n\r,;\t]{0,80}[,;\t]/.test(text)) return `it is a text file, such as CSV: ${TEXT_FILE}`;
  if (/^[\x20-\x7e\r\n\t]+$/.test(text)) return `it is a text file: ${TEXT_FILE}`;
  return undefined;
}
