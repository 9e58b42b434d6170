/** What `import "npy-append-array/s3"` gives: files and folders in S3, and in stores that speak its language. */

export type { JoinReport } from "./objects/join-objects.ts";
export type { ObjectStorage } from "./objects/object-storage.ts";
export { type ConcatOptions, concat } from "./s3/concat.ts";
export type { S3Options, S3PartOptions } from "./s3/options.ts";
export { type S3Folder, type S3FolderOptions, s3Folder } from "./s3/s3-folder.ts";
export { type AbortStaleOptions, abortStale, type S3ObjectOptions, s3Object } from "./s3/s3-object.ts";
export type { Fetch } from "./storage/storage.ts";
