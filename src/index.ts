/** The portable public API: everything that needs no file system. */
export {
  type EnsureAppendableOptions,
  ensureAppendable,
  ensureAppendableSync,
  isAppendable,
  isAppendableSync,
} from "./appendable.ts";
export type { ArrowTable, ArrowVector } from "./array/arrow.ts";
export { type Casting, canCast } from "./array/casting.ts";
export type {
  AccessorArray,
  ElementArray,
  ForeignArray,
  NumpyTsArray,
  OnnxTensor,
  StridedArray,
  TensorFlowTensor,
} from "./array/foreign.ts";
export type { ArrayInput, ArrayView, NestedArray, Records, Scalar, TypedArray } from "./array/input.ts";
export type { DataOf, NpyArray, NpyData, NpyScalars } from "./array/npy-array.ts";
export { RecordArray } from "./array/record-array.ts";
export type {
  AppendInput,
  ColumnsInputOf,
  ColumnsOf,
  ComplexNumber,
  RecordArrayOf,
  RecordInputOf,
  RecordOf,
  RecordsInput,
} from "./array/record-types.ts";
export { NpyError, type NpyErrorCode, type NpyErrorDetails } from "./errors.ts";
export {
  type ByteOrder,
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
export { formatHeader, type NpyHeader, type NpyVersion, parseHeader } from "./format/header.ts";
export type { ArrayLayout } from "./format/layout.ts";
export { inspect, inspectSync, type NpyInfo } from "./inspect.ts";
export { NpyAppendArray } from "./npy-append-array.ts";
export { NpyAppendArraySync } from "./npy-append-array-sync.ts";
export type { OpenOptions } from "./options.ts";
export type { CopyOptions } from "./plan/copy.ts";
export type { Durability } from "./plan/grow.ts";
export type { RecoveryReport } from "./plan/recover.ts";
export type { RawChunk } from "./raw-rows.ts";
export {
  type ChunkOptions,
  type FollowOptions,
  load,
  loadSync,
  NpyReader,
  NpyReaderSync,
  type ReaderOptions,
  type ReadOptions,
  type ReadRowsOptions,
} from "./reader.ts";
export {
  type HeaderOptions,
  needsRecovery,
  needsRecoverySync,
  type RecoverOptions,
  recover,
  recoverSync,
} from "./recovery.ts";
export { type SaveOptions, save, saveSync } from "./save.ts";
export type { ShareToken } from "./share.ts";
export type { FileLike } from "./storage/locate.ts";
export { MemoryStorage } from "./storage/memory.ts";
export type { Eventually, OpenMode, Storage, StorageFile } from "./storage/storage.ts";
export type { AppendFromOptions, AppendRowsOptions, RawAppendOptions, RawWritableOptions, WritableOptions } from "./streams.ts";
