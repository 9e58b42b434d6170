/** Every procedure that writes to a file, as the calls that it is made of and the rows that the file holds after each. */
import { dtype, formatHeader, MemoryStorage, NpyReader, type OpenOptions } from "../../src/index.ts";
import { type InPlaceSizes, rewriteInPlace } from "../../src/plan/rewrite/in-place.ts";
import { run, runSync } from "../../src/plan/run.ts";
import type { FaultyStorage, StorageOptions } from "./faulty-storage.ts";
import { type Appender, FILE_FORMS, type FileVerbs } from "./forms.ts";

/** The verbs, synchronous or asynchronous. */
export interface Verbs extends FileVerbs {
  openReader(file: MemoryStorage): unknown;
  /** For plans that have options of their own for tests. */
  readonly run: typeof run | typeof runSync;
}

export const FORMS: readonly (readonly ["sync" | "async", Verbs])[] = FILE_FORMS.map(([form, verbs]) => [
  form,
  {
    ...verbs,
    openReader: form === "sync" ? NpyReader.openSync : NpyReader.open,
    run: form === "sync" ? runSync : run,
  },
]);

/** Where the calls of a procedure are made. */
export interface Session {
  readonly verbs: Verbs;
  readonly storage: FaultyStorage;
  npaa: Appender | undefined;
}

export interface Call {
  readonly verb: "open" | "append" | "updateHeader" | "sync" | "close" | "recover" | "ensureAppendable" | "save";
  /** What the file holds when the call has returned. */
  readonly rows: Int16Array;
  make(session: Session): Promise<unknown>;
}

export interface Procedure {
  readonly name: string;
  /** The file before the first call, and its whole rows. */
  readonly bytes: Uint8Array | undefined;
  readonly rows: Int16Array;
  readonly calls: readonly Call[];
  /** What the storage is like. */
  readonly storage?: StorageOptions;
  /** Whether rows are stored in mapped memory: a window that cannot be opened does not make an append fail. */
  readonly isMapped?: boolean;
  /** Whether a file that rows were appended to may say that it needs recovery before it is closed. */
  readonly mayNeedRecovery: boolean;
}

/** The rows `from` to `to` (not included); each has two different bytes, so that bytes in the wrong place show. */
export function rows(from: number, to: number): Int16Array<ArrayBuffer> {
  return Int16Array.from({ length: to - from }, (_, i) => 1 + 3 * (from + i));
}

const NONE = new Int16Array(0);

function join(...parts: Int16Array[]): Int16Array {
  return Int16Array.from(parts.flatMap((part) => Array.from(part)));
}

/** A file whose header says `counted` rows, with `data`. */
function file(counted: number, data: Uint8Array | Int16Array, headerLength?: number): Uint8Array {
  const header = formatHeader({ dtype: dtype("<i2"), fortranOrder: false, shape: [counted], headerLength });
  return Buffer.concat([header, Buffer.from(data.buffer, data.byteOffset, data.byteLength)]);
}

// Plain functions of one call each; all are asynchronous, so that both forms of the verbs fail alike.

function open(options: OpenOptions, rows: Int16Array): Call {
  return {
    verb: "open",
    rows,
    make: async (session) => {
      session.npaa = await session.verbs.open(session.storage, options);
    },
  };
}

function append(added: Int16Array | Int32Array, rows: Int16Array): Call {
  return { verb: "append", rows, make: async ({ npaa }) => npaa?.append(added) };
}

/** The rows of another file: of the same dtype they are copied, of others converted. */
function appendFrom(added: Int16Array | Int32Array, rows: Int16Array): Call {
  const header = formatHeader({
    dtype: dtype(added.BYTES_PER_ELEMENT === 2 ? "<i2" : "<i4"),
    fortranOrder: false,
    shape: [added.length],
  });
  const source = new MemoryStorage(Buffer.concat([header, Buffer.from(added.buffer)]));
  return {
    verb: "append",
    rows,
    make: async ({ npaa, verbs }) => npaa?.appendFrom((await verbs.openReader(source)) as never),
  };
}

function simply(verb: "updateHeader" | "sync" | "close", rows: Int16Array): Call {
  return { verb, rows, make: async ({ npaa }) => npaa?.[verb]() };
}

/** Opens a file that holds `before`, appends 3 times, over a number of digits, and closes it. */
function growing(name: string, bytes: Uint8Array | undefined, before: number, options: OpenOptions): Procedure {
  const after = (n: number): Int16Array => rows(0, before + n);
  return {
    name,
    bytes,
    rows: rows(0, before),
    calls: [
      open(options, after(0)),
      append(rows(before, before + 1), after(1)),
      append(NONE, after(1)),
      append(rows(before + 1, before + 4), after(4)),
      simply("updateHeader", after(4)),
      simply("sync", after(4)),
      append(rows(before + 4, before + 13), after(13)),
      simply("close", after(13)),
    ],
    mayNeedRecovery: options.rewriteHeaderOnAppend === false,
  };
}

/** Opens a window after 16 small appends, and does in it whatever can be done. */
function mapped(name: string, bytes: Uint8Array | undefined, before: number, options: OpenOptions): Procedure {
  const counts = [...Array.from({ length: 18 }, (_, i) => i + 1), 21, 100, 101, 999, 1005, 1006].map((n) => before + n);
  let last = before;
  const appends = counts.map((count) => {
    const call = append(rows(last, count), rows(0, count));
    last = count;
    return call;
  });
  const all = rows(0, last);
  return {
    name: `in mapped memory: ${name}`,
    bytes,
    rows: rows(0, before),
    calls: [
      open({ ...options, mmap: true }, rows(0, before)),
      ...appends,
      append(NONE, all),
      simply("sync", all),
      append(rows(last, last + 1), rows(0, last + 1)),
      simply("updateHeader", rows(0, last + 1)),
      simply("close", rows(0, last + 1)),
    ],
    storage: { maps: true },
    mayNeedRecovery: options.rewriteHeaderOnAppend === false,
    isMapped: true,
  };
}

/** Replaces a file that holds 5 rows. */
function replacing(name: string, options: OpenOptions): Procedure {
  const isAtOnce = options.rowShape !== undefined;
  return {
    name,
    bytes: file(5, rows(100, 105)),
    rows: rows(100, 105),
    calls: [
      open({ ...options, deleteIfExists: true }, isAtOnce ? NONE : rows(100, 105)),
      simply("updateHeader", isAtOnce ? NONE : rows(100, 105)),
      append(rows(0, 3), rows(0, 3)),
      append(rows(3, 4), rows(0, 4)),
      simply("close", rows(0, 4)),
    ],
    mayNeedRecovery: options.rewriteHeaderOnAppend === false,
  };
}

/** Makes a file whole whose data are `data`. */
function recovering(name: string, counted: number, data: Uint8Array, zerofill: boolean, recovered: Int16Array): Procedure[] {
  const bytes = file(counted, data);
  const whole = new Int16Array(data.slice(0, data.length - (data.length % 2)).buffer);
  const kind = zerofill ? "zerofill" : "truncate";
  const common = { bytes, rows: whole, mayNeedRecovery: true };
  return [
    {
      ...common,
      name: `recover, ${kind}: ${name}`,
      calls: [
        {
          verb: "recover",
          rows: recovered,
          make: async ({ verbs, storage }) => verbs.recover(storage, { zerofillIncomplete: zerofill }),
        },
      ],
    },
    {
      ...common,
      name: `open with onNeedsRecovery, ${kind}: ${name}`,
      calls: [
        open({ onNeedsRecovery: kind }, recovered),
        append(rows(50, 52), join(recovered, rows(50, 52))),
        simply("close", join(recovered, rows(50, 52))),
      ],
    },
  ];
}

/** The header of another writer, which has no room. */
const TIGHT = 80;

/** Enough rows for three blocks of a copy, the last one short. */
const MANY = rows(0, 1_100_000);

const DURABILITIES = ["os", "data", "full"] as const;

/** A header that is made to grow in place, for few bytes. */
function inPlace(name: string, count: number, sizes: InPlaceSizes, storage?: StorageOptions): Procedure {
  const all = rows(0, count);
  const call: Call = {
    verb: "ensureAppendable",
    rows: all,
    make: async ({ verbs, storage }) => verbs.run(rewriteInPlace(storage, undefined, {}, sizes)),
  };
  return {
    name: `ensureAppendable in place: ${name}`,
    bytes: file(count, all, TIGHT),
    rows: all,
    calls: [call, call],
    storage: storage ?? {},
    mayNeedRecovery: true,
  };
}

const NEVER = Number.POSITIVE_INFINITY;

export const PROCEDURES: readonly Procedure[] = [
  ...DURABILITIES.flatMap((durability) =>
    [true, false].flatMap((rewriteHeaderOnAppend) => {
      const options = { durability, rewriteHeaderOnAppend };
      const name = `durability ${durability}, ${rewriteHeaderOnAppend ? "a header with each append" : "the header at the end"}`;
      return [
        growing(`create: ${name}`, undefined, 0, options),
        growing(`create in an empty file: ${name}`, new Uint8Array(0), 0, options),
        growing(`create at once: ${name}`, undefined, 0, { ...options, dtype: "<i2", rowShape: [] }),
        growing(`append: ${name}`, file(8, rows(0, 8)), 8, options),
        replacing(`replace: ${name}`, options),
        replacing(`replace at once: ${name}`, { ...options, dtype: "<i2", rowShape: [] }),
      ];
    }),
  ),
  mapped("create", undefined, 0, {}),
  mapped("append", file(8, rows(0, 8)), 8, {}),
  mapped("the header at the end", file(8, rows(0, 8)), 8, { rewriteHeaderOnAppend: false }),
  mapped("replace", undefined, 0, { deleteIfExists: true, dtype: "<i2", rowShape: [] }),
  {
    name: "append in several blocks",
    bytes: file(1, rows(0, 1)),
    rows: rows(0, 1),
    // Converted from int32 in blocks of 2^18.
    calls: [
      open({ durability: "full" }, rows(0, 1)),
      append(Int32Array.from(rows(1, 600_001)), rows(0, 600_001)),
      simply("close", rows(0, 600_001)),
    ],
    mayNeedRecovery: false,
  },
  {
    name: "append the rows of another file",
    bytes: file(1, rows(0, 1)),
    rows: rows(0, 1),
    // Copied in blocks of 2^19; the last ones converted.
    calls: [
      open({ durability: "full" }, rows(0, 1)),
      appendFrom(rows(1, 600_001), rows(0, 600_001)),
      appendFrom(Int32Array.from(rows(600_001, 600_004)), rows(0, 600_004)),
      simply("close", rows(0, 600_004)),
    ],
    mayNeedRecovery: false,
  },
  {
    name: "create a file for the rows of another one",
    bytes: undefined,
    rows: NONE,
    calls: [open({}, NONE), appendFrom(rows(0, 3), rows(0, 3)), simply("close", rows(0, 3))],
    mayNeedRecovery: false,
  },
  {
    name: "replace a file by the rows of another one",
    bytes: file(5, rows(100, 105)),
    rows: rows(100, 105),
    calls: [open({ deleteIfExists: true }, rows(100, 105)), appendFrom(rows(0, 3), rows(0, 3)), simply("close", rows(0, 3))],
    mayNeedRecovery: false,
  },
  ...recovering("rows that are not counted", 1, new Uint8Array(rows(0, 4).buffer), false, rows(0, 4)),
  ...recovering("rows that are not there", 12, new Uint8Array(rows(0, 4).buffer), false, rows(0, 4)),
  ...recovering("half a row more", 2, new Uint8Array(rows(0, 4).buffer, 0, 7), false, rows(0, 3)),
  ...recovering("half a row", 12, new Uint8Array(rows(0, 4).buffer, 0, 7), false, rows(0, 3)),
  ...recovering("half a row", 12, new Uint8Array(rows(0, 4).buffer, 0, 7), true, join(rows(0, 3), Int16Array.of(10))),
  {
    name: "ensureAppendable by copy",
    bytes: file(MANY.length, MANY, TIGHT),
    rows: MANY,
    calls: [
      { verb: "ensureAppendable", rows: MANY, make: async ({ verbs, storage }) => verbs.ensureAppendable(storage) },
      { verb: "ensureAppendable", rows: MANY, make: async ({ verbs, storage }) => verbs.ensureAppendable(storage) },
    ],
    mayNeedRecovery: false,
  },
  // The data move by 48 bytes.
  inPlace("no data", 0, { block: 16, insertFrom: NEVER }),
  inPlace("moved in blocks that are longer than the way", 100, { block: 64, insertFrom: NEVER }),
  inPlace("moved in shorter blocks", 30, { block: 14, insertFrom: NEVER }),
  inPlace("moved at once", 30, { block: 64, insertFrom: NEVER }),
  inPlace("a block is inserted", 30, { block: 64, insertFrom: 0 }, { blockSize: 512 }),
  inPlace("a block cannot be inserted", 30, { block: 64, insertFrom: 0 }, { blockSize: 512, refusesInsert: true }),
  {
    name: "open with onNotAppendable and onNeedsRecovery",
    bytes: file(7, rows(0, 3), TIGHT),
    rows: rows(0, 3),
    calls: [
      open({ onNotAppendable: "rewrite", onNeedsRecovery: "truncate" }, rows(0, 3)),
      append(rows(3, 5), rows(0, 5)),
      simply("close", rows(0, 5)),
    ],
    mayNeedRecovery: true,
  },
  ...(
    [
      ["save", undefined, {}],
      ["save where there are no hard links", undefined, { hasNoLinks: true }],
      ["save over a file", file(5, rows(100, 105)), {}],
    ] as const
  ).map(
    ([name, bytes, storage]): Procedure => ({
      name,
      bytes,
      storage,
      rows: bytes === undefined ? NONE : rows(100, 105),
      calls: [{ verb: "save", rows: rows(0, 9), make: async ({ verbs, storage }) => verbs.save(storage, rows(0, 9)) }],
      mayNeedRecovery: false,
    }),
  ),
];
