/** What is wrong with one file. Reads it, and never writes. */
import { type FileHandle, open, stat } from "node:fs/promises";
import { arraysOf, inspect, NodeStorage, NpyError, type NpyInfo, type RecoveryReport, recover } from "../../node.ts";
import { isArchive } from "../files/archives.ts";
import { about, counted, lineOf, quoted, recoveryProblem } from "../program/failure.ts";
import { layoutOf, rowsOf, shapeText } from "../rows/columns.ts";
import { archiveFinding } from "./archive.ts";
import { compressedFinding, isGzip } from "./compressed.ts";
import { type Answer, type Finding, GET_AGAIN, runs } from "./finding.ts";
import { wrongHeaderLength } from "./header-length.ts";
import { textDamage } from "./text-damage.ts";

/** Bytes that are read of each file: more than any header has. */
const START = 2 ** 16;

/** Names of files that programs write before they give them their own: `x.npy.part`, `.x.npy.<id>.tmp`. */
const LEFT_OVER = /\.np[yz]\b.*\.(?:part|partial|filepart|crdownload|download|tmp)$/i;

/** The claim of an in-place rewrite, `.x.npy.rewriting`, or of the right to remove one: `.x.npy.rewriting.<token>`. */
const CLAIM = /^\.(.*\.npy)\.rewriting(?:\.[0-9a-f]{8})*$/i;

const MAGIC = Buffer.from("\x93NUMPY", "latin1");

/** Copies that `doctor --fix` kept. */
const KEPT = /\.bak\d*$/;

export function isKeptCopy(name: string): boolean {
  return KEPT.test(name);
}

function isLeftOver(name: string): boolean {
  return LEFT_OVER.test(name) || CLAIM.test(name);
}

/** Whether a file is, or was meant to be, one of arrays: by its name or its first bytes. */
export async function isOfArrays(path: string, name: string): Promise<boolean> {
  return /\.np[yz]$|\.npy\.gz$/i.test(name) || isLeftOver(name) || (await startOf(path, MAGIC.length)).equals(MAGIC);
}

export async function classify(path: string): Promise<Finding> {
  try {
    return await classifyFile(path);
  } catch (error) {
    const line = lineOf(about(path, error));
    return { path, state: "unreadable", isWell: false, found: line.slice(line.indexOf(": ") + 2) };
  }
}

async function classifyFile(path: string): Promise<Finding> {
  const name = path.replace(/^.*[\\/]/s, "");
  // A link that leads nowhere.
  if (CLAIM.test(name)) return claimFinding(path, name);
  const status = await stat(path);
  if (!status.isFile())
    return { path, state: "unreadable", isWell: false, found: "it is no regular file, but a pipe, a device or a folder" };
  const { size } = status;
  if (isLeftOver(name)) return await leftOverFinding(path, name);
  if (size === 0) return emptyFinding(path);
  if (isArchive(path)) return await archiveFinding(path);
  const start = await startOf(path, START);
  if (isGzip(start)) return await compressedFinding(path);
  const damaged = await textDamage(path, start);
  if (damaged !== undefined) return damaged;
  if (start.indexOf(MAGIC) !== 0) return await otherFinding(path);
  return await arrayFinding(path, start, size);
}

async function startOf(path: string, length: number): Promise<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await file.read(bytes, 0, length, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file?.close();
  }
}

function emptyFinding(path: string): Finding {
  return {
    path,
    state: "empty",
    isWell: false,
    found: "it has no bytes",
    why: "a program created it and wrote nothing, or the disk was full: nothing can be recovered",
    answers: [{ effect: "delete it", command: `rm ${quoted(path)}` }, GET_AGAIN],
  };
}

function claimFinding(path: string, name: string): Finding {
  const [, claimed = ""] = CLAIM.exec(name) ?? [];
  return {
    path,
    state: "left over",
    isWell: false,
    found: `the claim of ensure-appendable --inplace on ${claimed}`,
    why: "it still runs, or was killed",
    answers: [
      { effect: "complete what it did, if it was killed", command: runs("recover", path.slice(0, -name.length) + claimed) },
    ],
  };
}

async function leftOverFinding(path: string, name: string): Promise<Finding> {
  const info = await inspect(path).catch(() => undefined);
  const isWhole = info !== undefined && !info.needsRecovery;
  const remove: Answer = { effect: "delete it", command: `rm ${quoted(path)}` };
  const target = path.slice(0, -name.length) + name.replace(/\.(?:part|partial|filepart|crdownload|download)$/i, "");
  const keep: Answer[] =
    isWhole && target !== path ? [{ effect: "keep it", command: `mv -n ${quoted(path)} ${quoted(target)}` }] : [];
  return {
    path,
    state: "left over",
    isWell: false,
    found: isWhole ? `a complete array, ${arrayText(info)}, which was not given its name` : "an unfinished download or copy",
    why: "a program may still be writing it",
    answers: [...keep, remove],
  };
}

/** What a file is that does not begin like `.npy`, in the library's words. */
async function otherFinding(path: string): Promise<Finding> {
  const { code, reason } = await inspect(path).then(
    () => ({ code: "", reason: "" }),
    (error: unknown) => (error instanceof NpyError ? error : Promise.reject(error)),
  );
  if (code === "ERR_NPY_NEEDS_RECOVERY") return await interruptedFinding(path);
  const [, bytes = "", what] = /, found ([^:]*)(?:: (.*))?$/s.exec(reason) ?? [];
  return {
    path,
    state: "not .npy",
    isWell: false,
    found: what?.replace(/\.$/, "") ?? `it begins with ${bytes.replace(/\.$/, "")}, which no known format does`,
  };
}

/** A file that says of itself that it is being rewritten in place. */
async function interruptedFinding(path: string): Promise<Finding> {
  if (isInUse(path)) return { path, state: "in use", isWell: true, found: "a process is rewriting it in place" };
  try {
    await recover(path, { dryRun: true });
    return { path, isWell: false, ...INTERRUPTED };
  } catch (error) {
    if (!(error instanceof NpyError)) throw error;
    return refusedFinding(path, error);
  }
}

async function arrayFinding(path: string, start: Buffer, size: number): Promise<Finding> {
  let info: NpyInfo;
  try {
    info = await inspect(path);
  } catch (error) {
    if (!(error instanceof NpyError)) throw error;
    return wrongHeaderLength(path, start, size) ?? headerFinding(path, error);
  }
  const layout = { rows: rowsOf(info), row: JSON.stringify([info.dtype.descr, layoutOf(info).rowShape]) };
  if (!info.needsRecovery) return { path, state: "complete", isWell: true, found: arrayText(info), layout };
  // The header of a whole file ends with a line feed.
  const isShifted = start[info.headerLength - 1] !== 0x0a ? wrongHeaderLength(path, start, size) : undefined;
  if (isShifted !== undefined) return isShifted;
  if (isInUse(path)) return { path, state: "in use", isWell: true, found: "a process is appending to it", layout };
  try {
    const report = await recover(path, { dryRun: true });
    return { path, isWell: false, layout, ...recoveryFinding(path, info, report) };
  } catch (error) {
    if (!(error instanceof NpyError)) throw error;
    return error.code === "ERR_NPY_TRAILING" ? await severalFinding(path) : refusedFinding(path, error);
  }
}

/** Whether another process holds the lock of a file. Opens the file for writing, and writes nothing. */
export function isInUse(path: string): boolean {
  try {
    const file = new NodeStorage(path).openSync("r+");
    try {
      return file.lockSync?.() === "taken";
    } finally {
      file.closeSync();
    }
  } catch {
    // A file that may not be written to is in no other use that shows.
    return false;
  }
}

function headerFinding(path: string, error: NpyError): Finding {
  const found = error.reason.replace(/\.$/, "");
  const isForeign = error.code !== "ERR_NPY_HEADER" || /^Version /.test(error.reason);
  if (isForeign) return { path, state: "foreign", isWell: false, found };
  return {
    path,
    state: "damaged header",
    isWell: false,
    found,
    answers: [{ effect: "get the original again", command: undefined }],
  };
}

const INTERRUPTED = {
  state: "interrupted",
  found: "ensure-appendable --inplace was interrupted",
  why: "what is needed to complete it is in the file",
  fix: { kind: "recover", effect: "complete it" },
} as const;

function recoveryFinding(
  path: string,
  info: NpyInfo,
  { rowsBefore, rowsAfter, bytesDropped, bytesReserved }: RecoveryReport,
): Pick<Finding, "state" | "found" | "why" | "fix" | "answers"> {
  const [{ dataLength, expectedDataLength }, kind] = [info, "recover" as const];
  const dropped = bytesDropped === 0 ? "" : `, and cut off ${counted(bytesDropped, "byte")} of an incomplete row`;
  if (bytesReserved !== undefined)
    return {
      state: "reserved room",
      found: `${counted(bytesReserved, "byte")} after ${counted(rowsAfter, "row")}`,
      why: "a writer with mmap reserved them for rows to come, and was killed",
      fix: { kind, effect: `cut them off, and keep ${counted(rowsAfter, "row")}` },
    };
  const lengths = `${dataLength} of ${expectedDataLength} bytes of data`;
  if (rowsAfter < rowsBefore)
    return {
      state: "cut",
      found: `${lengths}: ${rowsAfter} of ${counted(rowsBefore, "row")} are whole`,
      why: "a download, a copy or a full disk ended before the last row",
      fix: { kind, effect: `keep ${counted(rowsAfter, "row")}${dropped}` },
      answers: [
        GET_AGAIN,
        ...(bytesDropped > 0
          ? [{ effect: "keep the incomplete row, filled with zeros", command: runs("recover --zerofill", path) }]
          : []),
      ],
    };
  if (rowsAfter > rowsBefore)
    return {
      state: "uncounted rows",
      found: `${counted(rowsAfter - rowsBefore, "row")} after the ${rowsBefore} that the header counts`,
      why: "a writer was killed after it had written them, and before it counted them",
      fix: { kind, effect: `count ${counted(rowsAfter, "row")}${dropped}` },
      answers: [{ effect: "keep only the rows that are counted", command: runs("recover --drop-uncounted", path) }],
    };
  if (bytesDropped > 0)
    return {
      state: "half a row",
      found: `${counted(bytesDropped, "byte")} after the ${counted(rowsBefore, "row")} that the header counts`,
      why: "a writer was killed while it wrote a row",
      fix: { kind, effect: `keep ${counted(rowsAfter, "row")}${dropped}` },
    };
  return INTERRUPTED;
}

/** What `recover` refuses, and the options with which it would not. */
function refusedFinding(path: string, error: NpyError): Finding {
  if (error.code === "ERR_NPY_NOT_APPENDABLE")
    return {
      path,
      state: "uncounted rows",
      isWell: false,
      found: "the rows after those that the header counts do not fit into its number: it has no room for more digits",
      answers: [
        {
          effect: "give the header room, and count them",
          command: `${runs("ensure-appendable", path)} && ${runs("recover", path)}`,
        },
        { effect: "keep only the rows that are counted", command: runs("recover --drop-uncounted", path) },
      ],
    };
  const answers = error.remedies.map(({ option, effect, isWithout }): Answer => {
    const flag = {
      allowEmpty: "--allow-empty",
      dropUncounted: "--drop-uncounted",
      force: "--force",
      zerofillIncomplete: "--zerofill",
    }[option];
    return { effect, command: isWithout ? runs("recover", path) : runs(`recover ${flag}`, path) };
  });
  const found = (answers.length > 0 ? error.problem : recoveryProblem(error)).replace(/\.$/, "");
  return { path, state: "cut", isWell: false, found, answers: [...answers, GET_AGAIN] };
}

async function severalFinding(path: string): Promise<Finding> {
  let count = 0;
  let problem = "";
  try {
    for await (const reader of arraysOf(path)) {
      count++;
      await reader.close();
    }
  } catch (error) {
    if (!(error instanceof NpyError)) throw error;
    problem = error.reason.replace(/\.$/, "");
  }
  return {
    path,
    state: "several arrays",
    isWell: false,
    found:
      problem === ""
        ? `${count} arrays, one after the other`
        : `${count === 1 ? "1 array" : `${count} arrays`}, and then: ${problem}`,
    why: "several calls of numpy.save, or cat, wrote them; numpy.load reads the first one only",
    answers: [
      ...(problem === "" ? [{ effect: "write each into a file of its own", command: runs("split", path) }] : []),
      { effect: "keep the first, and cut off the others", command: runs("recover --drop-uncounted", path) },
    ],
  };
}

function arrayText({ dtype, shape }: Pick<NpyInfo, "dtype" | "shape">): string {
  return `${dtype.fields === undefined ? dtype.name : `${dtype.itemsize} bytes`} ${shapeText(shape)}`;
}
