/** Names with wildcards. The shells of Windows leave them to the programs. */
import { readdirSync } from "node:fs";

/** The arguments of a command line, on Windows with the names of the files that `*` and `?` stand for, in place of those that match any. */
export function withWildcards(args: readonly string[]): string[] {
  if (process.platform !== "win32") return [...args];
  return args.flatMap((arg) => {
    if (arg.startsWith("-") || !/[*?]/.test(arg)) return arg;
    const names = matching(arg);
    return names.length === 0 ? arg : names;
  });
}

/** The files of a pattern such as `logs\day-*.npy`, in the order of their names. As in other shells, `*` does not stand for a dot at the beginning. */
function matching(pattern: string): string[] {
  let found = [""];
  for (const part of pattern.match(/[^\\/]*[\\/]+|[^\\/]+/g) ?? []) {
    const [name = "", separator = ""] = part.split(/([\\/]+)/);
    found = /[*?]/.test(name)
      ? found.flatMap((folder) => entriesOf(folder, name).map((entry) => folder + entry + separator))
      : found.map((folder) => folder + part);
  }
  return found;
}

function entriesOf(folder: string, pattern: string): string[] {
  const literal = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  const test = new RegExp(`^${literal.replaceAll("*", ".*").replaceAll("?", ".")}$`, "isu");
  try {
    const names = readdirSync(folder === "" ? "." : folder);
    return names.filter((name) => test.test(name) && (name.startsWith(".") ? pattern.startsWith(".") : true)).sort();
  } catch {
    return [];
  }
}
