/** What the pages take from the library and from the command line, in one place: neither is written twice. */
export { type Column, columnData, columnsOf, numericColumns, sizeOf } from "../../src/cli/columns.ts";
export { Moments } from "../../src/cli/moments.ts";
export { hexOf, LINE_COLORS, LINE_COLORS_ON_LIGHT, viridis } from "../../src/cli/plot/colors.ts";
export { type Drawn, drawnColumn, noGaps, readValues, withOrigin } from "../../src/cli/plot/columns.ts";
export { Envelope, rangeOf } from "../../src/cli/plot/envelope.ts";
export type { Summary } from "../../src/cli/summary.ts";
export { totalOf } from "../../src/cli/totals.ts";
export {
  type AsyncFolder,
  type AsyncStorage,
  type AsyncStorageFile,
  type DType,
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
  type ReadPurpose,
  type RecordArray,
  type Selection,
  saveSync,
} from "../../src/index.ts";
