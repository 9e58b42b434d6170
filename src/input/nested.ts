/** Nested JavaScript arrays -> one array, with the shape of the nesting. */

import { NpyError, quoted } from "../errors.ts";
import { passCodePoints } from "../format/code-points.ts";
import { counted } from "../format/counted.ts";
import type { DType } from "../format/dtype.ts";
import { sizeOf } from "../format/layout.ts";
import { MAX_DIMENSIONS } from "../format/structure.ts";
import { isNodeBuffer, typedArrayBytes } from "./array-bytes.ts";
import type { TypedArray } from "./array-input.ts";
import { checkPlainCount, contiguous, type ParsedInput } from "./parsed-input.ts";
import { type ParseItem, stack } from "./stack.ts";

/**
 * Understands nested arrays. The innermost ones may hold arrays of one shape and dtype, which `parseItem` understands; it gives `undefined` for
 * anything else.
 *
 * @throws NpyError `ERR_NPY_SHAPE` if they are ragged.
 */
export function parseNested(input: readonly unknown[], parseItem: ParseItem): ParsedInput {
  const shape: number[] = [];
  let level: unknown = input;
  // The limit also stops at an array that contains itself.
  while (Array.isArray(level) && shape.length <= MAX_DIMENSIONS) {
    shape.push(level.length);
    level = level[0];
  }
  if (shape.length > 1) checkPlainCount(sizeOf(shape));
  const isTyped = ArrayBuffer.isView(level) && !(level instanceof DataView);
  const lists: (readonly unknown[])[] = [];
  collect(input, shape, [], isTyped, lists);
  const leaves = lists.length === 1 ? (lists[0] as readonly unknown[]) : join(lists);
  if (isTyped) return joinTyped(leaves as TypedArray[], shape);
  const first = typeof level === "object" && level !== null ? parseItem(level) : undefined;
  return first === undefined ? { kind: "plain", values: leaves, shape } : stack(first, leaves, shape, parseItem);
}

function collect(
  list: readonly unknown[],
  shape: readonly number[],
  index: readonly number[],
  isTyped: boolean,
  lists: (readonly unknown[])[],
): void {
  const depth = index.length;
  if (list.length !== shape[depth]) throw ragged(`${counted(list.length, "element")}, ${shape[depth]} elsewhere`, index);
  const isInnermost = depth === shape.length - 1;
  if (isInnermost) lists.push(list);
  for (let i = 0; i < list.length; i++) {
    const item = list[i];
    if (isInnermost && !Array.isArray(item) && ArrayBuffer.isView(item) === isTyped) continue;
    if (!isInnermost && Array.isArray(item)) collect(item, shape, [...index, i], isTyped, lists);
    else throw ragged(`${quoted(item)} where others are nested otherwise`, [...index, i]);
  }
}

/** Unlike `flat`, this keeps holes. */
function join(lists: readonly (readonly unknown[])[]): unknown[] {
  const leaves: unknown[] = [];
  for (const list of lists) {
    for (let i = 0; i < list.length; i++) {
      passCodePoints(list, i, leaves, leaves.length);
      leaves.push(list[i]);
    }
  }
  return leaves;
}

function ragged(found: string, index: readonly number[]): NpyError {
  return new NpyError("ERR_NPY_SHAPE", `Nested arrays must have one length on each level: found ${found}.`, { index });
}

/** Joins an array of typed arrays, such as embeddings, into one. */
function joinTyped(parts: readonly TypedArray[], outer: readonly number[]): ParsedInput {
  const [first] = parts.map(typedArrayBytes);
  const stored = first?.dtype as DType;
  const bytes = new Uint8Array(parts.length * (first?.bytes.length ?? 0));
  parts.forEach((part, i) => {
    const own = typedArrayBytes(part);
    if (own.dtype !== stored || own.bytes.length !== first?.bytes.length) {
      throw ragged(`${part.length} × ${own.dtype?.name}, ${parts[0]?.length} × ${stored.name} in the first`, [i]);
    }
    bytes.set(own.bytes, i * own.bytes.length);
  });
  const shape = [...outer, parts[0]?.length ?? 0];
  const ofBuffer = stored.str === "|u1" && parts.some(isNodeBuffer);
  return { kind: "typed", dtype: stored, array: contiguous(bytes, stored, shape, false), ofBuffer };
}
