/** What to pass instead of a value that is no array. */
import { hasMethod, peek } from "./properties.ts";

/** Methods of other libraries that give an array, or records. */
const CONVERSIONS = ["toArray", "toRecords", "tolist", "toList", "to2DArray", "toArrow", "objects"];

/** In words that follow "... is not an array"; empty if nothing better is known. */
export function adviceFor(value: unknown): string {
  if (typeof value === "function") return ": call it first, and pass what it returns";
  if (typeof value !== "object" || value === null) return "";
  if (hasMethod(value, "then")) return ", but will become one: await it first";
  if (hasMethod(value, "chunks") && hasMethod(value, "read")) return ": pass it to appendFrom, which appends its rows";
  if ("body" in value && hasMethod(value, "arrayBuffer")) {
    return ": pass { data: await response.arrayBuffer(), shape, dtype }, or its body to appendFrom with raw: true";
  }
  if (hasMethod(value, "arrayBuffer")) return ": pass { data: await blob.arrayBuffer(), shape, dtype }";
  if (hasMethod(value, "getMappedRange")) return ": map it, and pass { data: buffer.getMappedRange(), shape, dtype }";
  if (hasMethod(value, "getContext")) return ": pass what getImageData() of its context returns";
  if (isStream(value)) return ": pass it to appendFrom, with raw: true if it gives the bytes of rows";
  if (hasMethod(value, "next")) return ITERATED;
  const conversion = CONVERSIONS.find((name) => hasMethod(value, name));
  if (conversion !== undefined) return `: pass what its ${conversion}() returns`;
  if (value instanceof Set) return ": pass [...set]";
  if (Array.isArray(peek(value, "values"))) return ": pass its values";
  return Symbol.iterator in value || Symbol.asyncIterator in value ? ITERATED : "";
}

const ITERATED = ': pass it to appendFrom, which appends each array that is iterated, or with each: "row" each row';

/** Whether a source is a stream of the web or of Node: these mostly give bytes from elsewhere. */
export function isStream(source: object): boolean {
  return "getReader" in source || ("pipe" in source && "read" in source);
}
