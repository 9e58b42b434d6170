/** What is shown, as Python that gives the same. */
import { type ArraySpec, nameOf } from "./opening.ts";
import type { Sheet, Span } from "./sheet.ts";

/** A text as a literal of Python. */
function literal(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** An expression that loads the array. Files that were picked or recorded have no path that Python could open: only their names. */
function loading({ source, member }: ArraySpec): { readonly imports: string[]; readonly expression: string } {
  if (source.kind === "shards") {
    const pattern = literal(`${source.name}/*.npy`);
    return {
      imports: ["import glob"],
      expression: `np.concatenate([np.load(file, mmap_mode="r") for file in sorted(glob.glob(${pattern}))])`,
    };
  }
  const key = member === undefined ? "" : `[${literal(member)}]`;
  if (source.kind === "url") {
    const expression = `np.load(io.BytesIO(urllib.request.urlopen(${literal(source.url)}).read()))${key}`;
    return { imports: ["import io", "import urllib.request"], expression };
  }
  return {
    imports: [],
    expression: `np.load(${literal(nameOf(source))}${member === undefined ? ', mmap_mode="r"' : ""})${key}`,
  };
}

function slice({ start, stop, step = 1 }: Span, size: number): string {
  return `${start === 0 ? "" : start}:${stop >= size ? "" : stop}${step === 1 ? "" : `:${step}`}`;
}

/** The index of rows and indices of columns in the whole array. */
function indexText(sheet: Sheet, rows: Span, indices: Span): string {
  const { slicing } = sheet;
  const entries = slicing.fixed.map((at, axis) => {
    if (axis === slicing.rows) return slice(rows, sheet.rowCount);
    return axis === slicing.columns ? slice(indices, sheet.indexCount) : String(at);
  });
  while (entries.length > 1 && entries.at(-1) === ":") entries.pop();
  return entries.length === 0 || (entries.length === 1 && entries[0] === ":") ? "[...]" : `[${entries.join(", ")}]`;
}

/** Python for some rows and indices of columns, and for some fields of a structure. */
export function pythonText(
  spec: ArraySpec,
  sheet: Sheet,
  rows: Span,
  indices: Span,
  fields: readonly string[] | undefined,
): string {
  const { imports, expression } = loading(spec);
  const chosen =
    fields === undefined
      ? ""
      : fields.length === 1
        ? `[${literal(fields[0] as string)}]`
        : `[[${fields.map(literal).join(", ")}]]`;
  return `${[...imports, "import numpy as np"].join("\n")}\n\na = ${expression}\na${chosen}${indexText(sheet, rows, indices)}`;
}
