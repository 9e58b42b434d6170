/** Draws what the options of `plot` ask for. Loaded only by that command. */
import { dtype as dtypeOf, type NpyReader } from "../../node.ts";
import { about, counted, FileProblem, shown, UsageError } from "../program/failure.ts";
import { Progress } from "../program/progress.ts";
import { print } from "../program/terminal.ts";
import { type Column, chosenColumns, columnsOf, isNumeric, layoutOf, numericColumns } from "../rows/columns.ts";
import { type View, viewOf } from "../rows/view.ts";
import { rowsIn } from "../slice.ts";
import { printable } from "../text/escaping.ts";
import type { IndexText } from "../text/index-text.ts";
import { type Charts, histograms, lineCharts, MOST_LINES, rowChart } from "./charts.ts";
import { type Drawn, drawnColumn, type Gaps, noGaps } from "./columns.ts";
import { fitted, readImage } from "./image.ts";
import { heatMap } from "./maps.ts";
import type { PlotOptions } from "./options.ts";
import { checkPictureFile, writePicture } from "./picture.ts";
import type { Plot } from "./plot.ts";
import { type Scale, scaleOf } from "./scale.ts";
import { type Source, withOrigins, type XRange, xRangeOf } from "./scan.ts";
import { screenOf } from "./screen.ts";
import { chartSvg, SVG_GROUPS } from "./svg-chart.ts";
import { IMAGE_SIZE, imageSvg, MAP_SIZE, mapSvg } from "./svg-map.ts";
import type { Screen } from "./text-axes.ts";
import { chartText, dotsAcross } from "./text-chart.ts";
import { imageSize, imageText, mapSize, mapText } from "./text-map.ts";

/** A picture as text, and what the report of an SVG calls it. */
interface Drawing {
  readonly text: string;
  readonly noun: string;
}

export async function draw(file: string, reader: NpyReader, index: IndexText | undefined, options: PlotOptions): Promise<void> {
  const { svg, overwrite = false } = options;
  if (svg !== undefined) await checkPictureFile(svg, file, overwrite);
  const { text, noun } = await drawing(file, reader, index, options);
  if (svg === undefined) return await print(text);
  await writePicture(svg, text, file, overwrite);
  if (!options.quiet) await print(`${shown(svg)}: ${noun}\n`);
}

export async function drawing(
  file: string,
  reader: NpyReader,
  index: IndexText | undefined,
  options: PlotOptions,
  screen: Screen = screenOf(options),
): Promise<Drawing> {
  checkOptions(index, options);
  return options.image
    ? await drawImage(file, reader, index, options, screen)
    : await drawColumns(file, reader, index, options, screen);
}

function checkOptions(
  index: IndexText | undefined,
  { rows, log, normalize, image, bins, heatmap, panels, columns, x }: PlotOptions,
): void {
  const refuse = (name: string, other: string): never => {
    throw new UsageError(`${name} and ${other} cannot be combined: choose one`);
  };
  if (index !== undefined && rows !== undefined) refuse("--rows", "an index");
  if (log && normalize) refuse("--log", "--normalize");
  if (panels && normalize) refuse("--panels", "--normalize");
  if (image && (columns !== undefined || log || normalize || panels || typeof x === "string"))
    throw new UsageError("--image shows all elements: choose some by an index, such as '0, 10:20'");
  const kinds = [image && "--image", bins !== undefined && "--bins", heatmap && "--heatmap"].filter((name) => name);
  if (kinds.length > 1) refuse(kinds[0] as string, kinds[1] as string);
}

async function drawColumns(
  file: string,
  reader: NpyReader,
  index: IndexText | undefined,
  options: PlotOptions,
  screen: Screen,
): Promise<Drawing> {
  const [start, stop] = rowsIn(options.rows, reader.length, file);
  const rowPart = index === undefined ? { rows: { start, count: stop - start } } : { index };
  const { view, columns } = viewed(reader, options, rowPart);
  const drawn = columns.filter(isNumeric).map(drawnColumn);
  if (drawn.length === 0 || view.rows.count === 0)
    throw nothing(file, view.rows.count === 0 ? "there are no rows" : "no column holds numbers");
  const total = view.rows.count * view.bytesPerRow;
  const progress = await Progress.start(shown(file), total, options);
  const source: Source = {
    view,
    rows: view.rows.count,
    columns: drawn.map((one) => ({ ...one, label: printable(one.label) })),
    x: undefined,
    isLog: options.log === true,
    progress,
  };
  try {
    return await drawSource(file, await withX(source, reader, options), screen, options);
  } finally {
    progress.stop();
  }
}

/** The columns that were asked for, of whole rows if one of them is the x axis. */
function viewed(
  reader: NpyReader,
  options: PlotOptions,
  rows: Parameters<typeof viewOf>[2],
): { view: View; columns: readonly Column[] } {
  const { columns: names, x } = options;
  if (names === undefined) {
    const view = viewOf(reader, {}, rows);
    return { view, columns: view.columns };
  }
  const all = columnsOf(layoutOf(reader));
  const parts = all.flatMap(partsOf);
  const listed = names.split(",").map((name) => name.trim());
  const isPart = listed.some((name) => parts.some(({ label }) => label === name) && !all.some(({ label }) => label === name));
  const chosen = isPart ? chosenColumns([...all, ...parts], listed) : viewOf(reader, { columns: names }, rows).columns;
  const text = chosen.find((column) => !isNumeric(column));
  if (text !== undefined) throw new UsageError(`column ${JSON.stringify(text.label)} holds no numbers`);
  if (!isPart && typeof x !== "string") {
    const view = viewOf(reader, { columns: names }, rows);
    return { view, columns: view.columns };
  }
  const labels = chosen.map(({ label }) => label);
  return { view: viewOf(reader, {}, rows), columns: isPart ? chosen : chosenColumns(all, labels) };
}

/** The real and the imaginary part of a complex column. */
function partsOf(column: Column): readonly Column[] {
  const parts = numericColumns(column);
  return parts.length === 1 ? [] : parts.map((part) => ({ ...part, dtype: dtypeOf(`f${column.dtype.itemsize / 2}`) }));
}

/** With the column of the x axis: that of the option, or the first one of dates in a structure. */
async function withX(
  source: Source,
  reader: NpyReader,
  { x, bins, log }: PlotOptions,
): Promise<Source & { readonly xRange: XRange }> {
  const isDate = ({ quantity }: Drawn): boolean => quantity.kind === "date";
  const all = reader.dtype.fields === undefined && typeof x !== "string" ? [] : columnsOf(layoutOf(reader));
  const named = typeof x === "string" ? chosenColumns(all, [x])[0] : undefined;
  if (named !== undefined && !isNumeric(named)) throw new UsageError(`column ${JSON.stringify(named.label)} holds no numbers`);
  if (named !== undefined && bins !== undefined)
    throw new UsageError("--bins and --x cannot be combined: a histogram has values on its x axis");
  const guess = x === undefined && bins === undefined ? all.filter(isNumeric).map(drawnColumn).find(isDate) : undefined;
  const along = named === undefined ? guess : drawnColumn(named);
  const rest = source.columns.filter(({ column }) => column.label !== along?.column.label);
  if (log && source.columns.some(isDate) && rest.some(isDate))
    throw new UsageError("--log needs numbers: choose columns without dates");
  if (along !== undefined && rest.length > 0) {
    const found = await withOrigins({ ...source, x: along, columns: rest });
    const xRange = await xRangeOf(found);
    if (named !== undefined && xRange === undefined)
      throw new UsageError(`column ${JSON.stringify(named.label)} holds no number to place rows by`);
    if (xRange !== undefined && (named !== undefined || xRange.isAscending)) return { ...found, xRange };
  }
  const found = await withOrigins(source);
  return { ...found, xRange: (await xRangeOf(found)) as XRange };
}

async function drawSource(
  file: string,
  source: Source & { readonly xRange: XRange },
  screen: Screen,
  options: PlotOptions,
): Promise<Drawing> {
  const { columns, rows, xRange } = source;
  const isSvg = options.svg !== undefined;
  const gaps = noGaps();
  const isStructure = columns.some(({ column }) => column.path !== undefined);
  const size = `${counted(columns.length, "column")}, ${counted(rows, "row")}`;
  if (options.bins !== undefined) {
    const charts = found(file, await histograms(source, options.bins, gaps), gaps);
    const plot = { ...headOf(file, source, [charts.what], gaps), ...charts, sharesX: false };
    return { text: isSvg ? chartSvg(plot) : chartText(plot, screen), noun: `a histogram of ${size}` };
  }
  const groups = isSvg ? SVG_GROUPS : dotsAcross(screen.width);
  const isRow = rows === 1 && columns.length > 1 && !isStructure && source.x === undefined && !options.heatmap && !options.panels;
  const isMap = options.heatmap ?? (columns.length > MOST_LINES && !options.panels && !options.normalize);
  if (!isRow && isMap) {
    const x = xScaleOf(source);
    const labels = columns.map(({ label }) => label);
    const room = isSvg ? MAP_SIZE : mapSize(labels, screen, x);
    const map = found(file, await heatMap(source, xRange, x, room, options.normalize ?? isStructure, gaps), gaps);
    const plot = { ...headOf(file, source, [map.what], gaps), ...map };
    return { text: isSvg ? mapSvg(plot) : mapText(plot, screen), noun: `a heat map of ${size}` };
  }
  const charts = isRow
    ? await rowChart(source, elementScale(columns), groups, gaps)
    : await lineCharts(source, xRange, xScaleOf(source), groups, gaps, options);
  const plot = { ...headOf(file, source, [], gaps), ...found<Charts>(file, charts, gaps), sharesX: true };
  return {
    text: isSvg ? chartSvg(plot) : chartText(plot, screen),
    noun: `${xRange.isAscending ? "lines" : "points"} of ${size}`,
  };
}

function found<Result>(file: string, result: Result | undefined, gaps: Gaps): Result {
  if (result !== undefined) return result;
  throw nothing(file, gaps.notPositive > 0 ? "no number is above 0: leave out --log" : "all values are NaN, NaT or infinite");
}

function nothing(file: string, reason: string): FileProblem {
  return new FileProblem(file, `there is nothing to draw: ${reason}`);
}

/** The x axis: a column, or the numbers of the rows in the file. */
function xScaleOf({ x, view, rows, xRange }: Source & { readonly xRange: XRange }): Scale {
  if (x !== undefined) return scaleOf(xRange, { quantity: x.quantity, origin: x.origin });
  const { start, step } = view.rows;
  const last = start + (rows - 1) * step;
  const scale = scaleOf({ min: Math.min(start, last), max: Math.max(start, last) }, { quantity: { kind: "integer" } });
  return step > 0 ? scale : { ...scale, place: (value) => 1 - scale.place(value) };
}

/** The numbers of elements in a row. */
function elementScale(columns: readonly Drawn[]): Scale {
  const [first, last] = [columns[0], columns.at(-1)].map((drawn) => Number(drawn?.column.label));
  const isNumbered = Number.isInteger(first) && (last as number) - (first as number) === columns.length - 1;
  const start = isNumbered ? (first as number) : 0;
  return scaleOf({ min: start, max: start + columns.length - 1 }, { quantity: { kind: "integer" } });
}

function headOf(file: string, { view, rows, x, columns, isLog }: Source, what: readonly string[], gaps: Gaps): Plot {
  const { start, step } = view.rows;
  const range =
    rows === 1
      ? `row ${start}`
      : `rows ${start}:${start + rows * step < 0 ? "" : start + rows * step}${step === 1 ? "" : `:${step}`}`;
  const over = x === undefined ? "" : ` over ${printable(x.label)}`;
  const magnitudes = columns.some(({ isMagnitude }) => isMagnitude) ? ["magnitudes of complex numbers"] : [];
  const details = [...what, ...magnitudes, ...(isLog ? ["logarithmic"] : [])].filter((text) => text !== "");
  return {
    title: `${shown(file)}, ${range}${over}${details.length === 0 ? "" : `: ${details.join(", ")}`}`,
    legend: [],
    notes: notesOf(gaps),
  };
}

function notesOf({ missing, missingTimes, infinite, notPositive }: Gaps): string[] {
  const parts = [
    missing > 0 ? `${missing} NaN` : [],
    missingTimes > 0 ? `${missingTimes} NaT` : [],
    infinite > 0 ? `${infinite} infinite` : [],
    notPositive > 0 ? `${notPositive} not above 0` : [],
  ].flat();
  return parts.length === 0 ? [] : [`Not drawn: ${parts.join(", ")}`];
}

async function drawImage(
  file: string,
  reader: NpyReader,
  index: IndexText | undefined,
  options: PlotOptions,
  screen: Screen,
): Promise<Drawing> {
  const { rows } = options;
  const [start, stop] = rowsIn(rows, reader.length, file);
  const ofRows: IndexText = { entries: [rows?.isIndex ? start : { start, stop, step: undefined }], isTuple: false };
  const found = await readImage(reader, rows === undefined ? index : ofRows).catch((error: unknown) => {
    throw about(file, error);
  });
  const { image, isFirst, width, height, pictures, range } = found;
  const part = isFirst ? `, row 0 of ${reader.length}` : rows?.isIndex ? `, row ${start}` : "";
  const many = pictures > 1 ? `${pictures} pictures of ` : "";
  const values = range === undefined ? "" : `, ${range.min} (black) to ${range.max} (white)`;
  const plot = { title: `${shown(file)}${part}: ${many}${width} x ${height} pixels${values}`, legend: [], notes: [] };
  if (options.svg === undefined)
    return { text: imageText({ ...plot, image: fitted(image, imageSize(screen, 1), true) }, screen), noun: "" };
  const small = fitted(image, { width: IMAGE_SIZE, height: IMAGE_SIZE }, false);
  return {
    text: imageSvg({ ...plot, image: small }),
    noun: `${many === "" ? "a picture of " : many}${width} x ${height} pixels`,
  };
}
