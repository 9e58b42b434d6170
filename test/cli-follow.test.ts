/** `tail --follow` and `tail -F`: files that are missing, rotated, replaced or written again; `info --watch`. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { type ArrayInput, NpyAppendArray, type SaveOptions, saveSync } from "../src/node.ts";
import { MAIN, npy } from "./support/command.ts";
import { temporaryDirectory } from "./support/temporary.ts";

let child: ChildProcess | undefined;
afterEach(() => child?.kill("SIGKILL"));

/** A command whose output is awaited. */
class Running {
  #process: ChildProcess;
  stdout = "";
  stderr = "";

  constructor(cwd: string, ...args: string[]) {
    this.#process = spawn(process.execPath, [MAIN, ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
    child = this.#process;
    this.#process.stdout?.on("data", (text: Buffer) => (this.stdout += text));
    this.#process.stderr?.on("data", (text: Buffer) => (this.stderr += text));
  }

  /** Returns when stdout or stderr has the text. */
  async until(text: string): Promise<void> {
    while (!this.stdout.includes(text) && !this.stderr.includes(text)) {
      if (this.#process.exitCode !== null) throw new Error(`ended with ${this.#process.exitCode}: ${this.stdout}${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async end(signal?: NodeJS.Signals): Promise<unknown> {
    const closed = once(this.#process, "close");
    if (signal !== undefined) this.#process.kill(signal);
    return (await closed)[signal === undefined ? 0 : 1];
  }
}

/** The bytes of a file with this array, to be written over another one in place. */
function bytesOf(array: ArrayInput, options: SaveOptions = {}): Uint8Array {
  const path = join(temporaryDirectory(), "array.npy");
  saveSync(path, array, options);
  return readFileSync(path);
}

const MISSING = "npy-append-array: log.npy: there is no such file yet (waiting for it)\n";
const REPLACED = "npy-append-array: log.npy: it was replaced: its rows follow from the first on\n";
const REWRITTEN = "npy-append-array: log.npy: another array was written into it: its rows follow from the first on\n";

describe.skipIf(process.platform === "win32")("tail", () => {
  test.each(["--follow", "-F"])("%s waits for a file, and prints all its rows", async (flag) => {
    const cwd = temporaryDirectory();
    const tail = new Running(cwd, "tail", flag, "-n", "1", "--csv", "log.npy");
    await tail.until(MISSING);
    // A file that is being created is empty for a moment.
    writeFileSync(join(cwd, "log.npy"), "");
    saveSync(join(cwd, "log.npy"), [1, 2, 3]);
    await tail.until("3.0\n");
    expect(await tail.end("SIGINT")).toBe("SIGINT");
    expect(tail).toMatchObject({ stdout: "1.0\n2.0\n3.0\n", stderr: MISSING });
  });

  test("-F goes on with the next file of a rotation, and loses no row of the one before", async () => {
    const cwd = temporaryDirectory();
    const file = join(cwd, "log.npy");
    let npaa = NpyAppendArray.openSync(file);
    npaa.append([0]);
    const tail = new Running(cwd, "tail", "-F", "--ndjson", "log.npy");
    await tail.until("0.0\n");
    let expected = "0.0\n";
    for (let rotation = 1; rotation <= 4; rotation++) {
      const row = 10 * rotation;
      npaa.append([row, row + 1]);
      renameSync(file, join(cwd, `log.${rotation}.npy`));
      npaa.append([row + 2]);
      npaa.close();
      npaa = NpyAppendArray.openSync(file);
      npaa.append([row + 3]);
      expected += [0, 1, 2, 3].map((i) => `${row + i}.0\n`).join("");
      await tail.until(`${row + 3}.0\n`);
    }
    npaa.close();
    expect(await tail.end("SIGTERM")).toBe("SIGTERM");
    expect(tail).toMatchObject({ stdout: expected, stderr: REPLACED.repeat(4) });
  });

  test("-F prints the raw bytes of the fields that were chosen, also of rows that the old file got last", async () => {
    const cwd = temporaryDirectory();
    const file = join(cwd, "log.npy");
    const dtype = [
      ["a", "S1"],
      ["b", "<U1"],
      ["c", "S1"],
    ] as const;
    let npaa = NpyAppendArray.openSync(file, { dtype });
    const append = (...texts: string[]) => npaa.append(texts.map((text) => ({ a: text, b: "?", c: text.toUpperCase() })));
    append("k");
    const tail = new Running(cwd, "tail", "-F", "--raw", "--fields", "c,a", "log.npy");
    await tail.until("Kk");
    append("l");
    await tail.until("KkLl");
    append("m");
    renameSync(file, join(cwd, "log.1.npy"));
    append("n");
    npaa.close();
    npaa = NpyAppendArray.openSync(file, { dtype });
    append("o");
    await tail.until("Oo");
    npaa.close();
    await tail.end("SIGINT");
    expect(tail).toMatchObject({ stdout: "KkLlMmNnOo", stderr: REPLACED });
  });

  test("-F says that the file is gone, and that what took its place cannot be read; --quiet does not", async () => {
    const cwd = temporaryDirectory();
    const file = join(cwd, "log.npy");
    for (const quiet of [false, true]) {
      saveSync(file, [1, 2]);
      const tail = new Running(cwd, "tail", "-F", "--ndjson", "log.npy", ...(quiet ? ["--quiet"] : []));
      await tail.until("2.0\n");
      renameSync(file, join(cwd, "old.npy"));
      if (!quiet) await tail.until("log.npy: it was moved or deleted (waiting for another file of that name)\n");
      writeFileSync(file, "<html>");
      if (!quiet) await tail.until("(waiting for it)\n");
      saveSync(join(cwd, "new.npy"), [3]);
      renameSync(join(cwd, "new.npy"), file);
      await tail.until("3.0\n");
      expect(await tail.end("SIGINT")).toBe("SIGINT");
      expect(tail.stdout).toBe("1.0\n2.0\n3.0\n");
      if (quiet) expect(tail.stderr).toBe("");
      else
        expect(tail.stderr).toMatch(
          /moved or deleted.*\n.*log\.npy: Not a \.npy file.*\(waiting for it\)\n.*it was replaced.*\n$/,
        );
    }
  });

  test("-F prints another array that is written into the file, under a header of its own", async () => {
    const cwd = temporaryDirectory();
    const file = join(cwd, "log.npy");
    saveSync(file, [[1, 2]]);
    const tail = new Running(cwd, "tail", "-F", "log.npy");
    await tail.until("0  1.0  2.0\n");
    writeFileSync(
      file,
      bytesOf([{ t: 0.5, id: 7 }], {
        dtype: [
          ["t", "f8"],
          ["id", "i4"],
        ],
      }),
    );
    await tail.until("0  0.5");
    await tail.end("SIGINT");
    expect(tail).toMatchObject({ stdout: "     0    1\n0  1.0  2.0\n     t  id\n0  0.5   7\n", stderr: REWRITTEN });
  });

  test("--follow and -F go on without a word when the same rows take the place of the old ones", async () => {
    const cwd = temporaryDirectory();
    const file = join(cwd, "log.npy");
    for (const flag of ["--follow", "-F"]) {
      saveSync(file, [1, 2]);
      const tail = new Running(cwd, "tail", flag, "--csv", "log.npy");
      await tail.until("2.0\n");
      writeFileSync(join(cwd, "new.npy"), bytesOf([1, 2, 3]));
      renameSync(join(cwd, "new.npy"), file);
      await tail.until("3.0\n");
      writeFileSync(file, "");
      await delay(20);
      writeFileSync(file, bytesOf([1, 2, 3, 4]));
      await tail.until("4.0\n");
      await tail.end("SIGINT");
      expect(tail).toMatchObject({ stdout: "1.0\n2.0\n3.0\n4.0\n", stderr: "" });
    }
  });

  test.each(["--csv", "--raw"])("-F ends where %s would change its columns", async (form) => {
    const cwd = temporaryDirectory();
    const file = join(cwd, "log.npy");
    saveSync(file, Int8Array.of(65, 10));
    const tail = new Running(cwd, "tail", "-F", form, "log.npy");
    await tail.until(form === "--csv" ? "10\n" : "A\n");
    writeFileSync(file, bytesOf([[1, 2]]));
    expect(await tail.end()).toBe(1);
    expect(tail.stderr).toBe(
      `${REWRITTEN}npy-append-array: log.npy: the new array has another dtype or shape (float64 x 2), which ${form} cannot show after the old one: run tail again\n`,
    );
  });

  test("--follow ends when another array takes the place of the file, and names -F", async () => {
    const cwd = temporaryDirectory();
    const file = join(cwd, "log.npy");
    saveSync(file, [1, 2]);
    const tail = new Running(cwd, "tail", "--follow", "--csv", "log.npy");
    await tail.until("2.0\n");
    saveSync(file, [5]);
    expect(await tail.end()).toBe(1);
    expect(tail.stderr).toBe(
      "npy-append-array: log.npy: another array took its place, or its rows were changed or cut off: run tail again, with -F to go on with such arrays\n",
    );
    const text = new Running(cwd, "tail", "--follow", "no.npy");
    await text.until("waiting");
    writeFileSync(join(cwd, "notes.txt"), "notes");
    const other = new Running(cwd, "tail", "--follow", "notes.txt");
    expect(await other.end()).toBe(1);
    expect(other.stderr).toMatch(/^npy-append-array: notes\.txt: Not a \.npy file/);
    await text.end("SIGKILL");
  });
});

describe.skipIf(process.platform === "win32")("info --watch", () => {
  test("prints the rows and their rate, from Ctrl-C on no more", async () => {
    const cwd = temporaryDirectory();
    const path = join(cwd, "log.npy");
    saveSync(path, [1, 2, 3]);
    const info = new Running(cwd, "info", "--watch", "--interval", "0.2", "log.npy");
    await info.until("3 rows\n");
    await info.until("3 rows  +0 rows/s, 0 B/s\n");
    const npaa = NpyAppendArray.openSync(path);
    npaa.append([4, 5]);
    npaa.close();
    await info.until("5 rows  +");
    expect(info.stdout).toMatch(/5 rows {2}\+(?:\d+|\d\.\d+) rows\/s, \d+ B\/s\n/);
    expect(await info.end("SIGINT")).toBe("SIGINT");
  });

  test("refuses what does not grow, and several files", () => {
    const cwd = temporaryDirectory();
    saveSync(join(cwd, "scalar.npy"), 1);
    expect(npy(["info", "--watch", "scalar.npy"], { cwd })).toMatchObject({ status: 2, stdout: "" });
    expect(npy(["info", "--watch", "scalar.npy"], { cwd }).stderr).toContain("a 0-d array does not grow");
    expect(npy(["info", "--watch", "a.npz"], { cwd }).stderr).toContain("an archive does not grow");
    expect(npy(["info", "--watch", "a.npy", "b.npy"], { cwd }).stderr).toContain("--watch takes one file");
    expect(npy(["info", "--watch", "--interval", "0", "a.npy"], { cwd })).toMatchObject({ status: 2, stdout: "" });
  });
});
