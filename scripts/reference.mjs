// Holds docs/api.md, and the tables of docs/options.md, equal to what the docblocks of the public API say: checks them, or with --write writes them.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));

const ENTRIES = [
  ["src/node.ts", "npy-append-array", "On Node, Bun and Deno. In browsers all but `NodeFolder` and `NodeStorage`."],
  ["src/opfs.ts", "npy-append-array/opfs", "[Files that a browser keeps](browser.md)."],
  ["src/s3.ts", "npy-append-array/s3", "[Arrays in object stores](object-storage.md)."],
];

/** The types of options, in the order of the page. What is missing here is an error. */
const OPTIONS = [
  ["OpenOptions", "Opening a file for appending"],
  ["AppendFromOptions", "Appending what can be iterated"],
  ["AppendRowsOptions", "Appending the rows of a reader"],
  ["RowAppendOptions", "Appending single rows"],
  ["RawAppendOptions", "Appending bytes of rows"],
  ["WritableOptions", "A stream to write into"],
  ["RowWritableOptions", "A stream of single rows"],
  ["RawWritableOptions", "A stream of bytes of rows"],
  ["SaveOptions", "Saving"],
  ["LoadOptions", "Loading"],
  ["ReaderOptions", "Opening a file for reading"],
  ["ReadRowsOptions", "Reading rows"],
  ["SelectOptions", "Selecting"],
  ["ChunkOptions", "Reading in chunks"],
  ["RowsOptions", "Reading row by row"],
  ["FollowOptions", "Following"],
  ["SearchOptions", "Searching"],
  ["InspectOptions", "Inspecting"],
  ["RecoverOptions", "Recovering"],
  ["EnsureAppendableOptions", "Making room to grow"],
  ["GroupOptions", "Opening a group for appending"],
  ["GroupAppendFromOptions", "Appending to a group what can be iterated"],
  ["GroupRowAppendOptions", "Appending single rows to a group"],
  ["GroupReaderOptions", "Opening a group for reading"],
  ["GroupReadOptions", "Reading a group"],
  ["GroupChunkOptions", "Reading a group in chunks"],
  ["GroupFollowOptions", "Following a group"],
  ["ShardsOptions", "Opening shards for appending"],
  ["IndexOptions", "Indexing shards"],
  ["LoadNpzOptions", "Loading archives"],
  ["SaveNpzOptions", "Saving archives"],
  ["OpfsOptions", "Files of a browser"],
  ["ExportOptions", "Exporting files of a browser"],
  ["S3ObjectOptions", "Objects in S3"],
  ["S3FolderOptions", "Folders in S3"],
  ["ConcatOptions", "Joining objects"],
  ["AbortStaleOptions", "Dropping uploads of killed processes"],
];
/** What others extend, and no function takes. */
const BASES = ["HeaderOptions", "ReadOptions", "CopyOptions", "S3Options", "S3PartOptions"];

const files = ENTRIES.map(([file]) => path(file));
const { config } = ts.readConfigFile(path("tsconfig.json"), ts.sys.readFile);
const program = ts.createProgram(files, ts.parseJsonConfigFileContent(config, ts.sys, path("")).options);
const checker = program.getTypeChecker();

/** The names that an entry point exports, with what they stand for. */
function exportsOf(file) {
  return checker
    .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)))
    .map((symbol) => [symbol.name, symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol])
    .sort(([a], [b]) => a.localeCompare(b, "en"));
}

/** The text of a docblock, without tags; links become code. */
function textOf(symbol) {
  // The general one of several overloads is the last that has a docblock.
  const documented = (symbol.declarations ?? []).flatMap((declaration) => {
    const signature = ts.isFunctionLike(declaration) ? checker.getSignatureFromDeclaration(declaration) : undefined;
    const comment = signature?.getDocumentationComment(checker) ?? [];
    return comment.length > 0 ? [comment] : [];
  });
  const text = (documented.at(-1) ?? symbol.getDocumentationComment(checker))
    .map(({ kind, text }) => (kind === "link" ? "" : kind.startsWith("link") ? code(text) : text))
    .join("");
  if (text === "") throw new Error(`${symbol.name} has no docblock`);
  return text.trim();
}

const oneLine = (text) => text.replace(/\s+/g, " ").trim();
const cell = (text) => oneLine(text).replaceAll("|", "\\|");
const code = (text) => `\`${cell(text)}\``;

function firstSentence(text) {
  const [sentence] = /^.*?[.:](?=\s+["`(A-Z]|\s*$)|^.*$/s.exec(oneLine(text)) ?? [""];
  return sentence.replace(/[:.]$/, "");
}

function table(head, rows) {
  const widths = head.map((name, i) => Math.max(3, name.length, ...rows.map((row) => row[i].length)));
  const line = (cells) => `| ${cells.map((text, i) => text.padEnd(widths[i])).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)];
}

// ---- docs/api.md ----

const KINDS = [
  ["Functions", ts.SymbolFlags.Function],
  ["Classes", ts.SymbolFlags.Class],
  ["Types", ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias],
];

/** The members of a class that its users call, static ones first. */
function membersOf(symbol) {
  const isPublic = ({ name, declarations }) =>
    name !== "prototype" &&
    !name.startsWith("__") &&
    declarations?.some(
      (declaration) =>
        !ts.isConstructorDeclaration(declaration) &&
        !(ts.getCombinedModifierFlags(declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) &&
        !ts.isPrivateIdentifier(declaration.name),
    );
  const statics = checker.getTypeOfSymbol(symbol).getProperties().filter(isPublic);
  const own = checker.getDeclaredTypeOfSymbol(symbol).getProperties().filter(isPublic);
  return [
    ...statics.map((member) => [`${symbol.name}.${member.name}`, member]),
    ...own.map((member) => [member.name, member]),
  ].filter(([, member]) => member.getDocumentationComment(checker).length > 0);
}

const nameOf = (name, symbol) => {
  const isCalled = symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Method);
  return `\`${name}${isCalled ? "()" : ""}\``;
};
const line = ([name, symbol]) => [nameOf(name, symbol), cell(firstSentence(textOf(symbol)))];

function api() {
  const lines = [
    "# API",
    "",
    "Every export with a line, written from the docblocks by `npm run docs:write`. Editors show the whole docblocks; `npm run docs` makes pages of them. Verbs have",
    "synchronous twins with `Sync` at the end. Options have [a page of their own](options.md).",
    "",
  ];
  for (const [file, title, about] of ENTRIES) {
    lines.push(`## ${title}`, "", about, "");
    const names = exportsOf(path(file));
    for (const [kind, flags] of KINDS) {
      const those = names.filter(([, { flags: found }]) => found & flags);
      if (those.length === 0) continue;
      lines.push(
        `### ${kind}${file === ENTRIES[0][0] ? "" : ` of ${title}`}`,
        "",
        ...table(["Name", "What it is"], those.map(line)),
        "",
      );
      if (kind !== "Classes") continue;
      for (const [name, symbol] of those) {
        const members = membersOf(symbol);
        // Places and folders have the members of `Storage` and `Folder`, which are for those who implement one.
        if (members.length > 0 && !/(Sync|Storage|Folder)$/.test(name))
          lines.push(`#### ${name}`, "", ...table(["Member", "What it is"], members.map(line)), "");
      }
    }
  }
  return `${lines.join("\n").trimEnd()}\n`;
}

// ---- docs/options.md ----

const isOptions = ([name]) => name.endsWith("Options");
const allNames = new Map(files.flatMap(exportsOf));

/** The functions and methods with a parameter of this type. */
function takers(type) {
  const takes = (symbol) =>
    (symbol.declarations ?? []).some(({ parameters = [] }) =>
      parameters.some((parameter) => new RegExp(`\\b${type}\\b`).test(parameter.type?.getText() ?? "")),
    );
  return [...allNames].flatMap(([name, symbol]) => {
    if (symbol.flags & ts.SymbolFlags.Class) {
      return membersOf(symbol)
        .filter(([, member]) => takes(member))
        .map(([member]) => (member.includes(".") ? member : `${name}.${member}`));
    }
    return symbol.flags & ts.SymbolFlags.Function && takes(symbol) ? [name] : [];
  });
}

function tag(symbol, name) {
  const found = symbol.getJsDocTags(checker).find((each) => each.name === name);
  return found === undefined ? undefined : oneLine(ts.displayPartsToString(found.text)).replace(/\{@link (\w+)\s*\}/g, "`$1`");
}

/** The type of an option as it is written; a name for some words becomes the words. */
function typeText(node) {
  const type = checker.getTypeAtLocation(node);
  if (ts.isTypeReferenceNode(node) && type.isUnion() && type.types.every((each) => each.isStringLiteral())) {
    return type.types.map((each) => JSON.stringify(each.value)).join(" | ");
  }
  return node
    .getText()
    .replaceAll("readonly ", "")
    .replace(/ \| undefined$/, "");
}

function optionsOf([type, title]) {
  const symbol = allNames.get(type);
  if (symbol === undefined) throw new Error(`There is no type ${type}`);
  const options = checker.getDeclaredTypeOfSymbol(symbol).getProperties();
  const own = (option) => option.declarations[0].parent === symbol.declarations[0];
  options.sort((a, b) => Number(own(b)) - Number(own(a)));
  const callers = takers(type).filter((name) => !/Sync\b/.test(name));
  if (callers.length === 0) throw new Error(`No function takes ${type}`);
  const paragraphs = new Map(options.map((option) => [option, textOf(option).split(/\n\s*\n/)]));
  const rows = options.map((option) => {
    const [declaration] = option.declarations;
    const example = tag(option, "example");
    const preset = tag(option, "defaultValue");
    if (example === undefined || (declaration.questionToken && preset === undefined)) {
      throw new Error(`${type}.${option.name} lacks @defaultValue or @example`);
    }
    return [
      `\`${option.name}\``,
      code(typeText(declaration.type)),
      cell(preset ?? "required"),
      code(example),
      cell(paragraphs.get(option)[0]),
    ];
  });
  const details = options
    .filter((option) => own(option) && paragraphs.get(option).length > 1)
    .map((option) => `- **\`${option.name}\`**: ${paragraphs.get(option).slice(1).map(oneLine).join("\n\n  ")}`);
  return [
    `## ${title}`,
    "",
    `${code(type)}, of ${callers.map(code).join(", ")}.`,
    "",
    ...table(["Option", "Type", "Default", "Example", "What it does"], rows),
    "",
    ...(details.length > 0 ? [...details, ""] : []),
  ];
}

function options() {
  const known = new Set([...OPTIONS.map(([name]) => name), ...BASES]);
  const missing = [...allNames].filter(isOptions).filter(([name]) => !known.has(name));
  if (missing.length > 0) throw new Error(`${missing.map(([name]) => name).join(", ")}: say where on the page of options`);
  return OPTIONS.flatMap(optionsOf).join("\n").trimEnd();
}

// ---- the pages ----

const [START, END] = ["<!-- Options: `npm run docs:write` writes what follows. -->", "<!-- End of the options. -->"];

function optionsPage() {
  const text = readFileSync(path("docs/options.md"), "utf8");
  const [start, end] = [text.indexOf(START), text.indexOf(END)];
  if (start < 0 || end < start) throw new Error("docs/options.md lacks the marks of the options");
  return `${text.slice(0, start)}${START}\n\n${options()}\n\n${text.slice(end)}`;
}

for (const [page, wanted] of [
  ["docs/api.md", api()],
  ["docs/options.md", optionsPage()],
]) {
  if (process.argv.includes("--write")) writeFileSync(path(page), wanted);
  else if (readFileSync(path(page), "utf8") !== wanted) {
    console.error(`${page} is not what the docblocks say: run npm run docs:write`);
    process.exitCode = 1;
  }
}
