/**
 * The right to rewrite a file in place, among processes that may have no locks: an exclusively created file beside it, which says who has the
 * right. It is a symbolic link whose target is that text, since a link comes into being whole: a file could be found, or survive a power cut,
 * before its text is there. Where there are no links (some Windows, FAT) it is a file.
 */
import * as fs from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { threadId } from "node:worker_threads";
import { hasCode } from "./storage.ts";

/** Who has the right, as far as another process can tell whether it still exists. */
interface Holder {
  readonly pid: number;
  readonly thread: number;
  /** When the process started, in ticks since the machine did: a process id is given again. */
  readonly start: string;
  readonly host: string;
  readonly machine: string;
  readonly boot: string;
  /** Process ids mean something only within their namespace. */
  readonly namespace: string;
  /** Whether the holder has the operating system's lock of the file, too, which ends with it. */
  readonly isLocked: boolean;
  readonly since: string;
  readonly token: string;
}

/** A claim that was made: its path, and what it says. */
interface Made {
  readonly path: string;
  readonly token: string;
}

/** Removing a stale claim takes a claim of its own, and may find that one stale. */
const MAX_TRIES = 20;

/** A claim file, made or to be made. */
export class ClaimFile {
  #made: Made | undefined;

  /**
   * Makes the claim file of `target`; gives who has made it already, as the end of "is being rewritten by", and `undefined` if it was made. A claim
   * whose process is gone is taken over. `isLocked`: the caller has the operating system's lock of the file.
   *
   * @throws the file system's errors.
   */
  make(target: string, isLocked: boolean): string | undefined {
    if (this.#made !== undefined) return undefined;
    const made = claim(claimPath(target), isLocked);
    if (typeof made === "string") return made;
    this.#made = made;
    return undefined;
  }

  /** Removes the claim file, if there is one of this object's. */
  remove(): void {
    const made = this.#made;
    this.#made = undefined;
    if (made !== undefined) removeClaim(made);
  }
}

/** The longest name that leaves room for what is added to it, of the 255 bytes that file systems allow. */
const LONGEST_NAME = 120;

function claimPath(target: string): string {
  const name = basename(target);
  const unique = Buffer.byteLength(name) > LONGEST_NAME ? fs.statSync(target, { bigint: true }).ino.toString() : name;
  return join(dirname(target), `.${unique}.rewriting`);
}

/** Gives who has the claim, if it cannot be had. */
function claim(path: string, isLocked: boolean): Made | string {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    // Short, since the name of a second claim has it, and that of a third both.
    const token = globalThis.crypto.randomUUID().slice(-12);
    if (createExclusively(path, JSON.stringify(thisThread(isLocked, token)))) return { path, token };
    const text = readClaim(path);
    if (text === undefined) continue;
    const holder = parseHolder(text);
    if (holder === undefined) return `a process that left no name in ${path}: if there is none, delete that file and try again`;
    const advice = livenessOf(holder, isLocked);
    if (advice !== undefined) return `process ${holder.pid} on ${holder.host} since ${holder.since}, as ${path} says: ${advice}`;
    // Of those who find it stale, only the one who has this second claim removes it: another might remove what was claimed since.
    const right = claim(`${path}.${holder.token}`, isLocked);
    if (typeof right === "string") return right;
    try {
      removeClaim({ path, token: holder.token });
    } finally {
      removeClaim(right);
    }
  }
  return `several processes in turn, by ${path}: try again later`;
}

/** `false` if it exists. */
function createExclusively(path: string, text: string): boolean {
  try {
    fs.symlinkSync(text, path);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    if (!["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EINVAL", "UNKNOWN"].some((code) => hasCode(error, code))) throw error;
  }
  let fd: number;
  try {
    fd = fs.openSync(path, "wx");
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
  try {
    fs.writeFileSync(fd, text);
  } catch (error) {
    // On a full disk it would stay without its text, and nobody could tell whose it is.
    fs.rmSync(path, { force: true });
    throw error;
  } finally {
    fs.closeSync(fd);
  }
  return true;
}

/** What a claim says; `undefined` if it is gone. */
function readClaim(path: string): string | undefined {
  try {
    return fs.readlinkSync(path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
  }
  try {
    return fs.readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    // A directory, say: nobody's claim, and none that could be taken over.
    return "";
  }
}

/** Nothing is removed but what says this token. */
function removeClaim({ path, token }: Made): void {
  const text = readClaim(path);
  if (text === undefined || parseHolder(text)?.token !== token) return;
  try {
    fs.unlinkSync(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text);
    return typeof holder?.pid === "number" && typeof holder.token === "string" ? holder : undefined;
  } catch {
    return undefined;
  }
}

function thisThread(isLocked: boolean, token: string): Holder {
  return { ...thisMachine(), pid: process.pid, thread: threadId, start: startOf(process.pid), isLocked, since: now(), token };
}

function thisMachine(): Pick<Holder, "host" | "machine" | "boot" | "namespace"> {
  return {
    host: quietly(hostname),
    machine: textOf("/etc/machine-id"),
    boot: textOf("/proc/sys/kernel/random/boot_id"),
    namespace: quietly(() => fs.readlinkSync("/proc/self/ns/pid")),
  };
}

/** What is to be done about a holder that may still be at work; `undefined` if it certainly is not. */
function livenessOf(holder: Holder, isLocked: boolean): string | undefined {
  // It would have the lock.
  if (isLocked && holder.isLocked) return undefined;
  const here = thisMachine();
  const unknown = "it cannot be told from here whether that still runs; if it does not, delete that file and try again";
  if (holder.host !== here.host || holder.machine !== here.machine) return unknown;
  if (holder.boot !== here.boot) return holder.machine === "" ? unknown : undefined;
  if (holder.namespace !== here.namespace) return unknown;
  if (!exists(holder.pid) || isZombie(holder.pid)) return undefined;
  const start = startOf(holder.pid);
  if (start !== holder.start && start !== "" && holder.start !== "") return undefined;
  return holder.pid === process.pid
    ? `let it finish; if thread ${holder.thread} of this process was ended, delete that file and try again`
    : "let it finish";
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !hasCode(error, "ESRCH");
  }
}

/** The 22nd field of /proc/PID/stat. Source: proc(5). */
function startOf(pid: number): string {
  return stateOf(pid)[19] ?? "";
}

/** Whether a process has ended whose parent has not asked for its exit code yet: until then its id exists. */
function isZombie(pid: number): boolean {
  return ["Z", "X"].includes(stateOf(pid)[0] ?? "");
}

/** The fields of /proc/PID/stat from the 3rd on; the second one, a name in brackets, may hold anything. */
function stateOf(pid: number): readonly string[] {
  const text = textOf(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, "Z");
}

function textOf(path: string): string {
  return quietly(() => fs.readFileSync(path, "utf8").trim());
}

/** Nothing where a system has no such file, or does not let us read it. */
function quietly(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
