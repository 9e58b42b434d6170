/**
 * The right to rewrite a file in place, among processes that may have no locks: an exclusively created claim file beside it names the holder. It is a
 * symbolic link with that text as its target, since a link is created whole: a file could be found, or survive a power cut, without its text.
 * Where there are no links (some Windows, FAT, Deno with access to some folders only) it is a file.
 */
import * as fs from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { threadId } from "node:worker_threads";
import { hasCode } from "./storage.ts";

/**
 * The holder of the right, in enough detail for another process to tell whether it still exists. Written as these words in this order: fewer than 60
 * bytes, which file systems keep in the link itself, without a block of its own.
 */
interface Holder {
  readonly pid: string;
  /** When the process started, in ticks since the boot: process ids are reused. */
  readonly start: string;
  readonly thread: string;
  /** Whether the holder also has the operating system's lock of the file, which ends with the process. */
  readonly lock: string;
  /** The machine that it runs on. */
  readonly machine: string;
  /** The boot of that machine. */
  readonly boot: string;
  /** Process ids mean something only within their namespace. */
  readonly namespace: string;
  readonly token: string;
}

const FIELDS = ["pid", "start", "thread", "lock", "machine", "boot", "namespace", "token"] as const;

const LOCKED = "locked";

/** A claim that was made. */
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
   * Makes the claim file of `target`. If another holder has made it, returns that one's name, to follow "is being rewritten by". The claim of a dead
   * process is taken over. `isLocked`: the caller has the operating system's lock of the file.
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

  /** Removes the claim file of `target`, if this object made it or its process is dead. */
  remove(target: string): void {
    const made = this.#made;
    this.#made = undefined;
    if (made !== undefined) {
      removeClaim(made);
      return;
    }
    const path = claimPath(target);
    if (readClaim(path) === undefined) return;
    const left = claim(path, false);
    if (typeof left === "object") removeClaim(left);
  }
}

/** The longest name with room for the words around it, of the 255 bytes that file systems allow. */
const LONGEST_NAME = 120;

function claimPath(target: string): string {
  const name = basename(target);
  const unique = Buffer.byteLength(name) > LONGEST_NAME ? fs.statSync(target, { bigint: true }).ino.toString() : name;
  return join(dirname(target), `.${unique}.rewriting`);
}

/** Returns the name of the holder if there is one. */
function claim(path: string, isLocked: boolean): Made | string {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    // Short, since the name of a second claim contains it, and that of a third contains both.
    const token = globalThis.crypto.randomUUID().slice(0, 8);
    const mine = thisThread(isLocked, token);
    if (createExclusively(path, FIELDS.map((name) => mine[name]).join(" "))) return { path, token };
    const text = readClaim(path);
    if (text === undefined) continue;
    const holder = parseHolder(text);
    if (holder === undefined) return `a process that left no name in ${path}: if there is none, delete that file and try again`;
    const advice = livenessOf(holder, isLocked);
    if (advice !== undefined) return `process ${holder.pid}, as ${path} says: ${advice}`;
    // Several processes may find it stale. Only the one with this second claim removes it: another might remove a newer claim.
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
    if (!lacksLinks(error)) throw error;
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
    // On a full disk it would be left without its text, and nobody could tell whose it is.
    fs.rmSync(path, { force: true });
    throw error;
  } finally {
    fs.closeSync(fd);
  }
  return true;
}

/** Deno makes links only if it may read and write everywhere: a link could lead out of the folders that it may use. */
function lacksLinks(error: unknown): boolean {
  if (error instanceof Error && error.name === "NotCapable") return true;
  return ["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EINVAL", "UNKNOWN"].some((code) => hasCode(error, code));
}

/** The text of a claim; `undefined` if it is gone. */
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
    // A directory, say: it is nobody's claim, and cannot be taken over.
    return "";
  }
}

/** Removes the claim only if it has this token. */
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
  const words = text.split(" ");
  if (words.length !== FIELDS.length || !/^\d+$/.test(words[0] ?? "")) return undefined;
  return Object.fromEntries(FIELDS.map((name, i) => [name, words[i]])) as unknown as Holder;
}

function thisThread(isLocked: boolean, token: string): Holder {
  const { pid } = process;
  const lock = isLocked ? LOCKED : "";
  return { ...thisMachine(), pid: String(pid), thread: String(threadId), start: startOf(pid), lock, token };
}

let machine: Pick<Holder, "machine" | "boot" | "namespace"> | undefined;

function thisMachine(): Pick<Holder, "machine" | "boot" | "namespace"> {
  if (machine !== undefined) return machine;
  const boot = textOf("/proc/sys/kernel/random/boot_id");
  // Without a machine id, the machine cannot be recognized after a reboot.
  const name = textOf("/etc/machine-id") || boot;
  const namespace = quietly(() => fs.readlinkSync("/proc/self/ns/pid"));
  machine = { machine: short(`${quietly(hostname)} ${name}`), boot: short(boot), namespace: short(namespace) };
  return machine;
}

/** Hashes a text into seven characters: FNV-1a, 32 bits. */
function short(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(36);
}

/** Advice about a holder that may still be at work; `undefined` if it certainly is not. */
function livenessOf(holder: Holder, isLocked: boolean): string | undefined {
  // A living holder would have the lock.
  if (isLocked && holder.lock === LOCKED) return undefined;
  const here = thisMachine();
  const unknown = "it cannot be told from here whether that still runs; if it does not, delete that file and try again";
  if (holder.machine !== here.machine) return `it is one of another machine or container, and ${unknown}`;
  if (holder.boot !== here.boot) return undefined;
  if (holder.namespace !== here.namespace) return `it is one of another container, and ${unknown}`;
  const pid = Number(holder.pid);
  if (!exists(pid) || isZombie(pid)) return undefined;
  const start = startOf(pid);
  if (start !== holder.start && start !== "" && holder.start !== "") return undefined;
  return pid === process.pid
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
  const ticks = stateOf(pid)[19];
  return ticks === undefined ? "" : Number(ticks).toString(36);
}

/** Whether a process has ended, but its parent has not read its exit code: until then its id exists. */
function isZombie(pid: number): boolean {
  return ["Z", "X"].includes(stateOf(pid)[0] ?? "");
}

/** The fields of /proc/PID/stat from the 3rd on. The second, a name in brackets, may contain anything. */
function stateOf(pid: number): readonly string[] {
  const text = textOf(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function textOf(path: string): string {
  return quietly(() => fs.readFileSync(path, "utf8").trim());
}

/** An empty text where the system has no such file, or does not let us read it. */
function quietly(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
