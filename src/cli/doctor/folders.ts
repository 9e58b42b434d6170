/** The files and folders that `doctor` looks at. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { NpyError, NpyGroupReader, NpyReader, recover } from "../../node.ts";
import { isDirectory } from "../files/places.ts";
import { shardFolderAt } from "../files/shard-folders.ts";
import { counted, recoveryProblem } from "../program/failure.ts";
import { shapeText } from "../rows/columns.ts";
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
  if (folder === undefined) yield* findingsIn(path, options);
  else yield* withDamaged(folder);
}

/** A folder as one entry, and the damaged files of a group that cannot be recovered as a whole. */
async function* withDamaged(folder: Finding): AsyncGenerator<Finding> {
  yield folder;
  if (folder.state !== "group" || folder.isWell || folder.fix !== undefined) return;
  for (const name of (await readdir(folder.path)).sort()) {
    const finding = name.endsWith(".npy") && !name.startsWith(".") ? await classify(join(folder.path, name)) : undefined;
    if (finding !== undefined && !RECOVERABLE.includes(finding.state)) yield finding;
  }
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
    else if (await mayBeOfArrays(path, name, found?.isFile())) findings.push(await classify(path));
    else options.onIgnored();
  }
  yield* asGroup(folder, findings);
  for (const path of folders) {
    const one = await folderFinding(path);
    if (one !== undefined) yield* withDamaged(one);
    else if (options.recursive) yield* findingsIn(path, options);
  }
}

/** A file that cannot be opened, or a link that leads nowhere, may be one of arrays by its name. */
async function mayBeOfArrays(path: string, name: string, isFile: boolean | undefined): Promise<boolean> {
  if (isFile === false) return false;
  return await isOfArrays(path, name).catch(() => /\.np[yz]/i.test(name));
}

/** What is found of a folder of shards, or of arrays in step; `undefined` for others. */
async function folderFinding(path: string): Promise<Finding | undefined> {
  try {
    const shards = (await shardFolderAt(path)) !== undefined ? await shardsFinding(path) : undefined;
    if (shards !== undefined) return shards;
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

/** The states that recovering a folder mends. */
const RECOVERABLE = ["complete", "in use", "cut", "uncounted rows", "half a row", "reserved room"];

/** Whether these are the files of one array: numbered without a gap, with rows of one kind, and no other damage than writers leave. */
function areShards(names: readonly string[], findings: readonly Finding[]): boolean {
  const numbers = names.map((name) => Number.parseInt(name, 10)).sort((a, b) => a - b);
  const isGapless = numbers.every((number, i) => number === (numbers[0] as number) + i);
  const isOneKind = new Set(findings.map(({ layout }) => layout?.row)).size < 2;
  return (
    isGapless &&
    isOneKind &&
    findings.every(({ state, fix, isWell }) => RECOVERABLE.includes(state) && (isWell || fix !== undefined))
  );
}

/** What is found of shards; `undefined` for files that are numbered, and are none. */
async function shardsFinding(path: string): Promise<Finding | undefined> {
  const names = (await readdir(path)).filter((name) => name.endsWith(".npy"));
  const shards = names.filter((name) => /^\d+\.npy$/.test(name));
  const written = names.filter((name) => /^\.shard\..*\.npy$/.test(name));
  if (shards.length + written.length < names.length) return undefined;
  const findings: Finding[] = [];
  for (const name of shards) findings.push(await classify(join(path, name)));
  if (!areShards(shards, findings)) return undefined;
  const common = { path, state: "shards" } as const;
  const inUse = written.filter((name) => isInUse(join(path, name)));
  const [wrong, left] = [findings.filter(({ isWell }) => !isWell).length, written.length - inUse.length];
  const writing = inUse.length === 0 ? "" : `; writers fill ${counted(inUse.length, "file")}`;
  if (wrong + left === 0) return { ...common, isWell: true, found: `${await shardsText(path, shards.length)}${writing}` };
  const parts = [
    ...(wrong > 0 ? [`${counted(wrong, "file")} incomplete`] : []),
    ...(left > 0 ? [`${counted(left, "file")} that no shard was made of`] : []),
  ];
  const found = `${parts.join(", ")}${writing}`;
  const effects = [
    ...(wrong > 0 ? [`recover ${counted(wrong, "file")}`] : []),
    ...(left > 0 ? [`make shards of ${counted(left, "file")}`] : []),
  ];
  const effect = effects.join(", and ");
  if (written.some((name) => name.startsWith(".shard.none.")))
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
