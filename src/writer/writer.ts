/** One file being grown, as plans: what `NpyAppendArray` and `NpyAppendArraySync` have in common. */

import { encodeParsed, layoutOfInput } from "../encode/conform.ts";
import type { EncodedRows } from "../encode/encoded-rows.ts";
import { RowEncoder } from "../encode/row-encoder.ts";
import { NpyError } from "../errors.ts";
import { counted } from "../format/counted.ts";
import type { DType } from "../format/dtype.ts";
import { formatHeader } from "../format/header.ts";
import { type ArrayLayout, bytesPerRow, growthAxis, rowShape, shapeOf } from "../format/layout.ts";
import { isTypedArray } from "../input/array-bytes.ts";
import { parseInput } from "../input/input.ts";
import type { ParsedInput } from "../input/parsed-input.ts";
import { alongLastAxis } from "../input/stack.ts";
import { checkMappable } from "../options.ts";
import { Claim } from "../plan/claims.ts";
import { adoptReplacement, createFile, createReplacement } from "../plan/grow/create.ts";
import { ExclusiveGrowth } from "../plan/grow/exclusive-growth.ts";
import type { GrowingFile } from "../plan/grow/growing-file.ts";
import type { Growth, Rows } from "../plan/grow/growth.ts";
import { MappedGrowth } from "../plan/grow/mapped-growth.ts";
import type { SharedGrowth } from "../plan/grow/shared-growth.ts";
import type { RecoveryReport } from "../plan/rewrite/recover.ts";
import { close, closing, type Plan, quietly } from "../plan/step.ts";
import type { Storage } from "../storage/storage.ts";
import { checkKept, checkStart, firstReplaced, outOfRange } from "./changed-rows.ts";
import { waitingForLock } from "./lock-wait.ts";
import { openExisting } from "./open-existing.ts";
import { type CheckedOpenOptions, checkOpenOptions } from "./open-options.ts";
import { Pause } from "./pause.ts";
import { RawRows } from "./raw-rows.ts";
import { type Attachment, join, listen, type OpenToken, type ShareToken, type Sharing, tokenOf } from "./share.ts";

/** The state of one file that rows are appended to. */
export class Writer {
  readonly storage: Storage;
  /** How opening repaired the file. */
  recovered: RecoveryReport | undefined;
  readonly #options: CheckedOpenOptions;
  readonly #claim: Claim;
  /** Whether the first append is to replace an existing file. */
  #replaces = false;
  /** `undefined` until there is a file. */
  #growth: Growth | undefined;
  /** The same, while rows may be stored in mapped memory. */
  #mapped: MappedGrowth | undefined;
  /** Closes the window after a pause. */
  #pause: Pause | undefined;
  #encoder: RowEncoder | undefined;
  /** What rows must be, whatever their number. Known from the first append on, even while its file is still being created. */
  #layout: ArrayLayout | undefined;
  /** Whether the first append decided what the dtype is. */
  #isInferred = false;
  #sharing: Sharing | undefined;

  private constructor(storage: Storage, options: CheckedOpenOptions) {
    this.storage = storage;
    this.#options = options;
    this.#claim = new Claim(storage, options.lock);
  }

  /** Opens and checks an existing file, or gets ready to create one. Waits for another writer as long as `lockWait` says. */
  static *open(storage: Storage, options: CheckedOpenOptions): Plan<Writer> {
    if (options.mmap) checkMappable(storage, true);
    return yield* waitingForLock(options.lockWait, () => Writer.#openAtOnce(storage, options));
  }

  static *#openAtOnce(storage: Storage, options: CheckedOpenOptions): Plan<Writer> {
    const writer = new Writer(storage, options);
    try {
      yield* writer.#open();
    } catch (error) {
      if (writer.#growing !== undefined) yield* quietly(close(writer.#growing.file));
      yield* writer.#claim.release();
      throw error;
    }
    return writer;
  }

  /**
   * Opens, in another thread, the file that a token stands for.
   *
   * @throws NpyError `ERR_NPY_CHANGED` if another file took its place, `ERR_NPY_CLOSED` if it is no longer shared.
   */
  static *attach(storage: Storage, token: OpenToken, attachment: Attachment): Plan<Writer> {
    const end = () => attachment.connection.close();
    try {
      const writer = new Writer(storage, { ...checkOpenOptions({ lock: false }), ...token.options });
      writer.#adopt(yield* join(storage, token, attachment));
      writer.#sharing = { end };
      return writer;
    } catch (error) {
      end();
      throw error;
    }
  }

  *#open(): Plan<void> {
    const { dtype, rowShape, fortranOrder = false } = this.#options;
    const existing = yield* openExisting(this.storage, this.#claim, this.#options);
    if (existing === "replace") this.#replaces = true;
    else if (existing !== undefined) {
      this.recovered = existing.recovery;
      return this.#adopt(this.#mapping(new ExclusiveGrowth(existing.growing, this.#options)));
    }
    if (dtype === undefined || rowShape === undefined) return;
    this.#layout = this.#checkLayout({ dtype, shape: shapeOf(0, rowShape, fortranOrder), fortranOrder });
    yield* this.#create({ rows: 0, blocks: [] });
  }

  #adopt(growth: Growth): void {
    this.#growth = growth;
    this.#layout = growth.growing.header;
  }

  /** Grows the file in mapped memory, if the options ask for it and it can be. */
  #mapping(exclusive: ExclusiveGrowth): Growth {
    if (!this.#options.mmap || !this.#claim.isLocked(exclusive.growing.file)) return exclusive;
    this.#mapped = MappedGrowth.of(exclusive, () => this.#pause?.start());
    return this.#mapped ?? exclusive;
  }

  /** Calls `rest` when nothing was appended for a while and the file is longer than its rows: it is to perform {@link settle}. */
  whenPausing(rest: () => void): void {
    this.#pause = new Pause(() => (this.#mapped?.isReserved ? this.length : undefined), rest);
  }

  /** Makes the file end where its rows end. */
  *settle(): Plan<void> {
    yield* this.#mapped?.settle() ?? [];
  }

  get #growing(): Readonly<GrowingFile> | undefined {
    return this.#growth?.growing;
  }

  /** The open file, for a {@link JointGrowth} of it and others. */
  get growingFile(): GrowingFile | undefined {
    return this.#growing;
  }

  get dtype(): DType | undefined {
    return this.#growing?.header.dtype;
  }

  get fortranOrder(): boolean | undefined {
    return this.#growing?.header.fortranOrder;
  }

  get shape(): readonly number[] | undefined {
    const header = this.#growing?.header;
    return header && shapeOf(this.length, rowShape(header), header.fortranOrder);
  }

  get length(): number {
    return this.#growth?.length ?? 0;
  }

  /** Whether rows are added along the last axis. A file created for an array takes its order. */
  growsLast(fortranOrder: boolean): boolean {
    return this.#layout?.fortranOrder ?? this.#options.fortranOrder ?? fortranOrder;
  }

  /** The dtype that rows are cast to, once it is known. */
  get target(): DType | undefined {
    return this.#layout?.dtype ?? this.#options.dtype;
  }

  /** The bytes of a row, once they are known. */
  get rowBytes(): number | undefined {
    return this.#layout && bytesPerRow(this.#layout);
  }

  /** Cuts bytes into rows. */
  rawRows(): RawRows {
    if (this.#layout !== undefined) return new RawRows(this.#layout);
    throw new NpyError(
      "ERR_NPY_OPTION",
      "Invalid options: raw: true needs to know what rows are, and there is no file yet: open it with dtype and rowShape, which creates it.",
    );
  }

  /** Checks everything about an input; from the first one on, what rows must be is settled. Writes nothing. */
  check(input: unknown): EncodedRows {
    this.#growth?.check();
    if (this.#growth === undefined) return this.#checkFirst(input);
    this.#encoder ??= new RowEncoder(this.#layout as ArrayLayout, { ...this.#options, isInferred: this.#isInferred });
    return this.#encoder.encode(input);
  }

  /** {@link check} for one row, without the growth axis; of a typed array alone only the number of elements counts. */
  checkRow(row: unknown): EncodedRows {
    if (this.#layout === undefined || !isTypedArray(row)) return this.checkRows([row]);
    const encoded = this.check(row);
    if (encoded.rows === 1) return encoded;
    throw new NpyError(
      "ERR_NPY_SHAPE",
      `A row has shape (${rowShape(this.#layout).join(", ")}): found ${counted(row.length, "element")}, which are ${counted(encoded.rows, "row")}.`,
    );
  }

  /** {@link check} for a list of rows: they are put along the growth axis, also if that is the last one. */
  checkRows(rows: readonly unknown[]): EncodedRows {
    if (!this.growsLast(false)) return this.check(rows);
    this.#growth?.check();
    return this.#checkParsed(alongLastAxis(parseInput(rows, this.target)));
  }

  /** The axis along which rows are counted. */
  get rowAxis(): number {
    return this.#layout === undefined ? 0 : (growthAxis(this.#layout.fortranOrder, this.#layout.shape.length) as number);
  }

  /** Before the file exists. */
  #checkFirst(input: unknown): EncodedRows {
    return this.#checkParsed(parseInput(input, this.target));
  }

  #checkParsed(parsed: ParsedInput): EncodedRows {
    for (;;) {
      const layout = this.#layout ?? this.#checkLayout(layoutOfInput(parsed, this.#options));
      const isInferred = this.#options.dtype === undefined;
      const rows = encodeParsed(parsed, layout, { ...this.#options, isInferred });
      this.#isInferred = isInferred;
      // Getters of the input may have appended to the file, and settled what its rows must be.
      this.#layout ??= layout;
      if (this.#layout === layout) return rows;
    }
  }

  /** Refuses a file that could not be opened again. */
  #checkLayout(layout: ArrayLayout): ArrayLayout {
    const { maxHeaderSize } = this.#options;
    const { length } = formatHeader(layout);
    if (length <= maxHeaderSize) return layout;
    throw new NpyError(
      "ERR_NPY_HEADER",
      `The header would be ${length} bytes long, more than the ${maxHeaderSize} that readers accept by default: raise maxHeaderSize, here ` +
        "and where the file is read.",
    );
  }

  /** Forgets the layout of a file that could not be created. For callers with no more appends waiting. */
  forgetLayout(): void {
    if (this.#growing === undefined) this.#layout = undefined;
  }

  /** Stores rows in the file, if that takes no time. Only while no other operation is under way. */
  store(rows: Rows): boolean {
    return this.#mapped?.store(rows) ?? false;
  }

  /** Writes rows: all, or none. `undefined`: it is done. With `isBlocking` it is also done at once where that takes long. */
  append(rows: Rows, isBlocking: boolean = false): Plan<void> | undefined {
    return this.#growth === undefined ? this.#create(rows) : this.#growth.append(rows, isBlocking);
  }

  /** Creates the file, with its first rows. */
  *#create(rows: Rows): Plan<void> {
    const layout = this.#layout as ArrayLayout;
    if (this.#replaces) {
      const growth = yield* createReplacement(this.storage, this.#claim, layout, this.#options, rows);
      this.#growth = growth;
      yield* adoptReplacement(growth, this.#claim);
      this.#growth = this.#mapping(growth);
    } else {
      this.#growth = this.#mapping(yield* createFile(this.storage, this.#claim, layout, this.#options));
      yield* this.#growth.append(rows, false) ?? [];
    }
  }

  /**
   * Checks rows that are to replace others.
   *
   * @throws NpyError what {@link check} throws; `ERR_NPY_SHAPE` if there are no rows yet.
   */
  checkNew(start: unknown, input: unknown): EncodedRows {
    checkStart(start);
    if (this.#layout === undefined) throw outOfRange(start, 0);
    return this.check(input);
  }

  /** Replaces rows that are in the file by then. A negative `start` counts from the end. */
  *set(start: number, rows: Rows): Plan<void> {
    const first = firstReplaced(start, rows.rows, this.length);
    if (rows.rows > 0) yield* this.#growth?.set(first, rows) ?? [];
  }

  /** Keeps the first `rows` rows. */
  *truncate(rows: number): Plan<void> {
    checkKept(rows, this.length);
    yield* this.#growth?.truncate(rows) ?? [];
  }

  *updateHeader(): Plan<void> {
    if (this.#growth !== undefined) yield* this.#growth.updateHeader();
  }

  *sync(): Plan<void> {
    if (this.#growth !== undefined) yield* this.#growth.sync();
  }

  /** Writes the header if that is still to be done, and closes the file whatever happens. */
  *close(): Plan<void> {
    const growth = this.#growth;
    this.#mapped = undefined;
    this.#pause?.stop();
    try {
      if (growth !== undefined) yield* closing(growth.growing.file, () => growth.finish());
    } finally {
      this.#sharing?.end();
      yield* this.#claim.release();
    }
  }

  /** The token for other threads. The first time also `start`, which makes the token valid when it is this operation's turn. */
  share(): { readonly token: ShareToken; readonly start?: () => Plan<void> } {
    const growth = this.#growth;
    if (growth === undefined) {
      throw new NpyError(
        "ERR_NPY_OPTION",
        "There is no file yet that could be shared: open it with dtype and rowShape, which creates it, or wait for the first append.",
      );
    }
    if (this.#sharing !== undefined) return { token: tokenOf(this.#sharing) };
    growth.check();
    const { durability, casting, onOverflow, nulls } = this.#options;
    const shared = listen(this.storage, growth.growing, { durability, casting, onOverflow, nulls });
    this.#sharing = shared.sharing;
    return { token: shared.sharing.token, start: () => this.#startSharing(shared.growth) };
  }

  *#startSharing(growth: SharedGrowth): Plan<void> {
    yield* this.settle();
    this.#mapped = undefined;
    yield* growth.start();
    this.#growth = growth;
  }
}
