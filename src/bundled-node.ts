/**
 * What bundlers for Node take in place of `node.ts`: the same names, but paths come in only with the verbs that open files, and threads only with
 * those that append, and zlib only with archives. The calls are marked as pure, so that bundlers drop those of verbs that an application does not use.
 */
import * as portable from "./index.ts";
import { useDeflate, usePaths, useThreads } from "./node-runtime.ts";

export * from "./index.ts";
export { NodeFolder } from "./storage/node-folder.ts";
export { NodeStorage } from "./storage/node-storage.ts";

function withPaths<Verb>(verb: Verb): Verb {
  usePaths();
  return verb;
}

function withThreads<Verb>(verb: Verb): Verb {
  useThreads();
  return withPaths(verb);
}

function withDeflate<Verb>(verb: Verb): Verb {
  useDeflate();
  return withPaths(verb);
}

export const arraysOf: typeof portable.arraysOf = /* @__PURE__ */ withPaths(portable.arraysOf);
export const arraysOfSync: typeof portable.arraysOfSync = /* @__PURE__ */ withPaths(portable.arraysOfSync);
export const ensureAppendable: typeof portable.ensureAppendable = /* @__PURE__ */ withPaths(portable.ensureAppendable);
export const ensureAppendableSync: typeof portable.ensureAppendableSync = /* @__PURE__ */ withPaths(
  portable.ensureAppendableSync,
);
export const inspect: typeof portable.inspect = /* @__PURE__ */ withPaths(portable.inspect);
export const inspectSync: typeof portable.inspectSync = /* @__PURE__ */ withPaths(portable.inspectSync);
export const isAppendable: typeof portable.isAppendable = /* @__PURE__ */ withPaths(portable.isAppendable);
export const isAppendableSync: typeof portable.isAppendableSync = /* @__PURE__ */ withPaths(portable.isAppendableSync);
export const load: typeof portable.load = /* @__PURE__ */ withPaths(portable.load);
export const loadSync: typeof portable.loadSync = /* @__PURE__ */ withPaths(portable.loadSync);
export const needsRecovery: typeof portable.needsRecovery = /* @__PURE__ */ withPaths(portable.needsRecovery);
export const needsRecoverySync: typeof portable.needsRecoverySync = /* @__PURE__ */ withPaths(portable.needsRecoverySync);
export const recover: typeof portable.recover = /* @__PURE__ */ withPaths(portable.recover);
export const recoverSync: typeof portable.recoverSync = /* @__PURE__ */ withPaths(portable.recoverSync);
export const save: typeof portable.save = /* @__PURE__ */ withPaths(portable.save);
export const saveSync: typeof portable.saveSync = /* @__PURE__ */ withPaths(portable.saveSync);
export const NpyReader: typeof portable.NpyReader = /* @__PURE__ */ withPaths(portable.NpyReader);
export const NpyReaderSync: typeof portable.NpyReaderSync = /* @__PURE__ */ withPaths(portable.NpyReaderSync);
export const NpyAppendArray: typeof portable.NpyAppendArray = /* @__PURE__ */ withThreads(portable.NpyAppendArray);
export const NpyAppendArraySync: typeof portable.NpyAppendArraySync = /* @__PURE__ */ withThreads(portable.NpyAppendArraySync);
export const loadNpz: typeof portable.loadNpz = /* @__PURE__ */ withDeflate(portable.loadNpz);
export const loadNpzSync: typeof portable.loadNpzSync = /* @__PURE__ */ withDeflate(portable.loadNpzSync);
export const openNpz: typeof portable.openNpz = /* @__PURE__ */ withDeflate(portable.openNpz);
export const openNpzSync: typeof portable.openNpzSync = /* @__PURE__ */ withDeflate(portable.openNpzSync);
export const saveNpz: typeof portable.saveNpz = /* @__PURE__ */ withDeflate(portable.saveNpz);
export const saveNpzSync: typeof portable.saveNpzSync = /* @__PURE__ */ withDeflate(portable.saveNpzSync);
export const NpzReader: typeof portable.NpzReader = /* @__PURE__ */ withDeflate(portable.NpzReader);
export const NpzReaderSync: typeof portable.NpzReaderSync = /* @__PURE__ */ withDeflate(portable.NpzReaderSync);
export const indexShards: typeof portable.indexShards = /* @__PURE__ */ withPaths(portable.indexShards);
export const recoverShards: typeof portable.recoverShards = /* @__PURE__ */ withPaths(portable.recoverShards);
export const NpyGroupReader: typeof portable.NpyGroupReader = /* @__PURE__ */ withPaths(portable.NpyGroupReader);
export const NpyGroupReaderSync: typeof portable.NpyGroupReaderSync = /* @__PURE__ */ withPaths(portable.NpyGroupReaderSync);
export const NpyShards: typeof portable.NpyShards = /* @__PURE__ */ withThreads(portable.NpyShards);
export const NpyAppendGroup: typeof portable.NpyAppendGroup = /* @__PURE__ */ withThreads(portable.NpyAppendGroup);
export const NpyAppendGroupSync: typeof portable.NpyAppendGroupSync = /* @__PURE__ */ withThreads(portable.NpyAppendGroupSync);
