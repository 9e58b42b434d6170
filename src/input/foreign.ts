/**
 * Arrays of other libraries, recognised by their form, without importing any of them. Each becomes a view with its strides, and without a copy
 * where its data lie in memory as they do here.
 */
import { NpyError, quoted } from "../errors.ts";
import type { DTypeLike } from "../format/dtype.ts";
import type {
  AccessorArray,
  ArqueroTable,
  ArrayView,
  ArrowTable,
  ElementArray,
  NumpyTsArray,
  OnnxTensor,
  Sizes,
  TensorFlowTensor,
} from "./array-input.ts";
import { columnsOfTable, viewOfVector } from "./arrow.ts";
import { vectorOfColumn } from "./flechette.ts";
import { isImage, isSharpOutput, readImage, readSharpOutput } from "./images.ts";
import { isThreeAttribute, readMathMatrix, readMlMatrix, readThreeAttribute } from "./matrices.ts";
import { hasMethod, isMap, peek } from "./properties.ts";

/** How the arrays of a library are recognised and read. */
interface Family {
  is(input: object): boolean;
  /** A view, or the columns of a table by their names. */
  // biome-ignore lint/suspicious/noExplicitAny: what `is` has recognised
  read(input: any): ArrayView | ReadonlyMap<string, unknown>;
}

/** Most are recognised by a method. A method is never a column, so an object of columns is not mistaken for one of these. */
const FAMILIES: readonly Family[] = [
  { is: (input) => "storage" in input && hasMethod(input, "tolist"), read: readNumpyTs },
  { is: (input) => "shape" in input && hasMethod(input, "dataSync"), read: readTensorFlow },
  { is: (input) => "dims" in input && typeof peek(input, "type") === "string", read: readOnnx },
  { is: (input) => "schema" in input && hasMethod(input, "getChildAt"), read: columnsOfTable },
  { is: (input) => "numChildren" in input && hasMethod(input, "getChildAt"), read: viewOfVector },
  { is: isFlechetteColumn, read: (column) => viewOfVector(vectorOfColumn(column)) },
  { is: (input) => "data" in input && "shape" in input && ("strides" in input || "stride" in input), read: readStrided },
  { is: isElementArray, read: readElements },
  { is: isImage, read: readImage },
  { is: isSharpOutput, read: readSharpOutput },
  { is: isThreeAttribute, read: readThreeAttribute },
  { is: (input) => "columns" in input && hasMethod(input, "to2DArray"), read: readMlMatrix },
  { is: (input) => "isDenseMatrix" in input && hasMethod(input, "size"), read: readMathMatrix },
  { is: (input) => hasMethod(input, "columnNames") && hasMethod(input, "toArrow"), read: readArquero },
  { is: isMap, read: checkNames },
];

/** An array of another library as a view or as columns; `undefined` if it is not one. */
export function fromForeign(input: object): ArrayView | ReadonlyMap<string, unknown> | undefined {
  return FAMILIES.find(({ is }) => is(input))?.read(input);
}

function isFlechetteColumn(input: object): boolean {
  if (!("nullCount" in input && "data" in input && hasMethod(input, "at"))) return false;
  const type = peek(input, "type");
  return typeof type === "object" && type !== null && typeof peek(type, "typeId") === "number";
}

/** Names of dtypes that NumPy does not have; `undefined` where the data tell their dtype. */
const NAMES: ReadonlyMap<unknown, DTypeLike | undefined> = new Map([
  ["array", undefined],
  ["generic", undefined],
  ["string", undefined],
  ["buffer", "uint8"],
  ["binary", "uint8"],
  ["uint8_clamped", "uint8"],
  ["uint8c", "uint8"],
  ["bigint64", "int64"],
  ["biguint64", "uint64"],
]);

function numpyName(name: unknown, data: unknown): DTypeLike | undefined {
  // An empty array of strings has one character each, as in NumPy.
  if (name === "string" && Array.isArray(data) && data.length === 0) return "U1";
  return NAMES.has(name) ? NAMES.get(name) : (name as DTypeLike | undefined);
}

function readNumpyTs({ dtype, storage: { data, shape, strides, offset } }: NumpyTsArray): ArrayView {
  return { data, dtype, shape, strides, offset };
}

function readTensorFlow(tensor: TensorFlowTensor): ArrayView {
  const data = tensor.dataSync();
  return { data: data as ArrayView["data"], dtype: numpyName(tensor.dtype, data), shape: tensor.shape };
}

function readOnnx(tensor: OnnxTensor): ArrayView {
  // If the data are on another device, the getter throws and says what to do.
  const data = "data" in tensor ? tensor.data : tensor.cpuData;
  return { data: data as ArrayView["data"], dtype: numpyName(tensor.type, data), shape: tensor.dims };
}

function readArquero(table: ArqueroTable): ReadonlyMap<string, unknown> {
  return columnsOfTable(table.toArrow() as ArrowTable);
}

function checkNames(columns: ReadonlyMap<unknown, unknown>): ReadonlyMap<string, unknown> {
  for (const name of columns.keys()) {
    if (typeof name === "string") continue;
    throw new NpyError(
      "ERR_NPY_VALUE",
      `A Map is taken for columns by their names: expected strings as keys, found ${quoted(name)}.`,
    );
  }
  return columns as ReadonlyMap<string, unknown>;
}

function readStrided(array: Omit<ArrayView, "data"> & { readonly data: unknown }): ArrayView {
  const { shape, offset, fortranOrder } = array;
  const { data, dtype } = open(array.data);
  // @stdlib gives even an array without axes a stride.
  const strides = (shape as Sizes | null)?.length === 0 ? [] : (array.strides ?? array.stride);
  return { data, dtype: numpyName(array.dtype, data) ?? dtype, shape, strides, offset, fortranOrder };
}

function readElements(array: ElementArray): ArrayView {
  return { ...bytesOf(array), shape: [array.length] };
}

/** The data of an array of another library. */
function open(data: unknown): Pick<ArrayView, "data" | "dtype"> {
  if (typeof data !== "object" || data === null || ArrayBuffer.isView(data) || Array.isArray(data)) {
    return { data: data as ArrayView["data"] };
  }
  if (isElementArray(data)) return bytesOf(data);
  if (!("length" in data) || !hasMethod(data, "get")) return { data: data as ArrayView["data"] };
  const { length } = data as AccessorArray;
  return { data: Array.from({ length }, (_, i) => (data as AccessorArray).get(i)) };
}

function isElementArray(input: object): input is ElementArray {
  return "BYTES_PER_ELEMENT" in input && "buffer" in input && "byteOffset" in input && hasMethod(input, "get");
}

/** The dtypes of elements without a typed array, by itemsize. */
const ELEMENTS: ReadonlyMap<number, DTypeLike> = new Map([
  [1, "bool"],
  [8, "complex64"],
  [16, "complex128"],
]);

function bytesOf({
  buffer,
  byteOffset,
  byteLength,
  BYTES_PER_ELEMENT: size,
  chars,
}: ElementArray): Pick<ArrayView, "data" | "dtype"> {
  const data = new Uint8Array(buffer, byteOffset, byteLength);
  if (chars === undefined) return { data, dtype: ELEMENTS.get(size) ?? `V${size}` };
  return { data, dtype: size === chars ? `S${chars}` : `U${chars}` };
}
