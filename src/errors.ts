/**
 * What can go wrong, as a closed list of codes. Failures of the file system (ENOENT, ENOSPC, EACCES ...) are not here:
 * they reach the caller as the runtime's own errors.
 */
export type NpyErrorCode =
  /** The bytes are not a readable `.npy` header: bad magic, version, literal, keys, shape or size; or not a readable `.npz` archive, or one of its members. */
  | "ERR_NPY_HEADER"
  /** A dtype that NumPy does not know, that cannot be stored, or that is not the one expected. */
  | "ERR_NPY_DTYPE"
  /** Shapes that do not fit together, 0-d arrays, strides that leave the data. */
  | "ERR_NPY_SHAPE"
  /** Typed data that the chosen casting level does not allow into the file's dtype. */
  | "ERR_NPY_CAST"
  /** A plain JavaScript value that the dtype cannot hold exactly. */
  | "ERR_NPY_VALUE"
  /** The header has no room to grow: call `ensureAppendable` first. */
  | "ERR_NPY_NOT_APPENDABLE"
  /** The data are not what the header says: call `recover` first. */
  | "ERR_NPY_NEEDS_RECOVERY"
  /** Another `.npy` array begins after the last row, at `offset`: several arrays were saved into one file. */
  | "ERR_NPY_TRAILING"
  /** `recover` cannot tell what the rows are. */
  | "ERR_NPY_UNRECOVERABLE"
  /** Another writer holds the file. */
  | "ERR_NPY_LOCKED"
  /** The file changed under the writer. */
  | "ERR_NPY_CHANGED"
  /** The object was closed. */
  | "ERR_NPY_CLOSED"
  /** A write failed and could not be undone: the object refuses further work. */
  | "ERR_NPY_BROKEN"
  /** An option, or an argument that is not data, is not valid. */
  | "ERR_NPY_OPTION";

/** Where an {@link NpyError} arose, as far as it is known. */
export interface NpyErrorDetails {
  /** The error behind this one. */
  readonly cause?: unknown;
  /** The file concerned. */
  readonly path?: string | undefined;
  /** For parse errors: the character of the header's text (counted from 0) at which it stopped making sense. */
  readonly position?: number | undefined;
  /** For `ERR_NPY_TRAILING`: the byte of the file at which the second array begins. For errors of `arraysOf`: at which the next one should. */
  readonly offset?: number | undefined;
  /** For values: the index of the offending element in the array that was given. */
  readonly index?: readonly number[] | undefined;
  /** For structures: the field concerned; a nested one by its full name, as in `pos.x`. */
  readonly field?: string | undefined;
  /** The row concerned, counted along the growth axis of the array that was given or read. */
  readonly row?: number | undefined;
  /** @internal */
  readonly remedies?: readonly Remedy[];
}

/** An option of `recover` that would help, and what for: `to ${effect}`. The command line has other names for options. */
export interface Remedy {
  readonly option: "allowEmpty" | "dropUncounted" | "force" | "zerofillIncomplete";
  readonly effect: string;
  /** Whether leaving it out would help. */
  readonly isWithout?: boolean;
}

/** Marks the errors of every copy of this package: an application may load it as an ES module and as CommonJS, or in two versions. */
const BRAND = Symbol.for("npy-append-array.NpyError");

/** What an outer function knows about an error and the function that threw it does not. */
type ErrorContext = Pick<NpyErrorDetails, "path" | "field" | "index" | "row">;

/**
 * An error of this package. Tell them apart by `code`. The message names the file, the field and the index where they are known, and
 * gives the `reason`: what was expected, what was found and what to do.
 *
 * @example
 * ```ts
 * await using npaa = await NpyAppendArray.open("log.npy");
 * try {
 *   await npaa.append([[1, 2]]);
 * } catch (error) {
 *   if (error instanceof NpyError && error.code === "ERR_NPY_SHAPE") console.log(error.message);
 *   else throw error;
 * }
 * ```
 */
export class NpyError extends Error {
  /** Whether this is an error of this package, whichever copy of it threw it. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: of a subclass, only its own errors
    if (this !== NpyError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === "object" && value !== null && BRAND in value;
  }

  override readonly name = "NpyError";
  readonly code: NpyErrorCode;
  readonly path: string | undefined;
  readonly position: number | undefined;
  readonly offset: number | undefined;
  readonly index: readonly number[] | undefined;
  readonly field: string | undefined;
  readonly row: number | undefined;
  /**
   * What would help. The reason names these options, `problem` does not.
   *
   * @internal
   */
  declare readonly remedies: readonly Remedy[];
  /** @internal */
  declare readonly problem: string;
  readonly #reason: string;

  constructor(code: NpyErrorCode, reason: string, details: NpyErrorDetails = {}) {
    const { remedies = [] } = details;
    const problem = escaped(reason);
    const safe = remedies.length === 0 ? problem : `${problem} Call recover ${remedies.map(remedyText).join(", or ")}.`;
    super(messageOf(safe, details), "cause" in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.path = details.path;
    this.position = details.position;
    this.offset = details.offset;
    this.index = details.index;
    this.field = details.field;
    this.row = details.row;
    this.#reason = safe;
    // Not enumerable: an error prints its own fields beside its message, which says the same.
    Object.defineProperties(this, { remedies: { value: remedies }, problem: { value: problem }, [BRAND]: { value: true } });
  }

  /** The message without the file, the field and the index, for programs that name these in their own way. */
  get reason(): string {
    return this.#reason;
  }

  /**
   * Adds context on the way out. The innermost path is kept, a field goes before the one within it, an index or a row replaces the former one.
   *
   * @internal
   */
  within({ path, field, index, row }: ErrorContext): this {
    Object.assign(this, {
      path: this.path ?? path,
      field: field === undefined || this.field === undefined ? (field ?? this.field) : `${field}.${this.field}`,
      index: index ?? this.index,
      row: row ?? this.row,
    });
    this.message = messageOf(this.#reason, this);
    return this;
  }
}

function remedyText({ option, effect, isWithout = false }: Remedy): string {
  return `${isWithout ? "without" : "with"} ${option} to ${effect}`;
}

function messageOf(reason: string, { path, field, index }: ErrorContext): string {
  const name = field === undefined ? undefined : `Field ${quotedText(field)}`;
  const at = index === undefined ? undefined : `${name === undefined ? "At" : `${name} at`} [${index.join(", ")}]`;
  const file = path === undefined ? undefined : escaped(path);
  return [file, at ?? name, reason].filter((part) => part !== undefined).join(": ");
}

/** The most characters that a message quotes of anything but a path. */
const QUOTED = 80;

/** Characters that a terminal acts on, or that hide or reorder others. */
const UNSAFE = /[\p{Cc}\p{Cs}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

/** A text with no character that a terminal would act on. */
function escaped(text: string): string {
  return text.replace(UNSAFE, (char) => `\\u${(char.codePointAt(0) as number).toString(16).padStart(4, "0")}`);
}

/** The beginning of a text, for a message: at most 80 characters, and none that a terminal would act on. */
export function clipped(text: string): string {
  const safe = escaped(text.slice(0, QUOTED + 1));
  if (safe.length <= QUOTED && text.length <= QUOTED) return safe;
  const end = QUOTED - 3;
  // Neither an escape nor a pair of surrogates is cut apart.
  return `${safe.slice(0, end).replace(/\\(?:u[0-9a-f]{0,3})?$|[\ud800-\udbff]$/, "")}...`;
}

/** A value that a user or a file gave, for a message: at most 80 characters of it. Reads no getter, and no more of a list than it shows. */
export function quoted(value: unknown): string {
  const text = shown(value, 0);
  return text.length > QUOTED || text.search(UNSAFE) >= 0 ? clipped(text) : text;
}

function shown(value: unknown, depth: number): string {
  switch (typeof value) {
    case "string":
      return quotedText(value);
    case "bigint":
      return `${clipped(String(value))}n`;
    case "function":
      return value.name === "" ? "a function" : clipped(value.name);
    case "object":
      return value === null ? "null" : shownObject(value, depth);
    default:
      return String(value);
  }
}

/** A text that a user or a file gave, for a message: {@link quoted} for callers that show nothing else. */
export function quotedText(text: string): string {
  const quote = JSON.stringify(text.length > QUOTED ? text.slice(0, QUOTED) : text);
  const safe = escaped(quote);
  if (text.length <= QUOTED && safe.length <= QUOTED) return safe;
  return `${safe.slice(0, QUOTED - 4).replace(/(?<!\\)((?:\\\\)*)\\(?:u[0-9a-f]{0,3})?$|[\ud800-\udbff]$/, "$1")}..."`;
}

function shownObject(value: object, depth: number): string {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : `Date(${value.toISOString()})`;
  if (ArrayBuffer.isView(value) && "length" in value) return `${tagOf(value)}(${value.length})`;
  if (Array.isArray(value)) return depth > 2 ? "[...]" : `[${shownItems(value, depth)}]`;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  if (!isPlain) return shownInstance(value);
  return depth > 2 ? "{ ... }" : shownRecord(value, depth);
}

/** An object that has a class, by its name. */
function shownInstance(value: object): string {
  const name = clipped(classOf(value));
  return `${/^[aeio]/i.test(name) ? "an" : "a"} ${name}`;
}

/** The name of the constructor, or the tag of objects without one, such as generators. */
function classOf(value: object): string {
  for (let owner: object = Object.getPrototypeOf(value); owner !== null; owner = Object.getPrototypeOf(owner)) {
    const maker = ownValue(owner, "constructor");
    const name = typeof maker === "function" && Object.getPrototypeOf(owner) !== null && ownValue(maker, "name");
    if (typeof name === "string" && name !== "") return name;
    const tag = ownValue(owner, Symbol.toStringTag);
    if (typeof tag === "string" && tag !== "") return tag;
  }
  return "object";
}

function ownValue(owner: object, name: PropertyKey): unknown {
  return Object.getOwnPropertyDescriptor(owner, name)?.value;
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

function shownItems(list: readonly unknown[], depth: number): string {
  let text = "";
  for (let i = 0; i < list.length; i++) {
    const item = Object.getOwnPropertyDescriptor(list, i)?.value as unknown;
    text += `${i === 0 ? "" : ", "}${shown(item, depth + 1)}`;
    if (text.length > QUOTED) break;
  }
  return text;
}

function shownRecord(record: object, depth: number): string {
  let text = "";
  for (const name in record) {
    const property = Object.getOwnPropertyDescriptor(record, name);
    if (property === undefined) continue;
    const key = /^[A-Za-z_$][\w$]{0,80}$/.test(name) ? name : quotedText(name);
    text += `${text === "" ? "" : ", "}${key}: ${"value" in property ? shown(property.value, depth + 1) : "..."}`;
    if (text.length > QUOTED) break;
  }
  return text === "" ? "{}" : `{ ${text} }`;
}

/** Adds context to an error if it is one of this package. */
export function within(error: unknown, context: ErrorContext): unknown {
  return error instanceof NpyError ? error.within(context) : error;
}

/** The error with the path of the file that was being used, unless it has one. */
export function withPath(error: unknown, path: string | undefined): unknown {
  return within(error, { path });
}
