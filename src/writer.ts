/** One file being grown: what `NpyAppendArray` and `NpyAppendArraySync` share, as plans. */
import { canCast } from "./cast/can-cast.ts";
import { conform, dtypeOfInput, type Elements, type RowLayout, rowShapeOfInput } from "./encode/conform.ts";
import { type CheckedRows, ElementInputs } from "./encode/rows.ts";
import { NpyError, withPath } from "./errors.ts";
import { type DType, formatDType } from "./format/dtype.ts";
import { formatHeader, type NpyHeader, parseHeader, zeroDimensional } from "./format/header.ts";
import { rowCount, rowShape, shapeOf, sizeOf } from "./format/layout.ts";
import { type ParsedInput, parseInput } from "./input/input.ts";
import { type CheckedOpenOptions, checkMappable, checkOpenOptions } from "./options.ts";
import { Claim } from "./plan/claims.ts";
import { append, appending, createFile, createReplacement, type Rows, syncReplacement, updateHeader } from "./plan/grow/grow.ts";
import { type GrowingFile, growExisting, growingFile } from "./plan/grow/growing-file.ts";
import { MappedHeader } from "./plan/grow/mapped-header.ts";
import { SharedGrowth } from "./plan/grow/shared-growth.ts";
import { checkUnchanged } from "./plan/grow/unchanged.ts";
import { readHeader } from "./plan/read/header.ts";
import { isAppendableHeader } from "./plan/rewrite/appendable-header.ts";
import { rewriteByCopy } from "./plan/rewrite/by-copy.ts";
import { completeInterrupted } from "./plan/rewrite/interrupted-rewrite.ts";
import { checkRecoverable, hasWrongLength, recoverFile } from "./plan/rewrite/recover.ts";
import { close, closing, discard, open, type Plan, quietly, size, sync } from "./plan/step.ts";
import { RawRows } from "./raw-rows.ts";
import { type Attachment, type OpenToken, type ShareToken, Sharing } from "./share.ts";
import { hasCode, type Storage, type StorageFile } from "./storage/storage.ts";
import { blocking, type Connection, runtimeThreads } from "./storage/threads.ts";

/** The state of one file that rows are appended to. */
export class Writer {
  readonly storage: Storage;
  readonly #options: CheckedOpenOptions;
  readonly #claim: Claim;
  /** Whether a file is there that the first append is to replace. */
  #replaces = false;
  #growing: GrowingFile | undefined;
  #elements: ElementInputs | undefined;
  /** What rows must be, from the first append on, even while its file is still being created. */
  #layout: RowLayout | undefined;
  /** How the file is grown together with other threads, once it is shared. */
  #shared: SharedGrowth | undefined;
  #sharing: Sharing | undefined;
  #connection: Connection | undefined;

  private constructor(storage: Storage, options: CheckedOpenOptions) {
    this.storage = storage;
    this.#options = options;
    this.#claim = new Claim(storage, options.lock);
  }

  /** Opens what is there and checks it, or gets ready to create it. */
  static *open(storage: Storage, options: CheckedOpenOptions): Plan<Writer> {
    if (options.mmap) checkMappable(storage, true);
    const writer = new Writer(storage, options);
    try {
      yield* writer.#open();
    } catch (error) {
      if (writer.#growing !== undefined) yield* quietly(close(writer.#growing.file));
      yield* writer.#claim.release();
      throw withPath(error, storage.path);
    }
    return writer;
  }

  /**
   * Opens, in another thread, the file that a token is for.
   *
   * @throws NpyError `ERR_NPY_CHANGED` if another file took its place, `ERR_NPY_CLOSED` if it is no longer shared.
   */
  static *attach(storage: Storage, token: OpenToken, attachment: Attachment): Plan<Writer> {
    const { reservations, slot, connection } = attachment;
    let file: StorageFile | undefined;
    try {
      const writer = new Writer(storage, { ...checkOpenOptions({ lock: false }), ...token.options });
      file = yield* open(storage, "r+");
      if (file.key !== token.file) throw replaced(token.path);
      const header = parseHeader(token.header, { maxHeaderSize: token.header.length });
      const growing = growingFile(runtimeThreads()?.isWorker ? blocking(file) : file, header, storage.path);
      const shared = new SharedGrowth(growing, reservations, slot, token.options.durability);
      connection.onEnd(() => shared.abandon());
      yield* shared.join();
      writer.#growing = growing;
      writer.#layout = { dtype: header.dtype, fortranOrder: header.fortranOrder, rowShape: growing.rowShape };
      writer.#shared = shared;
      writer.#connection = connection;
      return writer;
    } catch (error) {
      if (file !== undefined) yield* quietly(close(file));
      connection.close();
      throw error;
    }
  }

  *#open(): Plan<void> {
    const { dtype, rowShape, fortranOrder = false } = this.#options;
    const file = yield* this.#openExisting();
    if (file !== undefined) yield* this.#adoptExisting(file);
    if (this.#growing === undefined && dtype !== undefined && rowShape !== undefined) {
      this.#layout = this.#checkLayout({ dtype, rowShape, fortranOrder });
      yield* this.#create({ rows: 0, blocks: [] });
    }
  }

  *#openExisting(): Plan<StorageFile | undefined> {
    try {
      return yield* this.#claim.open(this.#options.deleteIfExists ? "r" : "r+");
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
      return undefined;
    }
  }

  /** Gets ready to append to the file that is there, unless it is empty or to be replaced. */
  *#adoptExisting(opened: StorageFile): Plan<void> {
    const { maxHeaderSize, onNotAppendable, onNeedsRecovery, deleteIfExists } = this.#options;
    const { path } = this.storage;
    let file = opened;
    let isOpen = true;
    try {
      if (deleteIfExists) {
        this.#replaces = true;
        isOpen = false;
        return yield* this.#claim.hold(file);
      }
      if ((yield* size(file)) === 0) {
        isOpen = false;
        return yield* close(file);
      }
      const claim = (isNeeded: boolean): Plan<boolean> => this.#claim.claimRewrite(opened, isNeeded);
      if (onNeedsRecovery !== "throw") yield* completeInterrupted(file, maxHeaderSize, { claim });
      let header = yield* readHeader(file, maxHeaderSize);
      if (header.shape.length === 0) throw zeroDimensional(path);
      this.#checkExisting(header);
      const needsRecovery = hasWrongLength(header, yield* size(file));
      if (needsRecovery && onNeedsRecovery === "throw") throw incomplete(header, yield* size(file), path);
      const rules = { zerofillIncomplete: onNeedsRecovery === "zerofill", path };
      // Before the header is rewritten, too.
      if (needsRecovery) yield* checkRecoverable(file, header, rules);
      if (!isAppendableHeader(header)) {
        if (onNotAppendable === "throw") throw notAppendable(header, path);
        isOpen = false;
        yield* this.#claim.hold(file);
        yield* rewriteByCopy(this.storage, maxHeaderSize, { claim }, (copy) => this.#claim.replace(copy, true));
        yield* this.#claim.letGo();
        file = yield* this.#claim.open("r+");
        isOpen = true;
        header = yield* readHeader(file, maxHeaderSize);
      }
      if (needsRecovery) {
        yield* recoverFile(file, { ...rules, dryRun: false, maxHeaderSize, claim });
        header = yield* readHeader(file, maxHeaderSize);
      }
      yield* this.#claim.releaseRewrite();
      this.#grow(yield* growExisting(file, header, path));
      this.#layout = { dtype: header.dtype, fortranOrder: header.fortranOrder, rowShape: rowShape(header) };
    } catch (error) {
      if (isOpen) yield* quietly(close(file));
      throw error;
    }
  }

  /** From now on rows are appended to this file. */
  #grow(growing: GrowingFile): void {
    if (this.#options.mmap) growing.mapped = MappedHeader.of(growing.file, growing.header.headerLength);
    this.#growing = growing;
  }

  /** What the options say of a file must be true of one that is there. */
  #checkExisting(header: NpyHeader): void {
    const { dtype, rowShape: wanted, fortranOrder } = this.#options;
    const { path } = this.storage;
    if (dtype !== undefined && !canCast(header.dtype, dtype, "equiv")) {
      throw new NpyError(
        "ERR_NPY_DTYPE",
        `The file has dtype ${formatDType(header.dtype)}, the options say ${formatDType(dtype)}: leave dtype out to append to it, or set ` +
          "deleteIfExists to replace it.",
        { path },
      );
    }
    const found = rowShape(header);
    if (wanted !== undefined && wanted.join() !== found.join()) {
      throw new NpyError("ERR_NPY_SHAPE", `The file has rows of shape (${found}), the options say (${wanted}).`, { path });
    }
    if (fortranOrder !== undefined && header.shape.length > 1 && fortranOrder !== header.fortranOrder) {
      const [is, wants] = header.fortranOrder ? ["Fortran", "C"] : ["C", "Fortran"];
      throw new NpyError(
        "ERR_NPY_OPTION",
        `The file is in ${is} order, the options say ${wants} order: leave fortranOrder out.`,
        { path },
      );
    }
  }

  get dtype(): DType | undefined {
    return this.#growing?.header.dtype;
  }

  get fortranOrder(): boolean | undefined {
    return this.#growing?.header.fortranOrder;
  }

  get shape(): readonly number[] | undefined {
    if (this.#growing === undefined) return undefined;
    return shapeOf(this.length, this.#growing.rowShape, this.#growing.header.fortranOrder);
  }

  get length(): number {
    return this.#shared?.length ?? this.#growing?.rows ?? 0;
  }

  /** Whether rows are added along the last axis; a file that is created for an array has its order. */
  growsLast(fortranOrder: boolean): boolean {
    return this.#layout?.fortranOrder ?? this.#options.fortranOrder ?? fortranOrder;
  }

  /** The dtype that rows are cast to, where that is known already. */
  get target(): DType | undefined {
    return this.#layout?.dtype ?? this.#options.dtype;
  }

  /** To cut bytes into rows. */
  rawRows(): RawRows {
    if (this.#layout !== undefined) return new RawRows(this.#layout);
    throw new NpyError(
      "ERR_NPY_OPTION",
      "Invalid options: raw: true needs to know what rows are, and there is no file yet: open it with dtype and rowShape, which creates it.",
      { path: this.storage.path },
    );
  }

  /** Checks everything about an input; from the first one on, what rows must be is settled. Writes nothing. */
  check(input: unknown): CheckedRows {
    if (this.#growing?.broken !== undefined) throw this.#growing.broken;
    this.#shared?.check();
    return this.#checkElements(input) ?? this.#checkArray(input);
  }

  /** The short way for the commonest inputs: whole rows, in a typed array whose elements are as in the file, or of a few plain numbers. */
  #checkElements(input: unknown): CheckedRows | undefined {
    if (this.#growing === undefined) return undefined;
    this.#elements ??= new ElementInputs(this.#growing.header);
    return this.#elements.rowsOf(input);
  }

  #checkArray(input: unknown): CheckedRows {
    const parsed = parseInput(input, this.#layout?.dtype ?? this.#options.dtype);
    const { layout, elements } = this.#conform(parsed);
    const { dtype, fortranOrder } = layout;
    return {
      dtype,
      rows: rowCount({ shape: elements.shape, fortranOrder }),
      byteLength: sizeOf(elements.shape) * dtype.itemsize,
      blocks: { [Symbol.iterator]: () => elements.blocks(fortranOrder)[Symbol.iterator]() },
      get onlyBlock() {
        return elements.onlyBlock?.(fortranOrder);
      },
    };
  }

  #conform(parsed: ParsedInput): { readonly layout: RowLayout; readonly elements: Elements } {
    for (;;) {
      const layout = this.#layout ?? this.#layoutOf(parsed);
      const elements = conform(parsed, layout, this.#options.casting);
      // Getters of the input may have appended to the file, and settled what its rows must be.
      if (this.#layout === undefined) this.#layout = layout;
      if (this.#layout === layout) return { layout, elements };
    }
  }

  /** The layout of a file that is created for `parsed`. */
  #layoutOf(parsed: ParsedInput): RowLayout {
    const fortranOrder = this.#options.fortranOrder ?? parsed.fortranOrder ?? false;
    const rowShape = rowShapeOfInput(parsed, fortranOrder);
    return this.#checkLayout({ dtype: this.#options.dtype ?? dtypeOfInput(parsed), fortranOrder, rowShape });
  }

  /** Refuses a file that could not be opened again. */
  #checkLayout(layout: RowLayout): RowLayout {
    const { maxHeaderSize } = this.#options;
    const { length } = formatHeader(headerLayout(layout));
    if (length <= maxHeaderSize) return layout;
    throw new NpyError(
      "ERR_NPY_HEADER",
      `The header would be ${length} bytes long, more than the ${maxHeaderSize} that readers accept by default: raise maxHeaderSize, here ` +
        "and where the file is read.",
    );
  }

  /** Forgets what a first append settled if its file could not be created, and nothing else waits for it. */
  forgetLayout(): void {
    if (this.#growing === undefined) this.#layout = undefined;
  }

  /** Writes rows: all, or none. `undefined` if that was done at once, as with `isBlocking` also where it takes long. */
  append(rows: Rows, isBlocking: boolean = false): Plan<void> | undefined {
    if (this.#growing === undefined) return this.#create(rows);
    if (this.#growing.broken !== undefined) throw this.#growing.broken;
    if (this.#shared !== undefined) return this.#shared.append(rows);
    const { rewriteHeaderOnAppend, durability } = this.#options;
    return append(this.#growing, rows, rewriteHeaderOnAppend, durability, isBlocking);
  }

  /** Creates the file, with its first rows. */
  *#create(rows: Rows): Plan<void> {
    const { durability, rewriteHeaderOnAppend } = this.#options;
    const { storage } = this;
    const layout = headerLayout(this.#layout as RowLayout);
    if (!this.#replaces) {
      const growing = yield* createFile(storage, layout, durability, (file) => this.#claim.take(file));
      this.#grow(growing);
      return yield* appending(growing, rows, rewriteHeaderOnAppend, durability);
    }
    const growing = yield* createReplacement(storage, layout, durability);
    try {
      // Before it has the name under which others find it.
      yield* this.#claim.lock(growing.file);
      yield* appending(growing, rows, rewriteHeaderOnAppend, durability);
      yield* this.#claim.replace(growing.file);
    } catch (error) {
      yield* discard(storage, growing.file);
      throw error;
    }
    this.#grow(growing);
    yield* this.#claim.take(growing.file);
    yield* quietly(this.#claim.letGo());
    if (durability !== "os") yield* syncReplacement(growing);
  }

  *updateHeader(): Plan<void> {
    if (this.#growing === undefined) return;
    if (this.#growing.broken !== undefined) throw this.#growing.broken;
    if (this.#shared !== undefined) return yield* this.#shared.updateHeader();
    yield* updateHeader(this.#growing, this.#options.durability);
  }

  *sync(): Plan<void> {
    if (this.#growing === undefined) return;
    if (this.#growing.broken !== undefined) throw this.#growing.broken;
    if (this.#shared !== undefined) return yield* this.#shared.sync();
    yield* checkUnchanged(this.#growing);
    yield* sync(this.#growing.file);
  }

  /** Writes the header if that is still to be done, and lets go of the file whatever happens. */
  *close(): Plan<void> {
    const growing = this.#growing;
    try {
      if (growing !== undefined) yield* closing(growing.file, () => this.#finish());
    } finally {
      this.#sharing?.end();
      this.#connection?.close();
      yield* this.#claim.release();
    }
  }

  #finish(): Plan<void> {
    if (this.#shared === undefined) return this.updateHeader();
    return this.#connection === undefined ? this.#shared.finish() : this.#shared.leave();
  }

  /** The token for other threads, and at the first time what makes it valid when its turn has come. */
  share(): { readonly token: ShareToken; readonly start: (() => Plan<void>) | undefined } {
    if (this.#connection !== undefined) {
      throw new NpyError(
        "ERR_NPY_OPTION",
        "Share a file in the thread that opened it: its token can be posted to any number of others.",
      );
    }
    if (this.#sharing !== undefined) return { token: this.#sharing.token, start: undefined };
    const growing = this.#growing;
    if (growing === undefined) {
      throw new NpyError(
        "ERR_NPY_OPTION",
        "There is no file yet that could be shared: open it with dtype and rowShape, which creates it, or wait for the first append.",
        { path: this.storage.path },
      );
    }
    if (growing.broken !== undefined) throw growing.broken;
    const { durability, casting } = this.#options;
    const sharing = new Sharing(this.storage, growing, { durability, casting });
    this.#sharing = sharing;
    return { token: sharing.token, start: () => this.#startSharing(sharing.growth) };
  }

  *#startSharing(growth: SharedGrowth): Plan<void> {
    yield* growth.start();
    this.#shared = growth;
  }
}

function replaced(path: string): NpyError {
  return new NpyError("ERR_NPY_CHANGED", `Another file took the place of ${path} since it was shared: share that one.`, { path });
}

/** The layout of a file with 0 rows. */
function headerLayout({ dtype, fortranOrder, rowShape }: RowLayout): {
  dtype: DType;
  fortranOrder: boolean;
  shape: readonly number[];
} {
  return { dtype, fortranOrder, shape: shapeOf(0, rowShape, fortranOrder) };
}

function notAppendable(header: NpyHeader, path: string | undefined): NpyError {
  return new NpyError(
    "ERR_NPY_NOT_APPENDABLE",
    `The header of ${path ?? "the file"} (${header.headerLength} bytes) has no room to grow: call ensureAppendable first, or open with ` +
      'onNotAppendable: "rewrite".',
    { path },
  );
}

function incomplete(header: NpyHeader, fileSize: number, path: string | undefined): NpyError {
  const expected = header.headerLength + sizeOf(header.shape) * header.dtype.itemsize;
  return new NpyError(
    "ERR_NPY_NEEDS_RECOVERY",
    `${path ?? "The file"} has ${fileSize} bytes where its header says ${expected}: call recover first, or open with onNeedsRecovery: ` +
      '"truncate" or "zerofill".',
    { path },
  );
}
