/** The portable public API: everything that needs no file system. */
export {
  type EnsureAppendableOptions,
  ensureAppendable,
  ensureAppendableSync,
  isAppendable,
  isAppendableSync,
} from "./appendable.ts";
export { type Casting, canCast } from "./cast/can-cast.ts";
export type { OnOverflow } from "./cast/overflow.ts";
export type { NpyScalars } from "./decode/decode.ts";
export type {
  ColumnsOf,
  ComplexNumber,
  DataOf,
  FieldName,
  NpyArray,
  NpyChunk,
  RecordArrayOf,
  RecordOf,
  RowOf,
  WithFields,
} from "./decode/npy-array.ts";
export { type NpyData, RecordArray } from "./decode/record-array.ts";
export type { Nulls } from "./encode/nulls.ts";
export { NpyError, type NpyErrorCode, type NpyErrorDetails } from "./errors.ts";
export {
  type ByteOrder,
  type CheckedDType,
  type DatetimeUnit,
  type Descr,
  type DescrField,
  type DType,
  type DTypeField,
  type DTypeKind,
  type DTypeLike,
  type DTypeName,
  dtype,
} from "./format/dtype.ts";
export type { NpyHeader, NpyVersion } from "./format/header.ts";
export type { ArrayLayout } from "./format/layout.ts";
export type { Selection, Slice } from "./format/selection.ts";
export type { GroupArray, GroupArrayInfo } from "./group/columns.ts";
export type { GroupAppendFromOptions, GroupOptions, GroupRowAppendOptions } from "./group/group-options.ts";
export type { GroupChunkOptions, GroupReadOptions } from "./group/group-reader.ts";
export type { GroupArrays, GroupArraysOf, GroupReaderOptions } from "./group/group-reading.ts";
export type { GroupInput, RaggedInput } from "./group/growing-group.ts";
export { NpyAppendGroup } from "./group/npy-append-group.ts";
export { NpyAppendGroupSync } from "./group/npy-append-group-sync.ts";
export { type GroupFollowOptions, NpyGroupReader } from "./group/npy-group-reader.ts";
export { NpyGroupReaderSync } from "./group/npy-group-reader-sync.ts";
export { RaggedArray } from "./group/ragged-array.ts";
export { formatHeader, type HeaderLayout, parseHeader } from "./headers.ts";
export type {
  AccessorArray,
  ArqueroTable,
  ArrayInput,
  ArrayView,
  ArrowTable,
  ArrowVector,
  ElementArray,
  FlechetteColumn,
  Float16ArrayLike,
  ForeignArray,
  ImageLike,
  MathMatrix,
  MlMatrix,
  NestedArray,
  NumpyTsArray,
  OnnxTensor,
  RecordObject,
  Records,
  Scalar,
  SharpOutput,
  StridedArray,
  TensorFlowTensor,
  ThreeAttribute,
  TypedArray,
} from "./input/array-input.ts";
export type { AppendInput, ColumnsInputOf, RecordInputOf, RecordsInput, RowInput } from "./input/record-types.ts";
export { inspect, inspectSync, type NpyInfo } from "./inspect.ts";
export { load, loadSync } from "./load.ts";
export type { LoadNpzOptions, NpzMember } from "./npz/archive-reader.ts";
export { loadNpz, loadNpzSync, NpzReader, openNpz, openNpzSync } from "./npz/npz-reader.ts";
export { NpzReaderSync } from "./npz/npz-reader-sync.ts";
export {
  type NpzInput,
  type NpzSource,
  type NpzSourceSync,
  type SaveNpzOptions,
  saveNpz,
  saveNpzSync,
} from "./npz/npz-writer.ts";
export type { HeaderOptions, InspectOptions } from "./options.ts";
export type { Durability } from "./plan/grow/growing-file.ts";
export type { CopyOptions } from "./plan/rewrite/copy-data.ts";
export type { RecoveryReport } from "./plan/rewrite/recover.ts";
export { arraysOf, arraysOfSync } from "./reader/arrays-of.ts";
export { NpyReader } from "./reader/npy-reader.ts";
export { NpyReaderSync } from "./reader/npy-reader-sync.ts";
export type {
  ChunkOptions,
  FollowOptions,
  LoadOptions,
  Order,
  ReaderOptions,
  ReadOptions,
  ReadRowsOptions,
  RowsOptions,
  SelectOptions,
} from "./reader/reader-options.ts";
export type { SearchOptions, SearchValue } from "./reader/search-sorted.ts";
export type { SourceLike } from "./reader/sources.ts";
export {
  needsRecovery,
  needsRecoverySync,
  type RecoverOptions,
  recover,
  recoverSync,
} from "./recovery.ts";
export { type SaveOptions, save, saveSync } from "./save.ts";
export { type IndexOptions, indexShards, type ShardsIndex } from "./shards/index-shards.ts";
export { NpyShards } from "./shards/npy-shards.ts";
export { recoverShards, type ShardsReport } from "./shards/recover-shards.ts";
export type { ShardsOptions } from "./shards/shards-options.ts";
export type { AsyncFolder, Folder, WholeFiles } from "./storage/folder.ts";
export type { FileLike, FolderLike } from "./storage/locate.ts";
export { MemoryStorage } from "./storage/memory.ts";
export { MemoryFolder } from "./storage/memory-folder.ts";
export type { FileHandleLike } from "./storage/ranges.ts";
export type {
  Advice,
  AsyncStorage,
  AsyncStorageFile,
  Eventually,
  Fetch,
  LockResult,
  MappedPart,
  OpenMode,
  ReadLimits,
  ReadPurpose,
  Storage,
  StorageFile,
} from "./storage/storage.ts";
export { NpyAppendArray } from "./writer/npy-append-array.ts";
export { NpyAppendArraySync } from "./writer/npy-append-array-sync.ts";
export type { OpenOptions } from "./writer/open-options.ts";
export type { RawChunk } from "./writer/raw-rows.ts";
export type { ShareToken } from "./writer/share.ts";
export type {
  AppendFromOptions,
  AppendRowsOptions,
  RawAppendOptions,
  RawWritableOptions,
  RowAppendOptions,
  RowWritableOptions,
  WritableOptions,
} from "./writer/streams.ts";
