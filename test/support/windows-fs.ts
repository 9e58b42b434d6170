/**
 * The file system as Windows shows it, over the real one: backslashes and a drive, names without regard to case, ids of 64 bits, neither owners nor
 * modes, no symbolic links, and no file that is open can be replaced. Sources: libuv's src/win/fs.c and the documentation of Windows.
 *
 * A test mocks `node:fs` by {@link fsOfWindows}, `node:fs/promises` by {@link promisesOfWindows}, and `node:path` by its own `win32`.
 */
import type * as Fs from "node:fs";
import type * as Promises from "node:fs/promises";
import type { CLibrary } from "../../src/storage/native/c-library.ts";

/** What may differ from one Windows to the next. */
export const windows: {
  /** `stat` gives 64 bits of the volume's number, as libuv 1.49 and 1.50 do on Windows 11. */
  longVolumeNumbers: boolean;
  /** A deleted file keeps its name until it is closed, as on FAT and before Windows 10 1809. */
  deletesLater: boolean;
  /** `realpath.native` finds the final path, as it does not on RAM disks. */
  hasFinalPaths: boolean;
  hasHardLinks: boolean;
  /** `fchown` and `fchmod` do nothing much, instead of failing as in Deno. */
  changesPermissions: boolean;
  /** koffi is installed, and LockFileEx there. */
  hasLocks: boolean;
  /** A renamed file gets another id, as on FAT. */
  renumbers: boolean;
  /** How many more renames a virus scanner disturbs. */
  disturbed: number;
} = {
  longVolumeNumbers: false,
  deletesLater: false,
  hasFinalPaths: true,
  hasHardLinks: true,
  changesPermissions: true,
  hasLocks: false,
  renumbers: false,
  disturbed: 0,
};

const DEFAULTS = { ...windows };

/** Open files, by their descriptors. */
const handles = new Map<number, { readonly id: bigint; readonly writes: boolean }>();
/** The descriptors that hold the locks of files, by the ids of these. */
const locks = new Map<bigint, number>();
/** Real paths of files that were deleted while they were open, by their ids. */
const deleted = new Map<bigint, string>();
/** How often a file was given another id. */
const renumbered = new Map<bigint, bigint>();

let real: typeof Fs;

const { platform, getuid } = process;

/** From now on, until {@link leaveWindows}, this process seems to run on Windows. */
export function enterWindows(): void {
  Object.defineProperty(process, "platform", { value: "win32" });
  Object.assign(process, { getuid: undefined });
  Object.assign(windows, DEFAULTS);
}

export function leaveWindows(): void {
  Object.defineProperty(process, "platform", { value: platform });
  Object.assign(process, { getuid });
}

/** How many files are open. */
export function openFiles(): number {
  return handles.size;
}

function refuse(code: string, syscall: string, path?: string, dest?: string): never {
  const names = [path, dest].flatMap((name) => (name === undefined ? [] : [`'${name}'`])).join(" -> ");
  throw Object.assign(new Error(`${code}: as Windows says, ${syscall} ${names}`), { code, syscall, path, dest });
}

/** The real path. Names are found whatever their case, and without the dots and spaces at their ends. */
function realPathOf(path: unknown, syscall: string): string {
  if (typeof path !== "string") throw new Error(`this shim knows only paths, not ${String(path)}`);
  const parts = path
    .replace(/^\\\\\?\\/, "")
    .replace(/^[A-Za-z]:/, "")
    .split(/[\\/]+/);
  let found = path.match(/^([A-Za-z]:|\\\\\?\\)?[\\/]/) ? "/" : "";
  for (const part of parts.filter((name) => name !== "")) {
    const name = /^\.{1,2}$/.test(part) ? part : part.replace(/[. ]+$/, "");
    if (/[<>"|?*:]/.test(name)) refuse("ENOENT", syscall, path);
    const exact = `${found}${found === "" || found.endsWith("/") ? "" : "/"}${name}`;
    found = real.existsSync(exact) ? exact : (otherCase(found, name) ?? exact);
  }
  return found;
}

function otherCase(directory: string, name: string): string | undefined {
  let names: string[];
  try {
    names = real.readdirSync(directory === "" ? "." : directory);
  } catch {
    return undefined;
  }
  const other = names.find((candidate) => candidate.toLowerCase() === name.toLowerCase());
  return other === undefined ? undefined : `${directory === "" ? "" : directory.replace(/\/$/, "")}/${other}`;
}

/** The path as programs see it. */
function shownPath(path: string): string {
  return `C:${path.replaceAll("/", "\\")}`;
}

/** Errors as Windows has them: what lies below a file is not there. */
function asWindows<Result>(syscall: string, path: unknown, use: (path: string) => Result): Result {
  const found = realPathOf(path, syscall);
  if (deleted.size > 0 && [...deleted.values()].includes(found)) refuse("EPERM", syscall, path as string);
  try {
    return use(found);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTDIR") refuse("ENOENT", syscall, path as string);
    if (code === "ELOOP") refuse("ENOENT", syscall, path as string);
    throw Object.assign(error as object, { path });
  }
}

const READ_ONLY = 0o444;
const WRITABLE = 0o666;

/** Changes what `stat` gives. Numbers round the ids, which have 63 bits. */
function changed<Stats extends Fs.Stats | Fs.BigIntStats>(stats: Stats, isByName: boolean): Stats {
  const isBig = typeof stats.ino === "bigint";
  const id = BigInt(stats.ino);
  const volume = 0x1234_5678n + (isByName && windows.longVolumeNumbers ? 5n << 32n : 0n);
  const numbered = 2n ** 62n + id + 4096n * (renumbered.get(id) ?? 0n);
  const mode = Number(stats.mode);
  const permissions = mode & 0o200 ? WRITABLE : READ_ONLY;
  const number = (value: bigint): number | bigint => (isBig ? value : Number(value));
  return Object.assign(stats, {
    dev: number(volume),
    ino: number(numbered),
    mode: number(BigInt((mode & 0o170000) | permissions)),
    uid: number(0n),
    gid: number(0n),
    nlink: !isByName && deleted.has(id) ? number(0n) : stats.nlink,
  });
}

function isOpen(id: bigint): boolean {
  return [...handles.values()].some((handle) => handle.id === id);
}

function idOf(path: string): bigint | undefined {
  return real.statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

function isReadOnly(path: string): boolean {
  return ((real.statSync(path, { throwIfNoEntry: false })?.mode ?? 0o200) & 0o200) === 0;
}

function openSync(path: string, flags: string | number = "r", mode = 0o666): number {
  return asWindows("open", path, (found) => {
    const writes = typeof flags === "string" ? flags !== "r" : (flags & 3) !== 0;
    if (writes && real.existsSync(found) && !String(flags).includes("x")) {
      if (isReadOnly(found) || real.statSync(found).isDirectory()) refuse("EPERM", "open", path);
    }
    const fd = real.openSync(found, flags, mode & 0o200 ? WRITABLE : READ_ONLY);
    handles.set(fd, { id: real.fstatSync(fd, { bigint: true }).ino, writes });
    return fd;
  });
}

function closeSync(fd: number): void {
  real.closeSync(fd);
  forget(fd);
}

function forget(fd: number): void {
  const id = handles.get(fd)?.id;
  handles.delete(fd);
  if (id !== undefined && locks.get(id) === fd) locks.delete(id);
  const path = id === undefined || isOpen(id) ? undefined : deleted.get(id);
  if (id === undefined || path === undefined) return;
  deleted.delete(id);
  real.unlinkSync(path);
}

/** LockFileEx: gives 0, or the number of the error. */
function lock(fd: number): number {
  const { id } = handles.get(fd) ?? {};
  if (id === undefined) return 6; // ERROR_INVALID_HANDLE
  if (locks.has(id)) return 33; // ERROR_LOCK_VIOLATION
  locks.set(id, fd);
  return 0;
}

/** What koffi finds on Windows: the handles of files, and a lock for each. */
const library = {
  pointerFunc(prototype: string) {
    if (!prototype.includes("uv_get_osfhandle")) throw new Error(`no function ${prototype}`);
    return (fd: number) => BigInt(fd);
  },
  kernelFunc: () => (handle: bigint) => lock(Number(handle)),
} as unknown as CLibrary;

/** `storage/native/c-library.ts` with those functions, if there are locks, and nothing else. */
export function librariesOfWindows(original: object): object {
  return {
    ...original,
    cLibrary: () => (windows.hasLocks ? library : undefined),
    isCLibraryLoaded: () => windows.hasLocks,
    fromCLibrary: (find: (library: CLibrary) => unknown) => () => {
      try {
        return windows.hasLocks ? find(library) : undefined;
      } catch {
        return undefined;
      }
    },
  };
}

function renameSync(from: string, to: string): void {
  asWindows("rename", from, (source) =>
    asWindows("rename", to, (target) => {
      if (windows.disturbed > 0) {
        windows.disturbed--;
        refuse("EBUSY", "rename", from, to);
      }
      const id = idOf(target);
      const isSame = id !== undefined && id === idOf(source);
      if (id !== undefined && !isSame && (isOpen(id) || isReadOnly(target) || real.statSync(target).isDirectory())) {
        refuse("EPERM", "rename", from, to);
      }
      real.renameSync(source, target);
      const renamed = idOf(target) as bigint;
      if (windows.renumbers) renumbered.set(renamed, (renumbered.get(renamed) ?? 0n) + 1n);
    }),
  );
}

function unlinkSync(path: string): void {
  asWindows("unlink", path, (found) => {
    const id = idOf(found);
    if (windows.deletesLater && id !== undefined && isOpen(id)) deleted.set(id, found);
    else real.unlinkSync(found);
  });
}

function realpathOf(path: string): string {
  return asWindows("realpath", path, (found) => shownPath(real.realpathSync(found)));
}

/** Only who may write to a file may sync it. Nothing is synced here, which would take long. */
function fsyncSync(fd: number): void {
  if (handles.get(fd)?.writes !== true) refuse("EPERM", "fsync");
}

/** `node:fs`, with what this package and its tests use of it. */
export function fsOfWindows(original: typeof Fs): typeof Fs {
  real = original;
  const byPath = (name: "readFileSync" | "writeFileSync" | "appendFileSync" | "mkdirSync" | "readdirSync" | "truncateSync") => {
    const call = original[name] as (...args: unknown[]) => unknown;
    return (path: unknown, ...rest: unknown[]) =>
      typeof path === "string" ? asWindows(name, path, (found) => call(found, ...rest)) : call(path, ...rest);
  };
  const native = (path: string): string => {
    if (!windows.hasFinalPaths) refuse("EISDIR", "realpath", path);
    return realpathOf(path);
  };
  const changes = {
    constants: { ...original.constants, O_NONBLOCK: undefined },
    openSync,
    closeSync,
    close(fd: number, done: (error?: unknown) => void): void {
      original.close(fd, (error) => {
        forget(fd);
        done(error);
      });
    },
    fsyncSync,
    fsync(fd: number, done: (error?: unknown) => void): void {
      try {
        fsyncSync(fd);
        done();
      } catch (error) {
        done(error);
      }
    },
    fstatSync: (fd: number, options: object) => changed(original.fstatSync(fd, options), false),
    statSync(path: string, options?: Fs.StatSyncOptions) {
      try {
        const stats = asWindows("stat", path, (found) => original.statSync(found, options));
        return stats && changed(stats, true);
      } catch (error) {
        if (options?.throwIfNoEntry === false && (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    existsSync(path: string): boolean {
      try {
        return original.existsSync(realPathOf(path, "access"));
      } catch {
        return false;
      }
    },
    renameSync,
    unlinkSync,
    rmSync(path: string, options?: Fs.RmOptions): void {
      if (options?.recursive) original.rmSync(realPathOf(path, "rm"), options);
      else if (!options?.force || original.existsSync(realPathOf(path, "rm"))) unlinkSync(path);
    },
    linkSync(from: string, to: string): void {
      if (!windows.hasHardLinks) refuse("EISDIR", "link", from, to);
      asWindows("link", from, (source) => asWindows("link", to, (target) => original.linkSync(source, target)));
    },
    symlinkSync: (target: string, path: string) => refuse("EPERM", "symlink", target, path),
    readlinkSync: (path: string) =>
      refuse(original.existsSync(realPathOf(path, "readlink")) ? "EINVAL" : "ENOENT", "readlink", path),
    createReadStream: (path: string, options: object) => original.createReadStream(realPathOf(path, "open"), options),
    realpathSync: Object.assign(realpathOf, { native }),
    chmodSync: (path: string, mode: number) => original.chmodSync(realPathOf(path, "chmod"), mode & 0o200 ? WRITABLE : READ_ONLY),
    fchownSync: () => (windows.changesPermissions ? undefined : refuse("ENOTSUP", "fchown")),
    fchmodSync(fd: number, mode: number): void {
      if (!windows.changesPermissions) refuse("ENOTSUP", "fchmod");
      original.fchmodSync(fd, mode & 0o200 ? WRITABLE : READ_ONLY);
    },
    mkdtempSync: (prefix: string) => shownPath(original.mkdtempSync(realPathOf(prefix, "mkdtemp"))),
    ...Object.fromEntries(
      (["readFileSync", "writeFileSync", "appendFileSync", "mkdirSync", "readdirSync", "truncateSync"] as const).map((name) => [
        name,
        byPath(name),
      ]),
    ),
  };
  const fs = { ...original, ...changes } as unknown as typeof Fs;
  return { ...fs, default: fs } as typeof Fs;
}

/** `node:fs/promises`, by the synchronous functions. */
export function promisesOfWindows(original: typeof Promises, fs: typeof Fs): typeof Promises {
  const changes = {
    stat: async (path: string, options?: object) => fs.statSync(path, options as never),
    rename: async (from: string, to: string) => fs.renameSync(from, to),
    link: async (from: string, to: string) => fs.linkSync(from, to),
    rm: async (path: string, options?: Fs.RmOptions) => fs.rmSync(path, options),
    chmod: async (path: string, mode: number) => fs.chmodSync(path, mode),
    realpath: async (path: string) => fs.realpathSync.native(path),
    mkdir: async (path: string, options?: object) => fs.mkdirSync(path, options as never),
    writeFile: async (path: string, data: string) => fs.writeFileSync(path, data),
    open: (path: string, flags?: string, mode?: number) => original.open(realPathOf(path, "open"), flags, mode),
  };
  const promises = { ...original, ...changes } as unknown as typeof Promises;
  return { ...promises, default: promises } as typeof Promises;
}
