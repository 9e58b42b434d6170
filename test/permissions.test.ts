/** A file that takes the place of another gives nobody more than that one did. */
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { dtype, ensureAppendable, formatHeader, loadSync, NpyAppendArray, save } from "../src/node.ts";
import { HAS_ACCESS_LISTS } from "../src/storage/native/access-list.ts";
import { temporaryPath } from "./support/temporary.ts";

const isRoot = process.platform === "linux" && process.getuid?.() === 0;
/** Two accounts of every system. */
const DAEMON = 1;
const NOBODY = 65534;

function sh(command: string, ...args: string[]): string | undefined {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8" });
  return status === 0 ? stdout : undefined;
}

/** Where files have access control lists, and there are commands to see them. */
const hasLists = (() => {
  if (!isRoot) return false;
  const directory = mkdtempSync(join(tmpdir(), "npy-append-array-"));
  const isDone = sh("setfacl", "-m", "u:daemon:rw-", directory) !== undefined;
  rmSync(directory, { recursive: true });
  return isDone;
})();

/** The list, without its comments; the mask is what it allows at most. */
function listOf(file: string): string[] {
  return (sh("getfacl", "--omit-header", "--absolute-names", file) ?? "").trim().split("\n");
}

function tightFile(mode: number): string {
  const file = temporaryPath();
  const header = formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [2], headerLength: 80 });
  writeFileSync(file, Buffer.concat([header, new Uint8Array(16)]));
  chmodSync(file, mode);
  return file;
}

const REPLACEMENTS: readonly (readonly [name: string, replace: (file: string) => Promise<unknown>])[] = [
  ["save", (file) => save(file, [1, 2])],
  ["ensureAppendable", (file) => ensureAppendable(file)],
  [
    "deleteIfExists",
    async (file) => {
      const npaa = await NpyAppendArray.open(file, { deleteIfExists: true });
      await npaa.append([1, 2]);
      await npaa.close();
    },
  ],
];

describe.each(REPLACEMENTS)("%s", (_name, replace) => {
  test.skipIf(process.platform === "win32").each([0o600, 0o640, 0o664, 0o604, 0o444])("keeps the mode %o", async (mode) => {
    const file = tightFile(mode);
    await replace(file).catch((error: unknown) => {
      // Only the superuser may open a file for writing that is read-only.
      if (isRoot || (mode & 0o200) !== 0) throw error;
    });
    expect(statSync(file).mode & 0o7777).toBe(mode);
  });

  test.skipIf(!isRoot)("keeps the owner and the group", async () => {
    const file = tightFile(0o660);
    chownSync(file, DAEMON, NOBODY);
    await replace(file);
    expect(statSync(file)).toMatchObject({ uid: DAEMON, gid: NOBODY, mode: 0o100660 });
  });

  test.skipIf(!hasLists)("keeps the access control list, and gives its mask to nobody else", async () => {
    const file = tightFile(0o600);
    sh("setfacl", "-m", "u:daemon:rw-", file);
    const before = listOf(file);
    expect(before).toContain("user:daemon:rw-");
    expect(before).toContain("group::---");
    await replace(file);
    expect(listOf(file)).toEqual(before);
  });

  test.skipIf(!hasLists)("takes no list from its directory", async () => {
    const file = tightFile(0o640);
    sh("setfacl", "-d", "-m", "u:daemon:rwx,g:daemon:rwx", dirname(file));
    await replace(file);
    expect(listOf(file)).toEqual(["user::rw-", "group::r--", "other::---"]);
  });
});

/** Without koffi, the command cp copies the list. */
test.skipIf(!hasLists)("without koffi the list is kept as well", async () => {
  vi.resetModules();
  vi.doMock("../src/storage/native/c-library.ts", async (original) => ({
    ...(await original<object>()),
    fromCLibrary: () => () => undefined,
    cLibrary: () => undefined,
  }));
  const without = await import("../src/node.ts");
  vi.doUnmock("../src/storage/native/c-library.ts");
  const file = tightFile(0o600);
  sh("setfacl", "-m", "u:daemon:rw-", file);
  const before = listOf(file);
  await without.save(file, [1, 2]);
  expect(listOf(file)).toEqual(before);
});

/** A user who is neither the owner nor in the group may replace the file if the directory is theirs. */
test.skipIf(!isRoot || !HAS_ACCESS_LISTS)("a group that cannot be kept gets what others have", () => {
  const file = tightFile(0o664);
  chownSync(file, DAEMON, DAEMON);
  chownSync(dirname(file), NOBODY, NOBODY);
  const entry = pathToFileURL(`${process.cwd()}/dist/node.js`).href;
  const program = `process.setgid(${NOBODY}); process.setgroups([]); process.setuid(${NOBODY});
    const { save } = await import(${JSON.stringify(entry)}); await save(${JSON.stringify(file)}, [1, 2]);`;
  const { stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  expect(statSync(file)).toMatchObject({ uid: NOBODY, gid: NOBODY, mode: 0o100644 });
  expect(loadSync(file).shape).toEqual([2]);
});
