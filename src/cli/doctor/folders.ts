/** The files and folders that `doctor` looks at. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { NpyError, NpyGroupReader, NpyReader, recover } from "../../node.ts";
import { shapeText } from "../columns.ts";
import { counted, recoveryProblem } from "../failure.ts";
import { isDirectory } from "../files.ts";
import { isShardFolder } from "../shard-folders.ts";
import { classify, isInUse, isKeptCopy, isOfArrays } from "./classify.ts";
import { type Finding, runs } from "./finding.ts";

export interface WalkOptions {
  readonly recursive: boolean;
  /** Called for each file that was left out. */
  onIgnored(): void;
}

/** What is found of a path: of one file, or of a folder, its files. */
export async function* findingsOf(path: string, options: WalkOptions): AsyncGenerator<Finding> {
  if (!isDirectory(path)) {
    yield await classify(path);
    return;
  }
  const folder = await folderFinding(path);
  if (folder !== undefined) yield folder;
  else yield* findingsIn(path, options);
}

async function* findingsIn(folder: string, options: WalkOptions): AsyncGenerator<Finding> {
  const findings: Finding[] = [];
  const folders: string[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    if (isKeptCopy(name)) {
      options.onIgnored();
      continue;
    }
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) folders.push(path);
    else if (found === undefined || (found.isFile() && (await mayBeOfArrays(path, name)))) findings.push(await classify(path));
    else options.onIgnored();
  }
  yield* asGroup(folder, findings);
  for (const path of folders) {
    const one = await folderFinding(path);
    if (one !== undefined) yield one;
    else if (options.recursive) yield* findingsIn(path, options);
  }
}

/** A file that cannot be opened may be one of arrays. */
async function mayBeOfArrays(path: string, name: string): Promise<boolean> {
  return await isOfArrays(path, name).catch(() => /\.np[yz]/i.test(name));
}

/** What is found of a folder of shards, or of arrays in step; `undefined` for others. */
async function folderFinding(path: string): Promise<Finding | undefined> {
  try {
    if (isShardFolder(path)) return await shardsFinding(path);
    const names = await readdir(path);
    const isGroup = names.some(
      (name) => name.endsWith(".offsets.npy") && names.includes(name.replace(/offsets\.npy$/, "values.npy")),
    );
    return isGroup ? await groupFinding(path) : undefined;
  } catch (error) {
    return {
      path,
      state: "unreadable",
      isWell: false,
      found: error instanceof NpyError ? error.reason : (error as Error).message,
    };
  }
}

async function shardsFinding(path: string): Promise<Finding> {
  const common = { path, state: "shards" } as const;
  const names = await readdir(path);
  const written = names.filter((name) => /^\.shard\..*\.npy$/.test(name));
  const inUse = written.filter((name) => isInUse(join(path, name)));
  const unlocked = written.filter((name) => name.startsWith(".shard.none."));
  const shards = names.filter((name) => /^\d+\.npy$/.test(name));
  const wrong: Finding[] = [];
  for (const name of shards) {
    const finding = await classify(join(path, name));
    if (!finding.isWell) wrong.push(finding);
  }
  const writing = inUse.length === 0 ? "" : `; writers fill ${counted(inUse.length, "file")}`;
  const left = written.length - inUse.length;
  const unfixable = wrong.find(({ fix }) => fix?.kind !== "recover");
  if (unfixable !== undefined)
    return {
      ...common,
      isWell: false,
      found: `${counted(wrong.length, "file")} of ${shards.length} damaged, such as ${unfixable.path}: ${unfixable.found}`,
    };
  if (wrong.length + left === 0) return { ...common, isWell: true, found: `${await shardsText(path, shards.length)}${writing}` };
  const parts = [
    ...(wrong.length > 0 ? [`${counted(wrong.length, "file")} incomplete`] : []),
    ...(left > 0 ? [`${counted(left, "file")} that no shard was made of`] : []),
  ];
  const found = `${parts.join(", ")}${writing}`;
  const effect = left > 0 ? `make shards of ${counted(left, "file")}` : `recover ${counted(wrong.length, "file")}`;
  if (unlocked.length > 0)
    return {
      ...common,
      isWell: false,
      found,
      why: "their writers had no locks, so nothing shows whether they still run",
      answers: [{ effect: `${effect}, once no writer runs`, command: runs("recover", path) }],
    };
  return { ...common, isWell: false, found, why: "their writers are gone", fix: { kind: "recover", effect } };
}

async function shardsText(path: string, count: number): Promise<string> {
  if (count === 0) return "no shard yet";
  const reader = await NpyReader.open(path);
  const { dtype, shape } = reader;
  await reader.close();
  return `${dtype.name} ${shapeText(shape)} in ${counted(count, "file")}`;
}

async function groupFinding(path: string): Promise<Finding> {
  const common = { path, state: "group" } as const;
  const names = (await readdir(path)).filter((name) => name.endsWith(".npy") && !name.startsWith("."));
  try {
    const { needed, rowsAfter, bytesDropped } = await recover(path, { dryRun: true });
    if (!needed) {
      const reader = await NpyGroupReader.open(path);
      const { arrays, length } = reader;
      await reader.close();
      return { ...common, isWell: true, found: `arrays in step: ${Object.keys(arrays).join(", ")}, ${counted(length, "row")}` };
    }
    if (names.some((name) => isInUse(join(path, name))))
      return { ...common, state: "in use", isWell: true, found: "a process is appending to the arrays" };
    const dropped = bytesDropped === 0 ? "" : `, and cut off ${counted(bytesDropped, "byte")}`;
    return {
      ...common,
      isWell: false,
      found: "the arrays do not agree on how many rows there are",
      why: "a writer was killed between the files of an append",
      fix: { kind: "recover", effect: `keep ${counted(rowsAfter, "row")} of each array${dropped}` },
    };
  } catch (error) {
    if (!(error instanceof NpyError)) throw error;
    return { ...common, isWell: false, found: recoveryProblem(error).replace(/\.$/, "") };
  }
}

/**
 * Files that a killed writer of a group may have left: different arrays, whose headers count the same rows, and nothing else is wrong. By themselves
 * they would be fixed to different numbers of rows.
 */
function asGroup(folder: string, findings: readonly Finding[]): readonly Finding[] {
  const layouts = findings.map(({ layout }) => layout);
  const isAlike =
    layouts.length > 1 &&
    layouts.every((layout) => layout !== undefined && layout.rows === layouts[0]?.rows) &&
    new Set(layouts.map((layout) => layout?.row)).size > 1 &&
    findings.every(({ state }) => ["complete", "uncounted rows", "half a row", "in use"].includes(state));
  if (!isAlike) return findings;
  return findings.map((finding) => {
    if (finding.state !== "uncounted rows") return finding;
    const { fix, ...rest } = finding;
    return {
      ...rest,
      why: `all files of the folder count ${counted(finding.layout?.rows ?? 0, "row")}: it may be one of arrays that grow in step`,
      answers: [
        { effect: fix?.effect ?? "", command: runs("recover", finding.path) },
        { effect: "make all files of the folder agree", command: runs("recover", folder) },
      ],
    };
  });
}
