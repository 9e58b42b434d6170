/** What the pages take from the library and from the command line, in one place: neither is written twice. */

export { hexOf, LINE_COLORS, LINE_COLORS_ON_LIGHT, viridis } from "../../src/cli/plot/colors.ts";
export { drawnColumn, noGaps, readValues } from "../../src/cli/plot/columns.ts";
export { Envelope, rangeOf } from "../../src/cli/plot/envelope.ts";
export { type Column, columnData, columnsOf, numericColumns, shapeText } from "../../src/cli/rows/columns.ts";
export { Moments } from "../../src/cli/stats/moments.ts";
export type { Summary } from "../../src/cli/stats/summary.ts";
export { totalOf } from "../../src/cli/stats/totals.ts";
export { bytesText } from "../../src/cli/text/byte-counts.ts";
export { csvCell, isRaw } from "../../src/cli/text/cell.ts";
export {
  type AsyncFolder,
  type AsyncStorage,
  type AsyncStorageFile,
  type DType,
  type DTypeLike,
  dtype,
  type FileLike,
  formatHeader,
  inspect,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type NpyArray,
  type NpyData,
  NpyError,
  NpyGroupReader,
  type NpyInfo,
  NpyReader,
  openNpz,
  parseHeader,
  recover,
  type Selection,
  saveSync,
} from "../../src/index.ts";
export { exportFile, type OpfsFileFolder, opfsFile, opfsFolder } from "../../src/opfs.ts";
