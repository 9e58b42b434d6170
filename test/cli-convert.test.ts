/** `convert`: another dtype, byte order or order of elements. */
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type DTypeLike, loadSync, saveSync } from "../src/node.ts";
import { npy } from "./support/command.ts";
import { numpyVersion, python } from "./support/numpy.ts";
import { lacksModes } from "./support/systems.ts";
import { temporaryDirectory } from "./support/temporary.ts";

describe("convert", () => {
  const data = Int32Array.from({ length: 24 }, (_, i) => i * 1000);

  test("swaps the order of elements, there and back", () => {
    const cwd = temporaryDirectory();
    saveSync(join(cwd, "c.npy"), { data, shape: [2, 3, 4] });
    expect(npy(["convert", "c.npy", "f.npy", "--order", "F"], { cwd })).toMatchObject({ status: 0, stdout: "f.npy: 4 rows\n" });
    const { data: turned, fortranOrder } = loadSync(join(cwd, "f.npy"));
    expect(fortranOrder).toBe(true);
    expect([...(turned as Int32Array).subarray(0, 4)]).toEqual([0, 12_000, 4000, 16_000]);
    expect(npy(["convert", "--order", "C", "f.npy", "back.npy", "--quiet"], { cwd })).toMatchObject({ status: 0, stdout: "" });
    expect(readFileSync(join(cwd, "back.npy"))).toEqual(readFileSync(join(cwd, "c.npy")));
    expect(readdirSync(cwd).toSorted()).toEqual(["back.npy", "c.npy", "f.npy"]);
  });

  test.skipIf(lacksModes)("replaces IN itself with --overwrite, and keeps its mode", () => {
    const cwd = temporaryDirectory();
    const file = join(cwd, "a.npy");
    saveSync(file, { data, shape: [24] });
    chmodSync(file, 0o600);
    expect(npy(["convert", "a.npy", "a.npy"], { cwd })).toMatchObject({
      status: 1,
      stderr: "npy-append-array: a.npy: it already exists: choose another name, or pass --overwrite\n",
    });
    expect(npy(["convert", "--dtype", ">f8", "--overwrite", "a.npy", "a.npy"], { cwd }).status).toBe(0);
    expect(loadSync(file)).toMatchObject({ data: Float64Array.from(data), dtype: { str: ">f8" } });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("leaves nothing behind, and OUT as it was, when it fails", () => {
    const cwd = temporaryDirectory();
    saveSync(join(cwd, "a.npy"), { data, shape: [24] });
    writeFileSync(join(cwd, "out.npy"), "kept");
    const fails = (...args: string[]): string => {
      const { status, stderr } = npy(["convert", ...args], { cwd });
      expect(status).toBe(1);
      expect(readdirSync(cwd).toSorted()).toEqual(["a.npy", "out.npy"]);
      expect(readFileSync(join(cwd, "out.npy"), "utf8")).toBe("kept");
      return stderr;
    };
    expect(fails("a.npy", "new.npy", "--dtype", "u1", "--casting", "safe")).toBe(
      "npy-append-array: a.npy: int32 cannot become uint8 by the rule safe: choose another dtype, or --casting unsafe\n",
    );
    expect(fails("a.npy", "out.npy", "--overwrite", "--dtype", "u1", "--casting", "unsafe", "--on-overflow", "throw")).toMatch(
      /^npy-append-array: a\.npy: 1000 cannot be converted to \|u1/,
    );
    expect(fails("out.npy", "new.npy")).toMatch(/^npy-append-array: out\.npy: Not a \.npy file/);
    expect(fails("none.npy", "new.npy")).toBe("npy-append-array: none.npy: no such file or directory: check its name\n");
    expect(fails("a.npy", "none/new.npy")).toMatch(/^npy-append-array: none\/new\.npy: no such file or directory/);
  });

  test.skipIf(numpyVersion === undefined)("writes what numpy.save writes", { timeout: 60_000 }, () => {
    const cwd = temporaryDirectory();
    const cases: [shape: number[], from: DTypeLike, order: "C" | "F", args: { dtype?: string; order?: "C" | "F" }][] = [
      [[3, 5], "<f8", "C", { dtype: ">f4", order: "F" }],
      [[5, 1], "<i2", "C", { order: "F" }],
      [[2, 3, 4], "U3", "F", { dtype: "<U5" }],
      [[2, 3], "<M8[s]", "F", { dtype: "<M8[ms]", order: "C" }],
      [[3, 0, 2], "<f2", "F", { order: "C" }],
      [[0, 3], "c8", "C", { dtype: "<c16" }],
      [[], "<i4", "C", { dtype: ">i8" }],
    ];
    python(
      `
for i, (shape, dtype, order, to) in enumerate(data["cases"]):
    a = np.arange(int(np.prod(shape))).reshape(shape).astype(dtype, order=order)
    np.save(f"{data['cwd']}/in{i}.npy", a)
    a = np.load(f"{data['cwd']}/in{i}.npy")
    np.save(f"{data['cwd']}/expected{i}.npy", np.asarray(a, dtype=to.get("dtype"), order=to.get("order")))
print("null")
`,
      { cwd, cases },
    );
    for (const [i, [, , , options]] of cases.entries()) {
      const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
      expect(npy(["convert", `in${i}.npy`, `out${i}.npy`, ...args], { cwd }).stderr).toBe("");
      expect(readFileSync(join(cwd, `out${i}.npy`))).toEqual(readFileSync(join(cwd, `expected${i}.npy`)));
    }
  });
});
